"""The report file of a run: JSON, CSV or HTML by the end of its name; it is there whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from medusa_sync.core.change import Conflict
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import Value
from medusa_sync.core.result import Outcome, Result, RunResult
from medusa_sync.errors import MedusaSyncError
from medusa_sync.report.json import as_json
from medusa_sync.report.text import visible

_CSV_COLUMNS = ("external_id", "title", "outcome", "action", "field", "from", "to", "reason")
# A spreadsheet calculates a cell that begins with one of these, some in their wide form as well. A tab or a
# carriage return, which some skip before they look, is spelt out like any control character.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - wide on purpose


class ReportError(MedusaSyncError):
    """The report cannot be written where it is wanted."""

    exit_code = 2


def check_report_path(path: Path) -> str | None:
    """What is wrong with a path, as far as can be told before a run; None when nothing is."""
    if path.suffix.lower() not in _FORMATS:
        return f"{str(path)!r} ends in none of {', '.join(_FORMATS)}, which choose the format"
    file = Path(os.path.realpath(path))
    if file.exists() and not file.is_file():
        return f"{str(path)!r} is not a file"
    if not file.parent.is_dir():
        return f"there is no folder {str(file.parent)!r}; make it first"
    if not os.access(file.parent, os.W_OK | os.X_OK):
        return f"no file can be made in the folder {str(file.parent)!r}; allow it or choose another"
    return None


def write_report(result: RunResult, path: Path) -> None:
    """Write the report, or leave what stood there as it was.

    Args:
        result: the run.
        path: where to; a symbolic link is followed.

    Raises:
        ReportError: the path is wrong, or the system refuses it.
    """
    if problem := check_report_path(path):
        raise ReportError(f"The report was not written: {problem}.", hint="Correct --report.")
    text = _FORMATS[path.suffix.lower()](result)
    try:
        _replace(Path(os.path.realpath(path)), text.encode())
    except OSError as error:
        raise ReportError(
            f"The report {str(path)!r} was not written: {error.strerror}.",
            hint="Make room or allow writing there, or name another file with --report.",
        ) from error


def _replace(file: Path, content: bytes) -> None:
    temporary = file.with_name(f".medusa-sync-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as stream:  # not by tempfile, whose files nobody else may read
            stream.write(content)
        temporary.replace(file)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


# --- formats --------------------------------------------------------------------------------------------


def _json(result: RunResult) -> str:
    return as_json(result, pretty=True) + "\n"


def _csv(result: RunResult) -> str:
    """A table for spreadsheets, one line for each changed field, or for a product without one.

    A text that could be taken for a formula gets an apostrophe before it; control characters are spelt out;
    the members of a set are a JSON list.
    """
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(_CSV_COLUMNS)
    for row in _rows(result):
        rows.writerow(map(_cell, row))
    return written.getvalue()


def _cell(text: str) -> str:
    shown = visible(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _rows(result: RunResult) -> Iterator[tuple[str, ...]]:
    if result.error:
        yield "", "", Result.FAILED, "", "", "", "", result.error
    for outcome in (*result.problems, *result.not_completed):
        yield *_product(outcome), "", "", "", outcome.reason
    for outcome in result.changes:
        fields = list(_fields(outcome)) or [("", "", "", "")]
        yield from ((*_product(outcome), *field) for field in fields)


def _product(outcome: Outcome) -> tuple[str, ...]:
    action = outcome.action or ("" if outcome.reason else "keep")
    return outcome.external_id or "", outcome.title, outcome.result, action


def _fields(outcome: Outcome) -> Iterator[tuple[str, str, str, str]]:
    contested = {conflict.field: conflict for conflict in outcome.conflicts}
    for each in outcome.changes:
        conflict = contested.pop(each.field, None)
        yield each.field, _plain(each.stored), _plain(each.planned), _reason(conflict)
    for conflict in contested.values():
        yield conflict.field, _plain(conflict.stored), _plain(conflict.stored), _reason(conflict)


def _reason(conflict: Conflict | None) -> str:
    if conflict is None:
        return ""
    if conflict.kept == OnConflict.SOURCE:
        return f"changed on both sides; the source counts, the store had {_plain(conflict.stored)}"
    return f"changed on both sides; the store counts, the source has {_plain(conflict.desired)}"


def _plain(value: Value) -> str:
    if isinstance(value, tuple):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


def _html(result: RunResult) -> str:
    from medusa_sync.report.html import as_html  # Jinja2 is loaded for this alone

    return as_html(result)


_FORMATS: Mapping[str, Callable[[RunResult], str]] = {".json": _json, ".csv": _csv, ".html": _html}
