"""Prices as people and programs write them, in tables, JSON and maps."""

import json

import pytest

from medusa_sync.sources import money
from medusa_sync.sources.base import Rejected
from medusa_sync.sources.delivery import MappingOptions
from medusa_sync.sources.money import Money
from tests.unit.sources.reading import in_json, only, read, reading, variant_of

PRICES = {
    "9": Money(9),
    "1,234.50": Money(1234.5),
    "1.234,50": Money(1234.5),
    "1 234,50": Money(1234.5),
    "1'234.50": Money(1234.5),
    "1,25,000.00": Money(125_000),
    "1.250.000": Money(1_250_000),
    "12,50": Money(12.5),
    "0,125": Money(0.125),
    "1,250": Money(1250),
    "1.250": Money(1.25),
    "389,-": Money(389),
    "1.234,-": Money(1234),
    "1,234.-": Money(1234),
    "1,234,-": Money(1234),
    "-5": Money(-5),
    "KES 1,250": Money(1250, "kes"),
    "11.99\u20ac": Money(11.99, "eur"),
    "27.95 USD": Money(27.95, "usd"),
    "2,795.00 INR": Money(2795, "inr"),
    "389kr": Money(389, "kr"),
    "$-9": Money(-9, "$"),
    "$27.95 CAD": Money(27.95, "cad"),
    "R$ 12,50": Money(12.5, "brl"),
    "Rs.500/-": Money(500, "rs"),
    "S/. 12": Money(12, "pen"),
    "1.250 KWD": Money(1.25, "kwd"),
    "1.250 EUR": Money(1.25, "eur"),
    "15.000 VND": Money(15_000, "vnd"),
    "Rp 250.000": Money(250_000, "idr"),
}
NONE = (
    *("", "USD", "free", "from $9", "9 per kg", "12.50 or so", "1,2345", "12.345.67", "1 2", "5.", "1e5"),
    *("1,250 KWD", "$ 1.250", "9 USD EUR", "5%", "9" * 400),
)


@pytest.mark.parametrize("text", PRICES)
def test_a_price_is_read_however_it_is_written(text: str) -> None:
    assert money.read(text) == PRICES[text]


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_price_or_not_clear_is_not_guessed(text: str) -> None:
    assert money.read(text) is None


@pytest.mark.parametrize(
    ("text", "expected"), [("1,250", None), ("1.250", None), ("1.250 \u20ac", None), ("12.5", 12.5)]
)
def test_where_commas_are_decimal_three_digits_are_not_clear(text: str, expected: float | None) -> None:
    found = money.read(text, decimal_comma=True)
    assert (found and found.amount) == expected


MUG = {"id": 1, "title": "Mug"}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"price": "9 \u20ac"}, {"prices": {"eur": 9}}),
        ({"price": "$9"}, {"price": 9}),
        ({"price": "$9", "compareAtPrice": "$12"}, {"price": 9, "compareAtPrice": 12}),
        ({"price": "$9", "currency": "CAD"}, {"prices": {"cad": 9}}),
        ({"price": "9 EUR", "currency": "USD"}, {"prices": {"eur": 9}}),
        ({"price": "9 EUR", "prices": {"sek": "90 kr"}}, {"prices": {"eur": 9, "sek": 90}}),
        (
            {"price": "9 EUR", "prices": [{"currency": "sek", "amount": "90"}]},
            {"prices": [{"currency": "eur", "amount": 9}, {"currency": "sek", "amount": 90}]},
        ),
        ({"price": {"amount": "9,00", "currency": "\u20ac"}}, {"prices": {"eur": 9}}),
        (
            {"price": "9 \u20ac", "variants": [{"sku": "A"}]},
            {"variants": [{"sku": "A", "prices": {"eur": 9}}]},
        ),
    ],
)
def test_a_price_that_names_a_currency_is_in_that(theirs: dict[str, object], ours: dict[str, object]) -> None:
    assert in_json(MUG | theirs) == in_json(MUG | ours)


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        ({"price": "389kr"}, "prices: 'kr' is not usd, the --currency; it may be sek, dkk, isk, nok"),
        ({"price": "9 EUR", "salePrice": "8 USD"}, "salePrice: it is in USD, but the price is in EUR"),
        ({"prices": {"eur": "9 USD"}}, "prices.eur: it is in USD"),
        ({"price": "-9 EUR"}, "prices[...]: it is below 0"),
    ],
)
def test_a_currency_that_is_not_clear_rejects_the_product(theirs: dict[str, object], reason: str) -> None:
    [row] = in_json(MUG | theirs)
    assert isinstance(row, Rejected)
    assert row.reason == reason


