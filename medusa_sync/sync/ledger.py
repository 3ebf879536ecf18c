"""The account of a run: every product that the source delivers ends in exactly one outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from msgspec import structs

from medusa_sync.core.change import Change, Create
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.sync.spool import Spool

_PROBLEMS = frozenset({Result.REJECTED, Result.FAILED, Result.UNCONFIRMED, Result.NOT_ATTEMPTED})


class Ledger:
    """Counts outcomes and keeps those that a report names.

    Args:
        on_settled: called with every outcome.
    """

    def __init__(self, on_settled: Callable[[Outcome], None]) -> None:
        self._on_settled = on_settled
        self._open: dict[str, str] = {}  # titles by external id, of the products without an outcome
        self._begun: set[str] = set()  # of these, the ones whose write is being sent
        self.counts: Counter[Result] = Counter(dict.fromkeys(Result, 0))
        self.seen = 0
        self.not_compared = 0
        self.conflicts = 0
        self.not_completed: list[Outcome] = []
        self.problems: list[Outcome] = []
        self.changes = Spool()
        self.gained = 0  # products that were not of this source before

    def open(self, external_id: str, title: str) -> None:
        """A valid product was delivered."""
        self.seen += 1
        self._open[external_id] = title

    def begin(self, external_id: str) -> None:
        """The write of an open product is being sent: if the run ends now, it is unconfirmed."""
        if external_id not in self._open:
            raise KeyError(external_id)
        self._begun.add(external_id)

    def take_back(self, external_id: str) -> None:
        """The store refused the write of an open product: nothing was written."""
        self._begun.discard(external_id)

    def settle(self, outcome: Outcome) -> None:
        """Record the outcome of an open product."""
        external_id = outcome.external_id or ""
        del self._open[external_id]
        self._begun.discard(external_id)
        self._count(outcome)

    def reject(self, outcome: Outcome) -> None:
        """A row of the source is no product that could be opened."""
        self.seen += 1
        self._count(outcome)

    def set_aside(self, external_id: str) -> None:
        """A valid product of a run that compares nothing."""
        del self._open[external_id]
        self.not_compared += 1

    def remove(self, outcome: Outcome) -> None:
        """A product that the source no longer has was removed, or could not be."""
        if outcome.result is Result.REMOVED:
            self._count(outcome)
        else:
            self.problems.append(outcome)  # it is none of those that the source delivered

    def close(self, reason: str) -> None:
        """Account for the products that are still open when a run ends early, and check the sum.

        Args:
            reason: why they have no outcome of their own.

        Raises:
            RuntimeError: a product is lost or counted twice, which is a defect of this program.
        """
        self.not_completed = [
            Outcome(external_id, title, self._result_of_open(external_id), reason)
            for external_id, title in self._open.items()
        ]
        self.counts.update(outcome.result for outcome in self.not_completed)
        accounted = self.counts.total() - self.counts[Result.REMOVED] + self.not_compared
        if accounted != self.seen:
            raise RuntimeError(f"{self.seen} products were delivered, but {accounted} are accounted for")

    def _result_of_open(self, external_id: str) -> Result:
        return Result.UNCONFIRMED if external_id in self._begun else Result.NOT_ATTEMPTED

    def _count(self, outcome: Outcome) -> None:
        self.counts[outcome.result] += 1
        self.conflicts += len(outcome.conflicts)
        if outcome.result in _PROBLEMS:
            self.problems.append(outcome)
        elif outcome.action is not None or outcome.conflicts:
            self.changes.add(outcome)
            self.gained += outcome.action in {Action.CREATE, Action.ADOPT}
        self._on_settled(outcome)


def outcome_of(change: Change) -> Outcome:
    """What a change amounts to once it is applied."""
    desired = change.desired
    if isinstance(change, Create):
        return Outcome(desired.external_id, desired.title, Result.CREATED, action=Action.CREATE)
    outcome = Outcome(
        desired.external_id,
        desired.title,
        Result.UPDATED,
        changes=change.changes,
        conflicts=change.conflicts,
        action=Action.ADOPT if change.adopted else Action.UPDATE,
    )
    if change.adopted or change.changes:
        return outcome
    # Only the record follows: the store holds already what it shall hold.
    return structs.replace(outcome, result=Result.UNCHANGED, action=None)
