"""The product CSV of Medusa."""

from typing import Any

import pytest

from medusa_sync.sources.mapping import MappingOptions
from tests.unit.sources.reading import in_json, only, read, reading, reason, table, variant_of

TEMPLATE = (
    "Product Id,Product Handle,Product Title,Product External Id,Product Subtitle,Product Description,"
    "Product Status,Product Thumbnail,Product Weight,Product Length,Product Width,Product Height,"
    "Product HS Code,Product Origin Country,Product MID Code,Product Material,Product Collection Id,"
    "Product Type Id,Product Category 1,Product Tag 1,Product Tag 2,Product Tag 11,Product Image 1 Url,"
    "Product Image 2,Product Metadata,Variant Id,Variant Title,Variant SKU,Variant Barcode,Variant Weight,"
    "Variant Price EUR,Variant Price USD,Variant Option 1 Name,Variant Option 1 Value,"
    "Variant Option 2 Name,Variant Option 2 Value,Variant Price Europe [EUR],Variant Created At"
)
MUG = {"id": "mug", "handle": "mug", "title": "Mug"}


def cells(**values: str) -> dict[str, str]:
    """A row of a mug; `Variant_SKU` is the column `Variant SKU`."""
    usual = {"Product Handle": "mug", "Product Title": "Mug", "Variant Price USD": "9.5"}
    return usual | {name.replace("_", " "): text for name, text in values.items()}


def option(value: str, name: str = "Size", **more: str) -> dict[str, str]:
    return cells(Variant_Option_1_Name=name, Variant_Option_1_Value=value, **more)


def variants(*options: dict[str, str]) -> dict[str, Any]:
    own = [{"prices": {"usd": 9.5}} | ({"options": each} if each else {}) for each in options]
    names = list(dict.fromkeys(name for each in options for name in each))
    return {"variants": own} | ({"options": names} if names else {})


WHOLE = cells(
    Product_Subtitle="For tea",
    Product_Description="Big\nand red",
    Product_Status="Draft",
    Product_Thumbnail="https://a/t",
    Product_Weight="1.5",
    Product_Length="2",
    Product_Width="3",
    Product_Height="4",
    Product_HS_Code="6912",
    Product_Origin_Country="pt",
    Product_MID_Code="M",
    Product_Material="Clay",
    Product_Collection_Id="Summer",
    Product_Type_Id="Cup",
    Product_Category_1="Home > Mugs",
    Product_Tag_1="red",
    Product_Tag_2="new",
    Product_Tag_11="last",
    Product_Image_1_Url="https://a/1",
    Product_Image_2="https://a/2",
    Product_Metadata='{"oven": true}',
    Variant_Id="v-1",
    Variant_Title="One",
    Variant_SKU="M-1",
    Variant_Barcode="0123",
    Variant_Weight="0.5",
    Variant_Price_EUR="8.5",
)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            [WHOLE],
            {
                "subtitle": "For tea",
                "description": "Big\nand red",
                "status": "draft",
                "thumbnail": "https://a/t",
                "weight": 1.5,
                "dimensions": {"depth": 2, "width": 3, "height": 4},
                "hsCode": "6912",
                "originCountry": "pt",
                "midCode": "M",
                "material": "Clay",
                "collection": "Summer",
                "type": "Cup",
                "categories": [["Home", "Mugs"]],
                "tags": ["red", "new", "last"],
                "images": ["https://a/1", "https://a/2"],
                "metadata": {"oven": True},
                "variants": [
                    {
                        "id": "v-1",
                        "title": "One",
                        "sku": "M-1",
                        "barcode": "0123",
                        "weight": 0.5,
                        "prices": {"usd": 9.5, "eur": 8.5},
                    }
                ],
            },
        ),
        # Ids and prices of the store that exported it are ignored.
        (
            [
                cells(
                    Product_Id="prod_01",
                    Product_Collection_Id="pcol_01JX",
                    Product_Type_Id="ptyp_01JX",
                    Product_Category_1="pcat_01JX",
                    Product_Tag_1="blue",
                    Variant_Created_At="2026-01-01T00:00:00.000Z",
                    **{"Variant_Price_Europe_[EUR]": "7"},
                )
            ],
            {"tags": ["blue"]} | variants({}),
        ),
        # The id is the external id, else the handle, else the product's id.
        ([cells(Product_External_Id="x-1", Product_Id="prod_1")], {"id": "x-1"} | variants({})),
        ([cells(Product_Id="prod_1", Product_Handle="")], {"id": "prod_1", "handle": None} | variants({})),
        # Rows that lack only the external id belong to the product before them.
        (
            [option("S", Product_External_Id="x-1"), option("M"), option("L")],
            {"id": "x-1"} | variants(*({"Size": each} for each in "SML")),
        ),
        # The numbers of options may differ from row to row.
        (
            [
                option("L", Variant_Option_2_Name="Colour", Variant_Option_2_Value="Red"),
                option("Blue", "Colour", Variant_Option_2_Name="Size", Variant_Option_2_Value="L"),
            ],
            variants({"Size": "L", "Colour": "Red"}, {"Colour": "Blue", "Size": "L"}),
        ),
        # The default option is none, unless there are other values.
        ([option("Default option value", "Default option")], variants({})),
        ([option("Default", "Default")], variants({})),
        (
            [option("Default option value", "Default option"), option("Large", "Default option")],
            variants({"Default option": "Default option value"}, {"Default option": "Large"}),
        ),
    ],
)
def test_columns_become_fields(rows: list[dict[str, str]], expected: dict[str, Any]) -> None:
    assert read(table(TEMPLATE, *rows)) == in_json(MUG | expected)


@pytest.mark.parametrize(
    ("second", "source_id"), [(cells(Product_Handle="jug"), "jug"), (cells(Product_External_Id="x-2"), "x-2")]
)
def test_another_handle_or_external_id_is_another_product(second: dict[str, str], source_id: str) -> None:
    assert reading(table(TEMPLATE, cells(Product_External_Id="x-1"), second)).ids == ["x-1", source_id]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"Variant_SKU": "7.12393E+11"}, "line 2: Variant SKU is '7.12393E+11': a spreadsheet has lost "),
        ({"Variant_Id": "7.12393E+11"}, "line 2: Variant Id is '7.12393E+11': a spreadsheet has lost "),
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
        ({"Product_Handle": ""}, "it belongs to no product: it has no id"),
        ({"Product_Metadata": "oven"}, "line 2: Product Metadata is 'oven', which is not a JSON object"),
    ],
)
def test_a_product_is_rejected_with_the_line_and_the_column(values: dict[str, str], expected: str) -> None:
    assert reason(table(TEMPLATE, cells(**values))).startswith(expected)


def test_the_price_is_that_in_the_currency_of_the_run() -> None:
    content = table(TEMPLATE, cells(Variant_Price_EUR="8.5"))
    for currency, price in (("eur", 8.5), ("usd", 9.5)):
        found = only(content, mapping=MappingOptions("shop", currency))
        assert variant_of(found)["price"] == price
    rejected = reason(content, mapping=MappingOptions("shop", "gbp"))
    assert rejected == "prices: none in gbp, only in eur and usd"


def test_an_export_of_medusa_1_is_no_known_format_because_its_prices_are_in_cents() -> None:
    found = reading("Product Handle,Product Title,Price USD\nmug,Mug,950\n")
    assert "Medusa: Variant Price {currency}" in found.error
