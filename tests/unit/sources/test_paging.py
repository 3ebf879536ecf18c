"""Pages of APIs: each product is delivered once, and an end that nothing proves is an error."""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.errors import SourceError
from medusa_sync.sources import paging
from medusa_sync.sources.base import Source
from tests.unit.builders import SOURCE_URL, http_client, row
from tests.unit.sources.pages import CATALOGUE, Product, api_source, ids, page_of, respond_with, rows

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits", "small_pages")]

Query = Mapping[str, str]
Answer = Callable[[list[Product], int], Any]
"""The page of these products, of which the last one is at this position of the catalogue."""


def with_token(name: str, them: list[Product], end: int) -> Product:
    return {"data": them, name: f"{end} &" if end < 250 else ""}


# Each with how many requests more than pages show its end.
KINDS: dict[str, tuple[Answer, int]] = {
    "dummyjson": (lambda them, _: page_of(them, total=250), 0),
    "small-total": (lambda them, _: page_of(them, total=50), 1),
    "no-total": (lambda them, _: page_of(them, total=0), 1),
    "array": (lambda them, _: them, 1),
    "products": (lambda them, _: {"products": them, "data": {"page": 1}}, 1),
    "items": (lambda them, _: {"items": them, "total": 250}, 0),
    "data": (lambda them, end: {"data": them, "next": None, "total": None, "has_more": end < 250}, 1),
    "link": (
        lambda them, end: httpx.Response(
            200,
            json=them,
            headers={"link": f'<{SOURCE_URL}>; rel="first", <?after={end}>; rel="next"'} if end < 250 else {},
        ),
        0,
    ),
    "next": (
        lambda them, end: {"items": them, "next": f"?after={end}" if end < 250 else None, "total": 250},
        0,
    ),
    "links": (
        lambda them, end: {
            "data": them,
            "links": {"next": {"href": f"?after={end}"} if end < 250 else None},
            "meta": {"pagination": {"totalItems": 250}},
        },
        0,
    ),
    "rel": (
        lambda them, end: {
            "items": them,
            "links": [{"rel": "self", "href": "/"}, {"rel": "next", "href": f"?after={end}"}][
                : 1 + (end < 250)
            ],
        },
        0,
    ),
    "next_page_url": (
        lambda them, end: {"data": them, "next_page_url": f"/?after={end}" if end < 250 else ""},
        0,
    ),
    "x-total-count": (lambda them, _: httpx.Response(200, json=them, headers={"X-Total-Count": "250"}), 0),
    "yii": (
        lambda them, _: httpx.Response(200, json=them, headers={"X-Pagination-Total-Count": "250"}),
        0,
    ),
    "content-range": (
        lambda them, end: httpx.Response(
            200, json=them, headers={"Content-Range": f"products {end - len(them)}-{end - 1}/250"}
        ),
        0,
    ),
    "asp.net": (
        lambda them, _: httpx.Response(200, json=them, headers={"X-Pagination": '{"TotalCount": 250}'}),
        0,
    ),
    **{
        name: (partial(with_token, name), 0)
        for name in ("next_cursor", "nextPageToken", "continuationToken", "cursor", "offset")
    },
    "number": (lambda them, end: {"data": them, "next_cursor": end if end < 250 else None}, 0),
    "paging": (
        lambda them, end: {
            "results": them,
            "paging": {"next": {"after": "x", "link": f"?after={end}"}} if end < 250 else {},
        },
        0,
    ),
}
ARRAY, NEXT = KINDS["array"][0], KINDS["next"][0]


