"""A page of an API has a maximum size while it is received; a file at a URL has a larger one."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import chain, count

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import http
from medusa_sync.errors import SourceError
from medusa_sync.http import HttpClient
from medusa_sync.sources.open import open_source
from tests.unit.builders import SOURCE_URL, http_client, row
from tests.unit.sources.pages import MAPPING, ids, page_of, rows

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

MB = 2**20
FILE_URL = "https://source.test/export"


class Endless(httpx.AsyncByteStream):
    """A body without end."""

    def __init__(self, *start: bytes) -> None:
        self._start = start
        self.sent = 0  # bytes of the longest response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        sent = 0
        for part in chain(self._start, _rows()):
            sent += len(part)
            self.sent = max(sent, self.sent)
            assert sent < 20 * MB, "too much was received"
            yield part


def _rows() -> Iterator[bytes]:
    return (json.dumps(row(number)).encode() + b"," for number in count())


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", MB)
    monkeypatch.setattr(http, "MAX_DOWNLOAD_BYTES", 4 * MB)


async def read(pool: httpx.AsyncClient, url: str = SOURCE_URL, format_: str = "auto") -> list[int]:
    @asynccontextmanager
    async def connect() -> AsyncIterator[HttpClient]:
        yield http_client(pool, unavailable=SourceError)

    async with open_source(url, format_, connect, MAPPING) as source:
        return ids(await rows(source))


@pytest.mark.parametrize("format_", ["auto", "json"])
@pytest.mark.parametrize("start", [b'{"total": 9, "products": [', b"[", b" " * 50_000 + b"["])
async def test_an_endless_page_is_not_received(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, start: bytes, format_: str
) -> None:
    body = Endless(start)
    httpx_mock.add_response(stream=body)
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: the response is longer than 1 MB") as caught:
        await read(pool, format_=format_)
    assert body.sent < 2 * MB
    assert "limit" in caught.value.hint


async def test_the_limit_is_that_of_the_decompressed_page(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    body = json.dumps(page_of([row(1)], note=" " * 2 * MB)).encode()
    httpx_mock.add_response(content=gzip.compress(body), headers={"content-encoding": "gzip"})
    with pytest.raises(SourceError, match="the response is longer than 1 MB"):
        await read(pool)


async def test_an_endless_page_after_the_first_is_not_received(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    body = Endless(b"[")
    httpx_mock.add_response(json=page_of([row(1)], total=9))
    httpx_mock.add_response(stream=body, is_reusable=True)
    with pytest.raises(SourceError, match="the response is longer than 1 MB"):
        await read(pool)
    assert body.sent < 2 * MB


LINES = b"".join(json.dumps(row(number, description="x" * 10_000)).encode() + b"\n" for number in range(300))


@pytest.mark.parametrize(
    ("url", "format_"), [(FILE_URL, "auto"), (FILE_URL, "ndjson"), (f"{FILE_URL}.jsonl", "auto")]
)
async def test_a_file_at_a_url_may_be_larger_than_a_page(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, url: str, format_: str
) -> None:
    assert len(LINES) > 2 * MB
    httpx_mock.add_response(content=LINES, is_reusable=True)
    assert await read(pool, url, format_) == list(range(300))


@pytest.mark.parametrize("url", [FILE_URL, f"{FILE_URL}.jsonl"])
async def test_a_file_at_a_url_has_a_limit_too(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, url: str
) -> None:
    body = Endless(LINES)
    httpx_mock.add_response(stream=body, is_reusable=True)
    with pytest.raises(SourceError, match="the response is longer than 4 MB"):
        await read(pool, url)
    assert body.sent < 5 * MB
