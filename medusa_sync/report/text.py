"""Prints on stdout: the result of a run, as a table and lists or as lines of text, and the settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.result import RunResult
from medusa_sync.redact import Redactor
from medusa_sync.report import summary
from medusa_sync.report.changes import change_lines, details, plain_lines
from medusa_sync.report.escape import coded, visible
from medusa_sync.report.listing import Listing, listed_once, listings
from medusa_sync.report.output import Output, Pipe, print_line
from medusa_sync.report.preview import named, preview
from medusa_sync.report.values import Line
from medusa_sync.settings.load import Loaded
from medusa_sync.settings.options import ALL_OPTIONS
from medusa_sync.settings.variables import Found

if TYPE_CHECKING:
    from rich.console import Console

_INDENT = 2
_VERSION = 1  # of the document of the settings
_VALUE_WIDTH = 32  # columns; a longer value moves only its own origin to the right


def print_result(result: RunResult, output: Output, *, verbose: bool = False) -> None:
    """Print what a run did, or what a dry run would do; with `verbose`, list all changes.

    If there was nothing to do, this is one line. The error that ended a run early is not printed: it belongs
    on stderr.
    """
    if isinstance(output, Pipe):
        output.file.write(as_text(result, verbose=verbose))
    else:
        _print_on_terminal(result, output, verbose=verbose)


def print_listed_once(result: RunResult, output: Output) -> None:
    """Print the conflicts and newly withheld values of a run, which no later run lists; often nothing."""
    for number, listing in enumerate(listed_once(result)):
        if isinstance(output, Pipe):
            output.file.writelines(f"{line}\n" for line in _lines_of(listing, result))
        else:
            if number:
                output.print()
            _print_listing(listing, result, output)


def as_text(result: RunResult, *, verbose: bool = False) -> str:
    """Render lines of `name: value`, or one line if there was nothing to do; none starts with external text.

    With `verbose`, all changes are listed, including new products.
    """
    return "".join(f"{line}\n" for line in _lines(result, verbose=verbose))


def _lines(result: RunResult, *, verbose: bool) -> Iterator[str]:
    line = None if verbose else summary.up_to_date(result)
    if line is None:
        yield summary.answer(result)[0]
        yield f"job: {summary.headline(result, '->')}"
        if result.dry_run:
            yield "dry run: nothing was written"
        yield from (f"{label}: {count}" for label, count, _ in summary.counts(result))
        yield from (f"{label}: {value}" for label, value in summary.facts(result))
    else:
        yield line
    for listing in listings(result, verbose=verbose):
        yield from _lines_of(listing, result, verbose=verbose)
    for product in result.first:
        external_id, title = named(product)
        shown = "; ".join(f"{name} {value}" for name, value in preview(product))
        yield f"product: {external_id} ({title}): {shown}"
    yield from (f"note: {coded(note)}" for note in summary.in_order(result.notes))


def _lines_of(listing: Listing, result: RunResult, *, verbose: bool = False) -> Iterator[str]:
    brief = not (verbose or listing.is_complete)
    for outcome in listing.listed:
        product = f"{summary.action(outcome, dry_run=result.dry_run)} {summary.named(outcome)}"
        groups = listing.groups(outcome)
        has_only_changes = groups.keys() <= {"change"}
        for kind, found in groups.items() or (("change", []),):
            noun = listing.noun if has_only_changes else kind
            noun = "kept" if result.undoes and noun == "conflict" else noun
            shown = listing.shown(outcome)
            lines = plain_lines(shown, "->", found, brief=brief, has_ids=verbose)
            yield from (f"{noun}: {product}: {line}" for line in lines)
            if not lines:
                yield f"{noun}: {product}"
    yield from listing.remarks()


def _print_on_terminal(result: RunResult, console: Console, *, verbose: bool) -> None:
    line = None if verbose else summary.up_to_date(result)
    print_line(console, summary.answer(result) if line is None else line)
    if line is None:
        print_line(console, summary.headline(result, _arrow(console)))
        _print_counts(result, console)
    for listing in listings(result, verbose=verbose):
        console.print()
        _print_listing(listing, result, console, verbose=verbose)
    if result.first:
        _print_first(result.first, console)
    notes = summary.in_order(result.notes)
    if line is None or notes:
        console.print()
    for note in notes:
        print_line(console, ("Note: ", "yellow"), coded(note))
    if line is None:
        print_line(console, (summary.author_facts(result), "dim"))


def _print_counts(result: RunResult, console: Console) -> None:
    """Print what was counted, numbers below each other."""
    console.print()
    counts = summary.counts(result)
    labels, numbers = [label for label, _, _ in counts], [str(count) for _, count, _ in counts]
    others = [(name, *value.partition(" ")) for name, value in summary.products(result)]
    width = max(map(len, [*labels, *(name for name, *_ in others)]))
    digits = max(map(len, [*numbers, *(number for _, number, *_ in others)]))
    for label, number, style in zip(labels, numbers, (style for _, _, style in counts), strict=True):
        print_line(console, (f"{label:{width}}  {number:>{digits}}", style))
    for name, number, _, rest in others:
        print_line(console, f"{name:{width}}  {number:>{digits}} {rest}".rstrip(), hang=2)


def _print_listing(listing: Listing, result: RunResult, console: Console, *, verbose: bool = False) -> None:
    from rich.cells import cell_len

    def fits(line: Line) -> bool:
        return sum(cell_len(text) for text, _ in line) <= console.width - _INDENT

    brief = not (verbose or listing.is_complete)
    print_line(console, (listing.heading, "bold underline"))
    for outcome in listing.listed:
        external_id, title = summary.name(outcome)
        action = summary.action(outcome, dry_run=result.dry_run), summary.STYLES[outcome.result]
        print_line(console, action, "  ", (external_id, "bold"), *(("  ", title) if title else ()), hang=4)
        found = [each for each in details(outcome) if each.kind in listing.kinds]
        shown = listing.shown(outcome)
        for line in change_lines(shown, _arrow(console), found, brief=brief, has_ids=verbose, fits=fits):
            print_line(console, *line, indent=_INDENT, hang=2)
    for text in listing.remarks():
        print_line(console, (text, "yellow"))


def _print_first(products: Sequence[DesiredProduct], console: Console) -> None:
    console.print()
    print_line(console, ("First products", "bold underline"))
    for product in products:
        external_id, title = named(product)
        print_line(console, (external_id, "bold"), "  ", title, hang=4)
        for name, value in preview(product):
            print_line(console, (f"{name}: ", "bold"), value, indent=_INDENT, hang=2)


def _arrow(console: Console) -> str:
    return "->" if console.options.ascii_only else "→"


def print_settings(loaded: Loaded, output: Output) -> None:
    """Print a line for each setting, or one JSON document with `--json`."""
    redactor = Redactor(loaded.settings.secrets())
    settings: dict[str, Any] = {}
    lines: list[tuple[str, Any, Found]] = []
    for option in ALL_OPTIONS:
        found = loaded.found.get(option.name)
        if found is None:
            continue
        value = getattr(loaded.settings, option.name, None)
        if found.text is not None and not isinstance(value, bool | int | float):
            value = redactor(option.masked(found.text))
        origin = {"kind": found.kind, "name": found.name, "line": found.line}
        settings[option.name] = {
            "value": value,
            "origin": {key: each for key, each in origin.items() if each},
        }
        lines.append((option.flag or option.variable, value, found))
    if loaded.settings.json:
        from medusa_sync.report.json import print_json

        print_json({"version": _VERSION, "settings": settings}, output)
        return
    width = max(len(name) for name, _, _ in lines)
    for name, value, found in lines:
        line = f"{name:{width}}  {visible(_plain(value)):{_VALUE_WIDTH}}  {visible(found.origin)}"
        print_line(output, (line, "dim") if found.kind == "default" else line)


def _plain(value: Any) -> str:
    if isinstance(value, bool | None):
        return "-" if value is None else str(value).lower()
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
