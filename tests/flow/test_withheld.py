"""SKUs and barcodes that several products want: one gets them, the others are stored without them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.plans import carried_out, withheld
from tests.flow.shirts import shirt, variant
from tests.flow.stage import ListSource, counts, sync, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

ANY = "100%"


def skus(store: FakeMedusa) -> dict[str, list[str | None]]:
    return {own: [each.sku for each in product.variants] for own, product in store.products.items()}


def in_conflict(count: int = 3) -> tuple[FakeMedusa, ListSource]:
    """A store in which product 2 lacks the SKU that it wants, because product 1 has it."""
    store, source = FakeMedusa(), ListSource(products(count))
    source.rows[1] = source.rows[1] | {"sku": source.rows[0]["sku"]}
    assert withheld(sync(source, store)).keys() == {"dummyjson:2"}
    return store, source


def test_a_catalogue_in_which_many_products_share_values_is_stored_whole() -> None:
    rows = products(375)
    for number in range(0, 225, 5):  # 45 of them
        first, second = rows[number], rows[number + 1]
        if number % 2:
            rows[number + 1] = second | {"sku": first["sku"]}
        else:
            rows[number + 1] = second | {"meta": {**second["meta"], "barcode": first["meta"]["barcode"]}}
    store, source = FakeMedusa(), ListSource(rows, page_size=100)
    result = carried_out(source, store)
    assert (result.exit_code, counts(result), result.withheld) == (0, {"created": 375}, 45)
    store.requests.clear()
    quiet = sync(source, store)
    assert (quiet.withheld, withheld(quiet)) == (45, {})
    assert [request.method for request in store.requests] == ["GET"]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_value_that_its_owner_gives_up_arrives_in_the_same_run(*, is_first: bool) -> None:
    store, source = in_conflict()
    wanted = source.rows[0]["sku"]
    source.rows[0] = source.rows[0] | {"sku": "OTHER"}
    if not is_first:
        source.rows.reverse()
    result = carried_out(source, store)
    assert (result.exit_code, counts(result), result.withheld) == (0, {"updated": 2, "unchanged": 1}, 0)
    assert skus(store) == {
        "dummyjson:1": ["OTHER"],
        "dummyjson:2": [wanted],
        "dummyjson:3": [source.rows[0 if not is_first else 2]["sku"]],
    }
    store.requests.clear()
    assert counts(sync(source, store)) == {"unchanged": 3}
    assert [request.method for request in store.requests] == ["GET"]


def test_the_value_of_a_removed_product_arrives_in_the_next_run() -> None:
    store, source = in_conflict()
    wanted = source.rows[0]["sku"]
    source.rows = source.rows[1:]
    options: dict[str, Any] = {"on_missing": "delete", "max_removals": ANY}
    assert sync(source, store, **options).exit_code == 0
    assert sync(source, store, **options).exit_code == 0
    assert skus(store)["dummyjson:2"] == [wanted]
    store.requests.clear()
    assert (sync(source, store).withheld, writes(store)) == (0, [])


def test_a_source_that_stops_wanting_a_withheld_value_is_quiet_again() -> None:
    store, source = in_conflict()
    source.rows[1] = source.rows[1] | {"sku": "OWN"}
    result = carried_out(source, store)
    assert (counts(result), result.withheld) == ({"updated": 1, "unchanged": 2}, 0)
    assert skus(store)["dummyjson:2"] == ["OWN"]


def test_other_changes_of_a_product_arrive_while_a_value_is_withheld() -> None:
    store, source = in_conflict()
    source.rows[1] = source.rows[1] | {"price": 12.5}
    result = carried_out(source, store)
    assert (counts(result), result.withheld, withheld(result)) == ({"updated": 1, "unchanged": 2}, 1, {})
    [own] = store.products["dummyjson:2"].variants
    assert ([price.amount for price in own.prices], own.sku) == ([12.5], None)
    store.requests.clear()
    assert (sync(source, store).withheld, writes(store)) == (1, [])


def test_variants_of_a_product_with_the_same_barcode_are_stored_without_it() -> None:
    row = shirt(1)
    for each in row["variants"][1:]:
        each["barcode"] = row["variants"][0]["barcode"]
    store, source = FakeMedusa(), ListSource([row])
    result = carried_out(source, store)
    assert (result.exit_code, result.withheld) == (0, len(row["variants"]) - 1)
    barcodes = [each.barcode for each in store.products["dummyjson:1"].variants]
    assert sorted(barcodes, key=str) == sorted([row["variants"][0]["barcode"], *[None] * 5], key=str)
    store.requests.clear()
    assert (sync(source, store).withheld, writes(store)) == (result.withheld, [])


def test_a_new_variant_that_repeats_the_sku_of_a_stored_one_is_added_without_it() -> None:
    store, source = FakeMedusa(), ListSource([shirt(1)])
    sync(source, store)
    source.rows[0]["variants"].append(variant(1, "XL", "Red", sku="SH1-S-R", barcode=None))
    result = carried_out(source, store)
    assert (result.exit_code, withheld(result)) == (0, {"dummyjson:1": [("sku", "SH1-S-R")]})
    assert len(store.products["dummyjson:1"].variants) == len(source.rows[0]["variants"])
    store.requests.clear()
    assert (sync(source, store).withheld, writes(store)) == (1, [])


@pytest.mark.parametrize("is_first", [True, False])
def test_a_stored_variant_stays_the_same_if_another_one_repeats_its_sku(*, is_first: bool) -> None:
    """Without ids, the SKU was the key of the stored one."""
    row = shirt(1)
    for each in row["variants"]:
        del each["id"]
    store, source = FakeMedusa(), ListSource([row])
    sync(source, store)
    before = {tuple(each.options.values()): each.id for each in store.products["dummyjson:1"].variants}
    twin = variant(1, "XL", "Red", sku="SH1-S-R", barcode=None, id=None)
    row["variants"].insert(0 if is_first else len(row["variants"]), twin)
    result = sync(source, store)
    after = {tuple(each.options.values()): each.id for each in store.products["dummyjson:1"].variants}
    assert (result.exit_code, result.withheld) == (0, 1)
    assert after | before == after
    store.requests.clear()
    assert (sync(source, store).withheld, writes(store)) == (1, [])
