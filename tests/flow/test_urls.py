"""URLs are used as they are given: with their slash, as files if servers send files, and without a guess."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import Settings, sync_products
from tests.flow.stage import Signal, assert_exact, copies_of, counts, synced, writes
from tests.flow.stage import sync_url as sync
from tests.harness.catalogue import ndjson, products
from tests.harness.dummyjson import HTML_PAGE, DummyJson, Intercept, Request, Response, dummyjson, truncated
from tests.harness.fake_medusa import FakeMedusa
from tests.unit.sources.merchant import as_rss

pytestmark = pytest.mark.usefixtures("small_pages")

Rows = list[dict[str, Any]]
ROWS = [{**row, "category": "toys"} for row in products(120)]
DELETE: dict[str, Any] = {"on_missing": "delete"}


@pytest.fixture
def server() -> Iterator[DummyJson]:
    with dummyjson(ROWS, [{"slug": "toys", "name": "Toys & Games"}]) as server:
        yield server


@pytest.fixture(scope="module")
def fresh() -> Callable[[], FakeMedusa]:
    return copies_of(synced(ROWS))


@pytest.fixture
def store(fresh: Callable[[], FakeMedusa]) -> FakeMedusa:
    """A store that has the catalogue."""
    return fresh()


def category_names(store: FakeMedusa) -> list[str]:
    return [category.name for category in store.state.categories.values()]


# --- APIs -------------------------------------------------------------------------------------------------


def test_trailing_slash_is_kept_in_all_requests(server: DummyJson) -> None:
    """The server only knows paths with a slash at their end, like Django without `APPEND_SLASH`."""

    def answer(request: Request) -> Response:
        if not request.path.endswith("/"):
            return Response.html("<!doctype html><h1>Not Found</h1>", 404)
        return server.normal_response(Request("GET", request.path.removesuffix("/"), request.query, {}))

    store = FakeMedusa()
    server.intercept = answer
    result = sync(f"{server.url}/", store)
    assert (result.exit_code, counts(result)) == (0, {"created": len(ROWS)})
    assert category_names(store) == ["Toys & Games"]
    assert {request.path for request in server.requests} == {"/products/", "/products/categories/"}


@pytest.mark.parametrize(("host", "waits"), [("dummyjson.com", True), ("source.example", False)])
def test_only_dummyjson_has_a_limit_of_requests(
    httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch, host: str, *, waits: bool
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


# --- files: a URL without a known ending may be that of a file --------------------------------------------


def table(rows: Rows) -> bytes:
    names = ("id", "title", "price", "sku", "stock")
    return "\n".join(
        ";".join(map(str, each)) for each in [names, *([row[n] for n in names] for row in rows)]
    ).encode()


def feed(rows: Rows) -> bytes:
    items = [
        [
            ("id", str(row["id"])),
            ("title", "A"),
            ("price", f"{row['price']} USD"),
            ("availability", "in_stock"),
        ]
        for row in rows
    ]
    return as_rss(items)


FORMS: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "NDJSON": ("application/x-ndjson", ndjson),
    "NDJSON as JSON": ("application/json; charset=utf-8", ndjson),
    "CSV without a type": ("", table),
    "CSV in UTF-16": ("text/csv", lambda rows: table(rows).decode().encode("utf-16")),
    "CSV, gzip": ("application/octet-stream", lambda rows: gzip.compress(table(rows))),
    "JSON, gzip": ("application/gzip", lambda rows: gzip.compress(json.dumps(rows).encode())),
    "RSS": ("application/xml", feed),
}


def export(server: DummyJson, form: str, *, answers: Intercept = lambda _request: None) -> None:
    """Let the server send a file, and only a part of it if asked for that; `answers` is called first."""
    content_type, body = FORMS[form]

    def answer(request: Request) -> Response:
        start, size = int(request.query.get("skip", "0")), int(request.query.get("limit", "1000"))
        rows = server.products[start : start + size]
        return answers(request) or Response(200, body(rows), {"Content-Type": content_type})

    server.intercept = answer


REFUSALS = {
    "400": Response.json({"message": "Unknown parameter: skip"}, 400),
    "a page": HTML_PAGE,
    "nothing": Response(204),
}


@pytest.mark.parametrize(
    ("form", "answer"),
    [*((form, "cut") for form in FORMS), *(("NDJSON", each) for each in REFUSALS)],
)
def test_server_that_honours_or_refuses_our_limit_loses_no_product(
    server: DummyJson, store: FakeMedusa, form: str, answer: str
) -> None:
    refusal = REFUSALS.get(answer)
    export(server, form, answers=lambda request: refusal if "skip" in request.query else None)
    result = sync(f"{server.url}?key=a%2Bb", store, **DELETE)
    assert (result.exit_code, result.seen, len(store.products)) == (0, len(ROWS), len(ROWS)), result.error
    assert (result.source_total, "removed" in counts(result)) == (len(ROWS), False)
    first, *_, as_given = server.requests
    assert first.query == {"key": "a+b", "limit": "100", "skip": "0"}
    assert as_given.query == {"key": "a+b"}


def test_file_of_a_url_with_a_limit_is_what_the_url_says(server: DummyJson) -> None:
    store = FakeMedusa()
    export(server, "NDJSON")
    assert sync(f"{server.url}?limit=5&skip=7", store).exit_code == 0
    assert_exact(ROWS[7:12], store)


@pytest.mark.parametrize("page", [ROWS[:30], {"products": ROWS[:30], "total": 30}], ids=["array", "object"])
def test_page_that_comes_only_without_our_parameters_is_not_taken_for_the_catalogue(
    server: DummyJson, store: FakeMedusa, page: object
) -> None:
    refusal = Response.json({"message": "limit must not be above 50"}, 400)
    server.intercept = lambda request: refusal if "limit" in request.query else Response.json(page)
    result = sync(server.url, store, **DELETE)
    assert (result.exit_code, result.seen, writes(store)) == (3, 0, [])
    assert f"{server.url}: the server responded with 400: limit must not be above 50" in result.error
    assert "?limit=100" in result.hint


@pytest.mark.parametrize("form", ["NDJSON", "CSV, gzip"])
def test_file_that_turns_into_a_page_is_an_error(server: DummyJson, store: FakeMedusa, form: str) -> None:
    page = Response.json(ROWS[:30])
    export(server, form, answers=lambda request: None if "limit" in request.query else page)
    result = sync(server.url, store, **DELETE)
    assert (result.exit_code, result.seen, writes(store)) == (3, 0, [])


def test_first_response_need_not_be_complete(server: DummyJson, store: FakeMedusa) -> None:
    """Only what comes for the URL as it is given counts."""
    cut = truncated(Response(200, ndjson(ROWS), {"Content-Type": FORMS["NDJSON"][0]}))
    export(server, "NDJSON", answers=lambda request: cut if "limit" in request.query else None)
    result = sync(server.url, store, **DELETE)
    assert (result.exit_code, result.seen) == (0, len(ROWS))
    whole = replace(cut, keep=-1)
    export(server, "NDJSON", answers=lambda request: None if "limit" in request.query else whole)
    result = sync(server.url, store, **DELETE)
    assert (result.exit_code, len(store.products)) == (3, len(ROWS))
