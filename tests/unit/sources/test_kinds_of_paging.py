"""APIs that count their pages, that name them by a cursor, or that refuse large ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from docs.build import kinds_table
from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Source
from medusa_sync.sync.read.source import Delivery
from tests.unit.builders import SOURCE_URL, http_client
from tests.unit.sources.pages import CATALOGUE, api_source, ids, rows

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits", "small_pages")]

Members = Callable[[int, int], dict[str, Any]]


def source_of(pool: httpx.AsyncClient, query: str) -> Source:
    return api_source(http_client(pool, unavailable=SourceError), f"{SOURCE_URL}?{query}")


def serve_numbered(
    httpx_mock: HTTPXMock,
    members: Members = lambda _page, _pages: {},
    *,
    size: int = 20,
    ignored: bool = False,
) -> list[dict[str, str]]:
    """Respond with pages by their numbers; returns the queries, filled as they arrive."""
    asked: list[dict[str, str]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        page = 1 if ignored else int(request.url.params.get("page", "1"))
        products = CATALOGUE[size * (page - 1) : size * page]
        pages = -(-len(CATALOGUE) // size)
        return httpx.Response(200, json={"items": products, **members(page, pages)})

    httpx_mock.add_callback(respond, is_reusable=True)
    return asked


MEMBERS: dict[str, tuple[Members, int]] = {  # with the number of requests
    "nothing": (lambda _page, _pages: {}, 14),
    "total": (lambda _page, _pages: {"total": 250}, 13),
    "total_pages": (lambda _page, pages: {"total_pages": pages}, 13),
    "totalPages": (lambda page, pages: {"page": page, "totalPages": pages}, 13),
}


@pytest.mark.parametrize("name", MEMBERS)
async def test_a_url_with_a_page_is_read_by_page_numbers(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, name: str
) -> None:
    members, count = MEMBERS[name]
    asked = serve_numbered(httpx_mock, members)
    assert ids(await rows(source_of(pool, "key=a&page=1&limit=20"))) == list(range(1, 251))
    assert len(asked) == count
    assert {(each["key"], each["limit"]) for each in asked} == {("a", "20")}
    assert sorted(int(each["page"]) for each in asked) == list(range(1, count + 1))


async def test_pages_may_begin_with_a_later_one(httpx_mock: HTTPXMock, pool: httpx.AsyncClient) -> None:
    serve_numbered(httpx_mock)
    assert ids(await rows(source_of(pool, "page=12"))) == list(range(221, 251))


@pytest.mark.parametrize("limit", [1, 20, 21, 100])
async def test_limit_ends_numbered_pages(httpx_mock: HTTPXMock, pool: httpx.AsyncClient, limit: int) -> None:
    serve_numbered(httpx_mock)
    assert ids(await rows(source_of(pool, "page=1"), limit)) == list(range(1, limit + 1))


async def test_a_server_that_ignores_the_page_is_an_error(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    serve_numbered(httpx_mock, ignored=True)
    with pytest.raises(SourceError, match="the source sent the same 20 products again"):
        await rows(source_of(pool, "page=1"))


@pytest.mark.parametrize("total", [None, 260])
async def test_numbered_pages_that_end_early_are_an_error(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, total: int | None
) -> None:
    serve_numbered(httpx_mock, lambda _page, _pages: {"total": total, "total_pages": 15})
    if total is None:
        assert len(await rows(source_of(pool, "page=1"))) == 250
        return
    with pytest.raises(SourceError, match="ended after 250 of 260 products"):
        await rows(source_of(pool, "page=1"))


async def test_an_empty_page_is_not_the_end_if_there_are_more(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient
) -> None:
    pages = [CATALOGUE[:5], [], CATALOGUE[5:7], []]

    def respond(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page"])
        return httpx.Response(200, json={"items": pages[number - 1], "totalPages": 4})

    httpx_mock.add_callback(respond, is_reusable=True)
    delivery = Delivery(source_of(pool, "page=1"), limit=None)
    assert ids([row async for page in delivery.pages() for row in page]) == list(range(1, 8))


@pytest.mark.parametrize("name", ["total_pages", "totalPages"])
async def test_an_api_that_says_it_has_more_pages_is_not_taken_for_complete(
    httpx_mock: HTTPXMock, source: Source, name: str
) -> None:
    """It ignores `skip`, and has a size of pages of its own."""
    serve_numbered(httpx_mock, lambda _page, pages: {name: pages})
    with pytest.raises(SourceError, match="it has more products, but does not send them") as caught:
        await rows(source)
    assert "page=1" in caught.value.hint


# --- cursors --------------------------------------------------------------------------------------------


def serve_cursors(httpx_mock: HTTPXMock, following: Callable[[int], Any]) -> list[dict[str, str]]:
    asked: list[dict[str, str]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        start = int(request.url.params.get("cursor", "0 &").split()[0])
        cursor = following(start + 60)
        return httpx.Response(200, json={"data": CATALOGUE[start : start + 60], "next_cursor": cursor})

    httpx_mock.add_callback(respond, is_reusable=True)
    return asked


@pytest.mark.parametrize("end", [None, ""])
async def test_cursors_are_followed_to_the_last(
    httpx_mock: HTTPXMock, source: Source, end: str | None
) -> None:
    asked = serve_cursors(httpx_mock, lambda start: f"{start} &" if start < 250 else end)
    assert ids(await rows(source)) == list(range(1, 251))
    assert asked[1:] == [{"limit": "100", "cursor": f"{start} &"} for start in (60, 120, 180, 240)]


async def test_a_loop_of_cursors_is_an_error(httpx_mock: HTTPXMock, source: Source) -> None:
    serve_cursors(httpx_mock, lambda _start: "60 &")
    with pytest.raises(SourceError, match="the pages form a loop"):
        await rows(source)


# --- the size of pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_page_size_that_is_refused_is_made_smaller(
    httpx_mock: HTTPXMock, source: Source, status: int
) -> None:
    asked: list[tuple[int, int]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        limit, skip = int(request.url.params["limit"]), int(request.url.params["skip"])
        asked.append((limit, skip))
        if limit > 50:
            return httpx.Response(status, json={"message": "limit must not be above 50"})
        return httpx.Response(200, json={"data": CATALOGUE[skip : skip + limit]})

    httpx_mock.add_callback(respond, is_reusable=True)
    assert ids(await rows(source)) == list(range(1, 251))
    assert asked == [(100, 0), *((50, skip) for skip in range(0, 300, 50))]


async def test_every_kind_is_documented() -> None:
    assert [line.split(" | ")[0] for line in kinds_table().splitlines()[2:]] == [
        f"| {name}" for name in ("page number", "link", "cursor", "offset")
    ]
