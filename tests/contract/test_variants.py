"""Products with several options and variants."""

from typing import Any

import pytest

from tests.contract.shirts import add_values, option_of, shirt, value_of, values_of, variant
from tests.contract.shop import (
    DETAILS,
    FIELDS,
    UNKNOWN_ERROR,
    Shop,
    View,
    invalid,
    natural,
    options_of,
    prices_of,
    variant_of,
)

SIZES: dict[str, Any] = {"title": "Size", "values": ["S", "M"]}
COLOURS: dict[str, Any] = {"title": "Colour", "values": ["Red"]}


def combinations(product: View) -> dict[str, dict[str, str]]:
    """The option values of each variant by its title."""
    return {each["title"]: options_of(product, each) for each in product["variants"]}


# --- creating and reading ---


def test_a_product_with_options_and_variants_is_stored_as_sent(shop: Shop) -> None:
    details: dict[str, Any] = {
        "barcode": "B-1",
        "manage_inventory": False,
        "weight": 0.2,
        "length": 1.5,
        "height": 2,
        "width": 3,
        "material": "cotton",
        "hs_code": "6109",
        "mid_code": "m",
        "origin_country": "pt",
        "metadata": {"a": {"b": 1}},
    }
    bodies = [variant("S", "Red", **details), variant("M", "Red")]
    product = shop.create(options=[SIZES, COLOURS], variants=bodies)
    assert values_of(product) == {"Size": ["M", "S"], "Colour": ["Red"]}
    assert all(option["is_exclusive"] for option in product["options"])
    assert combinations(product) == {body["title"]: body["options"] for body in bodies}
    first, second = variant_of(product, "S / Red"), variant_of(product, "M / Red")
    assert {name: first[name] for name in details} == details
    assert {name: second[name] for name in DETAILS} == dict.fromkeys(DETAILS)
    assert (first["inventory_items"], len(second["inventory_items"])) == ([], 1)
    assert {price[:2] for price in prices_of(product, "M / Red")} == {("usd", 20), ("eur", 18)}


def test_the_option_values_of_variants_have_the_ids_of_the_values_of_the_product(shop: Shop) -> None:
    product = shirt(shop)
    size = {value["option_id"]: value["id"] for value in variant_of(product, "S / Red")["options"]}
    assert size == {
        option_of(product, "Size"): value_of(product, "Size", "S"),
        option_of(product, "Colour"): value_of(product, "Colour", "Red"),
    }


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ("variants.options.value", {"value": "Red"}),
        ("variants.options.option.title", {"option": {"title": "Colour"}}),
    ],
)
def test_option_values_show_only_what_is_asked_for(shop: Shop, fields: str, shown: View) -> None:
    product = shirt(shop, sizes=("S",), colours=("Red",))
    seen = shop.call("GET", f"/admin/products/{product['id']}", fields=f"id,{fields}")["product"]
    assert shown in seen["variants"][0]["options"]
    seen = shop.call("GET", f"/admin/products/{product['id']}", fields="options.title,options.values.value")
    expected = [
        {"title": "Colour", "values": [{"value": "Red"}]},
        {"title": "Size", "values": [{"value": "S"}]},
    ]
    assert sorted(seen["product"]["options"], key=lambda option: str(option["title"])) == expected


def test_a_look_up_shows_options_and_variants(shop: Shop) -> None:
    products = [shirt(shop, number) for number in (1, 2)]
    ids = [product["external_id"] for product in products]
    found = shop.call("GET", "/admin/products", **{"external_id[]": ids, "fields": FIELDS})["products"]
    assert {each["external_id"]: natural(each) for each in found} == {
        product["external_id"]: natural(product) for product in products
    }


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        (
            {"Size": "S"},
            "Product has 2 option values but there were 1 provided option values for the variant: S / Red.",
        ),
        (
            {"Size": "S", "Colour": "Red", "Fit": "Slim"},
            "Product has 2 option values but there were 3 provided option values for the variant: S / Red.",
        ),
        ({"Size": "S", "Color": "Red"}, "Option value Red does not exist for option Color"),
        ({"Size": "XL", "Colour": "Red"}, "Option value XL does not exist for option Size"),
        ({"Size": "S", "Colour": ""}, "Option value  does not exist for option Colour"),
    ],
)
def test_each_variant_names_one_value_of_each_option(
    shop: Shop, options: dict[str, str], refusal: str
) -> None:
    bodies = [variant("M", "Red"), variant("S", "Red", options=options)]
    body = shop.body(1, options=[SIZES, COLOURS], variants=bodies)
    assert shop.batch_refusal(create=[shop.body(2), body]) == invalid(refusal)
    assert shop.products() == {}


