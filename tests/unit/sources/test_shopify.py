"""Shopify's product CSV."""

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.dialects.cells import present
from medusa_sync.sources.dialects.shopify import SHOPIFY
from tests.unit.sources.reading import Fields, in_json, only, read, reason, reasons, table, variant_of
from tests.unit.sources.tables import (
    URLS,
    File,
    Style,
    assert_all_is_read,
    assert_whole_products_are_read,
    files,
    perhaps,
    texts,
    words,
)

SAMPLE = Path(__file__).parents[2] / "catalogues/shopify-tableware.csv"
OLD = (
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,"
    "Option2 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,"
    "Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Position,Status"
)


def cells(**values: str) -> dict[str, str]:
    """The first row of a mug; `Variant_Price` is the column `Variant Price`."""
    usual = {"Handle": "mug", "Title": "Mug", "Variant Price": "9.50"}
    return usual | {name.replace("_", " "): text for name, text in values.items()}


def more(**values: str) -> dict[str, str]:
    """Another row of the mug."""
    return {"Handle": "mug"} | {name.replace("_", " "): text for name, text in values.items()}


def mug(*rows: Fields, header: str = OLD) -> DesiredProduct:
    return only(table(header, *rows))


# --- a real export --------------------------------------------------------------------------------------


def sample() -> dict[str, DesiredProduct]:
    return {each.source_id: each for each in read(SAMPLE) if isinstance(each, DesiredProduct)}


def test_an_export_has_its_20_products_all_valid() -> None:
    products = sample().values()
    assert (len(read(SAMPLE)), len(products)) == (20, 20)
    assert sum(len(each.variants) for each in products) == 23
    images = [each.fields["images"] for each in products]
    assert sum(len(each) for each in images if isinstance(each, tuple)) == 41


def test_a_product_with_options_and_one_without() -> None:
    folder = "https://images.example.com/tableware/"
    assert [sample()["harbour-mug"], sample()["sugar-tongs"]] == in_json(
        {
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
        },
        {
            "id": "sugar-tongs",
            "handle": "sugar-tongs",
            "title": "Sugar Tongs",
            "description": "Steel sugar tongs with olive wood handles.",
            "brand": "Kiln & Clay",
            "type": "Cutlery",
            "tags": ["Steel", "Wood"],
            "images": [
                f"{folder}sugar-tongs.jpg",
                f"{folder}breakfast-table.jpg",
                f"{folder}tongs-and-bowl.jpg",
            ],
            "variants": [{"price": 16.2, "compareAtPrice": 24.6, "weight": 42}],
        },
    )


def test_a_description_keeps_its_html_and_line_breaks() -> None:
    assert str(sample()["oval-platter"].fields["description"]).endswith(
        '<ul>\n<li>Dark stoneware</li>\n<li>Glazed inside</li>\n<li>Length, 14" with 1.5" handles</li>\n'
        '<li>Height, 0.9"</li>\n<li>Safe in the oven</li>\n<li>Made in Latvia</li>\n</ul>'
    )


def test_a_last_line_without_a_line_break_is_complete() -> None:
    assert not SAMPLE.read_bytes().endswith(b"\n")
    assert "salad-servres" in sample()


# --- columns --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tracker", "quantity", "stock"),
    [("shopify", "5", 5), ("shopify", "0", 0), ("shopify", "-3", 0), ("", "5", None), ("shopify", "", None)],
)
def test_stock_is_that_of_tracked_variants_and_never_negative(
    tracker: str, quantity: str, stock: int | None
) -> None:
    row = cells(Variant_Inventory_Tracker=tracker, Variant_Inventory_Qty=quantity)
    assert variant_of(mug(row)).get("stock") == stock


