"""The steps that write a product: one table, in the order in which they are committed."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from msgspec import Struct

from medusa_sync.core.interrupted import with_late_note
from medusa_sync.core.inventory import item_renames, level_changes, tracked_again
from medusa_sync.core.note import final_record
from medusa_sync.core.record import Record
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.variants import by_key
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.bulk import Result
from medusa_sync.medusa.operations import (
    CREATE_VARIANTS,
    DELETE_VARIANTS,
    UPDATE_VARIANTS,
    Operation,
    new_variant_id,
)
from medusa_sync.medusa.payload import FIRST_VARIANTS
from medusa_sync.stop import all_done
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.items import Items, NewItems
from medusa_sync.sync.write.job import Group, Job
from medusa_sync.sync.write.planner import Planner
from medusa_sync.sync.write.rows import ProductRows
from medusa_sync.sync.write.sales import Sales
from medusa_sync.sync.write.variants import Bodies, Variants, writes_variants

Send = Callable[[Group], Awaitable[None]]


class Step(Struct, frozen=True):
    """One kind of write.

    Attributes:
        is_needed: whether a job needs it.
        send: sends it for all jobs that need it, in one call if there is a bulk route. Jobs of which the
            store refuses a part get its error; the others go on. If the result is unknown, it raises
            AmbiguousWriteError, and all jobs are read and planned again.
        follows_row: the row of the product is written already, so a call that is refused for all jobs is
            no refusal of the products: they are read and planned again, too.
    """

    is_needed: Callable[[Job], bool]
    send: Send
    follows_row: bool = True


def _is_creation(job: Job) -> bool:
    return job.change.is_creation


def _is_update(job: Job) -> bool:
    return not job.change.is_creation


def _deletes_variants(job: Job) -> bool:
    return bool(job.change.removed) or any(each.replaces for each in job.change.variants)


def _writes_variants(job: Job) -> bool:
    return _is_update(job) and writes_variants(job.change)


def _creates_variants(job: Job) -> bool:
    """Whether variants are created apart from their product."""
    new = job.change.new_variants
    return len(new) > FIRST_VARIANTS if job.change.is_creation else bool(new)


def _adds_variants(job: Job) -> bool:
    return _is_update(job) and _creates_variants(job)


def _has_spare(job: Job) -> bool:
    return bool(job.spare)


def _links_items(job: Job) -> bool:
    return bool(tracked_again(job.change))


def _renames_items(job: Job) -> bool:
    return bool(item_renames(job.change))


def _is_any(_job: Job) -> bool:
    return True


def _one_by_one(write: Callable[[Job], Awaitable[None]]) -> Send:
    """Send what each job needs on its own: there is no bulk route for it."""

    async def send(jobs: Group) -> None:
        for job in jobs:
            try:
                await write(job)
            except StoreRefusedError as error:
                job.error = error

    return send


class Writer:
    """Writes jobs; every method may raise StoreRefusedError, AmbiguousWriteError or StoreError."""

    def __init__(
        self,
        context: Context,
        rows: ProductRows,
        items: Items,
        new_items: NewItems,
        sales: Sales,
        planner: Planner,
    ) -> None:
        self._context = context
        self._rows = rows
        self._new_items = new_items
        self._planner = planner
        variants = self._variants = Variants(context)
        self._steps = (
            Step(_links_items, items.link, follows_row=False),
            Step(_is_update, rows.update, follows_row=False),
            Step(_is_creation, self._prepare, follows_row=False),
            Step(_is_creation, rows.create, follows_row=False),
            Step(_deletes_variants, self._deleting(variants.deleted)),
            Step(_writes_variants, _one_by_one(variants.change_options)),
            Step(_writes_variants, self._plan_again),  # the next step replaces lists of prices
            Step(_writes_variants, self._in_bulk(UPDATE_VARIANTS, variants.changed)),
            Step(_writes_variants, _one_by_one(variants.change_values)),
            Step(_renames_items, items.rename),
            Step(_adds_variants, new_items.give),
            Step(_creates_variants, self._in_bulk(CREATE_VARIANTS, variants.added)),
            Step(_has_spare, self._deleting(variants.deleted_last)),
            Step(_is_update, _one_by_one(variants.remove_unused_values)),
            Step(_is_any, self._read_written),
            Step(_is_any, items.write_levels),
            Step(_is_any, sales.write),
        )

    async def write(self, jobs: Group) -> None:
        """Carry out updates or creations. Jobs of which the store refuses a part get its error."""
        for job in jobs:
            job.items = job.holders.unused if job.holders is not None else {}
            job.written, job.error, job.lacks_item_sku, job.spare = {}, None, False, ""
        for step in self._steps:
            if needing := [job for job in jobs if job.error is None and step.is_needed(job)]:
                try:
                    await step.send(needing)
                except StoreRefusedError as error:
                    if step.follows_row:
                        raise AmbiguousWriteError(str(error), status=error.status) from error
                    raise
        complete = [job for job in jobs if job.error is None]
        self._new_items.linked(complete)
        for job in complete:
            if job.is_written:
                self._context.health.succeeded(job.product_id)

    def _in_bulk(self, operation: Operation, bodies: Callable[[Job], Bodies]) -> Send:
        """Send what the variants of all jobs need in one call."""

        async def send(jobs: Group) -> None:
            for job, _, result in await self._results(operation, jobs, bodies):
                if job.error is None:
                    job.accept(result)

        return send

    def _deleting(self, bodies: Callable[[Job], Bodies]) -> Send:
        """Delete variants of all jobs in one call; a job gets to know which of them are deleted."""

        async def send(jobs: Group) -> None:
            for job, variant_id, result in await self._results(DELETE_VARIANTS, jobs, bodies):
                if job.error is None:
                    job.accept(result)
                if isinstance(result, str):
                    job.deleted.add(variant_id)
                elif isinstance(result, StoreRefusedError):
                    self._keep(job, variant_id, result)

        return send

    async def _results(
        self, operation: Operation, jobs: Group, bodies: Callable[[Job], Bodies]
    ) -> list[tuple[Job, str, Result]]:
        """The result for each body, with its job and id."""
        wanted = [(job, {**body, "product_id": job.product_id}) for job in jobs for body in bodies(job)]
        results = await self._context.api.bulk.run(operation, [body for _, body in wanted])
        return [(job, body["id"], result) for (job, body), result in zip(wanted, results, strict=True)]

    def _keep(self, job: Job, variant_id: str, refusal: StoreRefusedError) -> None:
        """Take note that a dropped variant is not removed: some of its stock may be reserved."""
        removed = self._context.removed_variants
        for key, variant in job.change.removed.items():
            if variant.id == variant_id:
                job.kept[variant_id] = f"variant {variant.called(key)} was not removed: {refusal}"
                removed[job.external_id] = frozenset(removed[job.external_id]) - {variant_id}

    async def _prepare(self, jobs: Group) -> None:
        """Create the inventory items and the terms of new products."""
        await all_done(self._new_items.give(jobs), self._rows.find_terms(jobs))

    async def _plan_again(self, jobs: Group) -> None:
        """Read products after their rows and options were written, and plan what is left of the variants."""
        left = await self._planner.again(jobs)
        for job in left:
            if job.change.removed and job.change.stored.record not in job.records:
                raise AmbiguousWriteError(f"another run has written {job.product_id} meanwhile")
            self._context.ledger.begin(job.external_id, job.change.conflicts)
        for job in jobs:
            if job not in left:
                message = f"{job.product_id} was deleted while it was written"
                job.error = StoreRefusedError(message, status=HTTPStatus.NOT_FOUND)

    async def _read_written(self, jobs: Group) -> None:
        """Read the ids of new variants, and of the items that the store has created with them."""
        unknown = [job for job in jobs if not self._knows_ids(job)]
        found = await self._context.api.written([job.product_id for job in unknown])
        copies = await self._variants.remove_copies(found)
        for job in jobs:
            if job.change.is_creation:
                job.written = {
                    each.key: StoredVariant(new_variant_id(job.product_id, each.key))
                    for each in job.change.new_variants
                }
        for job in unknown:
            product = found.get(job.product_id, StoredProduct(job.product_id, None))
            left = [each for each in product.variants if each.id not in copies]
            job.written = by_key(job.change, left, product.options)
            job.option_ids = {option.title: option.id for option in product.options}
            if any(each.key not in job.written for each in job.change.new_variants):
                raise AmbiguousWriteError(f"{job.external_id}: the store does not show its new variants yet")

    def _knows_ids(self, job: Job) -> bool:
        """Whether the ids of all new variants and their items are known: the ordinary routes give others."""
        location_id = self._context.placement.location_id
        if any(level.item_id is None for level in level_changes(job.change, location_id, job.items)):
            return False
        is_own_id = _is_update(job) or job.product_id == self._rows.new_id(job)
        return is_own_id and not _creates_variants(job)

    def record(self, job: Job) -> tuple[Record, bool]:
        """The record that a complete job is acknowledged with, and whether the store has it already."""
        ids = {each.key: job.written[each.key].id for each in job.change.new_variants}
        record = final_record(job.change, new=ids, options=job.option_ids)
        record = with_late_note(record, job.change, now=time.time())
        if job.note is not None:
            return record, job.note.pending is None and not job.change.placed
        return record, record == job.before
