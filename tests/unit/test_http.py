"""Requests: retries, pauses, and limits of time and size."""

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import http
from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError, StoreError
from medusa_sync.redact import Redactor
from medusa_sync.response import Response, describe_response
from medusa_sync.retry import Rate, retry
from medusa_sync.stop import Stop
from tests.unit.builders import Body, http_client, respond

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

NOT_SENT = [httpx.ConnectError("refused"), httpx.ConnectTimeout(""), httpx.PoolTimeout("")]
BROKEN = [
    httpx.ReadTimeout(""),
    httpx.WriteTimeout(""),
    httpx.ReadError(""),
    httpx.WriteError(""),
    httpx.RemoteProtocolError("Server disconnected"),
]


class UnavailableError(MedusaSyncError):
    pass


class Wire:
    """A client that counts its requests and retries."""

    def __init__(self, pool: httpx.AsyncClient) -> None:
        self.requests: list[tuple[str, str]] = []
        self.retries = 0
        self.client = http_client(
            pool, unavailable=UnavailableError, requests=self.requests, on_retry=self._on_retry
        )

    def _on_retry(self) -> None:
        self.retries += 1

    async def read(self, url: str = "/things", **how: Any) -> Response:
        return await self.client.send("GET", url, repeatable=True, **how)

    async def write(self) -> Response:
        return await self.client.send("POST", "/things", body=b"{}", repeatable=False)


@pytest.fixture
def wire(pool: httpx.AsyncClient) -> Wire:
    return Wire(pool)


def named(failure: Exception | int) -> str:
    return str(failure) if isinstance(failure, int) else type(failure).__name__


# --- retries --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [*NOT_SENT, *BROKEN, 429, 500, 502, 503, 504], ids=named)
async def test_a_failure_is_retried_unless_a_write_may_have_arrived(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, failure: Exception | int
) -> None:
    read, write = Wire(pool), Wire(pool)
    respond(httpx_mock, failure, 200)
    assert (await read.read()).status == 200
    assert (read.requests, read.retries) == ([("GET", "/things")] * 2, 1)
    respond(httpx_mock, failure, times=3)
    with pytest.raises(UnavailableError, match=r"^GET /things: .*[a-z]"):
        await read.read()
    assert (len(read.requests), read.retries) == (5, 3)
    if failure in NOT_SENT or failure == 429:
        respond(httpx_mock, failure, 200)
        assert (await write.write()).status == 200
        respond(httpx_mock, failure, times=3)
        with pytest.raises(UnavailableError):
            await write.write()
        assert (len(write.requests), write.retries) == (5, 3)
    else:
        respond(httpx_mock, failure)
        with pytest.raises(AmbiguousWriteError, match="POST /things: "):
            await write.write()
        assert (len(write.requests), write.retries) == (1, 0)
        respond(httpx_mock, 429, failure)
        with pytest.raises(AmbiguousWriteError):
            await write.write()


async def test_other_responses_are_final(httpx_mock: HTTPXMock, wire: Wire, pool: httpx.AsyncClient) -> None:
    for status in (200, 201, 301, 400, 401, 404, 413, 431):
        respond(httpx_mock, status, times=2)
        assert (await wire.read()).status == (await wire.write()).status == status
    assert (len(wire.requests), wire.retries) == (16, 0)
    pool.follow_redirects = True
    httpx_mock.add_response(302, headers={"location": "/things"}, is_reusable=True)
    with pytest.raises(UnavailableError, match="redirects"):
        await wire.read()


# --- waiting --------------------------------------------------------------------------------------------


async def test_requests_keep_the_rate(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, waits: list[float]
) -> None:
    client = http_client(pool, rate=Rate(2, 10))
    httpx_mock.add_response(is_reusable=True)
    for _ in range(6):
        await client.send("GET", "/things", repeatable=True)
    assert waits == [pytest.approx(seconds, abs=2) for seconds in (10, 10, 20, 20)]


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("header", "waited"),
    [
        *(("7", 7), ("0", 0), ("3600", 60), ("9" * 400, 60)),
        *((30, 30), (-30, 0), (7200, 60)),  # as a date
        *((garbage, 0.75) for garbage in ("", "soon", "-5", "1.5", "\xb2")),
        *((f"{date}:59", 0.75) for date in ("Wed, 21 Oct 2015 07:28", "Fri, 31 Dec 99999999999 23:59")),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 60),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_seconds_or_a_date(
    httpx_mock: HTTPXMock, wire: Wire, waits: list[float], status: int, header: str | int, waited: float
) -> None:
    value = in_seconds(header) if isinstance(header, int) else header
    respond(httpx_mock, status, headers={"retry-after": value.encode("latin-1")})
    respond(httpx_mock, 200)
    await wire.read()
    tolerance = 2 if isinstance(header, int) else 0.5 if waited == 0.75 else 0
    assert waits == [pytest.approx(waited, abs=tolerance)]


