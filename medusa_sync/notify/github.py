"""Notifies GitHub Actions: a step summary in Markdown, and annotations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from medusa_sync.core.result import Outcome, Result, RunResult
from medusa_sync.report import summary
from medusa_sync.report.changes import plain_lines
from medusa_sync.report.escape import visible
from medusa_sync.report.file import ReportError
from medusa_sync.report.summary import Listing

_ANNOTATIONS = 10  # GitHub shows as many of each level in a step
_LINES = 5  # lines per product; GitHub refuses a summary of more than 1 MiB
_LONG = 200  # characters of a text that are shown
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


# --- step summary ---------------------------------------------------------------------------------------


def append_step_summary(result: RunResult, path: Path) -> None:
    """Append the summary to the file that GITHUB_STEP_SUMMARY names.

    Raises:
        ReportError: writing fails.
    """
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(step_summary(result))
    except OSError as error:
        raise ReportError(
            f"The step summary {str(path)!r} was not written: {error.strerror}.",
            hint="Check the file that GITHUB_STEP_SUMMARY names, or unset the variable.",
        ) from error


def step_summary(result: RunResult) -> str:
    """Render the summary of a run as Markdown."""
    return "".join(f"{line}\n" for line in _summary(result))


def _summary(result: RunResult) -> Iterator[str]:
    yield from (f"### {_literal(result.job)}: {result.status}", "")
    target = f" → {_literal(result.store_url)}" if result.store_url else ""
    yield from (f"{_literal(result.source_url)}{target}", "")
    if result.dry_run:
        yield from ("**Dry run:** nothing was written.", "")
    if result.error:
        hint = f"<br>{_literal(result.hint)}" if result.hint else ""
        yield from (f"**Ended early:** {_literal(result.error)}{hint}", "")
    counts = list(summary.counts(result))
    if counts:
        yield _row([label for label, _, _ in counts])
        yield _row(["---:"] * len(counts))
        yield _row([str(count) for _, count, _ in counts])
        yield ""
    yield from (f"- {name}: {value}" for name, value in summary.facts(result))
    yield ""
    for listing in summary.listings(result, verbose=False):
        yield from _table(listing, result)
    for note in result.notes:
        yield from (f"**Note:** {_literal(note)}", "")


def _table(listing: Listing, result: RunResult) -> Iterator[str]:
    yield from (f"#### {listing.heading}", "")
    yield _row(["outcome", "product", "title", "details"])
    yield _row(["---"] * 4)
    for outcome in listing.shown:
        external_id, title = summary.name(outcome)
        action = summary.action(outcome, dry_run=result.dry_run)
        yield _row([action, _literal(external_id), _literal(title), _details(outcome)])
    yield ""
    if listing.rest:
        yield from (listing.rest, "")


def _details(outcome: Outcome) -> str:
    lines = plain_lines(outcome, "→")
    rest = [f"{len(lines) - _LINES} more"] if len(lines) > _LINES else []
    return "<br>".join([*map(_literal, lines[:_LINES]), *rest])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _literal(text: str) -> str:
    """Escape a text so that nothing in it is Markdown, HTML or the end of a table cell.

    Punctuation becomes character references. In code GitHub does not look for mentions, issues or emoji.
    """
    shown = visible(text)
    shown = shown if len(shown) <= _LONG else f"{shown[:_LONG]}..."
    escaped = _PUNCTUATION.sub(lambda match: f"&#{ord(match[0])};", shown)
    return f"<code>{escaped}</code>" if shown else ""


# --- annotations ----------------------------------------------------------------------------------------


def workflow_commands(result: RunResult) -> Iterator[str]:
    """Yield an error for what ended the run and for each failed product, and a warning for other problems."""
    errors = [workflow_command("error", result.job, f"{result.error}\n{result.hint}")] if result.error else []
    failed = [problem for problem in result.problems if problem.result is Result.FAILED]
    others = [problem for problem in result.problems if problem.result is not Result.FAILED]
    yield from _limited("error", result.job, [*errors, *(_problem("error", each) for each in failed)])
    yield from _limited("warning", result.job, [_problem("warning", each) for each in others])


def workflow_command(level: str, title: str, message: str) -> str:
    """Render a workflow command, one line; `level` is error, warning or notice."""
    lines = "\n".join(map(visible, message.strip("\n").split("\n")))
    return f"::{level} title={_property(visible(title))}::{_data(lines)}"


def _limited(level: str, job: str, lines: Sequence[str]) -> Sequence[str]:
    """Keep as many lines as GitHub shows; the last one counts the rest."""
    if len(lines) <= _ANNOTATIONS:
        return lines
    rest = f"... and {len(lines) - _ANNOTATIONS + 1} more; --json shows them all"
    return [*lines[: _ANNOTATIONS - 1], workflow_command(level, job, rest)]


def _problem(level: str, outcome: Outcome) -> str:
    external_id, title = summary.name(outcome)
    reason = visible(outcome.reason)  # only line breaks of our own messages split an annotation
    message = f"{title}: {reason}" if title else reason
    return workflow_command(level, f"{outcome.result} {external_id}", message)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
