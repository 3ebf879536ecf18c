"""Inventory items and their levels."""

from typing import Any

import pytest

from tests.contract.shop import LEVELS, Shop, View, item_of, prices_of, variant_of


def levels_of(shop: Shop, item_id: str) -> dict[str, float]:
    """Stocked quantities by location."""
    response = shop.call("GET", "/admin/inventory-items", **{"id[]": [item_id]})
    (item,) = response["inventory_items"]
    return {level["location_id"]: level["stocked_quantity"] for level in item["location_levels"]}


def managed(shop: Shop, product: View, *, wanted: bool) -> View:
    return shop.update(product, variants=[{"id": variant_of(product)["id"], "manage_inventory": wanted}])


def taken(sku: str) -> tuple[int, str, str]:
    return 400, "invalid_data", f"Inventory item with sku: {sku}, already exists."


@pytest.fixture
def product(shop: Shop) -> View:
    return shop.create()


@pytest.fixture
def second_location(shop: Shop) -> str:
    location = shop.call("POST", "/admin/stock-locations", {"name": " Second "})["stock_location"]
    assert location["name"] == "Second"
    location_id: str = location["id"]
    return location_id


# --- levels ---


def test_an_item_is_found_by_sku_with_its_levels(shop: Shop, product: View) -> None:
    fields = "id,location_levels.location_id,location_levels.stocked_quantity"
    shop.call("POST", LEVELS, {"create": [shop.level(item_of(product), 7)]})
    response = shop.call("GET", "/admin/inventory-items", **{"sku[]": ["SKU-1", "x"], "fields": fields})
    (item,) = response["inventory_items"]
    (level,) = item["location_levels"]
    assert item["id"] == item_of(product)
    assert (level["location_id"], level["stocked_quantity"]) == (shop.location_id, 7)


def test_a_managed_variant_has_an_item_without_a_level(shop: Shop, product: View) -> None:
    assert levels_of(shop, item_of(product)) == {}


def test_levels_are_created_and_updated(shop: Shop, product: View, second_location: str) -> None:
    item_id = item_of(product)
    response = shop.call("POST", LEVELS, {"create": [shop.level(item_id, 7)]})
    assert [level["stocked_quantity"] for level in response["created"]] == [7]
    mixed = {
        "create": [{"inventory_item_id": item_id, "location_id": second_location}],
        "update": [shop.level(item_id, 3), shop.level(item_id, 4)],
    }
    response = shop.call("POST", LEVELS, mixed)
    assert [level["inventory_item_id"] for level in response["created"]] == [item_id]
    assert levels_of(shop, item_id) == {shop.location_id: 4, second_location: 0}


def test_a_level_cannot_be_created_twice(shop: Shop, product: View) -> None:
    other, level = shop.create(2), shop.level(item_of(product), 7)
    message = "Inventory level with inventory_item_id: <id>, location_id: <id>, already exists."
    assert shop.refusal("POST", LEVELS, {"create": [level, level]}) == (400, "invalid_data", message)
    assert levels_of(shop, item_of(product)) == {}
    shop.call("POST", LEVELS, {"create": [level]})
    body = {"create": [shop.level(item_of(other), 1), shop.level(item_of(product), 8)]}
    assert shop.refusal("POST", LEVELS, body) == (400, "invalid_data", message)
    assert levels_of(shop, item_of(product)) == {shop.location_id: 7}
    assert levels_of(shop, item_of(other)) == {}


def test_only_existing_levels_can_be_updated(shop: Shop, product: View) -> None:
    other = shop.create(2)
    shop.call("POST", LEVELS, {"create": [shop.level(item_of(product), 7)]})
    body = {"update": [shop.level(item_of(product), 8), shop.level(item_of(other), 8)]}
    message = "Item <id> is not stocked at location <id>"
    assert shop.refusal("POST", LEVELS, body) == (404, "not_found", message)
    assert levels_of(shop, item_of(product)) == {shop.location_id: 7}
    body = {"update": [shop.level("iitem_gone", 8), shop.level("iitem_lost", 8)]}
    message = (
        "Item iitem_gone is not stocked at location <id>, Item iitem_lost is not stocked at location <id>"
    )
    assert shop.refusal("POST", LEVELS, body) == (404, "not_found", message)


