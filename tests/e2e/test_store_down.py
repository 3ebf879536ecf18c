"""A store or source that goes down during a run, and a store that refuses the credentials."""

from __future__ import annotations

from tests.e2e.command import medusa_sync
from tests.e2e.exact import assert_completed, assert_in_order, said_to_be_stored
from tests.e2e.fault_proxy import Exchange, FaultProxy
from tests.e2e.shop import Shop
from tests.harness.dummyjson import DummyJson

SIZE = 300
MIDDLE = 12  # a write after the first categories and tags, and long before the last batch
IN_FLIGHT = 12  # requests of batches, of planning the next ones, and of look-ups for later ones
TRIES = 3  # per request, with the default of --max-retries


def test_a_run_ends_soon_after_the_store_goes_down_and_counts_every_product(
    source: DummyJson, shop: Shop, proxy: FaultProxy
) -> None:
    async def go_down(exchange: Exchange) -> None:
        await exchange.forward()
        proxy.go_down()

    proxy.faults = {MIDDLE: go_down}
    run = medusa_sync("--source", source.url, "--json", store=proxy.store(shop.store))

    assert_in_order(run, 4)
    assert 0 < run.counts["created"] < SIZE
    assert run.counts.get("unconfirmed", 0) + run.counts.get("not_attempted", 0) > 0
    assert "failed" not in run.counts
    requests = run.document["requests"]
    assert requests["store_reads"] + requests["store_writes"] - len(proxy.requests) <= IN_FLIGHT * TRIES
    assert said_to_be_stored(run, source.products) <= shop.by_external_id().keys()
    assert_completed(source, shop)
