"""Creating and deleting variants in batches, and what a refused batch undoes."""

from typing import Any

import pytest

from tests.contract.shirts import entry, sizes, stocked_shirt, values_of, variant, variants_path
from tests.contract.shop import UNKNOWN_ERROR, Shop, View, invalid, item_of, options_of, prices_of, variant_of

USD: dict[str, Any] = {"currency_code": "usd"}


@pytest.fixture
def product(shop: Shop) -> View:
    return stocked_shirt(shop)


# --- creating ---


def test_new_variants_get_items_and_prices(shop: Shop, product: View) -> None:
    bodies = [
        variant("L", "Red", weight=0.5, metadata={"a": 1}),
        variant("L", "Blue", manage_inventory=False),
    ]
    seen = shop.variants(product, create=bodies)
    red, blue = variant_of(seen, "L / Red"), variant_of(seen, "L / Blue")
    assert (red["sku"], red["weight"], red["metadata"]) == ("SH1-L-Red", 0.5, {"a": 1})
    assert options_of(seen, red) == {"Size": "L", "Colour": "Red"}
    assert red["inventory_items"][0]["inventory"] == {
        "sku": "SH1-L-Red",
        "id": item_of(seen, "L / Red"),
        "location_levels": [],
    }
    assert blue["inventory_items"] == []
    assert {price[:2] for price in prices_of(seen, "L / Red")} == {("usd", 20), ("eur", 18)}
    assert [variant_of(seen, each["title"]) for each in product["variants"]] == product["variants"]


def test_a_new_variant_cannot_have_the_item_of_a_deleted_one(shop: Shop, product: View) -> None:
    item_id = item_of(product, "M / Blue")
    shop.variants(product, delete=[variant_of(product, "M / Blue")["id"]])
    before = shop.product(product["id"])
    link = {"inventory_item_id": item_id, "required_quantity": 1}
    body = {"create": [variant("M", "Blue", inventory_items=[link])]}
    refusal = shop.refusal("POST", variants_path(product), body)
    assert refusal == invalid("Inventory Items with ids: <id> was not found")
    assert shop.product(product["id"]) == before


def test_the_response_shows_the_requested_fields_of_variants(shop: Shop, product: View) -> None:
    parts = {
        "create": [variant("L", "Red")],
        "update": [entry(product, "S / Red", title="Small")],
        "delete": [variant_of(product, "M / Blue")["id"]],
    }
    fields = "id,title,sku,options.value,prices.id,prices.amount,inventory_items.inventory_item_id"
    response = shop.call("POST", variants_path(product), parts, fields=fields)
    seen = shop.product(product["id"])
    for kind, title in (("created", "L / Red"), ("updated", "Small")):
        (shown,) = response[kind]
        stored = variant_of(seen, title)
        assert {name: shown[name] for name in ("id", "title", "sku")} == {
            name: stored[name] for name in ("id", "title", "sku")
        }
        assert shown["inventory_items"][0]["inventory_item_id"] == item_of(seen, title)
        assert sorted(each["value"] for each in shown["options"]) == sorted(options_of(seen, stored).values())
        assert {each["id"]: each["amount"] for each in shown["prices"]} == {
            each["id"]: each["amount"] for each in stored["prices"]
        }
    assert response["deleted"] == {"ids": parts["delete"], "object": "variant", "deleted": True}


def test_an_empty_batch_is_accepted(shop: Shop) -> None:
    deleted = {"ids": [], "object": "variant", "deleted": True}
    batches: list[View] = [{}, {"create": [], "update": [], "delete": []}]
    for parts in batches:
        response = shop.call("POST", variants_path({"id": "prod_gone"}), parts)
        assert response == {"created": [], "updated": [], "deleted": deleted}


REFUSED_CREATIONS: list[tuple[View, tuple[int, str, str]]] = [
    (sizes("S"), invalid("Variant (S / Red) with provided options already exists.")),
    (sizes("Huge"), invalid("Option value Huge does not exist for option Size")),
    (
        {"title": "New", "options": {"Size": "L"}},
        invalid("Product has 2 option values but there were 1 provided option values for the variant: New."),
    ),
    ({"options": {}}, UNKNOWN_ERROR),
    ({"sku": "SH1-S-Red"}, invalid("Product variant with sku: SH1-S-Red, already exists.")),
    ({"sku": "SH1-L-Blue"}, invalid("Product variant with sku: SH1-L-Blue, already exists.")),
    ({"title": None}, invalid("Invalid request: Field 'create, 1, title' is required")),
    ({"prices": None}, invalid("Invalid request: Field 'create, 1, prices' is required")),
    ({"id": "x"}, invalid("Invalid request: Unrecognized fields: 'id'")),
    ({"title": "NUL \0"}, UNKNOWN_ERROR),
]


