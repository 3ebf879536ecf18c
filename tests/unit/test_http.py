"""Requests: retries, pauses, and limits of time and size."""

import asyncio
import gzip
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_httpx import HTTPXMock

from medusa_sync import http
from medusa_sync.errors import AmbiguousWriteError, InterruptedRunError, MedusaSyncError, StoreError
from medusa_sync.http import HttpClient
from medusa_sync.redact import Redactor
from medusa_sync.response import Response, describe_response, retry_after
from medusa_sync.retry import Rate, retry
from medusa_sync.stop import Stop
from tests.unit.builders import STORE_URL, http_client

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

NOT_SENT = [httpx.ConnectError("refused"), httpx.ConnectTimeout(""), httpx.PoolTimeout("")]
BROKEN = [
    httpx.ReadTimeout(""),
    httpx.WriteTimeout(""),
    httpx.ReadError(""),
    httpx.WriteError(""),
    httpx.RemoteProtocolError("Server disconnected"),
]
INTERRUPTED = InterruptedRunError("Interrupted", signal_number=15)
SOON_S = 0.05
LIMIT_S = 2  # on a busy machine
SLEEP = Stop.sleep


class UnavailableError(MedusaSyncError):
    pass


class Wire:
    """A client that counts its requests and retries."""

    def __init__(self, pool: httpx.AsyncClient) -> None:
        self.requests: list[tuple[str, str]] = []
        self.retries = 0
        self.stop = Stop()
        self.client = HttpClient(
            pool,
            max_retries=2,
            unavailable=UnavailableError,
            on_request=lambda method, url: self.requests.append((method, url)),
            on_retry=self._on_retry,
            stop=self.stop,
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


def respond(httpx_mock: HTTPXMock, *failures: Exception | int, times: int = 1, **response: Any) -> None:
    """Respond to the next requests with statuses or broken connections."""
    for failure in failures * times:
        if isinstance(failure, int):
            httpx_mock.add_response(failure, **response)
        else:
            httpx_mock.add_exception(failure)


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


async def test_write_is_ambiguous_if_one_attempt_may_have_arrived(httpx_mock: HTTPXMock, wire: Wire) -> None:
    respond(httpx_mock, 429, httpx.ReadTimeout(""))
    with pytest.raises(AmbiguousWriteError):
        await wire.write()


@pytest.mark.parametrize("status", [200, 201, 301, 400, 401, 404, 413, 431])
async def test_other_responses_are_final(httpx_mock: HTTPXMock, wire: Wire, status: int) -> None:
    respond(httpx_mock, status, times=2)
    assert (await wire.read()).status == (await wire.write()).status == status
    assert (len(wire.requests), wire.retries) == (2, 0)


async def test_endless_redirect_is_unavailable(
    httpx_mock: HTTPXMock, wire: Wire, pool: httpx.AsyncClient
) -> None:
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
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0.75),
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


@given(st.text(max_size=30) | st.dates().map(lambda day: f"{day:%a, %d %b %Y} 00:00:00 GMT"))
@example("Fri, 31 Dec 99999999999999 23:59:59 GMT")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
def test_retry_after_is_limited(value: str) -> None:
    assert 0 <= (retry_after({"retry-after": value}) or 0) <= 60


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


async def test_no_attempt_follows_when_the_run_ends() -> None:
    stop, attempts = Stop(), []

    async def fail(number: int) -> None:
        attempts.append(number)
        if number == 2:
            stop.set(INTERRUPTED)
        raise StoreError("down")

    with pytest.raises(StoreError, match="down"):
        await retry(fail, on=lambda _error: 0.0, attempts=10, stop=stop)
    assert attempts == [1, 2]


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


# --- the response -----------------------------------------------------------------------------------------


