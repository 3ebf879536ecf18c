"""Options and variants of products: reading, creating and deleting them, one product or many at a time."""

from typing import Any, Final

import pytest

from tests.contract.shirts import (
    CREATE,
    DELETE,
    add_values,
    both,
    entry,
    new,
    shirt,
    sizes,
    skus,
    stocked_shirt,
    values_of,
    variant,
    variants_path,
)
from tests.contract.shop import (
    DETAILS,
    MALFORMED,
    UNKNOWN_ERROR,
    USD,
    Refusal,
    Shop,
    View,
    exists,
    invalid,
    item_of,
    miscounted,
    natural,
    options_of,
    prices_of,
    unlinked,
    variant_of,
)

SIZES: Final[dict[str, Any]] = {"title": "Size", "values": ["S", "M"]}
COLOURS: Final[dict[str, Any]] = {"title": "Colour", "values": ["Red"]}
RED: Final = {"Size": "L", "Colour": "Red"}


@pytest.fixture
def products(shop: Shop) -> tuple[View, View]:
    """Two shirts; the sizes L and XL have no variants, and the first has stock."""
    return stocked_shirt(shop), add_values(shop, shirt(shop, 2), "Size", "L", "XL")


# --- with their product ---


def test_a_product_with_options_and_variants_is_stored_as_sent(shop: Shop) -> None:
    details: View = dict(zip(DETAILS, (0.2, 1.5, 2, 3, "cotton", "6109", "m", "pt"), strict=True))
    details |= {
        "barcode": "B-1",
        "manage_inventory": False,
        "allow_backorder": True,
        "metadata": {"a": {"b": 1}},
    }
    bodies = [variant("S", "Red", **details), variant("M", "Red")]
    product = shop.create(options=[SIZES, COLOURS], variants=bodies)
    assert values_of(product) == {"Size": ["M", "S"], "Colour": ["Red"]}
    assert all(option["is_exclusive"] for option in product["options"])
    assert {each["title"]: options_of(product, each) for each in product["variants"]} == {
        body["title"]: body["options"] for body in bodies
    }
    first, second = variant_of(product, "S / Red"), variant_of(product, "M / Red")
    assert {name: first[name] for name in details} == details
    assert {name: second[name] for name in DETAILS} == dict.fromkeys(DETAILS)
    assert second["allow_backorder"] is False
    assert (first["inventory_items"], len(second["inventory_items"])) == ([], 1)
    assert {price[:2] for price in prices_of(product, "M / Red")} == {("usd", 20), ("eur", 18)}


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"options": {"Size": "S"}}, miscounted(1, "S / Red")),
        ({"options": {"Size": "S", "Colour": "Red", "Fit": "Slim"}}, miscounted(3, "S / Red")),
        ({"options": {"Size": "S", "Color": "Red"}}, invalid(unlinked("Red", "Color"))),
        ({"options": {"Size": "S", "Colour": ""}}, invalid(unlinked("", "Colour"))),
        ({"sku": "SH1-M-Red"}, exists("Product variant", sku="SH1-M-Red")),
        ({"barcode": "B"}, exists("Product variant", barcode="B")),
    ],
)
def test_one_wrong_variant_of_a_new_product_is_refused(shop: Shop, changes: View, refusal: Refusal) -> None:
    bodies = [variant("M", "Red", barcode="B"), variant("S", "Red", **changes)]
    body = shop.body(1, options=[SIZES, COLOURS], variants=bodies)
    assert shop.batch_refusal(create=[shop.body(2), body]) == refusal
    assert (shop.products(), skus(shop)) == ({}, set())


# --- creating ---


