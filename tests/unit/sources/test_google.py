"""Google Merchant's attributes become products of our own shape."""

from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

import pytest
from hypothesis import given

from medusa_sync.core.product import DesiredProduct
from tests.unit.sources.merchant import (
    ITEM,
    Item,
    Product,
    as_atom,
    as_rss,
    as_table,
    catalogues,
    feed_of,
    product_of,
    reason_of,
)
from tests.unit.sources.reading import in_json, only, read, reading, reason, reasons, variant_of


def variant(**attributes: str) -> dict[str, Any]:
    return dict(variant_of(product_of(attributes)))


def group(*items: dict[str, str]) -> list[dict[str, str]]:
    """Items of one group, with the ids 1, 2 and so on."""
    return [{"id": str(number), "item_group_id": "G"} | item for number, item in enumerate(items, 1)]


def values_of(product: DesiredProduct) -> list[object]:
    return [each.fields["title"] for each in product.variants]


# --- all formats ----------------------------------------------------------------------------------------


@given(catalogues())
def test_a_catalogue_is_the_same_in_every_format(catalogue: tuple[list[Item], list[Product]]) -> None:
    items, products = catalogue
    expected = in_json(*products)
    assert read(as_rss(items), suffix=".xml") == expected
    assert read(as_atom(items)) == expected
    for delimiter in "\t,;":
        assert read(as_table(items, delimiter)) == expected


def test_a_table_without_a_required_attribute_is_of_another_kind() -> None:
    assert reading("ID,Title,Price,availability,custom\n").format == "CSV (Google Merchant)"
    assert reading("id,title,price\n").format == "CSV (medusa-sync)"


def test_a_table_has_the_decimal_comma_of_its_spreadsheet() -> None:
    header = "id;title;availability;price\n"
    assert variant_of(only(f"{header}1;Mug;in stock;15,50 USD\n"))["price"] == 15.5
    assert reason(f"{header}2;Jug;in stock;1.234,50 USD\n").startswith("line 2: price is ")


# --- identity -------------------------------------------------------------------------------------------


def test_a_product_without_a_group_has_the_id_of_its_item() -> None:
    product = product_of({"id": "A-1"})
    assert (product.source_id, product.options, len(product.variants)) == ("A-1", (), 1)


def test_a_group_is_a_product_whose_variants_have_the_ids_of_its_items() -> None:
    product = product_of(*group({"size": "S"}, {"size": "M"}))
    assert (product.source_id, product.options, values_of(product)) == ("G", ("Size",), ["S", "M"])
    assert [each.key for each in product.variants] == ["1", "2"]


def test_a_group_that_comes_again_is_refused() -> None:
    items = [*group({"size": "S"}), ITEM | {"id": "9"}, *group({"size": "M"}, {"size": "L"})]
    found = reading(feed_of(*items))
    assert (found.ids, found.rows[2].source_id) == (["G", "9"], "G")
    [again] = reasons(feed_of(*items))
    assert again.startswith("items 3 to 4: the product has begun before; its rows do not follow")


def test_an_item_without_an_id_is_refused() -> None:
    assert reason_of({"id": ""}) == "it belongs to no product: it has no id"
    assert reason_of(*group({"size": "S"}, {"id": "", "size": "M"})) == "item 2: id is empty"


def test_the_sku_is_the_id_unless_the_feed_has_one() -> None:
    assert variant(id="A-1")["sku"] == "A-1"
    assert variant(id="A-1", sku="MUG")["sku"] == "MUG"


# --- fields of the product ------------------------------------------------------------------------------


def test_texts_are_those_of_the_first_item_that_has_them() -> None:
    items = group(
        {"title": "Shirt red", "size": "S"},
        {"title": "Shirt blue", "size": "M", "brand": "Elm", "description": "Soft"},
    )
    product = product_of(*items)
    found = [product.fields[name] for name in ("title", "metadata.brand", "description")]
    assert found == ["Shirt red", "Elm", "Soft"]


def test_a_product_without_a_title_is_refused() -> None:
    expected = "item 1: title is empty; the first item of a product must have it"
    assert reason_of({"title": " "}) == expected


def test_images_of_all_items_are_used_once() -> None:
    items = group(
        {
            "size": "S",
            "image_link": "https://a/1.jpg",
            "additional_image_link": "https://a/2,3.jpg, https://a/4.jpg",
        },
        {"size": "M", "image_link": "https://a/5.jpg", "additional_image_link": "https://a/1.jpg"},
    )
    assert product_of(*items).fields["images"] == (
        "https://a/1.jpg",
        "https://a/2,3.jpg",
        "https://a/4.jpg",
        "https://a/5.jpg",
    )


