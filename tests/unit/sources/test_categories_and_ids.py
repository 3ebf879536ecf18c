"""Names of categories, and ids."""

import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Source
from tests.harness import catalogue
from tests.unit.builders import SOURCE_URL, row
from tests.unit.sources.pages import (
    Product,
    page_of,
    respond_with,
    rows,
)

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits", "small_pages")]


# --- categories -----------------------------------------------------------------------------------------


async def test_categories_have_the_names_of_the_source(httpx_mock: HTTPXMock, source: Source) -> None:
    httpx_mock.add_response(url=f"{SOURCE_URL}/categories", json=catalogue.CATEGORIES)
    names = await source.category_names()
    assert names == {category["slug"]: category["name"] for category in catalogue.CATEGORIES}


@pytest.mark.parametrize(
    "response",
    [404, b"<html>", b'[{"slug":"a"}]', b"[" * 100_000, b'[{"slug": "a", "name": "\xff"}]', page_of([])],
)
async def test_source_may_have_no_category_names(
    httpx_mock: HTTPXMock,
    source: Source,
    caplog: pytest.LogCaptureFixture,
    response: bytes | int | Product,
) -> None:
    respond_with(httpx_mock, response)
    assert (await source.category_names(), caplog.text) == ({}, "")


async def test_category_names_that_cannot_be_read_are_no_error(
    httpx_mock: HTTPXMock, source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    respond_with(httpx_mock, *[503] * 3)
    assert await source.category_names() == {}
    assert f"{SOURCE_URL}/categories" in caplog.text


async def test_category_names_can_be_stored(httpx_mock: HTTPXMock, source: Source) -> None:
    respond_with(
        httpx_mock, b'[{"slug": "a", "name": " To\\u0000ys\\n& Games\\ud800 "}, {"slug": "b", "name": " "}]'
    )
    names = await source.category_names()
    assert names.get("a") == "Toys & Games"
    assert not names.get("b")


# --- ids -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source_id", ["a:b", "a,b", "007", "Größe 5", "null", "-2"])
async def test_an_id_may_be_any_text(httpx_mock: HTTPXMock, source: Source, source_id: str) -> None:
    respond_with(httpx_mock, page_of([row(1, id=source_id)]))
    [delivered] = await rows(source)
    assert (delivered.external_id, delivered.source_id) == (f"dummyjson:{source_id}", source_id)


async def test_an_id_is_quoted_in_the_url_of_a_product(httpx_mock: HTTPXMock, source: Source) -> None:
    httpx_mock.add_response(404, url=f"{SOURCE_URL}/a%2Fb%3Fc%2Cd", content=b'{"message":"no"}')
    assert await source.has("a/b?c,d") is False


# --- asking for one product -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "has"),
    [
        (200, b'{"id": 7, "title": "Jug"}', True),
        (200, b'{"id": "7"}', True),
        (404, b'{"message":"no"}', False),
        (200, b'{"id": 8}', None),
        (200, b'{"product": {"id": 7}}', None),
        (200, b'[{"id": 7}]', None),
        (200, b"<h1>Jug</h1>", None),
        (404, b"<h1>404</h1>", None),
        (404, b"", None),
        (403, b"{}", None),
        (400, b"{}", None),
        (204, b"", None),
    ],
)
async def test_only_the_answers_of_dummyjson_say_whether_a_source_has_a_product(
    httpx_mock: HTTPXMock,
    source: Source,
    status: int,
    body: bytes,
    has: bool | None,  # noqa: FBT001 - a parameter
) -> None:
    httpx_mock.add_response(status, url=f"{SOURCE_URL}/7", content=body)
    assert await source.has("7") is has


async def test_source_that_is_down_cannot_be_asked(httpx_mock: HTTPXMock, source: Source) -> None:
    respond_with(httpx_mock, *[503] * 3)
    with pytest.raises(SourceError, match=f"{SOURCE_URL}/7"):
        await source.has("7")
