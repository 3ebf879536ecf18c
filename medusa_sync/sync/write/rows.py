"""Writes product rows, each together with the note of what is being sent."""

from __future__ import annotations

import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from msgspec import json

from medusa_sync.core.kinds.copies import distinct_body
from medusa_sync.core.needed_terms import needed_terms, placed_terms
from medusa_sync.core.recorded import note
from medusa_sync.core.steps import Step
from medusa_sync.errors import AmbiguousWriteError, KnownRefusalError, StoreRefusedError
from medusa_sync.medusa.client import MAX_BODY_BYTES
from medusa_sync.medusa.operations import CREATE_PRODUCTS, Body
from medusa_sync.medusa.payload import Ids, creation_body, product_body
from medusa_sync.medusa.terms import Terms
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Group, Job
from medusa_sync.sync.write.variants import ids_of_new_variants

_SAFE_BYTES = MAX_BODY_BYTES // 10  # of a product whose request is small enough for sure


class ProductRows:
    """Writes the rows of products, with the terms that they refer to."""

    def __init__(self, context: Context, terms: Terms) -> None:
        self._context = context
        self._api = context.api
        self._ledger = context.ledger
        self._terms = terms

    async def term_ids(self, jobs: Group) -> Ids:
        """The ids of the terms that jobs need; missing ones are created."""
        return await self._terms.ids(needed_terms(job.change for job in jobs))

    # --- stored products ---

    async def update(self, jobs: Group) -> None:
        """Write the rows of stored products."""
        now = round(time.time(), 3)
        ids = await self.term_ids(jobs)
        if placed := [job.change for job in jobs if job.change.placed]:
            await self._context.find_profile()
            await self._terms.activate(placed_terms(placed))
        bodies = []
        for job in jobs:
            bodies.append(self._body(job, ids, now))
            self._ledger.begin(job.external_id, job.change.conflicts)
        products = await self._api.update_products(bodies)
        if {job.external_id for job in jobs} - {product.external_id for product in products}:
            raise AmbiguousWriteError("the response lacks products")
        for job in jobs:
            job.note_at = now
            job.wrote(job.change.row_changes)
        changes = {job.external_id: job.change for job in jobs}
        distinct = (distinct_body(each, changes[each.external_id or ""]) for each in products)
        if repeated := [*filter(None, distinct)]:
            await self._api.edit_products(repeated)

    # --- new products ---

    async def create(self, jobs: Group) -> None:
        """Create products. Jobs that the store refuses get its error."""
        await self._context.find_profile()  # if one was deleted since it was looked up
        ids = await self.term_ids(jobs)
        now = round(time.time(), 3)
        by_external_id = {job.external_id: job for job in jobs}

        async def with_other_ids(bodies: Sequence[Body]) -> Sequence[Body]:
            refused = [by_external_id[each["external_id"]] for each in bodies]
            await self._find_free_ids(refused)
            self._terms.forget(needed_terms(job.change for job in refused))  # one may be deleted by now
            found = await self.term_ids(refused)
            return [self._body(job, found, now) for job in refused]

        bodies = [self._body(job, ids, now) for job in jobs]
        for part in CREATE_PRODUCTS.parts(bodies, self._context.settings.batch_size):
            sent = [by_external_id[each["external_id"]] for each in part]
            for job in sent:
                job.attempt.before, job.creation.is_sent = job.attempt.note, True
                self._ledger.begin(job.external_id, job.change.conflicts)
            answers = await self._api.bulk.run_at_once(CREATE_PRODUCTS, part, revise=with_other_ids)
            for job, answer in zip(sent, answers, strict=True):
                if job.accept(answer):
                    job.attempt.product_id, job.is_written, job.note_at = str(answer), True, now

    async def check(self, jobs: Group) -> None:
        """Find out whether the store would accept rows, without sending them; jobs get the error."""
        ids = await self.term_ids(jobs)
        for job in jobs:
            if _is_small(job):
                continue
            size = len(json.encode(self._body(job, ids, now=0)))
            if size > MAX_BODY_BYTES:
                message = f"its request would have {size} bytes, more than the store accepts"
                job.attempt.error = KnownRefusalError(message, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def accepts(self, job: Job) -> bool:
        """Whether the store will create a product as planned, as far as is known without a request."""
        if job.plan is None or job.owners is None or not _is_small(job):
            return False
        return self._terms.has(needed_terms([job.plan]))

    def _body(self, job: Job, ids: Ids, now: float) -> dict[str, Any]:
        """The body of a row; the job gets its note."""
        new: dict[str, str] = {}  # the ids of variants of a new product follow from its id
        if job.change.is_creation:
            product_id = job.new_product_id
        else:
            product_id = job.change.stored.id
            new = ids_of_new_variants(job.change) if Step.ADD_VARIANTS in job.change.steps else {}
        job.attempt.note = note(job.change, now=now, new=new)
        job.history.records.append(job.attempt.note)
        placement = self._context.placement
        body = product_body(job.change, product_id, job.attempt.note, placement=placement, ids=ids)
        if job.change.is_creation:
            status = self._context.settings.status
            body |= creation_body(job.change, product_id, status=status, items=job.attempt.items)
        return body

    async def _find_free_ids(self, jobs: Group) -> None:
        """Give products whose ids others or deleted ones have the next ones.

        Raises:
            StoreRefusedError: another run has created some of them meanwhile.
        """
        left = list(jobs)
        while left:
            ids = {job.new_product_id: job for job in left}
            taken = await self._api.taken_ids(list(ids))
            if any(taken.get(product_id) == job.external_id for product_id, job in ids.items()):
                self._context.another_run_creates = True
                message = "another run has created some of these products"
                raise StoreRefusedError(message, status=HTTPStatus.CONFLICT)
            left = [ids[product_id] for product_id in taken]
            for job in left:
                job.creation.generation += 1


def _is_small(job: Job) -> bool:
    """Whether the request of a product is certainly small enough."""
    return len(json.encode(job.desired)) < _SAFE_BYTES
