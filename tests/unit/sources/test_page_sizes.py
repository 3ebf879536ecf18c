"""A page of an API has a maximum size while it is received; a file at a URL has a larger one."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from itertools import chain, count

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import http
from medusa_sync.errors import SourceError
from tests.unit.builders import SOURCE_URL, http_client, row
from tests.unit.sources.pages import api_source, ids, page_of, rows

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

MB = 2**20
FILE_URL = "https://source.test/export"
LINES = b"".join(json.dumps(row(number, description="x" * 10_000)).encode() + b"\n" for number in range(300))


class Endless(httpx.AsyncByteStream):
    """A body without end."""

    def __init__(self, start: bytes) -> None:
        self._start = start
        self.sent = 0  # bytes of the longest response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        sent = 0
        for part in chain([self._start], (json.dumps(row(number)).encode() + b"," for number in count())):
            sent += len(part)
            self.sent = max(sent, self.sent)
            assert sent < 20 * MB, "too much was received"
            yield part


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", MB)
    monkeypatch.setattr(http, "MAX_DOWNLOAD_BYTES", 4 * MB)


@pytest.mark.parametrize(
    ("url", "format_", "start", "limit"),
    [
        (SOURCE_URL, "auto", b'{"total": 9, "products": [', 1),
        (SOURCE_URL, "json", b"[", 1),
        (SOURCE_URL, "auto", b" " * 50_000 + b"[", 1),
        (SOURCE_URL, "after the first", b"[", 1),
        (FILE_URL, "auto", LINES, 4),
        (f"{FILE_URL}.jsonl", "auto", LINES, 4),
    ],
)
async def test_what_does_not_end_is_not_received(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, url: str, format_: str, start: bytes, limit: int
) -> None:
    body = Endless(start)
    if format_ == "after the first":
        httpx_mock.add_response(json=page_of([row(1)], total=9))
    httpx_mock.add_response(stream=body, is_reusable=True)
    how = "json" if format_ == "json" else "auto"
    source = api_source(http_client(pool, unavailable=SourceError), url, format_=how)
    with pytest.raises(SourceError, match=f"{url}: the response is longer than {limit} MB"):
        await rows(source)
    assert body.sent < (limit + 1) * MB


async def test_the_limit_is_that_of_the_decompressed_page(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    body = json.dumps(page_of([row(1)], note=" " * 2 * MB)).encode()
    httpx_mock.add_response(content=gzip.compress(body), headers={"content-encoding": "gzip"})
    with pytest.raises(SourceError, match="the response is longer than 1 MB") as caught:
        await rows(api_source(http_client(pool, unavailable=SourceError)))
    assert "limit" in caught.value.hint


@pytest.mark.parametrize(
    ("url", "format_"), [(FILE_URL, "auto"), (FILE_URL, "ndjson"), (f"{FILE_URL}.jsonl", "auto")]
)
async def test_a_file_at_a_url_may_be_larger_than_a_page(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, url: str, format_: str
) -> None:
    assert len(LINES) > 2 * MB
    httpx_mock.add_response(content=LINES, is_reusable=True)
    source = api_source(http_client(pool, unavailable=SourceError), url, format_=format_)
    assert ids(await rows(source)) == list(range(300))
