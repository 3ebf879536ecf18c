"""Sums up a run: its status, its counts, and remarks that are not about one product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from medusa_sync.core.policy import OnMissing
from medusa_sync.core.result import Requests, RunResult, Status, StoreState
from medusa_sync.errors import (
    EXIT_PARTIAL,
    InterruptedRunError,
    LockedError,
    MedusaSyncError,
    TimeLimitError,
)
from medusa_sync.medusa.placement import Placement
from medusa_sync.sources.base import Source
from medusa_sync.sync.context import Context, SyncOptions
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.read.source import Delivery

_NOT_COMPARED = (
    "Nothing was compared with a store: no credentials are set "
    "(MEDUSA_API_KEY, or MEDUSA_EMAIL and MEDUSA_PASSWORD)."
)
_STATUSES: Mapping[type[MedusaSyncError], Status] = {
    InterruptedRunError: Status.INTERRUPTED,
    LockedError: Status.LOCKED,
    TimeLimitError: Status.PARTIAL,
}


def run_result(
    options: SyncOptions,
    source: Source,
    delivery: Delivery,
    ledger: Ledger,
    context: Context | None,
    *,
    has_store: bool,
    error: MedusaSyncError | None,
    requests: Requests,
    store: StoreState | None,
    started_at: datetime,
    duration_s: float,
) -> RunResult:
    """The result of a run that has ended; it has a context if it has reached the store."""
    has_problems = ledger.problems or ledger.not_completed or ledger.held
    status = Status.PARTIAL if has_problems else Status.OK
    exit_code = EXIT_PARTIAL if has_problems else 0
    if error is not None:
        status, exit_code = _STATUSES.get(type(error), Status.FAILED), error.exit_code
    removals = context.removals if context is not None else None
    notes = [
        *_limits_of_removals(options, ledger.unidentified),
        *(removals.notes if removals is not None else ()),
        *source.notes,
        *(() if has_store else (_NOT_COMPARED,)),
        *_placement_notes(
            context.found_placement if context else None, is_plan=options.dry_run and not error
        ),
    ]
    return RunResult(
        job=options.job,
        dry_run=options.dry_run,
        status=status,
        exit_code=exit_code,
        started_at=started_at,
        duration_s=duration_s,
        source_url=options.source_url,
        source_format=source.format,
        source_total=delivery.total,
        seen=ledger.seen,
        store_url=options.store_url if has_store else None,
        store=store,
        counts=dict(ledger.counts),
        conflicts=ledger.conflicts,
        held=ledger.held,
        withheld=ledger.withheld,
        skipped=ledger.skipped,
        shard=options.shard,
        not_compared=ledger.not_compared,
        requests=requests,
        problems=ledger.problems,
        not_completed=tuple(ledger.not_completed),
        changes=ledger.changes,
        notes=tuple(notes),
        error=str(error) if error else "",
        hint=error.hint if error else "",
    )


def _limits_of_removals(options: SyncOptions, unidentified: int) -> Iterator[str]:
    """Why nothing is removed, although the options say so."""
    removes = options.on_missing != OnMissing.KEEP
    if removes and options.limit is not None:
        yield "Nothing is removed with --limit, because products beyond the limit are not missing."
    elif removes and unidentified:
        yield (
            f"Nothing is removed, because {unidentified} of the rejected rows have no id: "
            "they may be of products or variants that only look missing."
        )


def _placement_notes(placement: Placement | None, *, is_plan: bool) -> Iterator[str]:
    """What was found out about the installation; a dry run that was complete has checked all of it."""
    if placement is None:
        return
    if is_plan:
        location = "" if placement.location_id is None else " and stock location"
        yield (
            "The installation is valid: settings, credentials, source, sales channel, shipping profile"
            f"{location}. Only a real run shows whether the credentials may write."
        )
    if placement.location_id is None:
        yield "The store has no stock location, so stock is not synced. Add a location in the admin."
