"""The workflows that create, update and delete variants of many products at once."""

from typing import Any

import pytest

from tests.contract.shirts import add_values, entry, shirt, sizes, stocked_shirt, variant
from tests.contract.shop import (
    UNKNOWN_ERROR,
    Shop,
    View,
    invalid,
    item_of,
    options_of,
    prices_of,
    variant_of,
)

CREATE, UPDATE, DELETE = ("create-product-variants", "update-product-variants", "delete-product-variants")
USD: dict[str, Any] = {"currency_code": "usd"}


@pytest.fixture
def products(shop: Shop) -> tuple[View, View]:
    """Two shirts; the sizes L and XL have no variants, and the first has stock."""
    return stocked_shirt(shop), add_values(shop, shirt(shop, 2), "Size", "L", "XL")


def both(shop: Shop, *products: View) -> list[View]:
    return [shop.product(product["id"]) for product in products]


def skus(shop: Shop) -> set[str]:
    """The SKUs of all inventory items."""
    items = shop.call("GET", "/admin/inventory-items", fields="sku", limit="100")["inventory_items"]
    return {item["sku"] for item in items}


def new(product: View, size: str, number: int, **changes: Any) -> View:
    return {"product_id": product["id"], **variant(size, "Red", number, **changes)}


def refusal(shop: Shop, workflow_id: str, *bodies: View) -> tuple[int, str, str]:
    return shop.workflow_refusal(workflow_id, product_variants=list(bodies))


# --- creating ---


def test_variants_of_many_products_are_created_in_one_call(shop: Shop, products: tuple[View, View]) -> None:
    first, second = products
    stock = [{"location_id": shop.location_id, "stocked_quantity": 3}]
    items = [{"id": "iitem_own", "sku": "OWN", "location_levels": stock}]
    shop.workflow("create-inventory-items-workflow", items=items)
    bodies = [
        new(first, "L", 1, metadata={"a": 1}, weight=0.5, barcode="B"),
        new(
            second, "L", 2, id="variant_own", sku="OWN", inventory_items=[{"inventory_item_id": "iitem_own"}]
        ),
        new(first, "XL", 1, manage_inventory=False, prices=[{**USD, "amount": 5}]),
    ]
    shop.workflow(CREATE, product_variants=bodies)
    seen, other = both(shop, *products)
    red = variant_of(seen, "L / Red")
    assert (red["sku"], red["barcode"], red["weight"], red["metadata"]) == ("SH1-L-Red", "B", 0.5, {"a": 1})
    assert options_of(seen, red) == {"Size": "L", "Colour": "Red"}
    assert red["inventory_items"][0]["inventory"]["sku"] == "SH1-L-Red"
    assert {price[:2] for price in prices_of(seen, "L / Red")} == {("usd", 20), ("eur", 18)}
    assert variant_of(seen, "XL / Red")["inventory_items"] == []
    assert {price[:2] for price in prices_of(seen, "XL / Red")} == {("usd", 5)}
    own = variant_of(other, "L / Red")
    assert (own["id"], item_of(other, "L / Red")) == ("variant_own", "iitem_own")
    assert own["inventory_items"][0]["inventory"]["location_levels"][0]["stocked_quantity"] == 3
    for before, after in zip(products, (seen, other), strict=True):
        assert [variant_of(after, each["title"]) for each in before["variants"]] == before["variants"]
    shop.workflow(CREATE, product_variants=[])


REFUSED_CREATIONS: list[View] = [
    sizes("S"),
    sizes("Huge"),
    {"options": {"Size": "L"}},
    {"options": {}},
    {"sku": "SH1-S-Red"},
    {"sku": "SH1-L-Red"},
    {"sku": "UNUSED"},
    {"product_id": "prod_gone"},
    {"title": "NUL \0"},
    {"prices": [USD]},
    {"prices": [{"amount": 1}]},
    {"inventory_items": [{"inventory_item_id": "iitem_gone"}]},
    {"inventory_items": [{"inventory_item_id": "iitem_unused"}], "prices": [USD]},
]


def test_one_refused_variant_refuses_the_call_without_a_reason(
    shop: Shop, products: tuple[View, View]
) -> None:
    """An unused item that was named stays; items that were made do not."""
    first, second = products
    unused = [{"id": "iitem_unused", "sku": "UNUSED"}]
    shop.workflow("create-inventory-items-workflow", items=unused)
    before = skus(shop)
    for changes in REFUSED_CREATIONS:
        bodies = [new(first, "L", 1, id="variant_own"), new(second, "L", 2, **changes)]
        assert refusal(shop, CREATE, *bodies) == UNKNOWN_ERROR, changes
    assert both(shop, *products) == list(products)
    assert skus(shop) == before
    shop.workflow(CREATE, product_variants=[new(first, "L", 1, id="variant_own")])


