"""Google Merchant's attributes become products of our own shape."""

import json
from datetime import UTC, datetime, timedelta
from time import process_time

import pytest

from medusa_sync.core.product import DesiredProduct
from tests.unit.sources.merchant import ITEM, Item, as_atom, as_rss, as_table
from tests.unit.sources.reading import cases, cells, in_json, only, read, reading, reason, variant_of


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
        *[("description", 'Big & "red" <b>]]></b>'), ("brand", "Elm"), ("sale_price", "12.50 USD")],
        *[
            ("product_type", "Home > Mugs"),
            ("product_type", "Sale, new"),
            ("gtin", "0001"),
            ("quantity", "7"),
        ],
        *[("image_link", "https://a/1.jpg"), ("additional_image_link", "https://a/2,3.jpg")],
        ("additional_image_link", "https://a/4.jpg"),
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
        "images": ["https://a/1.jpg", "https://a/2,3.jpg", "https://a/4.jpg"],
        "variants": [{
            "id": "1", "sku": "1", "barcode": "0001", "stock": 7, "allowBackorder": false,
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
    assert variant_of(only(f"{header}2;Jug;in stock;1.234,50 USD\n"))["price"] == 1234.5
    assert reason(f"{header}2;Jug;in stock;1,234 USD\n").startswith("line 2: price is ")


def test_a_price_with_a_currency_may_have_a_decimal_comma() -> None:
    header = "id,title,availability,price\n"
    assert variant_of(only(f'{header}1,Mug,in stock,"15,50 USD"\n'))["price"] == 15.5


@pytest.mark.parametrize("weight", ["heavy", "3", "3 stone", "1,5 kg"])
def test_a_weight_that_is_not_understood_is_left_out_and_named(weight: str) -> None:
    found = reading(feed(f"shipping_weight={weight}"), suffix=".xml")
    assert (found.titles, found.overlooked) == (["Mug"], "Not used: 'shipping_weight'.")


def test_each_price_of_a_feed_is_in_its_own_currency() -> None:
    found = read(feed("id=1; price=15 EUR", "id=2; price=16 USD"))
    prices = [variant_of(each) for each in found if isinstance(each, DesiredProduct)]
    assert [(each.get("price"), each.get("price.eur")) for each in prices] == [(None, 15), (16, None)]


# --- products and options -------------------------------------------------------------------------------


@cases("""
id=A-1 => {"": ""}
# Attributes that differ are options, and the others are not.
color=Red; size=S; gender=male; age_group=adult | color=Red; size=M; gender=male; age_group=kids =>
 {"S / adult": "Size, Age group", "M / kids": "Size, Age group"}
# One that only some items have is none unless they differ.
size=S; gender=male | size=M | size=L; color=Red => {"S": "Size", "M": "Size", "L": "Size"}
# If the attributes do not tell the variants apart, the title does.
title=Phone 64 GB | title=Phone 128 GB => {"Phone 64 GB": "Title", "Phone 128 GB": "Title"}
""")
def test_items_of_a_group_are_variants(rows: list[str], expected: str) -> None:
    product = only(feed(*(group(*rows) if len(rows) > 1 else rows)))
    assert product.source_id == ("G" if len(rows) > 1 else "A-1")
    names = ", ".join(product.options)
    assert {each.fields.get("title", ""): names for each in product.variants} == json.loads(expected)


@cases("""
id= => it belongs to no product: it has no id
size=S | id=; size=M => item 2: id is empty
title=- => item 1: title is empty; one item of a product must have it
item_group_id=G | item_group_id=G => variants 1 and 2 have the same option values
size=S | size=M | brand=Elm => variant 3: it has no value for the option 'Size'
price= => item 1: price is empty
price=15,000 KWD => item 1: price is '15,000 KWD'
price=15.00 US Dollars => item 1: price is '15.00 US Dollars'
price=-3 USD => item 1: price is -3 USD, which is negative
price=USD => item 1: price is 'USD'
sale_price=12 EUR => item 1: sale_price is in EUR, but the price is not
price=15; sale_price=12 EUR => item 1: sale_price is in EUR, but the price is not
sale_price=12; sale_price_effective_date=soon => item 1: sale_price_effective_date is 'soon', but should be
 like
sale_price=12; sale_price_effective_date=2026-02-24 => item 1: sale_price_effective_date is '2026-02-24', but
sale_price=12; sale_price_effective_date=2026-02-24/ => item 1: sale_price_effective_date is '2026-02-24/',
 but
sale_price=12; sale_price_effective_date=24.02.2026/28.02.2026 => item 1: sale_price_effective_date is '24.02.
sale_price=12; sale_price_effective_date=a/b/c => item 1: sale_price_effective_date is 'a/b/c', but should be
inventory=many => item 1: inventory is 'many'
gtin=3.23457E+12 => item 1: gtin is '3.23457E+12': a spreadsheet has lost its last digits
""")
def test_what_is_not_understood_is_rejected(rows: list[str], expected: str) -> None:
    items = group(*rows) if len(rows) > 1 else [row.replace("title=-", "title= ") for row in rows]
    assert reason(feed(*items)).startswith(expected)


# --- fields of products and variants --------------------------------------------------------------------


@cases("""
# Texts are those of the first item that has them.
title=Shirt red; size=S | title=Shirt blue; size=M; brand=Elm; description=Soft =>
 {"title": "Shirt red", "metadata.brand": "Elm", "description": "Soft"}
size=S; image_link=https://a/1; additional_image_link=https://a/2,3, https://a/4
 | size=M; image_link=https://a/5; additional_image_link=https://a/1 =>
 {"images": ["https://a/1", "https://a/2,3", "https://a/4", "https://a/5"]}
product_type=Apparel > Shirts>Polos => {"categories": ["apparel-shirts-polos"]}
product_type= Apparel > > Shirts > Polos > => {"categories": ["apparel-shirts-polos"]}
product_type=Toys > Toys, Games => {"categories": ["toys-toys-games"]}
google_product_category=212 => {"metadata.google_product_category": "212", "categories": []}
# Metadata has what all items agree about.
size=S; mpn=1; condition=new | size=M; mpn=2; gender=female =>
 {"metadata.condition": "new", "metadata.gender": "female", "metadata.mpn": null}
material=Wool => {"material": "Wool"}
# The availability is the best one of the variants.
size=S; availability=out_of_stock | size=M; availability=in_stock => {"metadata.availability_status":
 "in_stock"}
size=S; availability=out of stock | size=M; availability=preorder => {"metadata.availability_status":
 "preorder"}
size=S; availability=soon | size=M; availability=Out Of Stock => {"metadata.availability_status":
 "out_of_stock"}
availability=soon => {"metadata.availability_status": "soon"}
# Those of a variant.
id=A-1 => {"sku": "A-1"}
id=A-1; sku=MUG => {"sku": "MUG"}
price=15.5usd => {"price": 15.5}
price=15 => {"price": 15}
sale_price=12.00 USD => {"price": 15, "sale_price": 12}
sale_price=12 => {"price": 15, "sale_price": 12}
sale_price=15.00 USD => {"price": 15, "sale_price": null}
sale_price=18.00 USD => {"price": 15, "sale_price": null}
sale_price=0 => {"price": 15, "sale_price": null}
sale_price=12; sale_price_effective_date=2000-01-01T00:00Z/9999-12-31T23:59-0800 => {"sale_price": 12}
sale_price=12; sale_price_effective_date=2000-01-01/9999-12-31 => {"sale_price": 12}
sale_price=12; sale_price_effective_date=2000-01-01T13:00-0800 / 2000-01-02T15:30-0800 => {"sale_price": null}
sale_price=12; sale_price_effective_date=9998-01-01T00:00+0100/9999-01-01T00:00+0100 => {"sale_price": null}
quantity=7 => {"stock": 7}
sell_on_google_quantity=7 => {"stock": 7}
quantity_to_sell_on_facebook=7 => {"stock": 7}
inventory=-2 => {"stock": 0}
availability=in_stock; link=https://a; custom_label_0=x; unknown=y => {"stock": null}
availability=Out of stock => {"stock": 0}
availability=Out-of-stock => {"stock": 0}
availability=OutOfStock => {"stock": 0, "metadata.availability_status": "out_of_stock"}
availability=discontinued => {"stock": 0, "metadata.availability_status": "discontinued"}
availability=out_of_stock; quantity=3 => {"stock": 3}
gtin=3234567890126, 3234567890133 => {"barcode": "3234567890126"}
shipping_weight=0.5 kg => {"weight": 500}
product_weight=0.1kg => {"weight": 100}
shipping_weight=250 g => {"weight": 250}
shipping_weight=3 lb => {"weight": 1360.777}
product_weight=2.5 lbs => {"weight": 1133.981}
shipping_weight=1 oz => {"weight": 28.35}
shipping_weight=0 kg => {"weight": null}
""")
def test_attributes_become_fields(rows: list[str], expected: str) -> None:
    product = only(feed(*(group(*rows) if len(rows) > 1 else rows)))
    fields = {**product.fields, **product.variants[0].fields} if len(rows) == 1 else product.fields
    found = {name: fields.get(name) for name in json.loads(expected)}
    assert json.loads(json.dumps(found)) == json.loads(expected)


def test_a_path_that_is_escaped_twice_is_a_path() -> None:
    assert [*only(feed("product_type=Apparel &gt;Shirts")).categories] == ["apparel", "apparel-shirts"]


def test_images_with_much_white_space_take_no_time() -> None:
    started = process_time()
    text = f"https://a/1.jpg{' ' * 50_000}, {' ' * 40_000}https://a/2.jpg"
    images = only(feed(f"additional_image_link={text}")).fields["images"]
    assert images == ("https://a/1.jpg", "https://a/2.jpg")
    assert process_time() - started < 1


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


@pytest.mark.parametrize(
    ("availability", "allowed"),
    [("preorder", True), ("Backorder", True), ("in stock", False), ("out_of_stock", False), ("soon", None)],
)
def test_what_is_announced_can_be_bought_without_stock(availability: str, *, allowed: bool | None) -> None:
    one: Item = [*(ITEM | {"availability": availability}).items()]
    assert variant_of(only(as_table([[*one, ("quantity", "0")]], ","))).get("allow_backorder") is allowed
    is_tracked = availability == "out_of_stock"  # then it is 0
    assert ("allow_backorder" in variant_of(only(as_table([one], ",")))) is is_tracked