def test_a_file_without_the_column_of_the_tracker_has_stock() -> None:
    header = "Handle,Title,Variant Price,Variant Inventory Qty"
    assert variant_of(mug(cells(Variant_Inventory_Qty="5"), header=header))["stock"] == 5


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({}, None),
        ({"Published": "true", "Status": "active"}, None),
        ({"Published": "false"}, "draft"),
        ({"Published": "FALSE", "Status": "active"}, "draft"),
        ({"Status": "draft"}, "draft"),
        ({"Status": "Archived"}, "draft"),
        ({"Status": "unlisted"}, "draft"),
    ],
)
def test_what_customers_could_not_see_is_a_draft(values: dict[str, str], status: str | None) -> None:
    assert mug(cells(**values)).status == status


@pytest.mark.parametrize("text", ["0", ""])
def test_no_weight_is_no_field(text: str) -> None:
    assert "weight" not in variant_of(mug(cells(Variant_Grams=text)))


def test_a_product_that_is_in_no_category_has_none() -> None:
    header = f"{OLD},Product Category"
    for category, handles in (("Uncategorized", ()), ("A > A", ("a-a",))):
        assert mug(cells(Product_Category=category), header=header).fields["categories"] == handles


def test_images_are_in_the_order_of_their_positions_each_once() -> None:
    found = mug(
        cells(Image_Src="https://a/3", Image_Position="3"),
        more(Image_Src="https://a/last"),
        more(Image_Src="https://a/1", Image_Position="1"),
        more(Image_Src="https://a/3", Image_Position="4"),
    )
    assert found.fields["images"] == ("https://a/1", "https://a/3", "https://a/last")
    assert len(found.variants) == 1


# --- options --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value"), [("Title", "Default Title"), ("", ""), ("Title", "")])
def test_the_option_of_a_product_without_options_is_none(name: str, value: str) -> None:
    assert mug(cells(Option1_Name=name, Option1_Value=value)).options == ()


@pytest.mark.parametrize("name", ["Title", "Size"])
def test_values_are_those_of_each_row_and_names_may_be_repeated(name: str) -> None:
    first, second = cells(Option1_Name=name, Option1_Value="S"), more(Option1_Value="L", Variant_Price="9")
    for rows in ((first, second), (first, second | {"Option1 Name": name})):
        found = mug(*rows)
        assert found.options == (name,)
        assert [each.fields[f"option.{name}"] for each in found.variants] == ["S", "L"]


def test_variants_with_the_same_sku_are_told_apart_by_their_option_values() -> None:
    first = cells(Option1_Name="Size", Option1_Value="S", Variant_SKU="M-1")
    found = mug(first, more(Option1_Value="L", Variant_Price="9", Variant_SKU="M-1"))
    assert [(each.key, each.fields["sku"]) for each in found.variants] == [("S", "M-1"), ("L", "M-1")]


def test_variants_that_cannot_be_told_apart_are_rejected() -> None:
    first = cells(Option1_Name="Title", Option1_Value="Default Title")
    found = reason(table(OLD, first, more(Option1_Value="Default Title", Variant_Price="9")))
    assert "have the same option values" in found


# --- rejected -------------------------------------------------------------------------------------------

