"""Prints the result of a run on stdout: a table and lists on a terminal, lines of text in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medusa_sync.core.result import Outcome, RunResult
from medusa_sync.report import summary
from medusa_sync.report.changes import Line, change_lines
from medusa_sync.report.escape import visible
from medusa_sync.report.output import Output, Pipe, print_line
from medusa_sync.report.summary import Listing
from medusa_sync.report.text import as_text, conflicts_as_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_INDENT = 2


def print_result(result: RunResult, output: Output, *, verbose: bool = False) -> None:
    """Print what a run did, or what a dry run would do; with `verbose`, list all changes.

    If there was nothing to do, this is one line. The error that ended a run early is not printed: it belongs
    on stderr.
    """
    if isinstance(output, Pipe):
        output.file.write(as_text(result, verbose=verbose))
    else:
        _print_on_terminal(result, output, verbose=verbose)


def print_conflicts(result: RunResult, output: Output) -> None:
    """Print the conflicts of a run, and nothing if there are none."""
    if isinstance(output, Pipe):
        if result.conflicts:  # a full disk refuses even an empty text
            output.file.write(conflicts_as_text(result))
        return
    for listing in summary.conflicts(result):
        _print_listing(listing, result, output, verbose=False)


def _print_on_terminal(result: RunResult, console: Console, *, verbose: bool) -> None:
    line = None if verbose else summary.up_to_date(result)
    if line is None:
        print_line(console, (summary.headline(result, _arrow(console)), "bold"))
        if result.dry_run:
            print_line(console, ("Dry run: nothing was written.", "yellow"))
        console.print(_table(result))
    else:
        print_line(console, line)
    for listing in summary.listings(result, verbose=verbose):
        console.print()
        _print_listing(listing, result, console, verbose=verbose)
    if result.notes and line is None:
        console.print()
    for note in result.notes:
        print_line(console, ("Note: ", "yellow"), visible(note))


def _print_listing(listing: Listing, result: RunResult, console: Console, *, verbose: bool) -> None:
    from rich.cells import cell_len

    def fits(line: Line) -> bool:
        return verbose or sum(cell_len(text) for text, _ in line) <= console.width - _INDENT

    print_line(console, (listing.heading, "bold underline"))
    for outcome in listing.shown:
        _print_product(outcome, result, console)
        brief = not (verbose or listing.is_complete)
        for line in change_lines(outcome, _arrow(console), brief=brief, fits=fits):
            print_line(console, *line, indent=_INDENT, hang=2)
    for text in filter(None, (listing.rest, listing.hint)):
        print_line(console, (text, "yellow"))


def _arrow(console: Console) -> str:
    return "->" if console.options.ascii_only else "→"


def _table(result: RunResult) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.ROUNDED, show_header=False, border_style="dim")
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    counts = list(summary.counts(result))
    width = max((len(str(count)) for _, count, _ in counts), default=0)
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
