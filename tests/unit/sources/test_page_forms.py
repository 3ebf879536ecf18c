"""Pages of other APIs than DummyJSON's: arrays, `items`, `data`, `Link` headers and `next`."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.errors import SourceError
from medusa_sync.sources import paging
from medusa_sync.sources.base import Page, Source
from tests.unit.builders import SOURCE_URL, row
from tests.unit.sources.pages import CATALOGUE, Product, ids, page_of, pages, respond_with, rows

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits", "small_pages")]

FORMS: dict[str, Callable[[list[Product]], Any]] = {
    "array": lambda products: products,
    "products": lambda products: {"products": products, "data": {"page": 1}},
    "items": lambda products: {"items": products},
    "data": lambda products: {"data": products, "next": None, "total": None},
}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def serve(
    httpx_mock: HTTPXMock,
    products: list[Product],
    form: Callable[[list[Product]], Any],
    *,
    at_most: int = 100,
    ignored: tuple[str, ...] = (),
) -> list[tuple[int, int]]:
    """Respond with pages; returns `skip` and `limit` of each request, filled as they arrive."""
    asked: list[tuple[int, int]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        skip, limit = int(request.url.params["skip"]), int(request.url.params["limit"])
        asked.append((skip, limit))
        skip = 0 if "skip" in ignored else skip
        limit = at_most if "limit" in ignored else min(limit, at_most)
        return httpx.Response(200, json=form(products[skip : skip + limit]))

    httpx_mock.add_callback(respond, is_reusable=True)
    return asked


# --- without a total ------------------------------------------------------------------------------------


@every_form
@pytest.mark.parametrize(("size", "at_most"), [(250, 100), (200, 100), (99, 100), (100, 100), (250, 30)])
async def test_pages_are_requested_until_one_is_empty(
    httpx_mock: HTTPXMock,
    source: Source,
    form: Callable[[list[Product]], Any],
    size: int,
    at_most: int,
) -> None:
    asked = serve(httpx_mock, CATALOGUE[:size], form, at_most=at_most)
    assert ids(await rows(source)) == list(range(1, size + 1))
    assert [skip for skip, _limit in asked] == [*range(0, size, at_most), size]
    assert source.format == "JSON pages"


@every_form
async def test_empty_catalogue_is_complete(
    httpx_mock: HTTPXMock, source: Source, form: Callable[[list[Product]], Any]
) -> None:
    serve(httpx_mock, [], form)
    assert await pages(source) == [Page((), None)]


@every_form
@pytest.mark.parametrize("size", [1, 99, 101, 250])
async def test_source_that_ignores_both_parameters_sends_everything_twice(
    httpx_mock: HTTPXMock, source: Source, form: Callable[[list[Product]], Any], size: int
) -> None:
    asked = serve(httpx_mock, CATALOGUE[:size], form, at_most=250, ignored=("limit", "skip"))
    assert ids(await rows(source)) == list(range(1, size + 1))
    assert len(asked) == 2


@pytest.mark.parametrize("limit", [None, 150])
async def test_source_that_ignores_only_skip_is_an_error(
    httpx_mock: HTTPXMock, source: Source, limit: int | None
) -> None:
    """It may have more than one page."""
    serve(httpx_mock, CATALOGUE, FORMS["array"], ignored=("skip",))
    delivery = source.pages(limit)
    assert len((await anext(delivery)).rows) == 100
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: the source sent the same 100 products again"):
        await anext(delivery)


@pytest.mark.parametrize("name", ["has_more", "hasMore"])
@pytest.mark.parametrize("ignored", [("skip",), ("skip", "limit")])
async def test_source_that_has_more_but_does_not_send_it_is_an_error(
    httpx_mock: HTTPXMock, source: Source, name: str, ignored: tuple[str, ...]
) -> None:
    serve(
        httpx_mock,
        CATALOGUE[:80],
        lambda products: {"data": products, name: True},
        at_most=30,
        ignored=ignored,
    )
    with pytest.raises(SourceError, match="it has more products, but does not send them"):
        await rows(source)


async def test_source_that_has_more_on_all_pages_but_the_last_is_complete(
    httpx_mock: HTTPXMock, source: Source
) -> None:
    last = CATALOGUE[79]
    serve(
        httpx_mock,
        CATALOGUE[:80],
        lambda them: {"data": them, "has_more": bool(them) and last not in them},
        at_most=30,
    )
    assert ids(await rows(source)) == list(range(1, 81))


async def test_products_may_change_while_they_come_again(httpx_mock: HTTPXMock, source: Source) -> None:
    respond_with(httpx_mock, *([row(1, stock=stock), row(2, id=None)] for stock in (7, 6)))  # type: ignore[arg-type]  # no id
    assert len(await rows(source)) == 2


@pytest.mark.parametrize("limit", [1, 99, 100, 101, 250, 999])
async def test_limit_is_not_exceeded(httpx_mock: HTTPXMock, source: Source, limit: int) -> None:
    asked = serve(httpx_mock, CATALOGUE, FORMS["array"])
    assert ids(await rows(source, limit)) == list(range(1, min(limit, 250) + 1))
    assert all(0 < size <= limit - skip for skip, size in asked)


async def test_total_of_another_form_counts(httpx_mock: HTTPXMock, source: Source) -> None:
    serve(httpx_mock, CATALOGUE, lambda products: {"items": products, "total": 250})
    assert [page.total for page in await pages(source)] == [250, 250, 250]
    assert len(httpx_mock.get_requests()) == 3


async def test_other_form_that_ends_before_its_total_is_an_error(
    httpx_mock: HTTPXMock, source: Source
) -> None:
    serve(httpx_mock, CATALOGUE[:150], lambda products: {"data": products, "total": 250})
    with pytest.raises(SourceError, match="ended after 150 of 250 products"):
        await rows(source)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ({"items": {}}, "expected an array, or an object with `products`, `items` or `data`"),
        ({"items": [], "total": "2"}, r"total: Expected int \| null, got str"),
        ({"items": [], "next": 2}, r"next: Expected str \| null, got int"),
        ({"Products": []}, "expected an array, or an object with"),
    ],
)
async def test_other_forms_are_an_error(
    httpx_mock: HTTPXMock, source: Source, page: Product, words: str
) -> None:
    respond_with(httpx_mock, page)
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: the response is not a page of products: {words}"):
        await rows(source)


@every_form
async def test_only_dummyjson_is_asked_for_more(
    httpx_mock: HTTPXMock, source: Source, form: Callable[[list[Product]], Any]
) -> None:
    serve(httpx_mock, [], form)
    await rows(source)
    assert (await source.has("7"), await source.category_names()) == (None, {})
    assert len(httpx_mock.get_requests()) == 1


# --- pages that name the next one -----------------------------------------------------------------------

Name = Callable[[str], tuple[Mapping[str, str], Mapping[str, Any]]]
"""Returns headers and members of a page that names the next one."""

NAMES: dict[str, Name] = {
    "link": lambda url: ({"link": f'<{SOURCE_URL}>; rel="first", <{url}>; rel="next"'}, {}),
    "next": lambda url: ({}, {"next": url}),
    "both": lambda url: ({"link": f'<{url}>; rel="next"'}, {"next": url}),
}
every_name = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)


def serve_linked(
    httpx_mock: HTTPXMock,
    name: Name = NAMES["next"],
    *,
    url: str = "/products?after={}",
    size: int = 30,
    last: int = 250,
    **members: Any,
) -> None:
    """Respond with pages that name the next one by a URL with the position of its first product."""

    def respond(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("after", "0"))
        end = min(start + size, last)
        headers, more = name(url.format(end)) if end < last else ({}, {"next": None})
        page = {"items": CATALOGUE[start:end], **members, **more}
        return httpx.Response(200, json=page, headers=headers)

    httpx_mock.add_callback(respond, is_reusable=True)


@every_name
@pytest.mark.parametrize(
    "url",
    [
        f"{SOURCE_URL}?after={{}}",
        "https://SOURCE.example:443/products?after={}",
        "//source.example/products?after={}",
        "/products?after={}",
        "?after={}",
        "products?after={}#top",
    ],
)
async def test_every_page_that_is_named_is_read(
    httpx_mock: HTTPXMock, source: Source, name: Name, url: str
) -> None:
    serve_linked(httpx_mock, name, url=url)
    assert ids(await rows(source)) == list(range(1, 251))
    first, *others = (request.url for request in httpx_mock.get_requests())
    assert dict(first.params) == {"limit": "100", "skip": "0"}
    assert [str(other) for other in others] == [f"{SOURCE_URL}?after={n}" for n in range(30, 250, 30)]


async def test_array_may_have_a_link(httpx_mock: HTTPXMock, source: Source) -> None:
    httpx_mock.add_response(json=CATALOGUE[:2], headers={"link": '<?after=2>; rel="next"'})
    httpx_mock.add_response(json=CATALOGUE[2:3])
    assert ids(await rows(source)) == [1, 2, 3]


async def test_query_of_a_named_page_is_sent_as_it_is(httpx_mock: HTTPXMock, source: Source) -> None:
    httpx_mock.add_response(json={"items": [], "next": "?cursor=a%2Bb+c%20d&sig=x=="})
    httpx_mock.add_response(json={"items": []})
    await rows(source)
    assert httpx_mock.get_requests()[1].url.query == b"cursor=a%2Bb+c%20d&sig=x=="


@pytest.mark.parametrize("limit", [1, 30, 31, 60, 250, 999])
async def test_limit_ends_named_pages(httpx_mock: HTTPXMock, source: Source, limit: int) -> None:
    serve_linked(httpx_mock, total=250)
    assert ids(await rows(source, limit)) == list(range(1, min(limit, 250) + 1))
    assert len(httpx_mock.get_requests()) == min(-(-limit // 30), 9)


async def test_next_page_is_requested_while_the_caller_works(httpx_mock: HTTPXMock, source: Source) -> None:
    serve_linked(httpx_mock)
    delivery = source.pages(None)
    await anext(delivery)
    await asyncio.sleep(0.01)
    assert len(httpx_mock.get_requests()) == 2
    before = asyncio.all_tasks()
    await delivery.aclose()
    assert asyncio.all_tasks() <= before


@pytest.mark.parametrize(("total", "is_complete"), [(0, True), (249, True), (250, True), (251, False)])
async def test_named_pages_reach_the_total(
    httpx_mock: HTTPXMock,
    source: Source,
    total: int,
    is_complete: bool,  # noqa: FBT001 - a parameter
) -> None:
    serve_linked(httpx_mock, total=total)
    if is_complete:
        assert len(await rows(source)) == 250
        return
    with pytest.raises(SourceError, match="the source ended after 250 of 251 products"):
        await rows(source)


async def test_named_pages_of_products_are_not_dummyjson(httpx_mock: HTTPXMock, source: Source) -> None:
    respond_with(httpx_mock, page_of([row(1)], next="?after=1"), page_of([], total=1))
    await rows(source)
    assert (await source.has("7"), await source.category_names()) == (None, {})


async def test_page_is_relative_to_the_one_that_names_it(httpx_mock: HTTPXMock, source: Source) -> None:
    httpx_mock.add_response(302, headers={"location": "/v2/list?size=1"})
    httpx_mock.add_response(json={"items": [], "next": "more?after=1"})
    httpx_mock.add_response(json={"items": []})
    await rows(source)
    assert str(httpx_mock.get_requests()[-1].url) == "https://source.example/v2/more?after=1"


async def test_page_of_another_server_cannot_name_the_next_one(httpx_mock: HTTPXMock, source: Source) -> None:
    httpx_mock.add_response(302, headers={"location": "https://www.source.example/products"})
    httpx_mock.add_response(json={"items": [], "next": "?after=1"})
    with pytest.raises(SourceError, match=r"host or port: https://www\.source\.example$") as caught:
        await rows(source)
    assert "Set --source (SYNC_PRODUCTS_SOURCE) to the scheme, host and port" in caught.value.hint


@every_name
async def test_page_that_an_api_behind_a_proxy_names_with_http_is_requested_with_https(
    httpx_mock: HTTPXMock, source: Source, name: Name
) -> None:
    serve_linked(httpx_mock, name, url="http://source.example/products?after=1")
    httpx_mock.add_response(json={"items": []})
    await rows(source)
    assert str(httpx_mock.get_requests()[-1].url) == "https://source.example/products?after=1"


@every_name
@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://other.example/products", "https://other.example"),
        ("https://sub.source.example/products", "https://sub.source.example"),
        ("http://source.example:8080/products", "http://source.example:8080"),
        ("https://source.example:8443/products", "https://source.example:8443"),
        ("https://source.example@other.example/products", "https://other.example"),
        ("//other.example/products", "https://other.example"),
        ("ftp://source.example/products", "ftp://source.example"),
    ],
)
async def test_page_elsewhere_is_an_error(
    httpx_mock: HTTPXMock, source: Source, name: Name, url: str, place: str
) -> None:
    serve_linked(httpx_mock, name, url=url)
    with pytest.raises(SourceError) as caught:
        await rows(source)
    assert str(caught.value) == f"{SOURCE_URL}: the next page has another scheme, host or port: {place}"
    assert len(httpx_mock.get_requests()) == 1


@pytest.mark.parametrize("url", ["http://[", "https://source.example:x/", "//source.example:x", "/\x00"])
async def test_invalid_url_of_a_page_is_an_error_after_its_products(
    httpx_mock: HTTPXMock, source: Source, url: str
) -> None:
    serve_linked(httpx_mock, url=url)
    delivery = source.pages(None)
    assert len((await anext(delivery)).rows) == 30
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: the URL of the next page is invalid"):
        await anext(delivery)


async def test_credentials_in_the_url_of_a_page_are_not_used(httpx_mock: HTTPXMock, source: Source) -> None:
    serve_linked(httpx_mock, url="https://me:hush@source.example/products?after={}", last=60)
    await rows(source)
    assert [request.headers.get("authorization") for request in httpx_mock.get_requests()] == [None, None]


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


async def test_a_source_whose_total_grows_with_each_page_is_an_error(
    httpx_mock: HTTPXMock, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MAX_PRODUCTS", 150)
    serve(httpx_mock, CATALOGUE, FORMS["items"])
    with pytest.raises(
        SourceError, match=f"{SOURCE_URL}: the source does not end: it has sent more than 150"
    ):
        await rows(source)


@pytest.mark.parametrize("url", ["?after=30", "?after=30#again"])
async def test_loop_of_pages_is_an_error(httpx_mock: HTTPXMock, source: Source, url: str) -> None:
    serve_linked(httpx_mock, url=url)
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: the pages form a loop"):
        await rows(source)
    assert len(httpx_mock.get_requests()) <= 3


async def test_number_of_pages_is_limited(
    httpx_mock: HTTPXMock, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MAX_PAGES", 3)
    serve_linked(httpx_mock)
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: the source does not end: it has more than 3 pages"):
        await rows(source)
    assert len(httpx_mock.get_requests()) == 3


def serve_cursors(httpx_mock: HTTPXMock, pages: Callable[[int], list[Product]]) -> None:
    """Respond with pages that all name a next one."""

    def respond(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("cursor", "0"))
        return httpx.Response(200, json={"items": pages(number), "next": f"?cursor={number + 1}"})

    httpx_mock.add_callback(respond, is_reusable=True)


async def test_cursors_that_never_end_are_an_error_after_100_empty_pages(
    httpx_mock: HTTPXMock, source: Source
) -> None:
    serve_cursors(httpx_mock, lambda number: CATALOGUE[:30] if number == 0 else [])
    delivery = source.pages(None)
    assert len((await anext(delivery)).rows) == 30
    with pytest.raises(
        SourceError, match=f"{SOURCE_URL}: the source does not end: .* 100 empty pages"
    ) as caught:
        [page async for page in delivery]
    assert "Nothing was removed" in caught.value.hint
    assert len(httpx_mock.get_requests()) == 101


async def test_fewer_empty_pages_in_a_row_are_not_the_end(httpx_mock: HTTPXMock, source: Source) -> None:
    serve_cursors(httpx_mock, lambda number: [] if number % 100 else CATALOGUE[number // 100 :][:1])
    assert ids(await rows(source, 3)) == [1, 2, 3]


@pytest.mark.parametrize(
    ("response", "words"),
    [
        ({"status_code": 404, "json": {"message": "no"}}, "the server responded with 404: no"),
        ({"html": "<html>"}, "is HTML, not JSON"),
        ({"json": {"items": 3}}, "is not a page of products"),
    ],
)
async def test_broken_page_is_an_error_without_its_query(
    httpx_mock: HTTPXMock, source: Source, response: dict[str, Any], words: str
) -> None:
    httpx_mock.add_response(json={"items": [], "next": "/products/2?key=hush"})
    httpx_mock.add_response(**response)
    with pytest.raises(SourceError, match=f"{SOURCE_URL}/2: .*{words}") as caught:
        await rows(source)
    assert "hush" not in str(caught.value)


# --- responses that are not JSON ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "body", "format_"),
    [
        ("text/csv", b"id,title,price\n1,A,2\n", "CSV (medusa-sync)"),
        ("application/json", b"id,title,price\n1,A,2\n", "CSV (medusa-sync)"),
        ("application/xml", b"<?xml version='1.0'?><rss/>", "RSS (Google Merchant)"),
        ("text/plain", b'{"id": 1}\n{"id": 2}\n', "NDJSON"),
        ("application/x-ndjson", b'{"id": 1}\n', "NDJSON"),
        ("application/json", gzip.compress(b"[]"), "JSON, gzip"),
    ],
)
async def test_other_responses_are_read_as_files(
    httpx_mock: HTTPXMock, source: Source, content_type: str, body: bytes, format_: str
) -> None:
    for each in (body[:10], body):  # as it is given, it may be longer
        httpx_mock.add_response(content=each, headers={"content-type": content_type})
    await pages(source, 5)
    assert source.format == format_
    assert (await source.category_names(), await source.has("1")) == ({}, None)
    assert [str(each.url) for each in httpx_mock.get_requests()] == [
        f"{SOURCE_URL}?limit=5&skip=0",
        SOURCE_URL,
    ]


@pytest.mark.parametrize("body", [b"nothing known", b"<!DOCTYPE html><p>", b"\x28\xb5\x2f\xfd"])
async def test_response_that_is_no_catalogue_is_an_error(
    httpx_mock: HTTPXMock, source: Source, body: bytes
) -> None:
    respond_with(httpx_mock, body, body)
    with pytest.raises(SourceError, match=SOURCE_URL):
        await pages(source)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
@pytest.mark.parametrize(
    "body", [b'{"products": [], "total": 0}', b'\xef\xbb\xbf\n{\n"items": []}', b"[]", b'{"data": []}\n']
)
async def test_pages_are_no_files(
    httpx_mock: HTTPXMock, source: Source, content_type: str, body: bytes
) -> None:
    httpx_mock.add_response(content=body, headers={"content-type": content_type})
    assert (await rows(source), source.format) == ([], "JSON pages")


async def test_page_that_is_cut_off_is_an_error(httpx_mock: HTTPXMock, source: Source) -> None:
    """Not what came of it: the rest may have products too."""

    class CutOff(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            yield b'{"products": [], "total": 0}'
            raise httpx.RemoteProtocolError("peer left")

    for _ in range(3):
        httpx_mock.add_response(stream=CutOff())
    with pytest.raises(SourceError, match=f"GET {SOURCE_URL}: peer left"):
        await rows(source)
