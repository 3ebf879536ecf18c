"""Responses that are broken, too large or no pages of products, and what only DummyJSON says."""

import gzip
import json
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import http
from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Page, Rejected, Source
from tests.harness import catalogue
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import SOURCE_URL, Body, desired_product, http_client, respond, row
from tests.unit.sources.pages import (
    DEEP,
    PAGE,
    Product,
    api_source,
    body_of,
    ids,
    page_of,
    pages,
    respond_with,
    rows,
)

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits", "small_pages")]

MB = 2**20
NO_LIST = "the response has no list of products"
LINES = b"".join(json.dumps(row(number, description="x" * 10_000)).encode() + b"\n" for number in range(300))


# --- broken responses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("responses", "words"),
    [
        ([b"<!doctype html><h1>Back soon</h1>"], "is HTML, not JSON"),
        ([PAGE[: len(PAGE) // 2]], "is not complete JSON"),
        ([b""], "is not complete JSON"),
        ([PAGE.replace(b"title", b"t\xeftle")], "is not UTF-8"),
        ([DEEP], "is not complete JSON"),
        ([b'{"next":' + DEEP], "is nested too deeply"),
        ([b"null"], "the response is not a list of products in JSON"),
        ([page_of([], products=ABSENT)], NO_LIST),
        ([{"items": {}}], NO_LIST),
        ([{"Products": []}], NO_LIST),
        ([{"products": [row(1)], "items": [row(2)]}], "has two lists of products, products and items"),
        ([page_of([], products={"1": {}})], NO_LIST),
        ([{"items": [], "total": "2"}], "the source ended after 0 of 2 products"),
        ([{"items": [row(1)], "next": 2}] * 2, "the source says that it has more products"),
        ([page_of([row(1)], total=2), page_of([], total=2)], "ended after 1 of 2 products"),
        ([page_of([], total=194)], "ended after 0 of 194 products"),
        ([page_of([row(1)], total=2), b"<html>"], "is HTML, not JSON"),
        ([page_of([row(1)], total=2), 500, 500, 500], "the server responded with 500"),
        ([400, 400], "the server responded with 400"),
        ([404], "the server responded with 404"),
        ([204], "the server responded with 204"),
        ([429] * 3, "the server responded with 429"),
        ([httpx.ConnectError("refused")] * 3, r"no connection \(refused\)"),
        ([httpx.ReadTimeout("")] * 3, "no complete response within the time limit"),
        ([httpx.RemoteProtocolError("peer left")] * 3, "peer left"),
    ],
)
async def test_a_broken_response_is_an_error(
    httpx_mock: HTTPXMock, json_source: Source, responses: list[bytes | int | Exception | Product], words: str
) -> None:
    respond_with(httpx_mock, *responses)
    with pytest.raises(SourceError, match=words) as caught:
        await rows(json_source)
    assert SOURCE_URL in str(caught.value)
    assert caught.value.exit_code == 3


async def test_products_that_are_broken_are_rejected_alone(httpx_mock: HTTPXMock, source: Source) -> None:
    odd = [row(2, price=float("nan")), None, [row(2)], row(2, price=int("9" * 4000)), "Jug"]
    odd.append(row(2, **{"\ud83c": 1}))
    respond_with(httpx_mock, body_of([row(1), *odd, row(3, title="Jug \ud83c")]))
    first, *rejected, last = await rows(source)
    assert (first, last) == (desired_product(1), desired_product(3, title="Jug"))
    reasons = {each.reason: each.title for each in rejected if isinstance(each, Rejected)}
    assert [reason.partition(": ")[0] for reason in reasons] == [
        *("price", "it is null, not an object", "it is a list, not an object"),
        *("price", "it is a text, not an object", "the name of a field is not valid Unicode"),
    ]
    assert reasons["it is null, not an object"] == "item 3 of page 1"


async def test_a_page_that_is_cut_off_is_an_error(httpx_mock: HTTPXMock, source: Source) -> None:
    """Not what came of it: the rest may have products too."""
    respond(httpx_mock, [b'{"products": [], "total": 0}', httpx.RemoteProtocolError("peer left")], times=3)
    with pytest.raises(SourceError, match=f"GET {SOURCE_URL}: peer left"):
        await rows(source)


@pytest.mark.parametrize("body", [b"nothing known", b"<!DOCTYPE html><p>", b"\x28\xb5\x2f\xfd"])
async def test_a_response_that_is_no_catalogue_is_an_error(
    httpx_mock: HTTPXMock, source: Source, body: bytes
) -> None:
    respond_with(httpx_mock, body, body)
    with pytest.raises(SourceError, match=SOURCE_URL):
        await rows(source)


@pytest.mark.parametrize("content_type", ["text/plain", ""])
@pytest.mark.parametrize(
    ("body", "total"),
    [
        (b'{"products": [], "total": 0}', 0),
        (b'{"items": [], "total": 0, "next": null}', 0),
        (b'\xef\xbb\xbf\n{\n"items": []}', None),
        (b"[]", None),
    ],
)
async def test_an_empty_catalogue_is_one_empty_page_and_no_file(
    httpx_mock: HTTPXMock, source: Source, content_type: str, body: bytes, total: int | None
) -> None:
    httpx_mock.add_response(content=body, headers={"content-type": content_type})
    assert (await pages(source), source.format) == ([Page((), total)], "JSON pages")


async def test_of_two_lists_the_one_with_items_is_used(httpx_mock: HTTPXMock, source: Source) -> None:
    respond_with(httpx_mock, {"products": [], "items": [row(1)], "results": [], "total": 1})
    assert ids(await rows(source)) == [1]


# --- sizes ----------------------------------------------------------------------------------------------


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", MB)
    monkeypatch.setattr(http, "MAX_DOWNLOAD_BYTES", 4 * MB)


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize(
    ("name", "format_", "start", "limit"),
    [
        ("products", "json", b"[", 1),
        ("products", "auto", b" " * 50_000 + b"[", 1),
        ("products", "after the first", b"[", 1),
        ("products", "auto", LINES, 4),
        ("export.jsonl", "auto", LINES, 4),
    ],
)
async def test_what_does_not_end_is_not_received(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, name: str, format_: str, start: bytes, limit: int
) -> None:
    url, body = f"https://source.example/{name}", Body(start, *[json.dumps(row()).encode() + b","] * 20_000)
    if format_ == "after the first":
        httpx_mock.add_response(json=page_of([row(1)], total=9))
    httpx_mock.add_response(stream=body, is_reusable=True)
    how = "json" if format_ == "json" else "auto"
    with pytest.raises(SourceError, match=f"{url}: the response is longer than {limit} MB"):
        await rows(api_source(http_client(pool, unavailable=SourceError), url, format_=how))
    assert body.read < (limit + 1) * MB


@pytest.mark.usefixtures("limits")
async def test_the_limit_is_that_of_the_decompressed_page(httpx_mock: HTTPXMock, source: Source) -> None:
    body = json.dumps(page_of([row(1)], note=" " * 2 * MB)).encode()
    httpx_mock.add_response(content=gzip.compress(body), headers={"content-encoding": "gzip"})
    with pytest.raises(SourceError, match="the response is longer than 1 MB") as caught:
        await rows(source)
    assert "limit" in caught.value.hint


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize(("name", "format_"), [("export", "auto"), ("a", "ndjson"), ("a.jsonl", "auto")])
async def test_a_file_at_a_url_may_be_larger_than_a_page(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, name: str, format_: str
) -> None:
    assert len(LINES) > 2 * MB
    httpx_mock.add_response(content=LINES, is_reusable=True)
    source = api_source(http_client(pool), f"https://source.example/{name}", format_=format_)
    assert ids(await rows(source)) == list(range(300))


# --- what only DummyJSON has ---------------------------------------------------------------------------


@pytest.mark.parametrize("body", [[], {"items": []}, page_of([], next="?a"), {"data": [], "total": 0}])
async def test_other_apis_are_not_asked_for_categories(
    httpx_mock: HTTPXMock, source: Source, body: Any
) -> None:
    respond_with(httpx_mock, body)
    if "next" in body:
        respond_with(httpx_mock, [])
    await rows(source)
    count = len(httpx_mock.get_requests())
    assert await source.category_names() == {}
    assert len(httpx_mock.get_requests()) == count


@pytest.mark.parametrize(
    ("response", "names", "log"),
    [
        (catalogue.CATEGORIES, {each["slug"]: each["name"] for each in catalogue.CATEGORIES}, ""),
        (rb'[{"slug": "a", "name": " To\u0000ys\n& Games\ud800 "}]', {"a": "Toys & Games"}, ""),
        *((each, {}, "") for each in (404, b"<html>", b'[{"slug": "a"}]', DEEP, b'[{"slug": "\xff"}]')),
        (503, {}, f"{SOURCE_URL}/categories"),
    ],
)
async def test_categories_have_the_names_of_the_source(
    httpx_mock: HTTPXMock,
    source: Source,
    caplog: pytest.LogCaptureFixture,
    response: Any,
    names: dict[str, str],
    log: str,
) -> None:
    respond_with(httpx_mock, *[response] * (3 if response == 503 else 1), url=f"{SOURCE_URL}/categories")
    assert await source.category_names() == names
    assert log in caplog.text
    assert bool(caplog.text) == bool(log)
