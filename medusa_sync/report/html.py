"""Renders the result of a run as a self-contained HTML page."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from medusa_sync.core.outcome import Outcome, Result
from medusa_sync.core.result import RunResult
from medusa_sync.core.value import Value
from medusa_sync.report import summary
from medusa_sync.report.changes import FEW, Detail, details, line_about
from medusa_sync.report.escape import visible
from medusa_sync.report.values import LONG

_BAR = 1000  # length of the bar
_NARROWEST = 6  # minimum length of a part of the bar, so that it is visible
_ALWAYS = {Result.CREATED, Result.UPDATED, Result.UNCHANGED, Result.REJECTED, Result.FAILED}
"""Counts that are shown even if they are zero."""


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
    products = [_product(each, result) for each in summary.reported(result)]
    used = Counter(kind for product in products for kind in product["kinds"])
    totals = [(kind, label, count) for kind, label, count, _ in summary.totals(result)]
    parts = [each for each in totals if each[2] and each[0] not in {"conflict", "held", "withheld"}]
    return {
        "result": result,
        "started_at": result.started_at.astimezone(UTC),
        "duration": summary.duration(result.duration_s),
        "facts": summary.figures(result),
        "totals": [each for each in totals if each[2] or each[0] in _ALWAYS],
        "parts": _parts({kind: count for kind, _, count in parts}),
        "bar": ", ".join(f"{count} {label}" for _, label, count in parts) or "no products",
        "answer": summary.answer(result)[0],
        "notes": summary.in_order(result.notes),
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


def _product(outcome: Outcome, result: RunResult) -> dict[str, Any]:
    """A product of the table. Filters match its `kinds`; the first is the result."""
    found = details(outcome)
    of_variants = [each for each in found if each.variant]
    variants: dict[str, list[Detail]] = {}
    for each in of_variants:
        variants.setdefault(each.variant, []).append(each)
    folded = ""  # counts the changes of variants if they are too many to show them at once
    if len(of_variants) > FEW:
        plural = "" if len(variants) == 1 else "s"
        folded = f"{len(of_variants):,} changes of {len(variants):,} variant{plural}"
        conflicts = sum(each.kind == "conflict" for each in of_variants)
        folded += f", {conflicts:,} of them in conflict" if conflicts else ""
    external_id, title = summary.name(outcome)
    is_withheld = any(each.kind == "withheld" for each in found)
    others = {"conflict": bool(outcome.conflicts), "held": bool(outcome.held), "withheld": is_withheld}
    return {
        "kinds": (outcome.result.value, *(kind for kind, any_ in others.items() if any_)),
        "did": outcome.action,
        "action": summary.action(outcome, dry_run=result.dry_run),
        "external_id": external_id,
        "title": title,
        "reason": outcome.reason,
        "changes": [each for each in found if not each.variant],
        "variants": variants,
        "folded": folded,
    }


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
