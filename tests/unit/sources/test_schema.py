"""The published JSON Schema of a product says the same as the code that reads products."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from docs.build import as_json, schemas
from docs.catalogue import schema
from medusa_sync.sources.schema import SourceProduct
from tests.flow.shirts import shirt
from tests.harness import catalogue

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


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["id"]))
def test_products_of_dummyjson_and_with_variants_are_valid(row: dict[str, Any]) -> None:
    VALIDATOR.validate(row)


VALUES = st.sampled_from(
    [None, True, -1, 0, 1.5, 10**13, "", "text", "x" * 300, [], ["a"], [["a"]], [1], {}, {"a": 1}, {"a": "b"}]
)


@given(st.sampled_from([*schema()["properties"]]), VALUES)
def test_a_field_is_valid_if_and_only_if_it_is_read(name: str, value: Any) -> None:
    row = {"id": 1, "title": "A", "price": 1, name: value}
    assert VALIDATOR.is_valid(row) == is_read(row)


@given(st.sampled_from([*schema()["$defs"]["SourceVariant"]["properties"]]), VALUES)
def test_a_field_of_a_variant_is_valid_if_and_only_if_it_is_read(name: str, value: Any) -> None:
    row = {"id": 1, "title": "A", "price": 1, "variants": [{"options": {"Size": "S"}, name: value}]}
    assert VALIDATOR.is_valid(row) == is_read(row)
