"""Downloads: what arrives is in a temporary file, also if it is not all."""

import asyncio
import gzip
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import http
from medusa_sync.errors import InterruptedRunError, StoreError
from medusa_sync.http import HttpClient
from medusa_sync.response import Download, Response
from medusa_sync.stop import Stop
from tests.unit.alone import alone
from tests.unit.builders import STORE_URL, http_client

pytestmark = pytest.mark.anyio

CUT_OFF = "GET /things: the compressed response is cut off"
BROKEN = httpx.RemoteProtocolError("peer left")


class Body(httpx.AsyncByteStream):
    """A body in parts; an error among them breaks the connection, a number is a pause in seconds."""

    def __init__(self, *parts: bytes | float | Exception) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            match part:
                case bytes():
                    yield part
                case Exception():
                    raise part
                case _:
                    await asyncio.sleep(part)


class Zeros(httpx.AsyncByteStream):
    def __init__(self, megabytes: int) -> None:
        self._megabytes = megabytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(16 * self._megabytes):
            yield bytes(2**16)


def respond(httpx_mock: HTTPXMock, *responses: Iterable[Any] | int | Exception) -> None:
    """Respond in turn with the parts of a body, a status, or a broken connection."""
    for each in responses:
        match each:
            case int():
                httpx_mock.add_response(each)
            case Exception():
                httpx_mock.add_exception(each)
            case _:
                httpx_mock.add_response(stream=Body(*each))


async def download(client: HttpClient) -> tuple[bytes, str]:
    """What arrived, and the error."""
    got = await client.download("/things")
    assert isinstance(got, Download)
    with got.file:
        assert got.url == "/things"
        return got.file.read(), str(got.error or "")


@pytest.fixture
def client(pool: httpx.AsyncClient, waits: list[float]) -> HttpClient:  # noqa: ARG001 - nothing waits
    return http_client(pool)


# --- retries --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure", [429, 503, BROKEN, httpx.ConnectError("refused"), [b"a longer part", BROKEN]], ids=str
)
@pytest.mark.usefixtures("waits")
async def test_failed_attempt_is_repeated_and_counted(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, failure: Any
) -> None:
    requests: list[tuple[str, str]] = []
    respond(httpx_mock, failure, failure, [b"a", b"ll"])
    assert await download(http_client(pool, requests=requests)) == (b"all", "")
    assert requests == [("GET", "/things")] * 3


@pytest.mark.parametrize("failure", [429, 503, BROKEN, httpx.ConnectError("refused")], ids=str)
async def test_download_that_never_begins_is_an_error(
    httpx_mock: HTTPXMock, client: HttpClient, failure: int | Exception
) -> None:
    respond(httpx_mock, failure, failure, failure)
    with pytest.raises(StoreError, match="GET /things: "):
        await client.download("/things")


@pytest.mark.parametrize(
    ("responses", "arrived", "error"),
    [
        ([[b"first, longer", BROKEN], [BROKEN], [b"last", BROKEN]], b"last", "peer left"),
        ([[b"first", BROKEN], [b"second", BROKEN], httpx.ConnectError("refused")], b"second", "refused"),
        ([[b"first", BROKEN], 503, 503], b"first", "the server responded with 503"),
        ([[BROKEN], [BROKEN], [BROKEN]], b"", "peer left"),
    ],
)
async def test_what_arrived_in_the_latest_attempt_comes_with_the_error(
    httpx_mock: HTTPXMock, client: HttpClient, responses: list[Any], arrived: bytes, error: str
) -> None:
    respond(httpx_mock, *responses)
    body, message = await download(client)
    assert body == arrived
    assert message.startswith("GET /things: ")
    assert error in message


