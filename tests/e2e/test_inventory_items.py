"""Inventory items that have a SKU of the source but belong to no product of it."""

from __future__ import annotations

from tests.e2e.command import medusa_sync
from tests.e2e.exact import assert_quiet
from tests.e2e.shop import Shop, stock
from tests.harness.dummyjson import DummyJson

SIZE = 8


def leave_item(shop: Shop, external_id: str) -> str:
    """Delete a product but leave its inventory item, by unmanaging the variant first; returns its id."""
    product = shop.by_external_id()[external_id]
    [variant] = product["variants"]
    path = f"/admin/products/{product['id']}"
    shop.post(f"{path}/variants/{variant['id']}", {"manage_inventory": False})
    shop.delete(path)
    [item] = shop.get("/admin/inventory-items", sku=variant["sku"])["inventory_items"]
    return str(item["id"])


def item_of(shop: Shop, external_id: str) -> str:
    [variant] = shop.by_external_id()[external_id]["variants"]
    [link] = variant["inventory_items"]
    return str(link["inventory_item_id"])


def test_an_unused_item_is_used_and_keeps_its_levels_elsewhere(source: DummyJson, shop: Shop) -> None:
    assert medusa_sync("--source", source.url, store=shop.store).exit_code == 0
    elsewhere = shop.post("/admin/stock-locations", {"name": "Elsewhere"})["stock_location"]["id"]
    plain, stocked = leave_item(shop, "dummyjson:1"), leave_item(shop, "dummyjson:2")
    level = {"location_id": elsewhere, "stocked_quantity": 77}
    shop.post(f"/admin/inventory-items/{stocked}/location-levels", level)

    run = medusa_sync("--source", source.url, "--json", store=shop.store)

    assert (run.exit_code, run.counts) == (0, {"created": 2, "unchanged": SIZE - 2}), run.document["problems"]
    assert (item_of(shop, "dummyjson:1"), item_of(shop, "dummyjson:2")) == (plain, stocked)
    stored = shop.by_external_id()
    [first, second] = source.products[:2]
    assert stock(stored["dummyjson:1"]) == {shop.store.location_id: first["stock"]}
    assert stock(stored["dummyjson:2"]) == {shop.store.location_id: second["stock"], elsewhere: 77}
    assert_quiet(medusa_sync("--source", source.url, "--json", store=shop.store), SIZE)
