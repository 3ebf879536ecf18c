"""Chooses the source of a run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from medusa_sync.http import Download, HttpClient
from medusa_sync.sources.base import Source
from medusa_sync.sources.categories import names_by_slug
from medusa_sync.sources.delivered import MappingOptions
from medusa_sync.sources.download import download
from medusa_sync.sources.formats import named
from medusa_sync.sources.pages import HttpSource

SAMPLE = Path(__file__).with_name("sample") / "products.json"
"""The catalogue that comes with the package."""

_SAMPLE_CATEGORIES = SAMPLE.with_name("categories.json")
_FILES = frozenset({"ndjson", "csv", "xml"})  # formats that are not delivered in pages


@asynccontextmanager
async def open_source(
    source: str,
    format_: str,
    connect: Callable[[], AbstractAsyncContextManager[HttpClient]],
    mapping: MappingOptions,
) -> AsyncIterator[Source]:
    """The source of `--source`.

    Args:
        source: a URL, a path, `-` or `sample`.
        format_: a value of `--source-format`.
        connect: creates the client for a URL.
        mapping: options of the mapping.
    """
    if "://" not in source:
        yield _local(source, format_, mapping)
        return
    async with connect() as http:
        yield _remote(http, source, format_, mapping)


def _remote(http: HttpClient, url: str, format_: str, mapping: MappingOptions) -> Source:
    """A file, if the URL or the format is that of one; otherwise an API, which may also send a file."""

    def read_file(fetch: Callable[[], Awaitable[Download]]) -> Source:
        from medusa_sync.sources.content import Opening, open_download  # a URL with pages needs neither
        from medusa_sync.sources.stream import StreamSource

        async def opening() -> Opening:
            return partial(open_download, await fetch())

        return StreamSource(opening, mapping, format_=format_)

    if format_ in _FILES or named(urlsplit(url).path):
        return read_file(partial(download, http, url))
    return HttpSource(http, url, mapping, read_file=read_file if format_ == "auto" else None)


def _local(source: str, format_: str, mapping: MappingOptions) -> Source:
    # A URL with pages needs none of this.
    from medusa_sync.sources.content import Opening, open_path, open_stdin
    from medusa_sync.sources.stream import StreamSource

    path = SAMPLE if source == "sample" else Path(source)

    async def fetch() -> Opening:
        return open_stdin if source == "-" else partial(open_path, path)

    categories = names_by_slug(_SAMPLE_CATEGORIES.read_bytes()) if source == "sample" else {}
    return StreamSource(fetch, mapping, format_=format_, categories=categories)
