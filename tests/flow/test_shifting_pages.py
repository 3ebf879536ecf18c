"""Products that move between two pages while these are read are not removed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from medusa_sync import OnMissing, RunResult, Share
from tests.flow.shifting import (
    FORMS,
    NOT_FOUND,
    PAGE,
    TWICE,
    Respond,
    Rows,
    Shop,
    by_next,
    by_skip,
    cut,
    the_same,
    with_html_for_missing_products,
)
from tests.flow.stage import ListSource, assert_exact, copies_of, counts, writes
from tests.flow.stage import sync as memory_sync
from tests.flow.urls import sync
from tests.harness.catalogue import products
from tests.harness.dummyjson import (
    CLOSED,
    HTML_PAGE,
    SERVER_ERROR,
    DummyJson,
    Request,
    Response,
    dummyjson,
)
from tests.harness.fake_medusa import FakeMedusa

pytestmark = pytest.mark.usefixtures("small_pages")

SIZE = 40  # products of the catalogue
ROWS = products(SIZE)

both_ways = pytest.mark.parametrize("how", [OnMissing.DELETE, OnMissing.DRAFT])
every_form = pytest.mark.parametrize("respond", FORMS.values(), ids=FORMS)


@pytest.fixture
def server() -> Iterator[DummyJson]:
    with dummyjson([]) as server:
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


def last_moves_up(rows: Rows) -> Rows:
    """The last product takes the place of the first, which is sold out and gone."""
    return [rows[-1], *rows[1:-1]]


def assert_kept(result: RunResult, store: FakeMedusa, how: int = 1) -> None:
    assert (result.exit_code, counts(result).get("removed")) == (0, None), result.error
    assert store.products.keys() == {f"dummyjson:{row['id']}" for row in ROWS}
    assert {product.status for product in store.products.values()} == {"published"}
    noun = "1 product" if how == 1 else f"{how} products"
    assert [
        note
        for note in result.notes
        if TWICE in note and f"only the first reading lacked them: {noun}." in note
    ], result.notes


@both_ways
@every_form
def test_product_that_moves_to_a_page_that_was_read_is_kept(
    server: DummyJson, store: FakeMedusa, respond: Respond, how: OnMissing
) -> None:
    shop = Shop(server, ROWS, respond, last_moves_up)
    before = {product.id for product in store.products.values()}
    for dry_run in (True, False):
        shop.readings = 0
        result = sync(shop.url, store, on_missing=how, dry_run=dry_run)
        assert_kept(result, store)
        assert shop.readings == 2
    assert {product.id for product in store.products.values()} == before
    result = sync(shop.url, store, on_missing=how)
    assert (counts(result), result.notes) == ({"unchanged": SIZE}, ())


@both_ways
@every_form
def test_product_that_both_readings_lack_is_removed(
    server: DummyJson, store: FakeMedusa, respond: Respond, how: OnMissing
) -> None:
    shop = Shop(server, ROWS[:-2], respond)
    dry = sync(shop.url, store, on_missing=how, dry_run=True)
    assert writes(store) == []
    result = sync(shop.url, store, on_missing=how)
    assert (dry.exit_code, dry.counts, dry.notes[:1]) == (result.exit_code, result.counts, result.notes)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": SIZE - 2, "removed": 2})
    assert shop.readings == 4
    [note] = result.notes
    assert note.startswith(TWICE)
    assert "Not removed" not in note
    if how is OnMissing.DELETE:
        assert_exact(ROWS[:-2], store)


@every_form
@pytest.mark.parametrize("how", OnMissing)
def test_source_is_read_once_if_nothing_is_missing(
    server: DummyJson, store: FakeMedusa, respond: Respond, how: OnMissing
) -> None:
    shop = Shop(server, [*ROWS, *products(SIZE + 1)[SIZE:]], respond)
    result = sync(shop.url, store, on_missing=how)
    assert (counts(result), result.notes, shop.readings) == ({"created": 1, "unchanged": SIZE}, (), 1)


def test_source_is_read_once_if_missing_products_are_kept(server: DummyJson, store: FakeMedusa) -> None:
    shop = Shop(server, ROWS[:-2], by_skip)
    assert counts(sync(shop.url, store)) == {"unchanged": SIZE - 2}
    assert shop.readings == 1


def test_products_that_are_already_drafts_do_not_cause_a_second_reading(
    server: DummyJson, store: FakeMedusa
) -> None:
    shop = Shop(server, ROWS[:-2], by_skip)
    sync(shop.url, store, on_missing=OnMissing.DRAFT)
    result = sync(shop.url, store, on_missing=OnMissing.DRAFT)
    assert (counts(result), shop.readings) == ({"unchanged": SIZE - 2}, 3)


# --- catalogues that can prove absence ------------------------------------------------------------------


def whole(rows: Rows, _request: Request) -> Response:
    return Response.json({"items": rows, "total": len(rows)})


def a_file(rows: Rows, _request: Request) -> Response:
    return Response(200, gzip.compress(json.dumps(rows).encode()))


@pytest.mark.parametrize(("respond", "requests"), [(whole, 1), (a_file, 2)])
def test_catalogue_in_one_piece_is_read_once(
    server: DummyJson, store: FakeMedusa, respond: Respond, requests: int
) -> None:
    Shop(server, ROWS[:-2], respond)
    result = sync(server.url, store, on_missing=OnMissing.DELETE)
    assert (counts(result), result.notes) == ({"unchanged": SIZE - 2, "removed": 2}, ())
    assert len(server.requests) == requests


@pytest.mark.parametrize("slash", ["", "/"])
def test_catalogue_with_an_address_per_product_is_read_once(
    server: DummyJson, store: FakeMedusa, slash: str
) -> None:
    """The source is asked for each product that is missing."""

    def respond(rows: Rows, request: Request) -> Response:
        path = request.path.removesuffix("/")
        assert path + slash == request.path
        response = with_html_for_missing_products(rows, Request("GET", path, request.query, {}))
        return Response.json({"message": "no"}, 404) if response is NOT_FOUND else response

    server.products = ROWS[:-2]
    server.intercept = lambda request: respond(server.products, request)
    result = sync(server.url + slash, store, on_missing=OnMissing.DELETE)
    assert (counts(result), result.notes) == ({"unchanged": SIZE - 2, "removed": 2}, ())
    asked = {int(each.path.split("/")[2]) for each in server.requests if each.path.strip("/") != "products"}
    assert asked == {1, SIZE - 1, SIZE}


def test_product_that_a_catalogue_in_one_piece_lacks_is_asked_for(
    server: DummyJson, store: FakeMedusa
) -> None:
    """The page may come from a cache."""
    server.products = ROWS
    stale = Response.json({"products": ROWS[:-1], "total": SIZE - 1})
    server.intercept = lambda request: stale if request.path == "/products" else None
    result = sync(server.url, store, on_missing=OnMissing.DELETE)
    assert (result.exit_code, counts(result), result.notes) == (0, {"unchanged": SIZE - 1}, ())


def test_unclear_answer_to_one_question_leads_to_a_second_reading(
    server: DummyJson, store: FakeMedusa
) -> None:
    shop = Shop(server, ROWS[:-1], with_html_for_missing_products, lambda rows: [rows[-1], *rows[1:-1]])
    result = sync(shop.url, store, on_missing=OnMissing.DELETE)
    assert (result.exit_code, shop.readings) == (0, 2)
    assert store.products.keys() == {f"dummyjson:{row['id']}" for row in ROWS[:-1]}


# --- a second reading that does not prove anything ------------------------------------------------------


@every_form
@pytest.mark.parametrize(
    "broken",
    [CLOSED, SERVER_ERROR, HTML_PAGE, Response.json({"items": "none"}), Response.json({}, 404)],
    ids=["closed", "500", "html", "other", "404"],
)
def test_second_reading_that_fails_removes_nothing(
    server: DummyJson, store: FakeMedusa, respond: Respond, broken: Response
) -> None:
    shop = Shop(server, ROWS[:-2], respond, the_same, broken)
    for dry_run in (True, False):
        shop.readings = 0
        result = sync(shop.url, store, on_missing=OnMissing.DELETE, dry_run=dry_run)
        assert (result.exit_code, counts(result)) == (3, {"unchanged": SIZE - 2})
        assert "read again before anything was removed" in result.error
        assert server.url in result.error
        assert "Nothing was removed" in result.hint
    assert_exact(ROWS, store)


def test_second_reading_that_ends_before_its_total_removes_nothing(
    server: DummyJson, store: FakeMedusa
) -> None:
    def respond(rows: Rows, request: Request) -> Response:
        return Response.json({"items": cut(rows, request), "total": SIZE - 2})

    shop = Shop(server, ROWS[:-2], respond, the_same, lambda rows: rows[:PAGE])
    result = sync(shop.url, store, on_missing=OnMissing.DELETE)
    assert (result.exit_code, counts(result)) == (3, {"unchanged": SIZE - 2})
    assert f"ended after {PAGE} of {SIZE - 2} products" in result.error
    assert_exact(ROWS, store)


def test_product_that_the_second_reading_rejects_is_kept(server: DummyJson, store: FakeMedusa) -> None:
    broken = {**ROWS[-1], "title": ""}
    shop = Shop(server, ROWS[:-1], by_skip, the_same, lambda rows: [*rows, broken])
    assert_kept(sync(shop.url, store, on_missing=OnMissing.DELETE), store)


def test_row_without_an_id_in_the_second_reading_removes_nothing(
    server: DummyJson, store: FakeMedusa
) -> None:
    shop = Shop(server, ROWS[:-2], by_skip, the_same, lambda rows: [*rows, {**ROWS[-1], "id": None}])
    result = sync(shop.url, store, on_missing=OnMissing.DELETE)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": SIZE - 2})
    assert "Nothing is removed, because 1 of the rows of the second reading have no id" in result.notes[0]
    assert_exact(ROWS, store)


def test_too_few_products_in_the_second_reading_remove_nothing(server: DummyJson, store: FakeMedusa) -> None:
    shop = Shop(server, ROWS[:-2], by_next, the_same, lambda rows: rows[:20])
    result = sync(shop.url, store, on_missing=OnMissing.DELETE, min_products=30)
    assert (result.exit_code, counts(result)) == (3, {"unchanged": SIZE - 2})
    assert "20 valid products, fewer than 30" in result.error
    assert "Nothing was removed" in result.hint
    assert_exact(ROWS, store)


# --- guards ---------------------------------------------------------------------------------------------


def several_move_up(rows: Rows) -> Rows:
    """Ten products of the last page take the places of those of the first."""
    return [*rows[-10:], *rows[10:-10]]


@pytest.mark.parametrize("dry_run", [True, False])
def test_guards_count_what_both_readings_lack(
    server: DummyJson,
    store: FakeMedusa,
    dry_run: bool,  # noqa: FBT001 - a parameter
) -> None:
    none, one = Share(0, is_percentage=False), Share(1, is_percentage=False)
    shop = Shop(server, ROWS, by_skip, several_move_up)
    options: dict[str, Any] = {"on_missing": OnMissing.DELETE, "dry_run": dry_run}
    assert_kept(sync(shop.url, store, max_removals=none, max_changes=none, **options), store, how=10)

    shop = Shop(server, ROWS[:-2], by_skip, lambda rows: [*rows[-5:], *rows[5:-5]])
    for guard in ("max_removals", "max_changes"):
        shop.readings = 0
        result = sync(shop.url, store, **{guard: one, **options})
        assert (result.exit_code, writes(store), shop.readings) == (6, [], 2)
        assert result.error.startswith("2 of 40 products")
    shop.readings = 0
    two = Share(2, is_percentage=False)
    result = sync(shop.url, store, max_removals=two, max_changes=two, **options)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": SIZE - 7, "removed": 2})
    assert shop.readings == 2


def test_second_reading_that_fails_is_not_repeated_for_the_guard(
    server: DummyJson, store: FakeMedusa
) -> None:
    shop = Shop(server, ROWS[:-2], by_skip, the_same, SERVER_ERROR)
    limit = Share(1, is_percentage=False)
    result = sync(shop.url, store, on_missing=OnMissing.DELETE, max_changes=limit)
    assert (result.exit_code, shop.readings, writes(store)) == (3, 2, [])
