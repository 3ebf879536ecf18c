"""Opens the source of a run: products, made of what a file or an API sends, as it is or through a map."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from medusa_sync.core.ids import external_id_of
from medusa_sync.http import HttpClient
from medusa_sync.sources.api import ApiSource, names_by_slug
from medusa_sync.sources.base import Delivered, Item, Page, PageOfParts, Part, PartSource, Rejected, Source
from medusa_sync.sources.mapping import MappingOptions, deliver, usable_id
from medusa_sync.sources.maps import recognised
from medusa_sync.sources.paging import identity
from medusa_sync.sources.received import Received

if TYPE_CHECKING:  # most runs need no map
    from medusa_sync.sources.maps.grouped import Grouped
    from medusa_sync.sources.maps.program import Program

PAGE_SIZE = 1_000
SAMPLE = Path(__file__).with_name("sample") / "products.json"
"""The catalogue that comes with the package."""


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
    program = None if map_ is None else _program(map_)
    if "://" not in source:
        yield Catalogue(_local(source, format_, has_map=map_ is not None), source, mapping, program)
        return
    async with connect() as http:
        parts = urlsplit(source)
        shown = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        api = ApiSource(http, source, format_=format_, has_map=map_ is not None)
        yield Catalogue(api, shown, mapping, program)


def _local(source: str, format_: str, *, has_map: bool) -> PartSource:
    from medusa_sync.sources.files import FileSource, open_file  # a URL with pages needs none

    path = None if source == "-" else SAMPLE if source == "sample" else Path(source)
    categories = names_by_slug(SAMPLE.with_name("categories.json").read_bytes()) if path is SAMPLE else {}
    return FileSource(partial(open_file, path), format_=format_, as_items=has_map, categories=categories)


def _program(name: str) -> Program:
    from medusa_sync.sources.maps.program import Program  # most runs need no map

    return Program(name)


class Catalogue:
    """A source of products.

    Args:
        source: what is read.
        name: of the source, for messages.
        mapping: options of the mapping.
        program: a map for all items; None for one of those that come with this tool, if the source needs it.
    """

    def __init__(
        self, source: PartSource, name: str, mapping: MappingOptions, program: Program | None = None
    ) -> None:
        self._source = source
        self._name = name
        self._mapping = mapping
        self._program = program
        self._map = ""
        self.notes: Sequence[str] = ()

    @property
    def format(self) -> str:
        kind, comma, rest = self._source.format.partition(",")
        return f"{kind} ({self._map}){comma}{rest}" if self._map else self._source.format

    @property
    def in_one_piece(self) -> bool:
        return self._source.in_one_piece

    async def category_names(self) -> Mapping[str, str]:
        return {} if self._map else await self._source.category_names()

    async def has(self, source_id: str) -> bool | None:
        return None if self._map else await self._source.has(source_id)

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        self._map, count = "", 0
        async with aclosing(self._source.pages(limit)) as pages:
            async for page in pages:
                known = None if count or self._program else recognised(page.rows)
                program = _program(known.name) if known else self._program
                if program is not None:
                    async for mapped in self._mapped(program, page, pages, limit):
                        yield mapped
                    return
                rows = tuple(map(self._row, page.rows[: None if limit is None else limit - count]))
                count += len(rows)
                yield Page(rows, page.total, page.beyond_total, page.of_file)
                if count == limit:
                    return

    async def _mapped(
        self, program: Program, first: PageOfParts, rest: AsyncGenerator[PageOfParts, None], limit: int | None
    ) -> AsyncGenerator[Page, None]:
        """The products that a map makes of all items; the whole source is read before the first one."""
        from medusa_sync.sources.maps.grouped import Grouped  # most runs need no map

        self._map = program.name
        received = Received(self._name)
        with Grouped() as grouped:
            async with program:
                page: PageOfParts | None = first
                while page is not None and await self._group(page, program, grouped, received):
                    page = await anext(rest, None)
            total, count = len(grouped), 0
            self.notes = grouped.notes
            found = iter(grouped.products())
            while not count or (count < total and count != limit):
                size = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - count)
                rows = tuple(map(self._row, islice(found, size)))
                count += len(rows)
                yield Page(rows, total, of_file=True)
                if not rows:
                    return

    async def _group(self, page: PageOfParts, program: Program, grouped: Grouped, received: Received) -> bool:
        """Add the items of a page; False if the source has ended."""
        items = [part for part in page.rows if isinstance(part, Item)]
        ids = [identity(item.value) for item in items]
        if not page.of_file and not received.add_items(ids, beyond_total=page.beyond_total):
            return False
        for part in page.rows:
            if isinstance(part, Rejected):
                grouped.refuse(part.title, part.reason)
        async with aclosing(program.made_of(items)) as made:
            async for item, parts, error in made:
                grouped.add(item.place, parts, error)
        return True

    def _row(self, part: Part) -> Delivered:
        if isinstance(part, Item):
            return deliver(part.value, self._mapping)
        source_id = usable_id(part.source_id)
        external_id = None if source_id is None else external_id_of(self._mapping.source_name, source_id)
        return Rejected(external_id, source_id, part.title, part.reason)
