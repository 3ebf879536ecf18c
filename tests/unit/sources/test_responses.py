"""Responses that are broken, or no pages of products."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Source
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import SOURCE_URL, row
from tests.unit.sources.pages import DEEP, PAGE, Product, page_of, pages, respond_with, rows

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits", "small_pages")]


# --- broken responses -------------------------------------------------------------------------------------


BROKEN_RESPONSES: list[tuple[str, list[bytes | int | Exception | Product], str]] = [
    ("html", [b"<!doctype html><h1>Back soon</h1>"], "is HTML, not JSON"),
    ("truncated", [PAGE[: len(PAGE) // 2]], "is not complete JSON"),
    ("empty", [b""], "is not complete JSON"),
    ("not-utf-8", [PAGE.replace(b"title", b"t\xeftle")], "is not complete JSON"),
    ("null", [b"null"], r"is not a page of products: Expected object \| array, got null"),
    ("products-missing", [page_of([], products=ABSENT)], "is not a page of products: expected an array"),
    ("products-object", [page_of([], products={"1": {}})], "products: Expected array, got object"),
    ("total-negative", [page_of([row()], total=-1)], "total: Expected int >= 0"),
    ("total-text", [page_of([row()], total="1")], "total: Expected int | null, got str"),
    ("nested-deeply", [DEEP], "is nested too deeply"),
    ("total-too-large", [page_of([row(1)], total=2), page_of([], total=2)], "ended after 1 of 2 products"),
    ("total-without-products", [page_of([], total=194)], "ended after 0 of 194 products"),
    ("second-page-html", [page_of([row(1)], total=2), b"<html>"], "is HTML, not JSON"),
    ("second-page-fails", [page_of([row(1)], total=2), 500, 500, 500], "the server responded with 500"),
    ("bad-request", [400, 400], "the server responded with 400"),
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
    json_source: Source,
    responses: list[bytes | int | Exception | Product],
    words: str,
) -> None:
    respond_with(httpx_mock, *responses)
    with pytest.raises(SourceError, match=words) as caught:
        await rows(json_source)
    assert SOURCE_URL in str(caught.value)
    assert caught.value.exit_code == 3


async def test_endless_redirect_is_an_error(httpx_mock: HTTPXMock, source: Source) -> None:
    respond_with(httpx_mock, 302, headers={"location": SOURCE_URL}, is_reusable=True)
    with pytest.raises(SourceError, match=f"{SOURCE_URL}: .*redirects"):
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


@pytest.mark.parametrize("body", [[], {"items": []}, page_of([], next="?a"), {"data": [], "total": 0}])
async def test_only_dummyjson_is_asked_for_more(httpx_mock: HTTPXMock, source: Source, body: Any) -> None:
    respond_with(httpx_mock, body)
    if "next" in body:
        respond_with(httpx_mock, [])
    await rows(source)
    count = len(httpx_mock.get_requests())
    assert (await source.has("7"), await source.category_names()) == (None, {})
    assert len(httpx_mock.get_requests()) == count


# --- responses that are not JSON ------------------------------------------------------------------------


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
