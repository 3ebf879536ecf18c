"""Moves jobs from one place to the next; a job is in exactly one."""

from __future__ import annotations

from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.write.job import Job, Place
from medusa_sync.sync.write.new_items import NewItems
from medusa_sync.sync.write.planner import Planner

_REFUSED = frozenset({Result.REJECTED, Result.FAILED})


class Places:
    """The final pass and the ledger.

    Args:
        planner: notified of products that have an outcome.
        new_items: notified of products that the store refuses.
        ledger: gets the outcomes.
        is_dry_run: nothing is sent, so the store does not have what was created.

    Attributes:
        is_final: the final pass has begun.
    """

    def __init__(self, planner: Planner, new_items: NewItems, ledger: Ledger, *, is_dry_run: bool) -> None:
        self.is_final = False
        self._planner = planner
        self._new_items = new_items
        self._ledger = ledger
        self._is_dry_run = is_dry_run
        self._last: list[Job] = []

    def defer(self, job: Job) -> None:
        """Let a job wait for the final pass."""
        job.place = Place.FINAL_PASS
        self._last.append(job)

    def begin_final_pass(self) -> list[Job]:
        """Take the jobs that wait for the final pass."""
        jobs, self._last, self.is_final = self._last, [], True
        return jobs

    def settle(self, job: Job, outcome: Outcome) -> None:
        """Enter the outcome of a job in the ledger."""
        if outcome.result in _REFUSED and not job.attempts:
            self._new_items.give_up(job.external_id)
        job.place = Place.LEDGER
        if not self._is_dry_run or outcome.action is not Action.CREATE:
            self._planner.release(job.external_id)
        self._ledger.settle(job.outcome(outcome))

    def fail(self, job: Job, result: Result, reason: str) -> None:
        """Enter a job in the ledger that is not written."""
        self.settle(job, Outcome.of(job.desired, result, reason))

    def complete(self, job: Job) -> None:
        """Enter a job in the ledger that is acknowledged, or that a dry run has planned."""
        self.settle(job, job.planned)


def still_queued(jobs: list[Job]) -> list[Job]:
    """The jobs that are left to be done."""
    return [job for job in jobs if job.place is Place.QUEUE]
