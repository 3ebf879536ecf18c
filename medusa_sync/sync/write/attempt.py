"""Attempts to write jobs: reads, plans, decides which unique values they get, and writes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from medusa_sync.core.change import Change, Create, Update
from medusa_sync.core.claims import Holders, UniqueValue, claims
from medusa_sync.core.result import Outcome, Result
from medusa_sync.medusa.placement import Placement
from medusa_sync.stop import Stop
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.read.compare import Stale
from medusa_sync.sync.write.acknowledger import Acknowledger
from medusa_sync.sync.write.job import Group, Job, Place
from medusa_sync.sync.write.new_items import NewItems
from medusa_sync.sync.write.new_products import NewProducts
from medusa_sync.sync.write.places import Places, still_queued
from medusa_sync.sync.write.planner import Planner
from medusa_sync.sync.write.rows import ProductRows
from medusa_sync.sync.write.values import UniqueValues
from medusa_sync.sync.write.writer import Writer

_POLL_S = 0.5  # between two reads of a product that the store is still working on
_POLLS = 20


class Attempts:
    """Takes groups of jobs through an attempt.

    Every method may raise StoreRefusedError, AmbiguousWriteError or StoreError.

    Args:
        planner: reads and plans stored products.
        new_products: plans the others.
        values: finds unique values that others have.
        rows: of the products, with their terms.
        writer: carries out the steps of a write.
        new_items: inventory items of new variants.
        acknowledger: takes complete jobs.
        places: takes jobs that are not written.
        ledger: notified of what the source dropped, in a dry run.
        placement: of new products.
        stop: ends pauses.
        preview: called with each update of a dry run, which sends nothing; None for a real run.
    """

    def __init__(
        self,
        planner: Planner,
        new_products: NewProducts,
        values: UniqueValues,
        rows: ProductRows,
        writer: Writer,
        new_items: NewItems,
        acknowledger: Acknowledger,
        places: Places,
        ledger: Ledger,
        placement: Placement,
        stop: Stop,
        preview: Callable[[Update], None] | None,
    ) -> None:
        self._planner = planner
        self._new_products = new_products
        self._values = values
        self._rows = rows
        self._writer = writer
        self._new_items = new_items
        self._acknowledger = acknowledger
        self._places = places
        self._ledger = ledger
        self._placement = placement
        self._stop = stop
        self._preview = preview
        self._taken = 0  # jobs

    async def prepare(self, part: Sequence[Stale]) -> Group:
        """Look up what stale products need, with one request for many; returns those to be written first."""
        jobs = {
            each.desired.external_id: Job(each.desired, number, is_absent=not each.copies)
            for number, each in enumerate(part, self._taken)
        }
        self._taken += len(part)
        for job in jobs.values():
            if reason := self._placement.refusal(job.desired):
                self._places.fail(job, Result.REJECTED, reason)
            elif self._values.is_repeated(job.desired):
                self._places.defer(job)
        left = [each for each in part if jobs[each.desired.external_id].place is Place.QUEUE]
        creations, terms = await self._new_products.look_ahead(left)
        holders = await self._new_items.others(await self._values.look_ahead(creations))
        for creation in creations:
            jobs[creation.desired.external_id].holders = holders
        self._new_items.expect(creations, holders.unused)
        self._rows.expect_terms(terms, [each.desired for each in left])
        return still_queued(list(jobs.values()))

    async def attempt(self, group: Group) -> list[Group]:
        """Read, plan and write; returns the groups that are left to be done."""
        reading = await self._planner.read(group)
        for job, outcome in reading.outcomes:
            self._places.settle(job, outcome)
        if reading.updates:
            self._foresee_drops(reading.updates)
            left = await self._carry_out(reading.updates)
            for job in reading.new:  # they get what the updates give up
                job.is_absent = job.leftover is None
            return [*left, reading.new, *await self._wait_for(reading.in_progress)]
        left = []
        for job, outcome in await self._new_products.plan(reading.new) if reading.new else ():
            self._places.settle(job, outcome)
        if self._preview is None:
            await self._writer.delete_leftovers(reading.new)
        for kind in (Update, Create):
            jobs = [job for job in still_queued(reading.new) if isinstance(job.plan, kind)]
            left += await self._carry_out(jobs) if jobs else ()
        return [*left, *await self._wait_for(reading.in_progress)]

    async def _carry_out(self, jobs: Group) -> list[Group]:
        """Write updates or creations, unless something had to be looked up or done before."""
        has_asked = await self.decide(jobs)
        jobs = self._unless_refused_before(still_queued(jobs))
        if not jobs:
            return []
        if isinstance(jobs[0].change, Update):
            has_asked |= await self._rows.find_terms(jobs)
            if self._preview is None:
                has_asked |= await self._release(jobs)
            if has_asked:  # nothing lies between reading a list and writing it
                return [jobs]
        if self._preview is not None:
            await self._foresee(jobs)
            return []
        await self._writer.write(jobs, is_final=self._places.is_final)
        for job in jobs:
            if job.error is None:
                await self._complete(job)
        return []

    async def _release(self, jobs: Group) -> bool:
        """Free the values that variants of these jobs take from one another; returns whether any were."""
        if not await self._rows.release([job for job in jobs if not job.is_released]):
            return False
        wanted = {(claim.field, claim.value) for job in jobs for claim in claims(job.change)}
        for job in jobs:
            if job.is_released:
                self._values.free(hold for hold in job.gives_up if hold[:2] in wanted)
        return True

    async def decide_together(self, jobs: Group) -> Group:
        """Decide which unique values the jobs of several groups get; returns those that are updated."""
        updates = (await self._planner.read(jobs)).updates
        await self.decide(updates)
        for job in updates:
            job.holders = None  # what others get of them is not known yet
        return still_queued(updates)

    async def decide(self, jobs: Group) -> bool:
        """Decide which unique values jobs get; returns whether the store was asked."""
        unknown = [job for job in jobs if job.holders is None and claims(job.change)]
        if unknown:
            holders = await self._look_up([job.change for job in unknown])
            for job in unknown:
                job.holders = holders
        decision = self._values.decide(jobs, is_final=self._places.is_final, is_last=self._places.is_last)
        for job in jobs:
            own = job.external_id
            lost = {claim.key for claim in decision.withheld.get(own, ())}
            job.lacks_item_sku = not decision.without_item_sku.get(own, set()) <= lost
            job.gives_up = frozenset(decision.given_up(job.change))
            if own in decision.rejected:
                self._places.fail(job, Result.REJECTED, decision.rejected[own])
            elif own in decision.waiting:
                self._places.defer(job)
            elif own in decision.withheld:
                left = self._planner.without(job.change, list(decision.withheld[own].values()))
                if isinstance(left, Outcome):
                    self._places.settle(job, left)
                else:
                    job.take(left)
        return bool(unknown)

    async def _look_up(self, changes: Sequence[Change]) -> Holders:
        return await self._new_items.others(await self._values.holders(changes))

    def _unless_refused_before(self, jobs: Group) -> Group:
        """The jobs without a single one that would be sent a second time unchanged, which fails."""
        if len(jobs) != 1 or jobs[0].refusal is None or jobs[0].refusal.change != jobs[0].plan:
            return jobs
        jobs[0].error = jobs[0].refusal.error
        return []

    def _foresee_drops(self, jobs: Group) -> None:
        """Take note of the variants that the source dropped, in a dry run."""
        if self._preview is not None:
            for job in jobs:
                self._preview(job.update)
                self._ledger.watch_dropped(job.update)

    async def _foresee(self, jobs: Group) -> None:
        """Give jobs the outcomes that they would have if they were written."""
        await self._rows.check(jobs)
        for job in jobs:
            self._values.give(job.change)
            self._values.free(job.gives_up)
            if job.lacks_item_sku:
                job.sent = job.planned
                self._places.defer(job)
            else:
                self._places.complete(job)

    async def free(self, jobs: Group, taken: Collection[UniqueValue]) -> None:
        """Free the values that jobs of other groups get."""
        if self._preview is None:
            await self._rows.release(jobs, taken)
            await self._writer.release_items(jobs, taken)
        for job in jobs:
            self._values.free(hold for hold in job.gives_up if hold[:2] in taken)

    async def _complete(self, job: Job) -> None:
        """Hand over a job that was written."""
        self._values.free(job.gives_up)
        if job.lacks_item_sku and not self._places.is_final:
            self._places.defer(job)
            return
        record, is_known = self._writer.record(job)
        if is_known and not job.may_be_late:
            self._places.complete(job)
        else:
            await self._acknowledger.add(job, record)

    async def look_again(self, jobs: Group) -> bool:
        """Look up unique values again, and terms the next time; returns whether that changed a plan."""
        self._rows.forget_terms(jobs)
        plans = [job.plan for job in jobs]
        for job in jobs:
            job.is_refused, job.holders = True, None
        await self.decide([job for job in jobs if job.plan is not None])
        has_items = any(job.holders is not None and job.holders.unused for job in jobs)
        return has_items or plans != [job.plan for job in jobs] or still_queued(jobs) != jobs

    async def _wait_for(self, jobs: Group) -> list[Group]:
        """Give the store time to finish products that it is still working on."""
        if not jobs:
            return []
        left = []
        for job in jobs:
            job.polls += 1
            if self._preview is not None:
                self._places.fail(job, Result.UNCONFIRMED, "another run is writing it")
            elif job.polls > _POLLS:
                reason = "the store has not finished it yet; the next run checks it again"
                self._places.fail(job, Result.UNCONFIRMED, reason)
            else:
                left.append(job)
        if left:
            await self._stop.sleep(_POLL_S)
        return [left]
