"""Counts outcomes: each product that the source delivers has exactly one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct, structs

from medusa_sync.core.field_changes import Conflict
from medusa_sync.core.kept import RunName
from medusa_sync.core.outcome import Action, Outcome, Result
from medusa_sync.core.policy import NONE_REJECTED, Share
from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.base import Delivered, Rejected, Unchecked, checked
from medusa_sync.spool import Spool

_PROBLEMS = frozenset({Result.REJECTED, Result.FAILED, Result.UNCONFIRMED, Result.NOT_ATTEMPTED})
_FIRST = 5
_GAINS = frozenset({Action.CREATE, Action.ADOPT})


class _Open(Struct):
    """A product without an outcome.

    Attributes:
        is_stored: the store has it.
        is_sent: it is being written, and may have been written.
        conflicts: that its write decides, by key of the variant and field.
    """

    title: str
    is_stored: bool = False
    is_sent: bool = False
    conflicts: Mapping[tuple[str | None, str], Conflict] = {}


class Ledger:
    """Counts outcomes and keeps those that reports list.

    Args:
        on_settled: called with every outcome.
        max_rejected: how many rejected products are no problem.

    Attributes:
        kept: number of products with an outcome that the store had before the run as products of this source.
        gained: number of created and adopted products.
        first: of the products that are not compared.
        refused: source ids of products that were rejected before it was looked up whether the store has them.
        later: the later runs that have written over the one that is undone, as far as they are known.
        overwritten: number of values and products that later runs have written over.
        partial: external ids of products of which some rows were rejected.
        unidentified: number of rejected rows without a usable id, which may be of any product.
        invalid: number of rows that are no valid products, whatever the store has.
    """

    def __init__(self, on_settled: Callable[[Outcome], None], max_rejected: Share = NONE_REJECTED) -> None:
        self._on_settled = on_settled
        self._max_rejected = max_rejected
        self._open: dict[str, _Open] = {}  # by external id
        self.counts: Counter[Result] = Counter(dict.fromkeys(Result, 0))
        self.seen = 0
        self.not_compared = 0
        self.first: list[DesiredProduct] = []
        self.conflicts = 0
        self.held = 0
        self.withheld = 0
        self.problems = Spool[Outcome]()
        self.changes = Spool[Outcome]()
        self.skipped = Spool[Outcome]()
        self.withheld_before = Spool[Outcome]()
        self.kept = 0
        self.gained = 0
        self.unidentified = 0
        self.invalid = 0
        self.partial: set[str] = set()
        self.refused: set[str] = set()
        self.later: set[RunName] = set()
        self.overwritten = 0

    @property
    def has_problems(self) -> bool:
        """Whether something is not written, and no setting says so or allows it."""
        rejected = self.counts[Result.REJECTED]
        has_others = len(self.problems) > rejected or self._open or self.held
        return bool(has_others) or not self._max_rejected.allows(rejected, self.seen)

    def take(self, rows: Iterable[Delivered]) -> list[DesiredProduct | Unchecked]:
        """Open the products among rows of the source, and return them; the other rows are rejected."""
        products: list[DesiredProduct | Unchecked] = []
        for row in rows:
            self.seen += 1
            if not isinstance(row, Rejected):
                self._open[row.external_id] = _Open(row.title)
                products.append(row)
                continue
            self.invalid += 1
            if row.external_id is None:
                self.unidentified += 1
            else:
                self.partial.add(row.external_id)
                if row.source_id is not None and not row.is_repeated:
                    self.refused.add(row.source_id)
            self._count(Outcome(row.external_id, row.title, Result.REJECTED, row.reason))
        return products

    def checked(self, product: DesiredProduct | Unchecked) -> DesiredProduct | None:
        """Check and map an open product; if it is invalid, reject it and return None."""
        row = checked(product)
        if isinstance(row, Rejected):
            self.invalid += 1
            if row.source_id is not None and not self._open[product.external_id].is_stored:
                self.refused.add(row.source_id)
            self.settle(Outcome(product.external_id, row.title, Result.REJECTED, row.reason))
            return None
        return row

    def found(self, external_ids: Iterable[str]) -> None:
        """Remember products that the store has, for `kept`."""
        for product in filter(None, map(self._open.get, external_ids)):
            product.is_stored = True

    def begin(self, external_id: str, conflicts: Iterable[Conflict]) -> None:
        """Mark an open product as being written: if the run ends now, it is unconfirmed."""
        self._open[external_id].is_sent = True
        self.decided(external_id, conflicts)

    def decided(self, external_id: str, conflicts: Iterable[Conflict]) -> None:
        """Keep conflicts that a write decides: if it arrives, no later plan sees them."""
        product = self._open[external_id]
        product.conflicts = {**product.conflicts, **_by_field(conflicts)}

    def take_back(self, external_id: str) -> None:
        """Undo `begin`, after the store refused the write: nothing was written."""
        product = self._open[external_id]
        product.is_sent, product.conflicts = False, {}

    def settle(self, outcome: Outcome) -> None:
        """Record the outcome of an open product."""
        product = self._open.pop(outcome.external_id or "")
        conflicts = {**product.conflicts, **_by_field(outcome.conflicts)}
        self.kept += product.is_stored and outcome.action not in _GAINS
        self._count(structs.replace(outcome, conflicts=tuple(conflicts.values())))

    def set_aside(self, product: DesiredProduct) -> None:
        """Count an open product as not compared, if there is no store."""
        del self._open[product.external_id]
        self.not_compared += 1
        if self.not_compared <= _FIRST:
            self.first.append(product)

    def remove(self, outcome: Outcome) -> None:
        """Record the outcome of an orphan."""
        if outcome.result is Result.REMOVED:
            self._count(outcome)
        elif outcome.result is Result.SKIPPED:
            self.skipped.add(outcome)
        else:  # not counted: the source did not deliver it
            self.problems.add(outcome)

    def written_over(self, runs: Iterable[RunName]) -> None:
        """Count what is not undone because these runs, or unknown ones, have written it since."""
        self.overwritten += 1
        self.later.update(runs)

    def close(self, reason: str) -> Sequence[Outcome]:
        """The outcomes of open products, with the reason why the run ended early; the sum is checked.

        Raises:
            RuntimeError: a bug in medusa-sync: a product was lost or counted twice.
        """
        not_completed = []
        for external_id, product in self._open.items():
            result = Result.UNCONFIRMED if product.is_sent else Result.NOT_ATTEMPTED
            outcome = Outcome(external_id, product.title, result, reason)
            not_completed.append(outcome)
            if product.conflicts:
                self.conflicts += len(product.conflicts)
                conflicts = tuple(product.conflicts.values())
                self.changes.add(structs.replace(outcome, reason="", conflicts=conflicts))
        self.counts.update(outcome.result for outcome in not_completed)
        accounted = self.counts.total() - self.counts[Result.REMOVED] + self.not_compared
        if accounted != self.seen:
            raise RuntimeError(f"{self.seen} products were delivered, but {accounted} have an outcome")
        return not_completed

    def _count(self, outcome: Outcome) -> None:
        self.counts[outcome.result] += 1
        self.conflicts += len(outcome.conflicts)
        self.held += bool(outcome.held)
        self.withheld += len(outcome.withheld)
        if before := outcome.withheld_before:
            own = outcome.external_id, outcome.title, outcome.result
            self.withheld_before.add(Outcome(*own, withheld=before))
        for each in outcome.conflicts:
            if each.later is not None:
                self.written_over(each.later)
        if outcome.result in _PROBLEMS:
            problem = Outcome(outcome.external_id, outcome.title, outcome.result, outcome.reason)
            self.problems.add(problem)
            if outcome != problem:  # a part is written
                self.changes.add(structs.replace(outcome, reason=""))
        elif outcome.result is Result.SKIPPED and outcome.reason:
            self.skipped.add(structs.replace(outcome, changes=()))
            if outcome.changes:  # a part is written
                self.changes.add(structs.replace(outcome, reason=""))
        elif outcome.action is not None or outcome.conflicts or outcome.held or outcome.newly_withheld:
            self.changes.add(outcome)
            self.gained += outcome.action in _GAINS
        self._on_settled(outcome)


def _by_field(conflicts: Iterable[Conflict]) -> dict[tuple[str | None, str], Conflict]:
    return {(each.key, each.field): each for each in conflicts}
