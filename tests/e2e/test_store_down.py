"""A store or source that goes down during a run, and a store that refuses the credentials."""

from __future__ import annotations

from dataclasses import replace

from tests.e2e.command import medusa_sync
from tests.e2e.exact import assert_completed, assert_exact, assert_in_order, said_to_be_stored
from tests.e2e.fault_proxy import Exchange, FaultProxy, respond_instead
from tests.e2e.shop import Shop
from tests.harness.dummyjson import CLOSED, DummyJson, Request, Response

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


def test_products_delivered_before_the_source_goes_down_are_stored(source: DummyJson, shop: Shop) -> None:
    def third_page_missing(request: Request) -> Response | None:
        if request.query.get("skip") == "200":
            return CLOSED
        return source.normal_response(replace(request, query={**request.query, "limit": "100"}))

    source.intercept = third_page_missing
    run = medusa_sync("--source", source.url, "--json", "--on-missing", "delete", store=shop.store)

    assert_in_order(run, 3)
    assert run.document["source"]["seen"] == 200
    assert run.counts["created"] > 0
    assert said_to_be_stored(run, source.products) == shop.by_external_id().keys()
    source.intercept = None
    assert_completed(source, shop)


def test_a_token_that_expires_during_a_run_is_renewed_once(
    source: DummyJson, shop: Shop, proxy: FaultProxy
) -> None:
    proxy.faults = {MIDDLE: respond_instead(401)}
    run = medusa_sync(
        "--source",
        source.url,
        "--json",
        store=None,
        MEDUSA_BACKEND_URL=proxy.url,
        MEDUSA_EMAIL=shop.store.email,
        MEDUSA_PASSWORD=shop.store.password,
    )

    assert (run.exit_code, run.counts) == (0, {"created": SIZE})
    log_ins = [request for request in proxy.requests if request.path == "/auth/user/emailpass"]
    assert (proxy.struck, len(log_ins)) == ({MIDDLE}, 2)
    assert_exact(shop, source.products)


def test_a_wrong_key_is_reported_before_a_product_is_seen(
    source: DummyJson, shop: Shop, proxy: FaultProxy
) -> None:
    run = medusa_sync(
        "--source", source.url, "--json", store=proxy.store(shop.store), MEDUSA_API_KEY="sk_not_this_one"
    )

    assert_in_order(run, 4)
    assert "refused the credentials" in run.stderr
    assert "sk_not_this_one" not in run.stdout + run.stderr
    assert run.document["source"]["seen"] == 0
    assert len(source.requests) <= 1
    assert len(proxy.requests) <= 4
