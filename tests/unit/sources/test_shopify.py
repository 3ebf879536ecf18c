"""Shopify's product CSV."""

from pathlib import Path
from typing import Any

import pytest

from medusa_sync.core.product import DesiredProduct
from tests.unit.sources.reading import Fields, in_json, read, reason, reasons, table

SAMPLE = Path(__file__).parents[2] / "catalogues/shopify-tableware.csv"
OLD = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,"
    "Option2 Name,Option2 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,"
    "Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Position,Status"
)
FIRST = {"Handle": "mug", "Title": "Mug", "Variant Price": "9.50"}
PRODUCT = {"id": "mug", "handle": "mug", "title": "Mug"}
OTHER_NAMES = {
    "Handle": "URL handle",
    "Body (HTML)": "Description",
    "Published": "Published on online store",
    "Image Src": "Product image URL",
    "Variant Compare At Price": "Compare-at price",
    "Variant Inventory Qty": "Inventory quantity",
    "Variant Grams": "Weight value (grams)",
}


def rows(*others: dict[str, str]) -> list[Fields]:
    """The rows of a mug, of which the first has its title and price."""
    first, *more = others
    return [FIRST | first, *({"Handle": "mug"} | each for each in more)]


def option(value: str, name: str = "Size", **more: str) -> dict[str, str]:
    """A row of a variant; `Variant_SKU` is the column `Variant SKU`."""
    cells = {"Option1 Name": name, "Option1 Value": value, "Variant Price": "9"}
    return cells | {key.replace("_", " "): text for key, text in more.items()}


# --- a real export --------------------------------------------------------------------------------------


def test_an_export_has_its_20_products_all_valid() -> None:
    products = {each.source_id: each for each in read(SAMPLE) if isinstance(each, DesiredProduct)}
    assert (len(read(SAMPLE)), len(products)) == (20, 20)
    assert sum(len(each.variants) for each in products.values()) == 23
    assert not SAMPLE.read_bytes().endswith(b"\n")
    assert "salad-servres" in products  # the last one
    assert str(products["oval-platter"].fields["description"]).endswith(
        '<ul>\n<li>Dark stoneware</li>\n<li>Glazed inside</li>\n<li>Length, 14" with 1.5" handles</li>\n'
        '<li>Height, 0.9"</li>\n<li>Safe in the oven</li>\n<li>Made in Latvia</li>\n</ul>'
    )
    folder = "https://images.example.com/tableware/"
    expected = {
        "id": "harbour-mug",
        "handle": "harbour-mug",
        "title": "Harbour Mug with Lid",
        "description": "Tall mug with a cork or walnut lid, for long mornings.",
        "brand": "Kiln & Clay",
        "type": "Cup",
        "tags": ["Cork", "Lid", "Stoneware", "Walnut"],
        "images": [f"{folder}harbour-mug{name}.jpg" for name in ("", "-white", "-lids")],
        "options": ["Color"],
        "variants": [
            {"price": 34.75, "compareAtPrice": 48, "options": {"Color": "Navy"}},
            {"price": 27, "compareAtPrice": 48, "options": {"Color": "White"}},
        ],
    }
    assert [products["harbour-mug"]] == in_json(expected)


# --- columns and options --------------------------------------------------------------------------------


def one(**fields: Any) -> dict[str, Any]:
    """A mug with one variant that has these fields."""
    return {"variants": [{"price": 9.5, **fields}]}


