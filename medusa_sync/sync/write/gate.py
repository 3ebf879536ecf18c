"""Lets only changes through that are those of an approved plan."""

from __future__ import annotations

from msgspec import structs

from medusa_sync.core import approval
from medusa_sync.core.approval import moved
from medusa_sync.core.change import Change
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.resolve import NAMING, Gains, refusal, refused_gain, with_members
from medusa_sync.sync.context import Context
from medusa_sync.sync.differences import in_words
from medusa_sync.sync.write.job import Group, Job, still_queued
from medusa_sync.sync.write.job_places import Places


class Gate:
    """Ends jobs that may not be written: the store lacks a name, or the plan is not the approved one."""

    def __init__(self, context: Context, places: Places) -> None:
        self._context = context
        self._places = places
        self._mode = context.mode

    def lacks(self, product: DesiredProduct, gains: Gains) -> str:
        """Why a product cannot be written, whatever the store has of it; empty if it can.

        If not all of it is wanted, only what is written has to be possible. `gains` are the members that the
        source has added to sets.
        """
        if product.approved is not None and product.approved.is_hidden:
            return approval.HIDDEN
        if not self._mode.wants_all:
            return ""
        return refusal(product, gains, self._context.names, self._mode.instead)

    async def resolve(self, jobs: Group) -> None:
        """Resolve what plans add to sets although the source has not: it was removed since."""
        for name, sort in NAMING.items():
            left = [job for job in jobs if not _knows(job.change, name)]
            if left:
                await self._context.find_names(sort)
            for job in left:
                job.learn(lambda each: with_members(each, self._context.names))

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
        self._places.end(job, self._mode.refused, reason)

    def refusal(self, job: Job, *, has_begun: bool = False) -> str:
        """Why a job may not be written; empty if it may."""
        approved, change = job.desired.approved, job.plan
        if change is None:
            return ""
        names, instead = self._context.names, self._mode.instead
        gains = {name: [*change.added(name)] for name in NAMING}
        if self._mode.wants_all:  # the rest was checked before
            return refused_gain(gains, names, instead)
        if lacks := refusal(_sent(change), gains, names, instead):
            return lacks
        if approved is None:
            return ""
        begun = has_begun or job.is_written or approval.has_begun(approved, change)
        return in_words(moved(job.desired, change, self._context.placement.ids, has_begun=begun))


def _knows(change: Change, name: str) -> bool:
    """Whether the ids of all members are known that a set gets."""
    return {*change.added(name)} <= change.desired.named.get(name, {}).keys()


def _sent(change: Change) -> DesiredProduct:
    """What is sent of a product, with the ids that its record has of names."""
    own = {each.field: each.planned for each in change.own_changes if each.planned is not None}
    variants = (
        structs.replace(
            each.desired, fields={name: new for name, new in each.new_values.items() if new is not None}
        )
        for each in change.variants
    )
    return structs.replace(change.desired, fields=own, variants=tuple(variants), locations=change.locations)
