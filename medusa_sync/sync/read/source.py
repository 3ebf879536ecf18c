"""Reads a source, and remembers which products it delivered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from medusa_sync.core.ids import external_id_of, is_in
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
                    shard = self._settings.shard
                    yield [row for row in rows if row.external_id is None or is_in(shard, row.external_id)]
        except SourceError as error:
            self.error = error
        finally:
            self.in_one_piece = self._source.in_one_piece

    @property
    def deleted(self) -> list[str]:
        """External ids of products of the shard that the source says are deleted, and does not deliver."""
        own, shard = self._settings.source_name, self._settings.shard
        left = (external_id_of(own, each) for each in self._deleted if each not in self._received)
        return [each for each in left if is_in(shard, each)]

    @property
    def expected(self) -> int | None:
        """How many rows the pages have; None if it is not known."""
        return self.total if self._settings.shard is None else None

    def __contains__(self, source_id: str | None) -> bool:
        return source_id in self._received