def sizes(*values: str, name: str = "Size", skus: tuple[str, ...] = ("", "")) -> dict[str, Any]:
    variants = [
        {"price": 9, "sku": sku, "options": {name: value}} for value, sku in zip(values, skus, strict=True)
    ]
    return {"options": [name], "variants": variants}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            [
                {
                    "Body (HTML)": "<b>Big</b>",
                    "Vendor": "Elm",
                    "Product Category": "Home > Mugs",
                    "Type": "Cup",
                    "Tags": "red, new, red",
                    "Published": "true",
                    "Status": "active",
                    "Variant SKU": "M-1",
                    "Variant Barcode": "'0123",
                    "Variant Grams": "250",
                    "Variant Compare At Price": "12",
                    "Image Src": "https://a/1",
                }
            ],
            {
                "description": "<b>Big</b>",
                "brand": "Elm",
                "categories": [["Home", "Mugs"]],
                "type": "Cup",
                "tags": ["red", "new"],
                "images": ["https://a/1"],
                **one(sku="M-1", barcode="0123", weight=250, compareAtPrice=12),
            },
        ),
        # Stock is that of tracked variants, and never negative.
        *(
            ([{"Variant Inventory Tracker": tracker, "Variant Inventory Qty": quantity}], one(stock=stock))
            for tracker, quantity, stock in [
                ("shopify", "5", 5),
                ("shopify", "0", 0),
                ("shopify", "-3", 0),
                ("shopify", "", None),
                ("", "5", None),
            ]
        ),
        # What customers could not see is a draft.
        *(
            ([{"Published": published, "Status": status}], {"status": "draft"} | one())
            for published, status in [
                ("false", ""),
                ("FALSE", "active"),
                ("", "draft"),
                ("", "Archived"),
                ("true", "unlisted"),
            ]
        ),
        ([{"Status": "Sold out"}], {"status": "Sold out"} | one()),
        ([{"Variant Grams": "0", "Product Category": "Uncategorized"}], one()),
        # Images are in the order of their positions, each once.
        (
            [
                {"Image Src": "https://a/3", "Image Position": "3"},
                {"Image Src": "https://a/last"},
                {"Image Src": "https://a/1", "Image Position": "1"},
                {"Image Src": "https://a/3", "Image Position": "4"},
            ],
            {"images": ["https://a/1", "https://a/3", "https://a/last"]} | one(),
        ),
        # The option of a product without options is none.
        ([option("Default Title", "Title")], {"variants": [{"price": 9}]}),
        ([option("", "Title")], {"variants": [{"price": 9}]}),
        # The names of options are on the first row, and may be repeated.
        ([option("S"), option("L")], sizes("S", "L")),
        ([option("S"), option("L") | {"Option1 Name": ""}], sizes("S", "L")),
        ([option("S", "Title"), option("L", "Title")], sizes("S", "L", name="Title")),
        ([option("S", Variant_SKU="M"), option("L", Variant_SKU="M")], sizes("S", "L", skus=("M", "M"))),
    ],
)
def test_columns_become_fields(cells: list[dict[str, str]], expected: dict[str, Any]) -> None:
    content = table(OLD, *rows(*cells))
    assert read(content) == in_json(PRODUCT | expected)
    header = ",".join(OTHER_NAMES.get(name, name.removeprefix("Variant ")) for name in OLD.split(","))
    assert read(content.replace(content.splitlines()[0], header, 1)) == in_json(PRODUCT | expected)


def test_a_file_without_the_column_of_the_tracker_has_stock() -> None:
    content = "Handle,Title,Variant Price,Variant Inventory Qty\nmug,Mug,9.50,5\n"
    assert read(content) == in_json(PRODUCT | one(stock=5))


# --- rejected -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([{"Variant Price": ""}], "line 2: Variant Price is empty"),
        ([{"Variant Price": "", "Variant SKU": "M-1"}], "line 2: Variant Price is empty (variant M-1)"),
        (
            [
                option("S", Option2_Name="Colour", Option2_Value="Red"),
                {"Option1 Value": "L", "Option2 Value": "Red"},
            ],
            "line 3: Variant Price is empty (variant L / Red)",
        ),
        *(
            (
                [{"Variant Price": price}],
                f"line 2: Variant Price is '{price}', which is not a number such as 1234.50",
            )
            for price in ("1,234.50", "$9", "--9", "9,50", "1e3", "nan")
        ),
        ([{"Variant Price": "-9"}], "line 2: Variant Price is -9, which is negative"),
        (
            [{"Variant Barcode": "7.12393E+11"}],
            "line 2: Variant Barcode is '7.12393E+11': a spreadsheet has lost its last digits",
        ),
        ([{"Title": ""}], "line 2: Title is empty; the first line of a product must have it"),
        (
            [{"Variant Inventory Tracker": "shopify", "Variant Inventory Qty": "many"}],
            "line 2: Variant Inventory Qty is 'many', which is not a whole number such as 12",
        ),
        ([{"Published": "maybe"}], "line 2: Published is 'maybe', but should be `true` or `false`"),
        ([option("S"), option("L", "Colour")], "line 3: Option1 Name is 'Colour', but 'Size' on line 2"),
        ([option("S", Option2_Value="Blue")], "line 2: Option2 Value is 'Blue', but the option has no name"),
        (
            [option("Default Title", "Title"), option("Default Title", "Title")],
            "two variants have the same option values",
        ),
    ],
)
def test_a_product_is_rejected_alone_with_the_line_and_the_column(
    cells: list[dict[str, str]], expected: str
) -> None:
    own = rows(*cells)
    assert reason(table(OLD, *own)) == expected
    assert len(reasons(table(OLD, *own, FIRST | {"Handle": "jug"}, FIRST | {"Handle": "cup"}))) == 1
