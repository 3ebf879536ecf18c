"""Puts the parts of an engine together. A run in which nothing changed does not import it."""

from __future__ import annotations

from collections.abc import Callable

from medusa_sync.core.change import Update
from medusa_sync.core.claims import Removed
from medusa_sync.core.policy import OnMissing
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.placement import Placement
from medusa_sync.medusa.terms import Terms
from medusa_sync.sources.base import Source
from medusa_sync.stop import Stop
from medusa_sync.sync.batch_size import BatchSize
from medusa_sync.sync.health import Health
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.options import SyncOptions
from medusa_sync.sync.read.scan import Scan
from medusa_sync.sync.remove.removals import Removals
from medusa_sync.sync.write.acknowledger import Acknowledger
from medusa_sync.sync.write.attempt import Attempts
from medusa_sync.sync.write.engine import Engine
from medusa_sync.sync.write.items import Items
from medusa_sync.sync.write.new_items import NewItems
from medusa_sync.sync.write.new_products import NewProducts
from medusa_sync.sync.write.places import Places
from medusa_sync.sync.write.planner import Planner
from medusa_sync.sync.write.rows import ProductRows
from medusa_sync.sync.write.sales import Sales
from medusa_sync.sync.write.values import UniqueValues
from medusa_sync.sync.write.writer import Writer


def build_engine(
    api: AdminApi,
    options: SyncOptions,
    placement: Placement,
    source: Source,
    ledger: Ledger,
    health: Health,
    stop: Stop,
    scan: Scan,
    removals: Removals | None,
    *,
    removed: Removed,
    preview: Callable[[Update], None] | None = None,
    waits: bool = True,
) -> Engine:
    """The engine of a run.

    Args:
        api: of the store.
        options: of the run.
        placement: of new products.
        source: of the products.
        ledger: gets the outcomes.
        health: decides whether the store itself fails.
        stop: ends the run.
        scan: of the store.
        removals: finds what will be removed at the end; None if nothing is.
        removed: what a dry run has removed.
        preview: called with each update of a dry run, which sends nothing; None for a real run.
        waits: products that the store may still be writing are unconfirmed; otherwise they are planned too.
    """
    sales = Sales(api.price_lists, options.source_name)
    planner = Planner(
        api,
        placement.location_id,
        sales,
        options.plan,
        waits=waits,
        removed=removed,
    )
    new_products = NewProducts(
        api,
        planner,
        options.plan,
        keeps_stock=placement.location_id is not None,
        is_empty=scan.is_empty,
        may_adopt=scan.may_adopt,
    )
    new_items = NewItems(api, placement.location_id, stop)
    terms = Terms(api.terms, api.bulk, source.category_names, stop, creates=preview is None)
    items = Items(api, placement.location_id, stop)
    rows = ProductRows(api, terms, placement, ledger, status=options.status)
    writer = Writer(api, rows, placement.location_id, items, new_items, sales, planner, ledger, health)
    is_dry_run = preview is not None
    deletes = removals is not None and options.on_missing is OnMissing.DELETE
    leaves = (lambda _external_id: False) if removals is None else removals.will_delete
    places = Places(new_products, new_items, ledger, deletes=deletes, is_dry_run=is_dry_run)
    acknowledger = Acknowledger(api, places.complete)
    values = UniqueValues(api, options.source_name, is_empty=scan.is_empty, leaves=leaves, removed=removed)
    attempts = Attempts(
        planner,
        new_products,
        values,
        rows,
        writer,
        new_items,
        acknowledger,
        places,
        ledger,
        placement,
        stop,
        preview,
    )
    return Engine(
        attempts,
        writer,
        acknowledger,
        places,
        ledger,
        health,
        stop,
        BatchSize(options.batch_size),
        concurrency=1 if is_dry_run else options.concurrency,
        max_retries=options.max_retries,
    )
