"""Opens the source of a run: products, made of what a file or an API sends, as it is or through a map."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import structs

from medusa_sync.codes import Note
from medusa_sync.core.value import counted
from medusa_sync.errors import SourceError
from medusa_sync.http import HttpClient
from medusa_sync.settings.parsers import is_http
from medusa_sync.settings.secrets import public_part, without_user_info
from medusa_sync.sources import base
from medusa_sync.sources.api import ApiSource, names_by_slug
from medusa_sync.sources.base import (
    Item,
    ItemSource,
    Page,
    PageOfItems,
    Received,
    Rejected,
    Source,
    checked,
)
from medusa_sync.sources.delivery import MappingOptions, named, page_of, with_names
from medusa_sync.sources.image_paths import base_of
from medusa_sync.sources.maps import names_of, recognised, resembled
from medusa_sync.sources.overlooked import Overlooked
from medusa_sync.sources.text import decode_json
from medusa_sync.spool import Spool

if TYPE_CHECKING:  # most runs need no map
    from medusa_sync.sources.adjust import Adjustment
    from medusa_sync.sources.maps.program import Program

SAMPLE = Path(__file__).with_name("sample") / "products.json"
"""The catalogue that comes with the package."""


@asynccontextmanager
async def open_source(  # noqa: PLR0913 - each is a setting of its own
    source: str,
    format_: str,
    connect: Callable[[], AbstractAsyncContextManager[HttpClient]],
    mapping: MappingOptions,
    map_: str | None = None,
    min_products: int | None = None,
    *,
    adjust: str | None = None,
) -> AsyncIterator[Source]:
    """The source of `--source`.

    Args:
        source: a URL, a path, `-` or `sample`. The scheme of a URL may be that of an installed package.
        format_: a value of `--source-format`.
        connect: creates the client for a URL.
        mapping: options of the mapping.
        map_: the value of `--source-map`.
        min_products: if the source has fewer valid ones, or fails, it delivers none; None for no check.
        adjust: the value of `--adjust`.

    Raises:
        SettingsError: a program cannot be read, or is not valid; or no package opens the URL.
    """
    program = None if map_ is None else _program(map_)
    has_map = program is not None
    if program is not None:
        mapping = structs.replace(mapping, source_map=program.name, map_digest=program.digest)
    adjustment = None
    if adjust is not None:
        from medusa_sync.sources.adjust import Adjustment  # few runs need it

        adjustment = Adjustment(adjust)
        own = adjustment.program
        mapping = structs.replace(mapping, adjust=own.name, adjust_digest=own.digest)
    how = program, min_products, adjustment
    if "://" not in source:
        path = None if source == "-" else SAMPLE if source == "sample" else Path(source)
        name = "standard input" if path is None else source
        yield Catalogue(_FileSource(path, format_, has_map=has_map), name, mapping, *how)
        return
    name = public_part(source)
    if not is_http(source):
        from medusa_sync.sources.plugged import PluggedSource  # few runs need it

        with PluggedSource(source, has_map=has_map) as plugged:
            yield Catalogue(plugged, name, mapping, *how)
        return
    mapping = structs.replace(mapping, base=base_of(without_user_info(source)))
    async with connect() as http:
        api = ApiSource(http, without_user_info(source), format_=format_, has_map=has_map)
        yield Catalogue(api, name, mapping, *how)


class _FileSource(ItemSource):
    """A file; None is standard input."""

    def __init__(self, path: Path | None, format_: str, *, has_map: bool) -> None:
        self._path = path
        self._given_format = format_
        self._has_map = has_map

    def pages(self, limit: int | None) -> AsyncGenerator[PageOfItems, None]:  # noqa: ARG002 - a file is read as a whole
        from medusa_sync.sources.files import open_file, read_items  # a URL with pages needs none

        return read_items(open_file(self._path), self._given_format, self, as_items=self._has_map)

    async def category_names(self) -> Mapping[str, str]:
        is_sample = self._path is SAMPLE
        return names_by_slug(SAMPLE.with_name("categories.json").read_bytes()) if is_sample else {}


def _program(name: str) -> Program:
    from medusa_sync.sources.maps.program import Program  # most runs need no map

    return Program(name)


class Catalogue(Source):
    """The products that are made of the items of a source.

    Without a program, one of the maps that come with this tool is used if the first item needs it.
    """

    def __init__(
        self,
        source: ItemSource,
        name: str,
        mapping: MappingOptions,
        program: Program | None = None,
        min_products: int | None = None,
        adjustment: Adjustment | None = None,
    ) -> None:
        self._source = source
        self._adjustment = adjustment
        source.keeps_rest = adjustment is not None
        self._name = name
        self._mapping = mapping
        self._program = program
        self._min_products = min_products
        self._map, self._named = "", mapping
        self._overlooked = Overlooked()

    @property
    def overlooked(self) -> Iterable[Note]:
        yield from self._overlooked.notes
        if self._adjustment is not None:
            yield from self._adjustment.example

    @property
    def doubts(self) -> Iterable[Note]:
        return self._overlooked.doubts

    async def category_names(self) -> Mapping[str, str]:
        return {} if self._map else await self._source.category_names()

    def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        pages = self._pages(limit)
        return pages if self._min_products is None else self._all_or_nothing(pages, self._min_products)

    async def _all_or_nothing(
        self, pages: AsyncGenerator[Page, None], min_products: int
    ) -> AsyncGenerator[Page, None]:
        """The pages, which are kept in a temporary file until all of them have been read."""
        received, count, reason = Received(), 0, ""
        spool = Spool[Page]()
        async with aclosing(pages):
            async for page in pages:
                rows = tuple(map(checked, page.rows))
                spool.add(structs.replace(page, rows=rows))
                for row in map(received.add, rows):
                    if isinstance(row, Rejected):
                        reason = reason or f"; the first one that is not valid: {row.reason}"
                    else:
                        count += 1
        if count < min_products:
            valid = counted(count, "valid product")
            raise SourceError(
                f"{self._name}: the source has {valid}, fewer than {min_products}{reason}",
                hint=(
                    "Nothing was written. Check the source. If it is right, lower --min-products "
                    "(SYNC_PRODUCTS_MIN_PRODUCTS)."
                ),
            )
        del received
        for page in spool:
            yield page

    async def _pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        count, adjustment, self.notes = 0, self._adjustment, ()
        self._overlooked = overlooked = Overlooked()
        pages = self._identified(limit if adjustment is None else None)  # it may leave some out
        if adjustment is not None:
            pages = adjustment.pages(pages, lambda item: not (item.is_foreign or self._named.has_other_names))
        try:
            async with aclosing(pages):
                async for page in pages:
                    items = page.rows[: None if limit is None else limit - count]
                    products = page_of(items, page.total, self._named, overlooked)
                    count += len(items)
                    yield products
                    if count == limit:
                        return
            if not count and self._source.format.startswith(("CSV", "Excel")):
                text = "The table has no row below its header. Is the export complete?"
                self.notes = [Note("empty_table", text)]
        finally:
            if adjustment is not None:
                self.notes = [*self.notes, *adjustment.notes]
            kind, comma, rest = self._source.format.partition(",")
            self.format = f"{kind} ({self._map}){comma}{rest}" if self._map else self._source.format
            self.in_one_piece = self._source.in_one_piece

    async def _identified(self, limit: int | None) -> AsyncGenerator[PageOfItems, None]:
        """The items with their ids; the first ones show what these are, and which names the source has."""
        known_by, is_first, self._named = "", True, self._mapping
        async with aclosing(self._items(limit)) as pages:
            async for page in pages:
                items = page.rows
                if items and is_first:
                    has_commas = self._overlooked.remarks.has_decimal_commas
                    mapping = structs.replace(self._mapping, has_decimal_commas=has_commas)
                    self._named = with_names(mapping, items[0])
                    known_by, is_first = self._known_by(items), False
                if known_by:
                    items = tuple(_identified(item, known_by) for item in items)
                self._overlooked.remarks.leave_out(items[-1].unused if items else ())
                yield structs.replace(page, rows=items)

    def _known_by(self, items: Sequence[Item]) -> str:
        """The field that is read as the id of the first items, if none has one; empty without one."""
        if self._map or any(named(item)[0] for item in items):
            return ""
        from medusa_sync.sources.dialects import identity  # few sources need it

        objects = [*filter(None, (item.decoded for item in items))]
        self.id_hint = f"None has a usable id. {identity.hint(objects)}" if objects else ""
        if name := identity.taken(objects):
            self._overlooked.remarks.known_by = name
        return name

    async def _items(self, limit: int | None) -> AsyncGenerator[PageOfItems, None]:
        """The items of the source, or the products that a map makes of them."""
        self._map, program, has_items = "", self._program, False
        async with aclosing(self._received(limit)) as pages:
            async for page in pages:
                if not program and not has_items:
                    known = recognised(page.rows)
                    self.resembles = "" if known else resembled(page.rows)
                    program = _program(known.name) if known else None
                if program is not None:
                    async with aclosing(self._mapped(program, page, pages)) as mapped:
                        async for each in mapped:
                            yield each
                    return
                has_items = has_items or bool(page.rows)
                yield page

    async def _received(self, limit: int | None) -> AsyncGenerator[PageOfItems, None]:
        async with aclosing(self._source.pages(limit)) as pages:
            async for page in pages:
                if page.rows:
                    self._overlooked.remarks = page.rows[-1].remarks or self._overlooked.remarks
                yield page

    async def _mapped(
        self, program: Program, first: PageOfItems, rest: AsyncGenerator[PageOfItems, None]
    ) -> AsyncGenerator[PageOfItems, None]:
        """The products that a map makes of all items; the whole source is read before the first one.

        Raises:
            SourceError: there are items, but none gives a product.
        """
        from medusa_sync.sources.dialects import identity  # most runs need no map
        from medusa_sync.sources.maps.gathered import gathered
        from medusa_sync.sources.maps.grouped import Grouped

        self._map = program.name
        self.hint = (
            f"Is {program.name} the right map?" if program.is_built_in else f"Check the map: {program.name}."
        )
        pages = self._watched(program, first, rest)
        with Grouped(are_foreign=program.is_built_in) as grouped:
            pages = pages if program.group is None else gathered(program.group, pages)
            async with program, aclosing(pages):
                async for page in pages:
                    async with aclosing(program.made_of(page.rows)) as made:
                        async for item, parts, error in made:
                            unread = _rest(item, program) if parts and self._adjustment else {}
                            grouped.add(item.place, parts, error, unread)
            grouped.check()
            self._overlooked.remarks.known_by = grouped.known_by
            if grouped.lacks_ids:
                file = program.path if program.is_built_in else None
                objects = [item.decoded for item in first.rows]
                self.id_hint = identity.hint_for_map(program.name, file, objects)
            found = grouped.products()
            for _ in range(0, len(grouped) or 1, base.PAGE_SIZE):
                products = tuple(islice(found, base.PAGE_SIZE))
                self.notes = grouped.notes
                yield PageOfItems(products, len(grouped))

    async def _watched(
        self, program: Program, first: PageOfItems, rest: AsyncGenerator[PageOfItems, None]
    ) -> AsyncGenerator[PageOfItems, None]:
        """All pages; of a map that comes with this tool, what it does not read is noted."""
        known = names_of(program.name).known if program.is_built_in else None
        async for page in _chained(first, rest):
            if known is not None:
                for item in page.rows:
                    values = item.decoded.items()
                    self._overlooked.remarks.leave_out(
                        name for name, value in values if name and value and not known(name)
                    )
            yield page


def _rest(item: Item, program: Program) -> Mapping[str, Any]:
    """What a map does not read of an item, or of those of a group; of a name, the first value counts."""
    found = decode_json(bytes(item.body))
    objects = found[::-1] if isinstance(found, list) else [found]
    values = {name: value for each in objects for name, value in each.items()}
    return {name: value for name, value in values.items() if name and value and not program.reads(name)}


def _identified(item: Item, known_by: str) -> Item:
    """An item with the value of a field as its id."""
    value = item.decoded
    return structs.replace(item, value={**value, "id": value.get(known_by)}, named=None)


async def _chained(
    first: PageOfItems, rest: AsyncGenerator[PageOfItems, None]
) -> AsyncGenerator[PageOfItems, None]:
    yield first
    async for page in rest:
        yield page