def test_images_with_much_white_space_take_no_time() -> None:
    text = f"https://a/1.jpg{' ' * 50_000}, {' ' * 40_000}https://a/2.jpg"
    started = process_time()
    images = product_of({"image_link": "", "additional_image_link": text}).fields["images"]
    assert images == ("https://a/1.jpg", "https://a/2.jpg")
    assert process_time() - started < 1


@pytest.mark.parametrize(
    "text", ["Apparel > Shirts>Polos", " Apparel > > Shirts > Polos > ", "Apparel &gt; Shirts &gt; Polos"]
)
def test_the_product_type_is_a_category_path(text: str) -> None:
    product = product_of({"product_type": text})
    assert product.fields["categories"] == ("apparel-shirts-polos",)
    assert [each.name for each in product.categories.values()] == ["Apparel", "Shirts", "Polos"]


def test_a_category_path_may_repeat_a_name_and_have_commas() -> None:
    categories = product_of({"product_type": "Toys > Toys, Games"}).categories.values()
    assert [each.name for each in categories] == ["Toys", "Toys, Games"]
    assert product_of({"product_type": " > "}).fields["categories"] == ()


def test_googles_category_is_not_a_category_of_the_shop() -> None:
    product = product_of({"google_product_category": "212"})
    assert product.fields["metadata.google_product_category"] == "212"
    assert product.fields["categories"] == ()


def test_metadata_has_what_all_items_agree_about() -> None:
    items = group(
        {"size": "S", "mpn": "1", "condition": "new"}, {"size": "M", "mpn": "2", "gender": "female"}
    )
    fields = product_of(*items).fields
    assert (fields["metadata.condition"], fields["metadata.gender"]) == ("new", "female")
    assert "metadata.mpn" not in fields
    assert product_of({"material": "Wool"}).fields["material"] == "Wool"


@pytest.mark.parametrize(
    ("found", "best"),
    [
        (["out_of_stock", "in_stock"], "in_stock"),
        (["out of stock", "preorder"], "preorder"),
        (["Out Of Stock", "out_of_stock"], "out_of_stock"),
        (["soon", "out_of_stock"], "out_of_stock"),
        (["soon"], "soon"),
    ],
)
def test_the_availability_is_the_best_one_of_the_variants(found: list[str], best: str) -> None:
    items = group(*({"size": str(number), "availability": each} for number, each in enumerate(found)))
    assert product_of(*items).fields["metadata.availability_status"] == best


def test_the_availability_does_not_change_the_stock() -> None:
    assert "stock" not in variant(availability="out_of_stock")


def test_links_and_unknown_attributes_are_ignored() -> None:
    more = {
        "link": "https://shop.example/1",
        "custom_label_0": "x",
        "identifier_exists": "no",
        "unknown": "y",
    }
    assert product_of(more) == product_of({})


# --- options --------------------------------------------------------------------------------------------


def test_attributes_that_differ_are_options_and_the_others_are_not() -> None:
    items = group(
        {"color": "Red", "size": "S", "gender": "male", "age_group": "adult"},
        {"color": "Red", "size": "M", "gender": "male", "age_group": "kids"},
    )
    product = product_of(*items)
    assert (product.options, values_of(product)) == (("Size", "Age group"), ["S / adult", "M / kids"])
    assert (product.fields["metadata.color"], product.fields["metadata.gender"]) == ("Red", "male")


def test_an_attribute_that_only_some_rows_have_is_no_option_unless_they_differ() -> None:
    items = group(
        {"size": "S", "gender": "male", "color": "Red"}, {"size": "M"}, {"size": "L", "color": "Red"}
    )
    product = product_of(*items)
    assert product.options == ("Size",)
    assert (product.fields["metadata.color"], product.fields["metadata.gender"]) == ("Red", "male")


def test_if_the_attributes_do_not_tell_the_variants_apart_the_title_does() -> None:
    items = group({"title": "Phone 64 GB"}, {"title": "Phone 128 GB"})
    product = product_of(*items)
    assert (product.options, values_of(product)) == (("Title",), ["Phone 64 GB", "Phone 128 GB"])


def test_variants_that_nothing_tells_apart_are_rejected() -> None:
    assert reason_of(*group({}, {})) == "variants 1 and 2 have the same option values"


def test_a_variant_without_a_value_is_rejected() -> None:
    found = reason_of(*group({"size": "S"}, {"size": "M"}, {}))
    assert found == "variant 3: it has no value for the option 'Size'"


# --- prices ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "price"), [("15.00 USD", 15), ("15.5usd", 15.5), ("15", 15), ("15 EUR", None)]
)
def test_a_price_has_its_currency(text: str, price: float | None) -> None:
    if price is None:
        assert reason_of({"price": text}) == "prices: none in usd, only in eur"
    else:
        assert variant(price=text)["price"] == price


