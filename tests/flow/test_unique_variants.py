"""Variants that want the SKUs or barcodes of others, in one product or in another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.flow.merchant import edit_variant
from tests.flow.plans import carried_out, owners, withheld
from tests.flow.shirts import shirt, variant
from tests.flow.stage import ListSource, sync, writes
from tests.harness.fake_medusa import FakeMedusa

Row = dict[str, Any]


def moved_within(rows: list[Row]) -> None:
    """The SKU of a dropped variant goes to its sibling, and the second product wants it, too."""
    moved = rows[0]["variants"].pop(0)
    rows[0]["variants"][0]["sku"] = moved["sku"]
    rows[1]["variants"] = [rows[1]["variants"][0] | {"sku": moved["sku"]}]


def moved_within_the_second(rows: list[Row]) -> None:
    moved_within(rows)
    rows.reverse()


def new_one_with_that_of_another_product(rows: list[Row]) -> None:
    rows[0]["variants"].append(variant(1, "XL", "Red", sku="SH2-S-R"))


def new_one_with_that_of_a_sibling(rows: list[Row]) -> None:
    rows[0]["variants"].append(variant(1, "XL", "Red", sku="SH1-S-R", barcode=None))


@pytest.mark.parametrize(
    ("change", "lacking", "owner"),
    [
        (moved_within, {"dummyjson:2": [("sku", "SH1-S-R")]}, "dummyjson:1 "),
        (moved_within_the_second, {"dummyjson:2": [("sku", "SH1-S-R")]}, "dummyjson:1 "),
        (new_one_with_that_of_another_product, {"dummyjson:1": [("sku", "SH2-S-R")]}, "dummyjson:2 "),
        (new_one_with_that_of_a_sibling, {"dummyjson:1": [("sku", "SH1-S-R")]}, "another variant"),
    ],
)
def test_a_variant_whose_sku_has_an_owner_is_stored_without_it(
    change: Callable[[list[Row]], None], lacking: dict[str, list[tuple[str, str]]], owner: str
) -> None:
    store, rows = FakeMedusa(), [shirt(1), shirt(2)]
    sync(ListSource([shirt(1), shirt(2)]), store)
    change(rows)
    result = carried_out(ListSource(rows), store)
    assert (result.exit_code, withheld(result)) == (0, lacking)
    assert all(each.startswith(owner) for each in owners(result))
    store.requests.clear()
    assert (sync(ListSource(rows), store).withheld, writes(store)) == (1, [])


def test_variants_of_a_product_with_the_same_barcode_are_stored_without_it() -> None:
    row = shirt(1)
    for each in row["variants"][1:]:
        each["barcode"] = row["variants"][0]["barcode"]
    store, source = FakeMedusa(), ListSource([row])
    result = carried_out(source, store)
    assert (result.exit_code, result.withheld) == (0, 5)
    barcodes = [each.barcode for each in store.products["dummyjson:1"].variants]
    assert sorted(barcodes, key=str) == sorted([row["variants"][0]["barcode"], *[None] * 5], key=str)
    store.requests.clear()
    assert (sync(source, store).withheld, writes(store)) == (5, [])


def test_a_variant_of_the_merchant_in_the_same_product_keeps_its_sku() -> None:
    store, row = FakeMedusa(), shirt(1, title="Better shirt")
    sync(ListSource([shirt(1)]), store)
    edited = next(each for each in store.products["dummyjson:1"].variants if each.sku == "SH1-S-R")
    edit_variant(store, 1, "SH1-S-R", sku="MERCHANT")
    row["variants"][1]["sku"] = "MERCHANT"
    result = carried_out(ListSource([row]), store)
    assert (result.exit_code, withheld(result)) == (0, {"dummyjson:1": [("sku", "MERCHANT")]})
    assert owners(result) == {f"another variant of this product ({edited.id})"}
    assert store.products["dummyjson:1"].title == "Better shirt"
    assert store.state.variants()[edited.id].sku == "MERCHANT"


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
    assert (result.exit_code, result.withheld, after | before == after) == (0, 1, True)
    store.requests.clear()
    assert (sync(source, store).withheld, writes(store)) == (1, [])
