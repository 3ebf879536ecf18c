"""Gives jobs the unique values that they can get, and clears what others want."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from medusa_sync.core.change import Change
from medusa_sync.core.outcome import Result
from medusa_sync.core.recorded import is_recorded
from medusa_sync.core.unique import Owners, claims, postponed
from medusa_sync.errors import StoreRefusedError
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.gate import Gate
from medusa_sync.sync.write.job import Group, Job, still_queued
from medusa_sync.sync.write.job_places import Places
from medusa_sync.sync.write.new_items import NewItems
from medusa_sync.sync.write.planner import Planner
from medusa_sync.sync.write.unique_values import UniqueValues


class Decisions:
    """Looks up what has the values that jobs want, and decides which of them get theirs.

    Every method may raise StoreError.
    """

    def __init__(
        self,
        context: Context,
        places: Places,
        values: UniqueValues,
        items: NewItems,
        planner: Planner,
        gate: Gate,
    ) -> None:
        self._context = context
        self._places = places
        self._values = values
        self._items = items
        self._planner = planner
        self._gate = gate

    @property
    def is_clearing(self) -> bool:
        """Whether jobs are written only to clear what others want."""
        return bool(self._values.to_clear)

    async def begin_clearing(self, jobs: Group) -> Group:
        """Choose what is cleared before jobs are written that wait for values of one another.

        Until `end_clearing` is called, attempts clear it, and do not give any values to variants. If the
        store refuses to show all of these products together, nothing is cleared.

        Returns:
            The jobs that are written for this.
        """
        updates = [job for job in jobs if not job.is_new]
        with suppress(StoreRefusedError):
            await self._planner.read(updates)
            self._gate.pass_through(still_queued(updates))
            with_plan = [job for job in still_queued(updates) if job.plan is not None]
            owners = await self.look_up([job.change for job in with_plan])
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
                job.take(self._planner.without(job.change, *postponed(job.change, self._values.to_clear)))
            return False
        may_be_outdated = self._context.another_run_creates  # of new products
        unknown = [
            job
            for job in jobs
            if (job.owners is None or (may_be_outdated and job.change.is_creation)) and claims(job.change)
        ]
        if unknown:
            owners = await self.look_up([job.change for job in unknown])
            for job in unknown:
                job.owners = owners
        decision = self._values.decide(jobs)
        for job in jobs:
            external_id = job.external_id
            if external_id in decision.rejected:
                self._places.end(job, Result.REJECTED, decision.rejected[external_id])
            elif external_id in decision.waiting:
                self._places.defer(job)
            elif external_id in decision.withheld:
                left = self._planner.without(job.change, decision.withheld[external_id])
                job.take(left)
                if not left.is_creation and is_recorded(left):
                    self._places.complete(job)
        return bool(unknown)

    async def look_up(self, changes: Sequence[Change]) -> Owners:
        return await self._items.others(await self._values.owners(changes))

    async def decide_ahead(self, created: Group) -> None:
        """Decide which unique values new products get, with one look-up for many."""
        owners, context = Owners(), self._context
        if not context.scan.is_empty or context.is_dry_run:  # without products, only items have values
            owners = await self.look_up([job.change for job in created])
        for job in created:
            job.owners, job.attempt.items = owners, owners.unused
        await self.decide(created)
        self._items.expect(self._gate.pass_through(still_queued(created)))
