"""Writes what is removed, marked or unmarked, some products in each call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from medusa_sync.core.stored import StoredProduct
from medusa_sync.errors import AmbiguousWriteError, ProductFailedError, StoreRefusedError
from medusa_sync.medusa.bisect import in_halves, parts
from medusa_sync.retry import retry
from medusa_sync.stop import InFlight
from medusa_sync.sync.context import Context

_REFUSALS = (StoreRefusedError, AmbiguousWriteError, ProductFailedError)


async def write_in_parts(
    context: Context,
    products: Sequence[StoredProduct],
    size: int,
    write: Callable[[Sequence[StoredProduct]], Awaitable[None]],
    fail: Callable[[StoredProduct, Exception], None],
) -> None:
    """Write products; a part that has begun is completed on a stop.

    Args:
        context: of the run.
        products: to write.
        size: how many a call has.
        write: writes those that the store still has; it may be called again for those that it has written.
        fail: is called with each product that the store refuses.

    Raises:
        StoreError: the store is unavailable.
    """
    stop, attempts = context.stop, context.settings.max_retries + 1

    async def write_left(part: Sequence[StoredProduct]) -> None:
        try:
            await write(part)
        except StoreRefusedError as error:
            if error.kind != "not_found":
                raise
            await write(part)  # without what has gone since it was read

    async def send(part: Sequence[StoredProduct]) -> None:
        try:
            await retry(lambda _: write_left(part), on=AmbiguousWriteError, attempts=attempts, stop=stop)
        except _REFUSALS as error:
            if stop.reason is not None:
                raise stop.reason from error
            raise

    in_flight = InFlight(stop)
    for part in parts(products, size):
        if stop.is_set:
            return
        in_flight.begin(in_halves(part, send, fail, _REFUSALS))
        await in_flight.finish()