async def test_nothing_is_repeated_when_the_run_ends(httpx_mock: HTTPXMock, pool: httpx.AsyncClient) -> None:
    requests: list[tuple[str, str]] = []
    stop = Stop()
    stop.set(InterruptedRunError("Interrupted", signal_number=15))
    respond(httpx_mock, [b"part", BROKEN])
    assert await download(http_client(pool, stop=stop, requests=requests)) == (
        b"part",
        "GET /things: peer left",
    )
    assert requests == [("GET", "/things")]


async def test_retry_after_is_respected(
    httpx_mock: HTTPXMock, client: HttpClient, waits: list[float]
) -> None:
    httpx_mock.add_response(503, headers={"retry-after": "7"})
    respond(httpx_mock, [b"all"])
    await download(client)
    assert waits == [7]


@pytest.mark.parametrize("status", [204, 301, 401, 404])
@pytest.mark.parametrize("before", [[], [[b"part", BROKEN]]], ids=["at-once", "after-a-part"])
async def test_other_statuses_are_responses(
    httpx_mock: HTTPXMock, client: HttpClient, status: int, before: list[Any]
) -> None:
    respond(httpx_mock, *before)
    httpx_mock.add_response(status, content=b"" if status == 204 else b"why")
    got = await client.download("/things")
    assert isinstance(got, Response)
    assert (got.status, got.body) == (status, b"" if status == 204 else b"why")


# --- the request and the response -----------------------------------------------------------------------


@pytest.mark.parametrize("query", ["a=1&b=%2f+x%20y&sig=A%3D~", [("a", 1), ("b", "/ x")]])
async def test_encoded_query_is_sent_as_it_is(
    httpx_mock: HTTPXMock, client: HttpClient, query: str | list[tuple[str, str | int]]
) -> None:
    respond(httpx_mock, [b""])
    got = await client.download("/things", query=query, headers={"accept": "text/csv"})
    assert isinstance(got, Download)
    got.file.close()
    (request,) = httpx_mock.get_requests()
    assert request.url.query.decode() == (query if isinstance(query, str) else "a=1&b=%2F+x")
    assert request.headers["accept"] == "text/csv"


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ('<?page=2>; rel="next"', "?page=2"),
        ('<https://a.example/1>; rel="prev", <https://a.example/3>; rel="next"', "https://a.example/3"),
        ('<b>; title="x"; rel="last NEXT"', "b"),
        ('<b>; rel="last"', None),
        ("<b>", None),
        ("nonsense", None),
        ("", None),
    ],
)
async def test_response_has_its_type_and_the_url_of_the_next_page(
    httpx_mock: HTTPXMock, client: HttpClient, header: str, url: str | None
) -> None:
    headers = {"link": header, "content-type": "text/csv; charset=utf-8"}
    httpx_mock.add_response(headers=headers, is_reusable=True)
    got = await client.download("/things")
    assert isinstance(got, Download)
    got.file.close()
    sent = await client.send("GET", "/things", repeatable=True)
    assert got.head.next_url == sent.next_url == url
    assert got.head.url == sent.url == f"{STORE_URL}/things"
    assert got.content_type == "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "headers", "arrived", "error"),
    [
        (gzip.compress(b"all"), {"content-encoding": "gzip"}, b"all", ""),
        (gzip.compress(b"all"), {"content-type": "application/gzip"}, gzip.compress(b"all"), ""),
        (b"", {"content-encoding": "gzip"}, b"", ""),
        (b"all", {"content-encoding": "gzip"}, b"", "GET /things: the compressed response is damaged"),
    ],
    ids=["encoded", "a file", "empty", "damaged"],
)
async def test_only_encoded_content_is_decompressed(
    httpx_mock: HTTPXMock,
    client: HttpClient,
    body: bytes,
    headers: dict[str, str],
    arrived: bytes,
    error: str,
) -> None:
    httpx_mock.add_response(stream=httpx.ByteStream(body), headers=headers, is_reusable=True)
    assert await download(client) == (arrived, error)


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_parts_of_gzip_may_follow_each_other(
    httpx_mock: HTTPXMock, client: HttpClient, size: int
) -> None:
    body = gzip.compress(b"one ") + gzip.compress(b"two")
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    httpx_mock.add_response(stream=Body(*parts), headers={"content-encoding": "gzip"})
    assert await download(client) == (b"one two", "")


