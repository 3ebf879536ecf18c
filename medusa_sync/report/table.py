"""The summary of a run on stdout: a table and lists on a terminal, one line for each fact in a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from medusa_sync.core.result import Outcome, RunResult
from medusa_sync.report import words
from medusa_sync.report.changes import told
from medusa_sync.report.output import Output, Pipe, say
from medusa_sync.report.text import visible
from medusa_sync.report.words import Listing

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_DRY_RUN = "nothing was written"


def print_result(result: RunResult, output: Output, *, verbose: bool = False) -> None:
    """Print what a run did, or what a dry run would do.

    What ended a run early is for `print_error`: here it is only a status.

    Args:
        result: the run.
        output: of stdout.
        verbose: list the changes of any run, new products too.
    """
    listings = tuple(words.listings(result, verbose=verbose))
    if isinstance(output, Pipe):
        _print_in_pipe(result, listings, output)
    else:
        _print_on_terminal(result, listings, output)


# --- terminal -------------------------------------------------------------------------------------------


def _print_on_terminal(result: RunResult, listings: Sequence[Listing], console: Console) -> None:
    arrow = "->" if console.options.ascii_only else "→"
    say(console, (words.headline(result, arrow), "bold"))
    if result.dry_run:
        say(console, (f"Dry run: {_DRY_RUN}.", "yellow"))
    console.print(_summary(result))
    for listing in listings:
        console.print()
        say(console, (listing.heading, "bold underline"))
        for outcome in listing.shown:
            _print_product(outcome, result, console)
            for pieces in told(outcome, arrow):
                say(console, *pieces, indent=2, hang=2)
        if listing.rest:
            say(console, (listing.rest, "yellow"))
    if result.notes:
        console.print()
    for note in result.notes:
        say(console, ("Note: ", "yellow"), visible(note))


def _summary(result: RunResult) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.ROUNDED, show_header=False, border_style="dim")
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    counts = list(words.counts(result))
    width = max(len(str(count)) for _, count, _ in counts)
    for label, count, style in counts:
        table.add_row(Text(label), Text(f"{count:>{width}}"), style=style if count else "dim")
    table.add_section()
    for label, value in words.facts(result):
        table.add_row(Text(label), Text(value))
    return table


def _print_product(outcome: Outcome, result: RunResult, console: Console) -> None:
    action = words.action(outcome, dry_run=result.dry_run)
    external_id, title = words.name(outcome)
    titled = ("  ", title) if title else ()
    say(console, (action, words.STYLES[outcome.result]), "  ", (external_id, "bold"), *titled, hang=4)


# --- pipe -----------------------------------------------------------------------------------------------


def _print_in_pipe(result: RunResult, listings: Sequence[Listing], pipe: Pipe) -> None:
    """Lines of `name: value`, none of which begins with text from outside."""
    say(pipe, f"job: {words.headline(result, '->')}")
    if result.dry_run:
        say(pipe, f"dry run: {_DRY_RUN}")
    for label, count, _ in words.counts(result):
        say(pipe, f"{label}: {count}")
    for label, value in words.facts(result):
        say(pipe, f"{label}: {value}")
    for listing in listings:
        for noun, outcome in _parts(listing):
            product = f"{noun}: {_product(outcome, result)}"
            lines = ["".join(text for text, _ in pieces) for pieces in told(outcome, "->")]
            for line in lines:
                say(pipe, f"{product}: {line}")
            if not lines:
                say(pipe, product)
        if listing.rest:
            say(pipe, listing.rest)
    for note in result.notes:
        say(pipe, f"note: {visible(note)}")


def _parts(listing: Listing) -> Iterator[tuple[str, Outcome]]:
    """Products under their noun; fields that change beside a conflict are changes like any other."""
    for outcome in listing.shown:
        contested = {conflict.field for conflict in outcome.conflicts}
        beside = tuple(each for each in outcome.changes if contested and each.field not in contested)
        own = tuple(each for each in outcome.changes if each not in beside)
        yield listing.noun, structs.replace(outcome, changes=own)
        if beside:
            yield "change", structs.replace(outcome, changes=beside, conflicts=())


def _product(outcome: Outcome, result: RunResult) -> str:
    external_id, title = words.name(outcome)
    product = f"{external_id} ({title})" if title else external_id
    return f"{words.action(outcome, dry_run=result.dry_run)} {product}"
