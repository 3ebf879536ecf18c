"""Removes the products of this source that the source no longer has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from msgspec import structs

from medusa_sync.core.change import FieldChange
from medusa_sync.core.fields import STATUS
from medusa_sync.core.policy import OnMissing
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.core.stored import ListedProduct, StoredProduct, Unreadable
from medusa_sync.errors import (
    AmbiguousWriteError,
    ProductFailedError,
    StoreRefusedError,
)
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import record_body
from medusa_sync.retry import retry
from medusa_sync.stop import InFlight, Stop
from medusa_sync.sync.batch import halves
from medusa_sync.sync.batch_size import FIRST
from medusa_sync.sync.options import SyncOptions
from medusa_sync.sync.prune_guard import guard_error
from medusa_sync.sync.read.scan import Scan
from medusa_sync.sync.read.source import Delivery
from medusa_sync.sync.remove.deletion import delete_noted, why_kept

_ASKED_AT_ONCE = 4


class Pruner:
    """The last step of a run, if the source was complete.

    Args:
        api: of the store.
        delivery: what the source has delivered.
        scan: of the store before the run.
        options: of the run.
        settle: called with the outcome of each orphan.
        stop: no further batch starts once it is set.
    """

    def __init__(
        self,
        api: AdminApi,
        delivery: Delivery,
        scan: Scan,
        options: SyncOptions,
        *,
        settle: Callable[[Outcome], None],
        stop: Stop,
    ) -> None:
        self._api = api
        self._delivery = delivery
        self._scan = scan
        self._options = options
        self._settle = settle
        self._stop = stop

    async def find(self) -> list[ListedProduct]:
        """Find the orphans. If the source answers for single products, those that it has are left out.

        Raises:
            PruneGuardError: too many products are missing.
            SourceError: the source is down.
            StoreError: the store cannot be read.
        """
        orphans = await self._orphans()
        if not orphans:
            return []
        if not any(source_id in self._delivery for source_id in self._scan.owned):
            what = f"The source delivered none of its {self._scan.owned_size} products in the store."
            hint = "Check the source. If it is no longer used, remove its products in the admin."
            raise guard_error(what, _names(orphans), hint)
        if not await self._delivery.answers():
            return orphans
        self.guard(orphans)  # before the source is asked about each of them
        return await self._gone(orphans)

    async def execute(self, gone: Sequence[ListedProduct]) -> None:
        """Remove orphans.

        Raises:
            StoreError: the store is unavailable.
        """
        size = self._options.batch_size or FIRST
        in_flight = InFlight(self._stop)
        for start in range(0, len(gone), size):
            if self._stop.is_set:
                return
            batch = gone[start : start + size]
            if self._options.dry_run:
                self._settle_removed(batch)
            else:
                in_flight.begin(self._remove(batch))
                await in_flight.finish()

    async def _orphans(self) -> list[ListedProduct]:
        """The products that the source did not deliver, without those that were already drafted."""
        name = self._options.source_name
        missing = [f"{name}:{source_id}" for source_id in self._scan.owned if source_id not in self._delivery]
        orphans = []
        for stored in await self._api.listed(missing):
            if isinstance(stored, Unreadable):
                self._settle(Outcome(stored.external_id, "", Result.FAILED, f"not removed: {stored.reason}"))
            elif stored.record is None:  # a copy that the merchant may have created
                continue
            elif self._options.on_missing == OnMissing.DELETE or stored.status == "published":
                orphans.append(stored)
        return orphans

    def _source_id(self, stored: ListedProduct) -> str:
        return (stored.external_id or "").removeprefix(f"{self._options.source_name}:")

    def guard(self, orphans: Sequence[ListedProduct]) -> None:
        """Check that not too many products are removed.

        Raises:
            PruneGuardError: they are too many.
        """
        missing, before = len(orphans), self._scan.owned_size
        allowed = self._options.max_removals
        if not allowed.allows(missing, before):
            what = f"{missing} of {before} products are missing at the source; --max-removals is {allowed}."
            raise guard_error(what, _names(orphans))

    async def _gone(self, orphans: Sequence[ListedProduct]) -> list[ListedProduct]:
        """The orphans that the source does not have: paging by offset can skip a product that exists."""
        slots = asyncio.Semaphore(_ASKED_AT_ONCE)

        async def is_gone(stored: ListedProduct) -> bool:
            async with slots:
                return not await self._delivery.has(self._source_id(stored))

        gone = await asyncio.gather(*map(is_gone, orphans))
        return [stored for stored, is_it in zip(orphans, gone, strict=True) if is_it]

    async def _remove(self, products: Sequence[ListedProduct]) -> None:
        """Remove a batch; bisect it if it fails."""
        rest = products

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
            for part in halves(products):
                await self._remove(part)
        else:
            self._settle_removed(products)

    async def _write(self, products: Sequence[ListedProduct]) -> None:
        if not products:
            return
        ids = [stored.id for stored in products]
        if self._options.on_missing == OnMissing.DELETE:
            for reason in (await delete_noted(self._api, ids)).values():
                raise ProductFailedError(reason)
            return
        bodies = []
        for stored in await self._api.summaries(ids):
            if isinstance(stored, Unreadable) or stored.record is None:
                raise ProductFailedError(why_kept(stored))
            record = structs.replace(stored.record, drafted=True)  # by this tool, not by the merchant
            bodies.append({**record_body(stored.id, record), STATUS: "draft"})
        await self._api.edit_products(bodies)

    async def _still_there(self, products: Sequence[ListedProduct]) -> list[ListedProduct]:
        """The products that a write with an unknown result has not removed."""
        drafting = self._options.on_missing == OnMissing.DRAFT
        left = {
            stored.id
            for stored in await self._api.details("id", [product.id for product in products])
            if not (drafting and isinstance(stored, StoredProduct) and stored.status == "draft")
        }
        return [product for product in products if product.id in left]

    def outcome(self, stored: ListedProduct) -> Outcome:
        """The outcome of an orphan that is removed."""
        drafting = self._options.on_missing == OnMissing.DRAFT
        return Outcome(
            stored.external_id,
            stored.title,
            Result.REMOVED,
            changes=(FieldChange(STATUS, stored.status, "draft"),) if drafting else (),
            action=Action.DRAFT if drafting else Action.DELETE,
        )

    def _settle_removed(self, products: Sequence[ListedProduct]) -> None:
        for stored in products:
            self._settle(self.outcome(stored))


def _names(products: Sequence[ListedProduct]) -> list[str]:
    return [f"{stored.external_id} {stored.title!r}" for stored in products]
