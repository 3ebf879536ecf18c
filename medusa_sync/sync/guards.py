"""Counts what a run would change, before its first write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from medusa_sync.core.change import FieldChange
from medusa_sync.core.policy import Share
from medusa_sync.core.product import Value
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.errors import ChangeGuardError

_LISTED = 10  # products that the error names
_FIELDS = 3  # changes that it shows of each
_LONG = 40  # characters of a value that it shows


class ChangeGuard:
    """Products of the source in the store that a run would update or remove.

    Args:
        limit: of their number.
        owned: how many products of the source the store has.
    """

    def __init__(self, limit: Share, owned: int) -> None:
        self._limit = limit
        self._owned = owned
        self._count = 0
        self._fields: Counter[str] = Counter()  # products by field
        self._lines: list[str] = []

    def allows(self, count: int) -> bool:
        """Whether this number of products may change."""
        return self._limit.allows(count, self._owned)

    def check(
        self, planned: Iterable[Outcome], removed: Iterable[Outcome], completed: Collection[str]
    ) -> None:
        """Count the updates and removals of a plan.

        Args:
            planned: the outcomes of stale products.
            removed: the outcomes of products that are removed, or that lose variants.
            completed: external ids of products that only get what an interrupted write has sent already.
                They are not counted, because it has to be completed in any case.

        Raises:
            ChangeGuardError: they are too many.
        """
        counted: set[str | None] = set()
        for outcome in planned:
            if outcome.action is Action.UPDATE and outcome.external_id not in completed:
                counted.add(outcome.external_id)
                self._add(outcome)
        for outcome in removed:
            if outcome.external_id not in counted:
                self._add(outcome)
        if not self.allows(self._count):
            raise self._error()

    def _add(self, outcome: Outcome) -> None:
        """Count a product that would be updated or removed."""
        self._count += 1
        removal = outcome.action.value if outcome.action and outcome.result is Result.REMOVED else ""
        self._fields.update([removal] if removal else {change.field for change in outcome.changes})
        if len(self._lines) < _LISTED:
            what = removal or _described(outcome.changes)
            self._lines.append(f"  {outcome.external_id} {outcome.title!r}: {what}")

    def _error(self) -> ChangeGuardError:
        what = f"{self._count} of {self._owned} products would change; --max-changes is {self._limit}."
        lines = [f"{what} Nothing was written."]
        if self._fields:
            [(field, number)] = self._fields.most_common(1)
            lines.append(f"{field}: {number} of {self._owned} products")
        lines += self._lines
        if self._count > len(self._lines):
            lines.append(f"  ... and {self._count - len(self._lines)} more")
        hint = (
            "Check the source. If the changes are right, run once with "
            f"--max-changes {self._count} (SYNC_PRODUCTS_MAX_CHANGES)."
        )
        return ChangeGuardError("\n".join(lines), hint=hint)


def _described(changes: Sequence[FieldChange]) -> str:
    shown = [f"{each.name}: {_value(each.stored)} -> {_value(each.planned)}" for each in changes[:_FIELDS]]
    rest = [f"{len(changes) - _FIELDS} more"] if len(changes) > _FIELDS else []
    return ", ".join([*shown, *rest])


def _value(value: Value) -> str:
    if value is None or value == ():
        return "nothing"
    text = " ".join((", ".join(value) if isinstance(value, tuple) else str(value)).split())  # one line
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."
