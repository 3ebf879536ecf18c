"""Reads a source, remembers which products it delivered, and accounts for all of its rows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from msgspec import Struct

from medusa_sync.core.ids import Shard, is_in
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.result import Outcome, Result
from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Delivered, Received, Rejected, Source, Unchecked, checked
from medusa_sync.stop import Stop
from medusa_sync.sync.ledger import Ledger


class Delivery:
    """The pages of a source, without duplicates.

    It contains the id of each product that the source delivered, valid or not, also those of other shards.

    Args:
        source: of the products.
        limit: how many products are read; None for all.
        shard: the products that the pages have; None for all. Rows without an id are in every shard, because
            they may be of any product.

    Attributes:
        total: how many products the source says it has; None if it does not say.
        error: why reading ended early; None if the source was complete.
    """

    def __init__(self, source: Source, *, limit: int | None, shard: Shard | None = None) -> None:
        self.total: int | None = None
        self.error: SourceError | None = None
        self._source = source
        self._limit = limit
        self.shard = shard
        self._received = Received()
        self._first: str | None = None  # the first id
        self._answers: bool | None = None
        self._in_one_piece = False

    def again(self) -> Delivery:
        """Another reading of the same source."""
        return Delivery(self._source, limit=self._limit, shard=self.shard)

    async def pages(self) -> AsyncGenerator[list[Delivered], None]:
        """The rows of each page. If the source fails, the pages end and `error` is set."""
        try:
            async with aclosing(self._source.pages(self._limit)) as pages:
                async for page in pages:
                    rows = [*map(self._received.add, page.rows)]
                    self.total = page.total
                    self._first = self._first or next(filter(None, (row.source_id for row in rows)), None)
                    yield [
                        row for row in rows if row.external_id is None or is_in(self.shard, row.external_id)
                    ]
        except SourceError as error:
            self.error = error
        finally:
            self._in_one_piece = self._source.in_one_piece

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


class Intake(Struct):
    """The products of the source. They are opened in the ledger, or rejected.

    Attributes:
        delivery: what the source delivers.
        ledger: notified of every row.
        fetched: called after each page with the products so far, and their total if the source says it.
        stop: nothing more is read once it is set.
    """

    delivery: Delivery
    ledger: Ledger
    fetched: Callable[[int, int | None], None]
    stop: Stop

    async def pages(
        self, after: Callable[[], Awaitable[None]] | None = None
    ) -> AsyncGenerator[list[DesiredProduct | Unchecked], None]:
        """The products, a page at a time.

        Args:
            after: awaited before a page is processed; the source request runs meanwhile.
        """
        async with aclosing(self.delivery.pages()) as pages:
            async for rows in pages:
                if after is not None:
                    await after()
                products: list[DesiredProduct | Unchecked] = []
                for row in rows:
                    if isinstance(row, Rejected):
                        self.ledger.reject(Outcome(row.external_id, row.title, Result.REJECTED, row.reason))
                    else:
                        self.ledger.open(row.external_id, row.title)
                        products.append(row)
                # A shard does not know how many rows are left for it.
                total = self.delivery.total if self.delivery.shard is None else None
                self.fetched(self.ledger.seen, total)
                if self.stop.is_set:
                    return
                yield products

    def checked(self, product: DesiredProduct | Unchecked) -> DesiredProduct | None:
        """Check and map a product; if it is invalid, reject it and return None."""
        row = checked(product)
        if isinstance(row, Rejected):
            self.ledger.settle(Outcome(product.external_id, row.title, Result.REJECTED, row.reason))
            return None
        return row
