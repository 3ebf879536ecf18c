"""Keeps the stale products on disk until it is known whether they may be written."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable

from medusa_sync.spool import Spool
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.read.compare import Stale


class Backlog:
    """All stale products of a run, in the order of the source.

    Args:
        ledger: notified when products are put on disk, and when they are taken up again.

    Attributes:
        stored: how many of them the store has.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.stored = 0
        self._ledger = ledger
        self._parts = Spool[list[Stale]]()
        self._taken = 0

    async def fill(self, parts: AsyncIterable[list[Stale]]) -> None:
        """Read all stale products."""
        async for part in parts:
            self.stored += sum(bool(each.copies) for each in part)
            self._ledger.defer(part)
            self._parts.add(part)

    async def opened_in(self, ledger: Ledger) -> AsyncGenerator[list[Stale], None]:
        """The products, opened in another ledger, a part at a time."""
        for part in self._parts:
            ledger.resume(part)
            yield part

    async def take(self) -> AsyncGenerator[list[Stale], None]:
        """Open the products again, a part at a time."""
        async for part in self.opened_in(self._ledger):
            self._taken += 1
            yield part

    def open_rest(self) -> None:
        """Open those that were not taken: they need an outcome too."""
        for number, part in enumerate(self._parts):
            if number >= self._taken:
                self._ledger.resume(part)
