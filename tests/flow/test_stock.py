"""Stock levels and the SKUs of inventory items: ours follow the source, the merchant's stay."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.flow.plans import carried_out
from tests.flow.shirts import held, shirt, variant, wanted
from tests.flow.stage import BATCHES, ListSource, counts, details_read, sync, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Item, Level

ELSEWHERE = "sloc_elsewhere"


def stored(*rows: dict[str, Any]) -> tuple[FakeMedusa, ListSource]:
    store, source = FakeMedusa(), ListSource(list(rows))
    assert sync(source, store).exit_code == 0
    return store, source


def without_location() -> FakeMedusa:
    """A store that has no stock location, like a new one."""
    store = FakeMedusa()
    store.state.stock_locations.clear()
    store.state.store.default_location_id = None
    return store


def item_of(store: FakeMedusa, number: int = 1) -> Item:
    """The inventory item of a product with a single variant."""
    [item_id] = store.products[f"dummyjson:{number}"].variants[0].item_ids
    return store.state.items[item_id]


# --- levels ---------------------------------------------------------------------------------------------


def test_without_a_stock_location_stock_is_not_tracked() -> None:
    store, source = without_location(), ListSource([*products(2), shirt(3)])
    assert counts(carried_out(source, store)) == {"created": 3}
    assert {each.manage_inventory for each in store.state.variants().values()} == {False}
    source.rows[0] |= {"stock": source.rows[0]["stock"] + 1}
    store.requests.clear()
    assert counts(carried_out(source, store)) == {"unchanged": 3}
    assert writes(store) == []


def test_a_quiet_run_reads_no_details_in_a_store_without_a_stock_location() -> None:
    store, source = without_location(), ListSource(products(3))
    assert sync(source, store).exit_code == 0
    store.requests.clear()
    assert counts(sync(source, store)) == {"unchanged": 3}
    assert details_read(store) == []


def test_stock_is_written_once_the_store_has_a_location() -> None:
    store, source = without_location(), ListSource(products(3))
    assert sync(source, store).exit_code == 0
    other = FakeMedusa()
    store.state.stock_locations.update(other.state.stock_locations)
    store.state.store.default_location_id = other.state.store.default_location_id
    assert counts(sync(source, store)) == {"updated": 3}
    assert {each.manage_inventory for each in store.state.variants().values()} == {True}
    assert counts(sync(source, store)) == {"unchanged": 3}


def test_a_level_is_created_where_the_merchant_removed_it_and_others_stay() -> None:
    store, source = stored(*products(2))
    item = item_of(store)
    item.levels = [Level("ilev_9", ELSEWHERE, 40)]
    source.rows[0] = source.rows[0] | {"stock": 77}
    assert counts(carried_out(source, store)) == {"updated": 1, "unchanged": 1}
    levels = {each.location_id: each.stocked_quantity for each in item.levels}
    assert levels == {ELSEWHERE: 40, store.location_id: 77}


def test_stock_that_the_merchant_stopped_tracking_is_not_tracked_again() -> None:
    store, source = stored(*products(2))
    product = store.products["dummyjson:1"]
    body = {"update": [{"id": product.variants[0].id, "manage_inventory": False}]}
    store.call("POST", f"/admin/products/{product.id}/variants/batch", body)
    source.rows[0] = source.rows[0] | {"stock": 77}
    assert sync(source, store).exit_code == 0
    assert product.variants[0].manage_inventory is False


def test_an_unused_item_is_for_the_variant_with_its_sku_alone() -> None:
    row = shirt(1)
    store, source = FakeMedusa(), ListSource([row])
    store.state.items["iitem_left"] = Item("iitem_left", row["variants"][2]["sku"], "Left over")
    assert sync(source, store).exit_code == 0
    assert held(store) == wanted(row)
    users = [each.sku for each in store.state.variants().values() if "iitem_left" in each.item_ids]
    assert users == [row["variants"][2]["sku"]]


@pytest.mark.parametrize("is_first", [True, False])
def test_stock_never_goes_to_a_variant_of_the_merchant(*, is_first: bool) -> None:
    """Also if the merchant's variant comes first, and a new variant of the source arrives in the same run."""
    row = shirt(1)
    store, source = stored(row)
    product = store.products["dummyjson:1"]
    body = {"title": "Theirs", "options": {"Size": "S", "Colour": "Green"}, "prices": [], "sku": "THEIRS"}
    option = next(each for each in product.options if each.title == "Colour")
    values = {"update": [{"product_option_id": option.id, "add": [{"value": "Green"}]}]}
    store.call("POST", f"/admin/products/{product.id}/options/batch", values)
    store.call("POST", f"/admin/products/{product.id}/variants/batch", {"create": [body]})
    if is_first:
        product.variants.reverse()
    theirs = held(store)["THEIRS"]
    for number, each in enumerate(row["variants"]):
        each["stock"] = 50 + number
    row["variants"].append(variant(1, "XL", "Red", stock=99))
    assert sync(source, store).exit_code == 0
    assert held(store) == {**wanted(row), "THEIRS": theirs}


