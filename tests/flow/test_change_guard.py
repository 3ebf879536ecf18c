"""With --max-changes, a run that would change too many products writes nothing at all."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from medusa_sync import Result, Status
from tests.flow.faults import kill_at_step, strike, sync_killed
from tests.flow.merchant import edit
from tests.flow.stage import (
    TOO_LARGE,
    ListSource,
    Signal,
    assert_exact,
    constant,
    copies_of,
    counts,
    is_creation,
    run_once,
    sync,
    synced,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirts

SIZE = 20
ROWS = products(SIZE)
DELETE = {"on_missing": "delete", "max_removals": "100%"}

Row = dict[str, Any]
Rows = list[Row]


def sold_out(rows: Rows, number: int) -> Rows:
    return [{**row, "stock": 0} if index < number else row for index, row in enumerate(rows)]


def with_titles(rows: Rows, number: int) -> Rows:
    return [row | {"title": f"{row['title']} 2"} if index < number else row for index, row in enumerate(rows)]


def fewer_variants(rows: Rows, number: int) -> Rows:
    return [
        row | {"variants": row["variants"][:-1]} if index < number else row for index, row in enumerate(rows)
    ]


def without_change(_store: FakeMedusa) -> None:
    """The merchant changes nothing."""


def titles_changed(store: FakeMedusa) -> None:
    """The merchant did for ten products what the source does now."""
    for row in ROWS[:10]:
        edit(store, row["id"], title=f"{row['title']} 2")


def records_lost(store: FakeMedusa) -> None:
    """Ten products that the source drops, and one that it keeps, have no record."""
    for row in ROWS[9:]:
        store.products[f"dummyjson:{row['id']}"].metadata = None


def dropped_before(store: FakeMedusa) -> None:
    """An earlier run noted that the source dropped variants, and kept them."""
    sync(ListSource(fewer_variants(shirts(4), 3)), store)


def drafted_before(store: FakeMedusa) -> None:
    """An earlier run drafted five products, which the source did not have."""
    sync(ListSource(ROWS[:15]), store, on_missing="draft", max_removals="100%")


@dataclass
class Case:
    """What is stored, what the source has now, how many products count, and what a run does that may."""

    before: Rows
    now: Rows
    counted: int
    then: dict[str, int]
    options: dict[str, Any] = field(default_factory=dict)
    edit: Callable[[FakeMedusa], None] = without_change
    exit_code: int = 0


SHIRTS, TEN = shirts(4), shirts(10)
LESS = fewer_variants(SHIRTS, 3)
TWICE = [*fewer_variants(SHIRTS, 2), *fewer_variants(SHIRTS, 2)[:2]]
SOLD, RENAMED = sold_out(ROWS, 12), with_titles(ROWS, 12)
TOO_LARGE_ONE = [ROWS[0] | {"description": TOO_LARGE}, *sold_out(ROWS[1:], 1)]
REPEATED = [ROWS[0], ROWS[1] | {"sku": ROWS[0]["sku"]}, *ROWS[2:]]
GIVEN_UP = [ROWS[0] | {"sku": "NEW"}, *REPEATED[1:]]
THREE = {"updated": 3, "unchanged": 1}
CASES = {
    "updates": Case(ROWS, SOLD, 12, {"updated": 12, "unchanged": 8}),
    "new products": Case(ROWS[:15], sold_out(ROWS, 2), 2, {"created": 5, "updated": 2, "unchanged": 13}),
    "a first sync": Case([], ROWS, 0, {"created": SIZE}),
    "deletions": Case(ROWS, sold_out(ROWS, 1)[:-2], 3, {"updated": 1, "unchanged": 17, "removed": 2}, DELETE),
    "what the merchant did too": Case(
        ROWS, RENAMED, 12, {"updated": 2, "unchanged": 18}, edit=titles_changed
    ),
    "skipped ones": Case(ROWS, SOLD, 0, {"skipped": 12, "unchanged": 8}, {"no_update": True}),
    "edits that stay": Case(ROWS, ROWS, 0, {"unchanged": SIZE}, edit=titles_changed),
    "restored values": Case(
        ROWS, ROWS, 10, {"updated": 10, "unchanged": 10}, {"overwrite": True}, titles_changed
    ),
    "lost records": Case(ROWS, sold_out(ROWS[:10], 2), 3, {"updated": 3, "unchanged": 7}, edit=records_lost),
    "deleted variants": Case(SHIRTS, LESS, 3, THREE, DELETE),
    "drafted variants": Case(SHIRTS, LESS, 3, THREE, DELETE | {"on_missing": "draft"}),
    "variants that were dropped before": Case(SHIRTS, LESS, 3, THREE, DELETE, dropped_before),
    "dropped variants with other fields": Case(SHIRTS, LESS, 0, {"unchanged": 4}, {"only": "price"}),
    "both": Case(SHIRTS, with_titles(TWICE[:4], 2), 2, {"updated": 2, "unchanged": 2}, DELETE),
    "variants of which a part was rejected": Case(
        SHIRTS, TWICE, 2, {"unchanged": 4, "rejected": 2}, DELETE, exit_code=5
    ),
    "drafted ones that come back": Case(ROWS, ROWS, 5, {"updated": 5, "unchanged": 15}, edit=drafted_before),
    "an SKU that was withheld": Case(REPEATED, GIVEN_UP, 1, {"updated": 2, "unchanged": 18}),
    "rejected ones": Case(
        ROWS, TOO_LARGE_ONE, 1, {"updated": 1, "unchanged": 18, "rejected": 1}, exit_code=5
    ),
    "removals beside a rejected one": Case(
        *(TEN, [fewer_variants(TEN[:1], 1)[0] | {"description": TOO_LARGE}, *TEN[1:7]], 3),
        {"unchanged": 6, "rejected": 1, "removed": 3},
        {"on_missing": "delete", "max_removals": 3},
        exit_code=5,
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_counts(case: Case) -> None:
    """With a lower limit nothing is written; with this one, a run does the same as without.

    What the source changed since its record was written counts, whatever the store holds.
    """
    store = synced(case.before)
    case.edit(store)
    copy, source = copies_of(store), ListSource(deepcopy(case.now))
    if case.counted:
        for dry_run in (True, False):
            store.requests.clear()
            low = sync(source, store, max_changes=case.counted - 1, dry_run=dry_run, **case.options)
            assert (low.exit_code, low.status, writes(store)) == (6, Status.FAILED, [])
            assert low.error.startswith(f"{case.counted} of ")
            assert low.seen == sum(low.counts.values())
    for dry_run in (True, False):
        result = sync(source, store, max_changes=case.counted, dry_run=dry_run, **case.options)
        assert (result.exit_code, counts(result)) == (case.exit_code, case.then)
    free = copy()
    assert counts(sync(source, free, **case.options)) == case.then
    assert {key: each.title for key, each in free.products.items()} == {
        key: each.title for key, each in store.products.items()
    }


def test_too_many_changes_are_named_each_in_a_line() -> None:
    store, text = synced(ROWS), "a\nb " * 50
    rows = sold_out(ROWS, 12)
    rows[1] |= {"description": text, "price": 1, "weight": 77}
    rows[2]["description"] += " Blue."
    result = sync(ListSource([*rows, *products(SIZE + 3)[SIZE:]]), store, max_changes="10%")
    assert counts(result) == {"unchanged": 8, "not_attempted": 15}
    what, most, *_ = result.error.split("\n")
    assert what == "12 of 20 products would change; --max-changes is 10%. Nothing was written."
    assert most == "stock: 12 of 20 products"
    lines = [line for line in result.error.split("\n") if line.startswith("  ")]
    assert lines[0] == f"  dummyjson:1 {ROWS[0]['title']!r}: stock: {ROWS[0]['stock']} -> 0"
    assert f"{ROWS[1]['title']!r}: description, " in lines[1], "the record has a digest of it"
    assert lines[1].endswith(", 1 more")
    assert "description, stock: " in lines[2]
    assert (len(lines), lines[-1]) == (11, "  ... and 2 more")
    assert "--max-changes 12 (SYNC_PRODUCTS_MAX_CHANGES)" in result.hint
    assert {each.reason for each in result.not_completed} == {f"not completed: {what}"}
    less = sync(ListSource(ROWS[:-2]), store, max_changes=1, **DELETE)
    assert f"  dummyjson:{SIZE} {ROWS[-1]['title']!r}: delete" in less.error


def test_a_run_within_the_limit_reads_no_more_details() -> None:
    read = []
    for limit in ({}, {"max_changes": "10%"}):
        store = synced(ROWS)
        assert counts(sync(ListSource(ROWS), store, **limit)) == {"unchanged": SIZE}
        store.requests.clear()
        sync(ListSource(sold_out(ROWS, 2)), store, **limit)
        read.append(
            [each.path for each in store.requests if dict(each.query).get("fields", "").count(",") > 3]
        )
    assert read[0] == read[1] != []


def test_products_that_max_removals_keeps_do_not_count_and_the_updates_are_written() -> None:
    store, source = synced(ROWS), ListSource(sold_out(ROWS, 2)[:10])
    for dry_run in (True, False):
        result = sync(source, store, max_changes="10%", on_missing="delete", dry_run=dry_run)
        assert (result.exit_code, counts(result)) == (6, {"updated": 2, "unchanged": 8})
        assert "--max-removals is" in result.error
    assert len(store.products) == SIZE


# --- interruptions ----------------------------------------------------------------------------------------


def interrupted(rows: Rows, is_hit: Callable[[httpx.Request], object]) -> FakeMedusa:
    """A store whose last run, with these rows, was killed before a request."""
    store = synced(shirts(2) if "variants" in rows[0] else ROWS)
    sync_killed("before", is_hit, ListSource(deepcopy(rows)), store, batch_size=SIZE)
    store.requests.clear()
    return store


def levels(request: httpx.Request) -> bool:
    return "location-levels" in request.url.path


def is_batch(request: httpx.Request) -> bool:
    return request.url.path == "/admin/products/batch"


def test_the_completion_of_an_interrupted_run_does_not_count_but_other_values_do() -> None:
    new = sold_out(ROWS, SIZE)
    store = interrupted(new, levels)
    bad = ListSource([{**row, "title": "BROKEN", "price": 0.01} for row in new])
    assert (sync(bad, store, max_changes="10%").exit_code, writes(store)) == (6, [])
    assert counts(sync(ListSource(new), store, max_changes=0)) == {"updated": SIZE}
    assert_exact(new, store)


def test_the_completion_of_a_removed_option_does_not_count() -> None:
    rows = shirts(3)
    for row in rows:
        row["variants"] = [each for each in row["variants"] if each["options"]["Colour"] == "Red"]
    store = synced(rows)
    for row in rows:
        row["options"] = ["Size"]
        for each in row["variants"]:
            del each["options"]["Colour"]
    sync_killed("after", is_batch, ListSource(deepcopy(rows)), store)
    result = sync(ListSource(rows), store, max_changes=0)
    assert counts(result) == {"updated": 3}, result.error


def test_the_completion_of_an_adoption_does_not_count() -> None:
    store = synced(ROWS)
    for each in store.products.values():
        each.external_id = each.metadata = None
    sync_killed("after", is_batch, ListSource(ROWS), store, adopt=True)
    assert counts(sync(ListSource(ROWS), store, adopt=True, max_changes=0)) == {"updated": SIZE}


def test_variants_that_are_kept_do_not_count_when_their_products_are_completed() -> None:
    store, rows = synced(SHIRTS), deepcopy(LESS)
    dropped_before(store)
    for row in rows:
        row["variants"][0]["stock"] += 1
    sync_killed("before", levels, ListSource(rows), store)
    result = sync(ListSource(rows), store, max_changes=0)
    assert counts(result) == {"updated": 4}, result.error


def test_what_a_bad_feed_changes_counts_even_if_the_store_may_still_be_writing() -> None:
    store = synced(ROWS)
    kill_at_step(store, "products")
    with suppress(httpx.ReadError):
        sync(ListSource([{**row, "price": row["price"] + 1} for row in ROWS]), store, batch_size=SIZE)
    store.before = store.between = None
    store.requests.clear()
    broken = ListSource([{**row, "title": "BROKEN", "price": 0.01} for row in ROWS])
    with constant("SETTLE_S", 10):
        for dry_run in (True, False):
            result = sync(broken, store, max_changes="10%", dry_run=dry_run)
            assert (result.exit_code, writes(store)) == (6, [])


def test_what_an_incomplete_source_delivered_is_checked_too() -> None:
    store, source = synced(ROWS), ListSource(sold_out(ROWS, 10), page_size=5, ends_after=2)
    result = sync(source, store, max_changes="10%", on_missing="delete")
    assert (result.exit_code, writes(store)) == (6, [])
    result = sync(source, store, max_changes=10, on_missing="delete")
    assert (result.exit_code, counts(result), len(store.products)) == (3, {"updated": 10}, SIZE)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_run_that_is_stopped_accounts_for_every_product(at: int) -> None:
    store, stop = FakeMedusa(), Signal()
    strike(store, "before", lambda each: is_creation(each) or len(store.requests) == at, stop.interrupt)
    result = asyncio.run(run_once(ListSource(ROWS), store, stop=stop, max_changes="10%", batch_size=5))
    assert (result.exit_code, result.counts[Result.FAILED]) == (143, 0)
    assert result.seen == sum(result.counts.values())
