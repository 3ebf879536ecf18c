"""Prices that would move too far are held back, and everything else is synced."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync import PriceLimit, RunResult, Status
from tests.flow.kills import killed_runs
from tests.flow.shirts import held, shirt
from tests.flow.stage import ListSource, copies_of, counts, sync, writes
from tests.harness.fake_medusa import FakeMedusa

CUP = {"id": 1, "title": "Cup", "price": 10, "sku": "CUP", "stock": 4}
HALF = {"max_price_change": "50%"}


def stored(*rows: dict[str, Any], **options: Any) -> FakeMedusa:
    store = FakeMedusa()
    source = ListSource(copy.deepcopy(list(rows)), **options)
    assert counts(sync(source, store)) == {"created": len(rows)}
    store.requests.clear()
    return store


def price_of(store: FakeMedusa, number: int = 1) -> float:
    [price] = store.products[f"dummyjson:{number}"].variants[0].prices
    return price.amount


def held_prices(result: RunResult) -> dict[tuple[str, str, str], tuple[Any, Any]]:
    """What the store holds and what the source wants, by external id, variant and field."""
    return {
        (str(outcome.external_id), each.variant, each.field): (each.stored, each.desired)
        for outcome in result.changes
        for each in outcome.held
    }


@pytest.mark.parametrize("price", [15.01, 4.99, 0, 1000])
def test_a_price_that_moves_too_far_is_held_back_and_the_other_fields_are_synced(price: float) -> None:
    store, source = stored(CUP), ListSource([CUP | {"price": price, "title": "Mug", "stock": 9}])
    for dry_run in (True, False):
        result = sync(source, store, **HALF, dry_run=dry_run)
        assert (counts(result), result.exit_code, result.status) == ({"updated": 1}, 5, Status.PARTIAL)
        assert held_prices(result) == {("dummyjson:1", "", "price"): (10, price)}
        assert result.held == 1
        [outcome] = result.changes
        assert {change.field for change in outcome.changes} == {"title", "stock"}
    assert (store.products["dummyjson:1"].title, store.level_of("CUP"), price_of(store)) == ("Mug", 9, 10)


def test_a_price_that_falls_a_little_in_each_run_is_not_held() -> None:
    """The example of docs/guards.md: the limit counts one run."""
    store, prices = stored(CUP), [6, 3.6, 2.16, 1.3, 0.78, 0.47]
    for price in prices:
        plan = {"max_price_change": "40%"}
        result = sync(ListSource([CUP | {"price": price}]), store, **plan)
        assert (result.exit_code, price_of(store)) == (0, price)


@pytest.mark.parametrize("price", [15, 5, 10, 10.01])
def test_a_price_that_moves_up_to_the_limit_is_written(price: float) -> None:
    store = stored(CUP)
    result = sync(ListSource([CUP | {"price": price}]), store, **HALF)
    assert (result.exit_code, result.held, price_of(store)) == (0, 0, price)


def test_a_held_price_is_reported_by_every_run_and_nothing_is_written() -> None:
    store, source = stored(CUP), ListSource([CUP | {"price": 100, "title": "Mug"}])
    sync(source, store, **HALF)
    for _ in range(2):
        store.requests.clear()
        result = sync(source, store, **HALF)
        assert (counts(result), result.exit_code, result.conflicts) == ({"unchanged": 1}, 5, 0)
        assert held_prices(result) == {("dummyjson:1", "", "price"): (10, 100)}
        assert writes(store) == []


def test_a_held_price_is_written_without_a_conflict_when_the_limit_is_lifted() -> None:
    store, source = stored(CUP), ListSource([CUP | {"price": 100, "title": "Mug"}])
    sync(source, store, **HALF)
    result = sync(source, store)
    assert (counts(result), result.exit_code, result.conflicts) == ({"updated": 1}, 0, 0)
    assert price_of(store) == 100
    assert counts(sync(source, store, **HALF)) == {"unchanged": 1}


@pytest.mark.parametrize("price", [10, 14])
def test_a_product_is_up_to_date_again_when_its_price_is_plausible(price: float) -> None:
    store = stored(CUP)
    sync(ListSource([CUP | {"price": 100, "title": "Mug"}]), store, **HALF)
    source = ListSource([CUP | {"price": price, "title": "Mug"}])
    result = sync(source, store, **HALF)
    assert (result.exit_code, result.held, price_of(store)) == (0, 0, price)
    store.requests.clear()
    assert counts(sync(source, store, **HALF)) == {"unchanged": 1}
    assert not any("variants.price_set" in str(request.query) for request in store.requests)


@pytest.mark.parametrize("on_conflict", ["source", "store"])
def test_the_merchants_price_survives_while_the_price_of_the_source_is_held(on_conflict: str) -> None:
    store, source = stored(CUP), ListSource([CUP | {"price": 100}])
    sync(source, store, **HALF)
    product = store.products["dummyjson:1"]
    variants = [{"id": product.variants[0].id, "prices": [{"currency_code": "usd", "amount": 12}]}]
    store.call("POST", f"/admin/products/{product.id}", {"variants": variants})
    plan = {"on_conflict": on_conflict, **HALF}
    result = sync(source, store, **plan)
    assert price_of(store) == 12
    if on_conflict == "source":  # it does not win before it is written
        assert (result.exit_code, result.conflicts) == (5, 0)
        assert sync(source, store, on_conflict=on_conflict).conflicts == 1
        assert price_of(store) == 100
    else:
        assert (result.exit_code, result.conflicts, result.held) == (0, 1, 0)


def test_a_product_that_is_created_is_not_limited() -> None:
    store = FakeMedusa()
    result = sync(ListSource([CUP | {"price": 0}]), store, **HALF)
    assert (counts(result), result.exit_code) == ({"created": 1}, 0)


def test_only_the_variants_and_currencies_that_move_too_far_are_held() -> None:
    row = shirt(1)
    for variant in row["variants"]:
        variant["prices"] = {"eur": 20}
    store = stored(row)
    new = copy.deepcopy(row)
    new["variants"][0] |= {"price": 100, "prices": {"eur": 21}}
    new["variants"][1] |= {"price": 22, "prices": {"eur": 90}}
    result = sync(ListSource([new]), store, **HALF)
    assert held_prices(result) == {
        ("dummyjson:1", "SH1-S-R", "price"): (21, 100),
        ("dummyjson:1", "SH1-S-B", "price.eur"): (20, 90),
    }
    prices = {sku: each["price"] for sku, each in held(store).items()}
    assert (prices["SH1-S-R"], prices["SH1-S-B"]) == ({"usd": 21, "eur": 21}, {"usd": 22, "eur": 20})
    store.requests.clear()
    assert sync(ListSource([new]), store, **HALF).exit_code == 5
    assert writes(store) == []
    assert sync(ListSource([new]), store).exit_code == 0
    assert {sku: each["price"] for sku, each in held(store).items()}["SH1-S-B"] == {"usd": 22, "eur": 90}


def sales(store: FakeMedusa) -> list[float]:
    return [price.amount for price in store.state.list_prices.values() if not price.is_deleted]


@pytest.mark.parametrize(
    ("price", "discount", "sale"),
    [
        pytest.param(1, 10, 0.9, id="both fall"),
        pytest.param(18, 50, 9, id="the price rises, the sale price stays"),
        pytest.param(11, 80, 2.2, id="the sale price falls, the price rises a little"),
        pytest.param(18, 0, None, id="the price rises, the sale ends"),
    ],
)
def test_a_price_and_its_sale_price_are_held_together(
    price: float, discount: float, sale: float | None
) -> None:
    store = stored(CUP | {"discountPercentage": 10}, sale_prices=True)
    assert (price_of(store), sales(store)) == (10, [9])
    source = ListSource([CUP | {"price": price, "discountPercentage": discount}], sale_prices=True)
    assert sync(source, store, **HALF).exit_code == 5
    assert (price_of(store), sales(store)) == (10, [9])
    store.requests.clear()
    assert sync(source, store, **HALF).exit_code == 5
    assert writes(store) == []
    assert sync(source, store).exit_code == 0
    assert (price_of(store), sales(store)) == (price, [] if sale is None else [sale])


def test_a_new_sale_price_is_compared_with_the_price() -> None:
    store = stored(CUP, sale_prices=True)
    source = ListSource([CUP | {"discountPercentage": 90}], sale_prices=True)
    result = sync(source, store, **HALF)
    assert (result.exit_code, price_of(store), sales(store)) == (5, 10, [])
    source = ListSource([CUP | {"discountPercentage": 20}], sale_prices=True)
    assert sync(source, store, **HALF).exit_code == 0
    assert (price_of(store), sales(store)) == (10, [8])


def test_a_sale_that_ends_is_not_held() -> None:
    store = stored(CUP | {"discountPercentage": 80}, sale_prices=True)
    assert sync(ListSource([CUP], sale_prices=True), store, **HALF).exit_code == 0
    assert (price_of(store), sales(store)) == (10, [])


def test_an_adopted_product_keeps_a_price_that_is_far_away() -> None:
    store = stored(CUP)
    store.products["dummyjson:1"].metadata = None
    store.products["dummyjson:1"].external_id = None
    plan, source = {"adopt": True, "max_price_change": "50%"}, ListSource([CUP | {"price": 99}])
    result = sync(source, store, **plan)
    assert (counts(result), result.exit_code, price_of(store)) == ({"updated": 1}, 5, 10)
    result = sync(source, store, **plan)
    assert (counts(result), result.exit_code, result.conflicts) == ({"unchanged": 1}, 5, 0)
    assert sync(source, store).exit_code == 0
    assert price_of(store) == 99


def test_a_price_that_is_not_synced_is_not_held() -> None:
    store, source = stored(CUP), ListSource([CUP | {"price": 100, "stock": 9}])
    only_stock = {"only": "stock", **HALF}
    result = sync(source, store, **only_stock)
    assert (counts(result), result.exit_code, result.held) == ({"updated": 1}, 0, 0)


@pytest.mark.parametrize("killed", ["both", "tool"])
def test_a_run_that_is_killed_while_a_price_is_held_is_completed_by_the_next(killed: str) -> None:
    row = CUP | {"price": 100, "stock": 9, "title": "Mug"}
    for hurt in killed_runs(stored(CUP), killed, lambda store: sync(ListSource([row]), store, **HALF)):
        copied = copies_of(hurt)
        store = copied()
        result = sync(ListSource([row]), store, **HALF)
        assert (result.exit_code, result.held, result.conflicts) == (5, 1, 0)
        product = store.products["dummyjson:1"]
        assert (product.title, store.level_of("CUP"), price_of(store)) == ("Mug", 9, 10)
        result = sync(ListSource([row]), store)
        assert (result.exit_code, result.conflicts, price_of(store)) == (0, 0, 100)
        store = copied()
        assert sync(ListSource([row | {"price": 12}]), store, **HALF).exit_code == 0
        assert price_of(store) == 12


def test_a_price_that_an_interrupted_run_sent_is_held_and_lifted_without_a_conflict() -> None:
    row = CUP | {"price": 100}
    for hurt in killed_runs(stored(CUP), "both", lambda store: sync(ListSource([row]), store)):
        before = price_of(hurt)
        result = sync(ListSource([row]), hurt, **HALF)
        assert (result.exit_code, price_of(hurt)) == ((0, 100) if before == 100 else (5, 10))
        result = sync(ListSource([row]), hurt)
        assert (result.exit_code, result.conflicts, price_of(hurt)) == (0, 0, 100)


PRICES = st.sampled_from([0, 1, 5, 9, 10, 14, 15, 16, 100])


@given(st.lists(st.tuples(PRICES, st.none() | PRICES, st.integers(0, 3)), max_size=6))
def test_no_run_moves_a_price_too_far_and_a_run_without_a_limit_converges(
    rounds: list[tuple[float, float | None, int]],
) -> None:
    store, price = stored(CUP), 10.0
    for price, merchant, stock in rounds:
        if merchant is not None:
            product = store.products["dummyjson:1"]
            variants = [
                {"id": product.variants[0].id, "prices": [{"currency_code": "usd", "amount": merchant}]}
            ]
            store.call("POST", f"/admin/products/{product.id}", {"variants": variants})
        before, source = price_of(store), ListSource([CUP | {"price": price, "stock": stock}])
        plan = sync(source, store, **HALF, dry_run=True)
        result = sync(source, store, **HALF)
        assert (result.exit_code, result.counts, result.held) == (plan.exit_code, plan.counts, plan.held)
        assert PriceLimit(50).allows(before, price_of(store))
        assert (result.exit_code == 5) == bool(result.held)
        assert not result.held or price_of(store) == before != price
        assert store.level_of("CUP") == stock
        store.requests.clear()
        again = sync(source, store, **HALF)
        assert (counts(again), again.held, writes(store)) == ({"unchanged": 1}, result.held, [])
    ours = sync(ListSource([CUP | {"price": 77}]), store)
    assert (ours.exit_code, price_of(store)) == (0, 77)
