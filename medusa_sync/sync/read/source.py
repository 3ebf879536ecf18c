"""Reads a source, and remembers which products it delivered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from difflib import get_close_matches

from medusa_sync.core.ids import external_id_of, is_in, source_id_of
from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Delivered, Received, Source, checked
from medusa_sync.sync.settings import RunSettings


class Delivery:
    """The pages of a source, without duplicates.

    It contains the id of each product that the source delivered, valid or not, also those of other shards.

    The pages have the products of the shard, and rows without an id, which may be of any product.

    Attributes:
        total: how many products the source says it has; None if it does not say.
        error: why reading ended early; None if the source was complete.
        in_one_piece: all came in one file or response; otherwise a product may have moved between pages.
    """

    def __init__(self, source: Source, settings: RunSettings) -> None:
        self.total: int | None = None
        self.error: SourceError | None = None
        self.in_one_piece = False
        self._source = source
        self._settings = settings
        self._received = Received()
        self._deleted: dict[str, None] = {}  # source ids
        chosen = settings.products
        self._left = None if chosen is None else {*chosen}  # chosen ids that were not found yet
        self._others: list[str] = []  # all ids, if some are chosen

    def again(self) -> Delivery:
        """Another reading of the same source."""
        return Delivery(self._source, self._settings)

    async def pages(self) -> AsyncGenerator[list[Delivered], None]:
        """The rows of each page. If the source fails, the pages end and `error` is set."""
        try:
            async with aclosing(self._source.pages(self._settings.limit)) as pages:
                async for page in pages:
                    await asyncio.sleep(0)  # signals and time limits have an effect
                    # A dry run shows what is not used of all products.
                    found = map(checked, page.rows) if self._settings.dry_run else page.rows
                    rows = [*map(self._received.add, found)]
                    self._deleted |= dict.fromkeys(page.deleted)
                    self.total = page.total
                    if self._left is not None:
                        self._look_for_chosen([*(row.source_id for row in rows), *page.deleted])
                    yield [row for row in rows if self._is_wanted(row.external_id)]
                if self._left:
                    raise self._unknown()
        except SourceError as error:
            self.error = error
        finally:
            self.in_one_piece = self._source.in_one_piece

    @property
    def deleted(self) -> list[str]:
        """External ids of products of the shard that the source says are deleted, and does not deliver."""
        own = self._settings.source_name
        left = (external_id_of(own, each) for each in self._deleted if each not in self._received)
        return [*filter(self._is_wanted, left)]

    def _is_wanted(self, external_id: str | None) -> bool:
        """Whether a row is of the shard, and of the chosen products; one without an id may be any product."""
        chosen, own = self._settings.products, self._settings.source_name
        if external_id is None:
            return chosen is None
        is_chosen = chosen is None or source_id_of(own, external_id) in chosen
        return is_chosen and is_in(self._settings.shard, external_id)

    def _look_for_chosen(self, found: Iterable[str | None]) -> None:
        ids = [each for each in found if each is not None]
        self._left = (self._left or set()).difference(ids)
        self._others += ids

    def _unknown(self) -> SourceError:
        """The error if the source lacks chosen products."""
        names = sorted(self._left or ())
        near = [close for each in names for close in get_close_matches(each, self._others)]
        similar = f" Similar ids: {', '.join(map(repr, dict.fromkeys(near)))}." if near else ""
        noun = "product" if len(names) == 1 else "products"
        message = f"The source has no {noun} {', '.join(map(repr, names))}.{similar}"
        return SourceError(message, hint="Check --product (SYNC_PRODUCTS_PRODUCT). Nothing was removed.")

    @property
    def expected(self) -> int | None:
        """How many rows the pages have; None if it is not known."""
        is_whole = self._settings.shard is None and self._settings.products is None
        return self.total if is_whole else None

    def __contains__(self, source_id: str | None) -> bool:
        return source_id in self._received
