"""Products that the source says are deleted are removed, also if what is missing is kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.flow.merchant import edit
from tests.flow.stage import (
    ListSource,
    apply,
    assert_quiet,
    counts,
    document,
    save,
    sync,
    sync_url,
    synced,
    text,
    writes,
)
from tests.flow.test_remove_after import on_day
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

SIZE = 10
ROWS = products(SIZE)


def deleted(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": each, "deleted": True} for each in numbers]


def statuses(store: FakeMedusa) -> dict[int, str]:
    return {int(key.rpartition(":")[2]): each.status for key, each in store.products.items()}


def drafts(store: FakeMedusa) -> list[int]:
    return [number for number, status in sorted(statuses(store).items()) if status == "draft"]


def delta(*rows: dict[str, Any]) -> ListSource:
    """A source with only what has changed."""
    return ListSource([*rows])


@pytest.mark.parametrize(("on_missing", "left"), [("keep", SIZE), ("draft", SIZE), ("delete", SIZE - 1)])
def test_a_product_that_is_deleted_is_removed_as_one_that_is_missing(on_missing: str, left: int) -> None:
    store, source = synced(ROWS), delta(*ROWS[1:], *deleted(1))
    planned = sync(source, store, on_missing=on_missing, dry_run=True)
    result = sync(source, store, on_missing=on_missing)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": SIZE - 1, "removed": 1})
    assert counts(planned) == counts(result)
    assert (len(store.products), drafts(store)) == (left, [] if on_missing == "delete" else [1])
    store.requests.clear()
    assert counts(sync(source, store, on_missing=on_missing)) == {"unchanged": SIZE - 1}
    assert writes(store) == []


def test_a_delta_removes_nothing_else_and_what_is_sent_again_comes_back() -> None:
    store = synced(ROWS)
    changed = {**ROWS[3], "price": 5}
    assert counts(sync(delta(changed, *deleted(1)), store)) == {"updated": 1, "removed": 1}
    assert drafts(store) == [1]
    assert counts(sync(delta(ROWS[0]), store)) == {"updated": 1}
    assert drafts(store) == []
    assert_quiet(delta(ROWS[0]), store)


def test_a_source_with_nothing_but_deletions_is_not_empty() -> None:
    store = synced(ROWS)
    result = sync(delta(*deleted(1)), store)
    assert (result.exit_code, counts(result), list(result.notes)) == (0, {"removed": 1}, [])
    assert sync(delta(*deleted(77)), store).exit_code == 0
    assert drafts(store) == [1]


@pytest.mark.parametrize("on_missing", ["keep", "draft", "delete"])
def test_the_limit_of_removals_counts_what_is_deleted(on_missing: str) -> None:
    store = synced(ROWS)
    source = delta(*ROWS[2:], *deleted(1, 2))
    result = sync(source, store, on_missing=on_missing)
    assert (result.exit_code, drafts(store), len(store.products)) == (6, [], SIZE)
    verb = "deleted" if on_missing == "keep" else "missing"
    assert f"2 of 10 products are {verb} at the source" in result.error
    assert sync(source, store, on_missing=on_missing, max_removals="2").exit_code == 0


def test_the_limit_of_changes_counts_what_is_deleted() -> None:
    store = synced(ROWS)
    result = sync(delta(*ROWS[1:], *deleted(1)), store, max_changes="0")
    assert (result.exit_code, writes(store)) == (6, [])
    assert counts(sync(delta(*ROWS[1:], *deleted(1)), store, max_changes="1"))["removed"] == 1


def test_of_a_product_that_is_also_delivered_the_deletion_does_not_count() -> None:
    store = synced(ROWS)
    for rows in ([*deleted(1), *ROWS], [*ROWS, *deleted(1)]):
        assert counts(sync(delta(*rows), store)) == {"unchanged": SIZE}


def test_rejected_rows_without_an_id_do_not_keep_what_is_deleted() -> None:
    """A delta does not send it again."""
    store = synced(ROWS)
    for on_missing in ("keep", "draft"):
        result = sync(delta({"title": "No id"}, *deleted(1)), store, on_missing=on_missing)
        assert (counts(result), drafts(store)) == ({"rejected": 1, "removed": 1}, [1])
        store = synced(ROWS)


def test_a_source_that_fails_removes_nothing() -> None:
    store = synced(ROWS)
    source = ListSource([*deleted(1), *ROWS[1:]], page_size=5, ends_after=1)
    assert sync(source, store).exit_code == 3
    assert drafts(store) == []


def test_a_delay_is_for_what_may_come_back_and_not_for_what_is_deleted() -> None:
    store = synced(ROWS)
    with on_day(0):
        result = sync(delta(*ROWS[2:], *deleted(1)), store, on_missing="draft", remove_after="7d")
    assert (counts(result)["removed"], drafts(store)) == (1, [1])
    assert "dummyjson:2" in text(result)


def test_a_shard_removes_its_own() -> None:
    store = synced(ROWS)
    source = delta(*ROWS[5:], *deleted(1, 2, 3, 4, 5))
    for shard in ("1/2", "2/2"):
        assert sync(source, store, shard=shard, max_removals="100%").exit_code == 0
    assert drafts(store) == [1, 2, 3, 4, 5]


def test_what_the_merchant_has_edited_or_deleted_is_removed_as_any_other() -> None:
    store = synced(ROWS)
    edit(store, 1, title="Edited")
    store.call("DELETE", f"/admin/products/{store.products['dummyjson:2'].id}")
    assert counts(sync(delta(*deleted(1, 2)), store, max_removals="1")) == {"removed": 1}
    assert store.products["dummyjson:1"].title == "Edited"


def test_a_product_of_somebody_else_stays() -> None:
    store = synced(ROWS)
    store.products["dummyjson:1"].metadata = {}
    assert counts(sync(delta(*deleted(1)), store)) == {}
    assert drafts(store) == []


def test_a_plan_has_deletions_and_an_undo_takes_them_back(tmp_path: Path) -> None:
    store, plan = synced(ROWS), tmp_path / "plan.ndjson"
    save(delta(*ROWS[1:], *deleted(1)), store, plan)
    result = apply(plan, store)
    assert (result.exit_code, counts(result)["removed"], drafts(store)) == (0, 1, [1])
    assert counts(apply(plan, store)).get("removed", 0) == 0
    run = tmp_path / "run.json"
    run.write_text(json.dumps(document(result)))
    assert sync_url("memory", store, undo=str(run)).exit_code == 0
    assert drafts(store) == []


def test_a_limit_and_a_minimum_count_products_only() -> None:
    store = synced(ROWS)
    assert counts(sync(delta(*deleted(1), *ROWS[1:]), store, limit=3)) == {"unchanged": 2, "removed": 1}


FORMS = {
    "own.csv": "id,title,price,deleted\n1,,,true\n2,B,2,false\n3,C,3,\n",
    "time.csv": "id,title,price,deleted_at\n1,A,1,2026-01-31T10:00:00Z\n2,B,2,\n3,C,3,0\n",
    "medusa.csv": (
        "Product External Id,Product Handle,Product Title,Variant Price USD,Product Deleted At\n"
        "1,a,A,1,2026-01-31T10:00:00.000Z\n2,b,B,2,\n3,c,C,3,\n"
    ),
    "flag.json": json.dumps(
        [
            {"id": 1, "deleted": "yes"},
            {"id": 2, "title": "B", "price": 2, "deleted": False},
            {"id": 3, "title": "C", "price": 3},
        ]
    ),
    "time.ndjson": (
        '{"id": 1, "title": "A", "deletedAt": 1769853600}\n'
        '{"id": 2, "title": "B", "price": 2, "deleted_at": null}\n'
        '{"id": 3, "title": "C", "price": 3, "description": "deleted scenes"}\n'
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_flag_or_a_time_says_that_a_product_is_deleted(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(FORMS[name])
    store = synced([{"id": each, "title": each, "price": int(each)} for each in "123"])
    assert sync_url(str(file), store, accept_settings=True).exit_code == 0
    assert drafts(store) == [1]


def test_a_map_and_a_program_can_say_so(tmp_path: Path) -> None:
    store = synced(ROWS)
    file, map_ = tmp_path / "a.json", tmp_path / "a.jq"
    file.write_text('[{"nr": 1, "gone": true}, {"nr": 2, "gone": true}]')
    map_.write_text("{id: .nr, deleted: .gone}")
    result = sync_url(
        str(file), store, source_map=str(map_), adjust=".deleted = (.id == 2)", accept_settings=True
    )
    assert (counts(result), drafts(store)) == ({"rejected": 1, "removed": 1}, [2])


def test_what_is_neither_a_flag_nor_a_time_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,title,price,deleted\n1,A,1,maybe\n")
    result = sync_url(str(file), synced(ROWS))
    reason = "line 2: deleted is 'maybe', but should be `true`, `false` or a date"
    assert [each.reason for each in result.problems] == [reason]
