"""With --max-changes, a run that would change too many products writes nothing at all."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from medusa_sync import Result, Status
from tests.flow.shirts import shirts, variant
from tests.flow.stage import (
    TOO_LARGE,
    Killed,
    ListSource,
    Signal,
    assert_exact,
    counts,
    details_read,
    is_creation,
    kill_at_step,
    run_once,
    sent_in_bulk,
    settling,
    sync,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

SIZE = 20
TENTH = "10%"
ANY = "100%"

Row = dict[str, Any]
Rows = list[Row]


def store_with(rows: Rows) -> FakeMedusa:
    store = FakeMedusa()
    assert sync(ListSource(copy.deepcopy(rows)), store).exit_code == 0
    store.requests.clear()
    return store


def sold_out(rows: Rows, number: int) -> Rows:
    return [{**row, "stock": 0} if index < number else row for index, row in enumerate(rows)]


@pytest.mark.parametrize("dry_run", [True, False])
def test_too_many_changes_write_nothing_and_are_named(*, dry_run: bool) -> None:
    rows = products(SIZE)
    store = store_with(rows)
    source = ListSource([*sold_out(rows, 12), *products(SIZE + 3)[SIZE:]])
    result = sync(source, store, max_changes=TENTH, dry_run=dry_run)
    assert (result.exit_code, result.status) == (6, Status.FAILED)
    assert writes(store) == []
    assert counts(result) == {"unchanged": 8, "not_attempted": 15}
    assert result.seen == SIZE + 3
    what, most, *lines = result.error.split("\n")
    assert what == "12 of 20 products would change; --max-changes is 10%. Nothing was written."
    assert most == "stock: 12 of 20 products"
    assert len(lines) == 11
    assert lines[0] == f"  dummyjson:1 {rows[0]['title']!r}: stock: {rows[0]['stock']} -> 0"
    assert lines[-1] == "  ... and 2 more"
    assert "--max-changes 12 (SYNC_PRODUCTS_MAX_CHANGES)" in result.hint
    assert {each.reason for each in result.not_completed} == {f"not completed: {what}"}


def test_products_without_our_record_that_the_source_lacks_do_not_raise_the_limit() -> None:
    rows = products(2 * SIZE)
    store = store_with(rows)
    for row in rows[SIZE - 1 :]:
        store.products[f"dummyjson:{row['id']}"].metadata = None
    result = sync(ListSource(sold_out(rows[:SIZE], 2)), store, max_changes=TENTH)
    assert (result.exit_code, writes(store)) == (6, [])
    assert result.error.startswith("3 of 20 products would change"), "the third one gets a record again"


def test_each_product_is_one_line_whatever_its_texts_are() -> None:
    rows = products(2)
    store = store_with(rows)
    new = [{**row, "description": "a\nb " * 50, "price": 1, "stock": 1, "weight": 77} for row in rows]
    result = sync(ListSource(new), store, max_changes=0)
    _, _, *lines = result.error.split("\n")
    assert len(lines) == 2
    for line in lines:
        assert "description: " in line
        assert " -> a b a b " in line
        assert line.endswith(", 1 more")


def test_the_number_in_the_hint_accepts_the_changes() -> None:
    rows = products(SIZE)
    store, source = store_with(rows), ListSource(sold_out(rows, 12))
    assert sync(source, store, max_changes=11).exit_code == 6
    result = sync(source, store, max_changes=12)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 8, "updated": 12})
    assert_exact(source.rows, store)


@pytest.mark.parametrize("changed", range(4))
def test_up_to_the_limit_a_run_does_the_same_as_without_it(changed: int) -> None:
    rows = products(SIZE + 3)
    store, source = store_with(rows[:SIZE]), ListSource(sold_out(rows, changed))
    dry = sync(source, store, max_changes=TENTH, dry_run=True)
    real = sync(source, store, max_changes=TENTH)
    assert (dry.exit_code, dry.counts) == (real.exit_code, real.counts)
    if changed <= 2:
        assert real.exit_code == 0
        assert counts(real) == {"created": 3, "unchanged": SIZE - changed} | (
            {"updated": changed} if changed else {}
        )
        assert_exact(source.rows, store)
    else:
        assert real.exit_code == 6


def test_a_first_sync_is_not_limited() -> None:
    store, source = FakeMedusa(), ListSource(products(SIZE))
    result = sync(source, store, max_changes=0)
    assert (result.exit_code, counts(result)) == (0, {"created": SIZE})
    assert_exact(source.rows, store)


def test_a_quiet_run_reads_no_details() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    assert counts(sync(ListSource(rows), store, max_changes=TENTH)) == {"unchanged": SIZE}
    sync(ListSource(sold_out(rows, 2)), store, max_changes=TENTH)
    assert len(details_read(store)) == 1, "as many as without the limit"


# --- what counts ------------------------------------------------------------------------------------------


def test_a_product_whose_merge_plans_nothing_does_not_count() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    for row in rows[:10]:  # the merchant did what the source does now
        product = store.products[f"dummyjson:{row['id']}"]
        store.call("POST", f"/admin/products/{product.id}", {"title": f"{row['title']} 2"})
    new = [{**row, "title": f"{row['title']} 2"} if index < 12 else row for index, row in enumerate(rows)]
    result = sync(ListSource(new), store, max_changes=TENTH)
    assert (result.exit_code, counts(result)) == (0, {"updated": 2, "unchanged": 18})


def test_products_that_are_skipped_do_not_count() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    plan = {"no_update": True}
    result = sync(ListSource(sold_out(rows, 12)), store, max_changes=TENTH, **plan)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 8, "skipped": 12})


def test_a_restored_value_counts() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    for product in store.products.values():
        store.call("POST", f"/admin/products/{product.id}", {"title": "Mine"})
    assert sync(ListSource(rows), store, max_changes=TENTH).exit_code == 0
    plan = {"overwrite": True}
    result = sync(ListSource(rows), store, max_changes=TENTH, **plan)
    assert (result.exit_code, result.error.split("\n")[1]) == (6, "title: 20 of 20 products")


@pytest.mark.parametrize(("how", "word"), [("delete", "delete"), ("draft", "draft")])
def test_missing_products_count_together_with_updates(how: str, word: str) -> None:
    rows = products(SIZE)
    store, source = store_with(rows), ListSource(sold_out(rows, 1)[:-2])
    for dry_run in (True, False):
        result = sync(source, store, max_changes=TENTH, on_missing=how, max_removals=ANY, dry_run=dry_run)
        assert result.exit_code == 6
        assert result.error.startswith("3 of 20 products would change")
        assert f"{word}: 2 of 20 products" in result.error
        assert f"  dummyjson:{SIZE} {rows[-1]['title']!r}: {word}" in result.error
        assert writes(store) == []
    three = 3
    result = sync(source, store, max_changes=three, on_missing=how, max_removals=ANY)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 17, "updated": 1, "removed": 2})


def test_products_that_max_removals_keeps_do_not_count_and_the_updates_are_written() -> None:
    rows = products(SIZE)
    store, source = store_with(rows), ListSource(sold_out(rows, 2)[:10])
    for dry_run in (True, False):
        result = sync(source, store, max_changes=TENTH, on_missing="delete", dry_run=dry_run)
        assert (result.exit_code, counts(result)) == (6, {"updated": 2, "unchanged": 8})
        assert "--max-removals is" in result.error
    assert len(store.products) == SIZE
    assert set(source.asked) == {"1"}, "which it delivered"


def test_missing_products_do_not_count_if_they_are_kept() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    result = sync(ListSource(rows[:5]), store, max_changes=0)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 5})


@pytest.mark.parametrize("how", ["delete", "draft"])
def test_products_that_only_lose_variants_count(how: str) -> None:
    rows = shirts(6)
    store = store_with(rows)
    for row in rows[:3]:
        del row["variants"][-1]
    source = ListSource(rows)
    options: dict[str, Any] = {"on_missing": how, "max_removals": ANY}
    two, three = 2, 3
    for dry_run in (True, False):
        result = sync(source, store, max_changes=two, dry_run=dry_run, **options)
        assert (result.exit_code, result.error.split(" ")[0]) == (6, "3")
        assert writes(store) == []
    assert sync(source, store).exit_code == 0  # they are noted as dropped, and kept
    store.requests.clear()
    result = sync(source, store, max_changes=two, **options)
    assert (result.exit_code, result.error.split(" ")[0], writes(store)) == (6, "3", [])
    result = sync(source, store, max_changes=three, **options)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 3, "updated": 3})


def test_products_that_lose_variants_and_change_otherwise_count_once() -> None:
    rows = shirts(4)
    store = store_with(rows)
    for row in rows[:2]:
        del row["variants"][-1]
        row["title"] += " 2"
    options: dict[str, Any] = {"on_missing": "delete", "max_removals": ANY}
    one, two = 1, 2
    result = sync(ListSource(rows), store, max_changes=one, **options)
    assert result.error.startswith("2 of 4 products would change")
    assert sync(ListSource(rows), store, max_changes=two, **options).exit_code == 0


def test_variants_of_a_product_of_which_a_part_was_rejected_do_not_count() -> None:
    rows = shirts(4)
    store = store_with(rows)
    for row in rows[:2]:
        del row["variants"][-1]
    options: dict[str, Any] = {"on_missing": "delete", "max_removals": ANY}
    source = ListSource([*rows, *rows[:2]])  # the second time, they are rejected
    result = sync(source, store, max_changes=0, **options)
    assert (result.exit_code, counts(result)) == (5, {"unchanged": 4, "rejected": 2})
    assert all(len(product.variants) == 6 for product in store.products.values())


def test_the_completion_of_an_interrupted_run_does_not_count() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    new = sold_out(rows, SIZE)

    def kill(request: Any) -> None:
        if "location-levels" in request.url.path:
            raise Killed

    store.before = kill
    with suppress(Killed):
        sync(ListSource(new), store, concurrency=1)
    store.before = None
    result = sync(ListSource(new), store, max_changes=5)
    assert (result.exit_code, counts(result)) == (0, {"updated": SIZE})
    assert_exact(new, store)


def test_what_a_bad_feed_changes_after_an_interrupted_run_counts() -> None:
    rows = products(SIZE)
    store = store_with(rows)

    def kill(request: Any) -> None:
        if "location-levels" in request.url.path:
            raise Killed

    store.before = kill
    with suppress(Killed):
        sync(ListSource([{**row, "stock": row["stock"] + 1} for row in rows]), store, batch_size=SIZE)
    store.before = None
    store.requests.clear()
    broken = [{**row, "title": "BROKEN", "price": 0.01, "stock": 0} for row in rows]
    result = sync(ListSource(broken), store, max_changes=TENTH)
    assert (result.exit_code, writes(store)) == (6, [])


def test_what_a_bad_feed_changes_counts_even_if_the_store_may_still_be_writing() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    kill_at_step(store, "products")
    with suppress(httpx.ReadError):
        sync(ListSource([{**row, "price": row["price"] + 1} for row in rows]), store, batch_size=SIZE)
    store.before = store.between = None
    store.requests.clear()
    broken = [{**row, "title": "BROKEN", "price": 0.01} for row in rows]
    for dry_run in (True, False):
        with settling(10):
            result = sync(ListSource(broken), store, max_changes=TENTH, dry_run=dry_run)
        assert (result.exit_code, writes(store)) == (6, [])


def test_variants_that_the_source_dropped_earlier_count_even_if_nothing_else_changes() -> None:
    rows = shirts(4)
    store = store_with(rows)
    for row in rows[:3]:
        del row["variants"][-1]
    sync(ListSource(rows), store)
    store.requests.clear()
    options: dict[str, Any] = {"on_missing": "delete", "max_removals": ANY}
    result = sync(
        ListSource(rows),
        store,
        max_changes=2,
        overwrite=True,
        **options,
    )
    assert (result.exit_code, writes(store)) == (6, [])
    assert result.error.startswith("3 of 4 products would change")


def test_a_new_variant_with_other_values_than_an_interrupted_run_sent_counts() -> None:
    rows = shirts(2)
    store = store_with(rows)
    rows[0]["variants"].append(variant(1, "XXL", "Blue"))

    def kill(request: Any) -> None:
        if sent_in_bulk(request, "create-product-variants"):
            raise Killed

    store.before = kill
    with suppress(Killed):
        sync(ListSource(rows), store)
    store.before = None
    none = 0
    cheap = copy.deepcopy(rows)
    cheap[0]["variants"][-1]["price"] = 0.01
    assert sync(ListSource(cheap), store, max_changes=none).exit_code == 6
    result = sync(ListSource(rows), store, max_changes=none)
    assert (result.exit_code, counts(result)) == (0, {"updated": 1, "unchanged": 1})


def test_products_that_will_be_rejected_do_not_count() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    rows[0]["description"] = TOO_LARGE
    rows[1]["stock"] += 1
    one = 1
    for dry_run in (True, False):
        result = sync(ListSource(rows), store, max_changes=one, dry_run=dry_run)
        assert (result.exit_code, counts(result)) == (5, {"unchanged": 18, "updated": 1, "rejected": 1})


@pytest.mark.parametrize("dry_run", [True, False])
def test_dropped_variants_of_a_rejected_product_do_not_hide_other_removals(*, dry_run: bool) -> None:
    rows = shirts(10)
    store = store_with(rows)
    left = rows[:7]
    left[0]["description"] = TOO_LARGE
    del left[0]["variants"][2:]  # more than --max-removals allows, if the product were not rejected
    limits = {"max_removals": 3, "max_changes": 2}
    result = sync(ListSource(left), store, on_missing="delete", dry_run=dry_run, **limits)
    assert (result.exit_code, len(store.products), writes(store)) == (6, 10, [])
    assert result.error.startswith("3 of 10 products would change; --max-changes is 2.")
    limits["max_changes"] = 3
    result = sync(ListSource(left), store, on_missing="delete", dry_run=dry_run, **limits)
    assert (result.exit_code, counts(result)) == (5, {"unchanged": 6, "rejected": 1, "removed": 3})


# --- faults -----------------------------------------------------------------------------------------------


def test_what_an_incomplete_source_delivered_is_checked_too() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    source = ListSource(sold_out(rows, 10), page_size=5, ends_after=2)
    result = sync(source, store, max_changes=TENTH, on_missing="delete")
    assert result.exit_code == 6
    assert writes(store) == []
    result = sync(source, store, max_changes=10, on_missing="delete")
    assert (result.exit_code, counts(result)) == (3, {"updated": 10})
    assert len(store.products) == SIZE


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_run_that_is_stopped_accounts_for_every_product(at: int) -> None:
    rows = products(SIZE)
    store, stop = FakeMedusa(), Signal()

    def end(number: int) -> Callable[[Any], None]:
        seen: list[Any] = []

        def before(request: Any) -> None:
            seen.append(request)
            if is_creation(request) or len(seen) == number:
                stop.interrupt()

        return before

    store.before = end(at)
    result = asyncio.run(run_once(ListSource(rows), store, stop=stop, max_changes=TENTH, batch_size=5))
    assert result.exit_code == 143
    assert result.seen == sum(result.counts.values())
    assert result.counts[Result.FAILED] == 0