@pytest.mark.xfail(strict=True, reason="the run uses the items, and the store then deletes them")
def test_items_whose_creation_is_undone_later_are_replaced() -> None:
    """The response is lost, the store is slow, and its next step finds levels that the run has written."""
    store, source = FakeMedusa(), ListSource(products(3))

    def lose(_request: httpx.Request, step: str) -> None:
        if step == "items":
            store.between = None
            raise httpx.ReadTimeout("slow")

    store.between, store.linger = lose, 1_000
    assert sync(source, store).exit_code == 0
    store.catch_up()
    assert sync(source, store).exit_code == 0
    for each in store.state.variants().values():
        assert [store.state.items[item_id].sku for item_id in each.item_ids] == [each.sku]


# --- the SKUs of items ----------------------------------------------------------------------------------


def edited(store: FakeMedusa, sku: str | None, item_sku: str | None) -> None:
    """The merchant changes the SKUs of product 1 and of its item."""
    product = store.products["dummyjson:1"]
    item_of(store).sku = item_sku
    path = f"/admin/products/{product.id}/variants/{product.variants[0].id}"
    store.call("POST", path, {"sku": sku})


OWN = products(1)[0]["sku"]


@pytest.mark.parametrize(
    ("sku", "item_sku", "then"),
    [
        (OWN, OWN, "NEW"),
        (OWN, "MINE", "MINE"),  # an edit of the item alone
        (OWN, None, "NEW"),  # a request of another run may have been carried out late
        ("MINE", "MINE", "NEW"),
        (OWN, "NEW", "NEW"),
    ],
    ids=["ours", "the merchant's", "cleared", "both renamed", "has it already"],
)
def test_an_item_follows_its_variant_unless_the_merchant_renamed_the_item(
    sku: str, item_sku: str | None, then: str
) -> None:
    store, source = stored(*products(2))
    edited(store, sku, item_sku)
    source.rows[0] = source.rows[0] | {"sku": "NEW"}
    assert carried_out(source, store).exit_code == 0
    assert store.products["dummyjson:1"].variants[0].sku == "NEW"
    assert item_of(store).sku == then
    store.requests.clear()
    assert counts(sync(source, store)) == {"unchanged": 2}
    assert writes(store) == []


def test_an_item_keeps_its_sku_if_the_merchant_keeps_that_of_the_variant() -> None:
    store, source = stored(*products(2))
    edited(store, "MINE", OWN)
    source.rows[0] = source.rows[0] | {"sku": "NEW"}
    result = sync(source, store, on_conflict="store")
    assert (result.exit_code, result.conflicts) == (0, 1)
    assert (store.products["dummyjson:1"].variants[0].sku, item_of(store).sku) == ("MINE", OWN)


