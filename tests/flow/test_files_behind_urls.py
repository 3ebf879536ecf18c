"""A URL without a known ending may be that of a file: then it is requested as it is given."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.flow.stage import ListSource, assert_exact, copies_of, counts, writes
from tests.flow.stage import sync as memory_sync
from tests.flow.urls import sync
from tests.harness.catalogue import products
from tests.harness.dummyjson import HTML_PAGE, DummyJson, Intercept, Request, Response, dummyjson, truncated
from tests.harness.fake_medusa import FakeMedusa

pytestmark = pytest.mark.usefixtures("small_pages")

Rows = list[dict[str, Any]]
ROWS = products(120)


@pytest.fixture
def server() -> Iterator[DummyJson]:
    with dummyjson(ROWS) as server:
        yield server


@pytest.fixture(scope="module")
def synced() -> Callable[[], FakeMedusa]:
    store = FakeMedusa()
    assert memory_sync(ListSource(ROWS), store).exit_code == 0
    return copies_of(store)


@pytest.fixture
def store(synced: Callable[[], FakeMedusa]) -> FakeMedusa:
    """A store that has the catalogue."""
    return synced()


def lines(rows: Rows) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def table(rows: Rows) -> bytes:
    names = ("id", "title", "price", "sku", "stock")
    return "\n".join(
        ";".join(map(str, each)) for each in [names, *([row[n] for n in names] for row in rows)]
    ).encode()


def feed(rows: Rows) -> bytes:
    items = "".join(
        f"<item><g:id>{row['id']}</g:id><title>{row['id']}</title><g:price>{row['price']} USD</g:price>"
        "<g:availability>in stock</g:availability></item>"
        for row in rows
    )
    head = '<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel>'
    return f"{head}{items}</channel></rss>".encode()


FORMS: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "NDJSON": ("application/x-ndjson", lines),
    "NDJSON as JSON": ("application/json; charset=utf-8", lines),
    "NDJSON without a type": ("", lines),
    "CSV": ("text/csv; charset=utf-8", table),
    "CSV as JSON": ("application/json", table),
    "CSV in UTF-16": ("text/csv", lambda rows: table(rows).decode().encode("utf-16")),
    "CSV, gzip": ("application/octet-stream", lambda rows: gzip.compress(table(rows))),
    "NDJSON, gzip": ("application/json", lambda rows: gzip.compress(lines(rows))),
    "JSON, gzip": ("application/gzip", lambda rows: gzip.compress(json.dumps(rows).encode())),
    "RSS": ("application/xml", feed),
}
every_form = pytest.mark.parametrize("form", FORMS)


def export(server: DummyJson, form: str, *, answers: Intercept = lambda _request: None) -> None:
    """Let the server send a file, and only a part of it if it is asked for that.

    Args:
        server: of the file.
        form: a key of `FORMS`.
        answers: called first.
    """
    content_type, body = FORMS[form]

    def answer(request: Request) -> Response:
        start, size = int(request.query.get("skip", "0")), int(request.query.get("limit", "1000"))
        rows = server.products[start : start + size]
        return answers(request) or Response(200, body(rows), {"Content-Type": content_type})

    server.intercept = answer


@every_form
def test_server_that_cuts_a_file_to_the_limit_loses_no_product(
    server: DummyJson, store: FakeMedusa, form: str
) -> None:
    export(server, form)
    result = sync(f"{server.url}?key=a%2Bb", store, on_missing="delete")
    assert (result.exit_code, result.seen, len(store.products)) == (0, len(ROWS), len(ROWS)), result.error
    assert result.source_total == len(ROWS)
    assert "removed" not in counts(result)
    first, as_given = server.requests
    assert first.query == {"key": "a+b", "limit": "100", "skip": "0"}
    assert as_given.query == {"key": "a+b"}


def test_file_of_a_url_with_a_limit_is_what_the_url_says(server: DummyJson) -> None:
    store = FakeMedusa()
    export(server, "NDJSON")
    assert sync(f"{server.url}?limit=5&skip=7", store).exit_code == 0
    assert_exact(ROWS[7:12], store)


REFUSALS = {
    status: Response.json({"message": "Unknown parameter: skip"}, status) for status in (400, 403, 422)
} | {200: HTML_PAGE, 204: Response(204)}


@pytest.mark.parametrize(
    ("form", "status"), [*((each, 400) for each in FORMS), *(("CSV", status) for status in REFUSALS)]
)
def test_server_that_refuses_our_parameters_is_asked_without_them(
    server: DummyJson, store: FakeMedusa, form: str, status: int
) -> None:
    refusal = REFUSALS[status]
    export(server, form, answers=lambda request: refusal if "skip" in request.query else None)
    result = sync(f"{server.url}?key=a", store, on_missing="delete")
    assert (result.exit_code, result.seen, len(store.products)) == (0, len(ROWS), len(ROWS)), result.error


@pytest.mark.parametrize("page", [ROWS[:30], {"products": ROWS[:30], "total": 30}], ids=["array", "object"])
def test_page_that_comes_only_without_our_parameters_is_not_taken_for_the_catalogue(
    server: DummyJson, store: FakeMedusa, page: object
) -> None:
    refusal = Response.json({"message": "limit must not be above 50"}, 400)
    server.intercept = lambda request: refusal if "limit" in request.query else Response.json(page)
    result = sync(server.url, store, on_missing="delete")
    assert (result.exit_code, result.seen, writes(store)) == (3, 0, [])
    assert f"{server.url}: the server responded with 400: limit must not be above 50" in result.error
    assert "?limit=100" in result.hint


@every_form
def test_file_that_turns_into_a_page_is_an_error(server: DummyJson, store: FakeMedusa, form: str) -> None:
    page = Response.json(ROWS[:30])
    export(server, form, answers=lambda request: None if "limit" in request.query else page)
    result = sync(server.url, store, on_missing="delete")
    assert (result.exit_code, result.seen, writes(store)) == (3, 0, [])


@pytest.mark.parametrize("form", ["NDJSON", "CSV"])
def test_first_response_need_not_be_complete(server: DummyJson, store: FakeMedusa, form: str) -> None:
    """Only what comes for the URL as it is given counts."""
    content_type, body = FORMS[form]
    cut = truncated(Response(200, body(ROWS), {"Content-Type": content_type}))
    export(server, form, answers=lambda request: cut if "limit" in request.query else None)
    result = sync(server.url, store, on_missing="delete")
    assert (result.exit_code, result.seen) == (0, len(ROWS))
    whole = replace(cut, keep=-1)
    export(server, form, answers=lambda request: None if "limit" in request.query else whole)
    result = sync(server.url, store, on_missing="delete")
    assert (result.exit_code, len(store.products)) == (3, len(ROWS))
