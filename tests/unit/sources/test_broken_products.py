"""What DummyJSON delivers may be broken: a whole response, or one product."""

import json
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.core.product import DesiredProduct
from medusa_sync.sources.base import Rejected, Row, Source
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import desired_product, row
from tests.unit.sources.pages import Product, body_of, page_of, respond_with, rows

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits", "small_pages")]


# --- broken products ------------------------------------------------------------------------------------

NUMBER = "is not a number such as 1234.50"
BROKEN: dict[str, list[Any]] = {  # values of a field that reject a product
    "id": [ABSENT, None, "", " 2", "2\n", "x" * 201, 2.5, True, -2, 2**60],
    "title": [ABSENT, None, "", 7, "x" * 501],
    "price": [ABSENT, None, " ", "-1", -0.01, float("nan"), float("inf"), 10**13, True],
    "metadata": [{"a": float("nan")}, {"a": float("-inf")}],
    "description": ["x" * 50_001],
    "category": [7],
    "brand": [["a"]],
    "sku": ["x" * 256],
    "stock": [-1, 1.5, "1.5"],
    "tags": ["a,b", ["a", None], ["a"] * 251],
    "images": [[7], ["https://cdn.example/" + "x" * 2048]],
    "thumbnail": [{}],
    "weight": [-1],
    "dimensions": [[1, 2, 3], {"width": "5 cm"}],
    "discountPercentage": ["5%"],
    "meta": [{"barcode": 4006381333931}],
}
REASONS: list[tuple[Any, str]] = [
    *(
        (row(2, price=text), f"price: '{text}' {NUMBER}")
        for text in ("12,50", "1.234,56", "12.50 or so", "१")
    ),
    (row(2, stock="many"), f"stock: 'many' {NUMBER}"),
    (row(2, prices={"euro": 1}), "prices: 'euro' is not a currency code"),
    (row(2, prices={"EUR": 1, "eur": 2}), "prices: two in eur, 1 and 2"),
    (row(2, prices={"usd": 1}), "prices: 1 usd, but price is"),
    (None, "Expected object, got null"),
    ("Jug", "Expected object, got str"),
    ([row(2)], "Expected object, got array"),
    ({}, "Object missing required field id"),
]


def assert_rejected_alone(delivered: list[Row], path: str) -> None:
    before, rejected, after = delivered
    assert (before, after) == (desired_product(1), desired_product(3))
    assert isinstance(rejected, Rejected)
    assert rejected.reason.startswith(path) or rejected.reason.endswith(f"field {path}")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [*((row(2, **{name: value}), name) for name, values in BROKEN.items() for value in values), *REASONS],
    ids=lambda each: each if isinstance(each, str) and len(each) < 40 else "",
)
async def test_broken_product_is_rejected_alone(
    httpx_mock: HTTPXMock, source: Source, broken: Any, reason: str
) -> None:
    respond_with(httpx_mock, body_of([row(1), broken, row(3)]))
    assert_rejected_alone(await rows(source), reason)


async def test_very_long_number_rejects_one_product(httpx_mock: HTTPXMock, source: Source) -> None:
    broken = json.dumps(row(2, price=0)).replace('"price": 0', f'"price": {"9" * 5000}')
    body = body_of([row(1), "HERE", row(3)]).replace(b'"HERE"', broken.encode())
    respond_with(httpx_mock, body)
    assert_rejected_alone(await rows(source), "price")


@pytest.mark.parametrize(
    ("broken", "external_id", "title"),
    [
        (row(2, title="Jug", price=-1), "dummyjson:2", "Jug"),
        (row(2, title=7), "dummyjson:2", ""),
        (row(2, title="Jug", id=" 2"), None, "Jug"),
        (row(2, title="Jug", id=True), None, "Jug"),
        (row(2, title="x" * 501), "dummyjson:2", "x" * 200),
        ("Jug", None, ""),
    ],
)
async def test_rejected_product_has_its_id_and_title_if_they_are_usable(
    httpx_mock: HTTPXMock, source: Source, broken: Any, external_id: str | None, title: str
) -> None:
    respond_with(httpx_mock, body_of([broken]))
    (rejected,) = await rows(source)
    assert isinstance(rejected, Rejected)
    assert (rejected.external_id, rejected.title) == (external_id, title)


async def test_lone_surrogate_is_not_a_reason_to_reject(httpx_mock: HTTPXMock, source: Source) -> None:
    respond_with(httpx_mock, body_of([row(1, title="Jug \ud83c")]))
    assert await rows(source) == [desired_product(1, title="Jug \ud83c")]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"price": "12.50"}, {"price": 12.5}),
        ({"price": " 3 ", "stock": "4", "weight": "0.5\n"}, {"price": 3, "stock": 4, "weight": 0.5}),
        ({"prices": {"eur": " 8.10"}, "compareAtPrice": ""}, {"prices": {"eur": 8.1}}),
        ({"dimensions": {"width": "2"}}, {"dimensions": {"width": 2}}),
        ({"variants": [{"price": "7.0", "stock": "1"}]}, {"variants": [{"price": 7, "stock": 1}]}),
        ({"rating": "4.5", "minimumOrderQuantity": " 3 "}, {"rating": 4.5, "minimumOrderQuantity": 3}),
        ({"rating": {"rate": 3.9, "count": 120}}, {"rating": None}),
        (
            {"reviews": {}, "meta": "none", "returnPolicy": 7, "availabilityStatus": []},
            {"reviews": None, "meta": None, "returnPolicy": None, "availabilityStatus": None},
        ),
        ({"status": " Draft "}, {"status": "draft"}),
    ],
)
async def test_values_that_cannot_be_misunderstood_are_read(
    httpx_mock: HTTPXMock, source: Source, given: Product, meant: Product
) -> None:
    respond_with(httpx_mock, page_of([row(1, **given), row(1, **meant)]))
    read, expected = await rows(source)
    assert isinstance(read, DesiredProduct)
    assert read == expected


async def test_unknown_fields_are_ignored(httpx_mock: HTTPXMock, source: Source) -> None:
    respond_with(httpx_mock, page_of([row(1, colour="red", meta={"qrCode": 7})], note="new"))
    assert await rows(source) == [desired_product(1, meta={})]
