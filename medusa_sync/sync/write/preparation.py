"""Prepares stale products: looks up what many of them need with one request."""

from __future__ import annotations

from collections.abc import Sequence

from medusa_sync.core.announced import Announced, announce
from medusa_sync.core.kinds.copies import expected
from medusa_sync.core.needed_terms import TERMS
from medusa_sync.core.stored import StoredProduct
from medusa_sync.medusa.terms import Terms
from medusa_sync.sync.context import Context
from medusa_sync.sync.read.compare import Stale
from medusa_sync.sync.write.decisions import Decisions
from medusa_sync.sync.write.gate import Gate
from medusa_sync.sync.write.job import Group, Job, still_queued
from medusa_sync.sync.write.job_places import Places
from medusa_sync.sync.write.new_products import NewProducts
from medusa_sync.sync.write.unique_values import UniqueValues


class Preparation:
    """Turns stale products into jobs.

    Every method may raise StoreRefusedError, AmbiguousWriteError or StoreError.
    """

    def __init__(
        self,
        context: Context,
        places: Places,
        gate: Gate,
        values: UniqueValues,
        decisions: Decisions,
        terms: Terms,
    ) -> None:
        self._context = context
        self._places = places
        self._gate = gate
        self._values = values
        self._decisions = decisions
        self._terms = terms
        self._taken = 0  # jobs

    async def prepare(self, part: Sequence[Stale], new_products: NewProducts) -> Group:
        """Look up what stale products need, with one request for many; returns those to be written first."""
        jobs: Group = []
        to_copy = [self._to_copy(each) for each in part]
        self._context.remarks.copies.expect(to_copy)
        for number, (each, urls) in enumerate(zip(part, to_copy, strict=True), self._taken):
            is_absent = self._context.mode.creates and not each.copies
            job = Job(each.desired, number, is_absent=is_absent, to_copy=len(urls))
            if reason := self._gate.lacks(job.desired, each.gains):
                self._gate.refuse(job, reason)
            elif self._values.is_repeated(job.desired):
                self._places.defer(job)
            else:
                job.announced = self._announced(each)
                jobs.append(job)
        self._taken += len(part)
        if absent := [job for job in jobs if job.is_absent]:
            await new_products.plan_ahead(absent)
        jobs = still_queued(jobs)
        if created := [job for job in jobs if job.plan is not None]:
            await self._decisions.decide_ahead(created)
            jobs = still_queued(jobs)
        names = {job.external_id for job in created}
        updates = self._context.settings.plan.update
        changed = [each for each in part if (updates if each.copies else each.desired.external_id in names)]
        terms = {name: [term for each in changed for term in each.gains.get(name, ())] for name in TERMS}
        self._terms.expect(terms, [each.desired for each in part])  # some jobs wait for an SKU
        return jobs

    def _to_copy(self, stale: Stale) -> dict[str, bool]:
        """The images of a product that may be asked for, with whether they have copies."""
        records = [each.record for each in stale.copies if isinstance(each, StoredProduct)]
        return expected(stale.desired, records[0] if records else None, self._context.plan.selection)

    def _announced(self, stale: Stale) -> Announced | None:
        """What the record of a product foresees, if that is enough to note it; never for what is approved."""
        context, copies = self._context, stale.copies
        if context.is_dry_run or context.mode.reads_all or stale.desired.approved or not context.plan.update:
            return None
        if len(copies) != 1 or not isinstance(copies[0], StoredProduct):
            return None
        return announce(stale.desired, copies[0], context.plan)