def test_a_new_level_needs_an_existing_item_but_not_an_existing_location(shop: Shop, product: View) -> None:
    message = "You tried to set relationship inventory_item_id: iitem_gone, but such entity does not exist"
    body = {"create": [shop.level("iitem_gone", 1)]}
    assert shop.refusal("POST", LEVELS, body) == (404, "not_found", message)
    shop.call("POST", LEVELS, {"create": [shop.level(item_of(product), 1, "sloc_gone")]})


def test_levels_are_deleted(shop: Shop, product: View, second_location: str) -> None:
    item_id = item_of(product)
    levels = [shop.level(item_id, 7), shop.level(item_id, 0, second_location)]
    created = shop.call("POST", LEVELS, {"create": levels})["created"]
    ids = {level["location_id"]: level["id"] for level in created}
    response = shop.call("POST", LEVELS, {"delete": [ids[second_location], "ilev_gone"]})
    assert response["deleted"] == [ids[second_location], "ilev_gone"]
    assert levels_of(shop, item_id) == {shop.location_id: 7}
    status, kind, message = shop.refusal("POST", LEVELS, {"delete": [ids[shop.location_id]]})
    assert (status, kind) == (400, "not_allowed")
    assert message.endswith("Use force flag to delete anyway.")
    shop.call("POST", LEVELS, {"delete": [ids[shop.location_id]], "force": True})
    assert levels_of(shop, item_id) == {}


@pytest.mark.parametrize("quantity", [0, 1.5, 10**15])
def test_quantities_cannot_be_negative(shop: Shop, product: View, quantity: float) -> None:
    shop.call("POST", LEVELS, {"create": [shop.level(item_of(product), quantity)]})
    assert levels_of(shop, item_of(product)) == {shop.location_id: quantity}


# --- items ---


def test_an_unmanaged_variant_has_no_item(shop: Shop) -> None:
    product = shop.create(variant={"manage_inventory": False})
    assert variant_of(product)["inventory_items"] == []
    assert shop.call("GET", "/admin/inventory-items")["count"] == 0


def test_managing_a_variant_creates_its_item(shop: Shop) -> None:
    product = managed(shop, shop.create(variant={"manage_inventory": False}), wanted=True)
    assert variant_of(product)["inventory_items"][0]["inventory"]["sku"] == "SKU-1"
    assert managed(shop, product, wanted=True) == product


def test_a_variant_that_is_no_longer_managed_leaves_its_item(shop: Shop, product: View) -> None:
    item_id = item_of(product)
    shop.call("POST", LEVELS, {"create": [shop.level(item_id, 7)]})
    updated = managed(shop, product, wanted=False)
    assert (variant_of(updated)["inventory_items"], variant_of(updated)["manage_inventory"]) == ([], False)
    assert levels_of(shop, item_id) == {shop.location_id: 7}


def test_an_unlinked_item_keeps_its_sku(shop: Shop, product: View) -> None:
    managed(shop, product, wanted=False)
    # Not even its own variant gets it back, and part of the update stays.
    body = {"id": variant_of(product)["id"], "manage_inventory": True}
    assert shop.batch_refusal(update=[{"id": product["id"], "variants": [body]}]) == taken("SKU-1")
    variant = variant_of(shop.product(product["id"]))
    assert (variant["manage_inventory"], variant["inventory_items"]) == (True, [])


def test_the_item_of_a_deleted_variant_keeps_its_sku(shop: Shop, product: View) -> None:
    shop.update(product, variants=[])
    assert shop.batch_refusal(create=[shop.body(2, variant={"sku": "SKU-1"})]) == taken("SKU-1")
    assert shop.products().keys() == {"contract:1"}
    unmanaged = {"sku": "SKU-1", "manage_inventory": False}
    assert variant_of(shop.create(2, variant=unmanaged))["sku"] == "SKU-1"


