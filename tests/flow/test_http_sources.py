"""Runs from real servers: other APIs than DummyJSON's, files at URLs, and what goes wrong there."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from medusa_sync import OnMissing
from tests.flow.stage import SOURCE_NAME, assert_exact, counts, writes
from tests.flow.urls import sync
from tests.harness.catalogue import products
from tests.harness.dummyjson import (
    CLOSED,
    HTML_PAGE,
    SERVER_ERROR,
    DummyJson,
    Intercept,
    Request,
    Response,
    chunked,
    dummyjson,
    in_turn,
    redirect,
    slow,
    truncated,
)
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import deep

pytestmark = pytest.mark.usefixtures("small_pages")

SIZE = 120
ROWS = products(SIZE)
FEW = products(5)


@pytest.fixture
def server() -> Iterator[DummyJson]:
    with dummyjson(ROWS) as server:
        yield server


def file_url(server: DummyJson, name: str) -> str:
    return f"{server.url.removesuffix('/products')}/{name}"


def stored(store: FakeMedusa) -> set[str]:
    return {external_id.removeprefix(f"{SOURCE_NAME}:") for external_id in store.products}


# --- pages that name the next one -----------------------------------------------------------------------


def by_link(server: DummyJson, size: int = 30) -> Intercept:
    """Arrays with `Link` headers."""

    def answer(request: Request) -> Response:
        start = int(request.query.get("page", "0")) * size
        rows = server.products
        following = f'<{server.url}?page={start // size + 1}>; rel="next"'
        headers = {"Link": following} if start + size < len(rows) else {}
        return Response.json(rows[start : start + size], headers=headers)

    return answer


def by_next(server: DummyJson, size: int = 30) -> Intercept:
    """Objects with `items` and a relative `next`."""

    def answer(request: Request) -> Response:
        start = int(request.query.get("page", "0")) * size
        rows = server.products
        following = f"?page={start // size + 1}" if start + size < len(rows) else None
        return Response.json({"items": rows[start : start + size], "next": following})

    return answer


def by_skip(server: DummyJson) -> Intercept:
    """Objects with `data` and no total."""

    def answer(request: Request) -> Response:
        start, size = int(request.query["skip"]), int(request.query["limit"])
        return Response.json({"data": server.products[start : start + size]})

    return answer


@pytest.mark.parametrize("answers", [by_link, by_next, by_skip])
def test_pages_of_an_api_are_synced_to_the_last_product(
    server: DummyJson, answers: Callable[[DummyJson], Intercept]
) -> None:
    store = FakeMedusa()
    server.intercept = answers(server)
    result = sync(server.url, store)
    assert (result.exit_code, counts(result), result.source_format) == (0, {"created": SIZE}, "JSON pages")
    assert_exact(ROWS, store)
    result = sync(server.url, store)
    assert (counts(result), writes(store)) == ({"unchanged": SIZE}, [])
    server.remove(ROWS[-1]["id"])
    result = sync(server.url, store, on_missing=OnMissing.DELETE)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": SIZE - 1, "removed": 1})
    assert_exact(ROWS[:-1], store)


@pytest.mark.parametrize("answers", [by_link, by_next])
@pytest.mark.parametrize(
    "broken",
    [CLOSED, SERVER_ERROR, HTML_PAGE, Response.json({"message": "gone"}, 404)],
    ids=["closed", "500", "html", "404"],
)
def test_page_that_fails_removes_nothing(
    server: DummyJson, answers: Callable[[DummyJson], Intercept], broken: Response
) -> None:
    store = FakeMedusa()
    sync(server.url, store)
    respond = answers(server)
    server.intercept = lambda request: broken if request.query.get("page") == "3" else respond(request)
    result = sync(server.url, store, on_missing=OnMissing.DELETE)
    assert (result.exit_code, counts(result)) == (3, {"unchanged": 90})
    assert_exact(ROWS, store)


def test_page_at_another_server_is_not_requested(server: DummyJson) -> None:
    store = FakeMedusa()
    with dummyjson(ROWS) as other:
        server.intercept = lambda _request: Response.json({"items": ROWS[:30], "next": other.url})
        result = sync(server.url, store, on_missing=OnMissing.DELETE)
        assert (result.exit_code, counts(result)) == (3, {"created": 30})
        assert other.url.removesuffix("/products") in result.error
        assert other.requests == []


# --- responses that are no pages ------------------------------------------------------------------------


def lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def table(rows: list[dict[str, Any]]) -> bytes:
    cells = [[str(row[name]) for name in ("id", "title", "price", "sku", "stock")] for row in rows]
    return "\n".join(map(";".join, [["id", "title", "price", "sku", "stock"], *cells])).encode()


@pytest.mark.parametrize(
    ("name", "format_", "body"),
    [
        ("feed.json", "auto", json.dumps(FEW).encode()),
        ("feed.json", "json", json.dumps({"products": FEW}).encode()),
        ("feed.ndjson", "auto", lines(FEW)),
        ("export.json.gz", "auto", gzip.compress(json.dumps(FEW).encode(), mtime=0)),
        ("export", "ndjson", lines(FEW)),
    ],
)
@pytest.mark.parametrize("form", [lambda response: response, chunked], ids=["whole", "chunked"])
def test_file_at_a_url_is_downloaded_as_it_is(
    server: DummyJson, name: str, format_: str, body: bytes, form: Callable[[Response], Response]
) -> None:
    store = FakeMedusa()
    server.intercept = lambda _request: form(Response(200, body))
    result = sync(f"{file_url(server, name)}?limit=5&sig=a%2Bb", store, format_=format_)
    assert (result.exit_code, counts(result)) == (0, {"created": 5})
    assert_exact(FEW, store)
    [request] = server.requests
    assert (request.path, request.query) == (f"/{name}", {"limit": "5", "sig": "a+b"})


def test_file_may_end_with_the_connection(server: DummyJson) -> None:
    """The end of the array proves that it is complete."""
    store, body = FakeMedusa(), json.dumps(ROWS).encode()
    server.intercept = lambda _request: Response(200, body, {"Content-Length": ""})
    assert sync(file_url(server, "feed.json"), store).exit_code == 0
    server.intercept = lambda _request: Response(200, body[:-100], {"Content-Length": ""})
    result = sync(file_url(server, "feed.json"), store, on_missing=OnMissing.DELETE)
    assert (result.exit_code, result.seen) == (3, SIZE - 1)
    assert_exact(ROWS, store)


CUT: dict[str, Callable[[Response], Response]] = {
    "length": truncated,
    "chunks": lambda response: chunked(response, is_complete=False),
}
every_cut = pytest.mark.parametrize("cut", CUT.values(), ids=CUT)


@pytest.mark.parametrize("place", ["header", "file"])
def test_a_file_that_names_a_next_page_is_not_complete(server: DummyJson, place: str) -> None:
    store = FakeMedusa()
    server.intercept = lambda _request: Response.json(ROWS)
    assert sync(file_url(server, "feed.json"), store).exit_code == 0
    following = f"{server.url}/feed.json?page=2"
    link = {"Link": f'<{following}>; rel="next"'}
    server.intercept = lambda _request: (
        Response.json(ROWS[:110], headers=link)
        if place == "header"
        else Response.json({"products": ROWS[:110], "next": following})
    )
    result = sync(file_url(server, "feed.json"), store, on_missing=OnMissing.DELETE)
    assert (result.exit_code, counts(result)) == (3, {"unchanged": 110})
    assert "one page of several" in result.error
    assert_exact(ROWS, store)


@every_cut
@pytest.mark.parametrize("name", ["feed.json", "feed.ndjson"])
def test_download_that_is_cut_off_stores_what_came_and_removes_nothing(
    server: DummyJson, name: str, cut: Callable[[Response], Response]
) -> None:
    body = lines(ROWS) if name == "feed.ndjson" else json.dumps(ROWS).encode()
    store = FakeMedusa()
    server.intercept = lambda _request: cut(Response(200, body))
    result = sync(file_url(server, name), store, max_retries=1)
    assert result.exit_code == 3
    assert f"GET {file_url(server, name)}: " in result.error
    assert 50 < len(store.products) == counts(result)["created"] <= SIZE
    assert len(server.requests) == 2
    server.intercept = None
    sync(server.url, store)
    server.intercept = lambda _request: cut(Response(200, body))
    result = sync(file_url(server, name), store, on_missing=OnMissing.DELETE)
    assert (result.exit_code, set(counts(result))) == (3, {"unchanged"})
    assert_exact(ROWS, store)


@every_cut
def test_last_product_of_a_table_that_is_cut_off_is_not_stored(
    server: DummyJson, cut: Callable[[Response], Response]
) -> None:
    """More of its rows may be missing."""
    store = FakeMedusa()
    server.intercept = lambda _request: cut(Response(200, table(ROWS)))
    result = sync(file_url(server, "feed.csv"), store)
    assert result.exit_code == 3
    assert 50 < len(store.products) < SIZE
    last = len(store.products)
    assert stored(store) == {str(row["id"]) for row in ROWS[:last]}


@every_cut
def test_download_is_complete_if_a_later_attempt_is(
    server: DummyJson, cut: Callable[[Response], Response]
) -> None:
    store, whole = FakeMedusa(), Response(200, json.dumps(ROWS).encode())
    server.intercept = in_turn(cut(whole), SERVER_ERROR, whole)
    result = sync(file_url(server, "feed.json"), store, max_retries=2)
    assert (result.exit_code, counts(result)) == (0, {"created": SIZE})


@deep
def test_slow_download_is_not_cut_off(server: DummyJson) -> None:
    store = FakeMedusa()
    server.intercept = lambda _request: slow(Response(200, json.dumps(ROWS).encode()), 1.2)
    assert sync(file_url(server, "feed.json"), store, timeout=0.5).exit_code == 0
    assert_exact(ROWS, store)


def test_download_that_stalls_ends(server: DummyJson) -> None:
    store = FakeMedusa()
    server.intercept = lambda _request: slow(Response(200, lines(ROWS)), 9 * 60)
    result = sync(file_url(server, "feed.ndjson"), store, timeout=0.2)
    assert (result.exit_code, "within the time limit" in result.error) == (3, True)
    assert 0 < len(store.products) < SIZE


@pytest.mark.parametrize("name", ["feed.json", "products"])
def test_redirect_to_another_server_is_followed(server: DummyJson, name: str) -> None:
    store = FakeMedusa()
    with dummyjson([]) as first:
        first.intercept = lambda _request: redirect(f"{server.url}?limit=0")
        assert sync(file_url(first, name), store).exit_code == 0
    assert_exact(ROWS, store)


@pytest.mark.parametrize("name", ["products", "feed.json", "feed.csv", "feed.xml", "feed.ndjson"])
@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (HTML_PAGE, "HTML"),
        (Response.json({"message": "It is gone."}, 404), "the server responded with 404: It is gone."),
        (Response.json({"message": "Who are you?"}, 401), "the server responded with 401: Who are you?"),
        (SERVER_ERROR, "the server responded with 500: The shop has lost its keys."),
        (CLOSED, "disconnected"),
        (Response(200), "empty|complete JSON"),
        (redirect("/loop"), "redirects"),
    ],
    ids=["html", "404", "401", "500", "closed", "empty", "redirects"],
)
def test_server_without_products_changes_nothing(
    server: DummyJson, name: str, broken: Response, words: str
) -> None:
    store = FakeMedusa()
    server.products = FEW
    sync(server.url, store)
    server.intercept = lambda _request: broken
    result = sync(file_url(server, name), store, on_missing=OnMissing.DELETE)
    assert (result.exit_code, result.seen, writes(store)) == (3, 0, [])
    assert file_url(server, name) in result.error
    assert any(word in result.error for word in words.split("|")), result.error
    assert_exact(FEW, store)


# --- the least number of products -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["products", "feed.json"])
@pytest.mark.parametrize("dry_run", [False, True])
def test_nothing_is_written_if_there_are_too_few_products(
    server: DummyJson,
    name: str,
    dry_run: bool,  # noqa: FBT001 - a parameter
) -> None:
    store = FakeMedusa()
    if name == "feed.json":
        server.intercept = lambda _request: Response.json(ROWS)
    url = file_url(server, name)
    result = sync(url, store, min_products=SIZE + 1, dry_run=dry_run)
    assert (result.exit_code, result.seen, writes(store)) == (3, 0, [])
    assert f"{url}: the source has {SIZE} valid products, fewer than {SIZE + 1}" in result.error
    result = sync(url, store, min_products=SIZE, dry_run=dry_run)
    assert (result.exit_code, counts(result)) == (0, {"created": SIZE})
    assert bool(writes(store)) is not dry_run


def test_source_that_lost_its_products_removes_nothing(server: DummyJson) -> None:
    store = FakeMedusa()
    sync(server.url, store)
    server.products = ROWS[:100]
    result = sync(server.url, store, min_products=110, on_missing=OnMissing.DELETE)
    assert (result.exit_code, writes(store)) == (3, [])
    assert_exact(ROWS, store)


@pytest.mark.parametrize("name", ["products", "feed.ndjson"])
def test_nothing_is_written_if_the_source_fails_midway(server: DummyJson, name: str) -> None:
    store = FakeMedusa()

    def fail(request: Request) -> Response | None:
        if name == "feed.ndjson":
            return truncated(Response(200, lines(ROWS)))
        return SERVER_ERROR if request.query["skip"] == "100" else None

    server.intercept = fail
    result = sync(file_url(server, name), store, min_products=1)
    assert (result.exit_code, result.seen, writes(store)) == (3, 0, [])
