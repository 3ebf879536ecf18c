"""Google Merchant's attributes become products of our own shape."""

from datetime import UTC, datetime
from time import process_time
from typing import Any

import pytest
from hypothesis import given

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.base import Entry, Refused, Rejected
from medusa_sync.sources.dialects.base import Header, recognise
from medusa_sync.sources.dialects.google import GOOGLE, _applies
from medusa_sync.sources.mapping import to_row
from tests.unit.sources.merchant import (
    ITEM,
    Item,
    Product,
    as_atom,
    as_rss,
    as_table,
    catalogues,
    product_of,
    read_table,
    read_xml,
    refusal_of,
)


def variant_of(**attributes: str) -> Product:
    [variant] = product_of(attributes)["variants"]
    return dict(variant)


def group(*items: dict[str, str]) -> list[dict[str, str]]:
    """Items of one group, with the ids 1, 2 and so on."""
    return [{"id": str(number), "item_group_id": "G"} | item for number, item in enumerate(items, 1)]


def mapped(product: Product, **options: Any) -> DesiredProduct:
    row = to_row(product, source_name="feed", currency="usd", **options)
    assert isinstance(row, DesiredProduct), row
    return row


# --- all formats ----------------------------------------------------------------------------------------


@given(catalogues())
def test_a_catalogue_is_the_same_in_every_format(catalogue: tuple[list[Item], list[Product]]) -> None:
    items, expected = catalogue
    readings = [
        read_xml(as_rss(items)),
        read_xml(as_atom(items)),
        *(read_table(as_table(items, delimiter)) for delimiter in "\t,;"),
    ]
    for entries in readings:
        assert [entry.product for entry in entries if isinstance(entry, Entry)] == expected
        assert len(entries) == len(expected)


@given(catalogues())
def test_what_a_reader_returns_can_be_mapped(catalogue: tuple[list[Item], list[Product]]) -> None:
    for entry in read_xml(as_rss(catalogue[0])):
        assert isinstance(entry, Entry)
        mapped(dict(entry.product), sale_prices=True)


def test_a_table_without_a_required_attribute_is_of_another_kind() -> None:
    assert recognise(GOOGLE, ["id", "title", "price"]).missing == ("availability",)
    assert recognise(GOOGLE, ["ID", "Title", "Price", "availability", "custom"]).missing == ()


def test_a_table_has_the_decimal_comma_of_its_spreadsheet() -> None:
    text = "id;title;availability;price\n1;Mug;in stock;15,50 EUR\n2;Jug;in stock;1.234,50 EUR\n"
    mug, jug = read_table(text)
    assert isinstance(mug, Entry)
    assert mug.product["variants"][0]["prices"] == {"eur": 15.5}
    assert isinstance(jug, Refused)
    assert jug.reason.startswith("line 3: price is ")


# --- identity -------------------------------------------------------------------------------------------


def test_a_product_without_a_group_has_the_id_of_its_item() -> None:
    product = product_of({"id": "A-1"})
    assert (product["id"], [each["id"] for each in product["variants"]]) == ("A-1", ["A-1"])
    assert mapped(product).options == ()


def test_a_group_is_a_product_whose_variants_have_the_ids_of_its_items() -> None:
    product = product_of(*group({"size": "S"}, {"size": "M"}))
    assert product["id"] == "G"
    assert [(each["id"], each["options"]) for each in product["variants"]] == [
        ("1", {"Size": "S"}),
        ("2", {"Size": "M"}),
    ]


def test_a_group_that_comes_again_is_refused() -> None:
    items = [*group({"size": "S"}), ITEM | {"id": "9"}, *group({"size": "M"}, {"size": "L"})]
    first, other, again = read_xml(as_rss([list((ITEM | item).items()) for item in items]))
    assert isinstance(first, Entry)
    assert isinstance(other, Entry)
    assert isinstance(again, Refused)
    assert again.source_id == "G"
    assert again.reason.startswith("items 3 to 4: the product has begun on item 1; its rows do not follow")


def test_an_item_without_an_id_is_refused() -> None:
    assert refusal_of({"id": ""}).reason == "it belongs to no product: it has no id"
    assert refusal_of(*group({"size": "S"}, {"id": "", "size": "M"})).reason == "item 2: id is empty"


def test_the_sku_is_the_id_unless_the_feed_has_one() -> None:
    assert variant_of(id="A-1")["sku"] == "A-1"
    assert variant_of(id="A-1", sku="MUG")["sku"] == "MUG"


# --- fields of the product ------------------------------------------------------------------------------


def test_texts_are_those_of_the_first_item_that_has_them() -> None:
    items = group(
        {"title": "Shirt red", "size": "S"},
        {"title": "Shirt blue", "size": "M", "brand": "Elm", "description": "Soft"},
    )
    product = product_of(*items)
    assert (product["title"], product["brand"], product["description"]) == ("Shirt red", "Elm", "Soft")


