"""The workflow that creates many products with ids of our own."""

from typing import Any

import pytest

from tests.contract.shirts import skus
from tests.contract.shop import UNKNOWN_ERROR, Shop, View, item_of, variant_of

CREATE = "create-products"
STOCK = "create-inventory-items-workflow"


def body(shop: Shop, number: int, **changes: Any) -> View:
    """A new product with ids; `variant` changes its variant."""
    variant = {"id": f"variant_{number}", **changes.pop("variant", {})}
    return {"id": f"prod_{number}", **shop.body(number, variant=variant, **changes)}


def test_products_are_created_with_ids_of_our_own(shop: Shop) -> None:
    """Tags and categories are ids, too; an inventory item may exist. All else is as on the ordinary route."""
    tag, category = shop.tag("red")["id"], shop.category("above")["id"]
    stock = [{"location_id": shop.location_id, "stocked_quantity": 3}]
    shop.workflow(STOCK, items=[{"id": "iitem_1", "sku": "SKU-1", "location_levels": stock}])
    linked = {"inventory_items": [{"inventory_item_id": "iitem_1"}]}
    first = body(shop, 1, tag_ids=[tag], category_ids=[category], variant=linked)
    response = shop.workflow(CREATE, products=[first, body(shop, 2, variant={"prices": []})])
    assert response["acknowledgement"]["hasFinished"]
    seen, other = shop.product("prod_1"), shop.product("prod_2")
    assert ([each["id"] for each in seen["tags"]], [each["id"] for each in seen["categories"]]) == (
        [tag],
        [category],
    )
    own = variant_of(seen)
    assert (own["id"], item_of(seen)) == ("variant_1", "iitem_1")
    assert own["inventory_items"][0]["inventory"]["location_levels"][0]["stocked_quantity"] == 3
    assert (variant_of(other)["prices"], skus(shop)) == ([], {"SKU-1", "SKU-2"})


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "prod_1"},
        {"variant": {"id": "variant_1"}},
        {"variant": {"sku": "UNUSED"}},
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
