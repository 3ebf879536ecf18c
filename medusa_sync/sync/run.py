"""The flow of one run, from the pages of the source to its result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct

from medusa_sync.core.change import Change
from medusa_sync.core.policy import OnMissing, Share
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.result import Action, Outcome, Requests, Result, RunResult, Status, StoreState
from medusa_sync.errors import (
    EXIT_PARTIAL,
    InterruptedRunError,
    LockedError,
    MedusaSyncError,
    SourceError,
    TimeLimitError,
)
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.taxonomy import Placement, Taxonomy, Wanted, find_placement
from medusa_sync.sources.dummyjson import Page, Source
from medusa_sync.sources.mapping import to_desired
from medusa_sync.stop import Stop
from medusa_sync.sync.acknowledger import Acknowledger
from medusa_sync.sync.applier import Applier
from medusa_sync.sync.health import Health
from medusa_sync.sync.ledger import Ledger, outcome_of
from medusa_sync.sync.pipeline import Pipeline
from medusa_sync.sync.planner import LookedUp, Planner, PlanOptions
from medusa_sync.sync.prefetch import prefetch
from medusa_sync.sync.prune import PruneOptions, Pruner

_LOOK_UP = 200  # products a look-up; about 300 external ids fit into a request line

_STATUSES: Mapping[type[MedusaSyncError], Status] = {
    InterruptedRunError: Status.INTERRUPTED,
    LockedError: Status.LOCKED,
    TimeLimitError: Status.PARTIAL,
}


class SyncOptions(Struct, frozen=True):
    """What a run needs to know, whoever starts it.

    Attributes:
        source_url: as it is shown.
        store_url: as it is shown.
        status: of new products, `published` or `draft`.
        batch_size: products a write request.
        concurrency: write requests at the same time.
        limit: only the first so many products of the source; None for all.
        max_duration_s: seconds after which nothing new is begun; None for no limit.
    """

    job: str
    source_name: str
    source_url: str
    store_url: str
    wanted: Wanted
    status: str
    plan: PlanOptions
    on_missing: OnMissing
    max_removals: Share
    dry_run: bool
    batch_size: int
    concurrency: int
    max_retries: int
    limit: int | None
    max_duration_s: float | None


class Observer(Protocol):
    """Whoever watches a run, such as a progress bar."""

    def fetched(self, seen: int, total: int | None) -> None:
        """So many of the source's products have been delivered."""

    def settled(self, outcome: Outcome) -> None:
        """A product has come to its end."""


