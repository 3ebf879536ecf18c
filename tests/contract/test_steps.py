"""The steps of a write, which others see while it is in progress and which stay if the store is killed."""

import pytest

from tests.contract.midway import Midway
from tests.contract.shirts import CREATE, DELETE, UPDATE, entry, new, sizes, skus, stocked_shirt
from tests.contract.shop import USD, Shop, View, options_of, prices_of, variant_of
from tests.contract.test_bulk_products import body

ITEMS = "create-inventory-items-workflow"


@pytest.fixture
def product(shop: Shop) -> View:
    return stocked_shirt(shop)


def test_products_are_visible_before_their_variants_have_prices(shop: Shop, midway: Midway) -> None:
    seen: list[View] = []
    products = [body(shop, 1)]
    midway("variants", lambda: seen.append(shop.product("prod_1")), "create-products", products=products)
    (variant,) = seen[0]["variants"]
    assert ("prices" in variant, variant["inventory_items"]) == (False, [])
    assert seen[0]["shipping_profile"]["name"] == "Default Shipping Profile"
    assert len(variant_of(shop.product("prod_1"))["prices"]) == 1


@pytest.mark.parametrize(
    ("step", "items", "links"), [("variants", 4, 0), ("items", 5, 0), ("inventory", 5, 1)]
)
def test_variants_are_visible_before_their_items_and_prices(
    shop: Shop, product: View, midway: Midway, step: str, items: int, links: int
) -> None:
    seen: list[tuple[View, int]] = []

    def look() -> None:
        seen.append((shop.product(product["id"]), len(skus(shop))))

    assert midway(step, look, CREATE, product_variants=[new(product, "L", 1)]).status_code == 200
    view, count = seen[0]
    own = variant_of(view, "L / Red")
    assert options_of(view, own) == {"Size": "L", "Colour": "Red"}
    assert (count, "prices" in own, len(own["inventory_items"])) == (items, False, links)
    assert len(variant_of(shop.product(product["id"]), "L / Red")["prices"]) == 2


def test_rows_are_changed_before_prices(shop: Shop, product: View, midway: Midway) -> None:
    views: list[View] = []
    changes = {"title": "New", "metadata": {"a": 1}, "prices": [{**USD, "amount": 1}], **sizes("L")}
    midway(
        *("inventory", lambda: views.append(shop.product(product["id"])), UPDATE),
        product_variants=[entry(product, "S / Red", **changes)],
    )
    seen = variant_of(views[0], "New")
    assert (seen["metadata"], options_of(views[0], seen)) == ({"a": 1}, {"Size": "L", "Colour": "Red"})
    assert seen["prices"] == variant_of(product, "S / Red")["prices"]
    assert {price[:2] for price in prices_of(shop.product(product["id"]), "New")} == {("usd", 1)}


@pytest.mark.parametrize("step", ["links", "prices", "items"])
def test_variants_disappear_after_their_prices_and_items(
    shop: Shop, product: View, midway: Midway, step: str
) -> None:
    views: list[View] = []
    ids = [entry(product, "S / Red")["id"]]
    midway(step, lambda: views.append(shop.product(product["id"])), DELETE, ids=ids)
    seen = variant_of(views[0], "S / Red")
    assert ("prices" in seen, seen["inventory_items"]) == (False, [])
    assert len(shop.product(product["id"])["variants"]) == 3


def test_items_are_visible_before_their_stock(shop: Shop, midway: Midway) -> None:
    seen: list[View] = []

    def look() -> None:
        fields = "sku,location_levels.stocked_quantity"
        seen.extend(shop.call("GET", "/admin/inventory-items", fields=fields)["inventory_items"])

    stock = [{"location_id": shop.location_id, "stocked_quantity": 3}]
    midway("items", look, ITEMS, items=[{"id": "own", "sku": "A", "location_levels": stock}])
    assert seen == [{"id": "own", "sku": "A", "location_levels": []}]
