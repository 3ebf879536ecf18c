"""Forms batches of stale products and applies a few of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from time import monotonic

from medusa_sync.errors import MedusaSyncError
from medusa_sync.stop import InFlight, Stop
from medusa_sync.sync.applier import Applier
from medusa_sync.sync.batch_size import BatchSize
from medusa_sync.sync.read.compare import Stale


class Pipeline:
    """Takes stale products in the order of the source.

    Args:
        applier: takes the batches.
        batch_size: of the batches; it learns from their results.
        concurrency: batches at the same time.
        stop: set if the store is unavailable; nothing new starts once it is set.
    """

    def __init__(
        self,
        applier: Applier,
        *,
        batch_size: BatchSize,
        concurrency: int,
        stop: Stop,
    ) -> None:
        self._applier = applier
        self._batch_size = batch_size
        self._stop = stop
        self._waiting: list[Stale] = []
        self._slots = asyncio.Semaphore(concurrency)
        self._in_flight = InFlight(stop)

    async def take(self, products: Iterable[Stale]) -> None:
        """Start every full batch; wait while all slots are taken."""
        self._waiting += products
        while len(self._waiting) >= self._batch_size.current:
            await self._start()

    async def flush(self) -> None:
        """Start the last batch, even if it is not full."""
        while self._waiting:
            await self._start()

    async def finish(self) -> None:
        """Wait for the batches in progress, and acknowledge what they wrote."""
        try:
            await self._in_flight.finish()
        finally:
            self._in_flight.begin(self._guarded(self._applier.finish()))
            await self._in_flight.finish()

    async def _start(self) -> None:
        await self._slots.acquire()
        size = self._batch_size.current  # a batch that has just ended may have changed it
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        if self._stop.is_set:
            self._slots.release()
            return
        self._in_flight.begin(self._apply(batch))

    async def _apply(self, batch: Sequence[Stale]) -> None:
        began = monotonic()

        async def apply() -> None:
            succeeded = await self._applier.apply(batch)
            self._batch_size.measured(len(batch), monotonic() - began, has_failed=not succeeded)

        try:
            await self._guarded(apply())
        finally:
            self._slots.release()

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except MedusaSyncError as error:
            self._stop.set(error)
