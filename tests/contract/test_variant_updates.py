"""Updating variants in batches."""

from typing import Any

import pytest

from tests.contract.shirts import entry, shirt, sizes, stocked_shirt, values_of, variant, variants_path
from tests.contract.shop import DETAILS, UNKNOWN_ERROR, Shop, View, invalid, options_of, prices_of, variant_of

USD: dict[str, Any] = {"currency_code": "usd"}


@pytest.fixture
def product(shop: Shop) -> View:
    return stocked_shirt(shop)


def test_everything_of_several_variants_can_change_in_one_call(shop: Shop, product: View) -> None:
    details = {
        **dict(zip(("weight", "length", "height", "width"), (1.5, 2, 3, 4), strict=True)),
        **dict.fromkeys(("material", "hs_code", "mid_code", "origin_country"), "new"),
    }
    red, blue = variant_of(product, "S / Red"), variant_of(product, "S / Blue")
    usd = next(price for price in red["prices"] if price["currency_code"] == "usd")
    prices = [{**USD, "id": usd["id"], "amount": 99}, {"currency_code": "eur", "amount": 88}]
    seen = shop.variants(
        product,
        update=[
            {"id": red["id"], "title": "XL / Red", "sku": "NEW", "barcode": "B", **sizes("XL"), **details}
            | {"prices": prices},
            {"id": blue["id"], "title": "L / Blue", **sizes("L", "Blue")},
        ],
    )
    new = variant_of(seen, "XL / Red")
    assert (new["id"], new["sku"], new["barcode"]) == (red["id"], "NEW", "B")
    assert {name: new[name] for name in DETAILS} == details
    assert options_of(seen, new) == {"Size": "XL", "Colour": "Red"}
    assert {price[:2] for price in prices_of(seen, "XL / Red")} == {("usd", 99), ("eur", 88)}
    assert usd["id"] in {price["id"] for price in new["prices"]}
    assert new["inventory_items"] == red["inventory_items"]
    moved = variant_of(seen, "L / Blue")
    assert options_of(seen, moved) == {"Size": "L", "Colour": "Blue"}
    unchanged = {name: value for name, value in blue.items() if name not in {"title", "options"}}
    assert moved == {**moved, **unchanged}
    assert values_of(seen) == values_of(product)


MERGED: list[tuple[dict[str, Any] | None, dict[str, Any] | None]] = [
    ({"a": 1, "b": 2}, {"a": 1, "b": 2}),
    ({"c": 3}, {"a": 1, "b": 2, "c": 3}),
    ({"a": ""}, {"b": 2, "c": 3}),
    ({}, {}),
    ({"d": 4}, {"d": 4}),
    (None, None),
]


def test_metadata_is_merged(shop: Shop, product: View) -> None:
    for update, kept in MERGED:
        seen = shop.variants(product, update=[entry(product, "S / Red", metadata=update)])
        assert variant_of(seen, "S / Red")["metadata"] == kept


def test_options_can_be_removed_from_a_variant(shop: Shop, product: View) -> None:
    seen = shop.variants(product, update=[entry(product, "S / Red", options={})])
    assert variant_of(seen, "S / Red")["options"] == []
    seen = shop.variants(product, create=[variant("S", "Red", title="New", sku=None)])
    assert options_of(seen, variant_of(seen, "New")) == {"Size": "S", "Colour": "Red"}


REFUSED_UPDATES: list[tuple[View, tuple[int, str, str]]] = [
    (sizes("M"), invalid("Variant (M / Red) with provided options already exists.")),
    (sizes("Huge"), invalid("Option value Huge does not exist for option Size")),
    (
        {"options": {"Size": "L"}},
        invalid(
            "Product has 2 option values but there were 1 provided option values for the variant: undefined."
        ),
    ),
    ({"sku": "SH1-M-Red"}, invalid("Product variant with sku: SH1-M-Red, already exists.")),
    ({"title": None}, invalid("Invalid request: Field 'update, 1, title' is required")),
    ({"id": None}, invalid("Invalid request: Field 'update, 1, id' is required")),
    ({"id": "gone"}, invalid("Cannot update non-existing variants with ids: gone")),
    ({"inventory_items": []}, invalid("Invalid request: Unrecognized fields: 'inventory_items'")),
    ({"prices": [{"currency_code": "usd"}]}, UNKNOWN_ERROR),
    ({"material": "NUL \0"}, UNKNOWN_ERROR),
]


def test_one_refused_update_of_a_variant_fails_the_batch(shop: Shop, product: View) -> None:
    fine = entry(product, "S / Blue", title="New", sku="NEW", weight=1)
    for changes, refusal in REFUSED_UPDATES:
        bodies = [fine, entry(product, "S / Red", **changes)]
        assert shop.variants_refusal(product, update=bodies) == refusal, changes
    assert shop.product(product["id"]) == product


