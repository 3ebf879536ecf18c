"""Requests: retries, waits and size limits."""

import gzip
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_httpx import HTTPXMock

from medusa_sync import http
from medusa_sync.errors import AmbiguousWriteError, InterruptedRunError, MedusaSyncError
from medusa_sync.http import HttpClient
from medusa_sync.redact import Redactor
from medusa_sync.response import Response, describe_response, retry_after
from medusa_sync.retry import Rate
from medusa_sync.stop import Stop
from tests.unit.builders import http_client

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

NOT_SENT = [httpx.ConnectError("refused"), httpx.ConnectTimeout(""), httpx.PoolTimeout("")]
BROKEN = [
    httpx.ReadTimeout(""),
    httpx.WriteTimeout(""),
    httpx.ReadError(""),
    httpx.WriteError(""),
    httpx.RemoteProtocolError("Server disconnected"),
]
FINAL = [200, 201, 301, 400, 401, 404, 413, 431]


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
async def test_read_is_retried(httpx_mock: HTTPXMock, wire: Wire, failure: Exception | int) -> None:
    respond(httpx_mock, failure, 200)
    assert (await wire.read()).status == 200
    assert (wire.requests, wire.retries) == ([("GET", "/things")] * 2, 1)


@pytest.mark.parametrize("failure", [*NOT_SENT, *BROKEN, 429, 500, 502, 503, 504], ids=named)
async def test_read_that_keeps_failing_is_unavailable(
    httpx_mock: HTTPXMock, wire: Wire, failure: Exception | int
) -> None:
    respond(httpx_mock, failure, times=3)
    with pytest.raises(UnavailableError, match="GET /things: "):
        await wire.read()
    assert (len(wire.requests), wire.retries) == (3, 2)


@pytest.mark.parametrize("failure", [*NOT_SENT, 429], ids=named)
async def test_write_that_did_not_arrive_is_retried(
    httpx_mock: HTTPXMock, wire: Wire, failure: Exception | int
) -> None:
    respond(httpx_mock, failure, 200)
    assert (await wire.write()).status == 200
    assert (wire.requests, wire.retries) == ([("POST", "/things")] * 2, 1)


@pytest.mark.parametrize("failure", [*NOT_SENT, 429], ids=named)
async def test_write_that_never_arrives_is_unavailable(
    httpx_mock: HTTPXMock, wire: Wire, failure: Exception | int
) -> None:
    respond(httpx_mock, failure, times=3)
    with pytest.raises(UnavailableError):
        await wire.write()
    assert len(wire.requests) == 3


@pytest.mark.parametrize("failure", [*BROKEN, 500, 502, 503, 504], ids=named)
async def test_write_that_may_have_arrived_is_ambiguous(
    httpx_mock: HTTPXMock, wire: Wire, failure: Exception | int
) -> None:
    respond(httpx_mock, failure)
    with pytest.raises(AmbiguousWriteError, match="POST /things: "):
        await wire.write()
    assert (len(wire.requests), wire.retries) == (1, 0)


async def test_write_is_ambiguous_if_one_attempt_may_have_arrived(httpx_mock: HTTPXMock, wire: Wire) -> None:
    respond(httpx_mock, 429, httpx.ReadTimeout(""))
    with pytest.raises(AmbiguousWriteError):
        await wire.write()


@pytest.mark.parametrize("status", FINAL)
async def test_other_responses_are_final(httpx_mock: HTTPXMock, wire: Wire, status: int) -> None:
    respond(httpx_mock, status, times=2)
    assert (await wire.read()).status == (await wire.write()).status == status
    assert (len(wire.requests), wire.retries) == (2, 0)


async def test_nothing_is_retried_when_the_run_ends(httpx_mock: HTTPXMock, wire: Wire) -> None:
    respond(httpx_mock, 503)
    wire.stop.set(InterruptedRunError("Interrupted", signal_number=15))
    with pytest.raises(UnavailableError):
        await wire.read()


async def test_endless_redirect_is_unavailable(
    httpx_mock: HTTPXMock, wire: Wire, pool: httpx.AsyncClient
) -> None:
    pool.follow_redirects = True
    httpx_mock.add_response(302, headers={"location": "/things"}, is_reusable=True)
    with pytest.raises(UnavailableError, match="redirects"):
        await wire.read()


# --- waiting --------------------------------------------------------------------------------------------


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


async def test_requests_keep_the_rate(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, waits: list[float]
) -> None:
    client = http_client(pool, rate=Rate(2, 10))
    httpx_mock.add_response(is_reusable=True)
    for _ in range(6):
        await client.send("GET", "/things", repeatable=True)
    assert waits == [pytest.approx(seconds, abs=2) for seconds in (10, 10, 20, 20)]


async def test_waits_grow_up_to_a_limit(httpx_mock: HTTPXMock, wire: Wire, waits: list[float]) -> None:
    respond(httpx_mock, 503, times=3)
    with pytest.raises(UnavailableError):
        await wire.read()
    assert 0.25 <= waits[0] <= 1.25
    assert 0.5 <= waits[1] <= 1.5
    assert len(waits) == 2


