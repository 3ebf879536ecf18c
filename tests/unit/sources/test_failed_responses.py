"""APIs that fail with the status 200, and files that have such a response."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync.core.product import DesiredProduct
from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Source
from tests.unit.builders import SOURCE_URL, http_client, row
from tests.unit.sources.pages import api_source, ids, respond_with, rows
from tests.unit.sources.reading import reading

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("waits", "small_pages")]

FAILED: list[dict[str, Any]] = [
    {"success": False},
    {"success": "false"},
    {"success": 0},
    {"ok": False},
    {"status": "error"},
    {"status": "FAILED"},
    {"status": False},
    {"status": 503},
    {"status": "404"},
    {"error": "Too many requests"},
    {"error": True},
    {"error": {"code": 429, "message": "Too many requests"}},
    {"error": 17},
    {"Errors": [{"message": "Too many requests"}]},
    {"errors": ["Too many requests"]},
    {"errors": {"query": ["is too complex"]}},
    {"errors": 3},
    {"meta": {"status": "error"}},
    {"error": {"a": {"b": {"c": {"d": {"e": "deep"}}}}}},
]
NOTHING: tuple[Any, ...] = (None, False, "", 0, "0", "none", "No errors.", {}, [])
FINE: list[dict[str, Any]] = [
    {},
    *({"error": value} for value in NOTHING),
    *({"errors": value} for value in (*NOTHING, [[]], {"query": []})),
    {"error": {"code": 0, "message": ""}},
    {"error": {"code": 200, "message": "OK"}},
    {"success": True, "ok": True, "status": "ok"},
    {"success": None, "ok": "yes", "status": None},
    {"success": 1, "status": 200},
    {"success": "true", "status": "success"},
    {"success": 15, "status": 0},
    {"status": "published"},
    {"status": 1},
    {"meta": {"status": "ok", "errors": []}},
    {"message": "hello", "detail": {"error": "of something else"}},
]


@pytest.mark.parametrize("others", [{}, {"products": []}], ids=["alone", "with a list"])
@pytest.mark.parametrize("said", FAILED, ids=json.dumps)
async def test_a_page_that_says_that_it_failed_is_not_the_last_one(
    httpx_mock: HTTPXMock, json_source: Source, said: dict[str, Any], others: dict[str, Any]
) -> None:
    respond_with(httpx_mock, {"products": [row(1)]}, said | others)
    with pytest.raises(SourceError, match="the response says that it failed: ") as caught:
        await rows(json_source)
    assert (SOURCE_URL in str(caught.value), caught.value.exit_code) == (True, 3)


@pytest.mark.parametrize("said", FINE, ids=json.dumps)
async def test_a_page_that_says_that_nothing_failed_is_read(
    httpx_mock: HTTPXMock, json_source: Source, said: dict[str, Any]
) -> None:
    respond_with(httpx_mock, {"products": [row(1)]} | said, {"products": []} | said)
    assert ids(await rows(json_source)) == [1]


async def test_its_header_of_the_status_is_not_asked(httpx_mock: HTTPXMock, json_source: Source) -> None:
    respond_with(httpx_mock, {"products": [row(1)], "total": 1}, headers={"status": "500", "error": "x"})
    assert ids(await rows(json_source)) == [1]


async def test_the_message_is_in_the_error(httpx_mock: HTTPXMock, json_source: Source) -> None:
    respond_with(httpx_mock, {"success": False, "message": f"Quota exceeded {'x' * 1_000}", "products": []})
    with pytest.raises(
        SourceError, match=r"it failed: success is false, message is .Quota exceeded"
    ) as caught:
        await rows(json_source)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"result": {"articles": [], "success": False}}, "says that it failed"),
        ({"success": False, "articles": []}, "says that it failed"),
        ({"data": {"status": "error"}}, "says that it failed"),
        ({"data": {"id": 7, "status": "error"}}, ""),
        ({"A1": {"name": "Mug", "variants": [], "error": "no image", "status": "failed"}}, ""),
        ({"status": "error", "message": "no"}, "says that it failed"),
        ({"id": 7, "title": "Mug", "status": "error"}, ""),
        ({"id": 7, "jsonrpc": "2.0", "error": {"code": -32000}}, "says that it failed"),
        ({"articles": [], "status": "ok", "error": None}, ""),
    ],
)
async def test_for_a_map_a_product_has_a_status_of_its_own(
    httpx_mock: HTTPXMock, pool: httpx.AsyncClient, said: dict[str, Any], words: str, tmp_path: Path
) -> None:
    (tmp_path / "map.jq").write_text('{id: "1", title: "Mug", price: 2}')
    respond_with(httpx_mock, said)
    source = api_source(
        http_client(pool, unavailable=SourceError), format_="json", map_=str(tmp_path / "map.jq")
    )
    if words:
        with pytest.raises(SourceError, match=words):
            await rows(source)
    else:
        [product] = await rows(source)
        assert isinstance(product, DesiredProduct)


@pytest.mark.parametrize("said", FAILED, ids=json.dumps)
def test_a_file_with_such_a_response_is_an_error(said: dict[str, Any]) -> None:
    found = reading(json.dumps({"products": [row(1)]} | said), suffix=".json")
    assert "the file says that it failed: " in found.error


@pytest.mark.parametrize("name", ["status", "error", "success"])
def test_products_have_fields_of_their_own(name: str) -> None:
    products = [row(1, **{name: "error" if name != "success" else False})]
    assert reading(json.dumps({"products": products}), suffix=".json").error == ""
    assert reading(json.dumps(products), suffix=".json").error == ""
