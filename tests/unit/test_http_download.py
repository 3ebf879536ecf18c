"""Downloads: what arrives is in a temporary file, also if it is not all."""

import gzip
import tracemalloc
import zlib
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import http
from medusa_sync.errors import InterruptedRunError, StoreError
from medusa_sync.http import Downloads, HttpClient
from medusa_sync.response import Download
from medusa_sync.stop import Stop
from tests.unit.builders import STORE_URL, Body, http_client, respond
from tests.unit.full_disk import files_limited_to

pytestmark = pytest.mark.anyio

BROKEN = httpx.RemoteProtocolError("peer left")


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

REFUSED = httpx.ConnectError("refused")


@pytest.mark.parametrize(
    ("responses", "arrived", "error"),
    [
        *(
            ([failure, failure, [b"a", b"ll"]], b"all", "")
            for failure in (429, 503, BROKEN, REFUSED, [b"a longer part", BROKEN])
        ),
        # What arrived in the latest attempt comes with the error.
        ([[b"first, longer", BROKEN], [BROKEN], [b"last", BROKEN]], b"last", "peer left"),
        ([[b"first", BROKEN], [b"second", BROKEN], REFUSED], b"second", "refused"),
        ([[b"first", BROKEN], 503, 503], b"first", "the server responded with 503"),
        ([[BROKEN], [BROKEN], [BROKEN]], b"", "peer left"),
    ],
)
@pytest.mark.usefixtures("waits")
async def test_failed_attempt_is_repeated_and_counted(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, responses: list[Any], arrived: bytes, error: str
) -> None:
    requests: list[tuple[str, str]] = []
    respond(httpx_mock, *responses)
    body, message = await download(http_client(pool, requests=requests))
    assert body == arrived
    assert message.startswith("GET /things: " if error else "")
    assert error in message
    assert requests == [("GET", "/things")] * 3


async def test_nothing_is_repeated_when_the_run_ends(httpx_mock: HTTPXMock, pool: httpx.AsyncClient) -> None:
    stop = Stop()
    stop.set(InterruptedRunError("Interrupted", signal_number=15))
    respond(httpx_mock, [b"part", BROKEN])
    assert await download(http_client(pool, stop=stop)) == (b"part", "GET /things: peer left")


# --- what earlier runs have downloaded ------------------------------------------------------------------

LATER = "Sun, 02 Jan 2028 00:00:01 GMT"
NOON = "Sun, 02 Jan 2028 00:00:00 GMT"


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ({"etag": '"1"'}, {"if-none-match": '"1"'}),
        ({"last-modified": NOON, "date": LATER}, {"if-modified-since": NOON}),
        ({"etag": 'W/"1"', "last-modified": NOON}, {"if-none-match": 'W/"1"', "if-modified-since": NOON}),
        ({"etag": '"1"', "last-modified": NOON, "date": NOON}, {}),  # it may change within this second
        ({}, {}),
    ],
)
async def test_what_has_not_changed_is_not_sent_again(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, sent: dict[str, str], asked: dict[str, str]
) -> None:
    kept: Downloads = {}
    body = b"all" * 2_000_000  # not in memory
    httpx_mock.add_response(content=body, headers=sent)
    assert await download(http_client(pool, kept=kept)) == (body, "")
    for _ in range(2):
        httpx_mock.add_response(304 if asked else 200, content=b"" if asked else body)
        assert await download(http_client(pool, kept=kept)) == (body, "")
    httpx_mock.add_response(content=b"new", headers=sent)
    assert await download(http_client(pool, kept=kept)) == (b"new", "")
    names = ("if-none-match", "if-modified-since")
    first, *others = ([name for name in names if name in each.headers] for each in httpx_mock.get_requests())
    assert (first, others[0], others[1]) == ([], [*asked], [*asked] if asked else [])


