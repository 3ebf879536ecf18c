"""Prints the result of a run on stdout: a table and lists on a terminal, lines of text in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medusa_sync.core.result import Outcome, RunResult
from medusa_sync.report import summary
from medusa_sync.report.changes import change_lines
from medusa_sync.report.escape import visible
from medusa_sync.report.output import Output, Pipe, print_line
from medusa_sync.report.text import as_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def print_result(result: RunResult, output: Output, *, verbose: bool = False) -> None:
    """Print what a run did, or what a dry run would do; with `verbose`, list all changes.

    The error that ended a run early is not printed: it belongs on stderr.
    """
    if isinstance(output, Pipe):
        output.file.write(as_text(result, verbose=verbose))
    else:
        _print_on_terminal(result, output, verbose=verbose)


def _print_on_terminal(result: RunResult, console: Console, *, verbose: bool) -> None:
    arrow = "->" if console.options.ascii_only else "→"
    print_line(console, (summary.headline(result, arrow), "bold"))
    if result.dry_run:
        print_line(console, ("Dry run: nothing was written.", "yellow"))
    console.print(_table(result))
    for listing in summary.listings(result, verbose=verbose):
        console.print()
        print_line(console, (listing.heading, "bold underline"))
        for outcome in listing.shown:
            _print_product(outcome, result, console)
            for line in change_lines(outcome, arrow, brief=not verbose):
                print_line(console, *line, indent=2, hang=2)
        if listing.rest:
            print_line(console, (listing.rest, "yellow"))
    if result.notes:
        console.print()
    for note in result.notes:
        print_line(console, ("Note: ", "yellow"), visible(note))


def _table(result: RunResult) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.ROUNDED, show_header=False, border_style="dim")
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    counts = list(summary.counts(result))
    width = max(len(str(count)) for _, count, _ in counts)
    for label, count, style in counts:
        table.add_row(Text(label), Text(f"{count:>{width}}"), style=style if count else "dim")
    table.add_section()
    for label, value in summary.facts(result):
        table.add_row(Text(label), Text(value))
    return table


def _print_product(outcome: Outcome, result: RunResult, console: Console) -> None:
    action = summary.action(outcome, dry_run=result.dry_run), summary.STYLES[outcome.result]
    external_id, title = summary.name(outcome)
    print_line(console, action, "  ", (external_id, "bold"), *(("  ", title) if title else ()), hang=4)