class Chunks(httpx.AsyncByteStream):
    """A body that counts the bytes that were read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.read = 0
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            self.read += len(chunk)
            yield chunk


DAMAGED: dict[str, Any] = {
    "headers": {"content-encoding": "gzip"},
    "stream": httpx.ByteStream(b"this is not gzip"),
}
TOO_LONG: dict[str, Any] = {"stream": httpx.ByteStream(b"x" * 200_000)}


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", 100_000)
    return 100_000


async def test_reading_stops_at_the_limit(httpx_mock: HTTPXMock, wire: Wire, limit: int) -> None:
    respond(httpx_mock, 200, content=b"x" * limit)
    assert len((await wire.read()).body) == limit
    body = Chunks(iter([b"x" * 1000] * 10 * limit))
    respond(httpx_mock, 200, stream=body)
    with pytest.raises(UnavailableError, match="GET /things: the response is longer than"):
        await wire.read()
    assert body.read <= limit + 1000
    assert len(wire.requests) == 2


async def test_limit_counts_decompressed_bytes(httpx_mock: HTTPXMock, wire: Wire, limit: int) -> None:
    bomb = gzip.compress(bytes(100 * limit))
    body = Chunks(bomb[start : start + 100] for start in range(0, len(bomb), 100))
    respond(httpx_mock, 200, stream=body, headers={"content-encoding": "gzip"})
    with pytest.raises(UnavailableError, match="longer than"):
        await wire.read()
    assert body.read < len(bomb) / 10


@pytest.mark.usefixtures("limit")
@pytest.mark.parametrize(
    ("unreadable", "words"), [(DAMAGED, "the compressed response is damaged"), (TOO_LONG, "longer than")]
)
async def test_an_unreadable_response_is_unavailable_or_ambiguous(
    httpx_mock: HTTPXMock, wire: Wire, unreadable: dict[str, Any], words: str
) -> None:
    respond(httpx_mock, 200, times=2, **unreadable)
    with pytest.raises(UnavailableError, match=words):
        await wire.read()
    with pytest.raises(AmbiguousWriteError):
        await wire.write()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"message":"Too many requests"}', ": Too many requests"),
        (b'{"type":"x","message":"two\\nlines "}', ": two lines"),
        (b'{"message":"' + b"x" * 5000 + b'"}', ": " + "x" * 500),
        (b'{"message":7}', ""),
        (b"[]", ""),
        (b"<html>", ""),
        (b"", ""),
        (b'{"message":"caf\xe9"}', ""),
        (b'{"message":"', ""),
        (b'{"message":' + b"[" * 100_000, ""),
        (b'{"other":' + b"[" * 100_000, ""),
    ],
    ids=[
        *("message", "two-lines", "long", "number", "array", "html", "empty", "latin-1", "cut-off"),
        *("deep", "deep-elsewhere"),
    ],
)
async def test_every_error_response_can_be_described(
    httpx_mock: HTTPXMock, wire: Wire, body: bytes, words: str
) -> None:
    assert describe_response(Response(503, {}, body), Redactor()) == f"the server responded with 503{words}"
    respond(httpx_mock, 503, times=3, content=body)
    with pytest.raises(UnavailableError, match="the server responded with 503"):
        await wire.read()


# --- time limits ----------------------------------------------------------------------------------------


class Drip(httpx.AsyncByteStream):
    """A body that sends single bytes, each one within the time limit."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(SOON_S / 5)
            yield b" "


@asynccontextmanager
async def client(stop: Stop, connect: float = SOON_S, read: float = SOON_S) -> AsyncIterator[HttpClient]:
    """A client with two attempts; what is done with it takes no longer than a moment."""
    timeout = httpx.Timeout(read, connect=connect)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    started = time.monotonic()
    async with httpx.AsyncClient(
        base_url=STORE_URL, timeout=timeout, verify=context, trust_env=False
    ) as pool:
        yield http_client(pool, max_retries=1, stop=stop)
    assert time.monotonic() - started < LIMIT_S


async def test_an_endless_response_is_retried_or_ambiguous(httpx_mock: HTTPXMock) -> None:
    async with client(Stop()) as hasty:
        httpx_mock.add_response(stream=Drip())
        httpx_mock.add_response(content=b"{}")
        assert (await hasty.send("GET", "/things", repeatable=True)).body == b"{}"
        httpx_mock.add_response(stream=Drip())
        with pytest.raises(AmbiguousWriteError, match="no complete response within the time limit"):
            await hasty.send("POST", "/things", body=b"{}", repeatable=False)


async def test_response_can_take_as_long_as_both_limits(httpx_mock: HTTPXMock) -> None:
    async def respond_late(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(SOON_S * 1.5)
        return httpx.Response(200)

    httpx_mock.add_callback(respond_late)
    async with client(Stop()) as hasty:
        assert (await hasty.send("POST", "/things", body=b"{}", repeatable=False)).status == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("after", [0, SOON_S], ids=["stopped-before", "stopped-while-waiting"])
async def test_retry_after_does_not_delay_the_end_of_a_run(
    httpx_mock: HTTPXMock, method: str, after: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stop, "sleep", SLEEP)  # the real one
    stop = Stop()
    httpx_mock.add_response(429, headers={"retry-after": "3600"})
    asyncio.get_running_loop().call_later(after, stop.set, INTERRUPTED)
    async with client(stop, 3600, 3600) as patient:
        with pytest.raises(StoreError, match="429"):
            await patient.send(method, "/things", repeatable=method == "GET")
