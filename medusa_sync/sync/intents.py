"""The outcomes that products get when their writes are known to be complete."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from medusa_sync.core.change import Change, Update
from medusa_sync.core.result import Outcome, Result, outcome_of


class Intents:
    """Outcomes by external id; a product may be sent in several steps, which have one outcome."""

    def __init__(self) -> None:
        self._outcomes: dict[str, Outcome] = {}
        self._begun: set[str] = set()

    def add(self, change: Change) -> None:
        """Plan the outcome of a change that will be sent."""
        own = change.desired.external_id
        self._outcomes[own] = combined(self._outcomes.get(own), outcome_of(change))

    def replan(self, before: Update, update: Update) -> None:
        """Plan the outcome of an update again: the merchant may have edited the product meanwhile."""
        own = update.desired.external_id
        left = {(each.variant, each.field) for each in update.changes}
        gone = {(each.variant, each.field) for each in before.changes} - left
        outcome = self._outcomes[own]
        changes = tuple(each for each in outcome.changes if (each.variant, each.field) not in gone)
        self._outcomes[own] = structs.replace(outcome, changes=changes)
        self.add(update)

    def begin(self, external_ids: Iterable[str]) -> None:
        """Mark products of which something has been written."""
        self._begun.update(external_ids)

    def withdraw(self, external_id: str) -> bool:
        """Forget what was planned for a product that the store refused; returns False if it has begun."""
        if external_id in self._begun:
            return False
        self._outcomes.pop(external_id, None)
        return True

    def take(self, external_id: str) -> Outcome:
        """The outcome of a product that is complete; it is forgotten."""
        self._begun.discard(external_id)
        return self._outcomes.pop(external_id)

    def drop(self, external_id: str) -> Outcome | None:
        """Forget a product; returns the outcome that it would have had, None if nothing was planned."""
        self._begun.discard(external_id)
        return self._outcomes.pop(external_id, None)


def combined(first: Outcome | None, later: Outcome) -> Outcome:
    """The outcome of a product that is written twice."""
    earlier = first.conflicts if first else ()
    conflicts = tuple({(each.variant, each.field): each for each in (*earlier, *later.conflicts)}.values())
    if first is None or first.result is Result.UNCHANGED:
        return structs.replace(later, conflicts=conflicts)
    fields = {(change.variant, change.field): change for change in later.changes}
    for change in first.changes:
        latest = fields.get((change.variant, change.field), change)
        fields[change.variant, change.field] = structs.replace(change, planned=latest.planned)
    return structs.replace(
        first,
        changes=tuple(fields.values()),
        conflicts=conflicts,
        held=later.held,
        withheld=later.withheld,
        blocked=later.blocked,
    )
