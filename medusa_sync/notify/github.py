"""Notifies GitHub Actions: a step summary in Markdown, and annotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from medusa_sync.core.outcome import Outcome, Result
from medusa_sync.core.result import RunResult
from medusa_sync.report import summary
from medusa_sync.report.changes import Kind, by_kind, plain_lines
from medusa_sync.report.escape import visible, visible_lines
from medusa_sync.report.file import writing
from medusa_sync.report.listing import listings
from medusa_sync.report.markdown import TITLES, first, head, notes, rest, row

_ANNOTATIONS = 10  # GitHub shows as many of each level in a step
_IN_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = _IN_DATA | str.maketrans({":": "%3A", ",": "%2C"})


def append_step_summary(result: RunResult, path: Path) -> None:
    """Append the summary to the file that GITHUB_STEP_SUMMARY names; raise `ReportError` if that fails."""
    hint = "Check the file that GITHUB_STEP_SUMMARY names, or unset the variable."
    failure = f"The step summary {str(path)!r} was not written"
    with writing(failure, hint), path.open("a", encoding="utf-8") as stream:
        stream.write(step_summary(result))


def step_summary(result: RunResult) -> str:
    """Render the summary of a run as Markdown."""
    return "".join(f"{line}\n" for line in _summary(result))


def _summary(result: RunResult) -> Iterator[str]:
    yield from head(result)
    for listing in listings(result, verbose=False, is_short=True):
        yield from (f"#### {listing.heading}", "", *TITLES)
        yield from (row(outcome, result) for outcome in listing.listed)
        yield ""
        for line in listing.remarks():
            yield from (line, "")
    yield from notes(result)
    yield from rest(result)


_LEVELS: Mapping[Kind, tuple[str, str]] = {
    "held": ("warning", "price over the limit"),
    "withheld": ("warning", "withheld"),
    "conflict": ("notice", "conflict"),
}


def workflow_commands(result: RunResult) -> Iterator[str]:
    """Yield what GitHub shows beside the log.

    Errors: the error or the guard that ended the run, failed products. Warnings: a signal, a limit or a lock
    that ended it, other problems, held prices, withheld values. Notices: conflicts.
    """
    lines: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    if result.error:
        level = "error" if summary.ended_as(result) is Result.FAILED else "warning"
        title = f"{result.job}: {summary.ended(result).lower()}"
        lines[level].append(workflow_command(level, title, f"{result.error}\n{result.hint}"))
    for each in result.problems:
        level = "error" if each.result is Result.FAILED else "warning"
        lines[level].append(_product(level, each.result, each, [each.reason]))
    for each in result.changes if result.held or result.withheld or result.conflicts else ():
        found = by_kind(each)
        for kind, (level, what) in _LEVELS.items():
            if kind in found:
                lines[level].append(_product(level, what, each, plain_lines(each, "→", found[kind])))
    for level, commands in lines.items():
        if len(commands) <= _ANNOTATIONS:
            yield from commands
            continue
        yield from commands[: _ANNOTATIONS - 1]
        rest = f"... and {len(commands) - _ANNOTATIONS + 1} more; --json shows them all"
        yield workflow_command(level, result.job, rest)


def workflow_command(level: str, title: str, message: str) -> str:
    """Render a workflow command, one line; `level` is error, warning or notice."""
    lines = "\n".join(visible_lines(message.strip("\n")))
    return f"::{level} title={visible(title).translate(_IN_PROPERTY)}::{lines.translate(_IN_DATA)}"


def _product(level: str, what: str, outcome: Outcome, lines: Sequence[str]) -> str:
    external_id, title = summary.name(outcome)
    # Only line breaks of our own messages split an annotation.
    details = "; ".join(first(lines, visible))
    return workflow_command(level, f"{what} {external_id}", f"{title}: {details}" if title else details)
