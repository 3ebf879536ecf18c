"""Takes stale products to their outcomes.

queue -> take a group -> read details -> plan -> write, step by step -> acknowledge -> outcome
              ^                            | refused: halve the group; a single job: once more, then it fails
              |                            | unknown: one attempt more
              +---- read and plan again <--+ the new difference is what is left to do

A job that wants a unique value or a handle which another product of the source has waits for the final pass,
and so does one of which the source dropped variants that may be removed. In the final pass, these jobs go
through the queue once more: first those that have what others want are written without it, then all of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Iterator
from itertools import chain, groupby

from medusa_sync.core.change import Change
from medusa_sync.core.outcome import Result
from medusa_sync.errors import (
    AmbiguousWriteError,
    KnownRefusalError,
    MedusaSyncError,
    StoreError,
    StoreRefusedError,
)
from medusa_sync.medusa.bisect import isolate, parts
from medusa_sync.medusa.lists import fitting
from medusa_sync.retry import pause
from medusa_sync.stop import InFlight
from medusa_sync.sync.context import Context
from medusa_sync.sync.read.compare import Stale
from medusa_sync.sync.write.attempt import Attempts
from medusa_sync.sync.write.job import Group, Job, Refusal, still_queued

logger = logging.getLogger(__name__)

# How many times the batch size a group has:
_WRITTEN = 2  # the calls that create products are bounded by bytes, too; two batches fill more of them
_NOTED = 8  # products whose notes are written before they are read
_MOST_NOTED = 400  # more make a call hardly cheaper for each product
MOST_VARIANTS = 1_000  # of these products, if there are several: all are in one response
_COPIES = 60  # that are made for a group before it is written
_MOST_FAILURES = 20  # products in a row; after these, the store itself fails


class Engine:
    """Takes jobs from the queue to their outcomes."""

    def __init__(self, context: Context) -> None:
        settings = context.settings
        self._context = context
        self._stop = context.stop
        self._attempts = Attempts(context)
        self._places = self._attempts.places
        self._batch_size = settings.batch_size
        self._queue: Group = []
        self._announced: Group = []
        self._slots = asyncio.Semaphore(1 if context.is_dry_run else settings.concurrency)
        self._in_flight = InFlight(context.stop)

    async def first_pass(self, first: list[Stale], rest: AsyncIterator[list[Stale]]) -> None:
        """Write products in the order of the source. If the run is stopped, some do not get an outcome."""
        part: list[Stale] | None = first
        size = _WRITTEN * self._batch_size
        try:
            while part is not None:
                prepared = await self._attempts.prepare(part)
                self._announced += [job for job in prepared if job.announced is not None]
                others = [job for job in prepared if job.announced is None and not job.is_new]
                for group in (*self._noted(), *_groups(others, size)):
                    await self._start(group)
                self._queue += [job for job in prepared if job.is_new]
                while len(self._queue) >= size:
                    await self._start(self._next(size))
                part = await anext(rest, None)
            for group in self._noted(is_end=True):
                await self._start(group)
            while self._queue:
                await self._start(self._next(size))
        except MedusaSyncError as error:
            self._stop.set(error)
        finally:
            await self._in_flight.finish()

    async def losing_variants(self) -> list[Change]:
        """The plans of the jobs that wait and may lose variants.

        Raises:
            StoreError: the store cannot be read.
        """
        return [change for change in await self._waiting() if change.dropped]

    async def hidden(self) -> list[str]:
        """The names of the products that wait, and that customers would lose sight of.

        Raises:
            StoreError: the store cannot be read.
        """
        hidden = (change.desired for change in await self._waiting() if change.hides)
        return [f"{each.external_id} {each.title!r}" for each in hidden]

    async def _waiting(self) -> list[Change]:
        """The plans of the jobs that wait and that the store has."""
        unplanned = [job for job in self._places.waiting if job.plan is None and not job.is_absent]
        await self._attempts.planner.read(unplanned)
        return [job.plan for job in self._places.waiting if job.plan is not None]

    async def final_pass(self) -> None:
        """Write the jobs that waited for the others, and for the removal of what the source no longer has."""
        if self._places.waiting and not self._stop.is_set:
            self._in_flight.begin(self._guarded(self._write_last(self._places.begin_final_pass())))
            await self._in_flight.finish()

    async def flush(self) -> None:
        """Acknowledge what is complete."""
        self._in_flight.begin(self._guarded(self._attempts.flush()))
        await self._in_flight.finish()

    # --- groups ---

    def _noted(self, *, is_end: bool = False) -> list[Group]:
        """Take the full groups of announced jobs; at the end, all of them."""
        count = min(_NOTED * self._batch_size, _MOST_NOTED)
        groups = [*fitting(self._announced, _variants, most=MOST_VARIANTS, count=count)]
        is_full = is_end or not groups or len(groups[-1]) == count
        self._announced = [] if is_full else groups.pop()
        return groups

    def _next(self, size: int) -> Group:
        group = next(_groups(self._queue, size))
        self._queue = self._queue[len(group) :]
        return group

    async def _start(self, group: Group) -> None:
        """Start a group as soon as a slot is free."""
        await self._slots.acquire()
        if self._stop.is_set:
            self._slots.release()
            return
        self._in_flight.begin(self._in_slot(group))

    async def _in_slot(self, group: Group) -> None:
        try:
            await self._guarded(self._work(group))
        finally:
            self._slots.release()

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except MedusaSyncError as error:
            self._stop.set(error)

    async def _work(self, group: Group) -> None:
        """Attempt a group until nothing is left to be done."""
        if refused := await self._attempt(group):
            await isolate(refused, self._attempt, lambda job: self._attempt([job]))

    async def _attempt(self, group: Group) -> Group:
        """Attempt a group until nothing is left to be done, or until it has to be divided.

        Returns:
            The jobs that the store does not accept together.
        """
        queue = deque([group])
        while queue and not self._stop.is_set:
            jobs = queue.popleft()
            left: list[Group] | None
            try:
                left = await self._attempts.attempt(jobs) if jobs else []
                for job in still_queued(jobs):
                    if job.attempt.error is not None:
                        error, job.attempt.error = job.attempt.error, None
                        left += self._refused([job], error) or ()
            except StoreRefusedError as error:
                left = self._refused(still_queued(jobs), error)
            except AmbiguousWriteError as error:
                left = await self._unknown(still_queued(jobs), error)
            if left is None:
                return [*still_queued(jobs), *chain.from_iterable(queue)]
            queue.extendleft(reversed(left))
        return []

    async def _write_last(self, jobs: Group) -> None:
        """Write jobs that may want values of one another: first without those that others want."""
        size = self._batch_size
        losing = await self._attempts.decisions.begin_clearing(jobs)
        for group in parts(losing, size):
            await self._work(group)
        alike = (list(same) for _, same in groupby(still_queued(jobs), key=lambda job: job.is_new))
        groups = [group for same in alike for group in _groups(same, size)]
        self._attempts.decisions.end_clearing(jobs if losing or len(groups) > 1 else ())
        for group in groups:
            await self._work(group)

    # --- failed writes ---

    def _refused(self, jobs: Group, error: MedusaSyncError) -> list[Group] | None:
        """Take jobs back that the store refused; returns what is left to be done, or None to divide them."""
        for job in jobs:
            if not job.is_written:
                self._context.ledger.take_back(job.external_id)
        if self._stop.is_set:
            return []
        is_known = isinstance(error, KnownRefusalError)
        if not is_known:
            self._attempts.look_again(jobs)
        if len(jobs) > 1:
            logger.info("splitting a batch of %d: %s", len(jobs), error, extra={"event": "bisect"})
            return None
        for job in jobs:
            if job.refusal is None and not is_known:  # the new plan may differ, for example in the handle
                job.refusal = Refusal(job.plan, error)
                return [jobs]
            self._places.end(job, Result.REJECTED if is_known else Result.FAILED, str(error))
        return []

    async def _unknown(self, jobs: Group, error: AmbiguousWriteError) -> list[Group] | None:
        """It is not known what arrived: read the products again, and plan and send the rest.

        Returns:
            What is left to be done, or None to divide the jobs.
        """
        if self._stop.is_set:
            return []
        for job in jobs:
            job.is_written, job.note_at = True, 0  # the store may still be working on this write
            job.attempts += 1
            if job.plan is not None and not job.plan.is_creation:
                job.owners = None  # it may have deleted some of them
        attempts = max((job.attempts for job in jobs), default=0)
        if attempts <= self._context.settings.max_retries:
            logger.info("reading %d products again: %s", len(jobs), error, extra={"event": "reconcile"})
            await self._stop.sleep(pause(attempts))
            return [jobs]
        if len(jobs) > 1:
            for job in jobs:
                job.attempts = max(attempts - 1, 0)
            return None
        for job in jobs:
            result = Result.FAILED if error.responded else Result.UNCONFIRMED
            self._places.end(job, result, str(error))
            self._context.failures += 1
        if self._context.failures >= _MOST_FAILURES:
            message = f"The store at {self._context.settings.store_url} fails every write: {error}"
            raise StoreError(message, hint="Check the log of the store.")
        return []


def _groups(jobs: Group, count: int) -> Iterator[Group]:
    """Jobs in groups of at most this count, and of few images: a stopped run has copied those in vain."""
    return fitting(jobs, lambda job: job.to_copy, most=_COPIES, count=count)


def _variants(job: Job) -> int:
    return len(job.desired.variants)
