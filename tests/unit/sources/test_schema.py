"""The published JSON Schema of a product says the same as the code that reads products."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pytest_httpx import HTTPXMock

from docs.build import as_json, schemas
from docs.catalogue import schema
from medusa_sync.sources.base import Rejected, Source
from medusa_sync.sources.schema import SourceProduct
from tests.harness import catalogue
from tests.harness.shirts import shirt
from tests.unit.sources.pages import file_source, rows
from tests.unit.sources.reading import in_json

VALIDATOR = Draft202012Validator(schema())
FULL = shirt(1) | {
    "categories": [["Apparel", "Shirts"]],
    "metadata": {"season": "summer", "year": 2026, "new": True, "old": None},
    "dimensions": {"width": 1, "height": 2.5, "depth": 3},
    "meta": {"barcode": "1"},
    "status": "draft",
    "prices": {"eur": 18},
}
ROWS = [*catalogue.whole_sample(), *catalogue.products(30), FULL]


def is_read(row: Any) -> bool:
    try:
        msgspec.json.decode(msgspec.json.encode(row), type=SourceProduct)
    except msgspec.ValidationError:
        return False
    return True


def test_generated_schemas_are_up_to_date() -> None:
    for file, each in schemas().items():
        assert file.read_text(encoding="utf-8") == as_json(each), "run `make docs`"


def test_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(json.loads(as_json(schema())))


def test_products_of_dummyjson_and_with_variants_are_valid() -> None:
    for each in ROWS:
        VALIDATOR.validate(each)


VALUES = st.sampled_from(
    [None, True, -1, 0, 1.5, 10**13, "", "text", "x" * 300, [], ["a"], [["a"]], [1], {}, {"a": 1}, {"a": "b"}]
)


PRODUCT = {"id": 1, "title": "A", "price": 1}
OF_VARIANTS = schema()["$defs"]["SourceVariant"]["properties"]


@given(st.sampled_from([*schema()["properties"]]), st.sampled_from([*OF_VARIANTS]), VALUES)
def test_a_field_is_valid_if_and_only_if_it_is_read(name: str, of_variant: str, value: Any) -> None:
    variant = {"options": {"Size": "S"}, of_variant: value}
    for each in (PRODUCT | {name: value}, PRODUCT | {"variants": [variant]}):
        assert VALIDATOR.is_valid(each) == is_read(each)


WHOLE = """[
{"id": 3, "title": "A", "price": 9, "stock": 4, "minimumOrderQuantity": 2, "metadata": {"year": 2026}},
{"id": 4, "title": "B", "price": 9, "variants": [
{"id": 40, "sku": "S", "stock": 0, "options": {"Size": 38}},
{"id": 41, "sku": "L", "stock": 7, "options": {"Size": 40}}]}
]"""


@pytest.mark.anyio
@pytest.mark.parametrize(("zero", "total"), [(".0", "2.0"), (".0e0", "2")])
async def test_a_whole_number_may_be_written_as_a_float(
    file: Path, httpx_mock: HTTPXMock, source: Source, zero: str, total: str
) -> None:
    written = re.sub(r"(?<=: )\d+", lambda match: match[0] + zero, WHOLE)
    assert all(map(VALIDATOR.is_valid, json.loads(written)))
    page = f'{{"items": {written}, "total": {total}}}'
    lines = "".join(f"{json.dumps(each)}\n" for each in json.loads(written))
    httpx_mock.add_response(content=page.encode(), is_reusable=True)
    sources = (*(file_source(file, body.encode()) for body in (WHOLE, written, page, lines)), source)
    expected, *others = [await rows(read) for read in sources]
    assert others == [expected] * 4


def test_other_floats_are_no_whole_numbers() -> None:
    for name in ("id", "stock", "minimumOrderQuantity"):
        for value in (3.5, 1e30, -1.0):
            row = PRODUCT | {name: value}
            assert not VALIDATOR.is_valid(row)
            [rejected] = in_json(row)
            assert isinstance(rejected, Rejected)
            assert rejected.reason.startswith((f"{name}: Expected", f"{name}: it is "))


def test_an_id_that_is_written_in_three_ways_is_one_product() -> None:
    assert {each.external_id for each in in_json(*(PRODUCT | {"id": each} for each in (3, 3.0, "3")))} == {
        "shop:3"
    }
