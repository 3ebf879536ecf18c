"""Reads the products of the source, and accounts for all of its rows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.result import Outcome, Result
from medusa_sync.sources.base import Rejected, Unchecked, checked
from medusa_sync.stop import Stop
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.read.source import Delivery


class Intake:
    """The products of the source. They are opened in the ledger, or rejected.

    Args:
        delivery: what the source delivers.
        ledger: notified of every row.
        fetched: called after each page with the products so far, and their total if the source says it.
        stop: nothing more is read once it is set.
    """

    def __init__(
        self, delivery: Delivery, ledger: Ledger, fetched: Callable[[int, int | None], None], stop: Stop
    ) -> None:
        self._delivery = delivery
        self._ledger = ledger
        self._fetched = fetched
        self._stop = stop

    async def pages(
        self, after: Callable[[], Awaitable[None]] | None = None
    ) -> AsyncGenerator[list[DesiredProduct | Unchecked], None]:
        """The products, a page at a time.

        Args:
            after: awaited before a page is processed; the source request runs meanwhile.
        """
        async with aclosing(self._delivery.pages()) as pages:
            async for rows in pages:
                if after is not None:
                    await after()
                products: list[DesiredProduct | Unchecked] = []
                for row in rows:
                    if isinstance(row, Rejected):
                        rejected = Outcome(row.external_id, row.title, Result.REJECTED, row.reason)
                        self._ledger.reject(rejected)
                    else:
                        self._ledger.open(row.external_id, row.title)
                        products.append(row)
                self._fetched(self._ledger.seen, self._delivery.total)
                if self._stop.is_set:
                    return
                yield products

    def checked(self, product: DesiredProduct | Unchecked) -> DesiredProduct | None:
        """Check and map a product; if it is invalid, reject it and return None."""
        row = checked(product)
        if isinstance(row, Rejected):
            self._ledger.settle(Outcome(product.external_id, row.title, Result.REJECTED, row.reason))
            return None
        return row