def test_creating_a_variant_whose_id_exists_can_delete_it(shop: Shop, products: tuple[View, View]) -> None:
    """If the call has a variant of its product, and no option value is the same."""
    first, second = products
    existing = {"id": entry(second, "S / Blue")["id"]}
    assert refusal(shop, CREATE, new(second, "S", 3, **existing)) == UNKNOWN_ERROR
    assert refusal(shop, CREATE, new(first, "L", 3, **existing)) == UNKNOWN_ERROR
    assert both(shop, *products) == list(products)
    refused = invalid("Cannot create multiple links between 'product' and 'pricing'")
    assert refusal(shop, CREATE, new(second, "L", 3, **existing)) == refused
    seen = shop.product(second["id"])
    assert {each["title"] for each in seen["variants"]} == {"S / Red", "M / Red", "M / Blue"}
    assert "SH2-S-Blue" in skus(shop)
    assert "SH3-L-Red" not in skus(shop)
    assert refusal(shop, CREATE, new(second, "L", 3, **existing))[0] in {400, 500}  # its links are left
    existing = {"id": entry(second, "M / Blue")["id"]}
    assert refusal(shop, CREATE, new(first, "L", 4, **existing), new(second, "XL", 4)) == refused
    seen = shop.product(second["id"])
    assert {each["title"] for each in seen["variants"]} == {"S / Red", "M / Red"}
    assert shop.product(first["id"]) == first


def test_a_variant_without_options_is_accepted(shop: Shop, products: tuple[View, View]) -> None:
    """As well as two new ones with the same values."""
    first, second = products
    bare = {"product_id": first["id"], "title": "Bare"}
    twins = [new(second, "L", 2, sku=None, title=title) for title in ("One", "Two")]
    shop.workflow(CREATE, product_variants=[bare, *twins])
    seen, other = both(shop, *products)
    assert (variant_of(seen, "Bare")["options"], variant_of(seen, "Bare")["prices"]) == ([], [])
    assert [options_of(other, variant_of(other, title)) for title in ("One", "Two")] == [
        {"Size": "L", "Colour": "Red"}
    ] * 2


# --- updating ---


def test_variants_of_many_products_are_updated_in_one_call(shop: Shop, products: tuple[View, View]) -> None:
    first, second = products
    red = variant_of(first, "S / Red")
    usd = next(price for price in red["prices"] if price["currency_code"] == "usd")
    changes = entry(first, "S / Red", title="XL / Red", sku="NEW", **sizes("XL"), metadata={"a": 1}, weight=2)
    prices = [{**USD, "id": usd["id"], "amount": 99}]
    shop.workflow(
        UPDATE, product_variants=[{**changes, "prices": prices}, entry(second, "M / Blue", barcode="B")]
    )
    seen, other = both(shop, *products)
    own = variant_of(seen, "XL / Red")
    assert (own["id"], own["sku"], own["weight"], own["metadata"]) == (red["id"], "NEW", 2, {"a": 1})
    assert options_of(seen, own) == {"Size": "XL", "Colour": "Red"}
    assert {price[:2] for price in prices_of(seen, "XL / Red")} == {("usd", 99)}
    assert own["prices"][0]["id"] == usd["id"]
    assert own["inventory_items"] == red["inventory_items"]  # the item keeps its SKU
    rest = [each for each in first["variants"] if each["id"] != red["id"]]
    assert [each for each in seen["variants"] if each["id"] != red["id"]] == rest
    blue = variant_of(second, "M / Blue")
    assert variant_of(other, "M / Blue") == {**blue, "barcode": "B"}
    shop.workflow(UPDATE, product_variants=[])
    assert both(shop, *products) == [seen, other]


def test_metadata_is_merged(shop: Shop, products: tuple[View, View]) -> None:
    first, _ = products
    for update, kept in (
        ({"a": 1, "b": {"c": 1}}, {"a": 1, "b": {"c": 1}}),
        ({"a": "", "z": 2}, {"b": {"c": 1}, "z": 2}),
        ({}, {}),
        (None, None),
    ):
        shop.workflow(UPDATE, product_variants=[entry(first, "S / Red", metadata=update)])
        assert variant_of(shop.product(first["id"]), "S / Red")["metadata"] == kept


