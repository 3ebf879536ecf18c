"""Products that the merchant deleted: they are created again, or skipped with --on-deleted skip."""

import pytest

from medusa_sync import RunResult
from tests.flow.faults import killed_runs, strike, with_index
from tests.flow.merchant import create
from tests.flow.stage import (
    ListSource,
    assert_exact,
    assert_quiet,
    copies_of,
    counts,
    created_by,
    sync,
    synced,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

SKIP = {"on_deleted": "skip"}
ROWS = products(20)
FEW = ROWS[:6]


def delete(store: FakeMedusa, *numbers: int) -> None:
    """Delete products, as the merchant does."""
    for number in numbers:
        store.call("DELETE", f"/admin/products/{store.products[f'dummyjson:{number}'].id}")


def skipped(result: RunResult) -> set[str | None]:
    assert all("--on-deleted recreate" in each.reason for each in result.skipped)
    return {each.external_id for each in result.skipped}


def test_a_product_that_the_merchant_deleted_is_skipped_and_nothing_is_written_for_it() -> None:
    store = synced(FEW)
    delete(store, 2, 5)
    rows = [row | {"tags": [f"tag {row['id']}"], "category": f"shelf {row['id']}"} for row in FEW]
    assert sync(ListSource(rows[2:4]), store).exit_code == 0
    for dry_run in (True, False):
        store.requests.clear()
        result = sync(ListSource(rows[1:5]), store, **SKIP, dry_run=dry_run)
        assert (counts(result), result.exit_code) == ({"unchanged": 2, "skipped": 2}, 0)
        assert skipped(result) == {"dummyjson:2", "dummyjson:5"}
        assert (writes(store), list(result.changes)) == ([], [])


def test_by_default_it_is_created_again_each_time() -> None:
    store = synced(FEW)
    for _ in range(2):
        delete(store, 2)
        assert counts(sync(ListSource(FEW), store)) == {"unchanged": 5, "created": 1}
        assert_exact(FEW, store)
    delete(store, 2)
    assert skipped(sync(ListSource(FEW), store, **SKIP)) == {"dummyjson:2"}


def test_a_whole_catalogue_that_was_deleted_is_created_again_with_few_requests() -> None:
    """The ids of deleted products cannot be used again, so the store refuses the first call."""
    rows = products(60)
    store = synced(rows)
    delete(store, *(row["id"] for row in rows))
    assert counts(sync(ListSource(rows, page_size=60), store, batch_size=20)) == {"created": 60}
    assert_exact(rows, store)
    assert len(list(filter(created_by, writes(store)))) <= 2 * 3


def test_the_index_engine_does_not_hide_what_the_merchant_deleted() -> None:
    store = synced(FEW)
    delete(store, 2)
    with_index(store, lambda found: [each for each in found if each.get("deleted_at") is None])
    assert skipped(sync(ListSource(FEW), store, **SKIP)) == {"dummyjson:2"}


def test_a_product_that_the_merchant_replaced_is_skipped_too_unless_it_is_adopted() -> None:
    store = synced(FEW)
    delete(store, 2)
    create(store, "Hers", FEW[1]["sku"])
    result = sync(ListSource(FEW), store, **SKIP)
    assert (result.exit_code, skipped(result)) == (0, {"dummyjson:2"})
    assert counts(sync(ListSource(FEW), store, **SKIP, adopt=True)) == {"unchanged": 5, "updated": 1}


def test_the_newest_tombstone_decides() -> None:
    """What this tool removed is created when it comes back, what the merchant deleted is not."""
    store, less, all_ = synced(ROWS), ListSource(ROWS[1:]), ListSource(ROWS)
    sync(less, store, on_missing="delete")
    assert counts(sync(all_, store, **SKIP)) == {"unchanged": 19, "created": 1}
    assert_exact(ROWS, store)
    delete(store, 1)
    assert skipped(sync(all_, store, **SKIP)) == {"dummyjson:1"}
    sync(all_, store)  # created again
    sync(less, store, on_missing="delete")
    assert counts(sync(all_, store, **SKIP)) == {"unchanged": 19, "created": 1}


@pytest.mark.parametrize("is_ours", [True, False])
def test_the_note_of_a_newer_version_decides_too(*, is_ours: bool) -> None:
    """A newer version has removed the product because it was missing at the source."""
    store = synced(FEW)
    record = {"version": 99, **({"deleted": True} if is_ours else {})}
    store.products["dummyjson:2"].metadata = {"medusa_sync": record}
    delete(store, 2)
    expected = {"created": 1} if is_ours else {"skipped": 1}
    assert counts(sync(ListSource(FEW), store, **SKIP)) == {"unchanged": 5} | expected


# --- during a run -----------------------------------------------------------------------------------------


def test_a_product_that_is_deleted_while_the_run_is_under_way_is_skipped() -> None:
    store = synced(FEW)
    strike(store, "before", lambda request: "price_set" in str(request.url), lambda: delete(store, 1))
    new = [{**row, "price": row["price"] + 1} for row in FEW]
    assert counts(sync(ListSource(new), store, **SKIP)) == {"updated": 5, "skipped": 1}


def test_after_a_killed_removal_the_product_is_created_if_it_comes_back() -> None:
    less, all_ = ListSource(ROWS[2:]), ListSource(ROWS)
    for hurt in killed_runs(synced(ROWS), "tool", lambda store: sync(less, store, on_missing="delete")):
        copy = copies_of(hurt)
        store = copy()
        result = sync(all_, store, **SKIP)
        assert (result.exit_code, skipped(result), result.conflicts) == (0, set(), 0)
        assert_exact(ROWS, store)
        assert_quiet(all_, store, **SKIP)
        delete(store, 1)  # the note of the removal that was not finished does not count any more
        assert skipped(sync(all_, store, **SKIP)) == {"dummyjson:1"}
        store = copy()
        assert sync(less, store, **SKIP, on_missing="delete").exit_code == 0
        assert_exact(ROWS[2:], store)
