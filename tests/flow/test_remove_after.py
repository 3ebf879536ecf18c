"""What is missing is marked, and removed by a complete run that finds it missing long enough."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.faults import strike
from tests.flow.plans import carried_out
from tests.flow.stage import (
    ListSource,
    acknowledged_by,
    apply,
    assert_quiet,
    copies_of,
    counts,
    record_of,
    save,
    sync,
    synced,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirt

Row = dict[str, Any]
DAY = 86_400
START = 1_800_000_000
BOTH = pytest.mark.parametrize("how", ["draft", "delete"])
ROWS = products(20)


@contextmanager
def on_day(day: float) -> Iterator[None]:
    """The clock shows a time after the first one."""
    with patch.object(time, "time", lambda: START + day * DAY):
        yield


def run(
    store: FakeMedusa, rows: list[Row], day: float, *, is_exact: bool = True, **changes: Any
) -> RunResult:
    """A run on a day, after a dry run that shows the same."""
    settings: Row = {"remove_after": "7d", "on_missing": "delete", **changes}
    with on_day(day):
        if is_exact:
            return carried_out(ListSource(rows), store, **settings)
        return sync(ListSource(rows), store, **settings)


def is_sold(store: FakeMedusa, number: int = 1) -> bool:
    product = store.products.get(f"dummyjson:{number}")
    return product is not None and product.status == "published"


def said(result: RunResult) -> list[str]:
    return [each for each in result.notes if "issing" in each]


@BOTH
def test_a_missing_product_is_marked_with_one_write_and_removed_after_the_time(how: str) -> None:
    store = synced(ROWS)
    with on_day(0):
        [note] = said(sync(ListSource(ROWS[1:]), store, on_missing=how, remove_after="7d", dry_run=True))
    title = store.products["dummyjson:1"].title
    assert note == (
        f"Missing, and removed if that does not change: dummyjson:1 {title!r} (missing since "
        "2027-01-15 08:00 UTC, would be removed on 2027-01-22 08:00 UTC)."
    )
    store.requests.clear()
    first = run(store, ROWS[1:], 0, is_exact=False, on_missing=how)
    assert (first.exit_code, counts(first), said(first)) == (0, {"unchanged": 19}, [note])
    assert len(writes(store)) == 1
    for day in (0.1, 3, 6.9):
        with on_day(day):
            assert_quiet(ListSource(ROWS[1:]), store, on_missing=how, remove_after="7d")
        assert said(run(store, ROWS[1:], day, on_missing=how)) == [note]
    assert is_sold(store)
    last = run(store, ROWS[1:], 7, on_missing=how)
    assert (counts(last), said(last)) == ({"unchanged": 19, "removed": 1}, [])
    assert not is_sold(store)
    with on_day(8):
        assert_quiet(ListSource(ROWS[1:]), store, on_missing=how, remove_after="7d")
    assert counts(run(store, ROWS, 9, on_missing=how))["unchanged"] == 19
    assert is_sold(store)


@pytest.mark.parametrize(
    "back", [{}, {"remove_after": None}, {"on_missing": "keep", "remove_after": None}, {"only": "price"}]
)
def test_what_comes_back_is_unmarked_by_any_run(back: Row) -> None:
    store = synced(ROWS)
    run(store, ROWS[1:], 0)
    run(store, ROWS, 3, **back)
    assert "missing_since" not in record_of(store, 1)
    with on_day(3):
        assert_quiet(ListSource(ROWS), store, on_missing="delete", remove_after="7d")
    run(store, ROWS[1:], 8)
    run(store, ROWS[1:], 14)
    assert is_sold(store)
    run(store, ROWS[1:], 15)
    assert not is_sold(store)


@BOTH
def test_what_comes_back_unconfirmed_is_confirmed_and_unmarked_with_one_write(how: str) -> None:
    store, settings = synced(ROWS), {"on_missing": how, "remove_after": "7d"}
    dearer = [{**ROWS[0], "price": ROWS[0]["price"] + 1}, *ROWS[1:]]
    strike(store, "before", acknowledged_by, httpx.ReadTimeout("slow"))
    sync(ListSource(dearer), store)
    store.before = None
    run(store, ROWS[1:], 0, on_missing=how)
    assert record_of(store, 1).keys() >= {"pending", "missing_since"}
    store.requests.clear()
    result = run(store, dearer, 8, is_exact=False, on_missing=how)
    assert (result.exit_code, counts(result), len(writes(store))) == (0, {"unchanged": 20}, 1)
    assert record_of(store, 1).keys().isdisjoint({"pending", "missing_since"})
    with on_day(8):
        assert_quiet(ListSource(dearer), store, **settings)


def test_a_saved_plan_ends_the_mark_of_what_is_back(tmp_path: Path) -> None:
    store, file = synced(ROWS), tmp_path / "plan"
    run(store, ROWS[1:], 0)
    with on_day(3):
        save(ListSource(ROWS), store, file, on_missing="delete", remove_after="7d")
        apply(file, store)
    assert "missing_since" not in record_of(store, 1)


def test_marks_mean_nothing_without_the_option() -> None:
    store = synced(ROWS)
    run(store, ROWS[1:], 0)
    with on_day(30):
        assert_quiet(ListSource(ROWS[1:]), store)
        assert said(sync(ListSource(ROWS[1:]), store)) == []
        assert counts(sync(ListSource(ROWS[1:]), store, on_missing="draft"))["removed"] == 1


def failing(store: FakeMedusa, kind: str) -> tuple[ListSource, list[Row]]:
    """A source without the first product, of which a run is not complete."""
    rows = [dict(row) for row in ROWS[1:]]
    if kind == "a row is rejected":
        rows[3]["price"] = -1
    if kind == "a row has no id":
        rows[3]["id"] = None
    source = ListSource(rows, page_size=5, ends_after=2 if kind == "the source fails" else None)
    if kind == "a product fails":
        rows[3]["title"] = "Refused"
        no = httpx.Response(400, json={"type": "invalid_data", "message": "no"})
        strike(store, "before", lambda request: b"Refused" in request.content, no, once=False)
    return source, rows


@BOTH
@pytest.mark.parametrize("is_marked", [False, True])
@pytest.mark.parametrize(
    "kind", ["a row is rejected", "a row has no id", "the source fails", "a product fails"]
)
def test_a_run_that_is_not_complete_neither_removes_nor_marks(
    kind: str, how: str, *, is_marked: bool
) -> None:
    store = synced(ROWS)
    if is_marked:
        run(store, ROWS[1:], 0, on_missing=how)
    before = record_of(store, 1)
    source, _ = failing(store, kind)
    with on_day(9):
        result = sync(source, store, on_missing=how, remove_after="7d", max_retries=0)
    assert result.exit_code in {3, 5}
    assert (is_sold(store), record_of(store, 1)) == (True, before)
    assert len([each for each in result.notes if each.startswith("Nothing is removed")]) == (
        kind != "the source fails"
    )
    store.before = None
    run(store, ROWS[1:], 10, on_missing=how)
    assert is_sold(store) is not is_marked


@pytest.mark.parametrize("stop", [{"limit": 5}, {"max_removals": "0"}])
def test_a_limit_and_a_guard_neither_remove_nor_unmark(stop: Row) -> None:
    store = synced(ROWS)
    run(store, ROWS[1:], 0)
    result = run(store, ROWS[1:], 8, **stop)
    assert (result.exit_code, is_sold(store)) == (6 if "max_removals" in stop else 0, True)
    run(store, ROWS[1:], 8)
    assert not is_sold(store)


def test_the_guards_count_what_is_removed_and_not_what_is_marked() -> None:
    store = synced(ROWS)
    for day in (0, 6):
        assert run(store, ROWS[5:], day, max_changes="0").exit_code == 0
    assert run(store, ROWS[5:], 7, max_changes="4").exit_code == 6
    assert run(store, ROWS[5:], 7).exit_code == 6
    rejected = [{**ROWS[5], "price": -1}, *ROWS[6:]]  # so nothing is removed
    assert run(store, rejected, 7, max_removals="5", max_changes="4").exit_code == 5
    assert run(store, ROWS[5:], 7, max_removals="5", max_changes="5").exit_code == 0
    assert len(store.products) == 15


def variants_of(store: FakeMedusa) -> dict[str | None, float | None]:
    """The stock of each variant, by SKU."""
    known = [each.sku for each in store.products["dummyjson:1"].variants]
    return {sku: store.level_of(sku or "") for sku in known}


def sold_variants(store: FakeMedusa) -> set[str | None]:
    return {sku for sku, stock in variants_of(store).items() if stock}


@BOTH
def test_a_missing_variant_is_marked_and_removed_after_the_time(how: str) -> None:
    row = shirt(1)
    less = row | {"variants": row["variants"][1:]}
    gone = row["variants"][0]["sku"]
    settings: Row = {"on_missing": how, "max_removals": "100%"}
    store = synced([row])
    everything = sold_variants(store)
    first = run(store, [less], 0, **settings)
    [note] = said(first)
    assert "(missing since 2027-01-15 08:00 UTC, would be removed on 2027-01-22 08:00 UTC)" in note
    assert sold_variants(store) == everything
    for day in (1, 6):
        with on_day(day):
            assert_quiet(ListSource([less]), store, remove_after="7d", **settings)
        [again] = said(run(store, [less], day, **settings))
        assert again.partition("(")[2] == note.partition("(")[2]
    changed = less | {"title": "Changed"}
    run(store, [changed], 6.5, **settings)
    assert sold_variants(store) == everything
    assert run(store, [changed], 7, **settings).exit_code == 0
    assert sold_variants(store) == everything - {gone}
    with on_day(9):
        assert_quiet(ListSource([changed]), store, remove_after="7d", **settings)
    run(store, [row], 10, **settings)
    assert sold_variants(store) == everything


@BOTH
def test_a_variant_that_comes_back_is_unmarked(how: str) -> None:
    row = shirt(1)
    less = row | {"variants": row["variants"][1:]}
    settings: Row = {"on_missing": how, "max_removals": "100%"}
    store = synced([row])
    everything = sold_variants(store)
    for day, rows in ((0, [less]), (3, [row]), (8, [less]), (14, [less])):
        run(store, rows, day, **settings)
        assert sold_variants(store) == everything
    run(store, [less], 15, **settings)
    assert len(sold_variants(store)) == len(everything) - 1


def test_variants_that_were_dropped_before_are_marked_first() -> None:
    row = shirt(1)
    less = row | {"variants": row["variants"][1:]}
    store = synced([row])
    with on_day(0):
        sync(ListSource([less]), store)
    assert run(store, [less], 20, max_removals="100%", max_changes="0").exit_code == 0
    assert len(store.products["dummyjson:1"].variants) == len(row["variants"])
    run(store, [less], 27, max_removals="100%")
    assert len(store.products["dummyjson:1"].variants) == len(row["variants"]) - 1


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_mark_whose_response_is_lost_is_written_again(moment: Any) -> None:
    store = synced(ROWS)
    is_write = lambda request: request.method == "POST"  # noqa: E731 - short
    strike(store, moment, is_write, httpx.ReadError("reset"))
    assert run(store, ROWS[1:], 0, is_exact=False).exit_code == 0
    assert record_of(store, 1)["missing_since"] == START
    setattr(store, moment, None)
    assert counts(run(store, ROWS[1:], 7))["removed"] == 1


@BOTH
@pytest.mark.parametrize("wrong", [-400, 400])
def test_a_wrong_clock_of_this_machine_neither_brings_a_removal_forward_nor_puts_it_off(
    wrong: float, how: str
) -> None:
    """What counts is the clock of the store."""
    row, others = shirt(30), ROWS[:3]
    settings: Row = {"on_missing": how, "max_removals": "100%"}
    rows = [row, *others]
    less = [row | {"variants": row["variants"][1:]}, *others[1:]]
    for days in ((0, 0.001, 6.9), (0,)):
        store = synced(rows)
        for day in days:
            store.time = START + day * DAY
            [note] = said(run(store, less, day + wrong, **settings))
            assert "missing since 2027-01-15 08:00 UTC, would be removed on 2027-01-22 08:00 UTC" in note
            assert (is_sold(store), len(sold_shirts(store))) == (True, len(row["variants"]))
        store.time = START + 7 * DAY
        assert counts(run(store, less, 7 if len(days) > 1 else wrong, **settings))["removed"] == 1
        assert (is_sold(store), len(sold_shirts(store))) == (False, len(row["variants"]) - 1)


def sold_shirts(store: FakeMedusa) -> set[str | None]:
    skus = [each.sku for each in store.products["dummyjson:30"].variants]
    return {sku for sku in skus if store.level_of(sku or "")}


def test_without_the_time_of_the_store_that_of_this_machine_counts() -> None:
    store = synced(ROWS)
    for day, date in ((0, ""), (6.9, "yesterday")):
        store.after = lambda _, response, date=date: response.headers.update({"date": date})
        run(store, ROWS[1:], day, is_exact=False)
        assert (is_sold(store), record_of(store, 1)["missing_since"]) == (True, START)
    run(store, ROWS[1:], 7, is_exact=False)
    assert not is_sold(store)


@BOTH
@pytest.mark.parametrize("kind", ["row", "store", "skipped", "failed"])
def test_what_comes_back_but_is_not_written_is_unmarked(kind: str, how: str) -> None:
    settings: Row = {"on_missing": how}
    store = synced(ROWS)
    run(store, ROWS[1:], 0, **settings)
    bad: dict[str, Row] = {"row": {"price": -1}, "store": {"salesChannels": ["Nowhere"]}}
    rows = [{**ROWS[0], **bad.get(kind, {"title": "Changed"})}, *ROWS[1:]]
    more: Row = {"no_update": True} if kind == "skipped" else {}
    if kind == "failed":
        no = httpx.Response(400, json={"type": "invalid_data", "message": "no"})
        strike(store, "before", lambda request: b"Changed" in request.content, no, once=False)
    outcome = {"row": "rejected", "store": "rejected"}.get(kind, kind)
    for _ in range(2):
        store.requests.clear()
        result = run(store, rows, 3, is_exact=False, max_retries=0, **settings, **more)
        assert counts(result).get(outcome)
        assert "missing_since" not in record_of(store, 1)
    if kind in {"row", "skipped"}:
        assert writes(store) == []
    store.before = None
    for day in (8, 14.9):
        run(store, ROWS[1:], day, **settings)
        assert is_sold(store)
    run(store, ROWS[1:], 15, **settings)
    assert not is_sold(store)


@BOTH
def test_marks_of_variants_end_if_their_product_is_rejected(how: str) -> None:
    """Nobody knows then which of them are back."""
    row = shirt(1)
    less = row | {"variants": row["variants"][1:]}
    settings: Row = {"on_missing": how, "max_removals": "100%"}
    store = synced([row])
    everything = sold_variants(store)
    broken = [{**row["variants"][0], "price": -1}, *row["variants"][1:]]
    for day, rows in ((0, [less]), (3, [row | {"variants": broken}]), (8, [less]), (14, [less])):
        run(store, rows, day, **settings)
        assert sold_variants(store) == everything
    run(store, [less], 15, **settings)
    assert len(sold_variants(store)) == len(everything) - 1


def test_a_product_that_only_the_second_reading_has_is_unmarked() -> None:
    """It was between two pages when the first reading came by."""
    store = synced(ROWS)
    run(store, ROWS[1:], 0)
    with on_day(8):
        moving = ListSource(ROWS, page_size=5, first_rows=ROWS[1:])
        sync(moving, store, on_missing="delete", remove_after="7d")
    assert (is_sold(store), "missing_since" in record_of(store, 1)) == (True, False)


def test_a_mark_that_cannot_be_removed_is_a_problem() -> None:
    store = synced(ROWS)
    run(store, ROWS[2:], 0)
    no = httpx.Response(400, json={"type": "invalid_data", "message": "no"})
    [own] = [each.id for each in store.state.products.values() if each.external_id == "dummyjson:1"]
    strike(store, "before", lambda request: own.encode() in request.content, no, once=False)
    rejected = [row | {"price": -1} for row in ROWS[:2]]
    result = run(store, [*rejected, *ROWS[2:]], 3, is_exact=False)
    reason = "it is back at the source, but its mark as missing was not removed: POST /admin/products/batch"
    [found] = [each.reason for each in result.problems if each.result == "failed"]
    assert found.startswith(f"{reason}: the server responded with 400")
    assert ["missing_since" in record_of(store, number) for number in (1, 2)] == [True, False]
    store.before = None
    run(store, [*rejected, *ROWS[2:]], 3, is_exact=False)
    assert "missing_since" not in record_of(store, 1)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_end_of_a_mark_whose_response_is_lost_is_written_again(moment: Any) -> None:
    store, rows = synced(ROWS), [ROWS[0] | {"price": -1}, *ROWS[1:]]
    run(store, ROWS[1:], 0)
    strike(store, moment, lambda request: request.method == "POST", httpx.ReadError("reset"))
    assert run(store, rows, 3, is_exact=False).exit_code == 5
    assert "missing_since" not in record_of(store, 1)


def test_many_marks_are_written_in_few_calls() -> None:
    rows = products(450)
    store = copies_of(synced(rows, batch_size=200))()
    assert run(store, rows[:10], 0, is_exact=False, max_removals="0").exit_code == 0
    assert len(writes(store)) == 3
