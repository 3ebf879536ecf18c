"""Sale prices are in the price list of the source, each once, whatever happens."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest

from medusa_sync.core import interrupted
from medusa_sync.core.policy import ConflictPolicy, OnConflict
from medusa_sync.medusa.placement import PlacementOptions
from medusa_sync.sync.options import PlanOptions
from tests.flow.stage import ListSource, run_once, sync, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

ROWS = [{**row, "discountPercentage": 10} for row in products(4)]


def source() -> ListSource:
    return ListSource(ROWS, page_size=2, sale_prices=True)


def assert_each_once(store: FakeMedusa) -> None:
    prices = Counter(price.variant_id for price in store.state.list_prices.values() if not price.is_deleted)
    assert prices == dict.fromkeys(store.state.variants(), 1)


def test_two_runs_at_the_same_time_store_each_sale_price_once() -> None:
    store = FakeMedusa()
    assert sync(ListSource(ROWS), store).exit_code == 0

    async def both() -> None:
        await asyncio.gather(*(run_once(source(), store, batch_size=2) for _ in range(2)))

    asyncio.run(both())
    assert_each_once(store)
    assert sync(source(), store).exit_code == 0
    assert_each_once(store)


def test_a_sale_price_whose_creation_is_delivered_late_is_stored_once_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = FakeMedusa()
    assert sync(source(), store).exit_code == 0
    rows = [{**row, "price": 99} for row in products(4)]

    def between(request: httpx.Request, _step: str) -> None:
        if request.url.path.endswith("/prices/batch"):
            store.between = None
            raise httpx.ReadTimeout("slow")

    store, store.between, store.linger = FakeMedusa(), between, 1_000
    assert sync(ListSource(rows, sale_prices=True), store).exit_code == 0
    store.catch_up()
    assert sync(ListSource(rows, sale_prices=True), store).exit_code == 0
    assert_each_once(store)
    monkeypatch.setattr(interrupted, "LATE_S", 0)
    assert sync(ListSource(rows, sale_prices=True), store).exit_code == 0
    store.requests.clear()
    assert sync(ListSource(rows, sale_prices=True), store).exit_code == 0
    assert writes(store) == []


def test_sale_prices_go_with_the_option_even_if_the_currency_changes_at_the_same_time() -> None:
    store = FakeMedusa()
    assert sync(source(), store).exit_code == 0
    plain = ListSource(ROWS, currency="eur")
    assert sync(plain, store, wanted=PlacementOptions("eur")).exit_code == 0
    assert all(price.is_deleted for price in store.state.list_prices.values())
    store.requests.clear()
    assert sync(plain, store, wanted=PlacementOptions("eur")).exit_code == 0
    assert writes(store) == []


def test_only_a_run_that_writes_deletes_a_second_list() -> None:
    store = FakeMedusa()
    assert sync(source(), store).exit_code == 0
    [known] = store.state.price_lists.values()
    body = {"title": known.title, "description": known.description, "type": "sale", "status": "active"}
    store.call("POST", "/admin/price-lists", {**body, "prices": []})
    dearer = ListSource([{**row, "price": row["price"] + 1} for row in ROWS], sale_prices=True)
    store.requests.clear()
    assert sync(dearer, store, dry_run=True).exit_code == 0
    assert writes(store) == []
    assert sync(dearer, store).exit_code == 0
    assert list(store.state.price_lists) == [known.id]
    assert_each_once(store)


@pytest.mark.parametrize("winner", OnConflict)
def test_a_sale_price_that_the_merchant_edited_is_a_conflict_when_the_option_is_turned_off(
    winner: OnConflict,
) -> None:
    store = FakeMedusa()
    assert sync(source(), store).exit_code == 0
    listed = next(iter(store.state.list_prices.values()))
    listed.amount = 1.25
    plan = PlanOptions(ConflictPolicy(winner))
    result = sync(ListSource(ROWS), store, plan=plan)
    assert (result.exit_code, result.conflicts) == (0, 1)
    left = [price.amount for price in store.state.list_prices.values() if not price.is_deleted]
    assert left == ([1.25] if winner is OnConflict.STORE else [])
    assert sync(ListSource(ROWS), store, plan=plan).conflicts == 0
