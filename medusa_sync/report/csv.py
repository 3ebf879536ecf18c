"""Renders the result of a run as CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from itertools import chain

from medusa_sync.core.outcome import Action, Outcome
from medusa_sync.core.result import RunResult
from medusa_sync.core.value import Value
from medusa_sync.report.changes import Detail, details, notes_about
from medusa_sync.report.escape import visible
from medusa_sync.report.summary import ended_as

_UNLIMITED = 10**9  # characters of a value
_COLUMNS = (
    "external_id",
    "title",
    "outcome",
    "action",
    "field",
    "from",
    "to",
    "reason",
    "variant",
    "dry_run",
)
# A spreadsheet evaluates a cell that starts with one of these; some accept the wide forms too. Some also skip
# a leading tab or carriage return, but those are escaped like all control characters.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - wide on purpose


def as_csv(result: RunResult) -> str:
    """Render a row per field change, or a row for a product without one.

    A dry run has the outcomes that a run would have. A text that could be a formula gets a leading
    apostrophe. A set is a JSON list.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    dry_run = "true" if result.dry_run else "false"
    rows = ((*row, dry_run) for row in _rows(result))
    writer.writerows(map(_cell, row) for row in chain([_COLUMNS], rows))
    return file.getvalue()


def _cell(text: str) -> str:
    text = visible(text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _rows(result: RunResult) -> Iterator[tuple[str, ...]]:
    if result.error:
        yield "", "", ended_as(result), "", "", "", "", result.error, ""
    for outcome in chain(result.problems, result.not_completed, result.skipped):
        yield *_product(outcome), "", "", "", outcome.reason, ""
    for outcome in chain(result.changes, result.withheld_before):
        fields = [_field(detail, outcome.action) for detail in details(outcome)] or [("",) * 5]
        yield from ((*_product(outcome), *field) for field in fields)


def _product(outcome: Outcome) -> tuple[str, ...]:
    action = outcome.action or ("" if outcome.reason else "keep")
    return outcome.external_id or "", outcome.title, outcome.result, action


def _field(detail: Detail, action: Action | None) -> tuple[str, ...]:
    after = detail.change.planned if detail.change else detail.stored
    reason = "" if detail.kind == "change" else notes_about(detail, action, _UNLIMITED)
    return detail.field, _plain(detail.stored), _plain(after), reason, detail.variant


def _plain(value: Value) -> str:
    if isinstance(value, tuple):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
