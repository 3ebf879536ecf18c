"""The product CSV of Medusa."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.base import Refused, Rejected
from medusa_sync.sources.dialects.cells import present
from medusa_sync.sources.dialects.medusa import MEDUSA
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
    read_until_error,
    texts,
    words,
)

TEMPLATE = (
    "Product Id,Product Handle,Product Title,Product Subtitle,Product Description,Product Status,"
    "Product Thumbnail,Product Weight,Product Length,Product Width,Product Height,Product HS Code,"
    "Product Origin Country,Product MID Code,Product Material,Shipping Profile Id,"
    "Product Sales Channel 1,Product Collection Id,Product Type Id,Product Tag 1,Product Discountable,"
    "Product External Id,Variant Id,Variant Title,Variant SKU,Variant Barcode,Variant Allow Backorder,"
    "Variant Manage Inventory,Variant Weight,Variant Length,Variant Width,Variant Height,Variant HS Code,"
    "Variant Origin Country,Variant MID Code,Variant Material,Variant Price EUR,Variant Price USD,"
    "Variant Option 1 Name,Variant Option 1 Value,Product Image 1 Url,Product Image 2 Url"
)
EXPORT = (
    "Product Id,Product Handle,Product Title,Product Subtitle,Product Description,Product Status,"
    "Product Thumbnail,Product Weight,Product Length,Product Width,Product Height,Product Collection Id,"
    "Product Type Id,Product Discountable,Product External Id,Product Category 1,Product Created At,"
    "Product Deleted At,Product Hs Code,Product Image 1,Product Image 10,Product Image 2,"
    "Product Is Giftcard,Product Material,Product Mid Code,Product Origin Country,"
    "Product Sales Channel 1,Product Tag 1,Product Tag 2,Product Updated At,Variant Id,Variant Title,"
    "Variant Sku,Variant Upc,Variant Ean,Variant Hs Code,Variant Mid Code,Variant Manage Inventory,"
    "Variant Allow Backorder,Variant Barcode,Variant Created At,Variant Deleted At,Variant Height,"
    "Variant Length,Variant Material,Variant Metadata,Variant Option 1 Id,Variant Option 1 Name,"
    "Variant Option 1 Value,Variant Option 2 Id,Variant Option 2 Name,Variant Option 2 Value,"
    "Variant Origin Country,Variant Price Europe [EUR],Variant Price EUR,Variant Price USD,"
    "Variant Product Id,Variant Updated At,Variant Variant Rank,Variant Weight,Variant Width"
)


def file(*rows: Mapping[str, str], header: str = TEMPLATE) -> str:
    names = header.split(",")
    lines = [",".join(f'"{row.get(name, "")}"' for name in names) for row in rows]
    return "\n".join([header, *lines, ""])


def row(**cells: str) -> dict[str, str]:
    """A row of a mug; `Variant_SKU` is the column `Variant SKU`."""
    usual = {"Product Handle": "mug", "Product Title": "Mug", "Variant Price USD": "9.5"}
    return usual | {name.replace("_", " "): text for name, text in cells.items()}


def only(*rows: Mapping[str, str], header: str = TEMPLATE) -> Mapping[str, Any]:
    [mug] = products_of(file(*rows, header=header))
    return mug


def reason(*rows: Mapping[str, str]) -> str:
    [refused] = read(file(*rows))
    assert isinstance(refused, Refused)
    return refused.reason


def test_the_template_of_the_import() -> None:
    cells = {
        "Product_Subtitle": "For tea",
        "Product_Description": "Holds half a litre.",
        "Product_Status": "published",
        "Product_Thumbnail": "https://cdn.example/t.png",
        "Product_Weight": "400",
        "Product_Length": "9",
        "Product_Width": "8.5",
        "Product_Height": "10",
        "Product_HS_Code": "6912",
        "Product_Origin_Country": "pt",
        "Product_MID_Code": "PT1",
        "Product_Material": "Clay",
        "Shipping_Profile_Id": "sp_1",
        "Product_Sales_Channel_1": "sc_1",
        "Product_Collection_Id": "Spring",
        "Product_Type_Id": "Cups",
        "Product_Tag_1": "blue",
        "Product_Discountable": "TRUE",
        "Variant_Title": "Large",
        "Variant_SKU": "M-L",
        "Variant_Barcode": "0123",
        "Variant_Manage_Inventory": "TRUE",
        "Variant_Weight": "410",
        "Variant_Price_EUR": "8.5",
        "Variant_Option_1_Name": "Size",
        "Variant_Option_1_Value": "L",
        "Product_Image_1_Url": "https://cdn.example/1.png",
    }
    assert only(row(**cells)) == {
        "id": "mug",
        "handle": "mug",
        "title": "Mug",
        "subtitle": "For tea",
        "description": "Holds half a litre.",
        "status": "published",
        "thumbnail": "https://cdn.example/t.png",
        "weight": 400,
        "dimensions": {"depth": 9, "width": 8.5, "height": 10},
        "hsCode": "6912",
        "originCountry": "pt",
        "midCode": "PT1",
        "material": "Clay",
        "collection": "Spring",
        "type": "Cups",
        "tags": ["blue"],
        "images": ["https://cdn.example/1.png"],
        "options": ["Size"],
        "variants": [
            {
                "title": "Large",
                "sku": "M-L",
                "barcode": "0123",
                "weight": 410,
                "prices": {"eur": 8.5, "usd": 9.5},
                "options": {"Size": "L"},
            }
        ],
    }


def test_an_export() -> None:
    cells = {
        "Product_Id": "prod_01",
        "Product_Collection_Id": "pcol_01JX",
        "Product_Type_Id": "ptyp_01JX",
        "Product_Category_1": "pcat_01JX",
        "Product_Tag_1": "blue",
        "Product_Tag_2": "clay",
        "Product_Image_1": "https://cdn.example/1.png",
        "Product_Image_10": "https://cdn.example/10.png",
        "Product_Image_2": "https://cdn.example/2.png",
        "Product_Created_At": "2026-01-01T00:00:00.000Z",
        "Variant_Id": "variant_01",
        "Variant_Sku": "M-L",
        "Variant_Option_1_Id": "opt_01",
        "Variant_Option_1_Name": "Size",
        "Variant_Option_1_Value": "L",
        "Variant_Price_Europe_[EUR]": "7",
        "Variant_Created_At": "2026-01-01T00:00:00.000Z",
    }
    assert only(row(**cells), header=EXPORT) == {
        "id": "mug",
        "handle": "mug",
        "title": "Mug",
        "tags": ["blue", "clay"],
        "images": [f"https://cdn.example/{number}.png" for number in (1, 2, 10)],
        "options": ["Size"],
        "variants": [
            {"id": "variant_01", "sku": "M-L", "prices": {"usd": 9.5}, "options": {"Size": "L"}},
        ],
    }


@pytest.mark.parametrize(
    ("cells", "source_id"),
    [
        ({"Product_External_Id": "x-1", "Product_Id": "prod_1"}, "x-1"),
        ({"Product_Id": "prod_1"}, "mug"),
        ({"Product_Id": "prod_1", "Product_Handle": ""}, "prod_1"),
    ],
)
def test_the_id_is_the_external_id_else_the_handle_else_the_product_id(
    cells: dict[str, str], source_id: str
) -> None:
    assert only(row(**cells))["id"] == source_id


def test_rows_that_lack_only_the_external_id_belong_to_the_product_before_them() -> None:
    option = {"Variant_Option_1_Name": "Size"}
    small = row(Product_External_Id="x-1", Variant_Option_1_Value="S", **option)
    mug = only(small, row(Variant_Option_1_Value="M", **option), row(Variant_Option_1_Value="L", **option))
    assert (mug["id"], len(mug["variants"])) == ("x-1", 3)
    other = row(Product_Handle="jug")
    assert [each["id"] for each in products_of(file(small, other))] == ["x-1", "jug"]


def test_a_row_without_any_id_belongs_to_no_product() -> None:
    [refused] = read(file(row(Product_Handle="")))
    assert refused == Refused(None, "line 2", "it belongs to no product: it has no id")


def test_the_numbers_of_options_may_differ_from_row_to_row() -> None:
    first = {"Variant Option 1 Name": "Size", "Variant Option 1 Value": "L"}
    first |= {"Variant Option 2 Name": "Colour", "Variant Option 2 Value": "Red"}
    second = {"Variant Option 1 Name": "Colour", "Variant Option 1 Value": "Blue"}
    second |= {"Variant Option 2 Name": "Size", "Variant Option 2 Value": "L"}
    mug = only(row(**first), row(**second), header=EXPORT)
    assert mug["options"] == ["Size", "Colour"]
    assert [each["options"] for each in mug["variants"]] == [
        {"Size": "L", "Colour": "Red"},
        {"Size": "L", "Colour": "Blue"},
    ]


@pytest.mark.parametrize(
    ("name", "value"), [("Default option", "Default option value"), ("Default", "Default"), ("", "")]
)
def test_the_default_option_is_none(name: str, value: str) -> None:
    mug = only(row(Variant_Option_1_Name=name, Variant_Option_1_Value=value))
    assert "options" not in mug
    assert "options" not in mug["variants"][0]


def test_the_default_value_beside_others_is_a_value() -> None:
    option = {"Variant Option 1 Name": "Default option"}
    first = row(**option, Variant_Option_1_Value="Default option value")
    mug = only(first, row(**option, Variant_Option_1_Value="Large"))
    assert mug["options"] == ["Default option"]
    assert mug["variants"][0]["options"] == {"Default option": "Default option value"}


def test_a_category_may_be_a_path_of_names() -> None:
    header = f"{TEMPLATE},Product Category 1"
    assert only(row(Product_Category_1="Home > Cups"), header=header)["categories"] == [["Home", "Cups"]]


def test_metadata_is_a_json_object() -> None:
    table = [["Product Handle", "Product Title", "Product Metadata", "Variant Price USD"]]
    good = Style().write([*table, ["mug", "Mug", '{"oven": true}', "9"]])
    assert products_of(good)[0]["metadata"] == {"oven": True}
    [refused] = read(Style().write([*table, ["mug", "Mug", "oven", "9"]]))
    assert isinstance(refused, Refused)
    assert refused.reason == "line 2: Product Metadata is 'oven', which is not a JSON object"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            {"Variant_SKU": "7.12393E+11"},
            "line 2: Variant SKU is '7.12393E+11': a spreadsheet has lost its last digits",
        ),
        (
            {"Variant_Id": "7.12393E+11"},
            "line 2: Variant Id is '7.12393E+11': a spreadsheet has lost its last digits",
        ),
        ({"Product_Title": ""}, "line 2: Product Title is empty; the first line of a product must have it"),
        ({"Variant_Price_USD": "", "Variant_SKU": "M-1"}, "line 2: price is empty (variant M-1)"),
        (
            {"Variant_Price_EUR": "1.234,50"},
            "line 2: Variant Price EUR is '1.234,50', which is not a number such as 1234.50",
        ),
        (
            {"Variant_Option_1_Value": "L"},
            "line 2: Variant Option 1 Value is 'L', but the option has no name",
        ),
    ],
)
def test_a_product_is_refused_with_the_line_and_the_column(cells: dict[str, str], expected: str) -> None:
    assert reason(row(**cells)) == expected


def test_the_price_is_that_in_the_currency_of_the_run() -> None:
    raw = dict(only(row(Variant_Price_EUR="8.5")))
    for currency, price in (("eur", 8.5), ("usd", 9.5)):
        desired = to_row(raw, source_name="shop", currency=currency)
        assert isinstance(desired, DesiredProduct)
        assert desired.variants[0].fields["price"] == price


def test_a_product_without_a_price_in_the_currency_of_the_run_is_rejected_with_those_it_has() -> None:
    rejected = to_row(dict(only(row(Variant_Price_EUR="8.5"))), source_name="shop", currency="gbp")
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "prices: none in gbp, only in eur and usd"


def test_an_export_of_medusa_1_is_no_known_format_because_its_prices_are_in_cents() -> None:
    _, message = read_until_error("Product Handle,Product Title,Price USD\nmug,Mug,950\n")
    assert "Medusa: Variant Price {currency}" in message


# --- round trip -----------------------------------------------------------------------------------------

AMOUNTS = st.integers(0, 10**8).map(lambda cents: cents / 100)
TEXTS = {
    "subtitle": "subtitle",
    "status": "status",
    "thumbnail": "thumbnail",
    "hs_code": "hsCode",
    "origin_country": "originCountry",
    "mid_code": "midCode",
    "material": "material",
    "collection": "collection",
    "type": "type",
    "description": "description",
}
COLUMNS = [
    *("external_id", "handle", "id", "title", *TEXTS, "weight", "length", "width", "height"),
    *("variant_id", "variant_title", "sku", "barcode", "variant_weight", "price eur", "price usd"),
    *(f"option_{part} {number}" for number in (1, 2) for part in ("name", "value")),
    *(f"{key} {number}" for key in ("image", "tag") for number in (1, 2, 11)),
    "category 1",
]


@st.composite
def catalogues(draw: st.DrawFn, style: Style) -> list[dict[str, Any]]:
    catalogue = []
    for external_id in draw(st.lists(words(style), min_size=1, max_size=4, unique=True)):
        names = draw(st.lists(words(style), max_size=2, unique=True))
        values = st.tuples(*(words(style) for _ in names))
        chosen = draw(st.lists(values, min_size=1, max_size=3, unique=True)) if names else [()]
        path = st.lists(words(style, without=">"), min_size=1, max_size=3)
        catalogue.append(
            present(
                id=external_id,
                handle=draw(perhaps(words(style))),
                title=draw(words(style)),
                **{
                    field: draw(perhaps(texts(style) if key == "description" else words(style)))
                    for key, field in TEXTS.items()
                    if key != "status"
                },
                status=draw(st.sampled_from([None, "draft", "published"])),
                weight=draw(perhaps(AMOUNTS)),
                dimensions=present(
                    depth=draw(perhaps(AMOUNTS)),
                    width=draw(perhaps(AMOUNTS)),
                    height=draw(perhaps(AMOUNTS)),
                ),
                tags=draw(st.lists(words(style), max_size=3, unique=True)),
                images=draw(st.lists(words(style), max_size=3, unique=True)),
                categories=draw(st.lists(path, max_size=1)),
                options=names,
                variants=[
                    present(
                        id=draw(perhaps(words(style))),
                        title=draw(perhaps(words(style))),
                        sku=draw(perhaps(words(style))),
                        barcode=draw(perhaps(words(style))),
                        weight=draw(perhaps(AMOUNTS)),
                        prices=draw(st.dictionaries(st.sampled_from(["eur", "usd"]), AMOUNTS, min_size=1)),
                        options=dict(zip(names, each, strict=True)),
                    )
                    for each in chosen
                ],
            )
        )
    return catalogue


def written(catalogue: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [
        _of_product(each) | _of_variant(variant, each.get("options", []))
        for each in catalogue
        for variant in each["variants"]
    ]


def _of_product(each: Mapping[str, Any]) -> dict[str, str]:
    dimensions = each.get("dimensions", {})
    numbers = {"weight": each.get("weight"), "length": dimensions.get("depth")}
    numbers |= {key: dimensions.get(key) for key in ("width", "height")}
    series = {"image": each.get("images", []), "tag": each.get("tags", [])}
    return {
        "external_id": each["id"],
        "handle": each.get("handle", ""),
        "title": each["title"],
        "category 1": " > ".join(each.get("categories", [[]])[0]),
        **{key: each.get(field, "") for key, field in TEXTS.items()},
        **{key: f"{number:.2f}" for key, number in numbers.items() if number is not None},
        **{
            f"{key} {number}": value
            for key, values in series.items()
            for number, value in zip((1, 2, 11), values, strict=False)
        },
    }


def _of_variant(variant: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    weight = variant.get("weight")
    keys = {"variant_id": "id", "variant_title": "title", "sku": "sku", "barcode": "barcode"}
    return {
        **{key: variant.get(field, "") for key, field in keys.items()},
        "variant_weight": "" if weight is None else f"{weight:.2f}",
        **{f"price {currency}": f"{price:.2f}" for currency, price in variant["prices"].items()},
        **{f"option_name {number}": name for number, name in enumerate(names, 1)},
        **{f"option_value {number}": variant["options"][name] for number, name in enumerate(names, 1)},
    }


FILES = files(MEDUSA, catalogues, written, COLUMNS)


@given(FILES)
def test_what_an_export_has_is_what_is_read(example: File) -> None:
    assert_all_is_read(example)


@given(FILES, st.data())
def test_a_file_that_is_cut_off_has_only_whole_products(example: File, data: st.DataObject) -> None:
    assert_whole_products_are_read(example, data.draw(st.integers(0, len(example.content) - 1)))