def test_one_refused_variant_fails_the_batch(shop: Shop, product: View) -> None:
    for changes, refusal in REFUSED_CREATIONS:
        bodies = [variant("L", "Blue"), variant("L", "Red", **changes)]
        assert shop.variants_refusal(product, create=bodies) == refusal, changes
    assert shop.product(product["id"]) == product
    assert shop.call("GET", "/admin/inventory-items")["count"] == 4


def test_new_variants_are_compared_only_with_stored_ones(shop: Shop, product: View) -> None:
    seen = shop.variants(product, create=[variant("L", "Red"), variant("L", "Red", title="Twin", sku=None)])
    assert options_of(seen, variant_of(seen, "Twin")) == {"Size": "L", "Colour": "Red"}
    bare = {"title": "Bare", "prices": []}
    assert variant_of(shop.variants(product, create=[bare]), "Bare")["options"] == []


def test_the_sku_of_an_unused_item_is_refused(shop: Shop, product: View) -> None:
    unmanaged = shop.create(2)
    shop.update(
        unmanaged, variants=[{"id": variant_of(unmanaged)["id"], "manage_inventory": False, "sku": None}]
    )
    message = "Inventory item with sku: SKU-2, already exists."
    bodies = [variant("L", "Blue"), variant("L", "Red", sku="SKU-2")]
    assert shop.variants_refusal(product, create=bodies) == invalid(message)
    assert shop.product(product["id"]) == product


def test_variants_of_an_unknown_product_cannot_be_created(shop: Shop) -> None:
    path = variants_path({"id": "prod_gone"})
    message = "Product has 0 option values but there were 2 provided option values for the variant: S / Red."
    assert shop.refusal("POST", path, {"create": [variant("S", "Red")]}) == invalid(message)
    assert shop.call("POST", path, {"delete": ["variant_gone"]})["deleted"]["ids"] == ["variant_gone"]


def test_a_batch_of_variants_may_have_two_megabytes(shop: Shop, product: View) -> None:
    for size, status in ((110_000, 200), (1_900_000, 200), (2_200_000, 413)):
        body = {"update": [entry(product, "S / Red", metadata={"a": "x" * size})]}
        assert shop.send("POST", variants_path(product), body, fields="id").status_code == status


# --- deleting ---


def test_deleting_a_variant_deletes_its_item_but_no_option_value(shop: Shop, product: View) -> None:
    ids = [entry(product, title)["id"] for title in ("S / Red", "S / Blue")]
    seen = shop.variants(product, delete=[*ids, "variant_gone"])
    assert {each["title"] for each in seen["variants"]} == {"M / Red", "M / Blue"}
    assert values_of(seen) == values_of(product)
    assert shop.call("GET", "/admin/inventory-items")["count"] == 2
    again = shop.variants(seen, create=[variant("S", "Red")])
    assert variant_of(again, "S / Red")["inventory_items"][0]["inventory"]["location_levels"] == []
    all_ids = [each["id"] for each in again["variants"]]
    assert shop.variants(again, delete=[*all_ids, *all_ids])["variants"] == []


def test_the_item_of_an_unmanaged_or_another_variant_stays(shop: Shop, product: View) -> None:
    shared = {"inventory_item_id": item_of(product, "S / Red"), "required_quantity": 1}
    seen = shop.variants(product, create=[variant("L", "Red", inventory_items=[shared])])
    shop.variants(seen, update=[entry(seen, "S / Blue", manage_inventory=False)])
    shop.variants(seen, delete=[entry(seen, title)["id"] for title in ("S / Red", "S / Blue")])
    items = shop.call("GET", "/admin/inventory-items", fields="sku")["inventory_items"]
    assert {item["sku"] for item in items} == {"SH1-S-Red", "SH1-S-Blue", "SH1-M-Red", "SH1-M-Blue"}