def test_a_sign_of_several_currencies_is_that_of_the_run() -> None:
    content = json.dumps([MUG | {"price": "389 kr."}])
    [row] = read(content, suffix=".json", mapping=MappingOptions("shop", "nok"))
    assert not isinstance(row, Rejected)
    assert row.variants[0].fields == {"price": 389}


def test_tables_of_other_programs_may_name_a_currency() -> None:
    shopify = 'Handle,Title,Variant Price,Variant Compare At Price\nmug,Mug,"9,00 \u20ac","12,00 \u20ac"\n'
    medusa = 'Product Handle,Product Title,Variant Price EUR\nmug,Mug,"9,00 \u20ac"\n'
    own = 'id,title,price,price_sek\nmug,Mug,"9,00 \u20ac",90 kr\n'
    for content in (shopify, medusa, own):
        mapping = MappingOptions("shop", "eur")
        [row] = read(content, mapping=mapping)
        assert not isinstance(row, Rejected)
        assert row.variants[0].fields["price"] == 9


@pytest.mark.parametrize("price", ["1.234", "1,234"])
def test_a_map_does_not_guess_separators_in_a_table_with_decimal_commas(price: str) -> None:
    """Also a map that calculates with prices, such as that of Wix."""
    wix = "handleId;fieldType;name;price\nmug;Product;Mug;{}\n"
    squarespace = "Product ID [Non Editable];Variant ID [Non Editable];Title;Price\nmug;1;Mug;{}\n"
    for table in (wix, squarespace):
        [row] = read(table.format("12,50"))
        assert not isinstance(row, Rejected), row
        assert row.variants[0].fields["price"] == 12.5
        [row] = read(table.format(price))
        assert isinstance(row, Rejected)


def test_prices_that_may_be_thousands_are_named() -> None:
    rows = "".join(
        f"{price},Mug,{price}\n" for price in ("1.299", "2.500", "3.25", "0.125", "4.1234", "1299.125")
    )
    found = reading(f"id,title,price\n{rows}")
    assert found.overlooked == (
        "Prices with three digits after the point, such as '1.299': 2. Are these thousands?"
    )
    assert reading(f"id,title,price\n{rows}", mapping=MappingOptions("shop", "kwd")).overlooked == ""


def test_what_is_not_needed_is_left_out_and_named_outside_our_own_format() -> None:
    odd = {
        "slug": {"_type": "slug", "current": "mug"},
        "dimensions": {"width": "wide", "height": 3},
        "tags": ["a", "b" * 300],
        "imageUrl": "/9j/" + "A" * 3_000,
        "options": [{}],
        "weight": "14kg",
        "variants": [{"price": 9, "image": 7}],
    }
    found = reading(json.dumps([{"id": 1, "name": "Mug"} | odd]), suffix=".json")
    [row] = found.rows
    assert not isinstance(row, Rejected), row
    assert (row.handle, row.fields["height"], row.fields["tags"]) == ("mug", 3, ("a",))
    assert found.overlooked == "Not used: 'dimensions', 'tags', 'options', 'weight', 'imageUrl'."


@pytest.mark.parametrize("field", [{"dimensions": "S, M, L"}, {"weight": "14kg"}, {"options": [{}]}])
def test_our_own_format_is_strict(field: dict[str, object]) -> None:
    [row] = in_json(MUG | {"price": 9} | field)
    assert isinstance(row, Rejected)


@pytest.mark.parametrize(
    ("source", "suffix"),
    [
        ('[{"id": 1, "title": "Mug", "price": 10, "currency": "EUR", "prices": {"eur": "9.00"}}]', ".json"),
        ("id,title,price,currency,price_eur\n1,Mug,10,EUR,9.00\n", ".csv"),
        ("id,title,price,price_eur\n1,Mug,10 EUR,9.00\n", ".csv"),
    ],
)
def test_two_prices_in_one_currency_have_to_be_equal(source: str, suffix: str) -> None:
    [row] = read(source, suffix=suffix)
    assert isinstance(row, Rejected)
    assert "10, but" in row.reason
    assert variant_of(only(source.replace("9.00", "10.00"), suffix=suffix))["price.eur"] == 10
