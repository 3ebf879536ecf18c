"""Renders the result of a run as Markdown for a comment on a pull request, and parts of the step summary."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from medusa_sync.core.outcome import Outcome
from medusa_sync.core.result import RunResult
from medusa_sync.core.value import counted
from medusa_sync.report import summary
from medusa_sync.report.changes import plain_lines
from medusa_sync.report.escape import visible

T = TypeVar("T")

TITLES = ("| outcome | product | title | details |", "| --- | --- | --- | --- |")
_LIMIT = 65_536  # characters of a comment on GitHub
_LAST = 100  # characters of the line that counts what is left out
_MANY = 15  # lines of an error, and notes; if all are long, there is still room for products
_LINES = 5  # per product
_OPEN = 20  # products that are not folded
_LONG = 200  # characters of a text that are shown
_NO_SLUG = re.compile("[^a-z0-9._]+")  # two dashes would end a comment
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def as_markdown(result: RunResult) -> str:
    """Render a table with a row for each product, as many as a comment on GitHub can have.

    Problems are first, then conflicts, held prices, withheld values and removals. Many are folded.
    """
    start, end = [_mark(result), *head(result)], [*notes(result), *rest(result)]
    number = sum(map(len, summary.parts(result)))
    fold = ["", "<details>", f"<summary>{counted(number - _OPEN, 'more product')}</summary>", "", *TITLES]
    rows: list[str] = []
    room = _LIMIT - _LAST - sum(len(line) + 1 for line in [*start, *TITLES, *fold, *end])
    for outcome in summary.reported(result):
        line = row(outcome, result)
        room -= len(line) + 1
        if room < 0:
            break
        rows.append(line)
    shown = [*(TITLES if rows else ()), *rows[:_OPEN]]
    if rows[_OPEN:]:
        shown += [*fold, *rows[_OPEN:], "", "</details>"]
    if left := number - len(rows):
        shown += ["", f"... and {left} more; --json shows them all"]
    return "".join(f"{line}\n" for line in [*start, *shown, "", *end])


def _mark(result: RunResult) -> str:
    """The line by which a script finds the comment that it replaces; each job and source has its own."""
    names = (_NO_SLUG.sub("-", name) for name in (result.job, result.source_name))
    return f"<!-- medusa-sync {' '.join(names)} -->"


def head(result: RunResult) -> Iterator[str]:
    """Yield lines with what the run did, what ended it early, and the counts."""
    yield from (f"### {_literal(result.job)}: {result.status}", "")
    yield from (f"**{summary.answer(result)[0]}**", "")
    target = f" → {_literal(result.store_url)}" if result.store_url else ""
    yield from (f"{_literal(result.source_url)}{target}", "")
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


def rest(result: RunResult) -> Iterator[str]:
    """Yield folded lines about how the run was done."""
    yield from ("<details>", "<summary>How it was done</summary>", "")
    yield from (f"- {name}: {value}" for name, value in summary.facts(result))
    yield from ("", "</details>")


def row(outcome: Outcome, result: RunResult) -> str:
    """The row of a product below `TITLES`."""
    external_id, title = summary.name(outcome)
    action = summary.action(outcome, dry_run=result.dry_run)
    details = "<br>".join(first(plain_lines(outcome, "→"), _literal))
    return _cells([action, _literal(external_id), _literal(title), details])


def notes(result: RunResult) -> Iterator[str]:
    """Yield lines with the remarks about the run."""
    for line in first(
        summary.in_order(result.notes), lambda note: f"**Note:** {_literal(note)} ({note.code})", _MANY
    ):
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
