"""The steps that write a product: one table, in the order in which they are committed.

What a step may raise, and what the engine does then; everything else, also a ProductFailedError, is a bug:

error                          reason                               jobs of the group
-----------------------------  -----------------------------------  ---------------------------------------
none, but a job has an error   the store refuses a part of it, or   the others go on; this one is read and
                               it cannot be planned again           planned once more, then it fails
StoreRefusedError              the store refuses a call for all     halved; a single one is read and planned
                               jobs                                 once more, then it fails
KnownRefusalError              a call was not sent                  halved; a single one is rejected
AmbiguousWriteError            it is not known what arrived         read and planned again, `--max-retries`
                                                                    times; then halved, and a single one is
                                                                    unconfirmed or fails
other StoreErrors              the store is unreachable, or         unconfirmed or not attempted: the run ends
                               refuses the credentials
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from http import HTTPStatus

from medusa_sync.core.steps import Step
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.variants import by_key
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.decode import WITH_VARIANTS
from medusa_sync.medusa.operations import (
    CREATE_VARIANTS,
    DELETE_VARIANTS,
    UPDATE_VARIANTS,
    Body,
    Operation,
    new_variant_id,
)
from medusa_sync.medusa.payload import FIRST_VARIANTS
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.apart import Apart
from medusa_sync.sync.write.items import Items
from medusa_sync.sync.write.job import Group, Job, Send
from medusa_sync.sync.write.new_items import NewItems
from medusa_sync.sync.write.planner import Planner
from medusa_sync.sync.write.rows import ProductRows
from medusa_sync.sync.write.variants import Bodies, Variants

_RESERVED = StoreRefusedError(
    "it has reservations, so orders need its inventory item", status=HTTPStatus.BAD_REQUEST
)

_Dropped = tuple[Job, StoredVariant]
_Sends = tuple[Sequence[Send], Sequence[Send]]  # up to the row of the product, and those that follow


class Writer:
    """Writes jobs: each goes through the steps of its plan, in the order in which they are committed."""

    def __init__(
        self,
        context: Context,
        rows: ProductRows,
        items: Items,
        new_items: NewItems,
        apart: Apart,
        planner: Planner,
    ) -> None:
        self._context = context
        self._rows = rows
        self._items = items
        self._new_items = new_items
        variants = self._variants = Variants(context)
        add = partial(self._in_bulk, CREATE_VARIANTS, variants.added)
        last: tuple[Send, ...] = (
            (Step.READ_VARIANTS, self._read_variants),
            (Step.LEVELS, items.write_levels),
            *apart.steps,
            (Step.ADD_VARIANTS, new_items.linked),
        )
        self._creation: _Sends = (
            ((Step.ROW, self._prepare), (Step.ROW, rows.create)),
            ((Step.ADD_VARIANTS, add), *last),
        )
        self._update: _Sends = (
            ((Step.LINK_ITEMS, items.link), (Step.ROW, rows.update)),
            (
                (Step.SHARE_ITEMS, items.share),  # before the last variant with the shared item is deleted
                (Step.DELETE_VARIANTS, partial(self._delete, variants.deleted)),
                (Step.OPTIONS, partial(_one_by_one, variants.change_options)),
                (Step.PLAN_AGAIN, planner.again),  # the next step replaces lists of prices
                (Step.EDIT_VARIANTS, partial(self._in_bulk, UPDATE_VARIANTS, variants.changed)),
                (Step.RENAME_ITEMS, items.rename),  # before new variants need what these give up
                (Step.OPTION_VALUES, partial(_one_by_one, variants.change_values)),
                (Step.ADD_VARIANTS, new_items.give),
                (Step.ADD_VARIANTS, add),
                (Step.DELETE_VARIANTS, partial(self._delete, variants.deleted_last)),
                (Step.CLEAN_OPTIONS, partial(_one_by_one, variants.remove_unused_values)),
                *last,
            ),
        )

    async def write(self, jobs: Group) -> None:
        """Carry out updates or creations; raises what a step may raise."""
        for job in jobs:
            job.begin()
        row, others = self._creation if jobs[0].change.is_creation else self._update
        await _send(row, jobs)
        await _send(others, jobs)
        if any(job.is_written for job in jobs if job.attempt.error is None):
            self._context.failures = 0

    async def _in_bulk(self, operation: Operation, bodies: Callable[[Job], Bodies], jobs: Group) -> None:
        """Send what the variants of all jobs need in one call."""
        wanted = _wanted(bodies, jobs)
        answers = await self._context.api.bulk.run(operation, [body for _, body in wanted])
        for (job, _), answer in zip(wanted, answers, strict=True):
            if job.attempt.error is None:
                job.accept(answer)

    async def _delete(self, bodies: Callable[[Job], Bodies], jobs: Group) -> None:
        """Delete variants. A call with one of which stock is reserved is refused, so those are not sent.

        Medusa undoes a refused call by linking its variants to all items that they ever had. They are
        unlinked from those that they did not have before, and before they are deleted again, because the
        store deletes what a variant is linked to.
        """
        wanted = _wanted(bodies, jobs)
        removed = {each.id: each for job in jobs for each in job.change.removed.values()}
        leaving = [(job, removed[body["id"]]) for job, body in wanted if body["id"] in removed]
        await self._items.unlink_given_back(leaving)
        reserved = await self._items.reserved([each for _, each in leaving]) if leaving else set()
        sent = [body for _, body in wanted if body["id"] not in reserved]
        done = await self._context.api.bulk.run(DELETE_VARIANTS, sent)
        answers = dict(zip((body["id"] for body in sent), done, strict=True))
        for job, each in leaving:
            if isinstance(answers.get(each.id), str):
                job.history.deleted.add(each.id)
        left = [(job, each) for job, each in leaving if each.id in answers.keys() - job.history.deleted]
        await self._items.unlink_given_back(await self._read(left))
        for job, body in wanted:
            answer = answers.get(body["id"], _RESERVED)
            if job.attempt.error is None:
                job.accept(answer)
            if isinstance(answer, StoreRefusedError):
                self._keep(job, body["id"], answer)

    async def _read(self, variants: Sequence[_Dropped]) -> list[_Dropped]:
        """Read variants again."""
        jobs = {each.id: job for job, each in variants}
        ids = dict.fromkeys(job.attempt.product_id for job in jobs.values())
        products = await self._context.api.find(WITH_VARIANTS, "id", [*ids])
        return [(jobs[each.id], each) for product in products for each in product.variants if each.id in jobs]

    def _keep(self, job: Job, variant_id: str, refusal: StoreRefusedError) -> None:
        """Take note that a dropped variant is not removed: some of its stock may be reserved."""
        removed = self._context.removed_variants
        for key, variant in job.change.removed.items():
            if variant.id == variant_id:
                job.history.kept[variant_id] = f"variant {variant.called(key)} was not removed: {refusal}"
                removed[job.external_id] = frozenset(removed[job.external_id]) - {variant_id}

    async def _prepare(self, jobs: Group) -> None:
        """Create the terms of new products, and the inventory items of those that can be created."""
        await self._rows.check(jobs)
        await self._new_items.give([job for job in jobs if job.attempt.error is None])

    async def _read_variants(self, jobs: Group) -> None:
        """Read the ids of new variants, and of the items that the store has created with them."""
        unknown = [job for job in jobs if not self._knows_ids(job)]
        listed = await self._context.api.find(
            WITH_VARIANTS, "id", [job.attempt.product_id for job in unknown]
        )
        found = {each.id: each for each in listed}
        copies = await self._variants.remove_copies(found)
        for job in jobs:
            if job.change.is_creation:
                job.attempt.variants = {
                    each.key: StoredVariant(new_variant_id(job.attempt.product_id, each.key))
                    for each in job.change.new_variants
                }
        for job in unknown:
            product = found.get(job.attempt.product_id, StoredProduct(job.attempt.product_id, None))
            left = [each for each in product.variants if each.id not in copies]
            job.attempt.variants = by_key(job.change, left, product.options)
            if any(each.key not in job.attempt.variants for each in job.change.new_variants):
                raise AmbiguousWriteError(f"{job.external_id}: the store does not show its new variants yet")

    def _knows_ids(self, job: Job) -> bool:
        """Whether the ids of all new variants and their items are known: the ordinary routes give others."""
        if any(each.levels and each.id_among(job.attempt.items) is None for each in job.change.items):
            return False
        new = len(job.change.new_variants)
        if job.change.is_creation:
            return job.attempt.product_id == job.new_product_id and new <= FIRST_VARIANTS
        return not new


def _wanted(bodies: Callable[[Job], Bodies], jobs: Group) -> list[tuple[Job, Body]]:
    """What jobs need, each body with the id of its product."""
    return [(job, {**body, "product_id": job.attempt.product_id}) for job in jobs for body in bodies(job)]


async def _send(steps: Sequence[Send], jobs: Group) -> None:
    for step, send in steps:
        if left := [job for job in jobs if job.attempt.error is None and step in job.change.steps]:
            await send(left)


async def _one_by_one(write: Callable[[Job], Awaitable[None]], jobs: Group) -> None:
    """Send what each job needs on its own: there is no bulk route for it."""
    for job in jobs:
        try:
            await write(job)
        except StoreRefusedError as error:
            job.attempt.error = error
