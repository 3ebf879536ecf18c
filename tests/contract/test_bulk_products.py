"""The workflow that creates many products with ids of our own."""

from typing import Any

import pytest

from tests.contract.shirts import skus
from tests.contract.shop import UNKNOWN_ERROR, Shop, View, item_of, prices_of, variant_of

CREATE = "create-products"
STOCK = "create-inventory-items-workflow"


def body(shop: Shop, number: int, **changes: Any) -> View:
    """A new product with ids; `variant` changes its variant."""
    variant = {"id": f"variant_{number}", **changes.pop("variant", {})}
    return {"id": f"prod_{number}", **shop.body(number, variant=variant, **changes)}


def test_products_are_created_with_ids_of_our_own(shop: Shop) -> None:
    tags, categories = [shop.tag(value)["id"] for value in ("red", "blue")], [shop.category("above")["id"]]
    stock = [{"location_id": shop.location_id, "stocked_quantity": 3}]
    shop.workflow(STOCK, items=[{"id": "iitem_1", "sku": "SKU-1", "location_levels": stock}])
    details = {
        "tag_ids": tags,
        "category_ids": categories,
        "type_id": shop.type("Shirt")["id"],
        "collection_id": shop.collection("Summer")["id"],
        "images": [{"url": "http://images.test/1.png"}, {"url": "http://images.test/2.png"}],
        "metadata": {"a": {"b": 1}},
        "weight": 1.5,
        "description": "Long",
    }
    variant = {"inventory_items": [{"inventory_item_id": "iitem_1"}], "metadata": {"c": 1}, "weight": 2.5}
    second = body(shop, 2, tags=[{"id": tags[0]}], categories=[{"id": categories[0]}], variant={"prices": []})
    response = shop.workflow(CREATE, products=[body(shop, 1, **details, variant=variant), second])
    assert response["acknowledgement"]["hasFinished"]
    seen = shop.product("prod_1")
    assert {name: seen[name] for name in ("external_id", "handle", "status", "metadata", "weight")} == {
        "external_id": "contract:1",
        "handle": "product-1",
        "status": "published",
        "metadata": {"a": {"b": 1}},
        "weight": 1.5,
    }
    assert {tag["value"] for tag in seen["tags"]} == {"red", "blue"}
    assert [category["handle"] for category in seen["categories"]] == ["above"]
    assert (seen["type"]["value"], seen["collection"]["handle"]) == ("Shirt", "summer")
    assert [image["url"][-5:] for image in seen["images"]] == ["1.png", "2.png"]
    assert seen["thumbnail"] == "http://images.test/1.png"
    assert [channel["name"] for channel in seen["sales_channels"]] == ["Default Sales Channel"]
    assert seen["shipping_profile"]["name"] == "Default Shipping Profile"
    own = variant_of(seen)
    assert (own["id"], own["metadata"], own["weight"]) == ("variant_1", {"c": 1}, 2.5)
    assert item_of(seen) == "iitem_1"
    assert own["inventory_items"][0]["inventory"]["location_levels"][0]["stocked_quantity"] == 3
    assert {price[:2] for price in prices_of(seen)} == {("usd", 9.99)}
    other = shop.product("prod_2")
    assert ([tag["value"] for tag in other["tags"]], len(other["categories"])) == (["red"], 1)
    assert (variant_of(other)["prices"], skus(shop)) == ([], {"SKU-1", "SKU-2"})


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "prod_1"},
        {"variant": {"id": "variant_1"}},
        {"variant": {"sku": "UNUSED"}},
        {"variant": {"sku": "SKU-8"}},
        {"variant": {"prices": [{"currency_code": "usd"}]}},
        {"variant": {"inventory_items": [{"inventory_item_id": "iitem_gone"}]}},
        {"tag_ids": ["ptag_gone"]},
        {"category_ids": ["pcat_gone"]},
    ],
)
def test_one_refused_product_refuses_the_call_without_a_reason(shop: Shop, changes: View) -> None:
    """Also because of what the ordinary route refuses, see `test_products`."""
    shop.workflow(CREATE, products=[body(shop, 1)])
    shop.workflow(STOCK, items=[{"sku": "UNUSED"}])
    before = shop.products()
    products = [body(shop, 8), body(shop, 9, **changes)]
    assert shop.workflow_refusal(CREATE, products=products) == UNKNOWN_ERROR
    assert (shop.products(), skus(shop)) == (before, {"SKU-1", "UNUSED"})


def test_the_ids_of_a_deleted_product_cannot_be_used_again(shop: Shop) -> None:
    shop.workflow(CREATE, products=[body(shop, 1)])
    shop.call("DELETE", "/admin/products/prod_1")
    assert shop.workflow_refusal(CREATE, products=[body(shop, 1)]) == UNKNOWN_ERROR
    again = body(shop, 1, id="prod_2")
    assert shop.workflow_refusal(CREATE, products=[again]) == UNKNOWN_ERROR
    again["variants"][0]["id"] = "variant_2"
    shop.workflow(CREATE, products=[again])


def test_the_ids_of_live_and_of_deleted_products_can_be_read(shop: Shop) -> None:
    shop.workflow(CREATE, products=[body(shop, number) for number in (1, 2)])
    shop.call("DELETE", "/admin/products/prod_1")
    query = {"id[]": ["prod_1", "prod_2", "prod_3"], "fields": "id,external_id,deleted_at"}
    [live] = shop.call("GET", "/admin/products", **query)["products"]
    assert live == {"id": "prod_2", "external_id": "contract:2", "deleted_at": None}
    found = shop.call("GET", "/admin/products", **query, with_deleted="true", order="id")["products"]
    assert [each["external_id"] for each in found] == ["contract:1", "contract:2"]
    assert isinstance(found[0]["deleted_at"], str)
    assert found[1] == live
    taken = shop.ask(lambda api: api.taken_ids(["prod_1", "prod_2", "prod_3"]))
    assert taken == {"prod_1": None, "prod_2": "contract:2"}
