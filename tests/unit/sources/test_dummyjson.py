"""The sources of DummyJSON: HTTP and files."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import http
from medusa_sync.core.product import DesiredProduct
from medusa_sync.errors import SourceError
from medusa_sync.sources import dummyjson as source_module
from medusa_sync.sources.base import Page, Rejected, Row, Source
from medusa_sync.sources.dummyjson import SAMPLE, FileSource, HttpSource
from tests.harness import catalogue
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import CURRENCY, SOURCE_URL, desired_product, http_client, row

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits")]

Product = dict[str, Any]
CATALOGUE = catalogue.products(250)
NAMING: Final = {"source_name": "dummyjson", "currency": CURRENCY}
DEEP = b"[" * 100_000


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small catalogues have several pages."""
    monkeypatch.setattr(source_module, "PAGE_SIZE", 100)


@pytest.fixture
def source(pool: httpx.AsyncClient) -> HttpSource:
    pool.follow_redirects = True
    return HttpSource(http_client(pool, unavailable=SourceError), SOURCE_URL, **NAMING)


async def pages(source: Source, limit: int | None = None) -> list[Page]:
    return [page async for page in source.pages(limit)]


async def rows(source: Source, limit: int | None = None) -> list[Row]:
    return [row for page in await pages(source, limit) for row in page.rows]


def ids(rows: list[Row]) -> list[int]:
    return [int(row.source_id) for row in rows if isinstance(row, DesiredProduct)]


def page_of(products: list[Any], /, **members: Any) -> Product:
    page = {"products": products, "total": len(products), "skip": 0, "limit": len(products)} | members
    return {name: value for name, value in page.items() if value is not ABSENT}


def body_of(products: list[Any], /, **members: Any) -> bytes:
    """A page as Python writes JSON, with NaN and lone surrogates."""
    return json.dumps(page_of(products, **members)).encode()


def respond_with(httpx_mock: HTTPXMock, *responses: bytes | int | Exception | Product, **how: Any) -> None:
    """Respond in turn with a body, a status, a broken connection, or a page."""
    for each in responses:
        match each:
            case bytes():
                httpx_mock.add_response(content=each, **how)
            case int():
                httpx_mock.add_response(each, **how)
            case Exception():
                httpx_mock.add_exception(each, **how)
            case _:
                httpx_mock.add_response(json=each, **how)


