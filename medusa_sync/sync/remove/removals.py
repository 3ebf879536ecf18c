"""Removes what the source no longer has, if the guards allow it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from medusa_sync.core.change import Update
from medusa_sync.core.result import Outcome
from medusa_sync.core.stored import ListedProduct
from medusa_sync.errors import PruneGuardError, SourceError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.placement import Placement
from medusa_sync.stop import Stop
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.options import SyncOptions
from medusa_sync.sync.read.scan import Scan
from medusa_sync.sync.read.source import Delivery
from medusa_sync.sync.remove.dropped import Removal, check_removals, removal_of, removal_outcome
from medusa_sync.sync.remove.orphans import Pruner
from medusa_sync.sync.remove.variants import VariantPruner, find_removals

if TYPE_CHECKING:
    from medusa_sync.sync.remove.second_reading import SecondReading


class Removals:
    """The orphans and dropped variants of a run.

    Args:
        api: of the store.
        delivery: what the source has delivered.
        scan: of the store before the run.
        options: of the run.
        ledger: notified of what is removed.
        placement: finds the placement of the store, if it is needed.
        stop: nothing more is removed once it is set.
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
        self._scan = scan
        self._delivery = delivery
        self._options = options
        self._ledger = ledger
        self._placement = placement
        self._pruner = Pruner(api, delivery, scan, options, settle=ledger.remove, stop=stop)
        self._api = api
        self._stop = stop
        self._previewed: dict[str, Removal | None] = {}  # variants that updates drop, by external id
        self._orphans: Sequence[ListedProduct] | None = None
        self._refusal: PruneGuardError | SourceError | None = None
        self._second: SecondReading | None = None

    def preview(self, update: Update) -> None:
        """Remember the variants that a dry run would remove after an update."""
        self._previewed[update.desired.external_id] = self.after(update)

    def after(self, update: Update) -> Removal | None:
        """The variants to remove after an update."""
        return removal_of(update, self._options.on_missing)

    @property
    def upper_bound(self) -> int:
        """More products than this are not removed, and do not lose variants."""
        missing = sum(source_id not in self._delivery for source_id in self._scan.owned)
        return missing + len(self._scan.dropped)

    @property
    def unrecorded(self) -> list[str]:
        """External ids of products that the source did not deliver, and that are kept without a record."""
        name = self._options.source_name
        return [f"{name}:{own}" for own in sorted(self._scan.unrecorded) if own not in self._delivery]

    async def forecast(self, dropped: Mapping[str, Removal | None], planned: Ledger) -> list[Outcome]:
        """Predict the removals; empty if a guard will refuse them.

        Args:
            dropped: the variants that updates drop, by external id of their product.
            planned: has the outcomes that stale products will get.

        Raises:
            StoreError: the store cannot be read.
        """
        try:
            orphans, removals = await self._find(dropped, {**self._ledger.watched, **planned.watched})
        except (PruneGuardError, SourceError):
            return []  # `execute` raises it again
        location_id = await self._location_id() if removals else ""
        on_missing = self._options.on_missing
        lost = (removal_outcome(each, each.variants, on_missing, location_id) for each in removals)
        return [*map(self._pruner.outcome, orphans), *(each for each in lost if each is not None)]

    async def execute(self) -> None:
        """Remove everything.

        Raises:
            PruneGuardError: too much is missing.
            SourceError: the source is down, or its second reading failed.
            StoreError: the store is unavailable.
        """
        orphans, removals = await self._find(self._previewed, self._ledger.watched)
        await self._pruner.execute(orphans)
        if removals:
            ledger, location_id = self._ledger, await self._location_id()
            variants = VariantPruner(
                self._api,
                self._options,
                location_id,
                revise=ledger.revise,
                fail=ledger.remove,
                stop=self._stop,
            )
            await variants.execute(removals)

    @property
    def note(self) -> str:
        """What the result says about a second reading of the source; empty if there was none."""
        return "" if self._second is None else self._second.note

    async def _location_id(self) -> str:
        return (await self._placement()).location_id or ""

    async def _find(
        self, dropped: Mapping[str, Removal | None], watched: Mapping[str, Collection[str] | None]
    ) -> tuple[Sequence[ListedProduct], list[Removal]]:
        if self._ledger.unidentified:  # those rows may be of products that only look missing
            return [], []
        orphans = await self._find_orphans()
        removals: list[Removal] = []
        if self._options.plan.selection.has_variants:  # otherwise dropped ones may be back at the source
            in_sync = {own: keys for own, keys in watched.items() if own not in self._ledger.partial}
            removals += [each for own, each in dropped.items() if each is not None and own in in_sync]
            others = {own: keys for own, keys in in_sync.items() if own not in dropped}
            removals += await find_removals(self._api, others, self._options.on_missing)
        loses = orphans or any(removal.variants for removal in removals)
        if loses and not await self._delivery.can_tell():
            second = await self._read_again(orphans, removals)
            orphans, removals = second.missing(orphans), second.dropped(removals)
        self._pruner.guard(orphans)
        check_removals(removals, self._scan.variants, self._options.max_removals)
        return orphans, removals

    async def _read_again(
        self, orphans: Sequence[ListedProduct], removals: Sequence[Removal]
    ) -> SecondReading:
        """Read the source again, unless a forecast has done so."""
        if self._second is None or not self._second.covers(orphans, removals):
            from medusa_sync.sync.remove.second_reading import SecondReading  # only few runs need it

            second = SecondReading(orphans, removals)
            try:
                await second.read(self._delivery.again())
            except SourceError as error:
                self._refusal = error
                raise
            self._second = second
        return self._second

    async def _find_orphans(self) -> Sequence[ListedProduct]:
        """Find the orphans once: the source may be asked about each of them."""
        if self._orphans is None and self._refusal is None:
            try:
                self._orphans = await self._pruner.find()
            except (PruneGuardError, SourceError) as error:
                self._refusal = error
        if self._refusal is not None:
            raise self._refusal
        return self._orphans or ()
