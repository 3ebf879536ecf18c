"""Lets only changes through that are those of an approved plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from medusa_sync.core import approval
from medusa_sync.core.approval import Moved, moved
from medusa_sync.core.product import excerpts
from medusa_sync.core.result import Result
from medusa_sync.redact import hidden
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Group, Job, Places, still_queued

_LONG = 60  # characters of a value in a reason
_MOST = 3  # differences in a reason


class Gate:
    """Skips jobs whose plan is not the approved one. Without an approved plan, all pass."""

    def __init__(self, context: Context, places: Places) -> None:
        self._context = context
        self._places = places

    def pass_through(self, jobs: Group, *, has_begun: bool = False) -> Group:
        """The jobs that may be written; the others are skipped.

        Args:
            jobs: right before they are written.
            has_begun: a part of them may be written already.
        """
        for job in jobs:
            if reason := self.refusal(job, has_begun=has_begun):
                self._places.end(job, Result.SKIPPED, reason)
        return still_queued(jobs)

    def refusal(self, job: Job, *, has_begun: bool = False) -> str:
        """Why a job may not be written; empty if it may."""
        approved, change = job.desired.approved, job.plan
        if approved is None or change is None:
            return ""
        begun = has_begun or job.is_written or approval.has_begun(approved, change)
        return reason(moved(job.desired, change, self._context.placement.ids, has_begun=begun))


def reason(found: Iterable[Moved]) -> str:
    """The first differences in words; empty if there is none."""
    differences = list(found)
    texts = [_text(each) for each in differences[:_MOST]]
    texts += [f"{len(differences) - _MOST} more"] if len(differences) > _MOST else []
    return "; ".join(texts)


def _text(difference: Moved) -> str:
    values: Sequence[str] = excerpts(*hidden(difference.values), _LONG) if difference.words[1] else ("", "")
    (first, second), (start, middle, end) = values, difference.words
    return f"{start}{first}{middle}{second}{end}"
