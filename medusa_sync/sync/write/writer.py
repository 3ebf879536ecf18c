"""The steps that write a product, in the order in which they are committed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus

from msgspec import Struct, field

from medusa_sync.core.change import Create, Update, new_variants
from medusa_sync.core.claims import UniqueValue
from medusa_sync.core.fields import SKU
from medusa_sync.core.interrupted import with_late_note
from medusa_sync.core.inventory import by_key, item_renames, level_changes
from medusa_sync.core.note import final_record, with_withheld
from medusa_sync.core.record import Record, applied
from medusa_sync.core.stored_variant import StoredItem, StoredVariant
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import FIRST_VARIANTS, new_variant_id
from medusa_sync.stop import Stop, all_done
from medusa_sync.sync.health import Health
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.remove.orphans import delete_noted
from medusa_sync.sync.write.items import Items, Written
from medusa_sync.sync.write.job import Job
from medusa_sync.sync.write.new_items import NewItems
from medusa_sync.sync.write.planner import Planner
from medusa_sync.sync.write.rows import ProductRows
from medusa_sync.sync.write.sales import Sales, sale_prices
from medusa_sync.sync.write.variants import VariantWriter, writes_variants


class Attempt(Struct):
    """Jobs that go through the steps together.

    Attributes:
        jobs: those that the store has not refused.
        is_final: all other products have been written.
        items: inventory items that new variants get, by SKU.
        variants: as they were read after they were written, by external id and key.
    """

    jobs: list[Job]
    is_final: bool = False
    items: dict[str, StoredItem] = field(default_factory=dict)
    variants: dict[str, Mapping[str, StoredVariant]] = field(default_factory=dict)

    @property
    def written(self) -> Written:
        """The ids of products, and their variants."""
        return {
            job.external_id: (job.product_id, self.variants.get(job.external_id, {})) for job in self.jobs
        }


class Writer:
    """Writes jobs; every method may raise StoreRefusedError, AmbiguousWriteError or StoreError.

    Args:
        api: of the store.
        rows: of the products.
        location_id: where stock is kept; None if the store has no location.
        items: of the store.
        new_items: of new variants.
        sales: of the source.
        planner: reads products whose rows are written, and plans again what is left.
        ledger: notified of what is about to be sent.
        health: notified of writes that succeed.
    """

    def __init__(
        self,
        api: AdminApi,
        rows: ProductRows,
        location_id: str | None,
        items: Items,
        new_items: NewItems,
        sales: Sales,
        planner: Planner,
        ledger: Ledger,
        health: Health,
    ) -> None:
        self._api = api
        self._rows = rows
        self._location_id = location_id
        self._items = items
        self._new_items = new_items
        self._sales = sales
        self._planner = planner
        self._ledger = ledger
        self._health = health
        self._variants = VariantWriter(api, keeps_stock=location_id is not None)
        self._update_steps = (
            self._link_items,
            self._write_rows,
            self._change_options,
            self._change_variants,
            self._rename_items,
            self._add_variants,
            self._remove_unused_values,
            self._read_written,
            self._write_levels,
            self._write_sales,
        )
        self._create_steps = (
            self._create_rows,
            self._add_variants,
            self._read_written,
            self._write_levels,
            self._write_sales,
        )

    async def write(self, jobs: Sequence[Job], *, is_final: bool) -> None:
        """Carry out updates or creations. Jobs of which the store refuses a part get its error."""
        attempt = Attempt(list(jobs), is_final)
        for job in jobs:
            attempt.items |= job.holders.unused if job.holders is not None else {}
        steps = self._update_steps if isinstance(jobs[0].change, Update) else self._create_steps
        for step in steps:
            await step(attempt)
            attempt.jobs = [job for job in attempt.jobs if job.error is None]
            if not attempt.jobs:
                return
        self._new_items.linked(job.change for job in attempt.jobs)
        for job in attempt.jobs:
            if job.is_written:
                self._health.succeeded(job.product_id)

    async def delete_leftovers(self, jobs: Iterable[Job]) -> None:
        """Delete what interrupted creations have left of products that are created again."""
        incomplete = [job.leftover.id for job in jobs if job.leftover is not None]
        if incomplete:
            await delete_noted(self._api, incomplete)

    async def release_items(self, jobs: Sequence[Job], taken: Collection[UniqueValue]) -> None:
        """Take SKUs from inventory items whose variants give them up; they get their new ones later."""
        for job in jobs:
            renames = item_renames(job.update).values()
            with _late([job]):
                await self._items.clear(rename for rename in renames if (SKU, rename.sku) in taken)

    async def clean_up(self, stop: Stop) -> None:
        """Remove what concurrent runs have stored twice, and items that no variant uses."""
        await self._sales.remove_copies(stop)
        await self._new_items.remove_unused()

    # --- steps of updates ---

    async def _link_items(self, attempt: Attempt) -> None:
        """Give variants that are tracked again the unused items with their SKUs."""
        attempt.items |= await self._items.link(job.update for job in attempt.jobs)

    async def _write_rows(self, attempt: Attempt) -> None:
        await self._rows.update(attempt.jobs)

    async def _change_options(self, attempt: Attempt) -> None:
        """Write options, then read again and plan what is left of the variants.

        Nothing lies between this reading and the write of variants, which replaces their lists of prices.
        """
        jobs = [job for job in attempt.jobs if writes_variants(job.update)]
        if not jobs:
            return
        await self._variants.replace(jobs)
        await self._variants.change_options([job for job in jobs if job.error is None])
        jobs = [job for job in jobs if job.error is None]
        left = await self._planner.again(jobs)
        for job in left:
            self._ledger.begin(job.external_id, job.update.conflicts)
        for job in jobs:
            if job not in left:
                message = f"{job.product_id} was deleted while it was written"
                job.error = StoreRefusedError(message, status=HTTPStatus.NOT_FOUND)

    async def _change_variants(self, attempt: Attempt) -> None:
        await self._variants.change(attempt.jobs)

    async def _rename_items(self, attempt: Attempt) -> None:
        """Give inventory items the SKUs of their variants; new variants may get those that they have."""
        renames = {job: list(item_renames(job.update).values()) for job in attempt.jobs}
        renamed = [job for job, own in renames.items() if own]
        with _late(renamed):
            wanted = [rename for job in renamed for rename in renames[job]]
            refused = await self._items.rename(wanted, is_final=attempt.is_final)
        for job in attempt.jobs:
            job.lacks_item_sku = not refused.isdisjoint(renames[job])

    async def _add_variants(self, attempt: Attempt) -> None:
        """Create new variants; those of a new product beyond the first ones too."""
        updates = [job.plan for job in attempt.jobs if isinstance(job.plan, Update)]
        attempt.items |= await self._new_items.of(updates, attempt.items)
        await self._variants.add(attempt.jobs, attempt.items)

    async def _remove_unused_values(self, attempt: Attempt) -> None:
        """Remove option values that no variant has any more; a killed run may have left some."""
        for job in attempt.jobs:
            await self._variants.remove_unused_values(job.update, job.before)

    # --- steps of creations ---

    async def _create_rows(self, attempt: Attempt) -> None:
        """Create products, after their inventory items and terms."""
        creates = [job.create for job in attempt.jobs]
        items = asyncio.create_task(self._new_items.of(creates, attempt.items))
        await all_done(items, self._rows.find_terms(attempt.jobs))
        attempt.items |= items.result()
        await self._rows.create(attempt.jobs, attempt.items)

    # --- steps of both ---

    async def _read_written(self, attempt: Attempt) -> None:
        """Read the ids of new variants, and of the items that the store has created with them."""
        levels = level_changes([job.change for job in attempt.jobs], self._location_id, attempt.items)
        without_item = {level.external_id for level in levels if level.item_id is None}
        unknown = {
            job.product_id: job
            for job in attempt.jobs
            if job.external_id in without_item or not self._knows_variants(job)
        }
        found = await self._api.written(list(unknown))
        copies = await self._variants.remove_copies(found)
        for job in attempt.jobs:
            if isinstance(job.plan, Create) and job.product_id not in unknown:
                attempt.variants[job.external_id] = _first_variants(job)
        for product_id, job in unknown.items():
            product = found.get(product_id)
            listed, options = (product.variants, product.options) if product else ((), ())
            left = [each for each in listed if each.id not in copies]
            change = job.change
            # Of two that are the same, the other run deletes the younger one.
            variants = by_key(change, sorted(left, key=lambda each: each.id, reverse=True), options)
            if any(each.key not in variants for each in new_variants(change)):
                raise AmbiguousWriteError(f"{job.external_id}: the store does not show its new variants yet")
            attempt.variants[job.external_id] = variants
            job.option_ids = {option.title: option.id for option in options}
        for job in attempt.jobs:
            known = attempt.variants.get(job.external_id, {})
            job.variant_ids = {key: each.id for key, each in known.items()}

    def _knows_variants(self, job: Job) -> bool:
        """Whether the ids of all new variants are known: the ordinary routes give others."""
        if isinstance(job.plan, Update):
            return not any(each.is_new for each in job.plan.variants)
        return job.product_id == self._rows.new_id(job) and len(job.create.desired.variants) <= FIRST_VARIANTS

    async def _write_levels(self, attempt: Attempt) -> None:
        """Write stock levels in one call."""
        levels = level_changes([job.change for job in attempt.jobs], self._location_id, attempt.items)
        written = {
            job.external_id: (job.product_id, attempt.variants.get(job.external_id, {}))
            for job in attempt.jobs
        }
        await self._items.write_levels(levels, written)

    async def _write_sales(self, attempt: Attempt) -> None:
        """Write the sale prices of all variants in one call; they have the same currency."""
        written = {
            job.external_id: (job.product_id, attempt.variants.get(job.external_id, {}))
            for job in attempt.jobs
        }
        sold = {
            job: sale_prices(change, written)
            for job, change in zip(attempt.jobs, [job.change for job in attempt.jobs], strict=True)
        }
        amounts = {variant_id: amount for own in sold.values() for variant_id, amount in own.items()}
        with _late([job for job, own in sold.items() if own], unless_responded=True):
            await self._sales.write(amounts, attempt.jobs[0].desired.currency)

    # --- afterwards ---

    def record(self, job: Job) -> tuple[Record, bool]:
        """The record that a complete job is acknowledged with, and whether the store has it already."""
        if isinstance(job.plan, Create):
            record = applied(job.plan.desired, variants=job.variant_ids, options=job.option_ids)
            return with_withheld(record, job.plan.withheld, None), False
        update = job.update
        new = {each.desired.key: job.variant_ids[each.desired.key] for each in update.variants if each.is_new}
        record = with_late_note(final_record(update, new=new), update, now=time.time())
        if job.note is not None:
            return record, job.note.pending is None and not update.placed
        return record, record == job.before


def _first_variants(job: Job) -> dict[str, StoredVariant]:
    """The variants that were created together with a product, by key."""
    return {
        each.key: StoredVariant(new_variant_id(job.product_id, each.key))
        for each in job.create.desired.variants
    }


@contextmanager
def _late(jobs: Sequence[Job], *, unless_responded: bool = False) -> Iterator[None]:
    """Remember that requests may be delivered late if their result is unknown.

    Args:
        jobs: that the requests change.
        unless_responded: ignore writes that got a response, because they cannot arrive late.
    """
    try:
        yield
    except AmbiguousWriteError as error:
        if not (unless_responded and error.responded):
            for job in jobs:
                job.may_be_late = True
        raise
