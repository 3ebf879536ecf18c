"""Attempts to write jobs: reads, plans, decides which unique values they get, and writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property

from medusa_sync.core.change import Change
from medusa_sync.core.fields import FIELDS
from medusa_sync.core.needed_terms import needed_terms
from medusa_sync.core.note import is_recorded, note
from medusa_sync.core.resolve import added_members
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.core.selection import Selection
from medusa_sync.core.steps import Step
from medusa_sync.core.stored import StoredProduct
from medusa_sync.core.unique import Owners, claims, postponed
from medusa_sync.errors import StoreRefusedError
from medusa_sync.medusa.terms import Terms
from medusa_sync.stop import all_done
from medusa_sync.sync.context import Context
from medusa_sync.sync.marking import delete_marked
from medusa_sync.sync.read.compare import Stale
from medusa_sync.sync.write.acknowledger import Acknowledger
from medusa_sync.sync.write.gate import Gate
from medusa_sync.sync.write.items import Items
from medusa_sync.sync.write.job import Group, Job, still_queued
from medusa_sync.sync.write.new_products import NewProducts
from medusa_sync.sync.write.places import Places
from medusa_sync.sync.write.planner import Planner
from medusa_sync.sync.write.rows import ProductRows
from medusa_sync.sync.write.sales import Sales
from medusa_sync.sync.write.steps import Writer
from medusa_sync.sync.write.unique_values import UniqueValues

_POLL_S = 0.5  # between two reads of a product that the store is still working on
_POLLS = 20


class Attempts:
    """Takes groups of jobs through an attempt.

    Every method may raise StoreRefusedError, AmbiguousWriteError or StoreError.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.places = Places(context, self._settled)
        self._sales = Sales(context)
        self._values = UniqueValues(context)
        self._gate = Gate(context, self.places)
        self.planner = Planner(context, self.places, self._sales, self._values, self._gate)
        self._terms = Terms(
            context.api,
            context.mode.source,
            context.stop,
            creates=not context.is_dry_run,
        )
        self._rows = ProductRows(context, self._terms)
        self._items = Items(context, self._rows.accepts)
        self._writer = Writer(context, self._rows, self._items, self._sales, self.planner)
        self._acknowledger = Acknowledger(context.api, self.places)
        self._taken = 0  # jobs

    @cached_property
    def _new_products(self) -> NewProducts:
        return NewProducts(self._context, self.places, self.planner, self._gate)

    async def prepare(self, part: Sequence[Stale]) -> Group:
        """Look up what stale products need, with one request for many; returns those to be written first."""
        jobs: Group = []
        for number, each in enumerate(part, self._taken):
            job = Job(each.desired, number, is_absent=self._context.mode.creates and not each.copies)
            if reason := self._gate.lacks(job.desired, each.gains):
                self._gate.refuse(job, reason)
            elif self._values.is_repeated(job.desired):
                self.places.defer(job)
            else:
                jobs.append(job)
        self._taken += len(part)
        if absent := [job for job in jobs if job.is_absent]:
            await self._new_products.plan_ahead(absent)
        jobs = still_queued(jobs)
        if created := [job for job in jobs if job.plan is not None]:
            await self._decide_ahead(created)
            jobs = still_queued(jobs)
        names = {job.external_id for job in created}
        updates = self._context.settings.plan.update
        changed = [each for each in part if (updates if each.copies else each.desired.external_id in names)]
        terms = _added_terms(changed, self._context.settings.plan.selection)
        self._terms.expect(terms, [job.desired for job in jobs])
        return jobs

    async def _decide_ahead(self, created: Group) -> None:
        """Decide which unique values new products get, with one look-up for many."""
        owners, context = Owners(), self._context
        if not context.scan.is_empty or context.is_dry_run:  # without products, only items have values
            owners = await self._look_up([job.change for job in created])
        for job in created:
            job.owners, job.attempt.items = owners, owners.unused
        await self.decide(created)
        self._items.expect(self._gate.pass_through(still_queued(created)))

    async def attempt(self, group: Group) -> list[Group]:
        """Read, plan and write; returns the groups that are left to be done."""
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
        has_asked, clears = False, bool(self._values.to_clear)
        await self._gate.resolve(jobs)
        if clears or any(Step.DECIDE in job.change.steps for job in jobs):
            has_asked = await self.decide(jobs)
        jobs = self._gate.pass_through(still_queued(jobs), has_begun=clears)
        if not jobs or (len(jobs) == 1 and _fails_again(jobs[0])):
            return []
        for job in jobs:
            self._context.remarks.left_over.add_new(job.change.items, job.owners.unused if job.owners else {})
        if self._context.is_dry_run:
            await self._foresee(jobs)
            return []
        if not jobs[0].change.is_creation and (await self._find_terms(jobs) or has_asked):
            return [jobs]  # so that nothing lies between reading a list and writing it
        await self._writer.write(jobs)
        for job in jobs:
            if job.attempt.error is None and not clears:  # else it is planned again
                await self._acknowledger.add(job)
        return []

    async def _find_terms(self, jobs: Group) -> bool:
        """Find the terms that jobs need, or create them; returns whether some were not known."""
        wanting = [job.change for job in jobs if Step.TERMS in job.change.steps]
        if not wanting or self._terms.has(needed_terms(wanting)):
            return False
        await self._rows.term_ids(jobs)
        return True

    async def begin_clearing(self, jobs: Group) -> Group:
        """Choose what is cleared before jobs are written that wait for values of one another.

        Until `end_clearing` is called, attempts clear it, and do not give any values to variants. If the
        store refuses to show all of these products together, nothing is cleared.

        Returns:
            The jobs that are written for this.
        """
        updates = [job for job in jobs if not job.is_new]
        with suppress(StoreRefusedError):
            await self.planner.read(updates)
            self._gate.pass_through(still_queued(updates))
            with_plan = [job for job in still_queued(updates) if job.plan is not None]
            owners = await self._look_up([job.change for job in with_plan])
            for job in with_plan:
                job.owners = owners
            return self._values.begin_clearing(still_queued(jobs))
        return []

    def end_clearing(self, changed: Iterable[Job]) -> None:
        """Let attempts give values to variants again; what has those of changed jobs is looked up again."""
        self._values.to_clear.clear()
        for job in changed:
            job.owners = None

    async def decide(self, jobs: Group) -> bool:
        """Decide which unique values jobs get; returns whether the store was asked."""
        if self._values.to_clear:
            for job in jobs:
                job.take(self.planner.without(job.change, *postponed(job.change, self._values.to_clear)))
            return False
        may_be_outdated = self._context.another_run_creates  # of new products
        unknown = [
            job
            for job in jobs
            if (job.owners is None or (may_be_outdated and job.change.is_creation)) and claims(job.change)
        ]
        if unknown:
            owners = await self._look_up([job.change for job in unknown])
            for job in unknown:
                job.owners = owners
        decision = self._values.decide(jobs)
        for job in jobs:
            external_id = job.external_id
            if external_id in decision.rejected:
                self.places.end(job, Result.REJECTED, decision.rejected[external_id])
            elif external_id in decision.waiting:
                self.places.defer(job)
            elif external_id in decision.withheld:
                left = self.planner.without(job.change, decision.withheld[external_id])
                job.take(left)
                if not left.is_creation and is_recorded(left):
                    self.places.complete(job)
        return bool(unknown)

    async def _look_up(self, changes: Sequence[Change]) -> Owners:
        return await self._items.others(await self._values.owners(changes))

    async def _foresee(self, jobs: Group) -> None:
        """Give jobs the outcomes that they would have if they were written."""
        await self._rows.check(jobs)
        jobs = [job for job in jobs if job.attempt.error is None]
        for job in jobs:
            self._values.foreseen.add(job.change)
        refusals = await self._items.refusals(jobs, self._values.foreseen.is_in_use)
        for job in jobs:
            if job in refusals:
                self.places.end(job, Result.FAILED, refusals[job])
            elif self._values.to_clear:  # the next plan begins with what this one would have left
                job.is_written = True
                self._context.ledger.decided(job.external_id, job.change.conflicts)
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
            elif job.polls > _POLLS:
                reason = "the store has not finished it yet; the next run checks it again"
                self.places.end(job, Result.UNCONFIRMED, reason)
            else:
                left.append(job)
        if left:
            await self._context.stop.sleep(_POLL_S)
        return left

    async def flush(self) -> None:
        """Acknowledge what is complete, and remove inventory items that no variant uses.

        If sale prices may be stored twice, nothing is acknowledged: the next run reads these products again.
        """
        is_clean = False
        try:
            is_clean = await self._sales.remove_copies()
        finally:
            if not is_clean:
                self._acknowledger.give_up()
        await all_done(self._acknowledger.flush(), self._items.remove_unused())

    def _settled(self, job: Job, outcome: Outcome) -> None:
        """Forget the handle of a job that has its outcome; one that a dry run would create keeps it."""
        if not (self._context.is_dry_run and outcome.action is Action.CREATE):
            self._new_products.handles.forget(job)


def _fails_again(job: Job) -> bool:
    """Whether the store has refused the plan of a job alone; then the job gets the error."""
    has_items = job.owners is not None and job.owners.unused
    if job.refusal is None or job.refusal.plan != job.plan or has_items:
        return False
    job.attempt.error = job.refusal.error
    return True


def _added_terms(products: Sequence[Stale], selection: Selection) -> dict[str, list[str]]:
    """The terms that the source added since products were last written, by field, as the records show it."""
    added: dict[str, list[str]] = {name: [] for name, field in FIELDS.items() if field.kind.is_term}
    for product in products:
        records = [each.record for each in product.copies if isinstance(each, StoredProduct) and each.record]
        for name, terms in added.items():
            if selection.has(name) or not product.copies:
                terms.extend(added_members(name, product.desired, records))
    return added
