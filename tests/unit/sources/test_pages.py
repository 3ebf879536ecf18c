"""Pages of DummyJSON's API: each product is delivered once."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Page, Source
from tests.unit.builders import SOURCE_URL, http_client
from tests.unit.sources.pages import (
    CATALOGUE,
    Product,
    api_source,
    ids,
    page_of,
    pages,
    respond_with,
    rows,
    serve,
)

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits", "small_pages")]


@pytest.mark.parametrize("at_most", [100, 30, 7])
async def test_every_product_is_delivered_once_for_any_page_size(
    httpx_mock: HTTPXMock, source: Source, at_most: int
) -> None:
    asked = serve(httpx_mock, CATALOGUE, at_most=at_most)
    assert ids(await rows(source)) == [product["id"] for product in CATALOGUE]
    assert [skip for skip, _limit in asked] == list(range(0, 250, at_most))


async def test_page_may_be_longer_than_requested(httpx_mock: HTTPXMock, source: Source) -> None:
    asked = serve(httpx_mock, CATALOGUE, at_most=250, ignored="limit")
    assert len(await rows(source)) == 250
    assert asked == [(0, 100)]


async def test_pages_have_the_total_of_the_source(httpx_mock: HTTPXMock, source: Source) -> None:
    serve(httpx_mock, CATALOGUE)
    assert [page.total for page in await pages(source)] == [250, 250, 250]


@pytest.mark.parametrize("limit", [1, 99, 100, 101, 249, 250, 999])
async def test_limit_is_not_exceeded(httpx_mock: HTTPXMock, source: Source, limit: int) -> None:
    asked = serve(httpx_mock, CATALOGUE)
    assert ids(await rows(source, limit)) == list(range(1, min(limit, 250) + 1))
    assert all(0 < size <= limit - skip for skip, size in asked)


async def test_limit_holds_if_the_source_ignores_it(httpx_mock: HTTPXMock, source: Source) -> None:
    serve(httpx_mock, CATALOGUE, at_most=30, ignored="limit")
    assert ids(await rows(source, 5)) == [1, 2, 3, 4, 5]


async def test_empty_catalogue_is_one_empty_page(httpx_mock: HTTPXMock, source: Source) -> None:
    serve(httpx_mock, [])
    assert await pages(source) == [Page((), 0)]


async def test_catalogue_may_shrink_while_it_is_read(httpx_mock: HTTPXMock, source: Source) -> None:
    respond_with(httpx_mock, page_of(CATALOGUE[:100], total=102), page_of(CATALOGUE[100:101], total=101))
    assert len(await rows(source)) == 101


@pytest.mark.parametrize("shorter", [1, 2, 3])
async def test_later_page_may_be_shorter_than_the_first(
    httpx_mock: HTTPXMock, source: Source, shorter: int
) -> None:
    """Pages are prefetched as if all were as long as the first."""

    def respond(request: httpx.Request) -> httpx.Response:
        skip = int(request.url.params["skip"])
        size = 10 if skip // 30 == shorter else 30
        return httpx.Response(200, json=page_of(CATALOGUE[skip : skip + size], total=250))

    httpx_mock.add_callback(respond, is_reusable=True)
    assert ids(await rows(source)) == list(range(1, 251))


async def test_pages_after_the_first_are_requested_at_the_same_time(
    httpx_mock: HTTPXMock, source: Source
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
    httpx_mock: HTTPXMock, source: Source, total: int, at_most: int
) -> None:
    asked = serve(httpx_mock, CATALOGUE, total=total, at_most=at_most)
    assert ids(await rows(source)) == list(range(1, 251))
    assert asked[-1][0] == 250, "only an empty page is the end"


@pytest.mark.parametrize("limit", [1, 50, 51, 100, 101, 200, 250, 999])
async def test_limit_holds_beyond_the_total(httpx_mock: HTTPXMock, source: Source, limit: int) -> None:
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
    source: Source,
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
    httpx_mock: HTTPXMock, source: Source, totals: tuple[int, ...], delivered: int
) -> None:
    for number, total in enumerate(totals):
        respond_with(httpx_mock, page_of(CATALOGUE[100 * number : 100 * number + 100], total=total))
    assert len(await rows(source)) == delivered


async def test_total_that_grows_above_what_is_delivered_is_an_error(
    httpx_mock: HTTPXMock, source: Source
) -> None:
    respond_with(httpx_mock, page_of(CATALOGUE[:100], total=50), page_of([], total=194))
    with pytest.raises(SourceError, match="ended after 100 of 194 products"):
        await rows(source)


# --- requests -------------------------------------------------------------------------------------------


async def test_closing_early_leaves_no_request_in_progress(httpx_mock: HTTPXMock, source: Source) -> None:
    serve(httpx_mock, CATALOGUE)
    before = asyncio.all_tasks()
    delivery = source.pages(None)
    await anext(delivery)
    await delivery.aclose()
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("end", ["", "/", "//", "/?a=1"])
async def test_path_of_the_url_is_kept(httpx_mock: HTTPXMock, pool: httpx.AsyncClient, end: str) -> None:
    serve(httpx_mock, CATALOGUE)
    await rows(api_source(http_client(pool), f"{SOURCE_URL}{end}"))
    assert {request.url.path for request in httpx_mock.get_requests()} == {
        f"/products{end.partition('?')[0]}"
    }


@pytest.mark.parametrize(
    "query", ["key=a%26b+c%20d&flag&x=", "limit=0&key=a%26b+c%20d&skip=90&flag&x=&l%69mit=7"]
)
async def test_query_of_the_url_is_kept_except_for_paging(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, query: str
) -> None:
    serve(httpx_mock, CATALOGUE[:1])
    await rows(api_source(http_client(pool), f"{SOURCE_URL}?{query}"))
    (request,) = httpx_mock.get_requests()
    size = 7 if "%69" in query else 100
    assert request.url.query.decode() == f"key=a%26b+c%20d&flag&x=&limit={size}&skip=0"


async def test_limit_in_the_url_is_the_size_of_pages(httpx_mock: HTTPXMock, pool: httpx.AsyncClient) -> None:
    """Some servers refuse larger ones."""
    asked = serve(httpx_mock, CATALOGUE)
    source = api_source(http_client(pool), f"{SOURCE_URL}?limit=60")
    assert ids(await rows(source)) == list(range(1, 251))
    assert asked == [(skip, 60) for skip in range(0, 250, 60)]
