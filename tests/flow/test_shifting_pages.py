"""Products and variants are removed only if a second reading of an API with pages lacks them too."""

import gzip
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from medusa_sync import RunResult
from tests.flow.shifting import (
    FORMS,
    PAGE,
    TWICE,
    Move,
    Respond,
    Rows,
    Shop,
    by_next,
    by_skip,
    cut,
    the_same,
)
from tests.flow.shirts import held, wanted
from tests.flow.stage import assert_exact, copies_of, counts, synced, writes
from tests.flow.stage import sync_url as sync
from tests.harness.catalogue import products
from tests.harness.dummyjson import CLOSED, HTML_PAGE, SERVER_ERROR, DummyJson, Request, Response
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirt, shirts

pytestmark = pytest.mark.usefixtures("small_pages")

SIZE = 40  # products of the catalogue
ROWS = products(SIZE)
SHIRTS = shirts(12)
DELETE: dict[str, Any] = {"on_missing": "delete"}

both_ways = pytest.mark.parametrize("how", ["delete", "draft"])


@cache
def copies(*, of_shirts: bool = False) -> Callable[[], FakeMedusa]:
    return copies_of(synced(SHIRTS if of_shirts else ROWS))


@pytest.fixture
def store() -> FakeMedusa:
    return copies()()


@pytest.fixture
def shirt_store() -> FakeMedusa:
    return copies(of_shirts=True)()


def move_up(number: int, left: int = SIZE) -> Move:
    """The last products take the places of the first ones, which are sold out and gone."""
    return lambda rows: [*rows[-number:], *rows[number : left - number]]


def assert_kept(result: RunResult, store: FakeMedusa, number: str = "1 product") -> None:
    assert (result.exit_code, counts(result).get("removed")) == (0, None), result.error
    assert store.products.keys() == {f"dummyjson:{row['id']}" for row in ROWS}
    assert {product.status for product in store.products.values()} == {"published"}
    [note] = [note for note in result.notes if TWICE in note]
    assert f"only the first reading lacked them: {number}." in note


@pytest.mark.parametrize("respond", FORMS)
def test_a_product_that_moves_to_a_page_that_was_read_is_kept(
    server: DummyJson, store: FakeMedusa, respond: Respond
) -> None:
    shop = Shop(server, ROWS, respond, move_up(1))
    for dry_run in (True, False):
        shop.readings = 0
        assert_kept(sync(shop.url, store, **DELETE, dry_run=dry_run), store)
        assert shop.readings == 2
    shop.readings = 2  # nothing moves now
    result = sync(shop.url, store, **DELETE)
    assert (counts(result), result.notes, shop.readings) == ({"unchanged": SIZE}, (), 3)


@both_ways
@pytest.mark.parametrize("respond", [by_skip, by_next])
def test_a_product_that_both_readings_lack_is_removed(
    server: DummyJson, store: FakeMedusa, respond: Respond, how: str
) -> None:
    shop = Shop(server, ROWS[:-2], respond)
    assert (counts(sync(shop.url, store)), shop.readings) == ({"unchanged": SIZE - 2}, 1), "they are kept"
    dry = sync(shop.url, store, on_missing=how, dry_run=True)
    assert writes(store) == []
    result = sync(shop.url, store, on_missing=how)
    assert (dry.exit_code, dry.counts, dry.notes[:1]) == (result.exit_code, result.counts, result.notes)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": SIZE - 2, "removed": 2})
    assert shop.readings == 1 + 2 + 2
    [note] = result.notes
    assert note.startswith(TWICE)
    assert "Not removed" not in note
    if how == "delete":
        assert_exact(ROWS[:-2], store)
    assert counts(sync(shop.url, store, on_missing=how)) == {"unchanged": SIZE - 2}
    assert shop.readings == 5 + 1, "nothing is left to remove"


# --- catalogues that can prove absence ------------------------------------------------------------------


def whole(rows: Rows, _request: Request) -> Response:
    return Response.json({"items": rows, "total": len(rows)})


def a_file(rows: Rows, _request: Request) -> Response:
    return Response(200, gzip.compress(json.dumps(rows).encode()))


@pytest.mark.parametrize(("respond", "requests"), [(whole, 1), (a_file, 2)])
def test_a_catalogue_in_one_piece_is_read_once(
    server: DummyJson, store: FakeMedusa, respond: Respond, requests: int
) -> None:
    Shop(server, ROWS[:-2], respond)
    result = sync(server.url, store, **DELETE)
    assert (counts(result), result.notes) == ({"unchanged": SIZE - 2, "removed": 2}, ())
    assert len(server.requests) == requests


# --- a second reading that does not prove anything ------------------------------------------------------


def to_a_wrong_total(rows: Rows, request: Request) -> Response:
    return Response.json({"items": cut(rows, request), "total": SIZE - 2})


AGAIN = "read again before anything was removed"
PROVES_NOTHING: dict[str, tuple[Respond, Move | Response, dict[str, Any], int, str]] = {
    "closed": (by_skip, CLOSED, {}, 3, AGAIN),
    "500": (by_next, SERVER_ERROR, {}, 3, AGAIN),
    "HTML": (by_skip, HTML_PAGE, {}, 3, AGAIN),
    "another form": (by_next, Response.json({"items": "none"}), {}, 3, AGAIN),
    "404": (by_next, Response.json({}, 404), {"max_changes": 2}, 3, AGAIN),
    "ends early": (
        *(to_a_wrong_total, lambda rows: rows[:PAGE], {}, 3),
        f"ended after {PAGE} of {SIZE - 2} products",
    ),
    "a row without an id": (
        *(by_skip, lambda rows: [*rows, {**ROWS[-1], "id": None}], {}, 0),
        "Nothing is removed, because 1 row of the second reading without an id",
    ),
    "too few products": (
        *(by_next, lambda rows: rows[:20], {"min_products": 30}, 3),
        "20 valid products, fewer than 30",
    ),
}