def test_new_variants_may_have_the_same_values_or_none(shop: Shop) -> None:
    bare = {"title": "Bare", "prices": []}
    bodies = [variant("S", "Red"), variant("S", "Red", title="Twin", sku=None), bare]
    product = shop.create(options=[SIZES, COLOURS], variants=bodies)
    red = {"Size": "S", "Colour": "Red"}
    assert combinations(product) == {"S / Red": red, "Twin": red, "Bare": {}}


@pytest.mark.parametrize("column", ["sku", "barcode"])
def test_unique_values_of_new_variants_are_compared(shop: Shop, column: str) -> None:
    bodies = [variant("S", "Red", sku="A", barcode="B"), variant("M", "Red", sku="C", barcode="D")]
    bodies[1][column] = bodies[0][column]
    body = shop.body(1, options=[SIZES, COLOURS], variants=bodies)
    message = f"Product variant with {column}: {bodies[0][column]}, already exists."
    assert shop.batch_refusal(create=[body]) == invalid(message)
    assert shop.products() == {}
    assert shop.call("GET", "/admin/inventory-items")["count"] == 0


def test_an_option_value_cannot_be_given_twice(shop: Shop) -> None:
    body = shop.body(1, options=[{"title": "Size", "values": ["S", "S"]}], variants=[])
    message = "Product option value with option_id: <id>, value: S, already exists."
    assert shop.batch_refusal(create=[body]) == invalid(message)


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({"id[]": ["variant_gone", "S / Red"]}, ["S / Red"]),
        ({"sku[]": ["SH1-S-Red", "SH1-M-Blue"]}, ["M / Blue", "S / Red"]),
        ({"sku": "SH1-S-Blue"}, ["S / Blue"]),
        ({}, ["M / Blue", "M / Red", "S / Blue", "S / Red"]),
    ],
)
def test_variants_are_found_by_id_and_sku(shop: Shop, query: Any, titles: list[str]) -> None:
    product = shirt(shop)
    ids = {each["title"]: each["id"] for each in product["variants"]}
    asked = {
        name: [ids.get(value, value) for value in values] for name, values in query.items() if "id" in name
    }
    fields = (
        "id,title,product_id,product.external_id,options.value,prices.id,inventory_items.inventory_item_id"
    )
    found = shop.call("GET", "/admin/product-variants", **{**query, **asked, "fields": fields})
    assert found["count"] == len(titles)
    assert sorted(each["title"] for each in found["variants"]) == titles
    for each in found["variants"]:
        stored = variant_of(product, each["title"])
        assert (each["id"], each["product_id"]) == (stored["id"], product["id"])
        assert each["product"]["external_id"] == "contract:1"
        assert {value["value"] for value in each["options"]} == set(each["title"].split(" / "))
        assert {price["id"] for price in each["prices"]} == {price["id"] for price in stored["prices"]}


def test_the_variants_of_one_product_are_read_in_pages(shop: Shop) -> None:
    product = shirt(shop)
    shirt(shop, 2)
    path = f"/admin/products/{product['id']}/variants"
    pages = [
        shop.call("GET", path, fields="id", order="id", limit="3", offset=offset)["variants"]
        for offset in ("0", "3")
    ]
    assert [len(page) for page in pages] == [3, 1]
    assert [each["id"] for page in pages for each in page] == [each["id"] for each in product["variants"]]


# --- updates of products ---


def entries(product: View) -> dict[str, View]:
    return {each["title"]: {"id": each["id"]} for each in product["variants"]}


def others(product: View, *titles: str) -> list[View]:
    return [entry for title, entry in entries(product).items() if title not in titles]


