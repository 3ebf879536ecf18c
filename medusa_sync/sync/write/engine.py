"""Takes stale products to their outcomes.

queue -> take a group -> read details -> plan -> write, step by step -> acknowledge -> outcome
              ^                            | refused: halve the group; a single job: once more, then it fails
              |                            | unknown: one attempt more
              +---- read and plan again <--+ the new difference is what is left to do

A job that wants a unique value which another product of the source has waits for the final pass.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from time import monotonic

from medusa_sync.core.change import Change, Create, Update
from medusa_sync.core.inventory import Values, values_wanted
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.core.unique import Holders, claims
from medusa_sync.errors import AmbiguousWriteError, KnownRefusalError, MedusaSyncError, StoreRefusedError
from medusa_sync.medusa.placement import Placement
from medusa_sync.retry import pause
from medusa_sync.stop import InFlight, Stop
from medusa_sync.sync.batch import halves, parts
from medusa_sync.sync.batch_size import BatchSize
from medusa_sync.sync.health import Health
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.read.compare import Stale
from medusa_sync.sync.write.acknowledger import Acknowledger
from medusa_sync.sync.write.job import Job, Place, Refusal
from medusa_sync.sync.write.new_items import NewItems
from medusa_sync.sync.write.planner import Planner
from medusa_sync.sync.write.rows import ProductRows
from medusa_sync.sync.write.values import UniqueValues
from medusa_sync.sync.write.writer import Writer

logger = logging.getLogger(__name__)

_POLL_S = 0.5  # between two reads of a product that the store is still working on
_POLLS = 20
_REFUSED = frozenset({Result.REJECTED, Result.FAILED})

Group = list[Job]
"""Jobs that are written together."""


class Engine:
    """Takes jobs from the queue to their outcomes.

    Args:
        planner: reads and plans.
        values: finds unique values that others have.
        rows: of the products, with their terms.
        writer: carries out the steps of a write.
        new_items: inventory items of new variants.
        acknowledger: takes complete jobs.
        placement: of new products.
        ledger: gets the outcomes.
        health: decides whether the store itself fails.
        stop: once it is set, nothing new is sent.
        batch_size: of the groups.
        concurrency: groups at the same time.
        max_retries: how many attempts follow one whose result is unknown.
        preview: called with each update of a dry run, which sends nothing; None for a real run.
    """

    def __init__(
        self,
        planner: Planner,
        values: UniqueValues,
        rows: ProductRows,
        writer: Writer,
        new_items: NewItems,
        acknowledger: Acknowledger,
        placement: Placement,
        ledger: Ledger,
        health: Health,
        stop: Stop,
        batch_size: BatchSize,
        *,
        concurrency: int,
        max_retries: int,
        preview: Callable[[Update], None] | None = None,
    ) -> None:
        self._planner = planner
        self._values = values
        self._rows = rows
        self._writer = writer
        self._new_items = new_items
        self._acknowledger = acknowledger
        self._placement = placement
        self._ledger = ledger
        self._health = health
        self._stop = stop
        self._batch_size = batch_size
        self._max_retries = max_retries
        self._preview = preview
        self._queue: Group = []
        self._last: Group = []  # for the final pass
        self._is_final = False
        self._slots = asyncio.Semaphore(concurrency)
        self._in_flight = InFlight(stop)

    async def first_pass(self, parts: AsyncIterator[list[Stale]]) -> None:
        """Write products in the order of the source. If the run is stopped, some do not get an outcome."""
        try:
            async for part in parts:
                await self._take(part)
                while len(self._queue) >= self._batch_size.current:
                    await self._start()
            while self._queue:
                await self._start()
        except MedusaSyncError as error:
            self._stop.set(error)
        finally:
            await self._in_flight.finish()

    async def final_pass(self) -> None:
        """Write the jobs that had to wait for the others."""
        jobs, self._last, self._is_final = self._last, [], True
        for job in jobs:
            if self._stop.is_set and job.refusal is not None:
                self._settle(job, Outcome.of(job.desired, Result.FAILED, str(job.refusal.error)))
            elif not self._stop.is_set:
                job.place, job.attempts = Place.QUEUE, 0
                job.holders, job.refusal, job.is_refused = None, None, False
        if jobs and not self._stop.is_set:
            self._in_flight.begin(self._guarded(self._write_last(jobs)))
            await self._in_flight.finish()

    async def close(self) -> None:
        """Acknowledge what is complete."""
        self._in_flight.begin(self._guarded(self._acknowledger.flush()))
        self._in_flight.begin(self._guarded(self._writer.clean_up(self._stop)))
        await self._in_flight.finish()

    # --- groups ---

    async def _take(self, part: Sequence[Stale]) -> None:
        """Queue stale products, and look up what all of them need."""
        jobs = {each.desired.external_id: Job(each.desired, is_absent=not each.copies) for each in part}
        for job in jobs.values():
            if reason := self._placement.refusal(job.desired):
                self._settle(job, Outcome.of(job.desired, Result.REJECTED, reason))
            elif self._values.is_repeated(job.desired):
                self._defer(job)
            else:
                self._queue.append(job)
        left = [each for each in part if jobs[each.desired.external_id].place is Place.QUEUE]
        creations, terms = await self._planner.look_ahead(left)
        holders = await self._new_items.others(await self._values.look_ahead(creations))
        for creation in creations:
            jobs[creation.desired.external_id].holders = holders
        self._new_items.expect(creations, holders.unused)
        self._rows.expect_terms(terms, [each.desired for each in left])

    async def _start(self) -> None:
        """Start a group as soon as a slot is free."""
        await self._slots.acquire()
        size = self._batch_size.current  # a group that has just ended may have changed it
        group, self._queue = self._queue[:size], self._queue[size:]
        if self._stop.is_set:
            self._slots.release()
            return
        self._in_flight.begin(self._measured(group))

    async def _measured(self, group: Group) -> None:
        began = monotonic()

        async def work() -> None:
            succeeded = await self._work(group, self._attempt)
            self._batch_size.measured(len(group), monotonic() - began, has_failed=not succeeded)

        try:
            await self._guarded(work())
        finally:
            self._slots.release()

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except MedusaSyncError as error:
            self._stop.set(error)

    async def _work(self, group: Group, attempt: Callable[[Group], Awaitable[list[Group]]]) -> bool:
        """Attempt a group until nothing is left to be done; returns whether the first attempt succeeded."""
        queue, has_failed = deque([group]), False
        while queue and not self._stop.is_set:
            jobs = queue.popleft()
            try:
                left = await attempt(jobs)
            except StoreRefusedError as error:
                has_failed, left = True, await self._refused(_open(jobs), error)
            except AmbiguousWriteError as error:
                has_failed, left = True, await self._unknown(_open(jobs), error)
            queue.extendleft(reversed([jobs for jobs in left if jobs]))
        return not has_failed

    async def _write_last(self, jobs: Group) -> None:
        """Write jobs that get values of one another: in several groups, all values are freed first."""
        size = self._batch_size.current
        if len(jobs) > size:
            reading = await self._planner.read(jobs)
            await self._decide(reading.updates)
            updates = _open(reading.updates)
            taken = values_wanted(job.update for job in updates)

            async def free(group: Group) -> list[Group]:
                await self._free(group, taken)
                return []

            for group in parts(updates, size):
                await self._work(group, free)
            stored = set(updates)
            jobs = sorted(_open(jobs), key=lambda job: job not in stored)  # new ones get what they free
        for group in parts(jobs, size):
            await self._work(group, self._attempt)

    # --- an attempt ---

    async def _attempt(self, group: Group) -> list[Group]:
        """Read, plan and write; returns the groups that are left to be done."""
        reading = await self._planner.read(group)
        for job, outcome in reading.outcomes:
            self._settle(job, outcome)
        if reading.updates:
            self._foresee_drops(reading.updates)
            left = await self._carry_out(reading.updates)
            for job in reading.new:  # they get what the updates give up
                job.is_absent = job.leftover is None
            return [*left, reading.new, *await self._wait_for(reading.in_progress)]
        left = []
        for job, outcome in await self._planner.plan_new(reading.new) if reading.new else ():
            self._settle(job, outcome)
        for type_ in (Update, Create):
            left += await self._carry_out(
                [job for job in _open(reading.new) if isinstance(job.change, type_)]
            )
        return [*left, *await self._wait_for(reading.in_progress)]

    async def _carry_out(self, jobs: Group) -> list[Group]:
        """Write updates or creations, unless something had to be looked up or done before."""
        has_asked = await self._decide(jobs)
        jobs = self._unless_refused_before(_open(jobs))
        if not jobs:
            return []
        has_asked |= await self._rows.find_terms(jobs)
        if isinstance(jobs[0].change, Update):
            if self._preview is None:
                has_asked |= await self._release(jobs)
            if has_asked:  # nothing lies between reading a list and writing it
                return [jobs]
        if self._preview is not None:
            await self._foresee(jobs)
            return []
        await self._writer.write(jobs, is_final=self._is_final)
        left: list[Group] = []
        for job in jobs:
            error, job.error = job.error, None
            if error is not None:
                left += await self._refused([job], error)
            else:
                await self._complete(job)
        return left

    async def _release(self, jobs: Group) -> bool:
        """Free the values that variants of these jobs take from one another; returns whether any were."""
        if not await self._rows.release([job for job in jobs if not job.is_released]):
            return False
        wanted = {(claim.field, claim.value) for job in jobs for claim in claims(job.change)}
        for job in jobs:
            if job.is_released:
                self._values.free(hold for hold in job.gives_up if hold[:2] in wanted)
        return True

    async def _decide(self, jobs: Group) -> bool:
        """Decide which unique values jobs get; returns whether the store was asked."""
        unknown = [job for job in jobs if job.holders is None and claims(job.change)]
        if unknown:
            holders = await self._look_up([job.change for job in unknown])
            for job in unknown:
                job.holders = holders
        decision = self._values.decide(jobs, is_final=self._is_final)
        for job in jobs:
            own = job.external_id
            lost = {claim.key for claim in decision.withheld.get(own, ())}
            job.is_blocked = not decision.blocked.get(own, set()) <= lost
            job.gives_up = frozenset(decision.given_up(job.change))
            if own in decision.rejected:
                self._settle(job, Outcome.of(job.desired, Result.REJECTED, decision.rejected[own]))
            elif own in decision.waiting:
                self._defer(job)
            elif own in decision.withheld:
                left = self._planner.without(job.change, list(decision.withheld[own].values()))
                if isinstance(left, Outcome):
                    self._settle(job, left)
                else:
                    job.take(left)
        return bool(unknown)

    async def _look_up(self, changes: Sequence[Change]) -> Holders:
        return await self._new_items.others(await self._values.holders(changes))

    def _unless_refused_before(self, jobs: Group) -> Group:
        """The jobs without a single one that would be sent a second time unchanged, which fails."""
        if len(jobs) == 1 and jobs[0].refusal is not None and jobs[0].refusal.change == jobs[0].plan:
            self._fail(jobs[0], jobs[0].refusal.error)
            return []
        return jobs

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
            if job.is_blocked:
                job.sent = job.planned
                self._defer(job)
            else:
                self._settle(job, job.planned)

    async def _free(self, jobs: Group, taken: Values) -> None:
        """Free the values that jobs of other groups get."""
        if self._preview is None:
            await self._rows.release(jobs, taken)
            await self._writer.release_items(jobs, taken)
        for job in jobs:
            self._values.free(hold for hold in job.gives_up if hold[:2] in taken)

    async def _complete(self, job: Job) -> None:
        """Hand over a job that was written."""
        self._values.free(job.gives_up)
        if job.lacks_item_sku and not self._is_final:
            self._defer(job)
            return
        record, is_known = self._writer.record(job)
        if is_known and not job.may_be_late:
            self._settle(job, job.planned)
        else:
            await self._acknowledger.add(job, record)

    # --- failed writes ---

    async def _refused(self, jobs: Group, error: StoreRefusedError) -> list[Group]:
        """Take jobs back that the store refused without saying which one is the cause."""
        for job in jobs:
            if not job.is_written:
                job.sent = None
                self._ledger.take_back(job.external_id)
        if self._stop.is_set:
            return []
        is_known = isinstance(error, KnownRefusalError)
        if not is_known and not any(job.is_refused for job in jobs) and await self._look_again(jobs):
            return [_open(jobs)]
        if len(jobs) > 1:
            logger.info("bisecting a batch of %d: %s", len(jobs), error, extra={"event": "bisect"})
            return list(halves(jobs))
        for job in jobs:
            if is_known:
                self._settle(job, Outcome.of(job.desired, Result.REJECTED, str(error)))
            elif job.refusal is None:  # the new plan may differ, for example in the handle
                job.refusal = Refusal(job.plan, error)
                return [jobs]
            else:
                self._fail(job, error)
        return []

    async def _look_again(self, jobs: Group) -> bool:
        """Look up unique values again, and terms the next time; returns whether that changed a plan."""
        self._rows.forget_terms(jobs)
        plans = [job.plan for job in jobs]
        for job in jobs:
            job.is_refused, job.holders = True, None
        await self._decide([job for job in jobs if job.plan is not None])
        has_items = any(job.holders is not None and job.holders.unused for job in jobs)
        return has_items or plans != [job.plan for job in jobs] or _open(jobs) != jobs

    def _fail(self, job: Job, error: MedusaSyncError, result: Result = Result.FAILED) -> None:
        """Settle a job that cannot be written; another one may still give up a value that it wants."""
        if (
            result is Result.FAILED
            and not self._is_final
            and isinstance(job.plan, Update)
            and claims(job.plan)
        ):
            job.refusal = Refusal(None, error)
            self._defer(job)
        else:
            self._settle(job, Outcome.of(job.desired, result, str(error)))

    async def _unknown(self, jobs: Group, error: AmbiguousWriteError) -> list[Group]:
        """It is not known what arrived: read the products again, and plan and send the rest."""
        if self._stop.is_set:
            return []
        for job in jobs:
            job.note_at = 0  # the store may still be working on this write
            job.attempts += 1
        attempts = max((job.attempts for job in jobs), default=0)
        if attempts <= self._max_retries:
            logger.info("reconciling %d products: %s", len(jobs), error, extra={"event": "reconcile"})
            await self._stop.sleep(pause(attempts))
            return [jobs]
        if len(jobs) > 1:
            for job in jobs:
                job.attempts = max(attempts - 1, 0)
            return list(halves(jobs))
        for job in jobs:
            self._fail(job, error, Result.FAILED if error.responded else Result.UNCONFIRMED)
        await self._health.lost(error)
        return []

    async def _wait_for(self, jobs: Group) -> list[Group]:
        """Give the store time to finish products that it is still working on."""
        if not jobs:
            return []
        left = []
        for job in jobs:
            job.polls += 1
            if self._preview is not None:
                self._settle(job, Outcome.of(job.desired, Result.UNCONFIRMED, "another run is writing it"))
            elif job.polls > _POLLS:
                reason = "the store has not finished it yet; the next run checks it again"
                self._settle(job, Outcome.of(job.desired, Result.UNCONFIRMED, reason))
            else:
                left.append(job)
        if left:
            await self._stop.sleep(_POLL_S)
        return [left]

    # --- places ---

    def _defer(self, job: Job) -> None:
        """Let a job wait for the final pass."""
        job.place = Place.FINAL_PASS
        self._last.append(job)

    def _settle(self, job: Job, outcome: Outcome) -> None:
        """Enter the outcome of a job in the ledger."""
        if outcome.result in _REFUSED and not job.attempts:
            self._new_items.give_up(job.external_id)
        job.place = Place.LEDGER
        if self._preview is None or outcome.action is not Action.CREATE:
            self._planner.release(job.external_id)
        self._ledger.settle(job.outcome(outcome))

    def acknowledged(self, job: Job) -> None:
        """Settle a job that is acknowledged."""
        self._settle(job, job.planned)


def _open(jobs: Iterable[Job]) -> Group:
    """The jobs that are left to be done."""
    return [job for job in jobs if job.place is Place.QUEUE]