def test_variants_of_many_products_are_created_in_one_call(shop: Shop, products: tuple[View, View]) -> None:
    first, second = products
    stock = [{"location_id": shop.location_id, "stocked_quantity": 3}]
    items = [{"id": "iitem_own", "sku": "OWN", "location_levels": stock}]
    shop.workflow("create-inventory-items-workflow", items=items)
    link = {"inventory_items": [{"inventory_item_id": "iitem_own"}]}
    bodies = [
        new(first, "L", 1, metadata={"a": 1}, weight=0.5, barcode="B"),
        new(second, "L", 2, id="variant_own", sku="OWN", **link),
        new(first, "XL", 1, manage_inventory=False, prices=[{**USD, "amount": 5}]),
    ]
    shop.workflow(CREATE, product_variants=bodies)
    seen, other = both(shop, *products)
    red = variant_of(seen, "L / Red")
    assert (red["sku"], red["barcode"], red["weight"], red["metadata"]) == ("SH1-L-Red", "B", 0.5, {"a": 1})
    assert options_of(seen, red) == RED
    assert red["inventory_items"][0]["inventory"]["sku"] == "SH1-L-Red"
    assert {price[:2] for price in prices_of(seen, "L / Red")} == {("usd", 20), ("eur", 18)}
    assert variant_of(seen, "XL / Red")["inventory_items"] == []
    assert {price[:2] for price in prices_of(seen, "XL / Red")} == {("usd", 5)}
    own = variant_of(other, "L / Red")
    assert (own["id"], item_of(other, "L / Red")) == ("variant_own", "iitem_own")
    assert own["inventory_items"][0]["inventory"]["location_levels"][0]["stocked_quantity"] == 3
    for before, after in zip(products, (seen, other), strict=True):
        assert [variant_of(after, each["title"]) for each in before["variants"]] == before["variants"]


def test_the_route_of_one_product_creates_the_same(shop: Shop, products: tuple[View, View]) -> None:
    first, second = products
    more: View = {"weight": 0.5, "metadata": {"a": 1}}
    shop.workflow(CREATE, product_variants=[new(second, "L", 1, sku="OTHER", **more)])
    fields = "id,title,options.value,prices.id,inventory_items.inventory_item_id"
    body = {"create": [variant("L", "Red", **more)]}
    response = shop.call("POST", variants_path(first), body, fields=fields)
    seen, other = both(shop, *products)
    own = variant_of(seen, "L / Red")
    items = [{"inventory": {"sku": "SH1-L-Red", "location_levels": []}}]
    expected = {**natural(variant_of(other, "L / Red")), "sku": "SH1-L-Red", "inventory_items": items}
    assert natural(own) == expected
    [created] = response["created"]
    assert (created["id"], created["title"]) == (own["id"], "L / Red")
    assert {each["id"] for each in created["prices"]} == {each["id"] for each in own["prices"]}
    assert created["inventory_items"][0]["inventory_item_id"] == item_of(seen, "L / Red")
    assert [variant_of(seen, each["title"]) for each in first["variants"]] == first["variants"]
    path = f"/admin/products/{first['id']}/variants"
    shop.call("POST", path, variant("XL", "Red"))
    assert len(shop.product(first["id"])["variants"]) == 6


REFUSED: list[tuple[View, Refusal | None]] = [
    (sizes("S"), invalid("Variant (S / Red) with provided options already exists.")),
    (sizes("Huge"), invalid(unlinked("Huge", "Size"))),
    ({"options": {"Size": "L"}}, miscounted(1, "L / Red")),
    ({"sku": "SH1-S-Red"}, exists("Product variant", sku="SH1-S-Red")),
    ({"sku": "SH1-L-Blue"}, exists("Product variant", sku="SH1-L-Blue")),
    ({"sku": "UNUSED"}, exists("Inventory item", sku="UNUSED")),
    ({"prices": [USD]}, MALFORMED),
    ({"prices": [{"amount": 1}]}, MALFORMED),
    ({"inventory_items": [{"inventory_item_id": "iitem_gone"}]}, None),
    ({"inventory_items": [{"inventory_item_id": "iitem_unused"}], "prices": [USD]}, None),
    ({"product_id": "prod_gone"}, None),
]
"""What is wrong with a variant, and why the route of its product refuses it."""


def test_one_refused_variant_refuses_the_call(shop: Shop, products: tuple[View, View]) -> None:
    """The workflow gives no reason. An unused item that was named stays; items that were made do not."""
    first, second = products
    unused = [{"id": "iitem_unused", "sku": "UNUSED"}]
    shop.workflow("create-inventory-items-workflow", items=unused)
    before = skus(shop)
    for changes, reason in REFUSED:
        bodies = [new(first, "L", 1, id="variant_own", sku="SH1-L-Blue"), new(second, "L", 2, **changes)]
        assert shop.workflow_refusal(CREATE, product_variants=bodies) == UNKNOWN_ERROR, changes
        if reason is not None:
            sent = [variant("L", "Blue"), variant("L", "Red", **changes)]
            assert shop.variants_refusal(first, create=sent) == reason, changes
    assert both(shop, *products) == list(products)
    assert skus(shop) == before
    shop.workflow(CREATE, product_variants=[new(first, "L", 1, id="variant_own")])


