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

BROKEN_PRODUCTS: list[tuple[str, Any, str]] = [
    ("title-missing", row(2, title=ABSENT), "title"),
    ("title-null", row(2, title=None), "title"),
    ("title-empty", row(2, title=""), "title"),
    ("title-number", row(2, title=7), "title"),
    ("title-too-long", row(2, title="x" * 501), "title"),
    ("price-missing", row(2, price=ABSENT), "price"),
    ("price-null", row(2, price=None), "price"),
    ("price-comma", row(2, price="12,50"), "price: '12,50' is not a number such as 1234.50"),
    ("price-thousands", row(2, price="1.234,56"), "price: '1.234,56' is not a number such as 1234.50"),
    ("price-words", row(2, price="12.50 or so"), "price: '12.50 or so' is not a number such as 1234.50"),
    ("price-other-digits", row(2, price="१"), "price: '१' is not a number such as 1234.50"),
    ("price-blank", row(2, price=" "), "price"),
    ("price-negative-text", row(2, price="-1"), "price"),
    ("price-negative", row(2, price=-0.01), "price"),
    ("price-nan", row(2, price=float("nan")), "price"),
    ("price-infinite", row(2, price=float("inf")), "price"),
    ("price-too-large", row(2, price=10**13), "price"),
    ("price-true", row(2, price=True), "price"),
    ("prices-no-currency", row(2, prices={"euro": 1}), "prices: 'euro' is not a currency code"),
    ("prices-two", row(2, prices={"EUR": 1, "eur": 2}), "prices: two in eur, 1 and 2"),
    ("prices-other", row(2, prices={"usd": 1}), "prices: 1 usd, but price is"),
    ("metadata-nan", row(2, metadata={"a": float("nan")}), "metadata"),
    ("metadata-infinite", row(2, metadata={"a": float("-inf")}), "metadata"),
    ("id-missing", row(2, id=ABSENT), "id"),
    ("id-null", row(2, id=None), "id"),
    ("id-empty", row(2, id=""), "id"),
    ("id-blank", row(2, id=" 2"), "id"),
    ("id-line-break", row(2, id="2\n"), "id"),
    ("id-too-long", row(2, id="x" * 201), "id"),
    ("id-fraction", row(2, id=2.5), "id"),
    ("id-true", row(2, id=True), "id"),
    ("id-negative", row(2, id=-2), "id"),
    ("id-too-large", row(2, id=2**60), "id"),
    ("description-too-long", row(2, description="x" * 50_001), "description"),
    ("category-number", row(2, category=7), "category"),
    ("brand-array", row(2, brand=["a"]), "brand"),
    ("sku-too-long", row(2, sku="x" * 256), "sku"),
    ("stock-negative", row(2, stock=-1), "stock"),
    ("stock-fraction", row(2, stock=1.5), "stock"),
    ("stock-text", row(2, stock="many"), "stock: 'many' is not a number such as 1234.50"),
    ("stock-fraction-text", row(2, stock="1.5"), "stock"),
    ("tags-text", row(2, tags="a,b"), "tags"),
    ("tags-null-in-them", row(2, tags=["a", None]), "tags[1]"),
    ("tags-too-many", row(2, tags=["a"] * 251), "tags"),
    ("images-number", row(2, images=[7]), "images[0]"),
    ("images-too-long", row(2, images=["https://cdn.example/" + "x" * 2048]), "images[0]"),
    ("thumbnail-object", row(2, thumbnail={}), "thumbnail"),
    ("weight-negative", row(2, weight=-1), "weight"),
    ("dimensions-array", row(2, dimensions=[1, 2, 3]), "dimensions"),
    ("dimensions-width-text", row(2, dimensions={"width": "5 cm"}), "dimensions.width"),
    ("discount-text", row(2, discountPercentage="5%"), "discountPercentage"),
    ("meta-barcode-number", row(2, meta={"barcode": 4006381333931}), "meta.barcode"),
    ("row-null", None, "Expected object, got null"),
    ("row-text", "Jug", "Expected object, got str"),
    ("row-array", [row(2)], "Expected object, got array"),
    ("row-empty", {}, "id"),
]
broken_products = pytest.mark.parametrize(
    ("broken", "path"), [case[1:] for case in BROKEN_PRODUCTS], ids=[case[0] for case in BROKEN_PRODUCTS]
)


def assert_rejected_alone(delivered: list[Row], path: str) -> None:
    before, rejected, after = delivered
    assert (before, after) == (desired_product(1), desired_product(3))
    assert isinstance(rejected, Rejected)
    assert rejected.reason.startswith((f"{path}: ", path)) or rejected.reason.endswith(f"field {path}")


@broken_products
async def test_broken_product_is_rejected_alone(
    httpx_mock: HTTPXMock, source: Source, broken: Any, path: str
) -> None:
    respond_with(httpx_mock, body_of([row(1), broken, row(3)]))
    assert_rejected_alone(await rows(source), path)


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
