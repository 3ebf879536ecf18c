"""Removes what the source no longer has, if the guards allow it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from medusa_sync.core.ids import source_id_of
from medusa_sync.core.result import Outcome, Result
from medusa_sync.core.stored import StoredProduct
from medusa_sync.errors import (
    AmbiguousWriteError,
    ProductFailedError,
    PruneGuardError,
    SourceError,
    StoreRefusedError,
)
from medusa_sync.retry import retry
from medusa_sync.stop import InFlight
from medusa_sync.sync.batch import FIRST, in_halves, parts
from medusa_sync.sync.context import Context
from medusa_sync.sync.remove.orphans import LISTED, Orphans, check_removals
from medusa_sync.sync.remove.variants import DroppedVariants, Removal, find_removals, removal_outcome

if TYPE_CHECKING:
    from medusa_sync.sync.remove.second_reading import SecondReading

T = TypeVar("T")

_PRODUCTS_AT_ONCE = 50  # of which variants are removed
_REFUSALS = (StoreRefusedError, AmbiguousWriteError, ProductFailedError)


class Missing(Struct, frozen=True):
    """What the source no longer has, and may be removed."""

    orphans: Sequence[StoredProduct] = ()
    variants: Sequence[Removal] = ()


class Removals:
    """The removals at the end of a run."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._api = context.api
        self._delivery = context.delivery
        self._scan = context.scan
        self._options = context.options
        self._ledger = context.ledger
        self._stop = context.stop
        self._orphans = Orphans(context)
        self._found: Sequence[StoredProduct] | None = None  # orphans
        self._refusal: PruneGuardError | SourceError | None = None
        self._second: SecondReading | None = None
        self._has_begun = False

    @property
    def upper_bound(self) -> int:
        """More products than this are not removed, and do not lose variants."""
        missing = sum(source_id not in self._delivery for source_id in self._scan.owned)
        return missing + len(self._scan.dropped)

    @property
    def notes(self) -> Iterator[str]:
        """What the result says about products that are kept."""
        if self._has_begun and (kept := self._context.unrecorded):
            named, more = ", ".join(kept[:LISTED]), len(kept) - LISTED
            yield (
                f"Not removed, although the source does not have them: {named}"
                f"{f' and {more} more' if more > 0 else ''}. They have an external id of this source, but no "
                "record of medusa-sync, so someone else may have created them. Remove them in the admin if "
                "you do not need them."
            )
        if self._second is not None:
            yield self._second.note

    def will_delete(self, external_id: str) -> bool:
        """Whether a product will be deleted, unless a guard prevents it; call it once the source was read."""
        source_id = source_id_of(self._options.source_name, external_id)
        is_ours = source_id in self._scan.source_ids and source_id not in self._scan.unrecorded
        is_complete = self._delivery.error is None and not self._ledger.unidentified
        return self._context.deletes and is_complete and is_ours and source_id not in self._delivery

    async def forecast(self, context: Context) -> list[Outcome]:
        """Predict the removals; empty if a guard refuses them, which `execute` raises.

        The ledger of the forecast has the outcomes that stale products will get.
        """
        try:
            return await self._plan({**self._ledger.watched, **context.ledger.watched}, context)
        except (PruneGuardError, SourceError) as error:
            self._refusal = error
            return []

    async def execute(self) -> None:
        """Remove everything, or report what would be removed.

        Raises:
            PruneGuardError: too much is missing.
            SourceError: the source is down, or its second reading failed.
            StoreError: the store is unavailable.
        """
        self._has_begun = True
        if self._refusal is not None:
            raise self._refusal
        if self._options.dry_run:
            for outcome in await self._plan(self._ledger.watched, self._context):
                is_product = outcome.result is Result.REMOVED
                (self._ledger.remove if is_product else self._ledger.revise)(outcome)
            return
        missing = await self._find(self._ledger.watched)
        await self._in_parts(
            missing.orphans, self._orphans.remove, self._orphans.fail, self._options.batch_size or FIRST
        )
        variants = DroppedVariants(self._context, await self._location_id(missing))
        await self._in_parts(missing.variants, variants.remove, variants.fail, _PRODUCTS_AT_ONCE)

    async def _in_parts(
        self,
        things: Sequence[T],
        remove: Callable[[Sequence[T]], Awaitable[None]],
        failed: Callable[[T, Exception], None],
        size: int,
    ) -> None:
        """Remove things, some in each call; once the run is stopped, the part that has begun is completed."""
        attempts = self._options.max_retries + 1

        async def once_more(part: Sequence[T]) -> None:
            try:
                await retry(
                    lambda _: remove(part), on=AmbiguousWriteError, attempts=attempts, stop=self._stop
                )
            except _REFUSALS as error:
                if self._stop.reason is not None:
                    raise self._stop.reason from error
                raise

        in_flight = InFlight(self._stop)
        for part in parts(things, size):
            if self._stop.is_set:
                return
            in_flight.begin(in_halves(part, once_more, failed, _REFUSALS))
            await in_flight.finish()

    async def _plan(self, dropped: Mapping[str, Collection[str] | None], context: Context) -> list[Outcome]:
        """The outcomes of what would be removed; the context gets what would be deleted."""
        missing = await self._find(dropped, is_plan=True)
        if context.deletes:
            context.removed_products |= {each.external_id or "" for each in missing.orphans}
            context.removed_variants |= {own for removal in missing.variants for own in removal.ids}
        location_id = await self._location_id(missing)
        lost = (removal_outcome(each, self._options.on_missing, location_id) for each in missing.variants)
        return [*map(self._orphans.outcome, missing.orphans), *(each for each in lost if each is not None)]

    async def _location_id(self, missing: Missing) -> str:
        """Where dropped variants have stock."""
        return ((await self._context.find_placement()).location_id if missing.variants else None) or ""

    async def _find(self, dropped: Mapping[str, Collection[str] | None], *, is_plan: bool = False) -> Missing:
        """Find what is missing, and check the limit; see `find_removals` for the arguments."""
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
