"""CSV files with our own columns."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.sources.base import Refused
from medusa_sync.sources.dialects.cells import present
from medusa_sync.sources.dialects.own import OWN
from medusa_sync.sources.mapping import to_row
from tests.unit.builders import row as source_row
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


def reason(content: str) -> str:
    [refused] = read(content)
    assert isinstance(refused, Refused)
    return refused.reason


def test_a_row_without_variants_is_a_product_with_fields_of_its_own() -> None:
    assert products_of(
        "id,title,price,sku,stock,barcode,weight,tags,images,category,categories,brand,price_eur,"
        "compare_at_price,width,metadata,discount_percentage\n"
        "3,Mug,9.50,M-1,4,0123,350,blue|clay,https://a/1 | https://a/2,cups,Home > Cups|Sale,Potters,8,"
        '12,8.5,"{""oven"": true}",5\n'
    ) == [
        {
            "id": "3",
            "title": "Mug",
            "price": 9.5,
            "prices": {"eur": 8},
            "compareAtPrice": 12,
            "sku": "M-1",
            "stock": 4,
            "meta": {"barcode": "0123"},
            "weight": 350,
            "tags": ["blue", "clay"],
            "images": ["https://a/1", "https://a/2"],
            "category": "cups",
            "categories": [["Home", "Cups"], ["Sale"]],
            "brand": "Potters",
            "dimensions": {"width": 8.5},
            "metadata": {"oven": True},
            "discountPercentage": 5,
        }
    ]


def test_rows_with_the_same_id_are_variants() -> None:
    assert products_of(
        "id,title,price,sku,stock,barcode,weight,variant_id,variant_title,option1_name,option1_value,images\n"
        "3,Mug,9.50,M-S,4,01,300,3-s,Small mug,Size,S,https://a/1\n"
        "3,,12,M-L,0,02,400,3-l,,,L,https://a/2|https://a/1\n"
    ) == [
        {
            "id": "3",
            "title": "Mug",
            "images": ["https://a/1", "https://a/2"],
            "options": ["Size"],
            "variants": [
                {
                    "id": "3-s",
                    "title": "Small mug",
                    "sku": "M-S",
                    "barcode": "01",
                    "price": 9.5,
                    "stock": 4,
                    "weight": 300,
                    "options": {"Size": "S"},
                },
                {
                    "id": "3-l",
                    "sku": "M-L",
                    "barcode": "02",
                    "price": 12,
                    "stock": 0,
                    "weight": 400,
                    "options": {"Size": "L"},
                },
            ],
        }
    ]


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
    [product] = products_of(f"{header}\n1,Mug,9,12,Size,L,1-L\n")
    assert product == {
        "id": "1",
        "title": "Mug",
        "options": ["Size"],
        "variants": [{"id": "1-L", "price": 9, "compareAtPrice": 12, "options": {"Size": "L"}}],
    }


@pytest.mark.parametrize(
    "header", ["image,image", "image1,image2", "images,image_url", "image_1_url,image_2_url"]
)
def test_images_may_be_in_several_columns(header: str) -> None:
    [product] = products_of(f"id,title,price,{header}\n1,Mug,9,https://a/1,https://a/2\n")
    assert product["images"] == ["https://a/1", "https://a/2"]


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
def test_a_product_is_refused_with_the_line_and_the_column(content: str, expected: str) -> None:
    assert reason(content) == expected


def test_prices_in_other_currencies_are_enough() -> None:
    [product] = products_of("id,title,price_usd,price_eur\n1,Mug,9,8\n")
    assert product == {"id": "1", "title": "Mug", "prices": {"usd": 9, "eur": 8}}


def test_a_product_is_the_same_as_in_json() -> None:
    """So a change of the format writes nothing."""
    raw = source_row(7, subtitle="For milk", handle="jug", status="draft")
    meta, dimensions, reviews = raw.pop("meta"), raw.pop("dimensions"), raw.pop("reviews", None)
    flat = {
        **{key: value for key, value in raw.items() if not isinstance(value, list)},
        **dimensions,
        "barcode": meta["barcode"],
        "tags": "|".join(raw["tags"]),
        "images": "|".join(raw["images"]),
    }
    content = Style().write([list(flat), [str(value) for value in flat.values()]])
    [product] = products_of(content)
    wanted = raw | {"meta": {"barcode": meta["barcode"]}, "dimensions": dimensions}
    del reviews
    naming: dict[str, Any] = {"source_name": "shop", "currency": "usd", "sale_prices": True}
    assert to_row(dict(product), **naming) == to_row(wanted, **naming)


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
    *("id", "title", "description", *TEXTS, "categories", "tags", "images 1", "width", "depth", "rating"),
    *("price", "price eur", "price gbp", "compare_at_price", "sku", "barcode", "stock", "weight"),
    *("variant_id", "variant_title"),
    *(f"option_{part} {number}" for number in (1, 2) for part in ("name", "value")),
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
                images=draw(st.lists(words(style, without="|"), max_size=3, unique=True)),
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
        "images 1": "|".join(each.get("images", [])),
        **{key: f"{number:.2f}" for key, number in numbers.items() if number is not None},
    }


def _of_variant(variant: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    numbers = {
        "price": variant["price"],
        "compare_at_price": variant.get("compareAtPrice"),
        "weight": variant.get("weight"),
        **{f"price {currency}": price for currency, price in variant.get("prices", {}).items()},
    }
    return {
        "variant_id": variant["id"],
        "sku": variant.get("sku", ""),
        "barcode": variant.get("barcode", ""),
        "stock": str(variant.get("stock", "")),
        **{key: f"{number:.2f}" for key, number in numbers.items() if number is not None},
        **{f"option_name {number}": name for number, name in enumerate(names, 1)},
        **{f"option_value {number}": variant["options"][name] for number, name in enumerate(names, 1)},
    }


FILES = files(OWN, catalogues, written, COLUMNS)


@given(FILES)
def test_what_a_program_writes_is_what_is_read(file: File) -> None:
    assert_all_is_read(file)


@given(FILES, st.data())
def test_a_file_that_is_cut_off_has_only_whole_products(file: File, data: st.DataObject) -> None:
    assert_whole_products_are_read(file, data.draw(st.integers(0, len(file.content) - 1)))


def test_a_column_is_a_price_in_a_currency_only_if_there_is_such_a_currency() -> None:
    [product] = products_of("id,title,price,price_eur,price_old,price_net\n1,Mug,9.50,8,12,7\n")
    assert product["prices"] == {"eur": 8}
