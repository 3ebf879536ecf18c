"""Prices of variants in several currencies, and rows of products that are not complete or refused in part."""

from __future__ import annotations

import pytest

from tests.flow.shirts import held, shirt, variant
from tests.flow.stage import ListSource, counts, sync
from tests.flow.test_variants import ALL, stored
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Item


@pytest.mark.parametrize("is_stored", [False, True])
def test_a_price_in_a_currency_that_the_store_lacks_rejects_only_its_product(*, is_stored: bool) -> None:
    store = FakeMedusa()
    if is_stored:
        sync(ListSource([shirt(1), shirt(2)]), store)
    row, neighbour = shirt(2, title="Dearer"), shirt(1, title="Better")
    row["variants"][3]["prices"] = {"chf": 18}
    for dry_run in (True, False):
        result = sync(ListSource([neighbour, row]), store, dry_run=dry_run)
        written = "updated" if is_stored else "created"
        assert (result.exit_code, counts(result)) == (5, {written: 1, "rejected": 1})
        [problem] = result.problems
        assert problem.external_id == "dummyjson:2"
        assert problem.reason.startswith("it has a price in 'chf', but the store sells only in eur, usd; add")
    assert store.products["dummyjson:1"].title == "Better"
    assert "dummyjson:2" not in store.products or store.products["dummyjson:2"].title == "Shirt 2"


def test_what_was_written_before_a_refusal_is_in_the_report() -> None:
    store, source = stored([shirt(1), shirt(2)])
    row = shirt(1, title="Better shirt")
    row["variants"].append(variant(1, "XL", "Red", sku="FREE"))
    store.state.items["iitem_left"] = Item("iitem_left", "FREE", "Left over")  # the first attempt is refused
    source.rows[:] = [row, shirt(2)]
    result = sync(source, store)
    assert counts(result) == {"updated": 1, "unchanged": 1}
    [outcome] = result.changes
    assert {change.field for change in outcome.changes} == {"title", "variant"}


def test_prices_of_the_merchant_stay_and_dropped_ones_of_ours_are_removed() -> None:
    row = shirt(1)
    row["variants"][0]["prices"] = {"EUR": 18}
    store, source = stored([row])
    product = store.products["dummyjson:1"]
    own = product.variants[0]
    prices = [{"id": each.id, "currency_code": each.currency_code} for each in own.prices]
    rule = {"currency_code": "usd", "amount": 1, "min_quantity": 10}
    store.call(
        "POST",
        f"/admin/products/{product.id}/variants/batch",
        {"update": [{"id": own.id, "prices": [*prices, rule]}]},
    )
    changed = shirt(1)
    changed["variants"][0]["price"] = 19
    source.rows[0] = changed
    assert counts(sync(source, store)) == {"updated": 1}
    after = next(each for each in store.products["dummyjson:1"].variants if each.id == own.id).prices
    assert sorted((each.currency_code, each.amount, each.min_quantity) for each in after) == [
        ("usd", 1, 10),
        ("usd", 19, None),
    ]


@pytest.mark.parametrize("on_missing", ["draft", "delete"])
def test_variants_are_not_removed_if_a_part_of_their_product_was_rejected(on_missing: str) -> None:
    store, source = stored([shirt(1), shirt(2)])
    first, late = shirt(1), shirt(1)
    first["variants"], late["variants"] = first["variants"][:4], late["variants"][4:]
    source.rows[:] = [first, shirt(2), late]  # the second one is rejected: the id comes again
    before = held(store)
    result = sync(source, store, on_missing=on_missing, max_removals=ALL)
    assert result.exit_code == 5
    assert held(store) == before
    source.rows[:] = [first, shirt(2)]
    assert sync(source, store, on_missing=on_missing, max_removals=ALL).exit_code == 0
    assert held(store) != before
