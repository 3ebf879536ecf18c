"""The product CSV of Medusa."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.dialects.cells import present
from medusa_sync.sources.dialects.medusa import MEDUSA
from medusa_sync.sources.mapping import MappingOptions
from tests.unit.sources.reading import Fields, in_json, only, reading, reason, table, variant_of
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

TEMPLATE = (
    "Product Id,Product Handle,Product Title,Product External Id,Variant Id,Variant SKU,Variant Price EUR,"
    "Variant Price USD,Variant Option 1 Name,Variant Option 1 Value,Variant Option 2 Name,"
    "Variant Option 2 Value,Product Category 1,Product Collection Id,Product Type Id,Product Tag 1,"
    "Variant Price Europe [EUR],Variant Created At"
)


def cells(**values: str) -> dict[str, str]:
    """A row of a mug; `Variant_SKU` is the column `Variant SKU`."""
    usual = {"Product Handle": "mug", "Product Title": "Mug", "Variant Price USD": "9.5"}
    return usual | {name.replace("_", " "): text for name, text in values.items()}


def mug(*rows: Fields) -> DesiredProduct:
    return only(table(TEMPLATE, *rows))


def test_ids_and_prices_of_the_store_that_exported_it_are_ignored() -> None:
    values = {
        "Product_Id": "prod_01",
        "Product_Collection_Id": "pcol_01JX",
        "Product_Type_Id": "ptyp_01JX",
        "Product_Category_1": "pcat_01JX",
        "Product_Tag_1": "blue",
        "Variant_Price_Europe_[EUR]": "7",
        "Variant_Created_At": "2026-01-01T00:00:00.000Z",
    }
    expected = {"id": "mug", "handle": "mug", "title": "Mug", "tags": ["blue"]}
    assert [mug(cells(**values))] == in_json(expected | {"variants": [{"prices": {"usd": 9.5}}]})


@pytest.mark.parametrize(
    ("values", "source_id"),
    [
        ({"Product_External_Id": "x-1", "Product_Id": "prod_1"}, "x-1"),
        ({"Product_Id": "prod_1"}, "mug"),
        ({"Product_Id": "prod_1", "Product_Handle": ""}, "prod_1"),
    ],
)
def test_the_id_is_the_external_id_else_the_handle_else_the_product_id(
    values: dict[str, str], source_id: str
) -> None:
    assert mug(cells(**values)).source_id == source_id


def test_rows_that_lack_only_the_external_id_belong_to_the_product_before_them() -> None:
    option = {"Variant_Option_1_Name": "Size"}
    small = cells(Product_External_Id="x-1", Variant_Option_1_Value="S", **option)
    more = [cells(Variant_Option_1_Value=value, **option) for value in "ML"]
    found = mug(small, *more)
    assert (found.source_id, len(found.variants)) == ("x-1", 3)
    other = cells(Product_Handle="jug")
    assert reading(table(TEMPLATE, small, other)).ids == ["x-1", "jug"]


def test_the_numbers_of_options_may_differ_from_row_to_row() -> None:
    first = {"Variant Option 1 Name": "Size", "Variant Option 1 Value": "L"}
    first |= {"Variant Option 2 Name": "Colour", "Variant Option 2 Value": "Red"}
    second = {"Variant Option 1 Name": "Colour", "Variant Option 1 Value": "Blue"}
    second |= {"Variant Option 2 Name": "Size", "Variant Option 2 Value": "L"}
    found = mug(cells(**first), cells(**second))
    assert found.options == ("Size", "Colour")
    assert [each.fields["title"] for each in found.variants] == ["L / Red", "L / Blue"]


@pytest.mark.parametrize(
    ("name", "value"), [("Default option", "Default option value"), ("Default", "Default"), ("", "")]
)
def test_the_default_option_is_none(name: str, value: str) -> None:
    assert mug(cells(Variant_Option_1_Name=name, Variant_Option_1_Value=value)).options == ()


def test_the_default_value_beside_others_is_a_value() -> None:
    option = {"Variant Option 1 Name": "Default option"}
    first = cells(**option, Variant_Option_1_Value="Default option value")
    assert mug(first, cells(**option, Variant_Option_1_Value="Large")).options == ("Default option",)


def test_metadata_is_a_json_object() -> None:
    header = ["Product Handle", "Product Title", "Product Metadata", "Variant Price USD"]
    good = Style().write([header, ["mug", "Mug", '{"oven": true}', "9"]])
    assert only(good).fields["metadata.oven"] is True
    bad = Style().write([header, ["mug", "Mug", "oven", "9"]])
    assert reason(bad) == "line 2: Product Metadata is 'oven', which is not a JSON object"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        *(
            (
                {key: "7.12393E+11"},
                f"line 2: {key.replace('_', ' ')} is '7.12393E+11': a spreadsheet has lost ",
            )
            for key in ("Variant_SKU", "Variant_Id")
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
        ({"Product_Handle": ""}, "it belongs to no product: it has no id"),
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


# --- round trip -----------------------------------------------------------------------------------------

AMOUNTS = st.integers(0, 10**8).map(lambda cents: cents / 100)
TEXTS = {
    "Product Subtitle": "subtitle",
    "Product Status": "status",
    "Product Thumbnail": "thumbnail",
    "Product HS Code": "hsCode",
    "Product Origin Country": "originCountry",
    "Product MID Code": "midCode",
    "Product Material": "material",
    "Product Collection Id": "collection",
    "Product Type Id": "type",
    "Product Description": "description",
}
COLUMNS = [
    *("Product External Id", "Product Handle", "Product Id", "Product Title", *TEXTS, "Product Weight"),
    *("Product Length", "Product Width", "Product Height", "Variant Id", "Variant Title", "Variant SKU"),
    *("Variant Barcode", "Variant Weight", "Variant Price {currency}#eur", "Variant Price {currency}#usd"),
    *(f"Variant Option {{n}} {part}#{number}" for number in (1, 2) for part in ("Name", "Value")),
    *(f"Product {key}#{number}" for key in ("Image {n} Url", "Tag {n}") for number in (1, 2, 11)),
    "Product Category {n}#1",
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
                    field: draw(perhaps(texts(style) if field == "description" else words(style)))
                    for field in TEXTS.values()
                    if field != "status"
                },
                status=draw(st.sampled_from([None, "draft", "published"])),
                weight=draw(perhaps(AMOUNTS)),
                dimensions=present(
                    depth=draw(perhaps(AMOUNTS)),
                    width=draw(perhaps(AMOUNTS)),
                    height=draw(perhaps(AMOUNTS)),
                ),
                tags=draw(st.lists(words(style), max_size=3, unique=True)),
                images=draw(st.lists(URLS, max_size=3, unique=True)),
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
    numbers = {"Product Weight": each.get("weight"), "Product Length": dimensions.get("depth")}
    numbers |= {f"Product {key.title()}": dimensions.get(key) for key in ("width", "height")}
    series = {"Product Image {n} Url": each.get("images", []), "Product Tag {n}": each.get("tags", [])}
    return {
        "Product External Id": each["id"],
        "Product Handle": each.get("handle", ""),
        "Product Title": each["title"],
        "Product Category {n}#1": " > ".join(each.get("categories", [[]])[0]),
        **{key: each.get(field, "") for key, field in TEXTS.items()},
        **{key: f"{number:.2f}" for key, number in numbers.items() if number is not None},
        **{
            f"{key}#{number}": value
            for key, values in series.items()
            for number, value in zip((1, 2, 11), values, strict=False)
        },
    }


def _of_variant(variant: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    weight, options = variant.get("weight"), variant.get("options", {})
    keys = {"Variant Id": "id", "Variant Title": "title", "Variant SKU": "sku", "Variant Barcode": "barcode"}
    prices = variant["prices"].items()
    return {
        **{key: variant.get(field, "") for key, field in keys.items()},
        "Variant Weight": "" if weight is None else f"{weight:.2f}",
        **{f"Variant Price {{currency}}#{currency}": f"{price:.2f}" for currency, price in prices},
        **{f"Variant Option {{n}} Name#{number}": name for number, name in enumerate(names, 1)},
        **{f"Variant Option {{n}} Value#{number}": options[name] for number, name in enumerate(names, 1)},
    }


FILES = files(MEDUSA, catalogues, written, COLUMNS)


@given(FILES)
def test_what_an_export_has_is_what_is_read(example: File) -> None:
    assert_all_is_read(example)


@given(FILES, st.data())
def test_a_file_that_is_cut_off_has_only_whole_products(example: File, data: st.DataObject) -> None:
    assert_whole_products_are_read(example, data.draw(st.integers(0, len(example.content) - 1)))
