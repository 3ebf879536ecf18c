"""CSV files with our own columns, however programs write them."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.builders import row as source_row
from tests.unit.sources.reading import CUT_OFF, in_json, only, read, reading, reason, table

# --- columns --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        "id,title,price,compare_at_price,option1_name,option1_value,variant_id",
        "id,title,price,compareAtPrice,option1Name,option1Value,variantId",
        " Id , TITLE,price,compare-at-price,option_1_name,option_1_value,variant id",
        "product_id,name,price,compare_at_price,Option 1 Name,Option 1 Value,Variant ID",
    ],
)
def test_names_of_columns_are_those_that_people_would_guess(header: str) -> None:
    variant = {"id": "1-L", "price": 9, "compareAtPrice": 12, "options": {"Size": "L"}}
    expected = in_json({"id": "1", "title": "Mug", "options": ["Size"], "variants": [variant]})
    assert read(f"{header}\n1,Mug,9,12,Size,L,1-L\n") == expected


@pytest.mark.parametrize(
    "header", ["image,image", "image1,image2", "images,image_url", "image_1_url,image_2_url"]
)
def test_images_may_be_in_several_columns(header: str) -> None:
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
    texts = {
        "collection": "New",
        "type": "Jug",
        "hsCode": "69",
        "returnPolicy": "No",
        "thumbnail": "https://a",
    }
    flat = {
        **{key: str(value) for key, value in (raw | texts).items() if not isinstance(value, list | dict)},
        **{key: str(value) for key, value in dimensions.items()},
        "barcode": meta["barcode"],
        "tags": "|".join(raw["tags"]),
        "images": "|".join(raw["images"]),
        "categories": "Home > Jugs | Sale",
        "metadata": '{"oven": true}',
    }
    whole = raw | texts | {"meta": {"barcode": meta["barcode"]}, "dimensions": dimensions}
    assert read(table(",".join(flat), flat)) == in_json(whole | {"categories": [["Home", "Jugs"], ["Sale"]]})


# --- files ----------------------------------------------------------------------------------------------

ALPHABET = "abcXYZ019 .,;:|>'\"\t\n\r-&<%éüß"  # in Windows-1252, no two of these letters look like UTF-8
ENCODINGS = {
    "utf-8": b"",
    "utf-8 ": b"\xef\xbb\xbf",
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "cp1252": b"",
}
Rows = list[dict[str, Any]]


@st.composite
def files(draw: st.DrawFn) -> tuple[Rows, bytes]:
    """Products with variants, and a table as a program writes it."""
    encoding = draw(st.sampled_from([*ENCODINGS]))
    letters = ALPHABET if encoding == "cp1252" else f"{ALPHABET}żИ日本🎁\u2028\x0b\x85"
    texts = st.text(letters, min_size=1, max_size=12).map(str.strip).filter(bool)
    words = texts.map(lambda text: " ".join(text.split())).filter(bool)
    products, rows = [], []
    for source_id in draw(st.lists(words, min_size=1, max_size=4, unique=True)):
        own = {"id": source_id, "title": draw(words), "description": draw(texts)}
        sizes = draw(st.lists(words, min_size=1, max_size=3, unique=True))
        prices = {size: draw(st.integers(0, 10**8)) / 100 for size in sizes}
        variants = [{"price": price, "options": {"Size": size}} for size, price in prices.items()]
        products.append(own | {"options": ["Size"], "variants": variants})
        for size, price in prices.items():
            cells = {"option1_name": "Size", "option1_value": size, "price": str(price)}
            rows.append(own | cells)
            own = {"id": source_id}
    columns = draw(st.permutations(["id", "title", "description", "price", "option1_name", "option1_value"]))
    line_end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text = io.StringIO()
    delimiter = draw(st.sampled_from(",;\t"))
    writer = csv.DictWriter(
        text, columns, "", delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL
    )
    writer.writeheader()
    writer.writerows(rows)
    written = text.getvalue() if draw(st.booleans()) else text.getvalue().removesuffix(line_end)
    return products, ENCODINGS[encoding] + written.encode(encoding.strip())


@given(files())
def test_what_a_program_writes_is_what_is_read(file: tuple[Rows, bytes]) -> None:
    products, content = file
    assert read(content) == in_json(*products)


@given(files(), st.data())
def test_a_file_that_is_cut_off_has_only_whole_products(
    file: tuple[Rows, bytes], data: st.DataObject
) -> None:
    products, content = file
    found = reading(content[: data.draw(st.integers(0, len(content) - 1))], is_cut_off=True)
    assert found.error == CUT_OFF
    assert found.rows == in_json(*products)[: len(found.rows)]
    assert len(found.rows) < len(products)