def test_a_product_without_a_title_is_refused() -> None:
    assert (
        refusal_of({"title": " "}).reason
        == "item 1: title is empty; the first item of a product must have it"
    )


def test_images_of_all_items_are_used_once() -> None:
    items = group(
        {
            "size": "S",
            "image_link": "https://a/1.jpg",
            "additional_image_link": "https://a/2,3.jpg, https://a/4.jpg",
        },
        {"size": "M", "image_link": "https://a/5.jpg", "additional_image_link": "https://a/1.jpg"},
    )
    assert product_of(*items)["images"] == [
        "https://a/1.jpg",
        "https://a/2,3.jpg",
        "https://a/4.jpg",
        "https://a/5.jpg",
    ]


def test_images_with_much_white_space_take_no_time() -> None:
    text = f"https://a/1.jpg{' ' * 50_000}, {' ' * 40_000}https://a/2.jpg"
    started = process_time()
    images = product_of({"image_link": "", "additional_image_link": text})["images"]
    assert images == ["https://a/1.jpg", "https://a/2.jpg"]
    assert process_time() - started < 1


@pytest.mark.parametrize(
    "text", ["Apparel > Shirts>Polos", " Apparel > > Shirts > Polos > ", "Apparel &gt; Shirts &gt; Polos"]
)
def test_the_product_type_is_a_category_path(text: str) -> None:
    assert product_of({"product_type": text})["categories"] == [["Apparel", "Shirts", "Polos"]]


def test_a_category_path_may_repeat_a_name_and_have_commas() -> None:
    assert product_of({"product_type": "Toys > Toys, Games"})["categories"] == [["Toys", "Toys, Games"]]
    assert "categories" not in product_of({"product_type": " > "})


def test_googles_category_is_not_a_category_of_the_shop() -> None:
    product = product_of({"google_product_category": "212"})
    assert (product["metadata"], "categories" in product) == ({"google_product_category": "212"}, False)


def test_metadata_has_what_all_items_agree_about() -> None:
    items = group(
        {"size": "S", "mpn": "1", "condition": "new"}, {"size": "M", "mpn": "2", "gender": "female"}
    )
    assert product_of(*items)["metadata"] == {"condition": "new", "gender": "female"}
    assert product_of({"material": "Wool"})["material"] == "Wool"


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
    assert product_of(*items)["availabilityStatus"] == best


def test_the_availability_does_not_change_the_stock() -> None:
    assert "stock" not in variant_of(availability="out_of_stock")


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
    assert product["options"] == ["Size", "Age group"]
    assert [each["options"] for each in product["variants"]] == [
        {"Size": "S", "Age group": "adult"},
        {"Size": "M", "Age group": "kids"},
    ]
    assert product["metadata"] == {"color": "Red", "gender": "male"}


def test_an_attribute_that_only_some_rows_have_is_no_option_unless_they_differ() -> None:
    items = group(
        {"size": "S", "gender": "male", "color": "Red"}, {"size": "M"}, {"size": "L", "color": "Red"}
    )
    product = product_of(*items)
    assert (product["options"], product["metadata"]) == (["Size"], {"color": "Red", "gender": "male"})


def test_if_the_attributes_do_not_tell_the_variants_apart_the_title_does() -> None:
    items = group({"title": "Phone 64 GB"}, {"title": "Phone 128 GB"})
    assert [each["options"] for each in product_of(*items)["variants"]] == [
        {"Title": "Phone 64 GB"},
        {"Title": "Phone 128 GB"},
    ]


def test_variants_that_nothing_tells_apart_are_rejected() -> None:
    row = to_row(product_of(*group({}, {})), source_name="feed", currency="usd")
    assert isinstance(row, Rejected)
    assert row.reason == "variants 1 and 2 have the same option values"


def test_a_variant_without_a_value_is_rejected() -> None:
    row = to_row(product_of(*group({"size": "S"}, {"size": "M"}, {})), source_name="feed", currency="usd")
    assert isinstance(row, Rejected)
    assert row.reason == "variant 3: it has no value for the option 'Size'"


# --- prices ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("15.00 USD", {"prices": {"usd": 15}}),
        ("15.5usd", {"prices": {"usd": 15.5}}),
        ("15 EUR", {"prices": {"eur": 15}}),
        ("15", {"price": 15}),
    ],
)
def test_a_price_has_its_currency(text: str, fields: Product) -> None:
    assert variant_of(price=text).items() >= fields.items()


def test_a_price_in_the_currency_of_the_run_is_the_price() -> None:
    assert mapped(product_of({"price": "15.00 USD"})).variants[0].fields["price"] == 15