@pytest.mark.parametrize("why", PROVES_NOTHING)
def test_a_second_reading_that_proves_nothing_removes_nothing(
    server: DummyJson, store: FakeMedusa, why: str
) -> None:
    respond, second, options, exit_code, words = PROVES_NOTHING[why]
    shop = Shop(server, ROWS[:-2], respond, the_same, second)
    for dry_run in (True, False):
        shop.readings = 0
        result = sync(shop.url, store, **DELETE, **options, dry_run=dry_run)
        assert (result.exit_code, counts(result)) == (exit_code, {"unchanged": SIZE - 2})
        assert words in f"{result.error} {result.notes}"
        assert shop.readings == 2
    if words == AGAIN:
        assert server.url in result.error
    assert exit_code == 0 or "Nothing was removed" in result.hint
    assert_exact(ROWS, store)


def test_a_product_that_the_second_reading_rejects_is_kept(server: DummyJson, store: FakeMedusa) -> None:
    broken = {**ROWS[-1], "title": ""}
    shop = Shop(server, ROWS[:-1], by_skip, the_same, lambda rows: [*rows, broken])
    assert_kept(sync(shop.url, store, **DELETE), store)


def test_max_removals_counts_what_both_readings_lack_and_max_changes_the_first(
    server: DummyJson, store: FakeMedusa
) -> None:
    """What `--max-removals` would keep after the first reading is no change."""
    shop = Shop(server, ROWS, by_skip, move_up(10))
    assert_kept(sync(shop.url, store, **DELETE, max_removals=0, max_changes=0), store, "10 products")

    shop = Shop(server, ROWS[:-2], by_skip, move_up(5, SIZE - 2))
    guards: list[tuple[dict[str, Any], int]] = [({"max_removals": 1}, 2), ({"max_changes": 6}, 7)]
    for guard, count in guards:
        shop.readings = 0
        result = sync(shop.url, store, **DELETE, **guard)
        assert (result.exit_code, writes(store)) == (6, [])
        assert result.error.startswith(f"{count} of 40 products")
    shop.readings = 0
    result = sync(shop.url, store, **DELETE, max_removals=2, max_changes=7)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": SIZE - 7, "removed": 2})
    assert shop.readings == 2


# --- variants -------------------------------------------------------------------------------------------


def without(number: int, **changes: Any) -> dict[str, Any]:
    """The last shirt, without its last variants."""
    row = shirt(12, **changes)
    return {**row, "variants": row["variants"][:-number]}


LESS = [*SHIRTS[:-1], without(2)]


def test_variants_that_both_readings_lack_are_removed(server: DummyJson, shirt_store: FakeMedusa) -> None:
    shop = Shop(server, LESS, by_skip)
    result = sync(shop.url, shirt_store, **DELETE)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 11, "updated": 1})
    assert result.notes[0].startswith(TWICE)
    assert held(shirt_store, 12) == wanted(without(2))


RENAMED = [{**each, "id": f"new-{each['id']}", "price": 1} for each in shirt(12)["variants"]]


@both_ways
@pytest.mark.parametrize(
    ("last", "left"),
    [
        pytest.param([shirt(12)], 0, id="has them"),
        pytest.param([shirt(12, variants=RENAMED)], 0, id="has them with other ids"),
        pytest.param([], 0, id="lacks the product"),
        pytest.param([without(2, title="")], 0, id="is invalid"),
        pytest.param([without(2, id=None)], 0, id="has no id"),
        pytest.param([without(2), shirt(12), shirt(13)], 0, id="has the product twice"),
        pytest.param([without(1)], 1, id="has one of them"),
    ],
)
def test_variants_that_the_second_reading_does_not_lack_are_kept(
    server: DummyJson, shirt_store: FakeMedusa, last: Rows, left: int, how: str
) -> None:
    respond = by_next if left else by_skip
    shop = Shop(server, LESS, respond, the_same, lambda rows: [*rows[:-1], *last])
    for dry_run in (True, False):
        shop.readings = 0
        result = sync(shop.url, shirt_store, on_missing=how, dry_run=dry_run)
        assert (result.exit_code, shop.readings) == (0, 2)
        assert "removed" not in counts(result)
        number = "1 variant" if left else "2 variants"
        words = (
            "without an id"
            if last and last[0]["id"] is None
            else f"only the first reading lacked them: {number}."
        )
        assert words in result.notes[0]
    kept = wanted(without(1)) if left and how == "delete" else wanted(shirt(12))
    assert held(shirt_store, 12).keys() == kept.keys()
    drafted = [sku for sku, each in held(shirt_store, 12).items() if each["stock"] == 0]
    assert len(drafted) == (left if how == "draft" else 0)


def test_guards_count_the_variants_that_both_readings_lack(
    server: DummyJson, shirt_store: FakeMedusa
) -> None:
    shop = Shop(server, LESS, by_skip, the_same, lambda _rows: SHIRTS)
    assert sync(shop.url, shirt_store, on_missing="delete", max_removals=0, max_changes=1).exit_code == 0
    shop = Shop(server, LESS, by_skip)
    for guard in ({"max_removals": 1}, {"max_changes": 0}):
        assert sync(shop.url, shirt_store, on_missing="delete", **guard).exit_code == 6
    assert held(shirt_store, 12) == wanted(shirt(12))
