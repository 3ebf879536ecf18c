"""The plan of a dry run: the outcomes that a real run would have, as far as they can be known by reading."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain

from medusa_sync.core.change import Change, Update
from medusa_sync.core.result import Outcome, Result, outcome_of
from medusa_sync.sync.claims import Decision, Hold, Owner, Owners, Value, claims
from medusa_sync.sync.collisions import Collisions
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.obstacles import Obstacles
from medusa_sync.sync.planner import Planner
from medusa_sync.sync.read.compare import Stale, absent
from medusa_sync.sync.sizes import Sizes


class Preview:
    """Plans stale products without writing them.

    Products that want an SKU or a barcode which another product of the source has, or wants too, are settled
    at the end, because the other one may give it up later, or may itself be rejected.

    Args:
        planner: reads and plans.
        collisions: finds values that other products have.
        obstacles: finds categories that cannot be created.
        sizes: of requests.
        ledger: notified of outcomes, and of products with variants that the source dropped.
        waits: products that the store may still be writing are unconfirmed.
    """

    def __init__(
        self,
        planner: Planner,
        collisions: Collisions,
        obstacles: Obstacles,
        sizes: Sizes,
        ledger: Ledger,
        *,
        waits: bool,
    ) -> None:
        self._planner = planner
        self._collisions = collisions
        self._obstacles = obstacles
        self._sizes = sizes
        self._ledger = ledger
        self._waits = waits
        self._settle = ledger.settle
        self._contested: dict[str, Change] = {}
        self._owners: dict[Value, Sequence[Owner]] = {}  # of what contested changes want
        self._promised: dict[Value, tuple[str, str]] = {}  # external ids and titles of those that get values
        self._freed: set[Hold] = set()  # by changes that are not contested

    async def take(self, stale: Sequence[Stale]) -> list[Update]:
        """Settle what can be decided; returns the updates.

        Raises:
            StoreError: the store cannot be read.
        """
        reading = await self._planner.read(
            [each.desired for each in stale], absent=absent(stale), waits=self._waits
        )
        for update in reading.updates:
            self._ledger.watch_dropped(update)
        new = await self._planner.plan_new(reading.new, reading.incomplete)
        for outcome in reading.outcomes:
            self._settle(outcome)
        for each in reading.in_progress:
            self._settle(Outcome.of(each, Result.UNCONFIRMED, "another run is writing it"))
        planned: dict[str, Change] = {}
        entries = [*reading.updates, *new]
        obstacles = await self._obstacles.of(each for each in entries if not isinstance(each, Outcome))
        for entry in entries:
            if isinstance(entry, Outcome):
                self._settle(entry)
            elif reason := self._sizes.excess(entry) or obstacles.get(entry.desired.external_id):
                self._settle(Outcome.of(entry.desired, Result.REJECTED, reason))
            else:
                planned[entry.desired.external_id] = entry
        in_order = [planned[own] for each in stale if (own := each.desired.external_id) in planned]
        owners = await self._collisions.owners(in_order)
        for change in in_order:
            self._sort(change, owners)
        return reading.updates

    def finish(self) -> None:
        """Settle the products that depended on others."""
        # A real run writes the updates of a batch first.
        changes = sorted(self._contested.values(), key=lambda change: not isinstance(change, Update))
        owners = self._with_promised(changes, self._owners, undecided=self._contested)
        decision = self._collisions.decide(changes, owners, freed=self._freed, is_last=True)
        for change in changes:
            self._settle(self._outcome(change, decision))

    def _sort(self, change: Change, owners: Owners) -> None:
        """Settle a change unless it depends on others."""
        own = change.desired.external_id
        wanted = [(claim.field, claim.value) for claim in claims(change)]
        known = self._with_promised([change], owners)
        decision = self._collisions.decide([change], known, freed=self._freed, is_last=False)
        if own in decision.rejected:
            self._settle(self._outcome(change, decision))
            return
        for value in wanted:
            self._promised.setdefault(value, (own, change.desired.title))
        if own in decision.waiting:
            self._contested[own] = change
            self._owners.update((value, owners[value]) for value in wanted if value in owners)
        else:
            self._freed.update(decision.given_up(change))
            self._settle(self._outcome(change, decision))

    def _outcome(self, change: Change, decision: Decision) -> Outcome:
        own = change.desired.external_id
        if own in decision.rejected:
            return Outcome.of(change.desired, Result.REJECTED, decision.rejected[own])
        if own not in decision.withheld:
            return outcome_of(change)
        left = self._planner.without(change, list(decision.withheld[own].values()))
        return left if isinstance(left, Outcome) else outcome_of(left)

    def _with_promised(
        self, changes: Iterable[Change], owners: Owners, undecided: Collection[str] = ()
    ) -> Owners:
        """The owners in the store, and the products that get values in this run, except undecided ones."""
        found = dict(owners)
        for claim in chain.from_iterable(map(claims, changes)):
            value = claim.field, claim.value
            first = self._promised.get(value)
            if first is not None and first[0] not in undecided:
                found[value] = (*owners.get(value, ()), Owner("", "", *first))
        return found
