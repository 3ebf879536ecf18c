"""Runs from real servers: other APIs than DummyJSON's, files at URLs, and what goes wrong there."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator

import pytest

from tests.flow.stage import assert_exact, counts, synced, writes
from tests.flow.stage import sync_url as sync
from tests.harness.catalogue import ndjson, products
from tests.harness.dummyjson import (
    CLOSED,
    HTML_PAGE,
    SERVER_ERROR,
    DummyJson,
    Response,
    chunked,
    dummyjson,
    redirect,
    truncated,
)
from tests.harness.fake_medusa import FakeMedusa

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


def test_a_page_that_fails_removes_nothing(server: DummyJson) -> None:
    store = synced(ROWS)
    server.intercept = lambda request: SERVER_ERROR if request.query["skip"] == "100" else None
    result = sync(server.url, store, on_missing="delete")
    assert (result.exit_code, counts(result)) == (3, {"unchanged": 100})
    assert_exact(ROWS, store)


# --- responses that are no pages ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "format_", "body"),
    [
        ("feed.json", "json", json.dumps({"products": FEW}).encode()),
        ("feed.ndjson", "auto", ndjson(FEW)),
        ("export.json.gz", "auto", gzip.compress(json.dumps(FEW).encode(), mtime=0)),
        ("export", "ndjson", ndjson(FEW)),
    ],
)
def test_file_at_a_url_is_downloaded_as_it_is(
    server: DummyJson, name: str, format_: str, body: bytes
) -> None:
    store = FakeMedusa()
    server.intercept = lambda _request: chunked(Response(200, body))
    result = sync(f"{file_url(server, name)}?limit=5&sig=a%2Bb", store, source_format=format_)
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
    result = sync(file_url(server, "feed.json"), store, on_missing="delete")
    assert (result.exit_code, result.seen) == (3, SIZE - 1)
    assert_exact(ROWS, store)


CUT: dict[str, Callable[[Response], Response]] = {
    "length": truncated,
    "chunks": lambda response: chunked(response, is_complete=False),
}


@pytest.mark.parametrize("place", ["header", "file"])
def test_a_file_that_names_a_next_page_is_not_complete(server: DummyJson, place: str) -> None:
    store = synced(ROWS)
    following = f"{server.url}/feed.json?page=2"
    link = {"Link": f'<{following}>; rel="next"'}
    server.intercept = lambda _request: (
        Response.json(ROWS[:110], headers=link)
        if place == "header"
        else Response.json({"products": ROWS[:110], "next": following})
    )
    result = sync(file_url(server, "feed.json"), store, on_missing="delete")
    assert (result.exit_code, counts(result)) == (3, {"unchanged": 110})
    assert "one page of several" in result.error
    assert_exact(ROWS, store)


@pytest.mark.parametrize(("name", "cut"), [("feed.json", CUT["length"]), ("feed.ndjson", CUT["chunks"])])
def test_download_that_is_cut_off_stores_what_came_and_removes_nothing(
    server: DummyJson, name: str, cut: Callable[[Response], Response]
) -> None:
    body = ndjson(ROWS) if name == "feed.ndjson" else json.dumps(ROWS).encode()
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
    result = sync(file_url(server, name), store, on_missing="delete")
    assert (result.exit_code, set(counts(result))) == (3, {"unchanged"})
    assert_exact(ROWS, store)


def test_redirect_to_another_server_is_followed(server: DummyJson) -> None:
    store = FakeMedusa()
    with dummyjson([]) as first:
        first.intercept = lambda _request: redirect(f"{server.url}?limit=0")
        assert sync(first.url, store).exit_code == 0
    assert_exact(ROWS, store)


@pytest.mark.parametrize(
    ("name", "broken", "words"),
    [
        ("products", HTML_PAGE, "HTML"),
        ("products", SERVER_ERROR, "the server responded with 500: The shop has lost its keys."),
        ("feed.csv", Response.json({"message": "Who are you?"}, 401), "responded with 401: Who are you?"),
        ("feed.json", CLOSED, "disconnected"),
        ("feed.xml", Response(200), "empty"),
        ("feed.ndjson", redirect("/loop"), "redirects"),
    ],
)
def test_a_server_without_products_changes_nothing(
    server: DummyJson, name: str, broken: Response, words: str
) -> None:
    store = synced(FEW)
    server.intercept = lambda _request: broken
    result = sync(file_url(server, name), store, on_missing="delete")
    assert (result.exit_code, result.seen, writes(store)) == (3, 0, [])
    assert file_url(server, name) in result.error
    assert words in result.error
    assert_exact(FEW, store)


# --- the least number of products -----------------------------------------------------------------------


@pytest.mark.parametrize(("name", "dry_run"), [("products", False), ("feed.json", True)])
def test_nothing_is_written_if_there_are_too_few_products(
    server: DummyJson, name: str, *, dry_run: bool
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