def test_a_product_without_a_price_in_the_currency_of_the_run_is_rejected() -> None:
    row = to_row(product_of({"price": "15.00 EUR"}), source_name="feed", currency="usd")
    assert isinstance(row, Rejected)
    assert row.reason == "prices: none in usd, only in eur"


@pytest.mark.parametrize(
    "text", ["$15.00", "free", "1,234.50 USD", "15,00 EUR", "15.00 US Dollars", "-3 USD", "USD"]
)
def test_another_price_is_refused(text: str) -> None:
    refused = refusal_of({"price": text})
    assert (refused.source_id, refused.title) == ("1", "Mug")
    assert refused.reason.startswith("item 1: price is ")


def test_a_missing_price_is_refused() -> None:
    assert refusal_of({"price": ""}).reason == "item 1: price is empty"


@pytest.mark.parametrize("sale", ["12.00 USD", "12"])
def test_a_sale_price_is_the_price_and_the_price_is_compared_with_it(sale: str) -> None:
    variant = variant_of(sale_price=sale)
    assert (variant["prices"], variant["compareAtPrice"]) == ({"usd": 12}, 15)
    desired = mapped(product_of({"sale_price": sale}), sale_prices=True)
    fields = desired.variants[0].fields
    assert (fields["price"], fields["sale_price"]) == (15, 12)


@pytest.mark.parametrize("sale", ["15.00 USD", "18.00 USD", "0.00 USD", "0"])
def test_a_sale_price_that_is_0_or_not_lower_is_ignored(sale: str) -> None:
    assert variant_of(sale_price=sale) == variant_of()


def test_a_sale_price_in_another_currency_is_refused() -> None:
    reason = "item 1: sale_price is in EUR, but the price is not"
    assert refusal_of({"sale_price": "12 EUR"}).reason == reason
    assert refusal_of({"price": "15", "sale_price": "12 EUR"}).reason == reason


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
    variant = variant_of(sale_price="12 USD", sale_price_effective_date=period)
    assert variant["prices"] == {"usd": 12 if is_on_sale else 15}


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2026-02-24T13:00+0100/2026-02-28T15:30+0100", "2026-02-24T12:00Z", "2026-02-28T14:30Z"),
        ("2026-02-24T13:00/2026-02-28T15:30", "2026-02-24T13:00Z", "2026-02-28T15:30Z"),
        ("2026-02-24/2026-02-28", "2026-02-24T00:00Z", "2026-02-28T23:59:59Z"),
    ],
)
def test_a_period_includes_its_ends(period: str, first: str, last: str) -> None:
    row = Header(((0, "sale_price_effective_date", ""),), {}, 1).row(2, [period])
    start, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    assert _applies(row, start)
    assert _applies(row, end)
    assert not _applies(row, datetime.fromtimestamp(start.timestamp() - 1, UTC))
    assert not _applies(row, datetime.fromtimestamp(end.timestamp() + 1, UTC))


@pytest.mark.parametrize(
    "period", ["tomorrow", "2026-02-24", "2026-02-24/", "24.02.2026/28.02.2026", "a/b/c"]
)
def test_a_period_that_is_not_understood_is_refused(period: str) -> None:
    refused = refusal_of({"sale_price": "12 USD", "sale_price_effective_date": period})
    assert refused.reason.startswith("item 1: sale_price_effective_date is ")


# --- other fields of variants ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["quantity", "sell_on_google_quantity", "quantity_to_sell_on_facebook", "inventory"]
)
def test_a_quantity_is_the_stock(name: str) -> None:
    assert variant_of(**{name: "7"})["stock"] == 7
    assert variant_of(**{name: "-2"})["stock"] == 0
    assert refusal_of({name: "many"}).reason.startswith(f"item 1: {name} is ")


def test_the_gtin_is_the_barcode() -> None:
    assert variant_of(gtin="3234567890126")["barcode"] == "3234567890126"
    assert variant_of(gtin="3234567890126, 3234567890133")["barcode"] == "3234567890126"
    reason = "item 1: gtin is '3.23457E+12': a spreadsheet has lost its last digits"
    assert refusal_of({"gtin": "3.23457E+12"}).reason == reason


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
    assert variant_of(shipping_weight=text)["weight"] == grams
    assert variant_of(product_weight=text)["weight"] == grams


def test_a_weight_of_zero_is_none() -> None:
    assert "weight" not in variant_of(shipping_weight="0 kg")


@pytest.mark.parametrize("text", ["heavy", "3", "3 stone", "1,5 kg"])
def test_a_weight_that_is_not_understood_is_refused(text: str) -> None:
    assert refusal_of({"shipping_weight": text}).reason.startswith("item 1: shipping_weight is ")
