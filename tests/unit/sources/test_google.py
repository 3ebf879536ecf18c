"""Google Merchant's attributes become products of our own shape."""

import json
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any

import pytest

from medusa_sync.core.product import DesiredProduct
from tests.unit.sources.merchant import ITEM, Item, as_atom, as_rss, as_table
from tests.unit.sources.reading import cells, in_json, only, read, reading, reason, variant_of


def feed(*items: str) -> bytes:
    """A feed with these items; an item has the attributes of `ITEM` too."""
    return as_rss([list({**ITEM, **cells(item)}.items()) for item in items])


def group(*items: str) -> list[str]:
    """Items of one group, with the ids 1, 2 and so on."""
    return [f"id={number}; item_group_id=G; {item}" for number, item in enumerate(items, 1)]


# --- all formats ----------------------------------------------------------------------------------------

CATALOGUE: list[Item] = [
    [
        *ITEM.items(),
        ("description", 'Big & "red" <b>]]></b>'),
        ("brand", "Elm"),
        ("sale_price", "12.50 USD"),
        ("product_type", "Home > Mugs"),
        ("product_type", "Sale, new"),
        ("image_link", "https://cdn.example/1.jpg"),
        ("additional_image_link", "https://cdn.example/2,3.jpg"),
        ("additional_image_link", "https://cdn.example/4.jpg"),
        ("gtin", "0001"),
        ("quantity", "7"),
    ],
    *(
        [
            *(ITEM | {"id": f"S-{size}", "item_group_id": "S", "title": "Shirt é 日本"}).items(),
            *[("size", size), ("color", "Red"), ("mpn", "M")],
        ]
        for size in "ML"
    ),
]
EXPECTED = """[
    {
        "id": "1", "title": "Mug", "description": "Big & \\"red\\" <b>]]></b>", "brand": "Elm",
        "categories": [["Home", "Mugs"], ["Sale, new"]], "availabilityStatus": "in_stock",
        "images": ["https://cdn.example/1.jpg", "https://cdn.example/2,3.jpg", "https://cdn.example/4.jpg"],
        "variants": [{
            "id": "1", "sku": "1", "barcode": "0001", "stock": 7,
            "prices": {"usd": 12.5}, "compareAtPrice": 15
        }]
    },
    {
        "id": "S", "title": "Shirt é 日本", "availabilityStatus": "in_stock", "options": ["Size"],
        "metadata": {"mpn": "M", "color": "Red"}, "variants": [
            {"id": "S-M", "sku": "S-M", "prices": {"usd": 15}, "options": {"Size": "M"}},
            {"id": "S-L", "sku": "S-L", "prices": {"usd": 15}, "options": {"Size": "L"}}
        ]
    }
]"""


def test_a_catalogue_is_the_same_in_every_format() -> None:
    expected = in_json(*json.loads(EXPECTED))
    assert read(as_rss(CATALOGUE), suffix=".xml") == expected
    assert read(as_atom(CATALOGUE)) == expected
    for delimiter in "\t,;":
        assert read(as_table(CATALOGUE, delimiter)) == expected


def test_a_table_has_the_decimal_comma_of_its_spreadsheet() -> None:
    header = "id;title;availability;price;custom\n"
    assert reading(header).format == "CSV (Google Merchant)"
    assert variant_of(only(f"{header}1;Mug;in stock;15,50 USD\n"))["price"] == 15.5
    assert reason(f"{header}2;Jug;in stock;1.234,50 USD\n").startswith("line 2: price is ")


