"""Notes about the source, the settings and the store of a run."""

from __future__ import annotations

from collections.abc import Iterator

from medusa_sync.codes import Note
from medusa_sync.core.kinds.stock import no_location
from medusa_sync.core.outcome import Result
from medusa_sync.core.placement import UNKNOWN
from medusa_sync.core.policy import OnMissing
from medusa_sync.core.value import counted
from medusa_sync.sources.base import Source
from medusa_sync.sync.context import Context
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.settings import RunSettings

_NOT_COMPARED = (
    "Nothing was compared with a store: no credentials are set "
    "(MEDUSA_API_KEY, or MEDUSA_EMAIL and MEDUSA_PASSWORD)."
)


def of_products(source: Source, ledger: Ledger, *, needs_some: bool) -> Iterator[Note]:
    """Whether the source has products.

    Args:
        source: of the run.
        ledger: of the run.
        needs_some: it is noted that the source has none.
    """
    if needs_some and not ledger.seen:
        yield Note("no_products", "The source has no products.")
    if _is_invalid(ledger):
        hint = source.id_hint if ledger.unidentified == ledger.seen else ""
        remedy = _resembled(source) or hint or source.hint
        yield Note("no_valid_product", f"The source has no valid product. {remedy}")


def of_settings(settings: RunSettings, ledger: Ledger) -> Iterator[Note]:
    """Why nothing is removed."""
    removes = settings.on_missing is not OnMissing.KEEP
    if removes and settings.limit is not None:
        text = "Nothing is removed with --limit, because products beyond the limit are not missing."
        yield Note("limit_keeps", text)
    elif removes and ledger.unidentified:
        rows = counted(ledger.unidentified, "rejected row")
        yield Note(
            "rows_without_id",
            f"Nothing is removed, because {rows} without an id may be of products or variants that only "
            "look missing.",
        )


def of_reading(source: Source, ledger: Ledger, *, is_dry_run: bool) -> Iterator[Note]:
    """What the source says about itself, and what of it is doubtful or, in first and dry runs, overlooked."""
    yield from source.notes
    is_first = bool(ledger.gained) and not ledger.kept
    if is_dry_run or is_first:
        if (like := _resembled(source)) and not _is_invalid(ledger):
            yield Note("resembles", like)
        yield from source.overlooked
    else:
        yield from source.doubts


def not_compared(ledger: Ledger) -> Note:
    """That there was no store to compare products with."""
    valid = ledger.not_compared
    words = "product is" if valid == 1 else "products are"
    return Note("not_compared", f"{valid} {words} valid. {_NOT_COMPARED}" if valid else _NOT_COMPARED)


def of_store(context: Context, *, has_checked_all: bool, has_stale: bool) -> Iterator[Note]:
    """What the store lacks.

    Args:
        context: of the run.
        has_checked_all: the run has checked all of the installation.
        has_stale: some products were not up to date.
    """
    placement = context.placement
    lacks_location = placement is not UNKNOWN and placement.location_id is None
    if placement is not UNKNOWN and has_checked_all:
        yield Note(
            "valid",
            f"The installation is valid: settings, credentials, source, {placement.found}. Only a real run "
            "shows whether the credentials may write.",
        )
    for each in context.edited_programs if has_stale else ():
        yield Note("map_edited", f"The {each} has changed since products of this source were written.")
    for kind, lacked in context.vocabulary.lacked.items():
        if note := kind.remark(lacked, context.names, context.vocabulary.hidden):
            yield note
    if lacks_location:
        yield no_location()
    if context.remarks.planned.hidden:
        yield context.remarks.planned.note
    if context.remarks.kits.found:
        yield context.remarks.kits.note
    if context.remarks.left_over.found:
        yield context.remarks.left_over.note
    if drafts := context.remarks.drafts:
        created = context.ledger.counts[Result.CREATED]
        text = f"{drafts:,} of {created:,} new products are drafts, because the source says so."
        yield Note("drafts_of_source", text)
    yield from context.remarks.copies.notes(
        context.scan.overview.uncopied,
        is_dry_run=context.is_dry_run,
        is_stopped=context.stop.is_set,
    )
    if context.remarks.newer.found:
        yield context.remarks.newer.note


def _is_invalid(ledger: Ledger) -> bool:
    """Whether the source has rows, but no valid product."""
    return 0 < ledger.seen == ledger.invalid


def _resembled(source: Source) -> str:
    return f"It looks like {source.resembles}." if source.resembles else ""
