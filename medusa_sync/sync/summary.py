"""Builds the result of a run from its ledger."""

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
from medusa_sync.medusa.taxonomy import Placement
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.options import SyncOptions

_STATUSES: Mapping[type[MedusaSyncError], Status] = {
    InterruptedRunError: Status.INTERRUPTED,
    LockedError: Status.LOCKED,
    TimeLimitError: Status.PARTIAL,
}


def summarize(
    options: SyncOptions,
    ledger: Ledger,
    requests: Requests,
    *,
    error: MedusaSyncError | None,
    started_at: datetime,
    duration_s: float,
    source_total: int | None,
    has_store: bool,
    store: StoreState | None,
    placement: Placement | None,
) -> RunResult:
    """The result of a run.

    Args:
        ledger: closed.
        error: why the run ended early, if it did.
        has_store: False if nothing was compared with a store.
        store: None if its state at the end is unknown.
        placement: None if it was not needed.
    """
    has_problems = ledger.problems or ledger.not_completed
    status = Status.PARTIAL if has_problems else Status.OK
    exit_code = EXIT_PARTIAL if has_problems else 0
    if error is not None:
        status, exit_code = _STATUSES.get(type(error), Status.FAILED), error.exit_code
    return RunResult(
        job=options.job,
        dry_run=options.dry_run,
        status=status,
        exit_code=exit_code,
        started_at=started_at,
        duration_s=duration_s,
        source_url=options.source_url,
        source_total=source_total,
        seen=ledger.seen,
        store_url=options.store_url if has_store else None,
        store=store,
        counts=dict(ledger.counts),
        conflicts=ledger.conflicts,
        not_compared=ledger.not_compared,
        requests=requests,
        problems=tuple(ledger.problems),
        not_completed=tuple(ledger.not_completed),
        changes=ledger.changes,
        notes=tuple(_notes(options, has_store=has_store, placement=placement)),
        error=str(error) if error else "",
        hint=error.hint if error else "",
    )


def _notes(options: SyncOptions, *, has_store: bool, placement: Placement | None) -> Iterator[str]:
    if options.on_missing != OnMissing.KEEP and options.limit is not None:
        yield "Nothing is removed with --limit, because products beyond the limit are not missing."
    if not has_store:
        yield (
            "Nothing was compared with a store: no credentials are set "
            "(MEDUSA_API_KEY, or MEDUSA_EMAIL and MEDUSA_PASSWORD)."
        )
    if placement is not None and placement.location_id is None:
        yield "The store has no stock location, so stock is not synced. Add a location in the admin."
