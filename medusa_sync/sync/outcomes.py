"""Takes the stale products of a run to their outcomes. A run in which nothing changed does not import it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence

from medusa_sync.core.change import Update
from medusa_sync.core.result import Outcome, Result
from medusa_sync.errors import MedusaSyncError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.placement import Placement
from medusa_sync.medusa.terms import Terms
from medusa_sync.sources.base import Source
from medusa_sync.stop import Stop
from medusa_sync.sync.acknowledger import Acknowledger
from medusa_sync.sync.applier import Applier
from medusa_sync.sync.batch_size import BatchSize
from medusa_sync.sync.collisions import Collisions
from medusa_sync.sync.health import Health
from medusa_sync.sync.intents import Intents
from medusa_sync.sync.items import Items
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.new_items import NewItems
from medusa_sync.sync.obstacles import Obstacles
from medusa_sync.sync.options import SyncOptions
from medusa_sync.sync.pipeline import Pipeline
from medusa_sync.sync.planner import Planner
from medusa_sync.sync.preview import Preview
from medusa_sync.sync.read.compare import Stale
from medusa_sync.sync.sales import Sales
from medusa_sync.sync.sizes import Sizes
from medusa_sync.sync.writer import Writer


async def preview(
    api: AdminApi,
    options: SyncOptions,
    placement: Placement,
    ledger: Ledger,
    parts: AsyncIterator[list[Stale]],
    planned: Callable[[Update], None] = lambda _update: None,
    *,
    may_adopt: bool,
    waits: bool = True,
    removed: Collection[str] = (),
) -> None:
    """Settle every product with what a real run would do.

    Args:
        api: of the store.
        options: of the run.
        placement: of new products.
        ledger: gets the outcomes.
        parts: the stale products.
        planned: called with each update.
        may_adopt: the store may have products without an external id.
        waits: products that the store may still be writing are unconfirmed; otherwise they are planned too.
        removed: ids of variants that the run would have removed by now.

    Raises:
        StoreError: the store cannot be read.
    """
    sales = Sales(api.price_lists, options.source_name)
    planner = Planner(api, placement.location_id, sales, options.plan, may_adopt=may_adopt, removed=removed)
    collisions = Collisions(api, options.source_name, removed=removed)
    sizes = Sizes(placement, options.status)
    plan = Preview(planner, collisions, Obstacles(api), sizes, ledger, waits=waits)
    async for stale in parts:
        for update in await plan.take(_accepted(stale, placement, ledger.settle)):
            planned(update)
    plan.finish()


async def apply(
    api: AdminApi,
    options: SyncOptions,
    placement: Placement,
    source: Source,
    ledger: Ledger,
    health: Health,
    stop: Stop,
    parts: AsyncIterator[list[Stale]],
    *,
    may_adopt: bool,
) -> None:
    """Write every product; an error that ends the run sets the stop token."""
    sales = Sales(api.price_lists, options.source_name)
    planner = Planner(api, placement.location_id, sales, options.plan, may_adopt=may_adopt)

    def settle(outcome: Outcome) -> None:
        planner.release(outcome.external_id or "")
        ledger.settle(outcome)

    terms = Terms(api.terms, api.bulk, source.category_names, stop)
    items, intents = Items(api, placement.location_id, stop), Intents()
    new_items = NewItems(api, placement.location_id, stop)
    writer = Writer(
        api,
        terms,
        placement,
        items,
        new_items,
        sales,
        ledger,
        intents,
        health,
        planner.again,
        status=options.status,
    )
    batch_size = BatchSize(options.batch_size)
    applier = Applier(
        api,
        planner,
        Collisions(api, options.source_name),
        writer,
        intents,
        Acknowledger(api, settle),
        ledger,
        health,
        stop,
        batch_size,
        settle=settle,
        max_retries=options.max_retries,
    )
    pipeline = Pipeline(
        applier,
        batch_size=batch_size,
        concurrency=options.concurrency,
        stop=stop,
    )
    try:
        async for part in parts:
            stale = _accepted(part, placement, settle)
            created, needed = await planner.look_ahead(stale)
            terms.expect(needed, [each.desired for each in stale])
            new_items.expect(created)
            await pipeline.take(stale)
        await pipeline.flush()
    except MedusaSyncError as error:
        stop.set(error)
    finally:
        await pipeline.finish()


def _accepted(stale: Sequence[Stale], placement: Placement, settle: Callable[[Outcome], None]) -> list[Stale]:
    """The products that the store can sell; the others are rejected."""
    refusals = {each.desired.external_id: placement.refusal(each.desired) for each in stale}
    for each in stale:
        if reason := refusals[each.desired.external_id]:
            settle(Outcome.of(each.desired, Result.REJECTED, reason))
    return [each for each in stale if not refusals[each.desired.external_id]]
