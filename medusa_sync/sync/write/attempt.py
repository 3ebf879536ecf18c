"""Attempts to write jobs: reads, plans, decides which unique values they get, and writes."""

from __future__ import annotations

from collections.abc import Sequence

from medusa_sync.core.needed_terms import needed_terms
from medusa_sync.core.outcome import Result
from medusa_sync.core.recorded import note
from medusa_sync.core.steps import Step
from medusa_sync.core.unfinished import POLL_S, POLLS
from medusa_sync.medusa.terms import Terms
from medusa_sync.stop import all_done
from medusa_sync.sync.context import Context
from medusa_sync.sync.marking import delete_marked
from medusa_sync.sync.read.compare import Stale
from medusa_sync.sync.write.acknowledger import Acknowledger
from medusa_sync.sync.write.apart import Apart
from medusa_sync.sync.write.copier import Copier
from medusa_sync.sync.write.decisions import Decisions
from medusa_sync.sync.write.gate import Gate
from medusa_sync.sync.write.handles import Handles
from medusa_sync.sync.write.items import Items
from medusa_sync.sync.write.job import Group, Job, still_queued
from medusa_sync.sync.write.job_places import Places
from medusa_sync.sync.write.new_items import NewItems
from medusa_sync.sync.write.new_products import NewProducts
from medusa_sync.sync.write.planner import Planner
from medusa_sync.sync.write.preparation import Preparation
from medusa_sync.sync.write.rows import ProductRows
from medusa_sync.sync.write.steps import Writer
from medusa_sync.sync.write.unique_values import UniqueValues