class Run:
    """One run; `execute` is called once.

    Args:
        source: where products come from.
        api: of the store; None for a dry run that compares nothing.
        options: what to do.
        requests: the counters that the HTTP clients of both sides keep.
        observer: told of progress.
        stop: ends the run early: requests in progress get `GRACE_S`, everything else ends at once.
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
        self._observer = observer
        self._stop = stop
        self._ledger = Ledger(observer.settled)
        self._total: int | None = None
        self._owned = 0  # products of the source that the store has
        self._stored: set[str] = set()  # external ids of those among them that have no outcome yet
        self._places: Placement | None = None
        self._finding_places = asyncio.Lock()

    async def execute(self) -> RunResult:
        """Never raises what a user, a server or a catalogue can cause: it is in the result."""
        started_at, clock = datetime.now(UTC), time.monotonic()
        state = None if self._stop.is_set else await self._run_to_an_end()
        self._ledger.close(f"not completed: {self._stop.reason}" if self._stop.is_set else "")
        return self._result(state, started_at, time.monotonic() - clock)

    async def _run_to_an_end(self) -> StoreState | None:
        flow = asyncio.create_task(self._execute())

        def end() -> None:
            if flow is not asyncio.current_task():
                flow.cancel()

        self._stop.on_set(end)
        timer = self._start_timer()
        try:
            return await flow
        except MedusaSyncError as error:
            self._stop.set(error)
        except asyncio.CancelledError:
            if not flow.cancelled() or not self._stop.is_set:  # not the flow by `end`, but this call
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
            "The next run completes what is left; --max-duration (SYNC_PRODUCTS_MAX_DURATION) sets the limit."
        )
        error = TimeLimitError(f"The run was stopped after {limit:g} s", hint=hint)
        return asyncio.get_running_loop().call_later(limit, self._stop.set, error)

    async def _execute(self) -> StoreState | None:
        api = self._api
        if api is None:
            async for products in self._products():
                for product in products:
                    self._ledger.set_aside(product.external_id)
            return None
        size = await api.count_products()  # also proves the credentials before the source is asked

        async def places() -> Placement:
            async with self._finding_places:
                if self._places is None:
                    self._places = await find_placement(api, self._options.wanted)
            return self._places

        planner = Planner(api, places, self._options.plan)
        health = Health(api)
        if self._options.dry_run:
            await self._preview(planner, health)
        else:
            await self._apply(api, planner, health, places)
        if self._stop.is_set:
            return None
        gained = 0 if self._options.dry_run else self._ledger.gained
        await self._remove_missing(api, gained)
        if gained or self._ledger.counts[Result.REMOVED]:
            size = await api.count_products()
        return StoreState(size, self._owned)

    def _settle(self, outcome: Outcome) -> None:
        """Record an outcome, and count the products of this source that the store has."""
        external_id = outcome.external_id or ""
        was_stored = external_id in self._stored
        self._stored.discard(external_id)
        gained = outcome.action in {Action.CREATE, Action.ADOPT}
        if (gained and not self._options.dry_run) or (was_stored and not gained):
            self._owned += 1
        self._ledger.settle(outcome)

    async def _remove_missing(self, api: AdminApi, gained: int) -> None:
        """Only when the source was read to its end: a part of it says nothing about the rest."""
        if self._options.on_missing == OnMissing.KEEP or self._options.limit is not None:
            return
        options = PruneOptions(
            prefix=self._options.source_name,
            on_missing=self._options.on_missing,
            max_removals=self._options.max_removals,
            batch_size=self._options.batch_size,
            max_retries=self._options.max_retries,
            dry_run=self._options.dry_run,
            gained=gained,
        )
        removal = Pruner(api, self._source, options, settle=self._ledger.remove, stop=self._stop)
        await removal.execute()

    async def _preview(self, planner: Planner, health: Health) -> None:
        """Settle every product with what a real run would do."""
        async with aclosing(self._stale(planner, health)) as stale:
            async for products in stale:
                reading = await planner.read(products, created=())
                entries: list[Change | Outcome] = [*reading.outcomes, *reading.updates]
                entries += await planner.plan_new(reading.new, reading.incomplete)
                entries += [_in_progress(product) for product in reading.in_progress]
                for entry in entries:
                    self._settle(entry if isinstance(entry, Outcome) else outcome_of(entry))

    async def _apply(
        self, api: AdminApi, planner: Planner, health: Health, places: Callable[[], Awaitable[Placement]]
    ) -> None:
        def settle(outcome: Outcome) -> None:
            planner.release(outcome.external_id or "")
            self._settle(outcome)

        async def applier() -> Applier:
            return Applier(
                api,
                planner,
                Taxonomy(api, self._source.category_names, self._stop),
                await places(),
                Acknowledger(api, settle),
                self._ledger,
                health,
                self._stop,
                settle=settle,
                status=self._options.status,
                max_retries=self._options.max_retries,
            )

        pipeline = Pipeline(
            applier,
            batch_size=self._options.batch_size,
            concurrency=self._options.concurrency,
            stop=self._stop,
        )
        broken: SourceError | None = None
        try:
            try:
                async with aclosing(self._stale(planner, health)) as stale:
                    async for products in stale:
                        await pipeline.take(products)
            except SourceError as error:
                broken = error  # what it has delivered is stored all the same
            await pipeline.flush()
        except MedusaSyncError as error:
            self._stop.set(error)
        finally:
            await pipeline.finish()
        if broken is not None:
            self._stop.set(broken)

    async def _stale(self, planner: Planner, health: Health) -> AsyncGenerator[list[DesiredProduct], None]:
        """The products that are not up to date; the others are settled.

        Raises:
            SourceError: the source failed; raised after what it has delivered.
        """
        async with aclosing(prefetch(self._looked_up(planner))) as looked_up:
            async for products, stored in looked_up:
                outcomes, stale = planner.divide(products, stored)
                self._stored.update(stored)
                for outcome in outcomes:
                    self._settle(outcome)
                    for copy in stored[outcome.external_id or ""]:
                        health.found(copy.id)
                if stale:
                    yield stale

    async def _looked_up(
        self, planner: Planner
    ) -> AsyncGenerator[tuple[list[DesiredProduct], LookedUp], None]:
        async with aclosing(self._products()) as chunks:
            async for products in chunks:
                yield products, await planner.look_up(products)

    async def _products(self) -> AsyncGenerator[list[DesiredProduct], None]:
        """The valid products of the source, a look-up at a time, until the run is stopped.

        A source that breaks down is told of after what it has delivered.
        """
        waiting: list[DesiredProduct] = []
        broken: SourceError | None = None
        try:
            async with aclosing(self._source.pages(self._options.limit)) as pages:
                async for page in pages:
                    waiting += self._accept(page)
                    while len(waiting) >= _LOOK_UP and not self._stop.is_set:
                        chunk, waiting = waiting[:_LOOK_UP], waiting[_LOOK_UP:]
                        yield chunk
                    if self._stop.is_set:
                        return
        except SourceError as error:
            broken = error
        if waiting and not self._stop.is_set:
            yield waiting
        if broken is not None:
            raise broken

    def _accept(self, page: Page) -> list[DesiredProduct]:
        """Open the products of a page in the account, and reject the others."""
        self._total = page.total
        products = []
        source_name, currency = self._options.source_name, self._options.wanted.currency
        for row in page.rows:
            product = (
                row
                if isinstance(row, Outcome)
                else to_desired(row, source_name=source_name, currency=currency)
            )
            if isinstance(product, Outcome):
                self._ledger.reject(product)
            else:
                self._ledger.open(product.external_id, product.title)
                products.append(product)
        self._observer.fetched(self._ledger.seen, self._total)
        return products

    def _result(self, store: StoreState | None, started_at: datetime, duration_s: float) -> RunResult:
        error = self._stop.reason
        has_problems = self._ledger.problems or self._ledger.not_completed
        status = Status.PARTIAL if has_problems else Status.OK
        exit_code = EXIT_PARTIAL if has_problems else 0
        if error is not None:
            status, exit_code = _STATUSES.get(type(error), Status.FAILED), error.exit_code
        return RunResult(
            job=self._options.job,
            dry_run=self._options.dry_run,
            status=status,
            exit_code=exit_code,
            started_at=started_at,
            duration_s=duration_s,
            source_url=self._options.source_url,
            source_total=self._total,
            seen=self._ledger.seen,
            store_url=None if self._api is None else self._options.store_url,
            store=store,
            counts=dict(self._ledger.counts),
            conflicts=self._ledger.conflicts,
            not_compared=self._ledger.not_compared,
            requests=self._requests,
            problems=tuple(self._ledger.problems),
            not_completed=tuple(self._ledger.not_completed),
            changes=self._ledger.changes,
            notes=tuple(self._notes()),
            error=str(error) if error else "",
            hint=error.hint if error else "",
        )

    def _notes(self) -> Iterator[str]:
        if self._options.on_missing != OnMissing.KEEP and self._options.limit is not None:
            yield "Nothing is removed with --limit: what lies beyond it is not missing."
        if self._api is None:
            yield (
                "Nothing was compared with a store: no credentials are set "
                "(MEDUSA_API_KEY, or MEDUSA_EMAIL and MEDUSA_PASSWORD)."
            )
        if self._places is not None and self._places.location_id is None:
            yield "The store has no stock location, so stock is not kept; add one in the admin."


def _in_progress(product: DesiredProduct) -> Outcome:
    reason = "another run is writing it"
    return Outcome(product.external_id, product.title, Result.UNCONFIRMED, reason)