def test_the_sku_of_an_item_does_not_follow_its_variant(shop: Shop, product: View) -> None:
    updated = shop.update(product, variants=[{"id": variant_of(product)["id"], "sku": "NEW"}])
    assert variant_of(updated)["inventory_items"][0]["inventory"]["sku"] == "SKU-1"
    assert shop.batch_refusal(create=[shop.body(2, variant={"sku": "SKU-1"})]) == taken("SKU-1")


@pytest.mark.parametrize("sku", ["NEW", None])
def test_renaming_an_item_frees_its_sku(shop: Shop, product: View, sku: str | None) -> None:
    response = shop.call("POST", f"/admin/inventory-items/{item_of(product)}", {"sku": sku}, fields="id,sku")
    assert response == {"inventory_item": {"id": item_of(product), "sku": sku}}
    shop.update(product, variants=[{"id": variant_of(product)["id"], "sku": sku}])
    other = shop.create(2, variant={"sku": "SKU-1"})
    assert variant_of(other)["inventory_items"][0]["inventory"]["sku"] == "SKU-1"


def test_an_item_cannot_have_the_sku_of_another(shop: Shop, product: View) -> None:
    shop.create(2)
    path = f"/admin/inventory-items/{item_of(product)}"
    assert shop.refusal("POST", path, {"sku": "SKU-2"}) == taken("SKU-2")
    assert shop.refusal("POST", "/admin/inventory-items/iitem_gone", {"sku": "NEW"})[0] == 404


def test_a_variant_is_not_created_if_its_item_cannot_be(shop: Shop, product: View) -> None:
    other = managed(shop, shop.create(2), wanted=False)
    shop.update(other, variants=[{"id": variant_of(other)["id"], "sku": None}])
    option = {"product_option_id": product["options"][0]["id"], "add": [{"value": "Two"}]}
    shop.call("POST", f"/admin/products/{product['id']}/options/batch", {"update": [option]})
    body: dict[str, Any] = {"title": "Two", "sku": "SKU-2", "options": {"Default": "Two"}, "prices": []}
    assert shop.refusal("POST", f"/admin/products/{product['id']}/variants", body) == taken("SKU-2")
    assert len(shop.product(product["id"])["variants"]) == 1


def test_a_variant_is_unchanged_if_its_item_cannot_be_created(shop: Shop, product: View) -> None:
    before = managed(shop, product, wanted=False)
    path = f"/admin/products/{product['id']}/variants/{variant_of(product)['id']}"
    body = {"title": "New", "manage_inventory": True, "prices": []}
    assert shop.refusal("POST", path, body) == taken("SKU-1")
    assert shop.product(product["id"]) == before


def test_deleting_a_product_deletes_its_item(shop: Shop, product: View) -> None:
    item_id = item_of(product)
    shop.call("POST", LEVELS, {"create": [shop.level(item_id, 7)]})
    shop.call("DELETE", f"/admin/products/{product['id']}")
    assert shop.call("GET", "/admin/inventory-items")["count"] == 0
    message = "Item <id> is not stocked at location <id>"
    assert shop.refusal("POST", LEVELS, {"update": [shop.level(item_id, 1)]}) == (404, "not_found", message)
    shop.call("POST", LEVELS, {"create": [shop.level(item_id, 1)]})  # Medusa does not check that it exists


def test_deleting_an_unmanaged_product_leaves_its_former_item(shop: Shop, product: View) -> None:
    managed(shop, product, wanted=False)
    shop.call("DELETE", f"/admin/products/{product['id']}")
    assert shop.batch_refusal(create=[shop.body(1)]) == taken("SKU-1")


def left_over(shop: Shop, product: View) -> str:
    """Create an item with a level that no variant uses; returns its id."""
    item_id = item_of(product)
    shop.call("POST", LEVELS, {"create": [shop.level(item_id, 7)]})
    managed(shop, product, wanted=False)
    shop.call("DELETE", f"/admin/products/{product['id']}")
    return item_id


