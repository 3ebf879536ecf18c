"""Reads a source, and remembers which products it delivered."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from medusa_sync.core.ids import is_in
from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Delivered, Received, Source

if TYPE_CHECKING:
    from medusa_sync.sync.context import SyncOptions


class Delivery:
    """The pages of a source, without duplicates.

    It contains the id of each product that the source delivered, valid or not, also those of other shards.

    The pages have the products of the shard, and rows without an id, which may be of any product.

    Attributes:
        total: how many products the source says it has; None if it does not say.
        error: why reading ended early; None if the source was complete.
    """

    def __init__(self, source: Source, options: SyncOptions) -> None:
        self.total: int | None = None
        self.error: SourceError | None = None
        self._source = source
        self._options = options
        self._received = Received()
        self._first: str | None = None  # the first id
        self._answers: bool | None = None
        self._in_one_piece = False

    def again(self) -> Delivery:
        """Another reading of the same source."""
        return Delivery(self._source, self._options)

    async def pages(self) -> AsyncGenerator[list[Delivered], None]:
        """The rows of each page. If the source fails, the pages end and `error` is set."""
        try:
            async with aclosing(self._source.pages(self._options.limit)) as pages:
                async for page in pages:
                    rows = [*map(self._received.add, page.rows)]
                    self.total = page.total
                    self._first = self._first or next(filter(None, (row.source_id for row in rows)), None)
                    shard = self._options.shard
                    yield [row for row in rows if row.external_id is None or is_in(shard, row.external_id)]
        except SourceError as error:
            self.error = error
        finally:
            self._in_one_piece = self._source.in_one_piece

    @property
    def expected(self) -> int | None:
        """How many rows the pages have; None if it is not known."""
        return self.total if self._options.shard is None else None

    def __contains__(self, source_id: str | None) -> bool:
        return source_id in self._received

    async def can_tell(self) -> bool:
        """Whether the source can say that it lacks a product; otherwise one may have moved between its pages.

        Raises:
            SourceError: the source is down.
        """
        return self._in_one_piece or await self.answers()

    async def answers(self) -> bool:
        """Whether the source answers for single products: it must have one that it has just delivered.

        Raises:
            SourceError: the source is down.
        """
        if self._answers is None:
            self._answers = self._first is not None and await self._source.has(self._first) is True
        return self._answers

    async def has(self, source_id: str) -> bool:
        """Whether the source has a product now. After an unclear answer, `answers` is false.

        Raises:
            SourceError: the source is down.
        """
        has = await self._source.has(source_id)
        if has is None:
            self._answers = False
        return bool(has)