@pytest.mark.parametrize(("header", "waited"), [("7", 7), ("0", 0), ("3600", 60), ("9" * 400, 60)])
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_in_seconds(
    httpx_mock: HTTPXMock, wire: Wire, waits: list[float], status: int, header: str, waited: float
) -> None:
    respond(httpx_mock, status, headers={"retry-after": header})
    respond(httpx_mock, 200)
    await wire.read()
    assert waits == [waited]


@pytest.mark.parametrize(("seconds", "waited"), [(30, 30), (-30, 0), (3600, 60)])
async def test_retry_after_as_a_date(
    httpx_mock: HTTPXMock, wire: Wire, waits: list[float], seconds: float, waited: float
) -> None:
    respond(httpx_mock, 429, headers={"retry-after": in_seconds(seconds)})
    respond(httpx_mock, 200)
    await wire.read()
    assert waits == [pytest.approx(waited, abs=2)]


@pytest.mark.parametrize("garbage", ["", "soon", "-5", "1.5", "Wed, 21 Oct 2015 07:28:00 -0000", "\xb2"])
async def test_invalid_retry_after_is_ignored(
    httpx_mock: HTTPXMock, wire: Wire, waits: list[float], garbage: str
) -> None:
    respond(httpx_mock, 429, headers={"retry-after": garbage.encode("latin-1")})
    respond(httpx_mock, 200)
    await wire.read()
    assert 0.25 <= waits[0] <= 1.25


@given(st.text(max_size=30) | st.dates().map(lambda day: f"{day:%a, %d %b %Y} 00:00:00 GMT"))
@example("Fri, 31 Dec 99999999999999 23:59:59 GMT")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
def test_retry_after_is_limited(value: str) -> None:
    assert 0 <= (retry_after({"retry-after": value}) or 0) <= 60


# --- the request ----------------------------------------------------------------------------------------


async def test_query_is_encoded(httpx_mock: HTTPXMock, wire: Wire) -> None:
    respond(httpx_mock, 200)
    await wire.read("/things", query=[("key", "a&b"), ("id[]", "1"), ("id[]", "ü"), ("limit", 2)])
    (request,) = httpx_mock.get_requests()
    assert request.url.params.multi_items() == [("key", "a&b"), ("id[]", "1"), ("id[]", "ü"), ("limit", "2")]


async def test_body_is_sent_as_json(httpx_mock: HTTPXMock, wire: Wire) -> None:
    respond(httpx_mock, 200, times=2)
    await wire.write()
    await wire.read(headers={"x-extra": "1"})
    write, read = httpx_mock.get_requests()
    assert (write.headers["content-type"], write.content) == ("application/json", b"{}")
    assert ("content-type" in read.headers, read.headers["x-extra"]) == (False, "1")


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


async def test_response_within_the_limit_is_complete(httpx_mock: HTTPXMock, wire: Wire, limit: int) -> None:
    respond(httpx_mock, 200, content=b"x" * limit)
    assert len((await wire.read()).body) == limit


async def test_reading_stops_at_the_limit(httpx_mock: HTTPXMock, wire: Wire, limit: int) -> None:
    body = Chunks(iter([b"x" * 1000] * 10 * limit))
    respond(httpx_mock, 200, stream=body)
    with pytest.raises(UnavailableError, match="GET /things: the response is longer than"):
        await wire.read()
    assert body.read <= limit + 1000
    assert len(wire.requests) == 1


async def test_limit_counts_decompressed_bytes(httpx_mock: HTTPXMock, wire: Wire, limit: int) -> None:
    bomb = gzip.compress(bytes(100 * limit))
    body = Chunks(bomb[start : start + 100] for start in range(0, len(bomb), 100))
    respond(httpx_mock, 200, stream=body, headers={"content-encoding": "gzip"})
    with pytest.raises(UnavailableError, match="longer than"):
        await wire.read()
    assert body.read < len(bomb) / 10


async def test_damaged_compressed_response_is_unavailable(httpx_mock: HTTPXMock, wire: Wire) -> None:
    respond(httpx_mock, 200, **DAMAGED)
    with pytest.raises(UnavailableError, match="the compressed response is damaged"):
        await wire.read()


@pytest.mark.usefixtures("limit")
@pytest.mark.parametrize("unreadable", [DAMAGED, TOO_LONG], ids=["damaged", "too-long"])
async def test_write_with_an_unreadable_response_is_ambiguous(
    httpx_mock: HTTPXMock, wire: Wire, unreadable: dict[str, Any]
) -> None:
    respond(httpx_mock, 200, **unreadable)
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


@pytest.mark.parametrize("failure", [*NOT_SENT, *BROKEN], ids=named)
async def test_every_broken_connection_is_described(
    httpx_mock: HTTPXMock, wire: Wire, failure: Exception
) -> None:
    respond(httpx_mock, failure, times=3)
    with pytest.raises(UnavailableError, match=r"^GET /things: .*[a-z]"):
        await wire.read()
