"""Removes what the source no longer has: opt-in, guarded, and only ever what this source created."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from msgspec import Struct, structs

from medusa_sync.core.change import FieldChange
from medusa_sync.core.policy import OnMissing, Share
from medusa_sync.core.record import Record, parse_record
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.core.stored import ListedProduct, StoredProduct, Unreadable
from medusa_sync.errors import (
    AmbiguousWriteError,
    ProductFailedError,
    PruneGuardError,
    SourceError,
    StoreRefusedError,
)
from medusa_sync.http import retry
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import record_body
from medusa_sync.sources.dummyjson import Source
from medusa_sync.stop import Stop
from medusa_sync.sync.inflight import InFlight

logger = logging.getLogger(__name__)

_LISTED = 10  # products that the guard names
_ASKED_AT_ONCE = 4


class PruneOptions(Struct, frozen=True):
    """What may be removed and how.

    Attributes:
        prefix: of the external ids that this source has given.
        max_removals: how many at the most.
        batch_size: products a request.
        max_retries: how many times a batch whose end is unknown is looked up and sent again.
        gained: products that this run has brought into the store; the guards are about those before them.
    """

    prefix: str
    on_missing: OnMissing
    max_removals: Share
    batch_size: int
    max_retries: int
    dry_run: bool
    gained: int


class Pruner:
    """Comes last in a run whose source was read completely.

    Args:
        api: of the store.
        source: that was read.
        options: what may be removed.
        settle: called with the outcome of every product that was removed or could not be.
        stop: nothing new begins once it is set.
    """

    def __init__(
        self,
        api: AdminApi,
        source: Source,
        options: PruneOptions,
        *,
        settle: Callable[[Outcome], None],
        stop: Stop,
    ) -> None:
        self._api = api
        self._source = source
        self._options = options
        self._settle = settle
        self._stop = stop

    async def execute(self) -> None:
        """Find what is missing at the source, make sure of it, and remove it.

        Raises:
            PruneGuardError: too much is missing; nothing was removed.
            SourceError: the source cannot say whether a product is gone.
            StoreError: the store cannot be asked.
        """
        missing = await self._missing()
        if not missing:
            return
        gone = await self._confirmed(missing)
        size = self._options.batch_size
        in_flight = InFlight(self._stop)
        for start in range(0, len(gone), size):
            if self._stop.is_set:
                return
            part = gone[start : start + size]
            if self._options.dry_run:
                self._settle_all(part)
            else:
                in_flight.begin(self._remove(part))
                await in_flight.finish()

    async def _missing(self) -> list[ListedProduct]:
        """Products of this source that the source did not deliver and that are still on the shelf."""
        missing, owned = [], 0
        delivered: list[int] = []
        async for page in self._api.scan():
            for stored in page:
                source_id = self._source_id(stored)
                if source_id is None:
                    continue
                owned += 1
                if self._source.has_delivered(source_id):
                    delivered.append(source_id)
                elif self._options.on_missing == OnMissing.DELETE or stored.status == "published":
                    missing.append(stored)
        owned -= self._options.gained
        is_empty = len(delivered) <= self._options.gained
        if missing and (is_empty or not self._options.max_removals.allows(len(missing), owned)):
            raise self._guard(missing, owned, is_empty=is_empty)
        if missing and not await self._source.has(delivered[0]):
            raise SourceError(
                f"The source says that it has no product {delivered[0]}, which it has just delivered",
                hint="Nothing was removed: its answers by id cannot be relied on.",
            )
        return missing

    def _source_id(self, stored: ListedProduct) -> int | None:
        own, _, number = (stored.external_id or "").rpartition(":")
        return int(number) if own == self._options.prefix and number.isdecimal() else None

    def _guard(self, missing: Sequence[ListedProduct], owned: int, *, is_empty: bool) -> PruneGuardError:
        names = [f"  {stored.external_id} {stored.title!r}" for stored in missing[:_LISTED]]
        if len(missing) > _LISTED:
            names.append(f"  ... and {len(missing) - _LISTED} more")
        if is_empty:
            what = f"The source delivered none of the {owned} products that the store has of it."
            hint = "Check the source. To give it up for good, remove its products in the admin."
        else:
            allowed = self._options.max_removals
            what = (
                f"{len(missing)} of {owned} products are missing at the source; --max-removals is {allowed}."
            )
            hint = (
                "If they are really gone, run once with a higher --max-removals (SYNC_PRODUCTS_MAX_REMOVALS)."
            )
        return PruneGuardError("\n".join([f"{what} Nothing was removed.", *names]), hint=hint)

    async def _confirmed(self, missing: Sequence[ListedProduct]) -> list[ListedProduct]:
        """Those that the source says it does not have: paging by offset can skip a product that is there."""
        slots = asyncio.Semaphore(_ASKED_AT_ONCE)

        async def is_gone(stored: ListedProduct) -> bool:
            source_id = self._source_id(stored)
            async with slots:
                return source_id is not None and not await self._source.has(source_id)

        answers = await asyncio.gather(*(is_gone(stored) for stored in missing))
        return [stored for stored, gone in zip(missing, answers, strict=True) if gone]

    async def _remove(self, products: Sequence[ListedProduct]) -> None:
        """Remove a batch; one that is refused is halved until the culprit stands alone."""
        rest = list(products)

        async def remove(attempt: int) -> None:
            nonlocal rest
            if attempt > 1:
                rest = await self._still_there(rest)
            await self._write(rest)

        try:
            attempts = self._options.max_retries + 1
            await retry(remove, on=AmbiguousWriteError, attempts=attempts, stop=self._stop)
        except (StoreRefusedError, AmbiguousWriteError, ProductFailedError) as error:
            if self._stop.is_set:
                raise
            if len(products) == 1:
                reason = f"not removed: {error}"
                self._settle(Outcome(products[0].external_id, products[0].title, Result.FAILED, reason))
                return
            half = len(products) // 2
            for part in (products[:half], products[half:]):
                await self._remove(part)
        else:
            self._settle_all(products)

    async def _write(self, products: Sequence[ListedProduct]) -> None:
        if not products:
            return
        ids = [stored.id for stored in products]
        if self._options.on_missing == OnMissing.DELETE:
            await self._api.delete_products(ids)
            return
        bodies = []
        for stored in await self._api.details("id", ids):
            if isinstance(stored, Unreadable):
                raise ProductFailedError(stored.reason)
            bodies.append({**record_body(stored.id, _as_drafted(stored)), "status": "draft"})
        await self._api.update_products(bodies)

    async def _still_there(self, products: Sequence[ListedProduct]) -> list[ListedProduct]:
        found = await self._api.details("id", [product.id for product in products])
        removed_by_draft = {
            stored.id
            for stored in found
            if self._options.on_missing == OnMissing.DRAFT
            and isinstance(stored, StoredProduct)
            and stored.status == "draft"
        }
        left = {stored.id for stored in found} - removed_by_draft
        return [product for product in products if product.id in left]

    def _settle_all(self, products: Sequence[ListedProduct]) -> None:
        drafting = self._options.on_missing == OnMissing.DRAFT
        for stored in products:
            outcome = Outcome(
                stored.external_id,
                stored.title,
                Result.REMOVED,
                changes=(FieldChange("status", stored.status, "draft"),) if drafting else (),
                action=Action.DRAFT if drafting else Action.DELETE,
            )
            self._settle(outcome)


def _as_drafted(stored: StoredProduct) -> Record:
    """The record as it is, with the word that it was this tool that took the product off the shelf."""
    return structs.replace(parse_record(stored.metadata) or Record(fields={}), drafted=True)
