"""Variants have ranks, by which a shop shows them in the order of the source."""

from pathlib import Path
from typing import Any

import pytest

from medusa_sync import RunResult
from tests.flow.stage import (
    ListSource,
    apply,
    assert_quiet,
    counts,
    make_former,
    record_of,
    save,
    sync,
    synced,
    writes,
)
from tests.flow.test_undo import assert_order_is_planned_and_undone, undo
from tests.harness.fake_medusa import FakeMedusa
from tests.world import results

pytestmark = pytest.mark.usefixtures("routes")


def source(sizes: str, **fields: Any) -> ListSource:
    """A shirt in these sizes."""
    variants = [{"id": each, "price": 3, "options": {"Size": each}} for each in sizes]
    return ListSource([{"id": 1, "title": "Shirt", "variants": variants, **fields}])


def shown(store: FakeMedusa) -> str:
    """The sizes by rank; those with the same one in brackets."""
    ranks: dict[int | None, str] = {}
    for each in store.products["dummyjson:1"].variants:
        ranks[each.variant_rank] = ranks.get(each.variant_rank, "") + each.title
    groups = ("".join(sorted(ranks[rank])) for rank in sorted(ranks, key=lambda rank: rank or 0))
    return "".join(each if len(each) == 1 else f"({each})" for each in groups)


def run(store: FakeMedusa, sizes: str, **fields: Any) -> RunResult:
    """A dry run that is exact, and a real one, after which nothing is left to do."""
    plan = sync(source(sizes, **fields), store, dry_run=True)
    result = sync(source(sizes, **fields), store)
    assert results.shown(plan) == results.shown(result)
    assert result.conflicts == 0
    assert_quiet(source(sizes, **fields), store)
    return result


@pytest.mark.parametrize("after", ["BAC", "CBA", "ADBC", "DABC", "ABCD", "DCBA", "BADE"])
def test_a_changed_order_is_sent_once(after: str) -> None:
    store = synced(source("ABC").rows)
    assert shown(store) == "ABC"
    run(store, after)
    assert "".join(each for each in shown(store) if each in after) == after


def test_only_ranks_are_written_if_only_the_order_changes() -> None:
    store = synced(source("ABC").rows)
    [outcome] = run(store, "BAC").changes
    moved = {(each.field, each.variant, each.stored, each.planned) for each in outcome.changes}
    assert moved == {("variant_rank", "A", 0, 1), ("variant_rank", "B", 1, 0)}


def test_dropped_variants_move_no_other_one() -> None:
    store = synced(source("ABCD").rows)
    result = sync(source("ACD"), store, on_missing="delete", max_removals="100%")
    assert not any(each.field == "variant_rank" for one in result.changes for each in one.changes)
    assert shown(store) == "ACD"
    run(store, "ACDE")
    assert shown(store) == "ACDE"
    run(store, "ABCDE")
    assert shown(store) == "ABCDE"


def test_a_variant_that_comes_back_gets_its_place() -> None:
    store = synced(source("ABCDE").rows)
    for sizes in ("ABCDF", "ABDF", "ABDFE"):
        run(store, sizes)
    assert shown(store) == "AB(CD)FE"  # C is dropped, and moves no more


def test_a_saved_plan_and_an_undo_write_it(tmp_path: Path) -> None:
    assert_order_is_planned_and_undone(source, shown, tmp_path)


def test_a_variant_that_an_undo_deleted_gets_its_place_again(tmp_path: Path) -> None:
    store, plan = synced(source("ABC").rows), tmp_path / "plan.jsonl"
    undo(store, sync(source("CADB"), store), tmp_path, on_missing="delete")
    save(source("CADB"), store, plan)
    assert (apply(plan, store).exit_code, shown(store)) == (0, "CADB")


def test_a_new_variant_comes_with_the_order() -> None:
    store = synced(source("ABC").rows)
    sync(source("AC"), store, on_missing="delete", max_removals="100%")
    sync(source("ACD"), store, only="variants")
    assert shown(store) == "ACD"
    assert_quiet(source("ACD"), store)


@pytest.fixture
def upgraded() -> FakeMedusa:
    """A store that was synced by a version without ranks."""
    store = synced(source("ABC").rows)
    digest = record_of(store, 1)["source"]
    make_former(store, 1)
    record_of(store, 1)["source"] = digest  # it is that of the content
    for each in store.state.variants().values():
        each.variant_rank = 0
    return store


def test_an_upgrade_sends_no_order(upgraded: FakeMedusa) -> None:
    result = assert_quiet(source("ABC"), upgraded)
    assert [*result.notes] == []
    sync(source("ABC", title="New"), upgraded)
    assert shown(upgraded) == "(ABC)"
    upgraded.requests.clear()
    assert counts(sync(source("ABC", title="New"), upgraded)) == {"unchanged": 1}
    assert writes(upgraded) == []


@pytest.mark.parametrize("after", ["CBA", "ABDC", "BAC"])
def test_then_a_changed_order_is_sent_as_a_whole(upgraded: FakeMedusa, after: str) -> None:
    sync(source("ABC", title="New"), upgraded)
    run(upgraded, after, title="New")
    assert shown(upgraded) == after


def test_a_variant_that_is_added_after_an_upgrade_is_in_its_place(upgraded: FakeMedusa) -> None:
    run(upgraded, "ADBC")
    assert shown(upgraded) == "ADBC"
