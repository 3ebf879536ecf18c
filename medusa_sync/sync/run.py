"""One run, from the pages of the source to the result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from medusa_sync.codes import Note
from medusa_sync.core.kept import TakenBack
from medusa_sync.core.outcome import Outcome, Result
from medusa_sync.core.result import Planned, Requests, RunResult, Status, StoreState
from medusa_sync.errors import (
    InterruptedRunError,
    LockedError,
    MedusaSyncError,
    PruneGuardError,
    SourceError,
    TimeLimitError,
)
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.vocabulary import Vocabulary
from medusa_sync.redact import hidden
from medusa_sync.stop import Stop
from medusa_sync.sync.context import Context
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.mode import Mode
from medusa_sync.sync.read.compare import Comparison, Stale
from medusa_sync.sync.read.scan import Scan
from medusa_sync.sync.read.source import Delivery
from medusa_sync.sync.remarks import notes
from medusa_sync.sync.settings import RunSettings

if TYPE_CHECKING:
    from medusa_sync.images import Images
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


@runtime_checkable
class ImageObserver(Protocol):
    """An observer that also follows the copying of images."""

    def copied(self, done: int, total: int) -> None:
        """The run is through with `done` images so far, of `total`: copied, failed, or not needed."""


class Run:
    """One run; call `execute` once.

    Args:
        mode: what the run is for, with its source.
        api: of the store; None for a dry run that compares nothing.
        settings: what to do.
        requests: counted by the HTTP clients of source and store.
        observer: follows the progress.
        stop: ends the run early: writes in progress get `GRACE_S`, everything else ends at once.
        images: downloads those that are copied; None if none are.
    """

    def __init__(  # noqa: PLR0913 - the parts of a run
        self,
        mode: Mode,
        api: AdminApi | None,
        settings: RunSettings,
        requests: Requests,
        observer: Observer,
        stop: Stop,
        *,
        images: Images | None = None,
    ) -> None:
        self._mode = mode
        self._source = mode.source
        self._api = api
        self._settings = settings
        self._requests = requests
        self._stop = stop
        self._images = images
        self._delivery = Delivery(mode.source, settings)
        self._ledger = Ledger(observer.settled, settings.max_rejected)
        self._observer = observer
        self._context: Context | None = None
        self._removals: Removals | None = None  # if nothing is removed
        self._engine: Engine | None = None  # until something is written
        self._obstacles: Sequence[Note] = ()  # for customers
        self._category_names: dict[str, str] = {}  # by slug, for a saved plan

    async def execute(self) -> RunResult:
        """Run. Errors that a user, a server or a catalogue can cause are not raised but in the result."""
        started_at, clock = datetime.now(UTC), time.monotonic()
        store = None if self._stop.is_set else await self._run_until_stopped()
        if self._delivery.error is not None:  # after everything that was delivered has been applied
            self._stop.set(self._delivery.error)
        reason = str(self._stop.reason).partition("\n")[0] if self._stop.is_set else _LOST
        not_completed = self._ledger.close(f"not completed: {reason}")
        settings, ledger, error = self._settings, self._ledger, self._stop.reason
        exit_code = error.exit_code if error is not None else self._mode.exit_code(ledger)
        status = Status.PARTIAL if exit_code else Status.OK
        return RunResult(
            job=settings.job,
            dry_run=settings.dry_run,
            status=status if error is None else _STATUSES.get(type(error), Status.FAILED),
            exit_code=exit_code,
            started_at=started_at,
            duration_s=time.monotonic() - clock,
            source_name=settings.source_name,
            undoes=self._mode.undoes,
            took_back=self._took_back(exit_code),
            source_url=settings.source_url,
            source_format=self._source.format,
            source_total=self._delivery.total,
            seen=ledger.seen,
            store_url=settings.store_url if self._api is not None else None,
            store=store,
            counts=dict(ledger.counts),
            conflicts=ledger.conflicts,
            held=ledger.held,
            withheld=ledger.withheld,
            skipped=ledger.skipped,
            withheld_before=ledger.withheld_before,
            plan=self._plan,
            shard=settings.shard,
            not_compared=ledger.not_compared,
            first=tuple(ledger.first),
            requests=self._requests,
            problems=ledger.problems,
            not_completed=tuple(not_completed),
            changes=ledger.changes,
            notes=tuple(self._notes()),
            error=str(error) if error else "",
            hint=error.hint if error else "",
        )

    @property
    def _plan(self) -> Planned | None:
        if self._context is None or not self._settings.saves_plan:
            return None
        return Planned(self._context.remarks.planned.lines, self._category_names)

    def _took_back(self, exit_code: int) -> TakenBack | None:
        if not self._mode.undoes:
            return None
        is_whole = not exit_code and self._settings.plan.selection.is_all
        return TakenBack(self._mode.undone, is_whole=is_whole)

    def _notes(self) -> Iterator[Note]:
        """Remarks that are not about one product."""
        settings, ledger, mode, is_stopped = self._settings, self._ledger, self._mode, self._stop.is_set
        needs_some = mode.wants_all and not (settings.shard or is_stopped or self._delivery.deleted)
        yield from notes.of_products(self._source, ledger, needs_some=needs_some)
        yield from notes.of_settings(settings, ledger)
        yield from mode.notes(ledger)
        if self._removals is not None:
            yield from self._removals.notes
        yield from notes.of_reading(self._source, ledger, is_dry_run=settings.dry_run)
        if self._api is None:
            yield notes.not_compared(ledger)
        if self._context is not None:
            has_checked_all = settings.dry_run and mode.creates and self._stop.reason is None
            has_stale = self._engine is not None
            yield from notes.of_store(self._context, has_checked_all=has_checked_all, has_stale=has_stale)
        yield from self._obstacles

    async def _run_until_stopped(self) -> StoreState | None:
        steps = asyncio.create_task(self._only_read() if self._api is None else self._sync(self._api))

        def end() -> None:
            if steps is not asyncio.current_task():
                steps.cancel()

        self._stop.on_set(end)
        limit = self._settings.max_duration_s
        timer = self._start_timer(limit) if limit is not None else None
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

    def _start_timer(self, limit: float) -> asyncio.TimerHandle:
        hint = (
            "The same command completes the rest. --max-duration (SYNC_PRODUCTS_MAX_DURATION) is the limit."
        )
        error = TimeLimitError(f"The run was stopped after {limit:g} s", hint=hint)
        return asyncio.get_running_loop().call_later(limit, self._stop.set, error)

    async def _only_read(self) -> None:
        """Check the products of the source; there is no store to compare them with."""
        async for rows in self._delivery.pages():
            for product in filter(None, map(self._ledger.checked, self._ledger.take(rows))):
                self._ledger.set_aside(product)
            self._observer.fetched(self._ledger.seen, self._delivery.expected)

    async def _sync(self, api: AdminApi) -> StoreState | None:
        """Compare, write and prune.

        Returns:
            What the store holds at the end; None if the run was stopped or the source was incomplete.
        """
        settings, ledger = self._settings, self._ledger
        # The scan begins while the source is asked.
        async with Scan(api, settings) as scan:
            vocabulary = Vocabulary(api, settings.wanted)
            context = Context(api, settings, self._mode, self._delivery, ledger, self._stop, scan, vocabulary)
            context.images, context.remarks.copies.follow = self._images, self._of_images()
            self._context = context
            if settings.prunes or self._mode.removes:
                self._removals = self._mode.removals(context)
            try:
                await context.check_only()
                await self._write(context)
                refusal = await self._remove(context)
                if self._engine is not None:
                    refusal = await self._check_hidden(context, self._engine) or refusal
                    await self._engine.final_pass()
            finally:
                if self._engine is not None:
                    await self._engine.flush()
            await self._unmark(context)  # a record without its mark would look like that of another run
        if refusal is not None:
            raise refusal
        if self._stop.is_set or self._delivery.error is not None:
            return None
        if context.remarks.planned.lines:
            names = await self._source.category_names()
            self._category_names = {slug: name for slug, name in names.items() if hidden(name) == name}
        # A run that only updates spares the store these requests, and its users the same lines each time.
        if (settings.dry_run or ledger.counts[Result.CREATED]) and self._mode.creates:
            from medusa_sync.sync.remarks.customers import find_obstacles

            self._obstacles = await find_obstacles(context)
        owned = ledger.kept + sum(each in scan.overview.source_ids for each in ledger.refused)
        if settings.dry_run:
            return StoreState(scan.size, owned)
        removed = ledger.counts[Result.REMOVED] if context.deletes else 0
        return StoreState(scan.size + ledger.counts[Result.CREATED] - removed, owned + ledger.gained)

    def _of_images(self) -> Callable[[int, int], object] | None:
        """What follows the copying of images, if some are asked for."""
        copying, observer = self._settings.copying, self._observer
        return observer.copied if copying and copying.asks and isinstance(observer, ImageObserver) else None

    async def _write(self, context: Context) -> None:
        """Compare all products, and write the stale ones that do not have to wait for others."""
        settings = self._settings
        comparison = Comparison(context, self._observer.fetched)
        async with aclosing(comparison.stale()) as stale:
            parts: AsyncGenerator[list[Stale], None] = stale
            if settings.max_changes is not None:
                from medusa_sync.sync.change_guard import guarded  # few runs need it

                parts = guarded(context, lambda: self._removing(context), stale, settings.max_changes)
            first = await anext(parts, None)
            if first is not None:
                from medusa_sync.sync.write.engine import Engine  # only runs that write need it

                self._engine = Engine(context)
                await self._engine.first_pass(first, parts)
            elif settings.dry_run and not self._stop.is_set:
                await context.find_placement()

    async def _unmark(self, context: Context) -> None:
        """End the marks left of what is back at the source, unless only what was approved is written."""
        may_write = self._mode.wants_all and not (context.is_dry_run or self._stop.is_set)
        if may_write and context.scan.overview.marked:
            from medusa_sync.sync.remove.marks import unmark  # few runs need it

            await unmark(context, self._removals.moved if self._removals is not None else ())

    async def _check_hidden(self, context: Context, engine: Engine) -> MedusaSyncError | None:
        """Count what the source no longer shows; returns why a guard does not allow to hide it."""
        if self._stop.is_set or not self._mode.wants_all:
            return None
        from medusa_sync.sync.hiding import refusal  # only runs that write need it

        return await refusal(context, await engine.hidden())

    def _removing(self, context: Context) -> Removals | None:
        """What removes products, once the source was read; None if nothing is removed."""
        if self._removals is None and self._delivery.deleted:
            self._removals = self._mode.removals(context)
        return self._removals

    async def _remove(self, context: Context) -> MedusaSyncError | None:
        """Remove what is missing or deleted; returns why a guard does not allow it."""
        removals = self._removing(context)
        if removals is None or self._delivery.error is not None or self._stop.is_set:
            return None
        try:
            await removals.execute(await self._engine.losing_variants() if self._engine else ())
        except (PruneGuardError, SourceError) as error:
            return error
        return None