def serve(
    httpx_mock: HTTPXMock,
    products: list[Product],
    *,
    at_most: int = 100,
    ignored: str = "",
    total: int | None = None,
) -> list[tuple[int, int]]:
    """Respond as DummyJSON does, except for an ignored parameter and the total.

    Returns:
        `skip` and `limit` of each request, filled as they arrive.
    """
    asked: list[tuple[int, int]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        skip, limit = int(request.url.params["skip"]), int(request.url.params["limit"])
        asked.append((skip, limit))
        skip = 0 if ignored == "skip" else skip
        limit = at_most if ignored == "limit" else min(limit, at_most)
        said = len(products) if total is None else total
        return httpx.Response(200, json=page_of(products[skip : skip + limit], total=said, skip=skip))

    httpx_mock.add_callback(respond, is_reusable=True)
    return asked


# --- paging ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_most", [100, 30, 7])
async def test_every_product_is_delivered_once_for_any_page_size(
    httpx_mock: HTTPXMock, source: HttpSource, at_most: int
) -> None:
    asked = serve(httpx_mock, CATALOGUE, at_most=at_most)
    assert ids(await rows(source)) == [product["id"] for product in CATALOGUE]
    assert [skip for skip, _limit in asked] == list(range(0, 250, at_most))


async def test_page_may_be_longer_than_requested(httpx_mock: HTTPXMock, source: HttpSource) -> None:
    asked = serve(httpx_mock, CATALOGUE, at_most=250, ignored="limit")
    assert len(await rows(source)) == 250
    assert asked == [(0, 100)]


async def test_pages_have_the_total_of_the_source(httpx_mock: HTTPXMock, source: HttpSource) -> None:
    serve(httpx_mock, CATALOGUE)
    assert [page.total for page in await pages(source)] == [250, 250, 250]


@pytest.mark.parametrize("limit", [1, 99, 100, 101, 249, 250, 999])
async def test_limit_is_not_exceeded(httpx_mock: HTTPXMock, source: HttpSource, limit: int) -> None:
    asked = serve(httpx_mock, CATALOGUE)
    assert ids(await rows(source, limit)) == list(range(1, min(limit, 250) + 1))
    assert all(0 < size <= limit - skip for skip, size in asked)


async def test_limit_holds_if_the_source_ignores_it(httpx_mock: HTTPXMock, source: HttpSource) -> None:
    serve(httpx_mock, CATALOGUE, at_most=30, ignored="limit")
    assert ids(await rows(source, 5)) == [1, 2, 3, 4, 5]


async def test_empty_catalogue_is_one_empty_page(httpx_mock: HTTPXMock, source: HttpSource) -> None:
    serve(httpx_mock, [])
    assert await pages(source) == [Page((), 0)]


async def test_catalogue_may_shrink_while_it_is_read(httpx_mock: HTTPXMock, source: HttpSource) -> None:
    respond_with(httpx_mock, page_of(CATALOGUE[:100], total=102), page_of(CATALOGUE[100:101], total=101))
    assert len(await rows(source)) == 101


@pytest.mark.parametrize("shorter", [1, 2, 3])
async def test_later_page_may_be_shorter_than_the_first(
    httpx_mock: HTTPXMock, source: HttpSource, shorter: int
) -> None:
    """Pages are requested ahead, as if all were as long as the first."""

    def respond(request: httpx.Request) -> httpx.Response:
        skip = int(request.url.params["skip"])
        size = 10 if skip // 30 == shorter else 30
        return httpx.Response(200, json=page_of(CATALOGUE[skip : skip + size], total=250))

    httpx_mock.add_callback(respond, is_reusable=True)
    assert ids(await rows(source)) == list(range(1, 251))


async def test_pages_after_the_first_are_requested_at_the_same_time(
    httpx_mock: HTTPXMock, source: HttpSource
) -> None:
    under_way, most = 0, 0

    async def respond(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001)
        under_way -= 1
        skip = int(request.url.params["skip"])
        return httpx.Response(200, json=page_of(CATALOGUE[skip : skip + 20], total=250))

    httpx_mock.add_callback(respond, is_reusable=True)
    assert ids(await rows(source)) == list(range(1, 251))
    assert 2 <= most <= 4


# --- a total that is too small --------------------------------------------------------------------------


@pytest.mark.parametrize("total", [0, 1, 50, 99, 101, 151, 199, 201, 249])
@pytest.mark.parametrize("at_most", [100, 30])
async def test_all_products_are_delivered_if_the_total_is_too_small(
    httpx_mock: HTTPXMock, source: HttpSource, total: int, at_most: int
) -> None:
    asked = serve(httpx_mock, CATALOGUE, total=total, at_most=at_most)
    assert ids(await rows(source)) == list(range(1, 251))
    assert asked[-1][0] == 250, "only an empty page is the end"


@pytest.mark.parametrize("limit", [1, 50, 51, 100, 101, 200, 250, 999])
async def test_limit_holds_beyond_the_total(httpx_mock: HTTPXMock, source: HttpSource, limit: int) -> None:
    asked = serve(httpx_mock, CATALOGUE, total=50)
    assert ids(await rows(source, limit)) == list(range(1, min(limit, 250) + 1))
    assert all(0 < size <= limit - skip for skip, size in asked)


@pytest.mark.parametrize("limit", [None, 150])
@pytest.mark.parametrize("ignored", ["skip", "limit"])
@pytest.mark.parametrize(
    "odd",
    [
        lambda product: product,
        lambda product: product | {"price": -1},
        lambda product: product | {"id": None},
    ],
    ids=["valid", "invalid", "without-an-id"],
)
async def test_beyond_the_total_the_same_page_again_is_the_end(
    httpx_mock: HTTPXMock,
    source: HttpSource,
    odd: Callable[[Product], Product],
    ignored: str,
    limit: int | None,
) -> None:
    catalogue = [odd(CATALOGUE[0]), *CATALOGUE[1:100]]
    asked = serve(httpx_mock, catalogue, total=50, ignored=ignored)
    delivered = await rows(source, limit)
    assert len(delivered) == 100
    assert len(ids(delivered)) >= 99
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("totals", "delivered"),
    [
        ((250, 250, 250), 250),
        ((250, 50, 50, 50), 250),  # shrinks below what was delivered: read to the end
        ((50, 250, 250), 250),  # grows above it: the usual end
        ((50, 50, 250), 250),
        ((50, 200), 200),  # exactly what was delivered
    ],
)
async def test_latest_total_counts(
    httpx_mock: HTTPXMock, source: HttpSource, totals: tuple[int, ...], delivered: int
) -> None:
    for number, total in enumerate(totals):
        respond_with(httpx_mock, page_of(CATALOGUE[100 * number : 100 * number + 100], total=total))
    assert len(await rows(source)) == delivered