def test_a_variant_can_be_deleted_at_its_own_endpoint(shop: Shop, product: View) -> None:
    variant_id = variant_of(product, "S / Red")["id"]
    response = shop.call("DELETE", f"/admin/products/{product['id']}/variants/{variant_id}")
    assert (response["id"], response["object"], response["deleted"]) == (variant_id, "variant", True)
    assert len(shop.product(product["id"])["variants"]) == 3
    assert shop.call("GET", "/admin/inventory-items")["count"] == 3


def test_a_variant_with_reserved_stock_is_not_deleted(shop: Shop, product: View) -> None:
    shop.reserve(product, "S / Red", 2)
    refusal = invalid("Cannot remove following inventory item(s) since they have reservations: [<id>].")
    ids = [entry(product, title)["id"] for title in ("S / Red", "S / Blue")]
    assert shop.variants_refusal(product, delete=ids) == refusal
    path = f"/admin/products/{product['id']}/variants/{ids[0]}"
    assert shop.refusal("DELETE", path) == refusal
    assert shop.refusal("DELETE", f"/admin/products/{product['id']}") == refusal
    assert shop.product(product["id"]) == product


# --- undoing ---


@pytest.fixture
def refused(shop: Shop) -> View:
    """A new variant whose item is refused after all variants were written."""
    other = shop.create(2)
    body = {"id": variant_of(other)["id"], "manage_inventory": False, "sku": None}
    shop.update(other, variants=[body])
    return variant("L", "Red", sku="SKU-2")


def test_a_refused_creation_undoes_deletions(shop: Shop, product: View, refused: View) -> None:
    deleted = entry(product, "S / Red")["id"]
    assert shop.variants_refusal(product, create=[refused], delete=[deleted])[0] == 400
    assert shop.product(product["id"]) == product


def test_an_undone_update_keeps_options_and_new_metadata_and_loses_prices(
    shop: Shop, product: View, refused: View
) -> None:
    metadata = {"kept": 1, "changed": 1, "gone": 1}
    product = shop.variants(product, update=[entry(product, "S / Red", metadata=metadata)])
    changes = {
        **dict.fromkeys(("title", "sku", "barcode", "hs_code"), "NEW"),
        **sizes("XL"),
        "weight": 9,
        "manage_inventory": False,
        "metadata": {"changed": 2, "gone": "", "new": 3},
        "prices": [{**USD, "amount": 1}],
    }
    bodies = [
        entry(product, "S / Red", **changes),
        entry(product, "S / Blue", title="New", metadata={"new": 3}),
    ]
    assert shop.variants_refusal(product, create=[refused], update=bodies)[0] == 400
    seen = shop.product(product["id"])
    own = variant_of(seen, "S / Red")
    assert options_of(seen, own) == {"Size": "XL", "Colour": "Red"}
    assert own["prices"] == []
    before = variant_of(product, "S / Red")
    assert own == {
        **before,
        "options": own["options"],
        "prices": [],
        "metadata": {**metadata, "new": 3},
    }
    assert variant_of(seen, "S / Blue") == variant_of(product, "S / Blue")


def test_an_update_that_is_refused_by_its_own_item_keeps_prices(shop: Shop, product: View) -> None:
    product = shop.variants(product, update=[entry(product, "M / Red", manage_inventory=False)])
    bodies = [
        entry(product, "M / Red", title="New", manage_inventory=True, prices=[{**USD, "amount": 1}]),
        entry(product, "S / Red", title="New", prices=[{**USD, "amount": 1}]),
    ]
    message = "Inventory item with sku: SH1-M-Red, already exists."
    assert shop.variants_refusal(product, update=bodies) == invalid(message)
    assert shop.product(product["id"]) == product


def test_a_refused_deletion_undoes_the_rest(shop: Shop, product: View) -> None:
    shop.reserve(product, "S / Red")
    parts = {
        "create": [variant("L", "Red")],
        "update": [entry(product, "M / Red", title="New")],
        "delete": [entry(product, "S / Red")["id"]],
    }
    assert shop.variants_refusal(product, **parts)[0] == 400
    assert shop.product(product["id"]) == product
    assert shop.call("GET", "/admin/inventory-items")["count"] == 4