def test_prices_that_differ_only_in_amount_are_one_price_and_the_last_counts(
    shop: Shop, products: tuple[View, View]
) -> None:
    """A base price survives beside quantity prices only if these are sent with their quantities."""
    first, _ = products
    quantities = {"min_quantity": 10, "max_quantity": 20}
    prices = [{**USD, "amount": 20}, {**USD, "amount": 15, **quantities}]
    shop.workflow(UPDATE, product_variants=[entry(first, "S / Red", prices=prices)])
    stored = {
        price["min_quantity"]: price for price in variant_of(shop.product(first["id"]), "S / Red")["prices"]
    }
    assert {key: price["amount"] for key, price in stored.items()} == {None: 20, 10: 15}
    ids = {key: price["id"] for key, price in stored.items()}

    def sent(*prices: View) -> dict[float | None, float]:
        shop.workflow(UPDATE, product_variants=[entry(first, "S / Red", prices=list(prices))])
        found = variant_of(shop.product(first["id"]), "S / Red")["prices"]
        assert {price["id"] for price in found} <= set(ids.values())
        return {price["min_quantity"]: price["amount"] for price in found}

    kept = {**USD, "id": ids[10], **quantities}
    assert sent({**USD, "id": ids[None], "amount": 21}, kept) == {None: 21, 10: 15}
    assert sent({**USD, "id": ids[None], "amount": 22}, {**USD, "id": ids[10], "amount": 16}) == {10: 16}


def test_an_id_of_a_price_that_was_replaced_can_be_used_again(
    shop: Shop, products: tuple[View, View]
) -> None:
    first, _ = products
    price = variant_of(first, "S / Red")["prices"][0]
    shop.workflow(UPDATE, product_variants=[entry(first, "S / Red", prices=[{**USD, "amount": 1}])])
    again = {"id": price["id"], "currency_code": "usd", "amount": 2}
    shop.workflow(UPDATE, product_variants=[entry(first, "S / Red", prices=[again])])
    (seen,) = variant_of(shop.product(first["id"]), "S / Red")["prices"]
    assert (seen["id"], seen["amount"]) == (price["id"], 2)


REFUSED_UPDATES: list[View] = [
    sizes("M"),
    sizes("Huge"),
    {"options": {"Size": "L"}},
    {"sku": "SH1-M-Red"},
    {"sku": "NEW"},
    {"id": "variant_gone"},
    {"title": "NUL \0"},
]


def test_a_refused_row_changes_nothing_and_has_no_reason(shop: Shop, products: tuple[View, View]) -> None:
    first, second = products
    fine = entry(first, "S / Blue", title="New", sku="NEW", metadata={"a": 1}, **sizes("L", "Blue"))
    twice = {"id": fine["id"]}
    for changes in [*REFUSED_UPDATES, twice]:
        bodies = [{**fine, "prices": [{**USD, "amount": 1}]}, entry(second, "S / Red", **changes)]
        assert refusal(shop, UPDATE, *bodies) == UNKNOWN_ERROR, changes
    assert both(shop, *products) == list(products)


# --- deleting ---


def test_variants_of_many_products_are_deleted_in_one_call(shop: Shop, products: tuple[View, View]) -> None:
    first, second = products
    ids = [entry(first, "S / Red")["id"], entry(second, "M / Blue")["id"]]
    shop.workflow(DELETE, ids=[*ids, "variant_gone"])
    seen, other = both(shop, *products)
    assert {each["title"] for each in seen["variants"]} == {"S / Blue", "M / Red", "M / Blue"}
    assert {each["title"] for each in other["variants"]} == {"S / Red", "S / Blue", "M / Red"}
    assert len(skus(shop)) == 6
    shop.workflow(DELETE, ids=[*ids, "variant_gone"])
    shop.workflow(DELETE, ids=[])
    assert both(shop, *products) == [seen, other]


def test_a_variant_with_reserved_stock_refuses_the_call(shop: Shop, products: tuple[View, View]) -> None:
    first, second = products
    shop.reserve(first, "S / Red")
    ids = [entry(second, "S / Red")["id"], entry(first, "S / Red")["id"]]
    message = "Cannot remove following inventory item(s) since they have reservations: [<id>]."
    assert shop.workflow_refusal(DELETE, ids=ids) == invalid(message)
    assert both(shop, *products) == list(products)


def test_the_id_of_a_deleted_variant_cannot_be_used_again(shop: Shop, products: tuple[View, View]) -> None:
    first, second = products
    ids = [f"variant_own_{number}" for number in range(3)]
    bodies = [new(first, "L", 1, id=ids[0]), new(first, "XL", 1, id=ids[1]), new(second, "L", 2, id=ids[2])]
    shop.workflow(CREATE, product_variants=bodies)
    shop.workflow(DELETE, ids=ids[:1])
    shop.variants(first, delete=ids[1:2])
    shop.call("DELETE", f"/admin/products/{second['id']}")
    for number, variant_id in enumerate(ids):
        body = new(first, "L", 1, id=variant_id, sku=None)
        assert refusal(shop, CREATE, body) == UNKNOWN_ERROR, number
    shop.workflow(CREATE, product_variants=[new(first, "L", 1, id="variant_own_3")])
