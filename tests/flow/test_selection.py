"""Runs that sync only some fields, or only new or only stored products."""

from typing import Any

import pytest

from tests.flow.merchant import add_variant, edit, edit_variant
from tests.flow.plans import carried_out
from tests.flow.shirts import assert_shirts, held
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    assert_quiet,
    counts,
    sync,
    synced,
    writes,
)
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirt, variant

CUP: dict[str, Any] = {
    "id": 1,
    "title": "Cup",
    "description": "A cup. " * 20,
    "price": 5,
    "sku": "CUP",
    "stock": 4,
    "tags": ["blue"],
    "category": "cups",
    "brand": "Clay & Co",
    "images": ["https://example.com/1.png"],
}
NEW = CUP | {
    "title": "Better cup",
    "description": "A better cup. " * 20,
    "price": 6,
    "stock": 9,
    "tags": ["red"],
    "category": "mugs",
    "brand": "Mud & Co",
    "images": ["https://example.com/2.png"],
}
FIELDS = {"title", "description", "price", "stock", "tags", "categories", "metadata", "images", "thumbnail"}
MUG = NEW | {"id": 2, "sku": "MUG"}


def changed(result: Any) -> set[str]:
    """The fields, and `metadata` for any of its keys."""
    fields = {change.field for outcome in result.changes for change in outcome.changes}
    return {each.partition(".")[0] for each in fields}


@pytest.mark.parametrize(
    ("options", "synced_fields"),
    [
        ({"only": "price,stock"}, {"price", "stock"}),
        ({"only": "price"}, {"price"}),
        *(({"skip": name}, FIELDS - {name}) for name in sorted(FIELDS - {"stock", "thumbnail"})),
    ],
    ids=lambda value: "" if isinstance(value, set) else str(value),
)
def test_only_the_chosen_fields_are_synced_and_the_next_full_run_sends_exactly_the_others(
    options: dict[str, str], synced_fields: set[str]
) -> None:
    """Nothing is created for the others, edits of them stay, and they are no conflict."""
    store = synced([CUP])
    if "title" not in synced_fields:
        edit(store, 1, title="Mine")
    result = sync(ListSource([NEW]), store, **options)
    assert (changed(result), result.conflicts) == (synced_fields, 0)
    product = store.products["dummyjson:1"]
    assert product.title == ("Better cup" if "title" in synced_fields else "Mine")
    assert store.level_of("CUP") == (9 if "stock" in synced_fields else 4)
    assert len(store.state.tags) == 1 + ("tags" in synced_fields)
    assert len(store.state.categories) == 1 + ("categories" in synced_fields)
    assert_quiet(ListSource([NEW]), store, **options)
    result = sync(ListSource([NEW]), store)
    assert (changed(result), result.conflicts) == (FIELDS - synced_fields, "title" not in synced_fields)
    assert_quiet(ListSource([NEW]), store)


def test_new_products_are_created_with_all_fields() -> None:
    store = FakeMedusa()
    assert counts(sync(ListSource([CUP]), store, only="price")) == {"created": 1}
    assert_quiet(ListSource([CUP]), store)


def test_variants_are_neither_created_nor_dropped_nor_renamed_if_they_are_not_chosen() -> None:
    store, row = synced([shirt(1)]), shirt(1)
    row["variants"][0] |= {"price": 99, "options": {"Size": "XS", "Colour": "Red"}}
    row["variants"][1] = variant(1, "XL", "Red")
    source, before = ListSource([row]), held(store)
    assert changed(sync(source, store, only="price")) == {"price"}
    assert held(store) == before | {"SH1-S-R": before["SH1-S-R"] | {"price": {"usd": 99}}}
    assert_quiet(source, store, only="price")
    assert changed(sync(source, store)) >= {"option", "variant"}
    assert "SH1-XL-R" in held(store)
    assert_quiet(source, store)


@pytest.mark.parametrize("options", [{"only": "price"}, {"skip": "variants"}], ids=str)
def test_a_variant_that_the_merchant_added_first_is_synced_once_variants_are(options: dict[str, str]) -> None:
    store, row = synced([shirt(1)]), shirt(1, title="Better shirt")
    add_variant(store, 1, {"Size": "XL", "Colour": "Red"}, sku="SH1-XL-R")
    row["variants"][0]["price"], before = 99, held(store)["SH1-XL-R"]
    row["variants"].append(variant(1, "XL", "Red"))
    source = ListSource([row])
    assert changed(carried_out(source, store, **options)) >= {"price"}
    assert (held(store)["SH1-XL-R"], held(store)["SH1-S-R"]["price"]) == (before, {"usd": 99})
    assert_quiet(source, store, **options)
    carried_out(source, store)
    assert_shirts([row], store)


@pytest.mark.parametrize("on_missing", ["draft", "delete"])
@pytest.mark.parametrize("options", [{"only": "price"}, {"skip": "variants"}], ids=str)
def test_a_dropped_variant_that_is_back_is_not_removed_if_variants_are_not_synced(
    options: dict[str, str], on_missing: str
) -> None:
    store, removing = synced([shirt(1)]), {"on_missing": on_missing, "max_removals": "100%"}
    sync(ListSource([shirt(1, variants=shirt(1)["variants"][:4])]), store)
    before = held(store)
    for chosen in (options, options | {"dry_run": "true"}, options, {}):
        assert sync(ListSource([shirt(1)]), store, **removing, **chosen).exit_code == 0
        assert held(store) == before