@pytest.mark.parametrize(("on", "pauses"), [(StoreError, 19), (AmbiguousWriteError, 0)])
async def test_pauses_grow_within_their_bounds_and_other_errors_are_not_retried(
    waits: list[float], on: type[MedusaSyncError], pauses: int
) -> None:
    async def fail(_number: int) -> None:
        raise StoreError("down")

    with pytest.raises(StoreError, match="down"):
        await retry(fail, on=on, attempts=20, stop=Stop())
    assert len(waits) == pauses
    assert all(0.25 <= wait <= 10 for wait in waits)
    assert pauses == 0 or (waits[0] <= 1.25 and waits[-1] >= 5)


# --- the request ----------------------------------------------------------------------------------------


async def test_query_and_body_are_encoded(httpx_mock: HTTPXMock, wire: Wire) -> None:
    respond(httpx_mock, 200, times=2)
    await wire.write()
    query: list[tuple[str, str | int]] = [("key", "a&b"), ("id[]", "1"), ("id[]", "ü"), ("limit", 2)]
    await wire.read("/things", query=query, headers={"x-extra": "1"})
    write, read = httpx_mock.get_requests()
    assert (write.headers["content-type"], write.content) == ("application/json", b"{}")
    assert ("content-type" in read.headers, read.headers["x-extra"]) == (False, "1")
    assert read.url.params.multi_items() == [(name, str(value)) for name, value in query]


# --- the response ---------------------------------------------------------------------------------------

MAX_BYTES = 100_000
BOMB = gzip.compress(bytes(100 * MAX_BYTES))
GZIP = {"content-encoding": "gzip"}


@pytest.mark.parametrize(
    ("chunks", "headers", "most", "words"),
    [
        ([b"x" * 1000] * 1000, {}, MAX_BYTES + 1000, "the response is longer than"),
        ([BOMB[at : at + 100] for at in range(0, len(BOMB), 100)], GZIP, len(BOMB) / 10, "longer than"),
        ([b"this is not gzip"], GZIP, 16, "the compressed response is damaged"),
    ],
    ids=["long", "long when decompressed", "damaged"],
)
async def test_an_unreadable_response_is_unavailable_or_ambiguous(
    httpx_mock: HTTPXMock,
    wire: Wire,
    monkeypatch: pytest.MonkeyPatch,
    *,
    chunks: Any,
    headers: Any,
    most: Any,
    words: str,
) -> None:
    """It is read no further than necessary."""
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", MAX_BYTES)
    respond(httpx_mock, 200, content=b"x" * MAX_BYTES)
    assert len((await wire.read()).body) == MAX_BYTES
    bodies = [Body(*chunks), Body(*chunks)]
    for body in bodies:
        respond(httpx_mock, 200, stream=body, headers=headers)
    with pytest.raises(UnavailableError, match=f"GET /things: .*{words}"):
        await wire.read()
    with pytest.raises(AmbiguousWriteError):
        await wire.write()
    assert all(0 < body.read <= most for body in bodies)


async def test_an_endless_response_is_retried_or_ambiguous(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    """Each byte arrives within the time limit."""
    pool.timeout = httpx.Timeout(0.05)
    wire = Wire(pool)
    drops = [b" "] * 1000
    respond(httpx_mock, 200, stream=Body(*drops, pause_s=0.01))
    respond(httpx_mock, 200, content=b"{}")
    assert (await wire.read()).body == b"{}"
    respond(httpx_mock, 200, stream=Body(*drops, pause_s=0.01))
    with pytest.raises(AmbiguousWriteError, match="no complete response within the time limit"):
        await wire.write()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message":"Too many requests"}', ": Too many requests"),
        (b'{"type":"x","message":"two\\nlines "}', ": two lines"),
        (b'{"errors":"[API] Invalid API key"}', ": [API] Invalid API key"),
        (b'{"title":"Forbidden","status":503,"detail":"No scope"}', ": No scope"),
        (b'{"message":"","errors":[{"detail":"limit: too large"}]}', ": limit: too large"),
        (b'{"error":{"code":1,"message":"No access"}}', ": No access"),
        (b'{"message":"' + b"x" * 5000 + b'"}', ": " + "x" * 500),
        *((body, "") for body in (b'{"message":7}', b"[]", b"<html>", b"", b'{"message":"')),
        (b'{"message":"caf\xe9"}', ""),
        *((b'{"%s":' % name + b"[" * 100_000, "") for name in (b"message", b"other")),
    ],
    ids=range(15),
)
async def test_every_error_response_can_be_described(
    httpx_mock: HTTPXMock, wire: Wire, body: bytes, words: str
) -> None:
    assert describe_response(Response(503, {}, body), Redactor()) == f"the server responded with 503{words}"
    respond(httpx_mock, 503, times=3, content=body)
    with pytest.raises(UnavailableError, match="the server responded with 503"):
        await wire.read()
