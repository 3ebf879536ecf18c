"""Plans products that the store does not have under our external id."""

from __future__ import annotations

from collections.abc import Sequence

from medusa_sync.core.change import Change, Create, Update
from medusa_sync.core.fields import FIELDS
from medusa_sync.core.merge import as_set, merge_sets
from medusa_sync.core.plan import without_stock
from medusa_sync.core.policy import OnDeleted
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.result import Outcome, Result
from medusa_sync.core.selection import ALL
from medusa_sync.core.stored import StoredSummary, UnownedProduct
from medusa_sync.errors import ProductFailedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.sync.options import PlanOptions
from medusa_sync.sync.read.compare import Stale
from medusa_sync.sync.write.adoption import Adoption
from medusa_sync.sync.write.handles import Handles
from medusa_sync.sync.write.job import Job
from medusa_sync.sync.write.planner import Planner, readable
from medusa_sync.sync.write.tombstones import Tombstones

_DELETED = "it was deleted in the store; --on-deleted recreate creates it again"


class NewProducts:
    """Decides whether they are created, adopted, skipped or rejected.

    Args:
        api: of the store.
        planner: plans products that are adopted.
        options: how to decide.
        keeps_stock: the store has a stock location.
        is_empty: the store had no products when the run began.
        may_adopt: the store may have products without an external id.
    """

    def __init__(
        self,
        api: AdminApi,
        planner: Planner,
        options: PlanOptions,
        *,
        keeps_stock: bool,
        is_empty: bool,
        may_adopt: bool,
    ) -> None:
        self._api = api
        self._planner = planner
        self._options = options
        self._keeps_stock = keeps_stock
        self._adoption = Adoption(api, may_exist=may_adopt)
        self._handles = Handles(api, is_empty=is_empty)
        self._tombstones = Tombstones(api)

    async def look_ahead(self, products: Sequence[Stale]) -> tuple[list[Create], dict[str, list[str]]]:
        """Prepare stale products: look up the handles of new ones, with one request for all of them.

        Returns:
            What will probably be created, and the terms that all add, by field, as far as their records
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
        return [Create(each.desired, "") for each in created], {
            name: _added([*created, *(updated if selection.has(name) else ())], name) for name in terms
        }

    async def plan(self, jobs: Sequence[Job]) -> list[tuple[Job, Outcome]]:
        """Plan jobs: create, adopt, skip or reject.

        Returns:
            The outcomes of those that are not written.

        Raises:
            StoreError: the store cannot be read.
        """
        for job in jobs:
            if job.leftover is not None:
                job.take(self._creation(job.desired, job.leftover.handle, replaces=job.leftover.id))
        left = {job.external_id: job for job in jobs if job.leftover is None}
        entries = await self._adopted([job.desired for job in left.values()])
        if self._options.create and self._options.on_deleted is OnDeleted.SKIP:
            # The merchant may have replaced a product, and then the replacement looks like one to adopt.
            others = [job.desired for own, job in left.items() if not isinstance(entries.get(own), Update)]
            deleted = await self._tombstones.deleted(others)
            skipped = [each for each in others if each.external_id in deleted]
            entries.update((each.external_id, Outcome.of(each, Result.SKIPPED, _DELETED)) for each in skipped)
        created = [job.desired for own, job in left.items() if own not in entries]
        if not self._options.create:
            entries.update((each.external_id, Outcome.of(each, Result.SKIPPED)) for each in created)
            created = []
        handles, reasons = await self._handles.assign(created)
        for each in created:
            own = each.external_id
            if own in handles:
                entries[own] = self._creation(each, handles[own])
            else:
                entries[own] = Outcome.of(each, Result.REJECTED, reasons[own])
        outcomes = []
        for own, entry in entries.items():
            if isinstance(entry, Outcome):
                outcomes.append((left[own], entry))
            else:
                left[own].take(entry)
        return outcomes

    def _creation(self, product: DesiredProduct, handle: str, *, replaces: str | None = None) -> Create:
        return Create(product if self._keeps_stock else without_stock(product), handle, replaces)

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
                [known] = readable([stored])
                entries[product.external_id] = self._planner.planned(product, known, ALL, adopt=True)
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


def _exists_already(product: DesiredProduct, found: Sequence[UnownedProduct]) -> Outcome:
    names = ", ".join(f"{stored.id} {stored.title!r}" for stored in found)
    if len(found) == 1:
        reason = f"the store already has it without our external id: {names}; take it over with --adopt"
    else:
        reason = f"{len(found)} products of the store match it: {names}; keep one of them and use --adopt"
    return Outcome.of(product, Result.REJECTED, reason)
