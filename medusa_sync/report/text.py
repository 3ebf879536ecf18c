"""Renders the result of a run as lines of text, for a pipe."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from medusa_sync.core.result import Outcome, RunResult
from medusa_sync.report import summary
from medusa_sync.report.changes import plain_lines
from medusa_sync.report.details import details
from medusa_sync.report.escape import visible


def as_text(result: RunResult, *, verbose: bool = False) -> str:
    """Render lines of `name: value`, none of which starts with external text.

    With `verbose`, all changes are listed, including new products.
    """
    return "".join(f"{line}\n" for line in _lines(result, verbose=verbose))


def _lines(result: RunResult, *, verbose: bool) -> Iterator[str]:
    yield f"job: {summary.headline(result, '->')}"
    if result.dry_run:
        yield "dry run: nothing was written"
    yield from (f"{label}: {count}" for label, count, _ in summary.counts(result))
    yield from (f"{label}: {value}" for label, value in summary.facts(result))
    for listing in summary.listings(result, verbose=verbose):
        for outcome in listing.shown:
            yield from _product_lines(listing.noun, outcome, result, verbose=verbose)
        if listing.rest:
            yield listing.rest
    yield from (f"note: {visible(note)}" for note in result.notes)


def _product_lines(noun: str, outcome: Outcome, result: RunResult, *, verbose: bool) -> Iterator[str]:
    external_id, title = summary.name(outcome)
    action = summary.action(outcome, dry_run=result.dry_run)
    product = f"{action} {external_id} ({title})" if title else f"{action} {external_id}"
    for label, part in _parts(noun, outcome):
        lines = plain_lines(part, "->", brief=not verbose)
        yield from (f"{label}: {product}: {line}" for line in lines)
        if not lines:
            yield f"{label}: {product}"


def _parts(noun: str, outcome: Outcome) -> Iterator[tuple[str, Outcome]]:
    """Separate the conflicts and the held prices of a product from its other changes."""
    if not outcome.conflicts and not outcome.held:
        yield noun, outcome
        return
    found = details(outcome)
    contested = tuple(each.change for each in found if each.change and each.conflict)
    others = tuple(each.change for each in found if each.change and not each.conflict)
    if outcome.conflicts:
        yield "conflict", structs.replace(outcome, changes=contested, held=())
    if outcome.held:
        yield "held", structs.replace(outcome, changes=(), conflicts=())
    if others:
        yield "change", structs.replace(outcome, changes=others, conflicts=(), held=())