async def test_only_a_complete_download_of_the_same_query_is_kept(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, waits: list[float]
) -> None:
    del waits
    kept: Downloads = {}
    parts = httpx.Response(200, headers={"etag": "1"}, stream=Body(b"part", BROKEN))
    httpx_mock.add_callback(lambda _: parts)
    respond(httpx_mock, 503, 503)
    assert (await download(http_client(pool, kept=kept)))[0] == b"part"
    assert kept == {}
    for query in ("page=1", "page=2"):
        httpx_mock.add_response(content=query.encode(), headers={"etag": query})
        got = await http_client(pool, kept=kept).download("/things", query=query)
        assert isinstance(got, Download)
        assert got.file.read() == query.encode()
    assert [each.headers.get("if-none-match") for each in httpx_mock.get_requests()] == [None] * 5


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
        *((header, None) for header in ('<b>; rel="last"', "<b>", "nonsense", "")),
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


ALL = gzip.compress(b"all", mtime=0)  # the same in all workers
TWO = gzip.compress(b"one ", mtime=0) + gzip.compress(b"two", mtime=0)
UNASKED = "the response is compressed with "
CUT_OFF = "the compressed response is cut off"


def encoded(encoding: str) -> dict[str, str]:
    return {"content-encoding": encoding}


GZIP = encoded("gzip")
STORED = gzip.compress(b"all", compresslevel=0, mtime=0)


@pytest.mark.parametrize(
    ("parts", "headers", "arrived", "error"),
    [
        ([ALL], GZIP, b"all", ""),
        ([ALL], {"content-type": "application/gzip"}, ALL, ""),
        ([b""], GZIP, b"", ""),
        ([b"all"], GZIP, b"", "the compressed response is damaged"),
        *(([TWO[at : at + n] for at in range(0, len(TWO), n)], GZIP, b"one two", "") for n in (1, 7, 99)),
        *(
            ([ALL], {"content-encoding": each}, b"all", "")
            for each in ("gzip, identity", "Identity , X-GZIP")
        ),
        ([b"all"], {"content-encoding": "identity"}, b"all", ""),
        *(
            ([zlib.compress(b"all")], {"content-encoding": each}, b"", UNASKED)
            for each in ("deflate", "gzip,br")
        ),
        # the response itself is complete
        *(
            ([STORED[:-left]], encoded(each), b"all"[:kept], CUT_OFF)
            for each in ("gzip", "gzip, identity")
            for left, kept in ((1, 3), (8, 3), (9, 2))
        ),
    ],
)
async def test_only_encoded_content_is_decompressed(
    httpx_mock: HTTPXMock, client: HttpClient, parts: list[bytes], headers: Any, arrived: bytes, error: str
) -> None:
    respond(httpx_mock, *[parts] * (3 if error in {CUT_OFF, UNASKED} else 1), headers=headers)
    body, message = await download(client)
    assert body == arrived
    assert message.startswith(f"GET /things: {error}" if error else "")
    assert bool(message) == bool(error)


# --- sizes ----------------------------------------------------------------------------------------------


async def test_download_can_be_as_large_as_its_limit_and_the_disk_and_takes_no_memory(
    httpx_mock: HTTPXMock, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", 2**20)
    httpx_mock.add_response(stream=Body(*[bytes(2**16)] * 16 * 50))
    tracemalloc.start()
    try:
        got = await client.download("/things")
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()
    assert isinstance(got, Download)
    with got.file:
        assert (got.file.seek(0, 2), got.error) == (50 * 2**20, None)
    httpx_mock.add_response(stream=Body(*[bytes(2**16)] * 16 * 50))
    words = r"GET /things: the temporary file cannot be written \(File too large\)"
    with files_limited_to(2**20), pytest.raises(StoreError, match=words):
        await client.download("/things")
    monkeypatch.setattr(http, "MAX_DOWNLOAD_BYTES", 2**20)
    httpx_mock.add_response(stream=Body(*[bytes(2**16)] * 16 * 2))
    body, error = await download(client)
    assert error == "GET /things: the response is longer than 1 MB"
    assert len(body) < 2 * 2**20