def test_an_unused_item_can_be_linked_to_a_new_variant_and_keeps_its_levels(
    shop: Shop, product: View
) -> None:
    item_id = left_over(shop, product)
    link = {"inventory_item_id": item_id, "required_quantity": 1}
    made = shop.create(2, variant={"sku": "SKU-1", "inventory_items": [link]})
    assert item_of(made) == item_id
    assert levels_of(shop, item_id) == {shop.location_id: 7}
    assert shop.call("GET", "/admin/inventory-items")["count"] == 1
    other = shop.second_variant(shop.create(3), sku="TWO", inventory_items=[link])
    assert item_of(other, "Two") == item_id


def test_a_linked_item_stays_if_the_creation_is_refused(shop: Shop, product: View) -> None:
    item_id = left_over(shop, product)
    link = {"inventory_item_id": item_id, "required_quantity": 1}
    shop.create(3)
    bodies = [
        shop.body(1, variant={"inventory_items": [link]}),
        shop.body(2, variant={"sku": "SKU-3"}),
    ]
    assert shop.batch_refusal(create=bodies)[0] == 400
    assert levels_of(shop, item_id) == {shop.location_id: 7}


def test_an_update_that_fails_because_of_its_item_stays_in_part(shop: Shop, product: View) -> None:
    product, other = managed(shop, product, wanted=False), shop.create(2, metadata={"a": 1})
    bodies: list[dict[str, Any]] = [
        {
            "id": other["id"],
            "title": "New",
            "metadata": {"a": 2, "b": 3},
            "images": [{"url": "new"}],
            "variants": [{"id": variant_of(other)["id"], "prices": [{"currency_code": "usd", "amount": 1}]}],
        },
        {"id": product["id"], "variants": [{"id": variant_of(product)["id"], "manage_inventory": True}]},
    ]
    assert shop.batch_refusal(update=bodies) == taken("SKU-1")
    seen = shop.product(other["id"])
    assert (seen["title"], seen["metadata"]) == ("Product 2", {"a": 1, "b": 3})
    assert [image["url"] for image in seen["images"]] == ["new"]
    assert prices_of(seen) == prices_of(other)


def test_an_unused_item_can_be_linked_to_a_variant_that_is_managed_afterwards(
    shop: Shop, product: View
) -> None:
    item_id = item_of(product)
    shop.call("POST", LEVELS, {"create": [shop.level(item_id, 7)]})
    managed(shop, product, wanted=False)
    path = f"/admin/products/{product['id']}/variants/{variant_of(product)['id']}/inventory-items"
    shop.call("POST", path, {"inventory_item_id": item_id, "required_quantity": 1}, fields="id")
    product = managed(shop, product, wanted=True)
    assert (item_of(product), variant_of(product)["manage_inventory"]) == (item_id, True)
    assert levels_of(shop, item_id) == {shop.location_id: 7}


@pytest.mark.parametrize("sku", ["NEW", None])
def test_an_item_is_created_on_its_own_and_linked(shop: Shop, sku: str | None) -> None:
    product = shop.create(variant={"sku": sku, "manage_inventory": False})
    body = {} if sku is None else {"sku": sku}
    item_id = shop.call("POST", "/admin/inventory-items", body, fields="id")["inventory_item"]["id"]
    path = f"/admin/products/{product['id']}/variants/{variant_of(product)['id']}/inventory-items"
    shop.call("POST", path, {"inventory_item_id": item_id, "required_quantity": 1}, fields="id")
    assert item_of(shop.product(product["id"])) == item_id
    if sku is not None:
        assert shop.refusal("POST", "/admin/inventory-items", body) == taken("NEW")


def test_stock_that_is_reserved_stays_reserved_while_its_variant_is_not_managed(
    shop: Shop, product: View
) -> None:
    item_id = item_of(product)
    shop.call("POST", LEVELS, {"create": [shop.level(item_id, 7)]})
    shop.reserve(product, "Default", 2)
    managed(shop, product, wanted=False)
    found = shop.call(
        "GET", "/admin/inventory-items", **{"id[]": [item_id], "fields": "id,reserved_quantity"}
    )
    assert found["inventory_items"][0]["reserved_quantity"] == 2
