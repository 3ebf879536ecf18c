"""Moves jobs from one place to the next; a job is in exactly one."""

from __future__ import annotations

from msgspec import structs

from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.write.job import Job, Place
from medusa_sync.sync.write.new_items import NewItems
from medusa_sync.sync.write.new_products import NewProducts

_REFUSED = frozenset({Result.REJECTED, Result.FAILED})


class Places:
    """The final pass and the ledger.

    Args:
        new_products: notified of products that have an outcome.
        new_items: notified of products that the store refuses.
        ledger: gets the outcomes.
        deletes: the run will delete variants that the source dropped.
        is_dry_run: nothing is sent, so the store does not have what was created.

    Attributes:
        is_final: all products have been written, except those that wait for one another.
        is_last: the run has also removed what the source no longer has.
    """

    def __init__(
        self,
        new_products: NewProducts,
        new_items: NewItems,
        ledger: Ledger,
        *,
        deletes: bool,
        is_dry_run: bool,
    ) -> None:
        self.is_final = False
        self.is_last = False
        self._deletes = deletes
        self._new_products = new_products
        self._new_items = new_items
        self._ledger = ledger
        self._is_dry_run = is_dry_run
        self._last: list[Job] = []

    def defer(self, job: Job) -> None:
        """Let a job wait for the final pass."""
        job.place = Place.FINAL_PASS
        self._last.append(job)

    def begin_final_pass(self, *, is_last: bool) -> list[Job]:
        """Take the jobs that wait for the final pass, in the order of the source."""
        jobs, self._last = sorted(self._last, key=lambda job: job.number), []
        self.is_final, self.is_last = True, is_last
        for job in jobs:
            job.place, job.attempts = Place.QUEUE, 0
            job.holders, job.refusal, job.is_refused = None, None, False
        return jobs

    def settle(self, job: Job, outcome: Outcome) -> None:
        """Enter the outcome of a job in the ledger, unless a part of it waits for the removal of variants."""
        if outcome.result in _REFUSED and not job.attempts:
            self._new_items.give_up(job.external_id)
        outcome = job.outcome(outcome)
        if outcome.blocked is not None:
            if outcome.blocked.is_ours and self._deletes and not self.is_last:
                job.arrived = outcome
                self._ledger.written(job.external_id)
                self.defer(job)
                return
            outcome = _failed(outcome, Result.FAILED, outcome.blocked.reason)
        job.place = Place.LEDGER
        if not self._is_dry_run or outcome.action is not Action.CREATE:
            self._new_products.release(job.external_id)
        self._ledger.settle(outcome)

    def fail(self, job: Job, result: Result, reason: str) -> None:
        """Enter a job in the ledger that is not written, or only in part."""
        self.settle(job, _failed(job.arrived or Outcome.of(job.desired, result), result, reason))

    def settle_rest(self) -> None:
        """Enter the jobs in the ledger that still wait, if it is known why they were not written."""
        jobs, self._last = self._last, []
        for job in jobs:
            if job.arrived is not None and job.arrived.blocked is not None:
                self.fail(job, Result.FAILED, job.arrived.blocked.reason)
            elif job.refusal is not None:
                self.fail(job, Result.FAILED, str(job.refusal.error))

    def complete(self, job: Job) -> None:
        """Enter a job in the ledger that is acknowledged, or that a dry run has planned."""
        self.settle(job, job.planned)


def still_queued(jobs: list[Job]) -> list[Job]:
    """The jobs that are left to be done."""
    return [job for job in jobs if job.place is Place.QUEUE]


def _failed(outcome: Outcome, result: Result, reason: str) -> Outcome:
    """The outcome of a product that is not written, or only in part."""
    return structs.replace(outcome, result=result, reason=reason, blocked=None)
