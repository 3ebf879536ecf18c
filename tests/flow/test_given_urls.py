"""URLs of the source are used as they are given, and no other server is taken for DummyJSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import Settings, sync_products
from tests.flow.stage import Signal, counts
from tests.flow.urls import sync
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, Request, Response, dummyjson
from tests.harness.fake_medusa import FakeMedusa

pytestmark = pytest.mark.usefixtures("small_pages")

ROWS = [{**row, "category": "toys"} for row in products(120)]
NOT_FOUND = Response.html("<!doctype html><h1>Not Found</h1>", 404)


@pytest.fixture
def server() -> Iterator[DummyJson]:
    with dummyjson(ROWS, [{"slug": "toys", "name": "Toys & Games"}]) as server:
        yield server


def category_names(store: FakeMedusa) -> list[str]:
    return [category.name for category in store.state.categories.values()]


def only_with_slash(server: DummyJson) -> Callable[[Request], Response]:
    """A server that only knows paths with a slash at their end, like Django without `APPEND_SLASH`."""

    def answer(request: Request) -> Response:
        if not request.path.endswith("/"):
            return NOT_FOUND
        return server.normal_response(Request("GET", request.path.removesuffix("/"), request.query, {}))

    return answer


def test_trailing_slash_is_kept_in_all_requests(server: DummyJson) -> None:
    store = FakeMedusa()
    server.intercept = only_with_slash(server)
    result = sync(f"{server.url}/", store)
    assert (result.exit_code, counts(result)) == (0, {"created": len(ROWS)})
    assert category_names(store) == ["Toys & Games"]
    assert {request.path for request in server.requests} == {"/products/", "/products/categories/"}


def test_file_beside_the_catalogue_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text(json.dumps(ROWS[:1]), encoding="utf-8")
    (tmp_path / "categories.json").write_text('[{"slug": "toys", "name": "Not ours"}]', encoding="utf-8")
    store = FakeMedusa()
    assert sync(str(tmp_path / "products.json"), store).exit_code == 0
    assert category_names(store) == ["Toys"]


def test_sample_has_names_of_categories() -> None:
    store = FakeMedusa()
    assert sync("sample", store).exit_code == 0
    assert "Books & Paper" in category_names(store)


@pytest.mark.parametrize(("host", "waits"), [("dummyjson.com", True), ("source.example", False)])
def test_only_dummyjson_has_a_limit_of_requests(
    httpx_mock: HTTPXMock,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    waits: bool,  # noqa: FBT001 - a parameter
) -> None:
    waited: list[float] = []

    async def sleep(_stop: Signal, seconds: float) -> bool:
        waited.append(seconds)
        return True

    monkeypatch.setattr(Signal.__base__, "sleep", sleep)
    for number in range(120):
        page = {"products": ROWS[number : number + 1], "total": 120}
        httpx_mock.add_response(url=f"https://{host}/products?limit=1&skip={number}", json=page)
    result = sync_products(Settings(source=f"https://{host}/products?limit=1", dry_run=True))
    assert (result.exit_code, result.seen, bool(waited)) == (0, 120, waits)