# --- products and options -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "options", "variants"),
    [
        (["id=A-1"], (), [""]),
        # Attributes that differ are options, and the others are not.
        (
            group(
                "color=Red; size=S; gender=male; age_group=adult",
                "color=Red; size=M; gender=male; age_group=kids",
            ),
            ("Size", "Age group"),
            ["S / adult", "M / kids"],
        ),
        # One that only some items have is none unless they differ.
        (group("size=S; gender=male", "size=M", "size=L; color=Red"), ("Size",), ["S", "M", "L"]),
        # If the attributes do not tell the variants apart, the title does.
        (group("title=Phone 64 GB", "title=Phone 128 GB"), ("Title",), ["Phone 64 GB", "Phone 128 GB"]),
    ],
)
def test_items_of_a_group_are_variants(
    items: list[str], options: tuple[str, ...], variants: list[str]
) -> None:
    product = only(feed(*items))
    assert (product.source_id, product.options) == ("G" if options else "A-1", options)
    assert [each.fields.get("title", "") for each in product.variants] == variants


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (["id="], "it belongs to no product: it has no id"),
        (group("size=S", "id=; size=M"), "item 2: id is empty"),
        (["title= "], "item 1: title is empty; the first item of a product must have it"),
        (group("", ""), "variants 1 and 2 have the same option values"),
        (group("size=S", "size=M", ""), "variant 3: it has no value for the option 'Size'"),
        (["price="], "item 1: price is empty"),
        (["price=15 EUR"], "prices: none in usd, only in eur"),
        *(
            ([f"price={price}"], f"item 1: price is '{price.partition(' ')[0]}")
            for price in ("$15.00", "free", "1,234.50 USD", "15,00 EUR", "15.00 US Dollars", "-3 USD", "USD")
        ),
        (["sale_price=12 EUR"], "item 1: sale_price is in EUR, but the price is not"),
        (["price=15; sale_price=12 EUR"], "item 1: sale_price is in EUR, but the price is not"),
        *(
            (
                [f"sale_price=12 USD; sale_price_effective_date={period}"],
                f"item 1: sale_price_effective_date is '{period}', but should be like ",
            )
            for period in ("tomorrow", "2026-02-24", "2026-02-24/", "24.02.2026/28.02.2026", "a/b/c")
        ),
        (["inventory=many"], "item 1: inventory is 'many'"),
        (["gtin=3.23457E+12"], "item 1: gtin is '3.23457E+12': a spreadsheet has lost its last digits"),
        *(
            ([f"shipping_weight={weight}"], f"item 1: shipping_weight is '{weight.partition(' k')[0]}")
            for weight in ("heavy", "3", "3 stone", "1,5 kg")
        ),
    ],
)
def test_what_is_not_understood_is_rejected(items: list[str], expected: str) -> None:
    assert reason(feed(*items)).startswith(expected)


def test_a_group_that_comes_again_is_rejected() -> None:
    found = reading(feed(*group("size=S"), "id=9", *group("size=M", "size=L")))
    assert (found.ids, found.rows[2].source_id) == (["G", "9"], "G")
    again = getattr(found.rows[2], "reason", "")
    assert again.startswith("items 3 to 4: the product has begun before; its rows do not follow")


# --- fields of products and variants --------------------------------------------------------------------

APPAREL = ("apparel-shirts-polos",)


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        # Texts are those of the first item that has them.
        (
            group("title=Shirt red; size=S", "title=Shirt blue; size=M; brand=Elm; description=Soft"),
            {"title": "Shirt red", "metadata.brand": "Elm", "description": "Soft"},
        ),
        (
            group(
                "size=S; image_link=https://a/1; additional_image_link=https://a/2,3, https://a/4",
                "size=M; image_link=https://a/5; additional_image_link=https://a/1",
            ),
            {"images": tuple(f"https://a/{name}" for name in ("1", "2,3", "4", "5"))},
        ),
        (["product_type=Apparel > Shirts>Polos"], {"categories": APPAREL}),
        (["product_type= Apparel > > Shirts > Polos > "], {"categories": APPAREL}),
        (["product_type=Apparel &gt;Shirts &gt;Polos"], {"categories": APPAREL}),
        (["product_type=Toys > Toys, Games"], {"categories": ("toys-toys-games",)}),
        (["google_product_category=212"], {"metadata.google_product_category": "212", "categories": ()}),
        # Metadata has what all items agree about.
        (
            group("size=S; mpn=1; condition=new", "size=M; mpn=2; gender=female"),
            {"metadata.condition": "new", "metadata.gender": "female", "metadata.mpn": None},
        ),
        (["material=Wool"], {"material": "Wool"}),
        # The availability is the best one of the variants.
        *(
            (
                group(
                    *(f"size={number}; availability={each}" for number, each in enumerate(found.split(", ")))
                ),
                {"metadata.availability_status": best},
            )
            for found, best in [
                ("out_of_stock, in_stock", "in_stock"),
                ("out of stock, preorder", "preorder"),
                ("Out Of Stock, soon", "out_of_stock"),
                ("soon", "soon"),
            ]
        ),
    ],
)
def test_attributes_become_fields(items: list[str], expected: dict[str, Any]) -> None:
    fields = only(feed(*items)).fields
    assert {name: fields.get(name) for name in expected} == expected