async def test_total_that_grows_above_what_is_delivered_is_an_error(
    httpx_mock: HTTPXMock, source: HttpSource
) -> None:
    respond_with(httpx_mock, page_of(CATALOGUE[:100], total=50), page_of([], total=194))
    with pytest.raises(SourceError, match="ended after 100 of 194 products"):
        await rows(source)


# --- requests -------------------------------------------------------------------------------------------


async def test_closing_early_leaves_no_request_in_progress(httpx_mock: HTTPXMock, source: HttpSource) -> None:
    serve(httpx_mock, CATALOGUE)
    before = asyncio.all_tasks()
    delivery = source.pages(None)
    await anext(delivery)
    await delivery.aclose()
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("url", [SOURCE_URL, f"{SOURCE_URL}/", f"{SOURCE_URL}//"])
async def test_trailing_slash_of_the_url_does_not_matter(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, url: str
) -> None:
    serve(httpx_mock, CATALOGUE[:1])
    await rows(HttpSource(http_client(pool), url, **NAMING))
    (request,) = httpx_mock.get_requests()
    assert request.url.path == "/products"


@pytest.mark.parametrize("query", ["key=a%26b", "key=a%26b&limit=0", "key=a%26b&limit=5&skip=90"])
async def test_query_of_the_url_is_kept_except_for_paging(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, query: str
) -> None:
    serve(httpx_mock, CATALOGUE[:1])
    await rows(HttpSource(http_client(pool), f"{SOURCE_URL}?{query}", **NAMING))
    (request,) = httpx_mock.get_requests()
    assert request.url.params.multi_items() == [("key", "a&b"), ("limit", "100"), ("skip", "0")]


# --- broken responses -------------------------------------------------------------------------------------

