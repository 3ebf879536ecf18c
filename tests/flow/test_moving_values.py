"""Values that move between variants in ways that once went wrong, until the next change or for good."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flow.faults import no, refuse
from tests.flow.merchant import create, delete_variants, edit_variant
from tests.flow.plans import carried_out
from tests.flow.shirts import assert_shirts, held
from tests.flow.stage import (
    ListSource,
    assert_exact,
    assert_items_follow,
    assert_quiet,
    counts,
    is_write,
    sync,
    synced,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirt, shirts, variant
from tests.world.results import withheld

Row = dict[str, Any]
DELETE = {"on_missing": "delete", "max_removals": "100%"}


def plain(number: int, sku: str | None = None, code: str | None = None, **fields: Any) -> Row:
    """A product with one variant."""
    row = {"id": number, "title": f"Product {number}", "price": 1, **fields}
    return row | ({"sku": sku} if sku else {}) | ({"meta": {"barcode": code}} if code else {})


def skus(store: FakeMedusa) -> dict[str, str | None]:
    return {own: each.variants[0].sku for own, each in store.products.items()}


@pytest.mark.parametrize("batch_size", [1, 15])
def test_an_item_follows_its_variant_although_the_store_refused_the_product_that_had_its_sku(
    batch_size: int,
) -> None:
    one, two = products(2)
    store = synced([one, two])
    rows = [one | {"sku": two["sku"], "title": "Refused"}, two | {"sku": one["sku"]}]
    refuse(store, lambda request: is_write(request) and b'"Refused"' in request.content, no())
    result = sync(ListSource(rows), store, batch_size=batch_size)
    assert [each.external_id for each in result.problems] == ["dummyjson:1"]
    assert_items_follow(store)
    store.before = None
    assert sync(ListSource(rows), store, batch_size=batch_size).exit_code == 0
    assert_exact(rows, store)
    assert_quiet(ListSource(rows), store)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_two_variants_exchange_skus_although_a_sibling_wants_one_of_them(place: int) -> None:
    row = shirt(1)
    store, variants = synced([row]), row["variants"][:3]
    third = variants.pop(place)
    one, two = variants
    one["sku"], two["sku"] = two["sku"], one["sku"]
    third["sku"] = one["sku"]
    source = ListSource([row])
    assert carried_out(source, store).withheld == 1
    found = {each.title: each.sku for each in store.products["dummyjson:1"].variants}
    assert {one["sku"], two["sku"]} <= set(found.values())
    assert found[f"{two['options']['Size']} / {two['options']['Colour']}"] == two["sku"]
    assert_items_follow(store)
    store.requests.clear()
    assert (sync(source, store).withheld, writes(store)) == (1, [])


@pytest.mark.parametrize("way", ["limit", "missing", "invalid"])
def test_a_value_arrives_that_was_given_up_in_a_run_that_did_not_get_to_the_product(way: str) -> None:
    """Its former owner waits for another value."""
    one, two, three = plain(1, "X", "10"), plain(2, "TWO", "20"), plain(3, "X", "30")
    store = FakeMedusa()
    assert sync(ListSource([one, two, three]), store).withheld == 1
    rows = [one | {"sku": "NEW", "meta": {"barcode": "20"}}, two, three]
    partly = {"limit": rows, "missing": rows[:2], "invalid": [*rows[:2], three | {"price": "none"}]}
    assert sync(ListSource(partly[way]), store, limit=2 if way == "limit" else None).withheld == 1
    assert carried_out(ListSource(rows), store).exit_code == 0
    assert skus(store)["dummyjson:3"] == "X"
    store.requests.clear()
    assert (sync(ListSource(rows), store).withheld, writes(store)) == (1, [])


@pytest.mark.parametrize("batch_size", [1, 15])
@pytest.mark.parametrize("into", [0, 1])
def test_a_variant_that_is_tracked_again_with_another_sku_does_not_get_the_stock_of_a_new_one(
    into: int, batch_size: int
) -> None:
    """The item of the time before has its old SKU, which the new variant gets."""
    rows = [shirt(1, variants=[variant(1, "S", "Red", sku="OLD")]), shirt(2)]
    store, bare = synced(rows), variant(1, "S", "Red", sku="OLD", stock=None)
    assert sync(ListSource([rows[0] | {"variants": [bare]}, rows[1]]), store).exit_code == 0
    rows[0]["variants"] = [variant(1, "S", "Red", sku="NEW", stock=50)]
    rows[into]["variants"].append(variant(into + 1, "XL", "Red", sku="OLD", barcode=None, stock=70))
    source = ListSource(rows)
    assert carried_out(source, store, batch_size=batch_size).exit_code == 0
    assert_shirts(rows, store)
    assert_quiet(source, store)


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_product_that_does_not_get_its_sku_leaves_no_inventory_item(*, is_stored: bool) -> None:
    owner, rows = plain(1, "X"), [plain(2, "Y", stock=3), plain(3, "X", stock=7)]
    store = synced([owner]) if is_stored else FakeMedusa()
    source = ListSource([owner, *rows])
    assert carried_out(source, store).withheld == 1
    assert sorted(str(each.sku) for each in store.state.live_items()) == ["None", "Y"]
    assert_items_follow(store)


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_dry_run_gives_a_freed_value_to_the_same_product_as_a_run(concurrency: int) -> None:
    rows = [plain(1, code="10"), plain(2, code="20")]
    store = synced(rows)
    source = ListSource([plain(1), plain(3, code="10"), plain(2, code="10")])
    result = carried_out(source, store, batch_size=1, concurrency=concurrency)
    assert withheld(result) == {"dummyjson:2": [("barcode", "10")]}


@pytest.mark.parametrize("batch_size", [1, 15])
@pytest.mark.parametrize("has_handle", [True, False])
def test_a_product_with_a_new_id_replaces_the_one_that_is_removed(
    batch_size: int, *, has_handle: bool
) -> None:
    rows = [plain(1, "ONE"), plain(5, "SAME") | ({"handle": "same"} if has_handle else {})]
    store = synced(rows)
    handle = store.products["dummyjson:5"].handle
    source = ListSource([rows[0], rows[1] | {"id": 99}])
    result = carried_out(source, store, batch_size=batch_size, **DELETE)
    assert counts(result) == {"unchanged": 1, "created": 1, "removed": 1}
    assert skus(store) == {"dummyjson:1": "ONE", "dummyjson:99": "SAME"}
    assert store.products["dummyjson:99"].handle == handle
    assert_quiet(source, store, **DELETE)


def test_a_conflict_is_reported_although_the_values_of_siblings_are_cleared_first() -> None:
    row = shirt(1)
    store, variants = synced([row]), row["variants"][:3]
    edit_variant(store, 1, "SH1-S-R", sku="THEIRS")
    moved = [each["sku"] for each in variants]
    for each, sku in zip(variants, [*moved[1:], moved[0]], strict=True):
        each["sku"] = sku
    source = ListSource([row])
    [outcome] = carried_out(source, store).changes
    assert [(each.field, each.stored) for each in outcome.conflicts] == [("sku", "THEIRS")]
    assert_shirts([row], store)
    assert_quiet(source, store)


def test_an_sku_that_only_an_inventory_item_has_stays_withheld() -> None:
    """The merchant has changed that of its variant; a new variant with the old one would need an item."""
    one, two = plain(1, "SAME", stock=3), plain(2, "SAME", stock=5)
    store = synced([one])
    edit_variant(store, 1, sku="THEIRS")
    source = ListSource([one, two])
    assert carried_out(source, store).withheld == 1
    store.requests.clear()
    assert (sync(source, store).withheld, writes(store)) == (1, [])


def test_an_sku_arrives_after_the_merchant_changed_that_of_the_variant_that_had_it() -> None:
    """Its inventory item still has the old one, which is no obstacle for a variant with an item."""
    rows = [plain(1, "SAME", stock=3), plain(2, "OLD", stock=5)]
    store = synced(rows)
    rows[1] = plain(2, "SAME", stock=5)
    source = ListSource(rows)
    assert carried_out(source, store).withheld == 1
    edit_variant(store, 1, sku="THEIRS")
    assert carried_out(source, store).withheld == 0
    assert skus(store) == {"dummyjson:1": "THEIRS", "dummyjson:2": "SAME"}
    assert_quiet(source, store)


def delete_product(store: FakeMedusa) -> None:
    store.call("DELETE", f"/admin/products/{store.products['dummyjson:1'].id}")


def delete_variant(store: FakeMedusa) -> None:
    [own] = [each.id for each in store.products["dummyjson:1"].variants if each.sku == "SH1-S-R"]
    delete_variants(store, 1, own)


@pytest.mark.parametrize("delete", [delete_product, delete_variant])
def test_a_value_arrives_after_the_merchant_deleted_what_had_it(delete: Callable[[FakeMedusa], None]) -> None:
    rows = shirts(2)
    rows[1]["variants"][0]["sku"] = "SH1-S-R"
    store, source, options = FakeMedusa(), ListSource(rows), {"on_deleted": "skip"}
    assert sync(source, store).withheld == 1
    delete(store)
    assert carried_out(source, store, **options).exit_code == 0
    assert "SH1-S-R" in held(store, 2)
    assert_items_follow(store)
    store.requests.clear()
    assert (sync(source, store, **options).exit_code, writes(store)) == (0, [])


def test_products_that_are_adopted_exchange_barcodes() -> None:
    store = FakeMedusa()
    for title, code in (("Product 1", "10"), ("Product 2", "20")):
        create(store, title, variant={"barcode": code})
    source = ListSource([plain(1, code="20"), plain(2, code="10")])
    result = carried_out(source, store, adopt=True)
    assert (result.exit_code, result.withheld) == (0, 0)
    codes = {own: each.variants[0].barcode for own, each in store.products.items()}
    assert codes == {"dummyjson:1": "20", "dummyjson:2": "10"}
    assert_quiet(source, store)
