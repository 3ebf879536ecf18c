"""One run, from the pages of the source to the result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING, Protocol

from medusa_sync.core.ids import external_id_of
from medusa_sync.core.policy import OnMissing, Share
from medusa_sync.core.result import Outcome, Requests, Result, RunResult, Status, StoreState
from medusa_sync.errors import (
    EXIT_PARTIAL,
    InterruptedRunError,
    LockedError,
    MedusaSyncError,
    PruneGuardError,
    SourceError,
    TimeLimitError,
)
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.placement import Placement, find_placement
from medusa_sync.sources.base import Source
from medusa_sync.stop import Stop
from medusa_sync.sync.backlog import Backlog
from medusa_sync.sync.guards import check_changes
from medusa_sync.sync.health import Health
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.notes import NOT_COMPARED, placement_notes, removal_notes
from medusa_sync.sync.options import SyncOptions
from medusa_sync.sync.read.compare import Comparison, Stale
from medusa_sync.sync.read.scan import REMOVABLE, Scan
from medusa_sync.sync.read.source import Delivery, Intake

if TYPE_CHECKING:
    from medusa_sync.sync.remove.removals import Removals
    from medusa_sync.sync.write.engine import Engine

_LOST = "medusa-sync lost track of it, which is a bug; the next run checks it again"
_STATUSES: Mapping[type[MedusaSyncError], Status] = {
    InterruptedRunError: Status.INTERRUPTED,
    LockedError: Status.LOCKED,
    TimeLimitError: Status.PARTIAL,
}


class Observer(Protocol):
    """Follows the progress of a run."""

    def fetched(self, seen: int, total: int | None) -> None:
        """The source has delivered `seen` products so far, of `total` if it says how many it has."""

    def settled(self, outcome: Outcome) -> None:
        """A product has its outcome."""


class Run:
    """One run; call `execute` once.

    Args:
        source: of the products.
        api: of the store; None for a dry run that compares nothing.
        options: what to do.
        requests: counted by the HTTP clients of source and store.
        observer: follows the progress.
        stop: ends the run early: writes in progress get `GRACE_S`, everything else ends at once.
    """

    def __init__(
        self,
        source: Source,
        api: AdminApi | None,
        options: SyncOptions,
        requests: Requests,
        observer: Observer,
        stop: Stop,
    ) -> None:
        self._source = source
        self._api = api
        self._options = options
        self._requests = requests
        self._stop = stop
        self._delivery = Delivery(source, limit=options.limit, shard=options.shard)
        self._ledger = Ledger(observer.settled)
        self._intake = Intake(self._delivery, self._ledger, observer.fetched, stop)
        self._placement: Placement | None = None
        self._removals: Removals | None = None
        self._backlog = Backlog(self._ledger)
        self._unrecorded: Sequence[str] = ()
        self._engine: Engine | None = None

    async def execute(self) -> RunResult:
        """Run. Errors that a user, a server or a catalogue can cause are not raised but in the result."""
        started_at, clock = datetime.now(UTC), time.monotonic()
        store = None if self._stop.is_set else await self._run_until_stopped()
        if self._delivery.error is not None:  # after everything that was delivered has been applied
            self._stop.set(self._delivery.error)
        self._backlog.open_rest()
        if self._engine is not None:
            self._engine.settle_rest()
        reason = str(self._stop.reason).partition("\n")[0] if self._stop.is_set else _LOST
        self._ledger.close(f"not completed: {reason}")
        return self._result(store, started_at, time.monotonic() - clock)

    async def _run_until_stopped(self) -> StoreState | None:
        steps = asyncio.create_task(self._only_read() if self._api is None else self._sync(self._api))

        def end() -> None:
            if steps is not asyncio.current_task():
                steps.cancel()

        self._stop.on_set(end)
        timer = self._start_timer()
        try:
            return await steps
        except MedusaSyncError as error:
            self._stop.set(error)
        except asyncio.CancelledError:
            if not steps.cancelled() or not self._stop.is_set:  # this call was cancelled, not the steps
                raise
        finally:
            if timer is not None:
                timer.cancel()
        return None

    def _start_timer(self) -> asyncio.TimerHandle | None:
        limit = self._options.max_duration_s
        if limit is None:
            return None
        hint = (
            "The next run completes what is left. --max-duration (SYNC_PRODUCTS_MAX_DURATION) is the limit."
        )
        error = TimeLimitError(f"The run was stopped after {limit:g} s", hint=hint)
        return asyncio.get_running_loop().call_later(limit, self._stop.set, error)

    async def _only_read(self) -> None:
        """Check the products of the source; there is no store to compare them with."""
        async for products in self._intake.pages():
            for product in filter(None, map(self._intake.checked, products)):
                self._ledger.set_aside(product.external_id)

    async def _sync(self, api: AdminApi) -> StoreState | None:
        """Compare, write and prune.

        Returns:
            What the store holds at the end; None if the run was stopped or the source was incomplete.
        """
        # The scan begins while the source is asked.
        selection = self._options.plan.selection
        removable = REMOVABLE[self._options.on_missing] if self._prunes else ()
        name, shard = self._options.source_name, self._options.shard
        async with Scan(api, name, removable, selection, shard) as scan:
            health = Health(api, self._options.store_url)
            comparison = Comparison(
                api,
                scan,
                self._intake,
                self._ledger,
                health,
                self._stop,
                wanted=self._wanted,
                selection=selection,
                overwrite=self._options.plan.overwrite,
            )
            removals = self._removals = self._find_removals(api, scan) if self._prunes else None
            async with aclosing(comparison.stale()) as stale:
                parts: AsyncGenerator[list[Stale], None] = stale
                if self._options.max_changes is not None:
                    await self._backlog.fill(stale)
                    await self._check_changes(api, self._options.max_changes, removals, scan)
                    parts = self._backlog.take()
                first = await anext(parts, None)
                if first is not None:
                    await self._plan_and_apply(api, health, removals, scan, first, parts)
                elif self._options.dry_run and not self._stop.is_set:
                    await self._find_placement(api)
        if self._stop.is_set or self._delivery.error is not None:
            return None
        gained = 0 if self._options.dry_run else self._ledger.gained
        if removals is not None:
            self._unrecorded = self._not_recorded(scan)
            await self._remove(removals)
        deletes = self._options.on_missing is OnMissing.DELETE and not self._options.dry_run
        removed = self._ledger.counts[Result.REMOVED] if deletes else 0
        created = 0 if self._options.dry_run else self._ledger.counts[Result.CREATED]
        return StoreState(scan.size + created - removed, self._ledger.kept + gained)

    def _find_removals(self, api: AdminApi, scan: Scan) -> Removals:
        from medusa_sync.sync.remove.removals import Removals  # only runs that remove need it

        return Removals(
            api,
            self._delivery,
            scan,
            self._options,
            self._ledger,
            lambda: self._find_placement(api),
            self._stop,
        )

    def _not_recorded(self, scan: Scan) -> list[str]:
        """External ids of products that the source did not deliver, and that are kept without a record."""
        missing = (own for own in sorted(scan.unrecorded) if own not in self._delivery)
        return [external_id_of(self._options.source_name, own) for own in missing]

    async def _check_changes(
        self, api: AdminApi, allowed: Share, removals: Removals | None, scan: Scan
    ) -> None:
        """Check all stale products before the first one is written.

        Args:
            api: of the store.
            allowed: the value of `--max-changes`.
            removals: finds what will be removed; None if nothing is.
            scan: of the store.

        Raises:
            ChangeGuardError: too many products would change.
            StoreError: the store cannot be read.
        """
        if self._delivery.error is not None:
            removals = None
        owned = len(scan.source_ids) - len(self._not_recorded(scan))
        most = self._backlog.stored + (removals.upper_bound if removals is not None else 0)
        if self._stop.is_set or allowed.allows(most, owned):
            return
        from medusa_sync.sync.forecast import forecast  # only few runs need it

        placement = await self._find_placement(api)
        plan = await forecast(
            api, self._options, placement, self._source, self._stop, scan, removals, self._backlog
        )
        check_changes(plan.changes, plan.removed, plan.completed, owned=owned, allowed=allowed)

    @property
    def _prunes(self) -> bool:
        """With a limit, the products beyond it are not missing."""
        return self._options.on_missing != OnMissing.KEEP and self._options.limit is None

    def _wanted(self) -> int | None:
        """How many products have to be found in the store; None for all that it has."""
        if self._prunes or self._options.max_changes is not None:
            return None
        total, limit, shard = self._delivery.total, self._options.limit, self._options.shard
        read = min(total, limit) if total is not None and limit is not None else total or limit
        return read if read is None or shard is None else ceil(read / shard.count)

    async def _remove(self, removals: Removals) -> None:
        """Remove what is missing, if the guard allows it, then write what waited for that."""
        refusal: MedusaSyncError | None = None
        try:
            await removals.execute()
        except (PruneGuardError, SourceError) as error:
            refusal = error
        if self._engine is not None:
            await self._engine.final_pass(is_last=True)
            await self._engine.flush()
        if refusal is not None:
            raise refusal

    async def _plan_and_apply(
        self,
        api: AdminApi,
        health: Health,
        removals: Removals | None,
        scan: Scan,
        first: list[Stale],
        rest: AsyncIterator[list[Stale]],
    ) -> None:
        """Settle stale products. If the placement is wrong, nothing at all is written."""
        placement = await self._find_placement(api)
        from medusa_sync.core.claims import Removed  # only runs that write need these
        from medusa_sync.sync.write.build import build_engine

        engine = self._engine = build_engine(
            api,
            self._options,
            placement,
            self._source,
            self._ledger,
            health,
            self._stop,
            scan,
            removals,
            removed=removals.removed if removals is not None else Removed(),
            preview=(lambda _update: None) if self._options.dry_run else None,
        )
        try:
            await engine.first_pass(_beginning_with(first, rest))
            await engine.final_pass()
        finally:
            await engine.flush()

    async def _find_placement(self, api: AdminApi) -> Placement:
        if self._placement is None:
            self._placement = await find_placement(api, self._options.wanted)
        return self._placement

    def _notes(self) -> Iterator[str]:
        yield from removal_notes(self._options, self._ledger.unidentified, self._unrecorded)
        if self._removals is not None and self._removals.note:
            yield self._removals.note
        yield from self._source.notes
        if self._api is None:
            yield NOT_COMPARED
        if self._placement is not None:
            is_complete = self._stop.reason is None
            yield from placement_notes(self._placement, is_plan=self._options.dry_run and is_complete)

    def _result(self, store: StoreState | None, started_at: datetime, duration_s: float) -> RunResult:
        options, ledger, error = self._options, self._ledger, self._stop.reason
        has_problems = ledger.problems or ledger.not_completed or ledger.held
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
            source_format=self._source.format,
            source_total=self._delivery.total,
            seen=ledger.seen,
            store_url=None if self._api is None else options.store_url,
            store=store,
            counts=dict(ledger.counts),
            conflicts=ledger.conflicts,
            held=ledger.held,
            withheld=ledger.withheld,
            skipped=ledger.skipped,
            shard=options.shard,
            not_compared=ledger.not_compared,
            requests=self._requests,
            problems=ledger.problems,
            not_completed=tuple(ledger.not_completed),
            changes=ledger.changes,
            notes=tuple(self._notes()),
            error=str(error) if error else "",
            hint=error.hint if error else "",
        )


async def _beginning_with(first: list[Stale], rest: AsyncIterator[list[Stale]]) -> AsyncIterator[list[Stale]]:
    yield first
    async for part in rest:
        yield part
