"""The sources of DummyJSON: files, categories and ids."""

import json
from pathlib import Path

import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.errors import SourceError
from medusa_sync.sources import file as source_module
from medusa_sync.sources.base import Page
from medusa_sync.sources.open import SAMPLE
from medusa_sync.sources.pages import HttpSource
from tests.harness import catalogue
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import SOURCE_URL, desired_product, row
from tests.unit.sources.pages import (
    CATALOGUE,
    DEEP,
    PAGE,
    Product,
    body_of,
    file_source,
    ids,
    page_of,
    pages,
    respond_with,
    rows,
)

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits", "small_pages")]


# --- files ----------------------------------------------------------------------------------------------


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
    assert ids(await rows(file_source(SAMPLE))) == [product["id"] for product in catalogue.whole_sample()]


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