def test_images_with_much_white_space_take_no_time() -> None:
    started = process_time()
    text = f"https://a/1.jpg{' ' * 50_000}, {' ' * 40_000}https://a/2.jpg"
    images = only(feed(f"additional_image_link={text}")).fields["images"]
    assert images == ("https://a/1.jpg", "https://a/2.jpg")
    assert process_time() - started < 1


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("id=A-1", {"sku": "A-1"}),
        ("id=A-1; sku=MUG", {"sku": "MUG"}),
        ("price=15.5usd", {"price": 15.5}),
        ("price=15", {"price": 15}),
        ("sale_price=12.00 USD", {"price": 15, "sale_price": 12}),
        ("sale_price=12", {"price": 15, "sale_price": 12}),
        *(
            (f"sale_price={sale}", {"price": 15, "sale_price": None})
            for sale in ("15.00 USD", "18.00 USD", "0")
        ),
        *(
            (f"sale_price=12 USD; sale_price_effective_date={period}", {"sale_price": sale})
            for period, sale in [
                ("2000-01-01T00:00Z/9999-12-31T23:59-0800", 12),
                ("2000-01-01/9999-12-31", 12),
                ("2000-01-01T13:00-0800 / 2000-01-02T15:30-0800", None),
                ("9998-01-01T00:00+0100/9999-01-01T00:00+0100", None),
            ]
        ),
        *(
            (f"{name}=7", {"stock": 7})
            for name in ("quantity", "sell_on_google_quantity", "quantity_to_sell_on_facebook")
        ),
        ("inventory=-2", {"stock": 0}),
        ("availability=out_of_stock; link=https://a; custom_label_0=x; unknown=y", {"stock": None}),
        ("gtin=3234567890126, 3234567890133", {"barcode": "3234567890126"}),
        *(
            (f"{name}_weight={text}", {"weight": grams})
            for name, text, grams in [
                *(("shipping", "0.5 kg", 500), ("product", "0.1kg", 100), ("shipping", "250 g", 250)),
                *(
                    ("shipping", "3 lb", 1360.777),
                    ("product", "2.5 lbs", 1133.981),
                    ("shipping", "1 oz", 28.35),
                ),
                ("shipping", "0 kg", None),
            ]
        ),
    ],
)
def test_attributes_become_fields_of_a_variant(attributes: str, expected: dict[str, Any]) -> None:
    fields = variant_of(only(feed(attributes)))
    assert {name: fields.get(name) for name in expected} == expected


@pytest.mark.parametrize("minutes", [-90, 90])
def test_a_period_has_the_time_zone_that_it_names_or_utc(minutes: int) -> None:
    now = datetime.now(UTC)
    start, end = now - timedelta(hours=1), now + timedelta(minutes=minutes)
    for zone, shift in (("", timedelta()), ("+0530", timedelta(hours=5, minutes=30))):
        period = "/".join(f"{each + shift:%Y-%m-%dT%H:%M}{zone}" for each in (start, end))
        product: DesiredProduct = only(feed(f"sale_price=12 USD; sale_price_effective_date={period}"))
        assert ("sale_price" in variant_of(product)) is (minutes > 0)


def test_a_period_of_days_includes_the_last_one() -> None:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    product = only(feed(f"sale_price=12 USD; sale_price_effective_date={today}/{today}"))
    assert "sale_price" in variant_of(product)
