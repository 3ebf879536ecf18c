"""The steps of bulk calls, which others see, and what Medusa undoes if a later one is refused."""

from typing import Any

import pytest

from tests.contract.midway import Failing, Midway
from tests.contract.shirts import (
    CREATE,
    DELETE,
    UPDATE,
    add_values,
    both,
    entry,
    new,
    refusal,
    shirt,
    sizes,
    skus,
    stocked_shirt,
)
from tests.contract.shop import UNKNOWN_ERROR, USD, Shop, View, options_of, prices_of, variant_of
from tests.contract.test_bulk_products import body


@pytest.fixture
def two_shirts(shop: Shop) -> tuple[View, View]:
    """Two shirts; `S / Red` of the second is not managed."""
    first, second = stocked_shirt(shop), add_values(shop, shirt(shop, 2), "Size", "L")
    metadata = {"kept": 1, "changed": 1, "gone": 1}
    update = [entry(first, "S / Red", metadata=metadata, barcode="B", weight=2)]
    unmanaged = entry(second, "S / Red", manage_inventory=False, sku="OTHER")
    shop.variants(first, update=update)
    shop.variants(second, update=[unmanaged])
    return shop.product(first["id"]), shop.product(second["id"])


def last_step_is_refused(two_shirts: tuple[View, View], **changes: Any) -> list[View]:
    """An update that writes all rows, makes an item, and is refused because of a price."""
    first, second = two_shirts
    return [
        entry(first, "S / Red", **changes),
        entry(first, "S / Blue", title="New"),
        entry(second, "S / Red", manage_inventory=True),
        entry(second, "M / Red", prices=[USD]),
    ]


def test_an_undone_update_keeps_prices_but_also_new_metadata_and_options(
    shop: Shop, two_shirts: tuple[View, View]
) -> None:
    changes = {
        **dict.fromkeys(("title", "sku", "barcode", "hs_code"), "NEW"),
        **sizes("XL"),
        "weight": 9,
        "manage_inventory": False,
        "metadata": {"changed": 2, "gone": "", "new": 3},
        "prices": [{**USD, "amount": 1}],
    }
    first, second = two_shirts
    before = skus(shop)
    assert refusal(shop, UPDATE, *last_step_is_refused(two_shirts, **changes)) == UNKNOWN_ERROR
    seen, other = both(shop, *two_shirts)
    own = variant_of(seen, "S / Red")
    assert options_of(seen, own) == {"Size": "XL", "Colour": "Red"}
    metadata = {"kept": 1, "changed": 1, "gone": 1, "new": 3}
    assert own == {**variant_of(first, "S / Red"), "options": own["options"], "metadata": metadata}
    rest = [each for each in first["variants"] if each["id"] != own["id"]]
    assert [each for each in seen["variants"] if each["id"] != own["id"]] == rest
    assert other == second
    assert skus(shop) == before


def test_an_edit_that_is_saved_before_the_undoing_is_lost(
    shop: Shop, two_shirts: tuple[View, View], midway: Midway
) -> None:
    """Even of fields that the update does not name. Prices, new metadata, options and other variants stay."""
    first, _ = two_shirts
    edits = {
        "title": "Mine",
        "sku": "MINE",
        "material": "wool",
        "weight": 5,
        "metadata": {"changed": 3, "kept": 3, "mine": 3},
        "prices": [{**USD, "amount": 500}, {"currency_code": "gbp", "amount": 400}],
        **sizes("L"),
    }

    def edit() -> None:
        path = f"/admin/products/{first['id']}/variants/{entry(first, 'S / Red')['id']}"
        shop.call("POST", path, edits)
        shop.variants(first, update=[entry(first, "M / Red", title="Mine too")])

    changes = {"title": "New", "metadata": {"changed": 2, "new": 2}, "prices": [{**USD, "amount": 1}]}
    refused = last_step_is_refused(two_shirts, **changes)
    response, _ = midway("variants", edit, UPDATE, product_variants=refused)
    assert response.status_code == 500
    seen = shop.product(first["id"])
    before, own = variant_of(first, "S / Red"), variant_of(seen, "S / Red")
    assert {price[:2] for price in prices_of(seen, "S / Red")} == {("usd", 500), ("gbp", 400)}
    assert options_of(seen, own) == {"Size": "L", "Colour": "Red"}
    metadata = {"changed": 1, "kept": 1, "gone": 1, "new": 2, "mine": 3}
    assert own == {**before, "metadata": metadata, "prices": own["prices"], "options": own["options"]}
    assert variant_of(seen, "Mine too")["sku"] == "SH1-M-Red"


