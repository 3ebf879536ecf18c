"""The products of a source: what a file or an API sends, as it is or through a map."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING

from medusa_sync.sources.base import Delivered, Item, Page, Part, Parts, PartSource, Refused, Rejected
from medusa_sync.sources.delivered import MappingOptions, deliver
from medusa_sync.sources.mapping import usable_id
from medusa_sync.sources.maps import recognised
from medusa_sync.sources.paging import identity
from medusa_sync.sources.received import Received

if TYPE_CHECKING:  # most runs need no map
    from medusa_sync.sources.maps.grouped import Grouped
    from medusa_sync.sources.maps.program import Program

PAGE_SIZE = 1_000


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
        async with aclosing(self._source.parts(limit)) as pages:
            async for page in pages:
                program = self._program or (None if count else self._recognised(page))
                if program is not None:
                    async for mapped in self._mapped(program, page, pages, limit):
                        yield mapped
                    return
                parts = page.parts[: None if limit is None else limit - count]
                count += len(parts)
                rows = tuple(map(self._row, parts))
                yield Page(rows, page.total, page.beyond_total, page.of_file)
                if count == limit:
                    return

    def _recognised(self, page: Parts) -> Program | None:
        found = recognised(page.parts)
        if found is None:
            return None
        from medusa_sync.sources.maps.program import Program  # most runs need no map

        return Program(found.name)

    async def _mapped(
        self, program: Program, first: Parts, rest: AsyncGenerator[Parts, None], limit: int | None
    ) -> AsyncGenerator[Page, None]:
        """The products that a map makes of all items; the whole source is read before the first one."""
        from medusa_sync.sources.maps.grouped import Grouped  # most runs need no map

        self._map = program.name
        received = Received(self._name)
        with Grouped(program) as grouped:
            page: Parts | None = first
            while page is not None and self._group(page, grouped, received):
                page = await anext(rest, None)
            total, count = len(grouped), 0
            self.notes = tuple(_notes(grouped))
            found = iter(grouped.products())
            while count < total and count != limit:
                size = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - count)
                rows = tuple(map(self._row, islice(found, size)))
                count += len(rows)
                yield Page(rows, total, of_file=True)
            if not total:
                yield Page((), 0, of_file=True)

    def _group(self, page: Parts, grouped: Grouped, received: Received) -> bool:
        """Add the items of a page; False if the source has ended."""
        items = [part for part in page.parts if isinstance(part, Item)]
        if not page.of_file and not received.add_items(
            [identity(item.value) for item in items], beyond_total=page.beyond_total
        ):
            return False
        for part in page.parts:
            if isinstance(part, Item):
                grouped.add(part)
            elif isinstance(part, Refused):
                grouped.refuse(part.title, part.reason)
        return True

    def _row(self, part: Part) -> Delivered:
        if isinstance(part, Item):
            return deliver(part.value, self._mapping)
        if not isinstance(part, Refused):
            return deliver(part.product, self._mapping)
        source_id = usable_id(part.source_id)
        external_id = None if source_id is None else f"{self._mapping.source_name}:{source_id}"
        return Rejected(external_id, source_id, part.title, part.reason)


def _notes(grouped: Grouped) -> list[str]:
    count = grouped.without_products
    if not count:
        return []
    subject = "1 item of the source gives" if count == 1 else f"{count} items of the source give"
    return [f"{subject} no product, because the map leaves {'it' if count == 1 else 'them'} out."]
