"""The steps of a write, which others see while it is in progress and which stay after a kill."""

from typing import Any, Final

import httpx
import pytest

from tests.contract.midway import Midway
from tests.contract.sales import amounts, change, created, new_list, price, stored
from tests.contract.shirts import (
    CREATE,
    DELETE,
    UPDATE,
    entry,
    new,
    sizes,
    skus,
    stocked_shirt,
    values_of,
)
from tests.contract.shop import (
    UNKNOWN_ERROR,
    USD,
    Shop,
    View,
    options_of,
    prices_of,
    variant_of,
    workflow_path,
)
from tests.contract.test_bulk_products import body
from tests.contract.test_faults import give_up_at
from tests.harness.fake_medusa import FakeMedusa

ITEMS = "create-inventory-items-workflow"
CREATION: Final = [("variants", 4, 0), ("items", 5, 0), ("inventory", 5, 1)]
"""Steps of the creation of a variant: how many items exist, and how many the variant has."""


@pytest.fixture
def product(shop: Shop) -> View:
    return stocked_shirt(shop)


# --- workflows in progress ---


def test_products_are_visible_before_their_variants_have_prices(shop: Shop, midway: Midway) -> None:
    seen: list[View] = []
    products = [body(shop, 1)]
    midway("variants", lambda: seen.append(shop.product("prod_1")), "create-products", products=products)
    (variant,) = seen[0]["variants"]
    assert ("prices" in variant, variant["inventory_items"]) == (False, [])
    assert seen[0]["shipping_profile"]["name"] == "Default Shipping Profile"
    assert len(variant_of(shop.product("prod_1"))["prices"]) == 1


@pytest.mark.parametrize(("step", "items", "links"), CREATION)
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


# --- kills, in the fake store; the ordinary routes have the same steps ---


def killed(fake: FakeMedusa, shop: Shop, step: str, path: str, given: Any) -> None:
    """Kill the store after a step of a request."""
    fake.between = give_up_at(step)
    with pytest.raises(httpx.ReadTimeout):
        shop.call("POST", path, given)
    fake.crash()
    fake.between = None


def bulk(workflow_id: str, **given: Any) -> tuple[str, View]:
    return workflow_path(workflow_id), {"input": given}


@pytest.mark.parametrize(("step", "variants"), [("products", 0), ("placement", 0), ("variants", 1)])
def test_a_killed_creation_leaves_a_product_whose_id_is_taken(
    fake: FakeMedusa, fake_shop: Shop, step: str, variants: int
) -> None:
    products = [body(fake_shop, 1)]
    killed(fake, fake_shop, step, *bulk("create-products", products=products))
    assert len(fake_shop.product("prod_1")["variants"]) == variants
    assert fake_shop.workflow_refusal("create-products", products=products) == UNKNOWN_ERROR
    fake_shop.workflow(DELETE, ids=["variant_1"])
    assert fake_shop.product("prod_1")["variants"] == []


@pytest.mark.parametrize(("step", "items", "links"), CREATION)
def test_a_killed_creation_leaves_a_variant_that_can_never_get_prices(
    fake: FakeMedusa, fake_shop: Shop, step: str, items: int, links: int
) -> None:
    product = stocked_shirt(fake_shop)
    wanted = new(product, "L", 1)
    killed(fake, fake_shop, step, *bulk(CREATE, product_variants=[wanted]))
    left = fake_shop.product(product["id"])
    own = variant_of(left, "L / Red")
    assert ("prices" in own, len(own["inventory_items"])) == (False, links)
    assert fake_shop.call("GET", "/admin/inventory-items")["count"] == items
    prices = [{"id": own["id"], "prices": [{**USD, "amount": 1}]}]
    message = "Variants with IDs <id> do not have prices associated."
    assert fake_shop.workflow_refusal(UPDATE, product_variants=prices) == (404, "not_found", message)
    assert fake_shop.workflow_refusal(CREATE, product_variants=[{**wanted, "id": own["id"]}])[0] == 500
    assert fake_shop.product(product["id"]) == left


@pytest.mark.parametrize(("step", "links"), [("variants", 1), ("items", 1), ("inventory", 0)])
def test_a_killed_update_leaves_old_prices_and_can_be_repeated(
    fake: FakeMedusa, fake_shop: Shop, step: str, links: int
) -> None:
    product = stocked_shirt(fake_shop)
    changes = {"title": "New", "prices": [{**USD, "amount": 1}], "manage_inventory": False, **sizes("L")}
    bodies = [entry(product, "S / Red", **changes)]
    killed(fake, fake_shop, step, *bulk(UPDATE, product_variants=bodies))
    seen = fake_shop.product(product["id"])
    own = variant_of(seen, "New")
    assert options_of(seen, own) == {"Size": "L", "Colour": "Red"}
    assert prices_of(seen, "New") == prices_of(product, "S / Red")
    assert len(own["inventory_items"]) == links
    fake_shop.workflow(UPDATE, product_variants=bodies)
    assert {price[:2] for price in prices_of(fake_shop.product(product["id"]), "New")} == {("usd", 1)}


@pytest.mark.parametrize(
    ("step", "items", "listed"), [("links", 4, [{}]), ("prices", 4, []), ("items", 3, [])]
)
def test_a_killed_deletion_leaves_a_variant_without_prices_and_item(
    fake: FakeMedusa, fake_shop: Shop, step: str, items: int, listed: list[View]
) -> None:
    product, sale = stocked_shirt(fake_shop), new_list(fake_shop)
    change(fake_shop, sale, create=[price(product, "S / Red")])
    ids = [variant_of(product, "S / Red")["id"]]
    killed(fake, fake_shop, step, *bulk(DELETE, ids=ids))
    left = variant_of(fake_shop.product(product["id"]), "S / Red")
    assert ("prices" in left, left["inventory_items"]) == (False, [])
    assert fake_shop.call("GET", "/admin/inventory-items")["count"] == items
    seen = stored(fake_shop, sale)
    assert [each["price_set"].get("variant", {}) for each in seen] == listed
    change(fake_shop, sale, delete=[each["id"] for each in seen])
    assert stored(fake_shop, sale) == []
    assert len(fake_shop.variants(product, delete=ids)["variants"]) == 3


@pytest.mark.parametrize(
    ("step", "left"), [("created", [1, 2, 3]), ("updated", [1, 3, 9]), ("deleted", [3, 9])]
)
def test_a_killed_store_leaves_a_batch_of_list_prices_incomplete(
    fake: FakeMedusa, fake_shop: Shop, step: str, left: list[float]
) -> None:
    product, sale = stocked_shirt(fake_shop), new_list(fake_shop)
    first, second = created(fake_shop, sale, price(product, "S / Red", 1), price(product, "S / Blue", 2))
    parts: dict[str, list[Any]] = {
        "create": [price(product, "M / Red", 3)],
        "update": [{"id": second, **price(product, "S / Blue", 9)}],
        "delete": [first],
    }
    killed(fake, fake_shop, step, f"/admin/price-lists/{sale}/prices/batch", parts)
    assert [amount for _, amount in amounts(fake_shop, sale)] == left


def test_a_killed_store_leaves_an_option_without_a_product(fake: FakeMedusa, fake_shop: Shop) -> None:
    product = stocked_shirt(fake_shop)
    added = {"add": [{"title": "Fit", "values": ["Slim"], "is_exclusive": True}]}
    killed(fake, fake_shop, "options", f"/admin/products/{product['id']}/options/batch", added)
    assert fake_shop.product(product["id"]) == product
    assert values_of(fake_shop.options(product, **added))["Fit"] == ["Slim"]
