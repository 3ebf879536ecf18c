"""Lets only changes through that are those of an approved plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import structs

from medusa_sync.core import approval
from medusa_sync.core.approval import Moved, moved
from medusa_sync.core.change import Change
from medusa_sync.core.fields import CHANNELS
from medusa_sync.core.product import DesiredProduct, excerpts
from medusa_sync.core.result import Result
from medusa_sync.redact import hidden
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Group, Job, Places, still_queued

_LONG = 60  # characters of a value in a reason
_MOST = 3  # differences in a reason


class Gate:
    """Ends jobs that may not be written: the store lacks a name, or the plan is not the approved one."""

    def __init__(self, context: Context, places: Places) -> None:
        self._context = context
        self._places = places

    def lacks(self, product: DesiredProduct, channels: Sequence[str]) -> str:
        """Why a product cannot be written, whatever the store has of it; empty if it can.

        Of an approved plan, or a run that is undone, only what is written has to be possible. `channels` are
        those that the source has added.
        """
        if product.approved is not None and product.approved.is_hidden:
            return approval.HIDDEN
        if self._context.is_approved or self._context.undoes:
            return ""
        return self._context.names.refusal(product, channels, self._context.instead)

    async def name_channels(self, jobs: Group) -> None:
        """Resolve sales channels that plans add although the source has not: they were removed since."""
        left = [
            job for job in jobs if not {*job.change.added(CHANNELS)} <= job.change.desired.channels.keys()
        ]
        if left:
            await self._context.vocabulary.read_channels()
        for job in left:
            channels = self._context.names.resolved(job.desired).channels
            job.desired = structs.replace(job.desired, channels=channels)
            desired = structs.replace(job.change.desired, channels=channels)
            job.plan = structs.replace(job.change, desired=desired)

    def pass_through(self, jobs: Group, *, has_begun: bool = False) -> Group:
        """The jobs that may be written; the others are ended.

        Args:
            jobs: right before they are written.
            has_begun: a part of them may be written already.
        """
        for job in jobs:
            if reason := self.refusal(job, has_begun=has_begun):
                self.refuse(job, reason)
        return still_queued(jobs)

    def refuse(self, job: Job, reason: str) -> None:
        """End a job that may not be written."""
        if self._context.is_approved:
            self._places.end(job, Result.SKIPPED, reason)
        else:
            self._places.end(job, Result.FAILED if self._context.undoes else Result.REJECTED, reason)

    def refusal(self, job: Job, *, has_begun: bool = False) -> str:
        """Why a job may not be written; empty if it may."""
        approved, change = job.desired.approved, job.plan
        if change is None:
            return ""
        names, instead = self._context.names, self._context.instead
        if not (self._context.is_approved or self._context.undoes):  # the rest was checked before
            return names.refused_channel(change.added(CHANNELS), instead)
        if lacks := names.refusal(_written(change), change.added(CHANNELS), instead):
            return lacks
        if approved is None:
            return ""
        begun = has_begun or job.is_written or approval.has_begun(approved, change)
        return reason(moved(job.desired, change, self._context.placement.ids, has_begun=begun))


def _written(change: Change) -> DesiredProduct:
    """What is written of a product, with the ids that its record has of names."""
    own = {each.field: each.planned for each in change.own_changes if each.planned is not None}
    variants = (
        structs.replace(
            each.desired, fields={name: new for name, new in each.new_values.items() if new is not None}
        )
        for each in change.variants
    )
    return structs.replace(change.desired, fields=own, variants=tuple(variants), locations=change.locations)


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