class Attempts:
    """Takes groups of jobs through an attempt.

    Every method may raise StoreRefusedError, AmbiguousWriteError or StoreError.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        handles = Handles(context)
        self.places = Places(context, handles)
        self._apart = Apart(context)
        self._values = UniqueValues(context)
        self._gate = Gate(context, self.places)
        self.planner = Planner(context, self.places, self._apart, self._values, self._gate)
        self._new_products = NewProducts(context, self.places, self.planner, self._gate, handles)
        self._terms = Terms(context.api, context.mode.source, context.stop, creates=not context.is_dry_run)
        self._rows = ProductRows(context, self._terms)
        self._new_items = NewItems(context, self._rows.accepts)
        self._items = Items(context, self._new_items)
        steps = self._rows, self._items, self._new_items, self._apart, self.planner
        self._writer = Writer(context, *steps)
        self._copier = Copier(context)
        self._acknowledger = Acknowledger(context.api, self.places)
        self.decisions = Decisions(
            context, self.places, self._values, self._new_items, self.planner, self._gate
        )
        self._preparation = Preparation(
            context, self.places, self._gate, self._values, self.decisions, self._terms
        )

    async def prepare(self, part: Sequence[Stale]) -> Group:
        """Look up what stale products need; returns those to be written first."""
        return await self._preparation.prepare(part, self._new_products)

    async def attempt(self, group: Group) -> list[Group]:
        """Read, plan and write; returns the groups that are left to be done."""
        if announced := [job for job in group if job.announced is not None]:
            others = [job for job in group if job.announced is None]
            for job in announced:
                job.plan, job.announced = job.announced, None
            return [*await self._carry_out(announced), others]
        in_progress = await self.planner.read(group)
        jobs = [job for job in still_queued(group) if job not in in_progress]
        new = [job for job in jobs if job.plan is None or job.plan.is_creation]
        left: list[Group] = []
        if len(new) < len(jobs):
            left += await self._carry_out([job for job in jobs if job not in new])
            for job in new:  # creates and updates never share a call
                job.is_absent = not job.creation.replaces
            left.append(new)
        elif new:
            left += await self._create(new)
        if in_progress:
            left.append(await self._wait_for(in_progress))
        return left

    async def _create(self, jobs: Group) -> list[Group]:
        """Plan new products, and create or adopt them."""
        await self._new_products.plan(jobs)
        jobs = self._gate.pass_through(still_queued(jobs))
        kept = await self._delete_left_over([job for job in jobs if job.creation.replaces])
        left = [kept]
        jobs = [job for job in jobs if job not in kept]
        for creates in (False, True):  # adopted products first
            alike = [job for job in still_queued(jobs) if job.change.is_creation is creates]
            left += await self._carry_out(alike) if alike else ()
        return left

    async def _delete_left_over(self, jobs: Group) -> Group:
        """Delete the incomplete products that interrupted creations have left.

        Returns:
            The jobs whose products were changed since they were read, and stay.
        """
        if self._context.is_dry_run:
            self._context.removed_products |= {job.external_id for job in jobs}
            return []
        kept = await delete_marked(self._context.api, [job.creation.replaces for job in jobs]) if jobs else ()
        return [job for job in jobs if job.creation.replaces in kept]

    async def _carry_out(self, jobs: Group) -> list[Group]:
        """Write updates or creations, unless something had to be looked up or done before."""
        has_asked, clears = False, self.decisions.is_clearing
        await self._gate.resolve(jobs)
        if clears or any(Step.DECIDE in job.change.steps for job in jobs):
            has_asked = await self.decisions.decide(jobs)
        jobs = self._gate.pass_through(still_queued(jobs), has_begun=clears)
        if not jobs or (len(jobs) == 1 and _fails_again(jobs[0])):
            return []
        for job in jobs:
            self._context.remarks.left_over.add_new(job.change.items, job.owners.unused if job.owners else {})
        copies = await self._copier.copy(jobs)
        if self._context.is_dry_run:
            await self._foresee(jobs)
            return []
        if copies and self._context.stop.is_set:
            return []
        if not jobs[0].change.is_creation and (await self._find_terms(jobs) or has_asked or copies):
            return [jobs]  # so that nothing lies between reading a list and writing it
        with self._copier.in_use(jobs):
            await self._writer.write(jobs)
        for job in jobs:
            if job.attempt.error is None and not clears:  # else it is planned again
                await self._acknowledger.add(job)
        return []

    async def _find_terms(self, jobs: Group) -> bool:
        """Find the terms that jobs need, or create them; returns whether some were not known."""
        if self._terms.has(needed_terms(job.change for job in jobs)):
            return False
        await self._rows.term_ids(jobs)
        return True

    async def _foresee(self, jobs: Group) -> None:
        """Give jobs the outcomes that they would have if they were written."""
        await self._rows.check(jobs)
        jobs = [job for job in jobs if job.attempt.error is None]
        for job in jobs:
            self._values.foreseen.add(job.change)
            self._context.remarks.copies.planned(job.change.copies.to_copy)
        await self._items.foresee(jobs)
        for job in jobs:
            if self.decisions.is_clearing:  # the next plan begins with what this one would have left
                job.is_written = True
                self._context.ledger.decided(job.external_id, job.change.conflicts)
                if Step.ROW in job.change.steps:
                    job.history.records.append(note(job.change, now=0))
                    self._values.foreseen.add(job.change, job.history.records[-1])
            else:
                self.places.complete(job)

    def look_again(self, jobs: Group) -> None:
        """Let the next attempt look up unique values and terms again, once: some may have changed."""
        first = [job for job in jobs if not job.is_refused]
        self._terms.forget(needed_terms([job.plan for job in first if job.plan is not None]))
        for job in first:
            job.is_refused, job.owners = True, None

    async def _wait_for(self, jobs: Group) -> Group:
        """Give the store time to finish products that it is still working on."""
        left = []
        for job in jobs:
            job.polls += 1
            if self._context.is_dry_run:
                self.places.end(job, Result.UNCONFIRMED, "another run is writing it")
            elif job.polls > POLLS:
                reason = "the store has not finished it yet; the next run checks it again"
                self.places.end(job, Result.UNCONFIRMED, reason)
            else:
                left.append(job)
        if left:
            await self._context.stop.sleep(POLL_S)
        return left

    async def flush(self) -> None:
        """Acknowledge what is complete, and remove inventory items that no variant uses.

        If something may be stored twice, nothing is acknowledged: the next run reads these products again.
        """
        is_clean = False
        try:
            is_clean = await self._apart.remove_copies()
        finally:
            if not is_clean:
                self._acknowledger.give_up()
            await self._copier.delete_unused()
        await all_done(self._acknowledger.flush(), self._new_items.remove_unused())


def _fails_again(job: Job) -> bool:
    """Whether the store has refused the plan of a job alone; then the job gets the error."""
    has_items = job.owners is not None and job.owners.unused
    if job.refusal is None or job.refusal.plan != job.plan or has_items:
        return False
    job.attempt.error = job.refusal.error
    return True
