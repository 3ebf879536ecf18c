"""CSV files with our own columns."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.sources.dialects.cells import present
from medusa_sync.sources.dialects.own import OWN
from tests.unit.builders import row as source_row
from tests.unit.sources.reading import in_json, only, read, reason
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


@pytest.mark.parametrize(
    "header",
    [
        "id,title,price,compare_at_price,option1_name,option1_value,variant_id",
        "id,title,price,compareAtPrice,option1Name,option1Value,variantId",
        "ID,Title,Price,Compare At Price,Option1 Name,Option1 Value,Variant ID",
        " Id , TITLE,price,compare-at-price,option_1_name,option_1_value,variant id",
        "product_id,name,price,compare_at_price,Option 1 Name,Option 1 Value,variant_id",
    ],
)
def test_names_of_columns_are_those_that_people_would_guess(header: str) -> None:
    variant = {"id": "1-L", "price": 9, "compareAtPrice": 12, "options": {"Size": "L"}}
    expected = in_json({"id": "1", "title": "Mug", "options": ["Size"], "variants": [variant]})
    assert read(f"{header}\n1,Mug,9,12,Size,L,1-L\n") == expected


@pytest.mark.parametrize(
    "header", ["image,image", "image1,image2", "images,image_url", "image_1_url,image_2_url"]
)
def test_images_may_be_in_several_columns_and_rows(header: str) -> None:
    content = f"id,title,price,variant_id,{header}\n1,Mug,9,S,https://a/1,https://a/2\n1,,9,L,https://a/3|x,https://a/1\n"
    assert reason(content).endswith("have the same option values")
    content = f"id,title,price,{header}\n1,Mug,9,https://a/1,https://a/2 | https://a/1\n"
    assert only(content).fields["images"] == ("https://a/1", "https://a/2")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("id,title,price\n1,Mug,\n", "line 2: price is empty"),
        ("id,title,price\n1,,9\n", "line 2: title is empty; the first line of a product must have it"),
        ("id,title,price\n1,Mug,'9\n", 'line 2: price is "\'9", which is not a number such as 1234.50'),
        (
            "id,title,price,barcode\n1,Mug,9,7E+11\n",
            "line 2: barcode is '7E+11': a spreadsheet has lost its last digits",
        ),
        ("id,title,price,stock\n1,Mug,9,-1\n", "line 2: stock is -1, which is negative"),
        (
            "id,title,price,stock\n1,Mug,9,1.5\n",
            "line 2: stock is '1.5', which is not a whole number such as 12",
        ),
        (
            "id,title,price\n1,Mug,9\n1,Mug,8\n",
            "line 3: id is that of the row before it, but there is no variant_id and no option",
        ),
    ],
)
def test_a_product_is_rejected_with_the_line_and_the_column(content: str, expected: str) -> None:
    assert reason(content) == expected


def test_a_column_is_a_price_in_a_currency_only_if_there_is_such_a_currency() -> None:
    expected = in_json({"id": "1", "title": "Mug", "prices": {"usd": 9, "eur": 8}})
    assert read("id,title,price_usd,price_eur,price_old,price_net\n1,Mug,9,8,12,7\n") == expected


def test_a_product_is_the_same_as_in_json() -> None:
    """So a change of the format writes nothing."""
    raw = source_row(7, subtitle="For milk", handle="jug", status="draft", metadata={"oven": True})
    meta, dimensions, _ = raw.pop("meta"), raw.pop("dimensions"), raw.pop("reviews", None)
    flat = {
        **{key: value for key, value in raw.items() if not isinstance(value, list | dict)},
        **dimensions,
        "barcode": meta["barcode"],
        "tags": "|".join(raw["tags"]),
        "images": "|".join(raw["images"]),
        "metadata": '{"oven": true}',
    }
    content = Style().write([list(flat), [str(value) for value in flat.values()]])
    assert read(content) == in_json(raw | {"meta": {"barcode": meta["barcode"]}, "dimensions": dimensions})


# --- round trip -----------------------------------------------------------------------------------------

AMOUNTS = st.integers(0, 10**8).map(lambda cents: cents / 100)
TEXTS = {
    "handle": "handle",
    "subtitle": "subtitle",
    "brand": "brand",
    "type": "type",
    "collection": "collection",
    "category": "category",
    "thumbnail": "thumbnail",
    "hs_code": "hsCode",
    "return_policy": "returnPolicy",
}
COLUMNS = [
    *("id", "title", "description", *TEXTS, "categories", "tags", "images#1", "width", "depth", "rating"),
    *("price", "price#eur", "price#gbp", "compare_at_price", "sku", "barcode", "stock", "weight"),
    *("variant_id", "variant_title"),
    *(f"option{{n}}_{part}#{number}" for number in (1, 2) for part in ("name", "value")),
]


@st.composite
def goods(draw: st.DrawFn, style: Style) -> dict[str, Any]:
    return present(
        price=draw(AMOUNTS),
        prices=draw(st.dictionaries(st.sampled_from(["eur", "gbp"]), AMOUNTS)),
        compareAtPrice=draw(perhaps(AMOUNTS)),
        sku=draw(perhaps(words(style))),
        stock=draw(perhaps(st.integers(0, 10**6))),
        weight=draw(perhaps(AMOUNTS)),
    )


@st.composite
def variants(draw: st.DrawFn, style: Style) -> dict[str, Any]:
    names = draw(st.lists(words(style), max_size=2, unique=True))
    values = st.tuples(*(words(style) for _ in names))
    chosen = draw(st.lists(values, min_size=1, max_size=3, unique=True)) if names else [()]
    return {
        "options": names,
        "variants": [
            {
                **draw(goods(style)),
                **present(
                    id=draw(words(style)),
                    title=draw(perhaps(words(style))),
                    barcode=draw(perhaps(words(style))),
                    options=dict(zip(names, each, strict=True)),
                ),
            }
            for each in chosen
        ],
    }


@st.composite
def catalogues(draw: st.DrawFn, style: Style) -> list[dict[str, Any]]:
    catalogue = []
    for source_id in draw(st.lists(words(style), min_size=1, max_size=4, unique=True)):
        if draw(st.booleans()):
            own = draw(variants(style))
        else:
            barcode = draw(perhaps(words(style)))
            own = draw(goods(style)) | present(meta=present(barcode=barcode))
        path = st.lists(words(style, without=">|"), min_size=1, max_size=3)
        catalogue.append(
            present(
                id=source_id,
                title=draw(words(style)),
                description=draw(perhaps(texts(style))),
                **{field: draw(perhaps(words(style))) for field in TEXTS.values()},
                categories=draw(st.lists(path, max_size=2, unique_by=" > ".join)),
                tags=draw(st.lists(words(style, without="|"), max_size=3, unique=True)),
                images=draw(st.lists(URLS, max_size=3, unique=True)),
                dimensions=present(width=draw(perhaps(AMOUNTS)), depth=draw(perhaps(AMOUNTS))),
                rating=draw(perhaps(AMOUNTS)),
                **own,
            )
        )
    return catalogue


def written(catalogue: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    rows = []
    for each in catalogue:
        own = each.get("variants") or [
            dict(each) | {"barcode": each.get("meta", {}).get("barcode", ""), "id": ""}
        ]
        for index, variant in enumerate(own):
            cells = {"id": each["id"]} | _of_variant(variant, each.get("options", []))
            if variant.get("title") and "variants" in each:
                cells["variant_title"] = variant["title"]
            rows.append(cells if index else _of_product(each) | cells)
    return rows


def _of_product(each: Mapping[str, Any]) -> dict[str, str]:
    numbers = {**each.get("dimensions", {}), "rating": each.get("rating")}
    return {
        "title": each["title"],
        "description": each.get("description", ""),
        **{key: each.get(field, "") for key, field in TEXTS.items()},
        "categories": " | ".join(" > ".join(path) for path in each.get("categories", [])),
        "tags": "|".join(each.get("tags", [])),
        "images#1": "|".join(each.get("images", [])),
        **{key: f"{number:.2f}" for key, number in numbers.items() if number is not None},
    }


def _of_variant(variant: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    numbers = {
        "price": variant["price"],
        "compare_at_price": variant.get("compareAtPrice"),
        "weight": variant.get("weight"),
        **{f"price#{currency}": price for currency, price in variant.get("prices", {}).items()},
    }
    return {
        "variant_id": variant["id"],
        "sku": variant.get("sku", ""),
        "barcode": variant.get("barcode", ""),
        "stock": str(variant.get("stock", "")),
        **{key: f"{number:.2f}" for key, number in numbers.items() if number is not None},
        **{f"option{{n}}_name#{number}": name for number, name in enumerate(names, 1)},
        **{f"option{{n}}_value#{number}": variant["options"][name] for number, name in enumerate(names, 1)},
    }


FILES = files(OWN, catalogues, written, COLUMNS)


@given(FILES)
def test_what_a_program_writes_is_what_is_read(file: File) -> None:
    assert_all_is_read(file)


@given(FILES, st.data())
def test_a_file_that_is_cut_off_has_only_whole_products(file: File, data: st.DataObject) -> None:
    assert_whole_products_are_read(file, data.draw(st.integers(0, len(file.content) - 1)))
