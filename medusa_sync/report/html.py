"""Renders the result of a run as a self-contained HTML page."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC
from importlib import resources
from itertools import chain, islice
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from medusa_sync.core.product import Value
from medusa_sync.core.result import Action, Outcome, Result, RunResult
from medusa_sync.report import summary
from medusa_sync.report.changes import FEW, Detail, abridged, details, line_about
from medusa_sync.report.escape import visible
from medusa_sync.report.values import LONG

_BAR = 1000  # length of the bar
_NARROWEST = 6  # minimum length of a part of the bar, so that it is visible
_ALWAYS = {Result.CREATED, Result.UPDATED, Result.UNCHANGED, Result.REJECTED, Result.FAILED}
"""Counts that are shown even if they are zero."""


class _Product(NamedTuple):
    """A product of the table, or of a list above it, where `changes` include a few of variants.

    Filters match its `kinds`; the first is the result. `folded` counts changes of variants that are too
    many to show at once, `rest` those that a list leaves out.
    """

    kinds: tuple[str, ...]
    did: Action | None
    action: str
    external_id: str
    title: str
    reason: str
    changes: Sequence[Detail]
    variants: dict[str, list[Detail]]
    folded: str
    rest: str


def as_html(result: RunResult) -> str:
    """Render the page; it loads nothing and works without its script."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=_escaped)
    environment.filters |= {"digest": _digest, "full": _full}
    environment.globals["line_about"] = line_about
    template = resources.files("medusa_sync.report").joinpath("report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(_context(result))


def _escaped(value: object) -> object:
    """Escape hidden characters in every text that the template inserts."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _digest(content: str) -> str:
    """Hash a script or style for the Content-Security-Policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _context(result: RunResult) -> dict[str, Any]:
    outcomes = [*chain(result.problems, result.not_completed, result.changes, result.skipped)]
    lists = {
        "Problems": result.problems,
        "Conflicts": [each for each in outcomes if each.conflicts],
        "Held back": [each for each in outcomes if each.held],
    }
    products = [_product(each, result) for each in outcomes]
    used = Counter(kind for product in products for kind in product.kinds)
    totals = [(kind, label, count) for kind, label, count, _ in summary.totals(result)]
    parts = [each for each in totals if each[2] and each[0] not in {"conflict", "held"}]
    return {
        "result": result,
        "started_at": result.started_at.astimezone(UTC),
        "duration": summary.duration(result.duration_s),
        "facts": summary.figures(result),
        "totals": [each for each in totals if each[2] or each[0] in _ALWAYS],
        "parts": _parts({kind: count for kind, _, count in parts}),
        "bar": ", ".join(f"{count} {label}" for _, label, count in parts) or "no products",
        "lists": [
            (heading, [_listed(each, result) for each in islice(listed, summary.LISTED)], len(listed))
            for heading, listed in lists.items()
        ],
        "products": products,
        "filters": [(kind, label, used[kind]) for kind, label, _ in totals if used[kind]],
    }


def _parts(counts: dict[str, int]) -> Iterator[tuple[str, float, float]]:
    """Yield the kind, start and width of each part of the bar."""
    total = sum(counts.values())
    widths = {kind: max(_BAR * count / total, _NARROWEST) for kind, count in counts.items()}
    scale = _BAR / sum(widths.values()) if widths else 1
    start = 0.0
    for kind, width in widths.items():
        yield kind, round(start * scale, 2), round(width * scale, 2)
        start += width


def _product(outcome: Outcome, result: RunResult) -> _Product:
    found = details(outcome)
    of_variants = [each for each in found if each.variant]
    variants: dict[str, list[Detail]] = {}
    for each in of_variants:
        variants.setdefault(each.variant, []).append(each)
    folded = ""
    if len(of_variants) > FEW:
        conflicts = sum(each.conflict is not None for each in of_variants)
        folded = (
            f"{len(of_variants):,} changes of {len(variants):,} variant{'s' if len(variants) > 1 else ''}"
        )
        folded += f", {conflicts:,} of them in conflict" if conflicts else ""
    kinds = (
        outcome.result,
        *(["conflict"] if outcome.conflicts else []),
        *(["held"] if outcome.held else []),
    )
    action = summary.action(outcome, dry_run=result.dry_run)
    changes = [each for each in found if not each.variant]
    name = summary.name(outcome)
    return _Product(kinds, outcome.action, action, *name, outcome.reason, changes, variants, folded, rest="")


def _listed(outcome: Outcome, result: RunResult) -> _Product:
    """A product of a list above the table, which shows only a few changes of variants."""
    changes, rest = abridged(details(outcome))
    return _product(outcome, result)._replace(changes=changes, rest=rest)


def _full(detail: Detail) -> tuple[list[str], list[str]] | None:
    """The full values before and after, if the line about a change shortens them."""
    change = detail.change
    values = (_lines(change.stored), _lines(change.planned)) if change else ([], [])
    return values if max(sum(map(len, lines)) for lines in values) > LONG else None


def _lines(value: Value) -> list[str]:
    """The members of a set, or the lines of a text."""
    if value is None or value == ():
        return ["nothing"]
    return list(value) if isinstance(value, tuple) else str(value).split("\n")
