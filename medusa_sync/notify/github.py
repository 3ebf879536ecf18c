"""What GitHub Actions shows of a run: a summary of the step, in Markdown, and annotations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from medusa_sync.core.result import Outcome, Result, RunResult
from medusa_sync.report import words
from medusa_sync.report.changes import told
from medusa_sync.report.files import ReportError
from medusa_sync.report.text import visible
from medusa_sync.report.words import Listing

_ANNOTATIONS = 10  # of each kind that GitHub shows for a step
_LINES = 5  # that a summary tells of a product; GitHub takes no summary of more than 1 MiB
_LONG = 200  # characters of a text that are shown
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


# --- the summary of the step ----------------------------------------------------------------------------


def append_step_summary(result: RunResult, path: Path) -> None:
    """Add the summary to the file that GITHUB_STEP_SUMMARY names.

    Raises:
        ReportError: the system refuses it.
    """
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(step_summary(result))
    except OSError as error:
        raise ReportError(
            f"The step summary {str(path)!r} was not written: {error.strerror}.",
            hint="GITHUB_STEP_SUMMARY names the file; unset it to go without.",
        ) from error


def step_summary(result: RunResult) -> str:
    """What a terminal shows of the run, as Markdown."""
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
    counts = list(words.counts(result))
    yield _row([label for label, _, _ in counts])
    yield _row(["---:"] * len(counts))
    yield _row([str(count) for _, count, _ in counts])
    yield ""
    yield from (f"- {name}: {value}" for name, value in words.facts(result))
    yield ""
    for listing in words.listings(result, verbose=False):
        yield from _table(listing, result)
    for note in result.notes:
        yield from (f"**Note:** {_literal(note)}", "")


def _table(listing: Listing, result: RunResult) -> Iterator[str]:
    yield from (f"#### {listing.heading}", "")
    yield _row(["outcome", "product", "title", "what"])
    yield _row(["---"] * 4)
    for outcome in listing.shown:
        external_id, title = words.name(outcome)
        action = words.action(outcome, dry_run=result.dry_run)
        yield _row([action, _literal(external_id), _literal(title), _what(outcome)])
    yield ""
    if listing.rest:
        yield from (listing.rest, "")


def _what(outcome: Outcome) -> str:
    lines = ["".join(text for text, _ in pieces) for pieces in told(outcome, "→")]
    rest = [f"{len(lines) - _LINES} more"] if len(lines) > _LINES else []
    return "<br>".join([*map(_literal, lines[:_LINES]), *rest])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _literal(text: str) -> str:
    """A text in which nothing has a meaning, neither for Markdown nor for what GitHub makes of its words.

    Every sign is written as its number, so that there is no markup, no address and no end of the cell. In
    code GitHub looks for no mentions, issues or emoji either.
    """
    shown = visible(text)
    shown = shown if len(shown) <= _LONG else f"{shown[:_LONG]}..."
    return f"<code>{_PUNCTUATION.sub(_numbered, shown)}</code>" if shown else ""


def _numbered(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


# --- annotations ----------------------------------------------------------------------------------------


def workflow_commands(result: RunResult) -> Iterator[str]:
    """Workflow commands, a line each: an error for what ended the run and for each failed product, a warning
    for every other problem.

    Args:
        result: the run.
    """
    errors = [annotation("error", result.job, f"{result.error}\n{result.hint}")] if result.error else []
    failed = [problem for problem in result.problems if problem.result is Result.FAILED]
    others = [problem for problem in result.problems if problem.result is not Result.FAILED]
    yield from _first("error", result.job, [*errors, *(_problem("error", each) for each in failed)])
    yield from _first("warning", result.job, [_problem("warning", each) for each in others])


def annotation(level: str, title: str, message: str) -> str:
    """A workflow command, one line: `level` is error, warning or notice."""
    lines = "\n".join(map(visible, message.strip("\n").split("\n")))
    return f"::{level} title={_property(visible(title))}::{_data(lines)}"


def _first(level: str, job: str, lines: Sequence[str]) -> Iterator[str]:
    """As many as are shown, the last of which counts what is not."""
    if len(lines) <= _ANNOTATIONS:
        yield from lines
        return
    yield from lines[: _ANNOTATIONS - 1]
    rest = len(lines) - _ANNOTATIONS + 1
    yield annotation(level, job, f"... and {rest} more; the summary of the step and --json tell of them")


def _problem(level: str, outcome: Outcome) -> str:
    external_id, title = words.name(outcome)
    # No line break of a product's own: only those of our messages divide lines.
    message = visible(outcome.reason)
    return annotation(level, f"{outcome.result} {external_id}", f"{title}: {message}" if title else message)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