def test_a_product_update_adds_variants_without_inventory_items(shop: Shop) -> None:
    product = add_values(shop, shirt(shop), "Size", "L")
    new = variant("L", "Red")
    updated = shop.update(product, variants=[*others(product), new])
    added = variant_of(updated, "L / Red")
    assert (added["sku"], added["manage_inventory"], added["inventory_items"]) == ("SH1-L-Red", True, [])
    assert {price[:2] for price in prices_of(updated, "L / Red")} == {("usd", 20), ("eur", 18)}
    assert options_of(updated, added) == {"Size": "L", "Colour": "Red"}
    assert [variant_of(updated, title) for title in entries(product)] == product["variants"]


def test_a_product_update_creates_a_variant_with_an_unknown_id(shop: Shop) -> None:
    product = shop.create()
    updated = shop.update(product, variants=[*others(product), {"id": "variant_new", "title": "New"}])
    assert variant_of(updated, "New")["id"] == "variant_new"
    assert (variant_of(updated, "New")["options"], prices_of(updated, "New")) == ([], set())


def test_a_product_update_swaps_option_values(shop: Shop) -> None:
    product = shirt(shop, colours=("Red",))
    small, medium = entries(product)["S / Red"], entries(product)["M / Red"]
    swapped = [
        {**small, "options": {"Size": "M", "Colour": "Red"}},
        {**medium, "options": {"Size": "S", "Colour": "Red"}},
    ]
    updated = shop.update(product, variants=swapped)
    assert combinations(updated) == {
        "S / Red": {"Size": "M", "Colour": "Red"},
        "M / Red": {"Size": "S", "Colour": "Red"},
    }


def test_a_product_update_does_not_compare_with_stored_variants(shop: Shop) -> None:
    product = shirt(shop, colours=("Red",))
    small, medium = entries(product)["S / Red"], entries(product)["M / Red"]
    red = {"Size": "M", "Colour": "Red"}
    updated = shop.update(product, variants=[medium, {**small, "options": red}])
    assert combinations(updated) == {"S / Red": red, "M / Red": red}
    assert combinations(shop.update(updated, variants=[medium, {**small, "options": {}}]))["S / Red"] == {}


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        (
            [{"options": {"Size": "M", "Colour": "Red"}}, {"options": {"Size": "M", "Colour": "Red"}}],
            invalid('Variant "undefined" has same combination of option values as "undefined".'),
        ),
        ([{"options": {"Size": "M", "Colour": "Red"}}, {}], UNKNOWN_ERROR),
        ([{"options": {}}, {}], UNKNOWN_ERROR),
        (
            [{}, {"options": {"Size": "M"}}],
            invalid(
                "Product has 2 option values but there were 1 provided option values"
                " for the variant: undefined."
            ),
        ),
        (
            [{}, {"title": "New", "options": {"Size": "M"}}],
            invalid(
                "Product has 2 option values but there were 1 provided option values for the variant: New."
            ),
        ),
    ],
)
def test_variants_with_options_come_last_and_differ_in_a_product_update(
    shop: Shop, changed: list[View], refusal: tuple[int, str, str]
) -> None:
    product = shirt(shop, colours=("Red",))
    bodies = [{**entry, **changes} for entry, changes in zip(entries(product).values(), changed, strict=True)]
    assert shop.batch_refusal(update=[{"id": product["id"], "variants": bodies}]) == refusal
    assert shop.product(product["id"]) == product


def test_a_new_variant_of_a_refused_update_stays_without_prices_forever(shop: Shop) -> None:
    shop.create(2)
    product = add_values(shop, shirt(shop), "Size", "L")
    changes = {"id": product["id"], "variants": [*others(product), variant("L", "Red")]}
    refused = shop.body(3, handle="product-2")
    assert shop.batch_refusal(create=[refused], update=[changes])[0] == 400
    seen = shop.product(product["id"])
    assert "prices" not in variant_of(seen, "L / Red")
    priced = {**entries(seen)["L / Red"], "prices": [{"currency_code": "usd", "amount": 1}]}
    updated = shop.update(seen, variants=[*others(seen, "L / Red"), priced])
    assert "prices" not in variant_of(updated, "L / Red")
    message = "Variants with IDs <id> do not have prices associated."
    renamed = {**priced, "title": "New"}
    assert shop.variants_refusal(product, update=[renamed]) == (404, "not_found", message)
    assert shop.product(product["id"]) == updated
