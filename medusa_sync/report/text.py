"""Renders the result of a run as lines of text, for a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from medusa_sync.core.result import Outcome, RunResult
from medusa_sync.report import summary
from medusa_sync.report.changes import plain_lines
from medusa_sync.report.details import parted
from medusa_sync.report.escape import visible
from medusa_sync.report.summary import Listing


def as_text(result: RunResult, *, verbose: bool = False) -> str:
    """Render lines of `name: value`, or one line if there was nothing to do; none starts with external text.

    With `verbose`, all changes are listed, including new products.
    """
    return _joined(_lines(result, verbose=verbose))


def conflicts_as_text(result: RunResult) -> str:
    """Render only the conflicts; an empty text if there are none."""
    return _joined(
        line for each in summary.conflicts(result) for line in _listed(each, result, verbose=False)
    )


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _lines(result: RunResult, *, verbose: bool) -> Iterator[str]:
    line = None if verbose else summary.up_to_date(result)
    if line is None:
        yield f"job: {summary.headline(result, '->')}"
        if result.dry_run:
            yield "dry run: nothing was written"
        yield from (f"{label}: {count}" for label, count, _ in summary.counts(result))
        yield from (f"{label}: {value}" for label, value in summary.facts(result))
    else:
        yield line
    for listing in summary.listings(result, verbose=verbose):
        yield from _listed(listing, result, verbose=verbose)
    yield from (f"note: {visible(note)}" for note in result.notes)


def _listed(listing: Listing, result: RunResult, *, verbose: bool) -> Iterator[str]:
    for outcome in listing.shown:
        yield from _product_lines(listing.noun, outcome, result, brief=not (verbose or listing.is_complete))
    yield from filter(None, (listing.rest, listing.hint))


def _product_lines(noun: str, outcome: Outcome, result: RunResult, *, brief: bool) -> Iterator[str]:
    external_id, title = summary.name(outcome)
    action = summary.action(outcome, dry_run=result.dry_run)
    product = f"{action} {external_id} ({title})" if title else f"{action} {external_id}"
    for label, part in _parts(noun, outcome):
        lines = plain_lines(part, "->", brief=brief)
        yield from (f"{label}: {product}: {line}" for line in lines)
        if not lines:
            yield f"{label}: {product}"


def _parts(noun: str, outcome: Outcome) -> Iterator[tuple[str, Outcome]]:
    """Separate the conflicts and the held prices of a product from its other changes."""
    if not outcome.conflicts and not outcome.held:
        yield noun, outcome
        return
    parts = parted(outcome)
    if outcome.conflicts:
        yield "conflict", parts.contested
    if outcome.held:
        yield "held", parts.held
    if parts.others.changes:
        yield "change", parts.others