def test_an_item_is_not_renamed_for_another_field() -> None:
    store, source = stored(*products(2))
    edited(store, OWN, "MINE")
    source.rows[0] = source.rows[0] | {"price": 1_000, "stock": 7}
    assert carried_out(source, store).exit_code == 0
    assert (item_of(store).sku, item_of(store).levels[0].stocked_quantity) == ("MINE", 7)


def test_an_item_loses_the_sku_that_the_source_drops() -> None:
    store, source = stored(*products(2))
    source.rows[0] = {name: value for name, value in source.rows[0].items() if name != "sku"}
    assert carried_out(source, store).exit_code == 0
    assert (store.products["dummyjson:1"].variants[0].sku, item_of(store).sku) == (None, None)


# --- stock that begins to be tracked --------------------------------------------------------------------


def made_of(store: FakeMedusa, item_id: str) -> None:
    """A kit of the merchant contains this item."""
    parts = [{"inventory_item_id": item_id, "required_quantity": 3}]
    own = {"title": "Kit", "options": {"Default": "Default"}, "prices": [], "inventory_items": parts}
    options = [{"title": "Default", "values": ["Default"]}]
    kit = {"title": "Kit", "handle": "kit", "options": options, "variants": [own]}
    store.call("POST", BATCHES, {"create": [kit]})


@pytest.mark.parametrize("use", ["", "left over", "reserved", "kit"])
def test_a_variant_that_begins_to_be_tracked_gets_the_item_with_its_sku_that_no_other_variant_has(
    use: str,
) -> None:
    """A reserved item is left from when the variant was tracked before."""
    rows = products(2)
    bare = {name: value for name, value in rows[0].items() if name != "stock"}
    store, source = stored(bare, rows[1])
    if use:
        level = Level("ilev_9", store.location_id, 1, reserved_quantity=2 if use == "reserved" else 0)
        store.state.items["iitem_left"] = Item("iitem_left", rows[0]["sku"], "Left over", levels=[level])
    if use == "kit":
        made_of(store, "iitem_left")
    source.rows = rows
    result = sync(source, store)
    if use == "kit":
        assert (result.exit_code, counts(result)) == (5, {"failed": 1, "unchanged": 1})
        assert rows[0]["sku"] in next(iter(result.problems)).reason
        assert store.state.items["iitem_left"].levels[0].stocked_quantity == 1
        return
    assert (result.exit_code, counts(result)) == (0, {"updated": 1, "unchanged": 1})
    assert store.level_of(rows[0]["sku"]) == rows[0]["stock"]
    assert (item_of(store).id == "iitem_left") == bool(use)


@pytest.mark.parametrize("has_sku", [True, False])
def test_an_older_store_is_given_the_item_that_it_does_not_make(*, has_sku: bool) -> None:
    """Before version 2.16, a variant that begins to be tracked has no inventory item."""
    rows = products(2)
    if not has_sku:
        del rows[0]["sku"]
    store, source = stored({name: value for name, value in rows[0].items() if name != "stock"}, rows[1])

    def after(request: httpx.Request, _response: httpx.Response) -> None:
        if request.method != "POST" or b'"manage_inventory":true' not in request.content:
            return
        for each in store.state.variants().values():
            made = [item_id for item_id in each.item_ids if not store.state.items[item_id].levels]
            for item_id in made:
                del store.state.items[item_id]
                each.item_ids.remove(item_id)

    store.after = after
    source.rows = rows
    assert counts(sync(source, store)) == {"updated": 1, "unchanged": 1}
    item = item_of(store)
    assert (item.sku, item.levels[0].stocked_quantity) == (rows[0].get("sku"), rows[0]["stock"])


@pytest.mark.xfail(strict=True, reason="a dry run looks up the items only of new products")
def test_a_dry_run_knows_that_a_variant_cannot_be_tracked() -> None:
    rows = products(2)
    store, source = stored({name: value for name, value in rows[0].items() if name != "stock"}, rows[1])
    store.state.items["iitem_left"] = Item("iitem_left", rows[0]["sku"], "Part of a kit")
    made_of(store, "iitem_left")
    source.rows = rows
    carried_out(source, store)
