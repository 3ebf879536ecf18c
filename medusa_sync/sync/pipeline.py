"""Planned changes -> batches -> the store, a few at a time, while the next products are planned."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from medusa_sync.errors import MedusaSyncError
from medusa_sync.models import Change, Outcome
from medusa_sync.stop import Stop
from medusa_sync.sync.applier import Applier
from medusa_sync.sync.inflight import InFlight


class Pipeline:
    """Takes what is planned, in the order of the source.

    Args:
        applier: gives the applier; asked for when there is something to apply.
        batch_size: products a batch.
        concurrency: batches at the same time.
        settle: called with the outcome of every product for which there is nothing to do.
        stop: set when the store went away; nothing new begins once it is set.
    """

    def __init__(
        self,
        applier: Callable[[], Applier],
        *,
        batch_size: int,
        concurrency: int,
        settle: Callable[[Outcome], None],
        stop: Stop,
    ) -> None:
        self._applier = applier
        self._batch_size = batch_size
        self._settle = settle
        self._stop = stop
        self._changes: list[Change] = []
        self._slots = asyncio.Semaphore(concurrency)
        self._in_flight = InFlight(stop)

    async def take(self, planned: Iterable[Change | Outcome]) -> None:
        """Settle what needs nothing, and begin every batch that is full; waits while all slots are taken."""
        for entry in planned:
            if isinstance(entry, Outcome):
                self._settle(entry)
            else:
                self._changes.append(entry)
        while len(self._changes) >= self._batch_size:
            await self._begin()

    async def flush(self) -> None:
        """Begin the last batch, which is not full."""
        if self._changes:
            await self._begin()

    async def finish(self) -> None:
        """Wait for the batches in flight."""
        await self._in_flight.finish()

    async def _begin(self) -> None:
        batch = self._changes[: self._batch_size]
        del self._changes[: self._batch_size]
        await self._slots.acquire()
        if self._stop.is_set:
            self._slots.release()
            return
        self._in_flight.begin(self._apply(batch))

    async def _apply(self, batch: Sequence[Change]) -> None:
        try:
            await self._applier().apply(batch)
        except MedusaSyncError as error:
            self._stop.set(error)
        finally:
            self._slots.release()
