"""Chooses the source of a run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from medusa_sync.http import Download, HttpClient
from medusa_sync.sources.api import ApiSource, download, names_by_slug
from medusa_sync.sources.base import PartSource, Source
from medusa_sync.sources.catalogue import Catalogue
from medusa_sync.sources.delivered import MappingOptions
from medusa_sync.sources.files import FileSource, named

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
    map_: str | None = None,
) -> AsyncIterator[Source]:
    """The source of `--source`.

    Args:
        source: a URL, a path, `-` or `sample`.
        format_: a value of `--source-format`.
        connect: creates the client for a URL.
        mapping: options of the mapping.
        map_: the value of `--source-map`.

    Raises:
        SettingsError: the map cannot be read, or is not a valid program.
    """
    program = None
    if map_ is not None:
        from medusa_sync.sources.maps.program import Program  # most runs need no map

        program = Program(map_)
    has_map = program is not None
    if "://" not in source:
        yield Catalogue(_local(source, format_, has_map=has_map), source, mapping, program)
        return
    async with connect() as http:
        parts = urlsplit(source)
        shown = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        yield Catalogue(_remote(http, source, format_, has_map=has_map), shown, mapping, program)


def _remote(http: HttpClient, url: str, format_: str, *, has_map: bool) -> PartSource:
    """A file, if the URL or the format is that of one; otherwise an API, which may also send a file."""

    def read_file(fetch: Callable[[], Awaitable[Download]]) -> PartSource:
        from medusa_sync.sources.content import Opening, open_download  # a URL with pages does not need it

        async def opening() -> Opening:
            return partial(open_download, await fetch())

        return FileSource(
            opening,
            format_=format_,
            as_items=has_map,
            pages=lambda known: ApiSource(http, url, has_map=has_map, known=known),
        )

    if format_ in _FILES or named(urlsplit(url).path):
        return read_file(partial(download, http, url))
    return ApiSource(http, url, read_file=read_file if format_ == "auto" else None, has_map=has_map)


def _local(source: str, format_: str, *, has_map: bool) -> PartSource:
    from medusa_sync.sources.content import Opening, open_path, open_stdin  # a URL with pages needs none

    path = SAMPLE if source == "sample" else Path(source)

    async def fetch() -> Opening:
        return open_stdin if source == "-" else partial(open_path, path)

    categories = names_by_slug(_SAMPLE_CATEGORIES.read_bytes()) if source == "sample" else {}
    return FileSource(fetch, format_=format_, as_items=has_map, categories=categories)