def serve(
    httpx_mock: HTTPXMock,
    answer: Answer = KINDS["dummyjson"][0],
    *,
    products: list[Product] = CATALOGUE,
    at_most: int = 100,
    ignored: str = "",
) -> list[Query]:
    """Respond with pages, however they are requested; returns the queries, filled as they arrive."""
    asked: list[Query] = []

    def respond(request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        asked.append(query)
        size = min(int(query.get("limit", at_most)), at_most)
        others = {"limit", "key", "flag", "a", "x"}
        name, place = next(((name, value) for name, value in query.items() if name not in others), ("", "0"))
        start = int(place.split()[0])
        start = 20 * (start - 1) if re.search("page]?$|number", name.lower()) else start
        start = 0 if ignored else start
        size = at_most if ignored == "both" else size
        them = products[start : start + size]
        found = answer(them, start + len(them))
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

    httpx_mock.add_callback(respond, is_reusable=True)
    return asked


def source_of(pool: httpx.AsyncClient, query: str = "") -> Source:
    return api_source(http_client(pool, unavailable=SourceError), f"{SOURCE_URL}?{query}")


# --- to the last product --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
async def test_every_product_is_delivered_once(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, kind: str
) -> None:
    answer, more = KINDS[kind]
    for at_most, limits in {100: (None, 1, 100, 101), 30: (51, 250)}.items():
        httpx_mock.reset()
        asked = serve(httpx_mock, answer, at_most=at_most)
        for limit in limits:
            asked.clear()
            source = source_of(pool)
            assert ids(await rows(source, limit)) == list(range(1, (limit or 250) + 1))
            assert source.format == "JSON pages"
            assert all(0 < int(each["limit"]) <= min(limit or 100, 100) for each in asked if "limit" in each)
            assert len(asked) <= -(-(limit or 250) // at_most) + more


@pytest.mark.parametrize(
    ("answer", "requests"),
    [
        (ARRAY, 14),
        (lambda them, _: {"items": them, "next": "?page=99"}, 14),
        (lambda them, end: {"results": them} | ({"next": {"page": 2}} if end < 250 else {}), 14),
        (lambda them, end: {"items": them, "links": {"next": "?page=9" if end < 250 else None}}, 13),
        (lambda them, end: {"items": them, "pageInfo": {"hasNextPage": end < 250}}, 13),
        (lambda them, _: {"items": them, "total": 250}, 13),
        (lambda them, _: {"items": them, "total_pages": -(-250 // 20)}, 13),
        (lambda them, _: {"items": them, "page": 1, "totalPages": -(-250 // 20)}, 13),
    ],
)
async def test_a_url_with_a_page_is_read_by_page_numbers(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, answer: Answer, requests: int
) -> None:
    asked = serve(httpx_mock, answer, at_most=20)
    for limit in (21, None):
        asked.clear()
        assert ids(await rows(source_of(pool, "key=a&page=1&limit=20"), limit)) == list(
            range(1, (limit or 250) + 1)
        )
        assert {(each["key"], each["limit"]) for each in asked} == {("a", "20")}
    assert sorted(int(each["page"]) for each in asked) == list(range(1, requests + 1))
    if answer is ARRAY:
        assert ids(await rows(source_of(pool, "page=12"), 25)) == list(range(221, 246))
        with pytest.raises(
            SourceError, match="the URL begins at page 12, so the products before it are missing"
        ):
            await rows(source_of(pool, "page=12"))


@pytest.mark.parametrize(
    ("name", "asked_for"),
    [
        *((name, range(0, 250, 20)) for name in ("offset", "page[offset]", "pagination[start]")),
        *((name, range(1, 14)) for name in ("PAGE", "page_number", "page%5Bnumber%5D", "pagination[page]")),
        ("searchCriteria[currentPage]", range(1, 14)),
    ],
)
async def test_the_url_names_what_tells_pages_apart(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, name: str, asked_for: range
) -> None:
    asked = serve(httpx_mock, KINDS["items"][0], at_most=20)
    assert ids(await rows(source_of(pool, f"{name}={asked_for[0]}&a=1"))) == list(range(1, 251))
    assert sorted(int(each[unquote(name)]) for each in asked) == list(asked_for)


@pytest.mark.parametrize(
    ("answer", "products", "how"),
    [
        *((ARRAY, CATALOGUE[:size], {"at_most": 250, "ignored": "both"}) for size in (1, 99, 101, 250)),
        *(
            (KINDS["small-total"][0], [CATALOGUE[0] | change, *CATALOGUE[1:100]], {"ignored": "skip"})
            for change in ({}, {"price": -1}, {"id": None})
        ),
    ],
)
async def test_the_same_page_again_is_the_end_if_it_can_be_everything(
    httpx_mock: HTTPXMock, source: Source, answer: Answer, products: list[Product], how: dict[str, Any]
) -> None:
    asked = serve(httpx_mock, answer, products=products, **how)
    assert (len(await rows(source)), len(asked)) == (len(products), 2)


@pytest.mark.parametrize("size", [99, 100, 101])
async def test_a_static_file_may_have_as_many_products_as_are_requested(
    httpx_mock: HTTPXMock, source: Source, size: int
) -> None:
    """It sends all of them, too, if fewer are requested."""
    httpx_mock.add_response(json=CATALOGUE[:size], is_reusable=True)
    assert len(await rows(source)) == size


async def test_products_may_change_while_they_come_again(httpx_mock: HTTPXMock, source: Source) -> None:
    respond_with(httpx_mock, *([row(1, stock=stock), row(2, id=None)] for stock in (7, 6)))
    assert len(await rows(source)) == 2


@pytest.mark.parametrize(
    ("totals", "delivered"),
    [
        ((102, 101), 101),
        ((250, 50, 50, 50), 250),  # shrinks below what was delivered: read to the end
        ((50, 250, 250), 250),  # grows above it: the usual end
        ((50, 200), 200),  # exactly what was delivered
    ],
)
async def test_latest_total_counts(
    httpx_mock: HTTPXMock, source: Source, totals: tuple[int, ...], delivered: int
) -> None:
    for number, total in enumerate(totals):
        them = CATALOGUE[100 * number : min(100 * number + 100, delivered)]
        respond_with(httpx_mock, page_of(them, total=total))
    assert len(await rows(source)) == delivered


@pytest.mark.parametrize("shorter", [1, 3])
async def test_a_later_page_may_be_shorter_than_the_first(
    httpx_mock: HTTPXMock, source: Source, shorter: int
) -> None:
    """Pages are prefetched as if all were as long as the first."""

    def respond(request: httpx.Request) -> httpx.Response:
        skip = int(request.url.params["skip"])
        size = 10 if skip // 30 == shorter else 30
        return httpx.Response(200, json=page_of(CATALOGUE[skip : skip + size], total=250))

    httpx_mock.add_callback(respond, is_reusable=True)
    assert ids(await rows(source)) == list(range(1, 251))


@pytest.mark.parametrize("query", ["page=1", "limit=20&skip=0", "offset=0"])
async def test_a_url_that_ends_like_a_file_but_names_a_page_is_an_api(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, query: str
) -> None:
    serve(httpx_mock, at_most=20, answer=ARRAY)
    source = api_source(http_client(pool), f"{SOURCE_URL}.json?{query}")
    assert ids(await rows(source)) == list(range(1, 251))
    assert source.format == "JSON pages"


async def test_an_empty_page_is_not_the_end_if_there_are_more(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    them = iter([CATALOGUE[:5], [], CATALOGUE[5:7], []])
    serve(httpx_mock, lambda _them, _: {"items": next(them), "totalPages": 4})
    assert ids(await rows(source_of(pool, "page=1"))) == list(range(1, 8))


# --- ends that nothing proves ---------------------------------------------------------------------------

MORE = "it has more products, but does not send them"


@pytest.mark.parametrize(
    ("answer", "how", "words"),
    [
        (ARRAY, {"ignored": "skip"}, "the source sent the same 100 products again"),
        (ARRAY, {"query": "page=1", "at_most": 20, "ignored": "both"}, "sent the same 20 products again"),
        *(
            (lambda them, _, name=name: {"data": them, name: True}, how, MORE)
            for name in ("has_more", "hasMore")
            for how in (
                {"products": CATALOGUE[:80], "at_most": 30},
                {"products": CATALOGUE[:80], "at_most": 30, "ignored": "both"},
            )
        ),
        *(
            (lambda them, _, name=name: {"items": them, name: 13}, {"at_most": 20, "ignored": "both"}, MORE)
            for name in ("total_pages", "totalPages", "last_page")
        ),
        *(
            (lambda them, _, said=said: {"data": them} | said, {"at_most": 20, "ignored": "both"}, words)
            for said, words in (
                ({"nextToken": "x"}, MORE),
                ({"next": "x"}, MORE),
                *(
                    ({name: "x"}, MORE)
                    for name in ("NextMarker", "@odata.nextLink", "moreRecords", "next-start")
                ),
                *(({name: False}, MORE) for name in ("done", "last", "isLastPage")),
                *(
                    ({name: 250}, "the source repeats itself")
                    for name in ("totalSize", "@odata.count", "__count")
                ),
                ({"meta": {"next_page": 2}}, MORE),
                ({"next": {"page": 2, "limit": 20}}, MORE),
                ({"page_info": {"hasNextPage": True}}, MORE),
                ({"_meta": {"pagination": {"pageCount": 13}}}, MORE),
                *(
                    (said, MORE)
                    for said in (
                        {"page": 1, "pages": 13},
                        {"pager": {"current": 1, "pages": 13}},
                        {"paginator": {"num_pages": 13}},
                        {"num_pages": 13},
                        {"LastEvaluatedKey": {"id": {"S": "20"}}},
                    )
                ),
                ({"meta": {"total_count": 250}}, "the source repeats itself"),
                ({"page": {"totalElements": 250}}, "the source repeats itself"),
                ({"response_metadata": {"next_cursor": True}}, MORE),
                ({"paging_info": {"next_offset": 20}}, MORE),
                *(
                    (said, "the source repeats itself")
                    for said in (
                        {"info": {"count": 250}},
                        {"result_info": {"total_count": 250}},
                        {"recordsTotal": 250},
                        {"numFound": 250},
                        {"nbHits": 250},
                        {"total": {"value": 250, "relation": "eq"}},
                        {"found": 250},
                        {"result_count": 250},
                        {"summary": {"total": 250}},
                    )
                ),
            )
        ),
        (KINDS["items"][0], {"products": CATALOGUE[:150]}, "the source ended after 150 of 250 products"),
        (
            lambda them, end: {
                "items": them,
                "next": f"?after={end}" if end < 200 else None,
                "has_more": True,
            },
            {},
            "says that there are more, but not at which URL",
        ),
        (
            lambda them, _: page_of(them, total=50 if them else 194),  # grows above what is delivered
            {"products": CATALOGUE[:100]},
            "ended after 100 of 194 products",
        ),
        (lambda them, end: NEXT(them, end) | {"total": 251}, {}, "ended after 250 of 251 products"),
        (
            lambda them, _: {"items": them, "total": 260, "total_pages": 15},
            {"query": "page=1", "at_most": 20},
            "ended after 250 of 260 products",
        ),
        *(
            (
                lambda them, _, known=known: {"items": them} | known,
                {"query": "page=12", "at_most": 20},
                "the URL begins at page 12",
            )
            for known in ({"total": 250}, {"total_pages": 13})
        ),
        *(
            (lambda them, _, where=where: {"items": them} | where, {}, "the pages form a loop")
            for where in ({"next": "?after=30"}, {"next": "?after=30#again"}, {"next_cursor": "60 &"})
        ),
    ],
)
async def test_an_end_that_is_not_proven_is_an_error(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, answer: Answer, how: dict[str, Any], words: str
) -> None:
    how = dict(how)
    query = how.pop("query", "")
    serve(httpx_mock, answer, **how)
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: .*{words}") as caught:
        await rows(source_of(pool, query))
    assert caught.value.hint


async def test_a_scroll_that_does_not_move_is_an_error(httpx_mock: HTTPXMock, source: Source) -> None:
    page = {"items": CATALOGUE[:20], "_scroll_id": "DXF1ZXJ5"}
    httpx_mock.add_response(json=page, is_reusable=True)
    with pytest.raises(SourceError, match="the source repeats itself"):
        await rows(source)


async def test_a_page_that_comes_again_is_an_error(httpx_mock: HTTPXMock, source: Source) -> None:
    """Its products may have changed; one product may move to the next page."""
    one, two, three = row(1), row(2, price=-1), row(3)
    respond_with(
        httpx_mock,
        page_of([one, two], next="?after=1"),
        page_of([two], next="?after=2"),
        page_of([two, three], next="?after=3"),
        page_of([one | {"title": "New"}, two], next="?after=4"),
    )
    delivery = source.pages(None)
    assert [len((await anext(delivery)).rows) for _ in range(3)] == [2, 1, 2]
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: the source repeats itself"):
        await anext(delivery)


@pytest.mark.parametrize(
    ("limit", "value", "count"), [("MAX_PRODUCTS", 150, "150"), ("MAX_PAGES", 3, "3 pages")]
)
async def test_a_source_without_an_end_is_an_error(
    httpx_mock: HTTPXMock, source: Source, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, count: str
) -> None:
    monkeypatch.setattr(paging, limit, value)
    serve(httpx_mock, NEXT, at_most=60)
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: the source does not end: .* more than {count}"):
        await rows(source)
    assert len(httpx_mock.get_requests()) == 3


async def test_100_empty_pages_in_a_row_are_an_error(httpx_mock: HTTPXMock, source: Source) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("cursor", "0"))
        them = CATALOGUE[number // 100 :][:1] if number in {0, 100} else []
        return httpx.Response(200, json={"items": them, "next": f"?cursor={number + 1}"})

    httpx_mock.add_callback(respond, is_reusable=True)
    delivery = source.pages(None)
    assert ids([row for _ in range(101) for row in (await anext(delivery)).rows]) == [1, 2]
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: the source does not end: .* 100 empty pages"):
        [page async for page in delivery]
    assert len(httpx_mock.get_requests()) == 201


# --- requests -------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("kind", ["dummyjson", "next"])
async def test_the_next_page_is_requested_early_and_nothing_is_left_of_it(
    httpx_mock: HTTPXMock, source: Source, kind: str
) -> None:
    serve(httpx_mock, KINDS[kind][0])
    before = asyncio.all_tasks()
    delivery = source.pages(None)
    await anext(delivery)
    await asyncio.sleep(0.01)
    assert len(httpx_mock.get_requests()) >= 2
    await delivery.aclose()
    assert asyncio.all_tasks() <= before


@pytest.mark.parametrize(
    ("url", "requested"),
    [
        ("", "?limit=100&skip=0"),
        ("//?key=a%26b+c%20d&flag&x=", "//?key=a%26b+c%20d&flag&x=&limit=100&skip=0"),
        ("/?limit=0&a=1&skip=90&l%69mit=7", "/?a=1&limit=7&skip=0"),
        ("?limit=60", "?limit=60&skip=0"),  # some servers refuse larger pages
        ("?offset=5&a=1", "?a=1&limit=100&offset=0"),
    ],
)
async def test_the_url_is_kept_except_for_paging(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, url: str, requested: str
) -> None:
    serve(httpx_mock, lambda them, _: page_of(them, total=1), products=CATALOGUE[:1])
    await rows(api_source(http_client(pool), f"{SOURCE_URL}{url}"))
    assert [str(each.url) for each in httpx_mock.get_requests()] == [f"{SOURCE_URL}{requested}"]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_page_size_that_is_refused_is_made_smaller(
    httpx_mock: HTTPXMock, source: Source, status: int
) -> None:
    refused = httpx.Response(status, json={"message": "limit must not be above 50"})
    asked = serve(httpx_mock, lambda them, _: refused if len(them) > 50 else them)
    assert ids(await rows(source)) == list(range(1, 251))
    assert [(each["limit"], each["skip"]) for each in asked] == [
        ("100", "0"),
        *(("50", str(skip)) for skip in range(0, 300, 50)),
    ]