@pytest.mark.parametrize(
    "text", ["$15.00", "free", "1,234.50 USD", "15,00 EUR", "15.00 US Dollars", "-3 USD", "USD"]
)
def test_another_price_is_refused(text: str) -> None:
    assert reason_of({"price": text}).startswith("item 1: price is ")


def test_a_missing_price_is_refused() -> None:
    assert reason_of({"price": ""}) == "item 1: price is empty"


@pytest.mark.parametrize("sale", ["12.00 USD", "12"])
def test_a_sale_price_is_the_price_and_the_price_is_compared_with_it(sale: str) -> None:
    fields = variant(sale_price=sale)
    assert (fields["price"], fields["sale_price"]) == (15, 12)


@pytest.mark.parametrize("sale", ["15.00 USD", "18.00 USD", "0.00 USD", "0"])
def test_a_sale_price_that_is_0_or_not_lower_is_ignored(sale: str) -> None:
    assert variant(sale_price=sale) == variant()


def test_a_sale_price_in_another_currency_is_refused() -> None:
    expected = "item 1: sale_price is in EUR, but the price is not"
    assert reason_of({"sale_price": "12 EUR"}) == expected
    assert reason_of({"price": "15", "sale_price": "12 EUR"}) == expected


@pytest.mark.parametrize(
    ("period", "is_on_sale"),
    [
        ("2000-01-01T00:00Z/9999-12-31T23:59-0800", True),
        ("2000-01-01/9999-12-31", True),
        ("2000-01-01T13:00-0800 / 2000-01-02T15:30-0800", False),
        ("9998-01-01T00:00+0100/9999-01-01T00:00+0100", False),
    ],
)
def test_a_sale_price_applies_in_its_period(period: str, is_on_sale: bool) -> None:  # noqa: FBT001 - a column
    assert ("sale_price" in variant(sale_price="12 USD", sale_price_effective_date=period)) is is_on_sale


@pytest.mark.parametrize("minutes", [-90, 90])
def test_a_period_has_the_time_zone_that_it_names_or_utc(minutes: int) -> None:
    now = datetime.now(UTC)
    start, end = now - timedelta(hours=1), now + timedelta(minutes=minutes)
    offset = timedelta(hours=5, minutes=30)
    for zone, shift in (("", timedelta()), ("+0530", offset)):
        period = "/".join(f"{each + shift:%Y-%m-%dT%H:%M}{zone}" for each in (start, end))
        fields = variant(sale_price="12 USD", sale_price_effective_date=period)
        assert ("sale_price" in fields) is (minutes > 0)


def test_a_period_of_days_includes_the_last_one() -> None:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert "sale_price" in variant(sale_price="12 USD", sale_price_effective_date=f"{today}/{today}")


@pytest.mark.parametrize(
    "period", ["tomorrow", "2026-02-24", "2026-02-24/", "24.02.2026/28.02.2026", "a/b/c"]
)
def test_a_period_that_is_not_understood_is_refused(period: str) -> None:
    found = reason_of({"sale_price": "12 USD", "sale_price_effective_date": period})
    assert found.startswith("item 1: sale_price_effective_date is ")


# --- other fields of variants ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["quantity", "sell_on_google_quantity", "quantity_to_sell_on_facebook", "inventory"]
)
def test_a_quantity_is_the_stock(name: str) -> None:
    assert variant(**{name: "7"})["stock"] == 7
    assert variant(**{name: "-2"})["stock"] == 0
    assert reason_of({name: "many"}).startswith(f"item 1: {name} is ")


def test_the_gtin_is_the_barcode() -> None:
    assert variant(gtin="3234567890126")["barcode"] == "3234567890126"
    assert variant(gtin="3234567890126, 3234567890133")["barcode"] == "3234567890126"
    expected = "item 1: gtin is '3.23457E+12': a spreadsheet has lost its last digits"
    assert reason_of({"gtin": "3.23457E+12"}) == expected


@pytest.mark.parametrize(
    ("text", "grams"),
    [
        ("0.5 kg", 500),
        ("0.1kg", 100),
        ("250 g", 250),
        ("3 lb", 1360.777),
        ("2.5 lbs", 1133.981),
        ("1 oz", 28.35),
    ],
)
def test_weights_are_in_grams(text: str, grams: float) -> None:
    assert variant(shipping_weight=text)["weight"] == grams
    assert variant(product_weight=text)["weight"] == grams


def test_a_weight_of_zero_is_none() -> None:
    assert "weight" not in variant(shipping_weight="0 kg")


@pytest.mark.parametrize("text", ["heavy", "3", "3 stone", "1,5 kg"])
def test_a_weight_that_is_not_understood_is_refused(text: str) -> None:
    assert reason_of({"shipping_weight": text}).startswith("item 1: shipping_weight is ")
