"""Moves jobs to the final pass and to the ledger."""

from __future__ import annotations

from msgspec import structs

from medusa_sync.core.approval import PlanLine, approved
from medusa_sync.core.kinds.status import PUBLISHED, STATUS
from medusa_sync.core.outcome import Action, Outcome, Result
from medusa_sync.core.recorded import is_recorded
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.handles import Handles
from medusa_sync.sync.write.job import Group, Job, Place


class Places:
    """Moves jobs to the final pass and to the ledger.

    Attributes:
        waiting: for the final pass, in the order in which they began to wait.
    """

    def __init__(self, context: Context, handles: Handles) -> None:
        self._context = context
        self._handles = handles
        self.waiting: dict[Job, None] = {}

    def defer(self, job: Job) -> None:
        """Let a job wait for the final pass."""
        job.place = Place.FINAL_PASS
        self.waiting[job] = None

    def begin_final_pass(self) -> Group:
        """Take the jobs that wait for the final pass, in the order of the source."""
        jobs, self.waiting = sorted(self.waiting, key=lambda job: job.number), {}
        self._context.is_final = True
        for job in jobs:
            job.place, job.attempts = Place.QUEUE, 0
            job.owners, job.refusal, job.is_refused = None, None, False
            if job.is_new and not job.creation.replaces:  # what had its handle may be removed now
                job.is_absent, job.plan = True, None
        return jobs

    def complete(self, job: Job) -> None:
        """Enter a job in the ledger whose plan is carried out, or would be."""
        if not job.change.selection.is_narrowed:  # else it was not read as a whole
            self._context.remarks.offer.add(job.change, self._context.placement)
        self._context.remarks.copies.settle(job.change)
        if job.change.is_creation and (job.change.desired.fields.get(STATUS) or PUBLISHED) != PUBLISHED:
            self._context.remarks.drafts += 1
        outcome = job.outcome()
        if outcome.blocked:
            failed = {"result": Result.FAILED, "reason": outcome.blocked, "blocked": None}
            outcome = structs.replace(outcome, **failed)
        elif self._context.settings.saves_plan and not is_recorded(job.change):
            self._context.remarks.planned.add(_line(job, outcome, self._context.placement.ids))
        self._settle(job, outcome)

    def end(self, job: Job, result: Result, reason: str = "") -> None:
        """Enter a job in the ledger that is not written, or only in part."""
        changes = tuple(job.history.changed.values())
        outcome = Outcome.of(job.desired, result, reason)
        action = Action.UPDATE if changes else None
        parts = job.written() if changes else None
        self._settle(job, structs.replace(outcome, changes=changes, action=action, written=parts))

    def _settle(self, job: Job, outcome: Outcome) -> None:
        job.place = Place.LEDGER
        self.waiting.pop(job, None)
        would_exist = self._context.is_dry_run and outcome.action is Action.CREATE
        if not would_exist:
            self._handles.forget(job)
        self._context.ledger.settle(outcome)


def _line(job: Job, outcome: Outcome, placement: tuple[str | None, ...]) -> PlanLine:
    """The line of a plan for a job that a dry run has planned to its end."""
    change = job.change
    product = structs.replace(change.desired, handle=change.handle or change.desired.handle, copying=None)
    record = (
        job.history.records[0] if job.history.records else change.stored.record
    )  # not as a dry run foresees it
    return PlanLine(approved(change, job.all_changes, outcome.action, placement, record), product)
