"""Renders the result of a run as Markdown for a comment on a pull request, and parts of the step summary."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from medusa_sync.core.result import Outcome, Result, RunResult
from medusa_sync.report import summary
from medusa_sync.report.changes import plain_lines
from medusa_sync.report.escape import visible

T = TypeVar("T")

TITLES = ("| outcome | product | title | details |", "| --- | --- | --- | --- |")
_LIMIT = 65_536  # characters of a comment on GitHub
_LAST = 100  # characters of the line that counts what is left out
_MANY = 15  # lines of an error, and notes; if all are long, there is still room for products
_LINES = 5  # per product
_LONG = 200  # characters of a text that are shown
_NO_SLUG = re.compile("[^a-z0-9._]+")  # two dashes would end a comment
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def as_markdown(result: RunResult) -> str:
    """Render a table with a row for each product, as many as a comment on GitHub can have.

    Problems are first, then conflicts, held prices, withheld values and removals.
    """
    lines = [_mark(result), *head(result), *notes(result)]
    rest = sum(map(len, _parts(result)))
    if rest:
        lines += TITLES
    room = _LIMIT - _LAST - sum(len(line) + 1 for line in lines)
    for outcome in _products(result):
        line = row(outcome, result)
        room -= len(line) + 1
        if room < 0:
            lines += ["", f"... and {rest} more; --json shows them all"]
            break
        lines.append(line)
        rest -= 1
    return "".join(f"{line}\n" for line in lines)


def _mark(result: RunResult) -> str:
    """The line by which a script finds the comment that it replaces; each job and source has its own."""
    names = (_NO_SLUG.sub("-", name) for name in (result.job, result.source_name))
    return f"<!-- medusa-sync {' '.join(names)} -->"


def _parts(result: RunResult) -> tuple[Collection[Outcome], ...]:
    changed = result.problems, result.not_completed, result.changes
    return *changed, result.skipped, result.withheld_before


def _products(result: RunResult) -> Iterator[Outcome]:
    yield from chain(result.problems, result.not_completed)
    for is_first in (True, False):
        yield from (each for each in result.changes if _is_notable(each) is is_first)
    yield from chain(result.skipped, result.withheld_before)


def _is_notable(outcome: Outcome) -> bool:
    kept = outcome.conflicts or outcome.held or outcome.newly_withheld
    return bool(kept) or outcome.result is Result.REMOVED


def head(result: RunResult) -> Iterator[str]:
    """Yield lines with the job, what ended the run early, the counts, and other facts."""
    yield from (f"### {_literal(result.job)}: {result.status}", "")
    target = f" → {_literal(result.store_url)}" if result.store_url else ""
    yield from (f"{_literal(result.source_url)}{target}", "")
    if result.dry_run:
        yield from ("**Dry run:** nothing was written.", "")
    if result.error:
        lines = first(result.error.split("\n"), _literal, _MANY)
        lines += [_literal(result.hint)] if result.hint else []
        yield from (f"**{summary.ended(result)}:** {'<br>'.join(lines)}", "")
    counts = summary.counts(result)
    if counts:
        yield _cells([label for label, _, _ in counts])
        yield _cells(["---:"] * len(counts))
        yield _cells([str(count) for _, count, _ in counts])
        yield ""
    yield from (f"- {name}: {value}" for name, value in summary.facts(result))
    yield ""


def row(outcome: Outcome, result: RunResult) -> str:
    """The row of a product below `TITLES`."""
    external_id, title = summary.name(outcome)
    action = summary.action(outcome, dry_run=result.dry_run)
    details = "<br>".join(first(plain_lines(outcome, "→"), _literal))
    return _cells([action, _literal(external_id), _literal(title), details])


def notes(result: RunResult) -> Iterator[str]:
    """Yield lines with the remarks about the run."""
    for line in first(result.notes, lambda note: f"**Note:** {_literal(note)} ({note.code})", _MANY):
        yield from (line, "")


def first(lines: Sequence[T], escape: Callable[[T], str], most: int = _LINES) -> list[str]:
    """Escape the first lines, and count the others."""
    more = [f"{len(lines) - most} more"] if len(lines) > most else []
    return [*map(escape, lines[:most]), *more]


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _literal(text: str) -> str:
    """Escape a text so that nothing in it is Markdown, HTML or the end of a table cell.

    Punctuation becomes character references. In code, GitHub and GitLab do not look for mentions, issues or
    emoji.
    """
    text = visible(text)
    text = text if len(text) <= _LONG else f"{text[:_LONG]}..."
    escaped = _PUNCTUATION.sub(lambda match: f"&#{ord(match[0])};", text)
    return f"<code>{escaped}</code>" if text else ""
