"""Runs from servers: URLs are used as they are given, and what goes wrong there removes nothing."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from pytest_httpx import HTTPXMock

from medusa_sync import Settings, sync_products
from tests.flow.stage import Signal, assert_exact, copies_of, counts, synced, writes
from tests.flow.stage import sync_url as sync
from tests.harness.catalogue import ndjson, products
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
    redirect,
    truncated,
)
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
    assert counts(sync(f"{server.url}/", store)) == {"created": len(ROWS)}
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

    def page(request: httpx.Request) -> httpx.Response:
        skip = int(request.url.params["skip"])
        return httpx.Response(200, json={"products": ROWS[skip : skip + 1], "total": 120})

    httpx_mock.add_callback(page, is_reusable=True)
    result = sync_products(Settings(source=f"https://{host}/products?limit=1", dry_run=True))
    assert (result.exit_code, result.seen, bool(waited)) == (0, 120, waits)


# --- files: a URL without a known ending may be that of a file --------------------------------------------


def table(rows: Rows, encoding: str = "utf-8") -> bytes:
    names = ("id", "title", "price", "sku", "stock")
    return "\n".join(
        ";".join(map(str, each)) for each in [names, *([row[n] for n in names] for row in rows)]
    ).encode(encoding)


def feed(rows: Rows) -> bytes:
    same = [("title", "A"), ("availability", "in_stock")]
    return as_rss([[("id", str(row["id"])), ("price", f"{row['price']} USD"), *same] for row in rows])


FORMS: dict[str, tuple[str, Callable[[Rows], bytes]]] = {
    "NDJSON": ("application/x-ndjson", ndjson),
    "NDJSON as JSON": ("application/json; charset=utf-8", ndjson),
    "CSV without a type": ("", table),
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
    ("form", "answer"), [*((form, "cut") for form in FORMS), *(("NDJSON", each) for each in REFUSALS)]
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


def test_file_that_turns_into_a_page_is_an_error(server: DummyJson, store: FakeMedusa) -> None:
    page = Response.json(ROWS[:30])
    export(server, "NDJSON", answers=lambda request: None if "limit" in request.query else page)
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


# --- what goes wrong ------------------------------------------------------------------------------------


def file_url(server: DummyJson, name: str) -> str:
    return f"{server.url.removesuffix('/products')}/{name}"


def test_a_page_that_fails_removes_nothing(server: DummyJson, store: FakeMedusa) -> None:
    server.intercept = lambda request: SERVER_ERROR if request.query["skip"] == "100" else None
    result = sync(server.url, store, **DELETE)
    assert (result.exit_code, counts(result)) == (3, {"unchanged": 100})
    assert_exact(ROWS, store)


@pytest.mark.parametrize(("name", "format_"), [("feed.json", "json"), ("export", "ndjson")])
def test_a_file_is_downloaded_as_it_is(server: DummyJson, name: str, format_: str) -> None:
    store, few = FakeMedusa(), ROWS[:5]
    body = ndjson(few) if format_ == "ndjson" else json.dumps({"products": few}).encode()
    server.intercept = lambda _request: chunked(Response(200, body))
    result = sync(f"{file_url(server, name)}?limit=5&sig=a%2Bb", store, source_format=format_)
    assert (result.exit_code, counts(result)) == (0, {"created": 5})
    [request] = server.requests
    assert (request.path, request.query) == (f"/{name}", {"limit": "5", "sig": "a+b"})


def test_a_file_may_end_with_the_connection(server: DummyJson, store: FakeMedusa) -> None:
    """The end of the array proves that it is complete."""
    body = json.dumps(ROWS).encode()
    server.intercept = lambda _request: Response(200, body, {"Content-Length": ""})
    assert sync(file_url(server, "feed.json"), store).exit_code == 0
    server.intercept = lambda _request: Response(200, body[:-100], {"Content-Length": ""})
    result = sync(file_url(server, "feed.json"), store, **DELETE)
    assert (result.exit_code, result.seen) == (3, len(ROWS) - 1)
    assert_exact(ROWS, store)


@pytest.mark.parametrize("place", ["header", "file"])
def test_a_file_that_names_a_next_page_is_not_complete(
    server: DummyJson, store: FakeMedusa, place: str
) -> None:
    following = f"{server.url}/feed.json?page=2"
    server.intercept = lambda _request: (
        Response.json(ROWS[:110], headers={"Link": f'<{following}>; rel="next"'})
        if place == "header"
        else Response.json({"products": ROWS[:110], "next": following})
    )
    result = sync(file_url(server, "feed.json"), store, **DELETE)
    assert (result.exit_code, counts(result)) == (3, {"unchanged": 110})
    assert "one page of several" in result.error
    assert_exact(ROWS, store)


@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_download_that_is_cut_off_is_repeated_and_removes_nothing(
    server: DummyJson, store: FakeMedusa, *, is_chunked: bool
) -> None:
    whole, url = Response(200, ndjson(ROWS)), file_url(server, "feed.ndjson")
    server.intercept = lambda _request: chunked(whole, is_complete=False) if is_chunked else truncated(whole)
    result = sync(url, store, max_retries=1, **DELETE)
    assert (result.exit_code, set(counts(result)), len(server.requests)) == (3, {"unchanged"}, 2)
    assert (f"GET {url}: " in result.error, result.seen > 50) == (True, True)
    assert_exact(ROWS, store)


@pytest.mark.parametrize("encoding", ["deflate", "gzip, identity"])
def test_compressed_rows_that_are_cut_off_at_their_end_remove_nothing(
    server: DummyJson, store: FakeMedusa, encoding: str
) -> None:
    """Only the end of the compressed data is missing. Other encodings are not requested."""

    def answer(request: Request) -> Response:
        if encoding.partition(",")[0] not in request.headers["accept-encoding"]:
            return Response(200, table(ROWS))
        squeeze = zlib.compressobj(wbits=31 if "gzip" in encoding else 15)
        body = squeeze.compress(table(ROWS[:110])) + squeeze.flush(zlib.Z_SYNC_FLUSH)
        return Response(200, body, {"Content-Encoding": encoding})

    server.intercept = answer
    result = sync(file_url(server, "feed.csv"), store, max_retries=0, **DELETE)
    assert ("removed" in counts(result), len(store.products)) == (False, len(ROWS)), result.error


@pytest.mark.parametrize(
    ("title", "encoding", "charset", "shown"),
    [
        ("SPÓŁKA žluť", "cp1250", "windows-1250", ", windows-1250"),
        ("Кружка", "cp1251", '"Windows-1251"', ", windows-1251"),
        ("茶碗", "shift_jis", "Shift_JIS", ", shift_jis"),
        ("茶碗", "iso2022_jp", "iso-2022-jp", ", iso-2022-jp"),
        ("Größe", "utf-8", "windows-1250", ""),  # the server is wrong
        ("Größe", "utf-8-sig", "windows-1250", ""),
        ("Größe", "utf-16", "utf-16", ", UTF-16"),
        *(
            ("Größe", "cp1252", each, ", Windows-1252")
            for each in ("utf-8", "ISO-8859-1", "klingon", "hex", "idna", "utf-16")
        ),
    ],
)
def test_a_table_has_the_encoding_that_the_server_names(
    server: DummyJson, title: str, encoding: str, charset: str, shown: str
) -> None:
    store = FakeMedusa()
    body = table([ROWS[0] | {"title": "Mug"}, ROWS[1] | {"title": title}], encoding)
    server.intercept = lambda _request: Response(200, body, {"Content-Type": f"text/csv; charset={charset}"})
    result = sync(file_url(server, "feed.csv"), store)
    assert {each.title for each in store.products.values()} == {"Mug", title}
    assert result.source_format == f"CSV (medusa-sync){shown}"


def test_a_redirect_to_another_server_is_followed(server: DummyJson, store: FakeMedusa) -> None:
    with dummyjson([]) as first:
        first.intercept = lambda _request: redirect(f"{server.url}?limit=0")
        assert counts(sync(first.url, store)) == {"unchanged": len(ROWS)}


@pytest.mark.parametrize(
    ("name", "broken", "words"),
    [
        ("products", HTML_PAGE, "HTML"),
        ("feed.csv", Response.json({"message": "Who are you?"}, 401), "responded with 401: Who are you?"),
        ("feed.json", CLOSED, "disconnected"),
        ("feed.xml", Response(200), "empty"),
    ],
)
def test_a_server_without_products_changes_nothing(
    server: DummyJson, store: FakeMedusa, name: str, broken: Response, words: str
) -> None:
    server.intercept = lambda _request: broken
    result = sync(file_url(server, name), store, **DELETE)
    assert (result.exit_code, result.seen, writes(store)) == (3, 0, [])
    assert file_url(server, name) in result.error
    assert words in result.error


def test_nothing_is_written_if_there_are_too_few_products(server: DummyJson) -> None:
    store, size = FakeMedusa(), len(ROWS)
    result = sync(server.url, store, min_products=size + 1)
    assert (result.exit_code, result.seen, writes(store)) == (3, 0, [])
    assert f"{server.url}: the source has {size} valid products, fewer than {size + 1}" in result.error
    assert counts(sync(server.url, store, min_products=size)) == {"created": size}
