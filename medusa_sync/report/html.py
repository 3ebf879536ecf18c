"""Renders the result of a run as a self-contained HTML page."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from importlib import resources
from itertools import islice
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from medusa_sync.core.change import FieldChange
from medusa_sync.core.product import Value
from medusa_sync.core.result import Outcome, Result, RunResult
from medusa_sync.report import summary
from medusa_sync.report.changes import Line, line_about, name_of
from medusa_sync.report.details import FEW, Detail, abridged, details
from medusa_sync.report.escape import visible

_BAR = 1000  # length of the bar
_NARROWEST = 6  # minimum length of a part of the bar, so that it is visible
_LONG = 60  # characters of a value that the line about a change shows in full
_CONFLICT = "conflict"
_HELD = "held"
_ALWAYS = frozenset({Result.CREATED, Result.UPDATED, Result.UNCHANGED, Result.REJECTED, Result.FAILED})
"""Counts that are shown even if they are zero."""


class _Change(NamedTuple):
    """The name and the line of a field, and the full values before and after if the line shortens them."""

    field: str
    line: Line
    full: tuple[list[str], list[str]] | None


class _Row(NamedTuple):
    """A product.

    Attributes:
        kinds: what the table is filtered by; the first is the result.
        variants: the changes of each variant; the others are those of the product.
        folded: counts the changes of the variants if there are too many to show them at once.
        rest: counts the changes that a list leaves out.
    """

    kinds: tuple[str, ...]
    action: str
    external_id: str
    title: str
    reason: str
    changes: list[_Change]
    variants: dict[str, list[_Change]]
    folded: str
    rest: str


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
    outcomes = (*result.problems, *result.not_completed, *result.changes, *result.skipped)
    products = [_row(outcome, result) for outcome in outcomes]
    lists = {
        "Problems": result.problems,
        "Conflicts": [each for each in outcomes if each.conflicts],
        "Held back": [each for each in outcomes if each.held],
    }
    used = Counter(kind for row in products for kind in row.kinds)
    totals = [(each.value, labels[each], result.counts.get(each, 0)) for each in Result]
    totals += [("not-compared", "not compared", result.not_compared)]
    return {
        "result": result,
        "started_at": result.started_at.astimezone(UTC),
        "duration": summary.duration(result.duration_s),
        "facts": list(summary.figures(result)),
        "totals": [
            (kind, label, count)
            for kind, label, count in (
                *totals,
                (_CONFLICT, "conflicts", result.conflicts),
                (_HELD, "held back", result.held),
            )
            if count or kind in _ALWAYS
        ],
        "parts": list(_parts({kind: count for kind, _, count in totals if count})),
        "bar": ", ".join(f"{count} {label}" for _, label, count in totals if count) or "no products",
        "lists": [
            (
                heading,
                [_row(each, result, brief=True) for each in islice(listed, summary.LISTED)],
                len(listed),
            )
            for heading, listed in lists.items()
        ],
        "products": products,
        "filters": [
            (kind, label, used[kind])
            for kind, label in (*labels.items(), (_CONFLICT, "conflicts"), (_HELD, "held back"))
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


def _row(outcome: Outcome, result: RunResult, *, brief: bool = False) -> _Row:
    """A row of the table, or of a list above it, which shows only a few changes of variants."""
    external_id, title = summary.name(outcome)
    shown, rest = abridged(outcome) if brief else (details(outcome), "")
    changes: list[_Change] = []
    variants: dict[str, list[_Change]] = {}
    for detail in shown:
        line = line_about(detail, outcome.action, "→")
        full = _full(detail.change) if detail.change else None
        if detail.variant and not brief:
            variants.setdefault(detail.variant, []).append(_Change(detail.field, line, full))
        else:
            changes.append(_Change(name_of(detail), line, full))
    return _Row(
        kinds=(
            outcome.result,
            *([_CONFLICT] if outcome.conflicts else []),
            *([_HELD] if outcome.held else []),
        ),
        action=summary.action(outcome, dry_run=result.dry_run),
        external_id=external_id,
        title=title,
        reason=outcome.reason,
        changes=changes,
        variants=variants,
        folded=_folded(shown, len(variants)),
        rest=rest,
    )


def _folded(shown: list[Detail], variants: int) -> str:
    of_variants = [each for each in shown if each.variant]
    if len(of_variants) <= FEW:
        return ""
    conflicts = sum(each.conflict is not None for each in of_variants)
    words = f"{len(of_variants):,} changes of {variants:,} variant{'s' if variants > 1 else ''}"
    return f"{words}, {conflicts:,} of them in conflict" if conflicts else words


def _full(change: FieldChange) -> tuple[list[str], list[str]] | None:
    values = _lines(change.stored), _lines(change.planned)
    return values if max(sum(map(len, lines)) for lines in values) > _LONG else None


def _lines(value: Value) -> list[str]:
    """The members of a set, or the lines of a text."""
    if value is None or value == ():
        return ["nothing"]
    return list(value) if isinstance(value, tuple) else str(value).split("\n")
