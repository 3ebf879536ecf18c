"""Sale prices are in the price list of the source, each once, whatever happens."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flow.stage import ListSource, late, run_once, sync, writes
from tests.flow.urls import sync as sync_url
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

ROWS = [{**row, "discountPercentage": 10} for row in products(4)]


def source() -> ListSource:
    return ListSource(ROWS, page_size=2, sale_prices=True)


def assert_each_once(store: FakeMedusa) -> None:
    prices = Counter(price.variant_id for price in store.state.list_prices.values() if not price.is_deleted)
    assert prices == dict.fromkeys(store.state.variants(), 1)


@pytest.mark.parametrize(
    ("changes", "price"),
    [
        ({"price": 20, "discountPercentage": 100}, 20),
        ({"price": 20, "discountPercentage": 250}, 20),
        ({"price": 0.01, "discountPercentage": 60}, 0.01),
        ({"price": 20, "compareAtPrice": 0}, 20),
        ({"price": 20, "compareAtPrice": 0, "discountPercentage": 100}, 20),
        ({"price": 20, "compareAtPrice": None, "discountPercentage": None}, 20),
        ({"price": 0, "compareAtPrice": 20}, 20),
        ({"price": 0, "compareAtPrice": 0}, 0),
        ({"variants": [{"price": 0, "compareAtPrice": 20}]}, 20),
    ],
)
def test_a_sale_price_that_is_not_above_0_and_below_the_price_is_no_sale(
    changes: dict[str, Any], price: float
) -> None:
    store = FakeMedusa()
    rows = [{**products(1)[0], "discountPercentage": 0, **changes}]
    assert sync(ListSource(rows, sale_prices=True), store).exit_code == 0
    [product] = store.products.values()
    assert [each.amount for variant in product.variants for each in variant.prices] == [price]
    assert store.state.list_prices == {}
    store.requests.clear()
    assert sync(ListSource(rows, sale_prices=True), store).exit_code == 0
    assert writes(store) == []


@pytest.mark.parametrize("compared", ["", "0", "0.00", "20.00"])
def test_a_compare_at_price_of_a_table_makes_no_product_free(tmp_path: Path, compared: str) -> None:
    file = tmp_path / "products.csv"
    table = f"Handle,Title,Variant Price,Variant Compare At Price\nmug,Mug,20.00,{compared}\n"
    free = f"Handle,Title,Variant Price,Variant Compare At Price\nmug,Mug,0.00,{compared}\n"
    for content, price in ((table, 20), (free, 20 if compared == "20.00" else 0)):
        store = FakeMedusa()
        file.write_text(content)
        assert sync_url(str(file), store, sale_prices=True).exit_code == 0
        [variant] = store.products["dummyjson:mug"].variants
        assert [each.amount for each in variant.prices] == [price]
        assert store.state.list_prices == {}


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_two_runs_at_the_same_time_store_each_sale_price_once(lost: int) -> None:
    """Also if the store loses its database while both remove what the other one created too."""
    store = FakeMedusa()
    assert sync(ListSource(ROWS), store).exit_code == 0
    refused: list[httpx.Request] = []

    def lose(request: httpx.Request) -> httpx.Response | None:
        is_price = request.method == "POST" and request.url.path.endswith("/prices/batch")
        if is_price and json.loads(request.content)["delete"] and len(refused) < 2 * lost:
            refused.append(request)
            return httpx.Response(500)
        return None

    store.before = lose

    async def both() -> None:
        await asyncio.gather(*(run_once(source(), store, batch_size=2) for _ in range(2)))

    asyncio.run(both())
    assert_each_once(store)
    assert sync(source(), store).exit_code == 0
    assert_each_once(store)


def test_a_sale_price_whose_creation_is_delivered_late_is_stored_once_in_the_end() -> None:
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
    with late(0):
        assert sync(ListSource(rows, sale_prices=True), store).exit_code == 0
    store.requests.clear()
    assert sync(ListSource(rows, sale_prices=True), store).exit_code == 0
    assert writes(store) == []


def test_sale_prices_go_with_the_option_even_if_the_currency_changes_at_the_same_time() -> None:
    store = FakeMedusa()
    assert sync(source(), store).exit_code == 0
    plain = ListSource(ROWS, currency="eur")
    assert sync(plain, store, currency="eur").exit_code == 0
    assert all(price.is_deleted for price in store.state.list_prices.values())
    store.requests.clear()
    assert sync(plain, store, currency="eur").exit_code == 0
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


@pytest.mark.parametrize("winner", ["source", "store"])
def test_a_sale_price_that_the_merchant_edited_is_a_conflict_when_the_option_is_turned_off(
    winner: str,
) -> None:
    store = FakeMedusa()
    assert sync(source(), store).exit_code == 0
    listed = next(iter(store.state.list_prices.values()))
    listed.amount = 1.25
    plan = {"on_conflict": winner}
    result = sync(ListSource(ROWS), store, **plan)
    assert (result.exit_code, result.conflicts) == (0, 1)
    left = [price.amount for price in store.state.list_prices.values() if not price.is_deleted]
    assert left == ([1.25] if winner == "store" else [])
    assert sync(ListSource(ROWS), store, **plan).conflicts == 0