@pytest.mark.parametrize("what", ["deleted", "taken"])
def test_nothing_is_restored_if_that_of_one_variant_cannot_be(
    shop: Shop, two_shirts: tuple[View, View], midway: Midway, what: str
) -> None:
    """Because it was deleted meanwhile, or its old SKU was taken."""
    first, second = two_shirts

    def act() -> View:
        if what == "deleted":
            return shop.variants(first, delete=[entry(first, "S / Blue")["id"]])
        return shop.variants(first, update=[entry(first, "M / Red", sku="SH1-S-Red")])

    refused = last_step_is_refused(two_shirts, title="New S", sku="NEW")
    response, _ = midway("variants", act, UPDATE, product_variants=refused)
    assert response.status_code == 500
    seen, other = both(shop, *two_shirts)
    assert variant_of(seen, "New S") == {**variant_of(first, "S / Red"), "title": "New S", "sku": "NEW"}
    unmanaged = variant_of(second, "S / Red")
    assert variant_of(other, "S / Red") == {**unmanaged, "manage_inventory": True}


def test_a_deletion_that_fails_gives_back_links_prices_and_items_with_their_stock(
    shop: Shop, product: View, failing: Failing
) -> None:
    response = failing("items", DELETE, ids=[entry(product, "S / Red")["id"]])
    assert response.status_code == 500
    assert shop.product(product["id"]) == product


# --- what others see ---


def test_products_are_visible_before_their_variants_have_prices(shop: Shop, midway: Midway) -> None:
    new = [body(shop, 1)]
    _, seen = midway("variants", lambda: shop.product("prod_1"), "create-products", products=new)
    (variant,) = seen["variants"]
    assert ("prices" in variant, variant["inventory_items"]) == (False, [])
    assert seen["shipping_profile"]["name"] == "Default Shipping Profile"
    assert len(variant_of(shop.product("prod_1"))["prices"]) == 1


@pytest.mark.parametrize(
    ("step", "items", "links"), [("variants", 4, 0), ("items", 5, 0), ("inventory", 5, 1)]
)
def test_variants_are_visible_before_their_items_and_prices(
    shop: Shop, product: View, midway: Midway, step: str, items: int, links: int
) -> None:
    def look() -> tuple[View, int]:
        return shop.product(product["id"]), len(skus(shop))

    _, (seen, count) = midway(step, look, CREATE, product_variants=[new(product, "L", 1)])
    own = variant_of(seen, "L / Red")
    assert options_of(seen, own) == {"Size": "L", "Colour": "Red"}
    assert (count, "prices" in own, len(own["inventory_items"])) == (items, False, links)
    assert len(variant_of(shop.product(product["id"]), "L / Red")["prices"]) == 2


def test_rows_are_changed_before_prices(shop: Shop, product: View, midway: Midway) -> None:
    changes = {"title": "New", "metadata": {"a": 1}, "prices": [{**USD, "amount": 1}], **sizes("L")}
    bodies = [entry(product, "S / Red", **changes)]
    _, seen = midway("inventory", lambda: shop.product(product["id"]), UPDATE, product_variants=bodies)
    own = variant_of(seen, "New")
    assert (own["metadata"], options_of(seen, own)) == ({"a": 1}, {"Size": "L", "Colour": "Red"})
    assert own["prices"] == variant_of(product, "S / Red")["prices"]
    assert {price[:2] for price in prices_of(shop.product(product["id"]), "New")} == {("usd", 1)}


@pytest.mark.parametrize("step", ["links", "prices", "items"])
def test_variants_disappear_after_their_prices_and_items(
    shop: Shop, product: View, midway: Midway, step: str
) -> None:
    ids = [entry(product, "S / Red")["id"]]
    _, seen = midway(step, lambda: shop.product(product["id"]), DELETE, ids=ids)
    own = variant_of(seen, "S / Red")
    assert ("prices" in own, own["inventory_items"]) == (False, [])
    assert len(shop.product(product["id"])["variants"]) == 3


def test_items_are_visible_before_their_stock(shop: Shop, midway: Midway) -> None:
    def look() -> list[View]:
        fields = "sku,location_levels.stocked_quantity"
        found: list[View] = shop.call("GET", "/admin/inventory-items", fields=fields)["inventory_items"]
        return found

    stock = [{"location_id": shop.location_id, "stocked_quantity": 3}]
    items = [{"id": "own", "sku": "A", "location_levels": stock}]
    _, seen = midway("items", look, "create-inventory-items-workflow", items=items)
    assert seen == [{"id": "own", "sku": "A", "location_levels": []}]