_SIZE = {"Option1_Name": "Size", "Option1_Value": "S"}
_NUMBER = "which is not a number such as 1234.50"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"Variant_Price": ""}, {}, "line 2: Variant Price is empty"),
        ({"Variant_Price": "", "Variant_SKU": "M-1"}, {}, "line 2: Variant Price is empty (variant M-1)"),
        (
            _SIZE | {"Option2_Name": "Colour", "Option2_Value": "Red"},
            {"Option1_Value": "L", "Option2_Value": "Red"},
            "line 3: Variant Price is empty (variant L / Red)",
        ),
        *(
            ({"Variant_Price": price}, {}, f"line 2: Variant Price is '{price}', {_NUMBER}")
            for price in ("1,234.50", "$9", "--9", "9,50", "1e3", "nan")
        ),
        ({"Variant_Price": "-9"}, {}, "line 2: Variant Price is -9, which is negative"),
        (
            {"Variant_Barcode": "7.12393E+11"},
            {},
            "line 2: Variant Barcode is '7.12393E+11': a spreadsheet has lost its last digits",
        ),
        ({"Title": ""}, {}, "line 2: Title is empty; the first line of a product must have it"),
        (
            {"Variant_Inventory_Tracker": "shopify", "Variant_Inventory_Qty": "many"},
            {},
            "line 2: Variant Inventory Qty is 'many', which is not a whole number such as 12",
        ),
        ({"Published": "maybe"}, {}, "line 2: Published is 'maybe', but should be `true` or `false`"),
        (
            _SIZE,
            {"Option1_Name": "Colour", "Option1_Value": "L", "Variant_Price": "9"},
            "line 3: Option1 Name is 'Colour', but 'Size' on line 2",
        ),
        (
            _SIZE | {"Option2_Value": "Blue"},
            {},
            "line 2: Option2 Value is 'Blue', but the option has no name",
        ),
    ],
)
def test_a_product_is_rejected_alone_with_the_line_and_the_column(
    first: dict[str, str], second: dict[str, str], expected: str
) -> None:
    own = [cells(**first), *([more(**second)] if second else [])]
    assert reason(table(OLD, *own)) == expected
    jug, cup = cells(Handle="jug"), cells(Handle="cup")
    rows = [dict.fromkeys(jug, "") | row for row in own]
    assert len(reasons(table(OLD, *rows, jug, cup))) == 1


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
                images=draw(st.lists(URLS, max_size=4, unique=True)),
                options=names,
                variants=own,
            )
        )
    return catalogue


COLUMNS = [
    *("Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", "Status"),
    *(f"Option{{n}} {part}#{number}" for number in (1, 2, 3) for part in ("Name", "Value")),
    *("Variant SKU", "Variant Barcode", "Variant Grams", "Variant Price", "Variant Compare At Price"),
    *("Variant Inventory Tracker", "Variant Inventory Qty", "Image Src", "Image Position"),
]


def written(catalogue: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The rows of an export."""
    rows = []
    for each in catalogue:
        images = each.get("images", [])
        for index in range(max(len(each["variants"]), len(images))):
            cells = {"Handle": each["id"]}
            if index == 0:
                cells |= _of_product(each)
            if index < len(each["variants"]):
                cells |= _of_variant(each["variants"][index], each.get("options", []))
            if index < len(images):
                cells |= {"Image Src": images[index], "Image Position": str(index + 1)}
            rows.append(cells)
    return rows


def _of_product(each: Mapping[str, Any]) -> dict[str, str]:
    names = each.get("options") or ["Title"]
    return {
        "Title": each["title"],
        "Body (HTML)": each.get("description", ""),
        "Vendor": each.get("brand", ""),
        "Product Category": " > ".join(each.get("categories", [[]])[0]),
        "Type": each.get("type", ""),
        "Tags": ", ".join(each.get("tags", [])),
        "Published": "true",
        "Status": each.get("status", "active"),
        **{f"Option{{n}} Name#{number}": name for number, name in enumerate(names, 1)},
    }


def _of_variant(variant: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    options = variant.get("options", {})
    values = [options[name] for name in names] or ["Default Title"]
    compared = variant.get("compareAtPrice")
    return {
        "Variant SKU": variant.get("sku", ""),
        "Variant Barcode": f"'{variant['barcode']}" if "barcode" in variant else "",
        "Variant Grams": str(variant.get("weight", 0)),
        "Variant Price": f"{variant['price']:.2f}",
        "Variant Compare At Price": "" if compared is None else f"{compared:.2f}",
        "Variant Inventory Tracker": "shopify" if "stock" in variant else "",
        "Variant Inventory Qty": str(variant.get("stock", 3)),
        **{f"Option{{n}} Value#{number}": value for number, value in enumerate(values, 1)},
    }


FILES = files(SHOPIFY, catalogues, written, COLUMNS)


@given(FILES)
def test_what_an_export_has_is_what_is_read(example: File) -> None:
    assert_all_is_read(example)


@given(FILES, st.data())
def test_a_file_that_is_cut_off_has_only_whole_products(example: File, data: st.DataObject) -> None:
    assert_whole_products_are_read(example, data.draw(st.integers(0, len(example.content) - 1)))
