"""The result of a run as a page that stands alone and that nothing from outside can add to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC
from importlib import resources
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from msgspec import structs

from medusa_sync.core.change import FieldChange
from medusa_sync.core.product import Value
from medusa_sync.core.result import Outcome, Result, RunResult
from medusa_sync.report import words
from medusa_sync.report.changes import Words, told
from medusa_sync.report.text import visible

_BAR = 1000  # units that the bar is long
_NARROWEST = 6  # of them that any part gets, so that it can be seen
_LONG = 60  # characters of a value from which on the line about it may leave some out
_CONFLICT = "conflict"
_ALWAYS = frozenset(Result) - words.RARE  # counts that are shown even when they are 0


class _Change(NamedTuple):
    """What is said about a field, and its whole values when that leaves something out."""

    line: Words
    whole: tuple[list[str], list[str]] | None


class _Row(NamedTuple):
    """A product.

    Attributes:
        kinds: what the table can be filtered by, the first of which is its result.
        notes: lines beside those of the changes.
    """

    kinds: tuple[str, ...]
    action: str
    external_id: str
    title: str
    reason: str
    changes: list[_Change]
    notes: list[Words]


class _Part(NamedTuple):
    """A part of the bar."""

    kind: str
    start: float
    width: float


def as_html(result: RunResult) -> str:
    """The page; it needs nothing but itself, and works without its script as well."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=_finalized)
    environment.filters["digest"] = _digest
    template = resources.files("medusa_sync.report").joinpath("report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(_facts(result))


def _finalized(value: object) -> object:
    """Everything that the template shows passes here, so that no place can forget it."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _digest(content: str) -> str:
    """A content as a policy names it that allows this one alone."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _facts(result: RunResult) -> dict[str, Any]:
    labels = _labels(result)
    products = [
        _row(outcome, result) for outcome in (*result.problems, *result.not_completed, *result.changes)
    ]
    kinds = {kind: labels.get(kind, "conflicts") for kind in (*labels, _CONFLICT)}
    used = {kind: sum(kind in row.kinds for row in products) for kind in kinds}
    totals = [(each.value, labels[each], result.counts.get(each, 0)) for each in Result]
    totals += [("not-compared", "not compared", result.not_compared)]
    facts = dict(words.facts(result))
    problems = len(result.problems)
    return {
        "result": result,
        "started_at": result.started_at.astimezone(UTC),
        "duration": facts.pop("time"),
        "facts": [(name, value) for name, value in facts.items() if name != "status"],
        "totals": [
            (kind, label, count)
            for kind, label, count in (*totals, (_CONFLICT, "conflicts", result.conflicts))
            if count or kind in _ALWAYS
        ],
        "parts": list(_parts({kind: count for kind, _, count in totals if count})),
        "bar": ", ".join(f"{count} {label}" for _, label, count in totals if count) or "no products",
        "lists": [
            ("Problems", products[:problems]),
            ("Conflicts", [row for row in products if _CONFLICT in row.kinds]),
        ],
        "listed": words.LISTED,
        "products": products,
        "filters": [(kind, kinds[kind], count) for kind, count in used.items() if count],
    }


def _labels(result: RunResult) -> dict[str, str]:
    """What each result is called: in a dry run it has still to come."""
    every = structs.replace(result, counts=dict.fromkeys(Result, 1))
    return {each: label for each, (label, _, _) in zip(Result, words.counts(every), strict=False)}


def _parts(counts: dict[str, int]) -> Iterator[_Part]:
    total = sum(counts.values())
    widths = {kind: max(_BAR * count / total, _NARROWEST) for kind, count in counts.items()}
    scale = _BAR / sum(widths.values()) if widths else 1
    start = 0.0
    for kind, width in widths.items():
        yield _Part(kind, round(start * scale, 2), round(width * scale, 2))
        start += width


def _row(outcome: Outcome, result: RunResult) -> _Row:
    external_id, title = words.name(outcome)
    lines = told(structs.replace(outcome, reason=""), "→")
    return _Row(
        kinds=(outcome.result, *([_CONFLICT] if outcome.conflicts else [])),
        action=words.action(outcome, dry_run=result.dry_run),
        external_id=external_id,
        title=title,
        reason=outcome.reason,
        changes=[_Change(next(lines), _whole(difference)) for difference in outcome.changes],
        notes=list(lines),
    )


def _whole(difference: FieldChange) -> tuple[list[str], list[str]] | None:
    values = _lines(difference.stored), _lines(difference.planned)
    return values if max(sum(map(len, lines)) for lines in values) > _LONG else None


def _lines(value: Value) -> list[str]:
    """The members of a set, or the lines of a text."""
    if value is None or value == ():
        return ["nothing"]
    return list(value) if isinstance(value, tuple) else str(value).split("\n")
