"""Plans a whole run before its first write, to see how much would change."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct

from medusa_sync.core.change import Update
from medusa_sync.core.claims import Removed
from medusa_sync.core.interrupted import sends_nothing_new
from medusa_sync.core.result import Outcome
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.placement import Placement
from medusa_sync.sources.base import Source
from medusa_sync.stop import Stop
from medusa_sync.sync.backlog import Backlog
from medusa_sync.sync.health import Health
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.options import SyncOptions
from medusa_sync.sync.read.scan import Scan
from medusa_sync.sync.remove.removals import Removals
from medusa_sync.sync.write.build import build_engine


class Forecast(Struct, frozen=True):
    """What a run would do.

    Attributes:
        changes: the outcomes of products that would change.
        removed: the outcomes of what would be removed.
        completed: external ids of products that only get what an interrupted write has sent already.
    """

    changes: Iterable[Outcome]
    removed: Iterable[Outcome]
    completed: Collection[str]


async def forecast(
    api: AdminApi,
    options: SyncOptions,
    placement: Placement,
    source: Source,
    stop: Stop,
    scan: Scan,
    removals: Removals | None,
    backlog: Backlog,
) -> Forecast:
    """Let the engine plan all stale products, without sending anything.

    Args:
        api: of the store.
        options: of the run.
        placement: of new products.
        source: of the products.
        stop: ends the run.
        scan: of the store.
        removals: finds what would be removed; None if nothing is.
        backlog: has the stale products.

    Raises:
        StoreError: the store cannot be read.
    """
    completed: set[str] = set()

    def planned(update: Update) -> None:
        if sends_nothing_new(update):
            completed.add(update.desired.external_id)

    plan, deleted = Ledger(lambda _outcome: None), Removed()
    plan.watch(scan.dropped)
    engine = build_engine(
        api,
        options,
        placement,
        source,
        plan,
        Health(api, options.store_url),
        stop,
        scan,
        removals,
        removed=deleted,
        preview=planned,
        waits=False,
    )
    await engine.first_pass(backlog.opened_in(plan))
    await engine.final_pass()
    removed = await removals.forecast(plan, deleted) if removals is not None else ()
    await engine.final_pass(is_last=True)
    engine.settle_rest()
    return Forecast(plan.changes, removed, completed)
