"""Prices that would move too far are held back, and everything else is synced."""

from copy import deepcopy
from typing import Any

import pytest

from medusa_sync import RunResult
from tests.flow.merchant import edit_variant
from tests.flow.shirts import held
from tests.flow.stage import ListSource, counts, sync, synced, writes
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirt

CUP: dict[str, Any] = {"id": 1, "title": "Cup", "price": 10, "sku": "CUP", "stock": 4}
HALF = {"max_price_change": "50%"}


def cups(**changes: Any) -> ListSource:
    return ListSource([CUP | changes], sale_prices=True)


def stored(**changes: Any) -> FakeMedusa:
    return synced([CUP | changes], sale_prices=True)


def price_of(store: FakeMedusa) -> float:
    [price] = store.products["dummyjson:1"].variants[0].prices
    return price.amount


def sales(store: FakeMedusa) -> list[float]:
    return [price.amount for price in store.state.list_prices.values() if not price.is_deleted]


def edit_price(store: FakeMedusa, amount: float) -> None:
    edit_variant(store, 1, prices=[{"currency_code": "usd", "amount": amount}])


def held_prices(result: RunResult) -> dict[tuple[str, str], tuple[Any, Any]]:
    """What the store holds and what the source wants, by variant and field."""
    return {
        (each.variant, each.field): (each.stored, each.desired)
        for outcome in result.changes
        for each in outcome.held
    }


@pytest.mark.parametrize("on_conflict", ["source", "store"])
def test_the_merchants_price_survives_while_the_price_of_the_source_is_held(on_conflict: str) -> None:
    store, source = stored(), cups(price=100)
    sync(source, store, **HALF)
    edit_price(store, 12)
    result = sync(source, store, **HALF, on_conflict=on_conflict)
    assert price_of(store) == 12
    if on_conflict == "source":  # it does not win before it is written
        assert (result.exit_code, result.conflicts) == (5, 0)
        assert (sync(source, store).conflicts, price_of(store)) == (1, 100)
    else:
        assert (result.exit_code, result.conflicts, result.held) == (0, 1, 0)


def test_new_products_and_prices_that_are_not_synced_are_not_limited_but_adopted_ones_are() -> None:
    store = FakeMedusa()
    assert counts(sync(cups(), store, **HALF)) == {"created": 1}
    result = sync(cups(price=100, stock=9), store, **HALF, only="stock")
    assert (counts(result), result.exit_code, result.held) == ({"updated": 1}, 0, 0)
    product = store.products["dummyjson:1"]
    product.metadata = product.external_id = None
    for expected in ("updated", "unchanged"):
        result = sync(cups(price=99), store, **HALF, adopt=True)
        assert (counts(result), result.exit_code, price_of(store)) == ({expected: 1}, 5, 10)
    assert (sync(cups(price=99), store).exit_code, price_of(store)) == (0, 99)


def test_only_the_variants_and_currencies_that_move_too_far_are_held() -> None:
    row = shirt(1)
    for variant in row["variants"]:
        variant["prices"] = {"eur": 20}
    store, new = synced([row]), deepcopy(row)
    new["variants"][0] |= {"price": 100, "prices": {"eur": 21}}
    new["variants"][1] |= {"price": 22, "prices": {"eur": 90}}
    result = sync(ListSource([new]), store, **HALF)
    assert held_prices(result) == {("SH1-S-R", "price"): (21, 100), ("SH1-S-B", "price.eur"): (20, 90)}
    prices = {sku: each["price"] for sku, each in held(store).items()}
    assert (prices["SH1-S-R"], prices["SH1-S-B"]) == ({"usd": 21, "eur": 21}, {"usd": 22, "eur": 20})
    store.requests.clear()
    assert (sync(ListSource([new]), store, **HALF).exit_code, writes(store)) == (5, [])
    assert sync(ListSource([new]), store).exit_code == 0
    assert held(store)["SH1-S-B"]["price"] == {"usd": 22, "eur": 90}


@pytest.mark.parametrize(
    ("before", "price", "discount", "after", "is_held"),
    [
        pytest.param(10, 1, 10, [0.9], True, id="both fall"),
        pytest.param(10, 18, 50, [9], True, id="the price rises, the sale price stays"),
        pytest.param(10, 11, 80, [2.2], True, id="the sale price falls, the price rises a little"),
        pytest.param(10, 18, 0, [], True, id="the price rises, the sale ends"),
        pytest.param(0, 10, 90, [1], True, id="a new sale price is compared with the price"),
        pytest.param(0, 10, 20, [8], False, id="a new sale price near the price"),
        pytest.param(80, 10, 0, [], False, id="a sale that ends"),
    ],
)
def test_a_price_and_its_sale_price_are_held_together(
    before: float, price: float, discount: float, after: list[float], *, is_held: bool
) -> None:
    store, source = stored(discountPercentage=before), cups(price=price, discountPercentage=discount)
    was = (price_of(store), sales(store))
    for _ in range(2):
        store.requests.clear()
        assert sync(source, store, **HALF).exit_code == (5 if is_held else 0)
        assert not is_held or (price_of(store), sales(store)) == was
    assert not is_held or writes(store) == []
    assert sync(source, store).exit_code == 0
    assert (price_of(store), sales(store)) == (price, after)