# --- deleting ---


def test_deleting_variants_deletes_their_items_but_no_option_value(
    shop: Shop, products: tuple[View, View]
) -> None:
    """Of many products with one call, or of one; unknown ones are ignored."""
    first, second = products
    ids = [entry(first, "S / Red")["id"], entry(second, "M / Blue")["id"], "variant_gone"]
    for _ in range(2):
        shop.workflow(DELETE, ids=ids)
        seen, other = both(shop, *products)
        assert {each["title"] for each in seen["variants"]} == {"S / Blue", "M / Red", "M / Blue"}
        assert {each["title"] for each in other["variants"]} == {"S / Red", "S / Blue", "M / Red"}
        assert (values_of(seen), len(skus(shop))) == (values_of(first), 6)
    ids = [entry(first, "S / Blue")["id"], "variant_gone"]
    response = shop.call("POST", variants_path(first), {"delete": ids})
    assert response["deleted"] == {"ids": ids, "object": "variant", "deleted": True}
    assert {each["title"] for each in shop.product(first["id"])["variants"]} == {"M / Red", "M / Blue"}
    own = entry(first, "M / Blue")["id"]
    response = shop.call("DELETE", f"/admin/products/{first['id']}/variants/{own}")
    assert (response["id"], response["object"], response["deleted"]) == (own, "variant", True)
    assert [each["title"] for each in shop.product(first["id"])["variants"]] == ["M / Red"]
    again = shop.variants(first, create=[variant("S", "Red")])
    assert variant_of(again, "S / Red")["inventory_items"][0]["inventory"]["location_levels"] == []


def test_the_item_of_an_unmanaged_or_another_variant_stays(shop: Shop, products: tuple[View, View]) -> None:
    first, _ = products
    shared = {"inventory_item_id": item_of(first, "S / Red"), "required_quantity": 1}
    seen = shop.variants(first, create=[variant("L", "Red", inventory_items=[shared])])
    shop.variants(seen, update=[entry(seen, "S / Blue", manage_inventory=False)])
    shop.variants(seen, delete=[entry(seen, title)["id"] for title in ("S / Red", "S / Blue")])
    assert {"SH1-S-Red", "SH1-S-Blue", "SH1-M-Red", "SH1-M-Blue"} <= skus(shop)


def test_a_variant_with_reserved_stock_refuses_the_call(shop: Shop, products: tuple[View, View]) -> None:
    first, second = products
    shop.reserve(first, "S / Red")
    ids = [entry(second, "S / Red")["id"], entry(first, "S / Red")["id"]]
    refusal = invalid("Cannot remove following inventory item(s) since they have reservations: [<id>].")
    assert shop.workflow_refusal(DELETE, ids=ids) == refusal
    assert shop.variants_refusal(first, delete=ids) == refusal
    assert both(shop, *products) == list(products)


def test_the_id_of_a_deleted_variant_cannot_be_used_again(shop: Shop, products: tuple[View, View]) -> None:
    first, second = products
    ids = [f"variant_own_{number}" for number in range(3)]
    bodies = [new(first, "L", 1, id=ids[0]), new(first, "XL", 1, id=ids[1]), new(second, "L", 2, id=ids[2])]
    shop.workflow(CREATE, product_variants=bodies)
    shop.workflow(DELETE, ids=ids[:1])
    shop.variants(first, delete=ids[1:2])
    shop.call("DELETE", f"/admin/products/{second['id']}")
    for own in (*ids, variant_of(first, "S / Red")["id"]):
        body = new(first, "L", 1, id=own, sku=None, **(sizes("S") if own not in ids else {}))
        assert shop.workflow_refusal(CREATE, product_variants=[body]) == UNKNOWN_ERROR, own
    shop.workflow(CREATE, product_variants=[new(first, "L", 1, id="variant_own_3")])