def test_a_run_that_does_not_sync_skus_counts_those_that_are_withheld() -> None:
    rows = [CUP | {"id": number, "sku": "SHARED", "meta": {"barcode": "40"}} for number in (1, 2)]
    store = synced(rows)
    assert_quiet(ListSource([rows[0] | {"meta": {}}, rows[1]]), store, skip="barcode")
    assert_quiet(ListSource([rows[0] | {"sku": "OTHER"}, rows[1]]), store, only="price")
    rows[1] |= {"price": 99}
    result = sync(ListSource(rows), store, only="price")
    assert (counts(result), result.withheld) == ({"updated": 1, "unchanged": 1}, 2)


@pytest.mark.parametrize("options", [{"only": "sku"}, {"skip": "title"}], ids=str)
def test_products_that_exchange_skus_get_only_the_chosen_fields(options: dict[str, str]) -> None:
    rows = [CUP, MUG]
    store, source = synced(rows), ListSource([CUP | {"sku": "MUG", "title": "New"}, MUG | {"sku": "CUP"}])
    assert changed(carried_out(source, store, **options)) == {"sku"}
    assert_quiet(source, store, **options)


@pytest.mark.parametrize("options", [{"skip": "title"}, {"only": "variants"}], ids=str)
def test_a_product_that_lost_its_variants_while_titles_were_not_synced(options: dict[str, str]) -> None:
    store, source = synced([shirt(1)]), ListSource([CUP])
    chosen = options | {"on_missing": "delete", "max_removals": "100%"}
    assert sync(source, store, **chosen).exit_code == 0
    assert changed(carried_out(source, store)) >= {"title"}
    assert [each.title for each in store.products["dummyjson:1"].variants] == ["Default"]
    assert_quiet(source, store)


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("option", "expected"),
    [("no_create", {"updated": 1, "skipped": 1}), ("no_update", {"created": 1, "skipped": 1})],
)
def test_new_or_stored_products_are_skipped(option: str, expected: dict[str, int], *, dry_run: bool) -> None:
    store = synced([CUP])
    result = sync(ListSource([NEW, MUG]), store, dry_run=dry_run, **{option: True})
    assert (counts(result), result.exit_code) == (expected, 0)
    assert bool(writes(store)) is not dry_run
    if not dry_run:
        assert len(store.products) == 1 + (option == "no_update")
        assert store.products["dummyjson:1"].title == ("Cup" if option == "no_update" else "Better cup")


def test_the_sale_price_belongs_to_the_price() -> None:
    store = synced([CUP | {"price": 8, "compareAtPrice": 10}], sale_prices=True)
    ended = ListSource([CUP | {"price": 20}], sale_prices=True)
    assert changed(sync(ended, store, sale_prices=True, only="price,stock")) == {"price", "sale_price"}
    assert all(price.is_deleted for price in store.state.list_prices.values())


def test_what_a_new_variant_got_is_known_although_it_is_not_synced_later() -> None:
    """An edit of its barcode stays, and its sale price is removed when the discount ends."""
    store, row = synced([shirt(1, variants=shirt(1)["variants"][1:])]), shirt(1)
    row["variants"][0]["compareAtPrice"] = 50
    source = ListSource([row], sale_prices=True)
    assert counts(sync(source, store, sale_prices=True, skip="price,barcode")) == {"updated": 1}
    assert len(store.state.list_prices) == 1
    edit_variant(store, 1, "SH1-S-R", barcode="4711")
    del row["variants"][0]["compareAtPrice"]
    result = sync(source, store, sale_prices=True, accept_settings=True)
    assert (changed(result), result.conflicts) == ({"price", "sale_price"}, 0)
    assert all(price.is_deleted for price in store.state.list_prices.values())
    assert held(store)["SH1-S-R"]["barcode"] == "4711"


@pytest.mark.parametrize("currency", ["eur", "usd"])
def test_a_price_is_named_by_its_currency_also_if_it_is_that_of_the_settings(currency: str) -> None:
    other = {"eur": "usd", "usd": "eur"}[currency]
    store = FakeMedusa()
    rows = [{"id": 1, "title": "Cup", "sku": "CUP", "price": price, "prices": {other: 7}} for price in (5, 6)]
    old, new = (ListSource([row], currency=currency) for row in rows)
    sync(old, store, currency=currency)
    sync(new, store, currency=currency, skip=f"price.{currency}")
    assert amounts(store) == {currency: 5, other: 7}
    sync(new, store, currency=currency, only=f"price.{other}")
    assert amounts(store) == {currency: 5, other: 7}
    sync(new, store, currency=currency, only=f"price.{currency}")
    assert amounts(store) == {currency: 6, other: 7}


def amounts(store: FakeMedusa) -> dict[str, Any]:
    [cup] = store.products[f"{SOURCE_NAME}:1"].variants
    return {each.currency_code: each.amount for each in cup.prices}