@pytest.mark.parametrize("left", [1, 8, 9])
async def test_gzip_without_its_end_is_an_error(httpx_mock: HTTPXMock, client: HttpClient, left: int) -> None:
    """The response itself is complete."""
    body = gzip.compress(b"all", compresslevel=0)[:-left]
    for _ in range(3):
        httpx_mock.add_response(stream=httpx.ByteStream(body), headers={"content-encoding": "gzip"})
    assert await download(client) == (b"all"[: 3 if left < 9 else 2], CUT_OFF)


# --- sizes ----------------------------------------------------------------------------------------------


async def test_download_can_be_larger_than_a_response_and_takes_no_memory(
    httpx_mock: HTTPXMock, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", 2**20)
    httpx_mock.add_response(stream=Zeros(megabytes=50))
    tracemalloc.start()
    try:
        got = await client.download("/things")
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()
    assert isinstance(got, Download)
    with got.file:
        assert (got.file.seek(0, 2), got.error) == (50 * 2**20, None)


async def test_download_has_a_limit(
    httpx_mock: HTTPXMock, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_DOWNLOAD_BYTES", 2**20)
    httpx_mock.add_response(stream=Zeros(megabytes=2))
    body, error = await download(client)
    assert error == "GET /things: the response is longer than 1 MB"
    assert len(body) < 2 * 2**20


def test_full_disk_is_an_error() -> None:
    """In another process, whose files are limited in size."""
    code = """
import asyncio, resource, signal
import httpx
from medusa_sync.errors import StoreError
from tests.unit.builders import http_client
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
async def main():
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=bytes(10_000_000)))
    async with httpx.AsyncClient(transport=transport) as client:
        await http_client(client).download("http://store.example/things")
try:
    asyncio.run(main())
except StoreError as error:
    print(error)
"""
    assert alone(code) == (
        "GET http://store.example/things: the temporary file cannot be written (File too large)\n"
    )


# --- time -----------------------------------------------------------------------------------------------


@pytest.fixture
async def hasty() -> AsyncIterator[HttpClient]:
    """A client that waits 0.5 s for a byte and does not repeat requests."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with httpx.AsyncClient(base_url=STORE_URL, timeout=0.5, verify=context, trust_env=False) as pool:
        yield http_client(pool, max_retries=0)


async def test_download_may_take_longer_than_the_limit_of_an_attempt(
    httpx_mock: HTTPXMock, hasty: HttpClient
) -> None:
    respond(httpx_mock, [part for _ in range(30) for part in (b".", 0.03)])
    assert await download(hasty) == (b"." * 30, "")


async def test_body_may_begin_after_the_limit_of_an_attempt(httpx_mock: HTTPXMock) -> None:
    """If its head came in time."""

    async def respond_late(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.6)
        return httpx.Response(200, stream=Body(0.3, b"all"))

    httpx_mock.add_callback(respond_late)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with httpx.AsyncClient(base_url=STORE_URL, timeout=0.4, verify=context, trust_env=False) as pool:
        assert await download(http_client(pool, max_retries=0)) == (b"all", "")


async def test_download_that_stalls_is_an_error(httpx_mock: HTTPXMock, hasty: HttpClient) -> None:
    respond(httpx_mock, [b"part", 3600.0, b"more"])
    assert await download(hasty) == (b"part", "GET /things: no complete response within the time limit")


async def test_download_that_does_not_begin_is_an_error(httpx_mock: HTTPXMock, hasty: HttpClient) -> None:
    async def respond_never(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(3600)
        return httpx.Response(200)

    httpx_mock.add_callback(respond_never)
    with pytest.raises(StoreError, match="no complete response within the time limit"):
        await hasty.download("/things")
