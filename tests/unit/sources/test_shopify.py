"""Shopify's product CSV."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.base import Entry, Refused, Rejected
from medusa_sync.sources.dialects.cells import present
from medusa_sync.sources.dialects.shopify import SHOPIFY
from medusa_sync.sources.mapping import to_row
from tests.unit.sources.tables import (
    File,
    Style,
    assert_all_is_read,
    assert_whole_products_are_read,
    files,
    perhaps,
    products_of,
    read,
    texts,
    words,
)

SAMPLE = Path(__file__).parents[2] / "catalogues/shopify-tableware.csv"
OLD = (
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,"
    "Option2 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,"
    "Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Position,Status"
)
NEW = (
    "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,"
    "Barcode,Option1 name,Option1 value,Option1 Linked To,Option2 name,Option2 value,Option2 Linked To,"
    "Option3 name,Option3 value,Option3 Linked To,Price,Compare-at price,Cost per item,Charge tax,"
    "Tax code,Unit price total measure,Unit price total measure unit,Unit price base measure,"
    "Unit price base measure unit,Inventory tracker,Inventory quantity,"
    "Continue selling when out of stock,Weight value (grams),Weight unit for display,Requires shipping,"
    "Fulfillment service,Product image URL,Image position,Image alt text,Variant image URL,Gift card,"
    "SEO title,SEO description,Color (product.metafields.shopify.color-pattern),"
    "Google Shopping / Google product category"
)


def file(*rows: Mapping[str, str], header: str = OLD) -> str:
    names = header.split(",")
    lines = [",".join(f'"{row.get(name, "")}"' for name in names) for row in rows]
    return "\n".join([header, *lines, ""])


def row(**cells: str) -> dict[str, str]:
    """The first row of a mug; `Variant_Price` is the column `Variant Price`."""
    usual = {"Handle": "mug", "Title": "Mug", "Variant Price": "9.50"}
    return usual | {name.replace("_", " "): text for name, text in cells.items()}


def more(**cells: str) -> dict[str, str]:
    """Another row of the mug."""
    return {"Handle": "mug"} | {name.replace("_", " "): text for name, text in cells.items()}


def only(*rows: Mapping[str, str], header: str = OLD) -> Mapping[str, Any]:
    [mug] = products_of(file(*rows, header=header))
    return mug


def only_variant(**cells: str) -> Mapping[str, Any]:
    [variant] = only(row(**cells))["variants"]
    assert isinstance(variant, Mapping)
    return variant


def reason(*rows: Mapping[str, str], header: str = OLD) -> str:
    [refused] = read(file(*rows, header=header))
    assert isinstance(refused, Refused)
    assert (refused.source_id, refused.title) == ("mug", rows[0].get("Title", ""))
    return refused.reason


# --- a real export --------------------------------------------------------------------------------------


def sample() -> dict[str, Mapping[str, Any]]:
    return {each["id"]: each for each in products_of(SAMPLE.read_bytes())}


def test_an_export_has_its_20_products_all_valid() -> None:
    products = products_of(SAMPLE.read_bytes())
    assert len(products) == 20
    assert len({each["id"] for each in products}) == 20
    rows = [to_row(dict(each), source_name="shop", currency="usd", sale_prices=True) for each in products]
    assert all(isinstance(each, DesiredProduct) for each in rows)
    assert sum(len(each["variants"]) for each in products) == 23
    assert sum(len(each["images"]) for each in products) == 41


def test_a_product_with_options_and_an_image_without_a_variant() -> None:
    folder = "https://images.example.com/tableware/"
    assert sample()["harbour-mug"] == {
        "id": "harbour-mug",
        "handle": "harbour-mug",
        "title": "Harbour Mug with Lid",
        "description": "Tall mug with a cork or walnut lid, for long mornings.",
        "brand": "Kiln & Clay",
        "type": "Cup",
        "tags": ["Cork", "Lid", "Stoneware", "Walnut"],
        "images": [
            f"{folder}harbour-mug.jpg",
            f"{folder}harbour-mug-white.jpg",
            f"{folder}harbour-mug-lids.jpg",
        ],
        "options": ["Color"],
        "variants": [
            {"price": 34.75, "compareAtPrice": 48, "options": {"Color": "Navy"}},
            {"price": 27, "compareAtPrice": 48, "options": {"Color": "White"}},
        ],
    }


def test_a_product_without_options() -> None:
    assert sample()["sugar-tongs"] == {
        "id": "sugar-tongs",
        "handle": "sugar-tongs",
        "title": "Sugar Tongs",
        "description": "Steel sugar tongs with olive wood handles.",
        "brand": "Kiln & Clay",
        "type": "Cutlery",
        "tags": ["Steel", "Wood"],
        "images": [
            "https://images.example.com/tableware/sugar-tongs.jpg",
            "https://images.example.com/tableware/breakfast-table.jpg",
            "https://images.example.com/tableware/tongs-and-bowl.jpg",
        ],
        "variants": [{"price": 16.2, "compareAtPrice": 24.6, "weight": 42}],
    }


def test_a_description_keeps_its_html_and_line_breaks() -> None:
    description = sample()["oval-platter"]["description"]
    assert description.endswith(
        '<ul>\n<li>Dark stoneware</li>\n<li>Glazed inside</li>\n<li>Length, 14" with 1.5" handles</li>\n'
        '<li>Height, 0.9"</li>\n<li>Safe in the oven</li>\n<li>Made in Latvia</li>\n</ul>'
    )


def test_a_last_line_without_a_line_break_is_complete() -> None:
    assert not SAMPLE.read_bytes().endswith(b"\n")
    assert "salad-servres" in sample()


# --- columns --------------------------------------------------------------------------------------------


def test_the_new_names_of_the_columns() -> None:
    cells = {
        "Title": "Mug",
        "URL handle": "mug",
        "Description": "<p>Blue</p>",
        "Vendor": "Potters",
        "Product category": "Home & Garden > Kitchen & Dining > Tableware",
        "Type": "Cups",
        "Tags": "blue, clay",
        "Published on online store": "TRUE",
        "Status": "Active",
        "SKU": "M-1",
        "Barcode": "'0123",
        "Option1 name": "Size",
        "Option1 value": "L",
        "Price": "9.50",
        "Compare-at price": "12",
        "Cost per item": "3",
        "Inventory tracker": "shopify",
        "Inventory quantity": "7",
        "Weight value (grams)": "350",
        "Product image URL": "https://cdn.example/1.jpg",
        "Image position": "1",
        "Variant image URL": "https://cdn.example/2.jpg",
        "Gift card": "FALSE",
    }
    assert only(cells, header=NEW) == {
        "id": "mug",
        "handle": "mug",
        "title": "Mug",
        "description": "<p>Blue</p>",
        "brand": "Potters",
        "categories": [["Home & Garden", "Kitchen & Dining", "Tableware"]],
        "type": "Cups",
        "tags": ["blue", "clay"],
        "images": ["https://cdn.example/1.jpg"],
        "options": ["Size"],
        "variants": [
            {
                "sku": "M-1",
                "barcode": "0123",
                "price": 9.5,
                "compareAtPrice": 12,
                "stock": 7,
                "weight": 350,
                "options": {"Size": "L"},
            }
        ],
    }


@pytest.mark.parametrize(
    ("tracker", "quantity", "stock"),
    [("shopify", "5", 5), ("shopify", "0", 0), ("shopify", "-3", 0), ("", "5", None), ("shopify", "", None)],
)
def test_stock_is_that_of_tracked_variants_and_never_negative(
    tracker: str, quantity: str, stock: int | None
) -> None:
    variant = only_variant(Variant_Inventory_Tracker=tracker, Variant_Inventory_Qty=quantity)
    assert variant.get("stock") == stock


def test_a_file_without_the_column_of_the_tracker_has_stock() -> None:
    header = "Handle,Title,Variant Price,Variant Inventory Qty"
    mug = only(row(Variant_Inventory_Qty="5"), header=header)
    assert mug["variants"][0]["stock"] == 5


@pytest.mark.parametrize(
    ("cells", "is_draft"),
    [
        ({}, False),
        ({"Published": "true", "Status": "active"}, False),
        ({"Published": "false"}, True),
        ({"Published": "FALSE", "Status": "active"}, True),
        ({"Status": "draft"}, True),
        ({"Status": "Archived"}, True),
        ({"Status": "unlisted"}, True),
    ],
)
def test_what_customers_could_not_see_is_a_draft(cells: dict[str, str], is_draft: bool) -> None:  # noqa: FBT001 - a parameter
    assert only(row(**cells)).get("status") == ("draft" if is_draft else None)


@pytest.mark.parametrize("text", ["0", ""])
def test_no_weight_is_no_field(text: str) -> None:
    assert "weight" not in only_variant(Variant_Grams=text)


def test_a_product_that_is_in_no_category_has_none() -> None:
    header = f"{OLD},Product Category"
    assert "categories" not in only(row(Product_Category="Uncategorized"), header=header)
    assert only(row(Product_Category="A > A"), header=header)["categories"] == [["A", "A"]]


def test_images_are_in_the_order_of_their_positions_each_once() -> None:
    mug = only(
        row(Image_Src="https://a/3", Image_Position="3"),
        more(Image_Src="https://a/last"),
        more(Image_Src="https://a/1", Image_Position="1"),
        more(Image_Src="https://a/3", Image_Position="4"),
    )
    assert mug["images"] == ["https://a/1", "https://a/3", "https://a/last"]
    assert len(mug["variants"]) == 1


# --- options --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value"), [("Title", "Default Title"), ("", ""), ("Title", "")])
def test_the_option_of_a_product_without_options_is_none(name: str, value: str) -> None:
    mug = only(row(Option1_Name=name, Option1_Value=value))
    assert "options" not in mug
    assert "options" not in mug["variants"][0]


def test_an_option_that_is_called_title_is_an_option_if_it_has_other_values() -> None:
    mug = only(
        row(Option1_Name="Title", Option1_Value="Small"), more(Option1_Value="Large", Variant_Price="9")
    )
    assert mug["options"] == ["Title"]
    assert [each["options"] for each in mug["variants"]] == [{"Title": "Small"}, {"Title": "Large"}]


def test_variants_with_the_same_sku_are_told_apart_by_their_option_values() -> None:
    first = row(Option1_Name="Size", Option1_Value="S", Variant_SKU="M-1")
    mug = only(first, more(Option1_Value="L", Variant_Price="9", Variant_SKU="M-1"))
    product = to_row(dict(mug), source_name="shop", currency="usd")
    assert isinstance(product, DesiredProduct)
    assert [(each.key, each.fields["sku"]) for each in product.variants] == [("S", "M-1"), ("L", "M-1")]


def test_variants_that_cannot_be_told_apart_are_rejected() -> None:
    option = {"Option1_Name": "Title", "Option1_Value": "Default Title"}
    mug = only(row(**option), more(Option1_Value="Default Title", Variant_Price="9"))
    rejected = to_row(dict(mug), source_name="shop", currency="usd")
    assert isinstance(rejected, Rejected)
    assert "have the same option values" in rejected.reason


def test_later_rows_may_repeat_the_names_of_options() -> None:
    first = row(Option1_Name="Size", Option1_Value="S")
    mug = only(first, more(Option1_Name="Size", Option1_Value="L", Variant_Price="9"))
    assert mug["options"] == ["Size"]


def test_a_row_with_another_name_of_an_option_is_refused() -> None:
    first = row(Option1_Name="Size", Option1_Value="S")
    other = more(Option1_Name="Colour", Option1_Value="L", Variant_Price="9")
    assert reason(first, other) == "line 3: Option1 Name is 'Colour', but 'Size' on line 2"


def test_a_value_of_an_option_without_a_name_is_refused() -> None:
    cells = {"Option1_Name": "Size", "Option1_Value": "S", "Option2_Value": "Blue"}
    assert reason(row(**cells)) == "line 2: Option2 Value is 'Blue', but the option has no name"


# --- refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"Variant_Price": ""}, "line 2: Variant Price is empty"),
        ({"Variant_Price": "", "Variant_SKU": "M-1"}, "line 2: Variant Price is empty (variant M-1)"),
        (
            {"Variant_Price": "1,234.50"},
            "line 2: Variant Price is '1,234.50', which is not a number such as 1234.50",
        ),
        ({"Variant_Price": "$9"}, "line 2: Variant Price is '$9', which is not a number such as 1234.50"),
        ({"Variant_Price": "-9"}, "line 2: Variant Price is '-9', which is not a number such as 1234.50"),
        ({"Variant_Price": "9,50"}, "line 2: Variant Price is '9,50', which is not a number such as 1234.50"),
        ({"Variant_Price": "1e3"}, "line 2: Variant Price is '1e3', which is not a number such as 1234.50"),
        ({"Variant_Price": "nan"}, "line 2: Variant Price is 'nan', which is not a number such as 1234.50"),
        (
            {"Variant_Barcode": "7.12393E+11"},
            "line 2: Variant Barcode is '7.12393E+11': a spreadsheet has lost its last digits",
        ),
        ({"Title": ""}, "line 2: Title is empty; the first line of a product must have it"),
        (
            {"Variant_Inventory_Tracker": "shopify", "Variant_Inventory_Qty": "many"},
            "line 2: Variant Inventory Qty is 'many', which is not a whole number such as 12",
        ),
        ({"Published": "maybe"}, "line 2: Published is 'maybe', but should be `true` or `false`"),
    ],
)
def test_a_product_is_refused_with_the_line_and_the_column(cells: dict[str, str], expected: str) -> None:
    assert reason(row(**cells)) == expected


def test_the_variant_that_has_no_price_is_named_by_its_values() -> None:
    first = row(Option1_Name="Size", Option1_Value="S", Option2_Name="Colour", Option2_Value="Red")
    second = more(Option1_Value="L", Option2_Value="Red")
    assert reason(first, second) == "line 3: Variant Price is empty (variant L / Red)"


def test_a_refused_product_does_not_affect_its_neighbours() -> None:
    entries = read(
        file(row(), row(Handle="jug", Variant_Price="?"), row(Handle="cup", Title="Cup", Variant_Price="3"))
    )
    assert [type(entry) for entry in entries] == [Entry, Refused, Entry]


# --- round trip -----------------------------------------------------------------------------------------

AMOUNTS = st.integers(0, 10**8).map(lambda cents: cents / 100)


@st.composite
def variants(draw: st.DrawFn, style: Style) -> tuple[list[str], list[dict[str, Any]]]:
    """The names of options, and variants with their values."""
    names = draw(st.lists(words(style).filter(lambda name: name != "Title"), max_size=3, unique=True))
    values = [draw(st.lists(words(style), min_size=1, max_size=3, unique=True)) for _ in names]
    every: list[tuple[str, ...]] = list(product(*values))
    chosen = draw(st.lists(st.sampled_from(every), min_size=1, max_size=4, unique=True))
    return names, [
        present(
            sku=draw(perhaps(words(style))),
            barcode=draw(perhaps(words(style, without="'"))),
            price=draw(AMOUNTS),
            compareAtPrice=draw(perhaps(AMOUNTS)),
            stock=draw(perhaps(st.integers(0, 10**6))),
            weight=draw(perhaps(st.integers(1, 10**5))),
            options=dict(zip(names, each, strict=True)),
        )
        for each in chosen
    ]


@st.composite
def catalogues(draw: st.DrawFn, style: Style) -> list[dict[str, Any]]:
    catalogue = []
    for handle in draw(st.lists(words(style), min_size=1, max_size=4, unique=True)):
        names, own = draw(variants(style))
        path = st.lists(words(style, without=">"), min_size=1, max_size=3)
        catalogue.append(
            present(
                id=handle,
                handle=handle,
                title=draw(words(style)),
                description=draw(perhaps(texts(style))),
                brand=draw(perhaps(words(style))),
                type=draw(perhaps(words(style))),
                tags=draw(st.lists(words(style, without=","), max_size=3, unique=True)),
                categories=draw(st.lists(path, max_size=1)),
                status=draw(st.sampled_from([None, "draft"])),
                images=draw(st.lists(words(style), max_size=4, unique=True)),
                options=names,
                variants=own,
            )
        )
    return catalogue


COLUMNS = [
    *("handle", "title", "description", "vendor", "category", "type", "tags", "published", "status"),
    *(f"option_{part} {number}" for number in (1, 2, 3) for part in ("name", "value")),
    *("sku", "barcode", "grams", "price", "compare_at_price", "tracker", "quantity", "image", "position"),
]


def written(catalogue: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The rows of an export."""
    rows = []
    for each in catalogue:
        images = each.get("images", [])
        for index in range(max(len(each["variants"]), len(images))):
            cells = {"handle": each["id"]}
            if index == 0:
                cells |= _of_product(each)
            if index < len(each["variants"]):
                cells |= _of_variant(each["variants"][index], each.get("options", []))
            if index < len(images):
                cells |= {"image": images[index], "position": str(index + 1)}
            rows.append(cells)
    return rows


