"""Removes what the source no longer has, if the guards allow it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from medusa_sync.core.claims import Removed
from medusa_sync.core.ids import source_id_of
from medusa_sync.core.policy import OnMissing
from medusa_sync.core.result import Outcome, Result
from medusa_sync.core.stored import StoredProduct
from medusa_sync.errors import PruneGuardError, SourceError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.placement import Placement
from medusa_sync.stop import Stop
from medusa_sync.sync.batch_size import FIRST
from medusa_sync.sync.guards import check_removals
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.options import SyncOptions
from medusa_sync.sync.read.scan import Scan
from medusa_sync.sync.read.source import Delivery
from medusa_sync.sync.remove.bisect import remove_in_parts
from medusa_sync.sync.remove.orphans import Orphans
from medusa_sync.sync.remove.variants import DroppedVariants, Removal, find_removals, removal_outcome

if TYPE_CHECKING:
    from medusa_sync.sync.remove.second_reading import SecondReading

_PRODUCTS_AT_ONCE = 50  # of which variants are removed


class Missing(Struct, frozen=True):
    """What the source no longer has, and may be removed."""

    orphans: Sequence[StoredProduct] = ()
    variants: Sequence[Removal] = ()


class Removals:
    """The removals at the end of a run.

    Args:
        api: of the store.
        delivery: what the source has delivered.
        scan: of the store before the run.
        options: of the run.
        ledger: notified of what is removed.
        placement: finds the placement of the store, if it is needed.
        stop: nothing more is removed once it is set.

    Attributes:
        removed: what `execute` removes in a dry run.
    """

    def __init__(
        self,
        api: AdminApi,
        delivery: Delivery,
        scan: Scan,
        options: SyncOptions,
        ledger: Ledger,
        placement: Callable[[], Awaitable[Placement]],
        stop: Stop,
    ) -> None:
        self.removed = Removed()
        self._api = api
        self._delivery = delivery
        self._scan = scan
        self._options = options
        self._ledger = ledger
        self._placement = placement
        self._stop = stop
        self._orphans = Orphans(api, delivery, scan, options, ledger.remove)
        self._found: Sequence[StoredProduct] | None = None  # orphans
        self._refusal: PruneGuardError | SourceError | None = None
        self._second: SecondReading | None = None

    @property
    def upper_bound(self) -> int:
        """More products than this are not removed, and do not lose variants."""
        missing = sum(source_id not in self._delivery for source_id in self._scan.owned)
        return missing + len(self._scan.dropped)

    @property
    def note(self) -> str:
        """What the result says about a second reading of the source; empty if there was none."""
        return "" if self._second is None else self._second.note

    def will_delete(self, external_id: str) -> bool:
        """Whether a product will be deleted, unless a guard prevents it; call it once the source was read."""
        source_id = source_id_of(self._options.source_name, external_id)
        is_ours = source_id in self._scan.source_ids and source_id not in self._scan.unrecorded
        is_complete = self._delivery.error is None and not self._ledger.unidentified
        deletes = self._options.on_missing is OnMissing.DELETE and is_complete
        return deletes and is_ours and source_id not in self._delivery

    async def forecast(self, planned: Ledger, removed: Removed) -> list[Outcome]:
        """Predict the removals; empty if a guard refuses them.

        Args:
            planned: has the outcomes that stale products will get.
            removed: gets what is deleted.

        Raises:
            StoreError: the store cannot be read.
        """
        try:
            missing = await self._find({**self._ledger.watched, **planned.watched}, is_plan=True)
        except (PruneGuardError, SourceError) as error:
            self._refusal = error  # `execute` raises it
            return []
        if self._options.on_missing is OnMissing.DELETE:
            self._note(missing, removed)
        return self._outcomes(missing, await self._location_id(missing))

    async def execute(self) -> None:
        """Remove everything, or report what would be removed.

        Raises:
            PruneGuardError: too much is missing.
            SourceError: the source is down, or its second reading failed.
            StoreError: the store is unavailable.
        """
        if self._refusal is not None:
            raise self._refusal
        options, ledger = self._options, self._ledger
        missing = await self._find(ledger.watched, is_plan=options.dry_run)
        location_id = await self._location_id(missing)
        if options.dry_run:
            if options.on_missing is OnMissing.DELETE:
                self._note(missing, self.removed)
            for outcome in self._outcomes(missing, location_id):
                (ledger.remove if outcome.result is Result.REMOVED else ledger.revise)(outcome)
            return
        orphans, variants = self._orphans, DroppedVariants(self._api, options.on_missing, location_id, ledger)
        in_parts = partial(remove_in_parts, attempts=options.max_retries + 1, stop=self._stop)
        await in_parts(missing.orphans, orphans.remove, orphans.fail, size=options.batch_size or FIRST)
        await in_parts(missing.variants, variants.remove, variants.fail, size=_PRODUCTS_AT_ONCE)

    @staticmethod
    def _note(missing: Missing, removed: Removed) -> None:
        removed.products |= {each.external_id or "" for each in missing.orphans}
        removed.variants |= {own for removal in missing.variants for own in removal.ids}

    def _outcomes(self, missing: Missing, location_id: str) -> list[Outcome]:
        """What the ledger gets if everything is removed."""
        on_missing = self._options.on_missing
        lost = (removal_outcome(each, on_missing, location_id) for each in missing.variants)
        return [*map(self._orphans.outcome, missing.orphans), *(each for each in lost if each is not None)]

    async def _location_id(self, missing: Missing) -> str:
        """Where dropped variants have stock."""
        return ((await self._placement()).location_id if missing.variants else None) or ""

    async def _find(self, dropped: Mapping[str, Collection[str] | None], *, is_plan: bool) -> Missing:
        """Find what is missing, and check the limit.

        Args:
            dropped: ids of variants by external id of their product; None for all that its record says.
            is_plan: the records do not say yet that variants with these ids are dropped.
        """
        if self._ledger.unidentified:  # those rows may be of products that only look missing
            return Missing()
        if self._found is None:  # only once, because the source may be asked about each of them
            self._found = await self._orphans.find()
        options, variants = self._options, list[Removal]()
        if options.plan.selection.has_variants:  # otherwise dropped ones may be back at the source
            in_sync = {own: ids for own, ids in dropped.items() if own not in self._ledger.partial}
            variants = await find_removals(self._api, in_sync, options.on_missing, is_plan=is_plan)
        missing = Missing(self._found, variants)
        loses = missing.orphans or any(removal.variants for removal in missing.variants)
        if loses and not await self._delivery.can_tell():
            from medusa_sync.sync.remove.second_reading import SecondReading  # only few runs need it

            if self._second is None:  # a forecast may have read it
                self._second = await SecondReading.of(missing, self._delivery.again())
            missing = self._second.left(missing)
        self._orphans.check(missing.orphans)
        names = [name for removal in missing.variants for name in removal.names]
        lost = "variants are missing at the source"
        check_removals(lost, names, self._scan.variants, options.max_removals)
        return missing
