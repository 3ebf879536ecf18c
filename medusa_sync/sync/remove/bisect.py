"""Removes many things in few calls, and bisects what the store refuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from medusa_sync.errors import AmbiguousWriteError, ProductFailedError, StoreRefusedError
from medusa_sync.retry import retry
from medusa_sync.stop import InFlight, Stop
from medusa_sync.sync.batch import halves, parts

T = TypeVar("T")


async def remove_in_parts(
    things: Sequence[T],
    remove: Callable[[Sequence[T]], Awaitable[None]],
    failed: Callable[[T, Exception], None],
    *,
    size: int,
    attempts: int,
    stop: Stop,
) -> None:
    """Remove things. One that fails does not affect the others.

    Args:
        things: what to remove.
        remove: removes some of them. It may be called again for those that it has removed already.
        failed: called with each one that is not removed.
        size: of a part.
        attempts: for a part; the next one follows if a response was lost.
        stop: nothing more is removed once it is set; a part that has begun is completed.

    Raises:
        StoreError: the store is unavailable.
    """

    async def bisected(part: Sequence[T]) -> None:
        try:
            await retry(lambda _: remove(part), on=AmbiguousWriteError, attempts=attempts, stop=stop)
        except (StoreRefusedError, AmbiguousWriteError, ProductFailedError) as error:
            if stop.is_set:
                raise
            if len(part) == 1:
                failed(part[0], error)
                return
            for half in halves(part):
                await bisected(half)

    in_flight = InFlight(stop)
    for part in parts(things, size):
        if stop.is_set:
            return
        in_flight.begin(bisected(part))
        await in_flight.finish()