def _of_product(each: Mapping[str, Any]) -> dict[str, str]:
    names = each.get("options") or ["Title"]
    return {
        "title": each["title"],
        "description": each.get("description", ""),
        "vendor": each.get("brand", ""),
        "category": " > ".join(each.get("categories", [[]])[0]),
        "type": each.get("type", ""),
        "tags": ", ".join(each.get("tags", [])),
        "published": "true",
        "status": each.get("status", "active"),
        **{f"option_name {number}": name for number, name in enumerate(names, 1)},
    }


def _of_variant(variant: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    options = variant.get("options", {})
    values = [options[name] for name in names] or ["Default Title"]
    compared = variant.get("compareAtPrice")
    return {
        "sku": variant.get("sku", ""),
        "barcode": f"'{variant['barcode']}" if "barcode" in variant else "",
        "grams": str(variant.get("weight", 0)),
        "price": f"{variant['price']:.2f}",
        "compare_at_price": "" if compared is None else f"{compared:.2f}",
        "tracker": "shopify" if "stock" in variant else "",
        "quantity": str(variant.get("stock", 3)),
        **{f"option_value {number}": value for number, value in enumerate(values, 1)},
    }


FILES = files(SHOPIFY, catalogues, written, COLUMNS)


@given(FILES)
def test_what_an_export_has_is_what_is_read(example: File) -> None:
    assert_all_is_read(example)


@given(FILES, st.data())
def test_a_file_that_is_cut_off_has_only_whole_products(example: File, data: st.DataObject) -> None:
    assert_whole_products_are_read(example, data.draw(st.integers(0, len(example.content) - 1)))