PAGE = body_of(CATALOGUE[:3])
BROKEN_RESPONSES: list[tuple[str, list[bytes | int | Exception | Product], str]] = [
    ("html", [b"<!doctype html><h1>Back soon</h1>"], "is HTML, not JSON"),
    ("truncated", [PAGE[: len(PAGE) // 2]], "is not complete JSON"),
    ("empty", [b""], "is not complete JSON"),
    ("not-utf-8", [PAGE.replace(b"title", b"t\xeftle")], "is not complete JSON"),
    ("array", [b"[]"], "is not a page of products: Expected object, got array"),
    ("null", [b"null"], "is not a page of products: Expected object, got null"),
    ("products-missing", [page_of([], products=ABSENT)], "missing required field products"),
    ("products-object", [page_of([], products={"1": {}})], "products: Expected array, got object"),
    ("total-missing", [page_of([row()], total=ABSENT)], "missing required field total"),
    ("total-negative", [page_of([row()], total=-1)], "total: Expected int >= 0"),
    ("total-text", [page_of([row()], total="1")], "total: Expected int, got str"),
    ("nested-deeply", [DEEP], "is nested too deeply"),
    ("total-too-large", [page_of([row(1)], total=2), page_of([], total=2)], "ended after 1 of 2 products"),
    ("total-without-products", [page_of([], total=194)], "ended after 0 of 194 products"),
    ("second-page-html", [page_of([row(1)], total=2), b"<html>"], "is HTML, not JSON"),
    ("second-page-fails", [page_of([row(1)], total=2), 500, 500, 500], "the server responded with 500"),
    ("bad-request", [400], "the server responded with 400"),
    ("not-found", [404], "the server responded with 404"),
    ("no-content", [204], "the server responded with 204"),
    ("too-many-requests", [429] * 3, "the server responded with 429"),
    ("unavailable", [503] * 3, "the server responded with 503"),
    ("no-connection", [httpx.ConnectError("refused")] * 3, r"no connection \(refused\)"),
    ("no-answer", [httpx.ReadTimeout("")] * 3, "no complete response within the time limit"),
    ("connection-breaks", [httpx.RemoteProtocolError("peer left")] * 3, "peer left"),
]


@pytest.mark.parametrize(
    ("responses", "words"),
    [case[1:] for case in BROKEN_RESPONSES],
    ids=[case[0] for case in BROKEN_RESPONSES],
)
async def test_broken_response_is_an_error(
    httpx_mock: HTTPXMock,
    source: HttpSource,
    responses: list[bytes | int | Exception | Product],
    words: str,
) -> None:
    respond_with(httpx_mock, *responses)
    with pytest.raises(SourceError, match=words) as caught:
        await rows(source)
    assert SOURCE_URL in str(caught.value)
    assert caught.value.exit_code == 3


async def test_endless_redirect_is_an_error(httpx_mock: HTTPXMock, source: HttpSource) -> None:
    respond_with(httpx_mock, 302, headers={"location": SOURCE_URL}, is_reusable=True)
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: .*redirects"):
        await rows(source)


async def test_response_that_is_too_long_is_an_error(
    httpx_mock: HTTPXMock, source: HttpSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", 1000)
    respond_with(httpx_mock, PAGE)
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: the response is longer"):
        await rows(source)


# --- broken products ------------------------------------------------------------------------------------

BROKEN_PRODUCTS: list[tuple[str, Any, str]] = [
    ("title-missing", row(2, title=ABSENT), "title"),
    ("title-null", row(2, title=None), "title"),
    ("title-empty", row(2, title=""), "title"),
    ("title-number", row(2, title=7), "title"),
    ("title-too-long", row(2, title="x" * 501), "title"),
    ("price-missing", row(2, price=ABSENT), "price"),
    ("price-null", row(2, price=None), "price"),
    ("price-text", row(2, price="9.99"), "price"),
    ("price-negative", row(2, price=-0.01), "price"),
    ("price-nan", row(2, price=float("nan")), "price"),
    ("price-infinite", row(2, price=float("inf")), "price"),
    ("price-too-large", row(2, price=10**13), "price"),
    ("price-true", row(2, price=True), "price"),
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
    ("stock-text", row(2, stock="many"), "stock"),
    ("tags-text", row(2, tags="a,b"), "tags"),
    ("tags-null-in-them", row(2, tags=["a", None]), "tags[1]"),
    ("tags-too-many", row(2, tags=["a"] * 251), "tags"),
    ("images-number", row(2, images=[7]), "images[0]"),
    ("images-too-long", row(2, images=["https://cdn.example/" + "x" * 2048]), "images[0]"),
    ("thumbnail-object", row(2, thumbnail={}), "thumbnail"),
    ("weight-negative", row(2, weight=-1), "weight"),
    ("dimensions-array", row(2, dimensions=[1, 2, 3]), "dimensions"),
    ("dimensions-width-text", row(2, dimensions={"width": "5 cm"}), "dimensions.width"),
    ("rating-text", row(2, rating="good"), "rating"),
    ("reviews-object", row(2, reviews={}), "reviews"),
    ("discount-text", row(2, discountPercentage="5%"), "discountPercentage"),
    ("meta-text", row(2, meta="none"), "meta"),
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
    httpx_mock: HTTPXMock, source: HttpSource, broken: Any, path: str
) -> None:
    respond_with(httpx_mock, body_of([row(1), broken, row(3)]))
    assert_rejected_alone(await rows(source), path)


@broken_products
async def test_broken_product_in_a_file_is_rejected_alone(tmp_path: Path, broken: Any, path: str) -> None:
    source = file_source(tmp_path / "products.json", body_of([row(1), broken, row(3)]))
    assert_rejected_alone(await rows(source), path)


async def test_very_long_number_rejects_one_product(httpx_mock: HTTPXMock, source: HttpSource) -> None:
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
    httpx_mock: HTTPXMock, source: HttpSource, broken: Any, external_id: str | None, title: str
) -> None:
    respond_with(httpx_mock, body_of([broken]))
    (rejected,) = await rows(source)
    assert isinstance(rejected, Rejected)
    assert (rejected.external_id, rejected.title) == (external_id, title)


async def test_lone_surrogate_is_not_a_reason_to_reject(httpx_mock: HTTPXMock, source: HttpSource) -> None:
    respond_with(httpx_mock, body_of([row(1, title="Jug \ud83c")]))
    assert await rows(source) == [desired_product(1, title="Jug \ud83c")]


async def test_unknown_fields_are_ignored(httpx_mock: HTTPXMock, source: HttpSource) -> None:
    respond_with(httpx_mock, page_of([row(1, colour="red", meta={"qrCode": 7})], note="new"))
    assert await rows(source) == [desired_product(1, meta={})]


# --- files ----------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "products.json"


def file_source(file: Path, body: bytes | None = None) -> FileSource:
    """The file as a source, written first if there is a body."""
    if body is not None:
        file.write_bytes(body)
    return FileSource(file, **NAMING)


@pytest.mark.parametrize("limit", [None, 1, 100, 101, 250, 999])
async def test_file_is_delivered_in_pages(file: Path, limit: int | None) -> None:
    delivered = await pages(file_source(file, body_of(CATALOGUE)), limit)
    assert ids([row for page in delivered for row in page.rows]) == list(range(1, min(limit or 250, 250) + 1))
    assert all(len(page.rows) <= 100 and page.total == 250 for page in delivered)


@pytest.mark.parametrize("body", [body_of([row(1)], total=ABSENT), b"\xef\xbb\xbf" + body_of([row(1)])])
async def test_file_needs_no_total_and_may_start_with_a_byte_order_mark(file: Path, body: bytes) -> None:
    assert await pages(file_source(file, body)) == [Page((desired_product(1),), 1)]


@pytest.mark.parametrize("limit", [None, 200])
async def test_file_is_complete_if_its_total_is_too_small(file: Path, limit: int | None) -> None:
    assert len(await rows(file_source(file, body_of(CATALOGUE, total=50)), limit)) == (limit or 250)


async def test_file_without_products_is_one_empty_page(file: Path) -> None:
    assert await pages(file_source(file, body_of([]))) == [Page((), 0)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "is HTML, not JSON"),
        (PAGE[:-1], "is not complete JSON"),
        (b"", "is not complete JSON"),
        (PAGE.replace(b"title", b"t\xeftle"), "is not complete JSON"),
        (b"[]", "is not a file of products"),
        (page_of([], products=ABSENT), "missing required field products"),
        (page_of([row(1)], total=-1), "total: Expected int >= 0"),
        (page_of([row(1)], total=2), "has 1 of 2 products"),
        (DEEP, "is nested too deeply"),
    ],
    ids=[
        *("html", "truncated", "empty", "not-utf-8", "array", "products-missing", "total-negative"),
        *("total-too-large", "nested-deeply"),
    ],
)
async def test_broken_file_is_an_error(file: Path, body: bytes | Product, words: str) -> None:
    source = file_source(file, body if isinstance(body, bytes) else json.dumps(body).encode())
    with pytest.raises(SourceError, match=words) as caught:
        await rows(source)
    assert str(file) in str(caught.value)


async def test_unreadable_file_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.json", tmp_path / ("x" * 300)):
        with pytest.raises(SourceError, match="the file cannot be read") as caught:
            await rows(file_source(path))
        assert str(path) in str(caught.value)


async def test_file_that_is_too_large_is_not_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "MAX_FILE_BYTES", 10)
    with pytest.raises(SourceError, match="the file is larger than"):
        await rows(file_source(file, body_of([])))


