"""Renders the result of a run as a self-contained HTML page."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
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
from medusa_sync.report import summary
from medusa_sync.report.changes import Line, change_lines
from medusa_sync.report.escape import visible

_BAR = 1000  # length of the bar
_NARROWEST = 6  # minimum length of a part of the bar, so that it is visible
_LONG = 60  # characters of a value that the line about a change shows in full
_CONFLICT = "conflict"
_ALWAYS = frozenset(Result) - summary.RARE  # counts that are shown even if they are zero


class _Change(NamedTuple):
    """The line about a field change, and the full values before and after if the line shortens them."""

    line: Line
    full: tuple[list[str], list[str]] | None


class _Row(NamedTuple):
    """A product.

    Attributes:
        kinds: what the table is filtered by; the first is the result.
        notes: lines about conflicts that changed nothing.
    """

    kinds: tuple[str, ...]
    action: str
    external_id: str
    title: str
    reason: str
    changes: list[_Change]
    notes: list[Line]


class _Part(NamedTuple):
    kind: str
    start: float
    width: float


def as_html(result: RunResult) -> str:
    """Render the page; it loads nothing and works without its script."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=_escaped)
    environment.filters["digest"] = _digest
    template = resources.files("medusa_sync.report").joinpath("report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(_context(result))


def _escaped(value: object) -> object:
    """Escape hidden characters in every text that the template inserts."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _digest(content: str) -> str:
    """Hash a script or style for the Content-Security-Policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _context(result: RunResult) -> dict[str, Any]:
    labels = {each.value: summary.label(each, dry_run=result.dry_run) for each in Result}
    products = [
        _row(outcome, result) for outcome in (*result.problems, *result.not_completed, *result.changes)
    ]
    used = Counter(kind for row in products for kind in row.kinds)
    totals = [(each.value, labels[each], result.counts.get(each, 0)) for each in Result]
    totals += [("not-compared", "not compared", result.not_compared)]
    facts = dict(summary.facts(result))
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
            ("Problems", products[: len(result.problems)]),
            ("Conflicts", [row for row in products if _CONFLICT in row.kinds]),
        ],
        "listed": summary.LISTED,
        "products": products,
        "filters": [
            (kind, label, used[kind])
            for kind, label in (*labels.items(), (_CONFLICT, "conflicts"))
            if used[kind]
        ],
    }


def _parts(counts: dict[str, int]) -> Iterator[_Part]:
    total = sum(counts.values())
    widths = {kind: max(_BAR * count / total, _NARROWEST) for kind, count in counts.items()}
    scale = _BAR / sum(widths.values()) if widths else 1
    start = 0.0
    for kind, width in widths.items():
        yield _Part(kind, round(start * scale, 2), round(width * scale, 2))
        start += width


def _row(outcome: Outcome, result: RunResult) -> _Row:
    external_id, title = summary.name(outcome)
    lines = change_lines(structs.replace(outcome, reason=""), "→")
    return _Row(
        kinds=(outcome.result, *([_CONFLICT] if outcome.conflicts else [])),
        action=summary.action(outcome, dry_run=result.dry_run),
        external_id=external_id,
        title=title,
        reason=outcome.reason,
        changes=[_Change(next(lines), _full(change)) for change in outcome.changes],
        notes=list(lines),
    )


def _full(change: FieldChange) -> tuple[list[str], list[str]] | None:
    values = _lines(change.stored), _lines(change.planned)
    return values if max(sum(map(len, lines)) for lines in values) > _LONG else None


def _lines(value: Value) -> list[str]:
    """The members of a set, or the lines of a text."""
    if value is None or value == ():
        return ["nothing"]
    return list(value) if isinstance(value, tuple) else str(value).split("\n")
