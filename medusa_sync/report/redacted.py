"""Removes secrets from the result of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

from msgspec import structs

from medusa_sync.core.change import Conflict, FieldChange
from medusa_sync.core.product import Value
from medusa_sync.core.result import Outcome, RunResult
from medusa_sync.redact import Redactor

C = TypeVar("C", FieldChange, Conflict)


def redacted(result: RunResult, redactor: Redactor) -> RunResult:
    """Return a result without secrets, for reports and notifications."""
    return structs.replace(
        result,
        source_url=redactor(result.source_url),
        store_url=result.store_url and redactor(result.store_url),
        problems=_Redacted(result.problems, redactor),
        not_completed=tuple(_outcome(each, redactor) for each in result.not_completed),
        changes=_Redacted(result.changes, redactor),
        skipped=_Redacted(result.skipped, redactor),
        notes=tuple(map(redactor, result.notes)),
        error=redactor(result.error),
        hint=redactor(result.hint),
    )


class _Redacted(Collection[Outcome]):
    """Redacts outcomes one at a time, because they may not fit in memory."""

    def __init__(self, outcomes: Collection[Outcome], redactor: Redactor) -> None:
        self._outcomes = outcomes
        self._redactor = redactor

    def __len__(self) -> int:
        return len(self._outcomes)

    def __iter__(self) -> Iterator[Outcome]:
        return (_outcome(each, self._redactor) for each in self._outcomes)

    def __contains__(self, outcome: object) -> bool:
        return any(each == outcome for each in self)


def _outcome(outcome: Outcome, redactor: Redactor) -> Outcome:
    return structs.replace(
        outcome,
        title=redactor(outcome.title),
        reason=redactor(outcome.reason),
        changes=tuple(_values(each, redactor) for each in outcome.changes),
        conflicts=tuple(_values(each, redactor) for each in outcome.conflicts),
        held=tuple(_values(each, redactor) for each in outcome.held),
    )


def _values(change: C, redactor: Redactor) -> C:
    values = {name: value for name, value in structs.asdict(change).items() if name not in {"field", "kept"}}
    return structs.replace(change, **{name: _value(value, redactor) for name, value in values.items()})


def _value(value: Value, redactor: Redactor) -> Value:
    if isinstance(value, str):
        return redactor(value)
    return tuple(map(redactor, value)) if isinstance(value, tuple) else value