async def test_sample_is_complete() -> None:
    assert ids(await rows(file_source(SAMPLE))) == [product["id"] for product in catalogue.sample()]


# --- categories -----------------------------------------------------------------------------------------


async def test_categories_have_the_names_of_the_source(httpx_mock: HTTPXMock, source: HttpSource) -> None:
    httpx_mock.add_response(url=f"{SOURCE_URL}/categories", json=catalogue.CATEGORIES)
    names = await source.category_names()
    assert names == {category["slug"]: category["name"] for category in catalogue.CATEGORIES}


@pytest.mark.parametrize("responses", [[404], [503] * 3, [b"<html>"], [b'[{"slug":"a"}]']])
async def test_source_without_category_names_is_not_an_error(
    httpx_mock: HTTPXMock,
    source: HttpSource,
    caplog: pytest.LogCaptureFixture,
    responses: list[bytes | int | Exception | Product],
) -> None:
    respond_with(httpx_mock, *responses)
    assert await source.category_names() == {}
    assert f"{SOURCE_URL}/categories" in caplog.text


async def test_category_names_can_be_stored(httpx_mock: HTTPXMock, source: HttpSource) -> None:
    respond_with(
        httpx_mock, b'[{"slug": "a", "name": " To\\u0000ys\\n& Games\\ud800 "}, {"slug": "b", "name": " "}]'
    )
    names = await source.category_names()
    assert names.get("a") == "Toys & Games"
    assert not names.get("b")