def test_a_variant_cannot_be_updated_twice_in_one_call(shop: Shop, product: View) -> None:
    twice = [entry(product, "S / Red", title="1"), entry(product, "S / Red", sku="2")]
    message = "Cannot update non-existing variants with ids: "
    assert shop.variants_refusal(product, update=twice) == invalid(message)


def test_variants_of_other_products_are_accepted(shop: Shop, product: View) -> None:
    other = shirt(shop, 2)
    parts = {"update": [entry(other, "S / Red", title="New")], "delete": [entry(other, "M / Red")["id"]]}
    response = shop.call("POST", variants_path(product), parts, fields="id")
    assert [each["id"] for each in response["updated"]] == [variant_of(other, "S / Red")["id"]]
    seen = shop.product(other["id"])
    assert {each["title"] for each in seen["variants"]} == {"New", "S / Blue", "M / Blue"}
    assert shop.product(product["id"]) == product


def test_option_values_are_not_freed_for_the_same_call(shop: Shop, product: View) -> None:
    small, medium = entry(product, "S / Red"), entry(product, "M / Red")
    swapped = [{**small, **sizes("M")}, {**medium, **sizes("S")}]
    message = "Variant (M / Red) with provided options already exists."
    assert shop.variants_refusal(product, update=swapped)[:2] == (400, "invalid_data")
    moved = [{**small, **sizes("M")}, {**medium, **sizes("L")}]
    assert shop.variants_refusal(product, update=moved) == invalid(message)
    assert shop.variants_refusal(product, update=moved[::-1]) == invalid(message)
    parts = {"delete": [medium["id"]], "create": [variant("M", "Red", title="New", sku=None)]}
    assert shop.variants_refusal(product, **parts) == invalid(message)
    assert shop.product(product["id"]) == product
    both = [{**small, **sizes("L")}, {**medium, **sizes("L")}]
    seen = shop.variants(product, update=both)
    assert [options_of(seen, variant_of(seen, title)) for title in ("S / Red", "M / Red")] == [
        {"Size": "L", "Colour": "Red"}
    ] * 2


def test_a_variant_keeps_a_value_that_another_variant_of_the_call_gets(shop: Shop, product: View) -> None:
    """A mistake of Medusa; a call for this variant only corrects it."""
    shop.variants(product, delete=[entry(product, "S / Blue")["id"]])
    moved = entry(product, "S / Red", **sizes("L"))
    seen = shop.variants(product, update=[moved, entry(product, "M / Blue", **sizes("S", "Blue"))])

    def values(title: str) -> list[str]:
        return sorted(value["value"] for value in variant_of(seen, title)["options"])

    assert (values("S / Red"), values("M / Blue")) == (["L", "Red", "S"], ["Blue", "S"])
    seen = shop.variants(product, update=[moved])
    assert (values("S / Red"), values("M / Blue")) == (["L", "Red"], ["Blue", "S"])


@pytest.mark.parametrize("column", ["sku", "barcode"])
def test_variants_cannot_exchange_a_unique_value(shop: Shop, product: View, column: str) -> None:
    """A value that another variant of the call only gives up may be free or not: it depends on the rows."""
    first, *_, last = sorted(product["variants"], key=lambda each: str(each["id"]))
    unique = [{"id": first["id"], column: "FIRST"}, {"id": last["id"], column: "LAST"}]
    product = shop.variants(product, update=unique)
    exchanged = [{"id": first["id"], column: "LAST"}, {"id": last["id"], column: "FIRST"}]
    status, kind, message = shop.variants_refusal(product, update=exchanged)
    assert (status, kind) == invalid("")[:2]
    assert message.endswith("already exists.")
    assert shop.product(product["id"]) == product


def test_managing_creates_and_links_an_item(shop: Shop, product: View) -> None:
    seen = shop.variants(product, create=[variant("L", "Red", manage_inventory=False)])
    managed = [
        entry(seen, "L / Red", manage_inventory=True),
        entry(seen, "S / Red", manage_inventory=True),
        entry(seen, "M / Red", manage_inventory=False),
    ]
    updated = shop.variants(seen, update=managed)
    assert variant_of(updated, "L / Red")["inventory_items"][0]["inventory"]["sku"] == "SH1-L-Red"
    assert variant_of(updated, "S / Red") == variant_of(seen, "S / Red")
    assert variant_of(updated, "M / Red")["inventory_items"] == []
    assert shop.call("GET", "/admin/inventory-items")["count"] == 5
