"""Reads stale products from the store and plans what to do about them."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct, field, structs

from medusa_sync.core.change import Change, Create, Update, Withheld
from medusa_sync.core.fields import FIELDS
from medusa_sync.core.interrupted import (
    is_half_deleted,
    is_in_progress,
    is_incomplete,
    only_awaits_late_write,
)
from medusa_sync.core.merge import as_set, merge_sets
from medusa_sync.core.note import final_record, is_recorded
from medusa_sync.core.plan import plan_update, selection_for, without_stock
from medusa_sync.core.policy import OnDeleted
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.result import Outcome, Result
from medusa_sync.core.selection import ALL, Selection
from medusa_sync.core.stored import StoredProduct, StoredSummary, UnownedProduct, Unreadable, by_external_id
from medusa_sync.core.withheld import without
from medusa_sync.errors import ProductFailedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.sync.adoption import Adoption
from medusa_sync.sync.handles import Handles
from medusa_sync.sync.inventory import item_renames
from medusa_sync.sync.options import PlanOptions
from medusa_sync.sync.read.compare import Stale
from medusa_sync.sync.sales import Sales
from medusa_sync.sync.tombstones import Tombstones

T = TypeVar("T")
C = TypeVar("C", Create, Update, Change)

_DELETED = "it was deleted in the store; --on-deleted recreate creates it again"


class Reading(Struct):
    """What has to be done for some products, according to their details.

    Attributes:
        updates: of products whose fields or records have to be written.
        outcomes: of products that are up to date or fail.
        new: products that the store does not have.
        incomplete: what an interrupted creation or deletion left of some of `new`, by external id.
        in_progress: products that the store may still be working on.
    """

    updates: list[Update] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    new: list[DesiredProduct] = field(default_factory=list)
    incomplete: dict[str, StoredProduct] = field(default_factory=dict)
    in_progress: list[DesiredProduct] = field(default_factory=list)


class Planner:
    """Reads and decides; it never writes.

    Args:
        api: of the store.
        location_id: where stock is kept; None if the store has no location.
        sales: the sale prices of the source.
        options: how to decide.
        may_adopt: the store may have products without an external id.
        removed: ids of variants that a dry run has removed.
    """

    def __init__(
        self,
        api: AdminApi,
        location_id: str | None,
        sales: Sales,
        options: PlanOptions,
        *,
        may_adopt: bool = True,
        removed: Collection[str] = (),
    ) -> None:
        self._api = api
        self._removed = removed
        self._sales = sales
        self._location_id = location_id
        self._options = options
        self._adoption = Adoption(api, may_exist=may_adopt)
        self._handles = Handles(api)
        self._tombstones = Tombstones(api)

    async def look_ahead(
        self, products: Sequence[Stale]
    ) -> tuple[list[DesiredProduct], dict[str, list[str]]]:
        """Prepare stale products: look up the handles of new ones, with one request for all of them.

        Returns:
            Those that will probably be created, and the terms that all add, by field, as far as their records
            show it.

        Raises:
            StoreError: the store cannot be read.
        """
        new = [each for each in products if not each.copies]
        not_created = await self._adoption.matches([each.desired for each in new])
        created = [each for each in new if each.desired.external_id not in not_created]
        created = created if self._options.create else []
        if self._options.on_deleted is OnDeleted.SKIP:
            deleted = await self._tombstones.look_ahead([each.desired for each in created])
            created = [each for each in created if each.desired.external_id not in deleted]
        await self._handles.look_ahead([each.desired for each in created])
        updated = [each for each in products if each.copies] if self._options.update else []
        selection = self._options.selection
        terms = [name for name, field in FIELDS.items() if field.is_term]
        return [each.desired for each in created], {
            name: _added([*created, *(updated if selection.has(name) else ())], name) for name in terms
        }

    async def read(
        self,
        products: Sequence[DesiredProduct],
        *,
        created: Collection[str] = (),
        absent: Collection[str] = (),
        finished: Collection[float] = (),
        waits: bool = True,
    ) -> Reading:
        """Read the details of products and plan updates.

        Args:
            products: what the source wants.
            created: external ids of products that this run has sent to be created.
            absent: external ids of products that a look-up did not find. They are new without another read,
                unless look-ups may lag behind writes.
            finished: times of notes of this run that the store is not working on.
            waits: products that the store may still be working on are in progress.

        Raises:
            StoreError: the store cannot be read.
        """
        reading = Reading()
        left_out = () if self._api.may_lag else absent
        asked = [product.external_id for product in products if product.external_id not in left_out]
        details = by_external_id(await self._with_sales(products, asked))
        for product in products:
            copies = details.get(product.external_id, [])
            try:
                wanted = product if self._location_id else without_stock(product)
                self._sort(wanted, _readable(copies), created, reading, finished, waits=waits)
            except ProductFailedError as error:
                ids = ", ".join(copy.id for copy in copies)
                reading.outcomes.append(Outcome.of(product, Result.FAILED, f"{ids}: {error}"))
        return reading

    async def _with_sales(
        self, products: Sequence[DesiredProduct], asked: Sequence[str]
    ) -> list[StoredProduct | Unreadable]:
        found = await self._api.details("external_id", asked)
        stored = [self._without_removed(each) for each in found if isinstance(each, StoredProduct)]
        unreadable = [each for each in found if isinstance(each, Unreadable)]
        wanted = {product.external_id: product for product in products}
        return [*unreadable, *await self._sales.read(wanted, stored)]

    def _without_removed(self, stored: StoredProduct) -> StoredProduct:
        if not self._removed:
            return stored
        left = (variant for variant in stored.variants if variant.id not in self._removed)
        return structs.replace(stored, variants=tuple(left))

    def _sort(
        self,
        product: DesiredProduct,
        copies: list[StoredProduct],
        created: Collection[str],
        reading: Reading,
        finished: Collection[float],
        *,
        waits: bool,
    ) -> None:
        """Add a product to one part of the reading."""
        if not copies:
            reading.new.append(product)
            return
        stored = copies[0]
        if len(copies) > 1:
            ids = ", ".join(copy.id for copy in copies)
            reason = f"the store holds it {len(copies)} times ({ids}); remove all but one in the admin"
            reading.outcomes.append(Outcome.of(product, Result.FAILED, reason))
            return
        now = time.time()
        may_be_writing = waits and (stored.pending is None or stored.pending.at not in finished)
        is_unfinished = is_incomplete(stored) and product.external_id in created
        if may_be_writing and (is_unfinished or is_in_progress(product, stored, now=now)):
            reading.in_progress.append(product)
        elif is_incomplete(stored) or is_half_deleted(stored):
            reading.incomplete[product.external_id] = stored
            reading.new.append(product)
        else:
            self._update(product, stored, reading)

    async def again(self, updates: Sequence[Update]) -> list[Update]:
        """Read products whose row is written, and plan again what is left; those that are gone are left out.

        Raises:
            StoreError: the store cannot be read.
        """
        found = await self._api.details("id", [update.stored.id for update in updates])
        stored = [each for each in found if isinstance(each, StoredProduct)]
        wanted = {update.desired.external_id: update.desired for update in updates}
        read = {each.id: each for each in await self._sales.read(wanted, stored)}
        return [
            structs.replace(
                self._planned(update.desired, read[update.stored.id], update.selection, adopt=update.adopted),
                withheld=update.withheld,
                blocked=update.blocked,
            )
            for update in updates
            if update.stored.id in read
        ]

    def _planned(
        self, product: DesiredProduct, stored: StoredProduct, selection: Selection, *, adopt: bool = False
    ) -> Update:
        return plan_update(
            product,
            stored,
            location_id=self._location_id,
            on_conflict=self._options.on_conflict,
            overwrite=self._options.overwrite,
            adopt=adopt,
            selection=selection,
            price_limit=self._options.price_limit,
        )

    def without(self, change: C, withheld: Sequence[Withheld]) -> C | Outcome:
        """Plan a change without values that variants do not get; its outcome if nothing is left to write."""
        desired = without(change.desired, withheld)
        if isinstance(change, Create):
            return structs.replace(change, desired=desired, withheld=tuple(withheld))
        planned = self._planned(desired, change.stored, change.selection, adopt=change.adopted)
        update = structs.replace(planned, withheld=tuple(withheld), blocked=change.blocked)
        if update.has_changes or update.conflicts or final_record(update) != change.stored.record:
            return update
        unchanged = Outcome.of(desired, Result.UNCHANGED)
        return structs.replace(unchanged, held=update.held, withheld=update.withheld, blocked=update.blocked)

    def _update(self, product: DesiredProduct, stored: StoredProduct, reading: Reading) -> None:
        selection = selection_for(stored.record, self._options.selection)
        update = self._planned(product, stored, selection)
        is_done = update.is_up_to_date or is_recorded(update)
        may_write = self._options.update or stored.pending is not None
        if update.blocked and not may_write:
            reading.outcomes.append(Outcome.of(product, Result.SKIPPED))
        elif is_done or (only_awaits_late_write(update, now=time.time()) and not item_renames(update)):
            unchanged = Outcome.of(product, Result.UNCHANGED)
            reading.outcomes.append(structs.replace(unchanged, held=update.held, blocked=update.blocked))
        elif not may_write:
            reading.outcomes.append(Outcome.of(product, Result.SKIPPED))
        else:
            reading.updates.append(update)

    async def plan_new(
        self, new: Sequence[DesiredProduct], incomplete: Mapping[str, StoredProduct]
    ) -> list[Change | Outcome]:
        """Plan products that the store does not have under our external id: create, adopt or reject.

        Args:
            new: what the source wants.
            incomplete: what an interrupted creation or deletion has left of some of them, by external id.

        Raises:
            StoreError: the store cannot be read.
        """
        if not new:
            return []
        entries: dict[str, Change | Outcome] = {
            external_id: Create(product, incomplete[external_id].handle, replaces=incomplete[external_id].id)
            for product in new
            if (external_id := product.external_id) in incomplete
        }
        rest = [product for product in new if product.external_id not in entries]
        entries.update(await self._adopted(rest))
        if self._options.create and self._options.on_deleted is OnDeleted.SKIP:
            # The merchant may have replaced a product, and then the replacement looks like one to adopt.
            left = [each for each in rest if not isinstance(entries.get(each.external_id), Update)]
            deleted = await self._tombstones.deleted(left)
            skipped = [each for each in left if each.external_id in deleted]
            entries.update((each.external_id, Outcome.of(each, Result.SKIPPED, _DELETED)) for each in skipped)
        created = [product for product in rest if product.external_id not in entries]
        if not self._options.create:
            entries.update((each.external_id, Outcome.of(each, Result.SKIPPED)) for each in created)
            created = []
        handles, reasons = await self._handles.assign(created)
        entries.update(
            (each.external_id, Outcome.of(each, Result.REJECTED, reasons[each.external_id]))
            for each in created
            if each.external_id in reasons
        )
        entries.update(
            (each.external_id, Create(each, handles[each.external_id]))
            for each in created
            if each.external_id in handles
        )
        return [entries[product.external_id] for product in new]

    async def _adopted(self, new: Sequence[DesiredProduct]) -> dict[str, Change | Outcome]:
        """Plan the products among `new` that the store has without our external id."""
        entries: dict[str, Change | Outcome] = {}
        matches = await self._adoption.matches(new)
        adopted: dict[str, DesiredProduct] = {}
        for product in new:
            found = [each for each in matches.get(product.external_id, []) if each.id not in adopted]
            if len(found) == 1 and self._options.adopt and not self._options.update:
                entries[product.external_id] = Outcome.of(product, Result.SKIPPED)
            elif len(found) == 1 and self._options.adopt:
                adopted[found[0].id] = product
                self._adoption.claim(found[0], product.external_id)
            elif found:
                entries[product.external_id] = _exists_already(product, found)
        for stored in await self._api.details("id", list(adopted)):
            product = adopted[stored.id]
            try:
                [readable] = _readable([stored])
                entries[product.external_id] = self._planned(product, readable, ALL, adopt=True)
            except ProductFailedError as error:
                entries[product.external_id] = Outcome.of(product, Result.FAILED, f"{stored.id}: {error}")
        return entries

    def release(self, external_id: str) -> None:
        """Forget the handle that was chosen for a product; it has its outcome."""
        self._handles.release(external_id)


def _added(products: Sequence[Stale], name: str) -> list[str]:
    """The terms that the source added to a field since products were last written."""
    added: list[str] = []
    for product in products:
        records = [each.record for each in product.copies if isinstance(each, StoredSummary) and each.record]
        applied = [term for record in records for term in as_set(record.fields.get(name))]
        added += merge_sets(as_set(product.desired.fields.get(name)), (), tuple(applied), restore=False)
    return added


def _readable(copies: Sequence[T | Unreadable]) -> list[T]:
    """The copies; raises ProductFailedError if one of them cannot be read."""
    readable = []
    for copy in copies:
        if isinstance(copy, Unreadable):
            raise ProductFailedError(copy.reason)
        readable.append(copy)
    return readable


def _exists_already(product: DesiredProduct, found: Sequence[UnownedProduct]) -> Outcome:
    names = ", ".join(f"{stored.id} {stored.title!r}" for stored in found)
    if len(found) == 1:
        reason = f"the store already has it without our external id: {names}; take it over with --adopt"
    else:
        reason = f"{len(found)} products of the store match it: {names}; keep one of them and use --adopt"
    return Outcome.of(product, Result.REJECTED, reason)