async def test_category_names_of_a_file_are_beside_it(file: Path) -> None:
    assert await file_source(file).category_names() == {}
    file.with_name("categories.json").write_bytes(b'[{"slug": "toys", "name": "Toys & Games"}]')
    assert await file_source(file).category_names() == {"toys": "Toys & Games"}


# --- ids -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source_id", ["a:b", "a,b", "007", "Größe 5", "null", "-2"])
async def test_an_id_may_be_any_text(httpx_mock: HTTPXMock, source: HttpSource, source_id: str) -> None:
    respond_with(httpx_mock, page_of([row(1, id=source_id)]))
    [delivered] = await rows(source)
    assert (delivered.external_id, delivered.source_id) == (f"dummyjson:{source_id}", source_id)


async def test_a_number_and_its_text_are_the_same_id(httpx_mock: HTTPXMock, source: HttpSource) -> None:
    respond_with(httpx_mock, page_of([row(1, id=3), row(1, id="3")]))
    number, text = await rows(source)
    assert number == text


async def test_an_id_is_quoted_in_the_url_of_a_product(httpx_mock: HTTPXMock, source: HttpSource) -> None:
    httpx_mock.add_response(404, url=f"{SOURCE_URL}/a%2Fb%3Fc%2Cd", content=b'{"message":"no"}')
    assert await source.has("a/b?c,d") is False


# --- asking for one product -----------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "body", "has"), [(200, b"{}", True), (404, b'{"message":"no"}', False)])
async def test_source_says_whether_it_has_a_product(
    httpx_mock: HTTPXMock,
    source: HttpSource,
    status: int,
    body: bytes,
    has: bool,  # noqa: FBT001 - a parameter
) -> None:
    httpx_mock.add_response(status, url=f"{SOURCE_URL}/7", content=body)
    assert await source.has("7") is has


@pytest.mark.parametrize(
    ("status", "body"), [(404, b"<h1>404</h1>"), (404, b""), (403, b"{}"), (400, b"{}"), (204, b"")]
)
async def test_other_responses_do_not_say_that_a_product_is_gone(
    httpx_mock: HTTPXMock, source: HttpSource, status: int, body: bytes
) -> None:
    httpx_mock.add_response(status, content=body)
    with pytest.raises(SourceError, match=f"{SOURCE_URL}/7"):
        await source.has("7")


async def test_file_cannot_be_asked_for_one_product(file: Path) -> None:
    assert await file_source(file, body_of([row(1)])).has("1") is None
