"""What the source no longer has: what the guards let go, and that a dry run tells it."""

from __future__ import annotations

from typing import Any

import pytest

from medusa_sync.core.policy import OnMissing, Share
from tests.flow.stage import ListSource, assert_exact, counts, sync
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

ANY = Share(100, is_percentage=True)


def store_with(rows: list[dict[str, Any]]) -> FakeMedusa:
    store = FakeMedusa()
    assert sync(ListSource(rows), store).exit_code == 0
    return store


@pytest.mark.parametrize("how", [OnMissing.DELETE, OnMissing.DRAFT])
@pytest.mark.parametrize(
    ("gone", "new", "exit_code"),
    [
        pytest.param(10, 0, 0, id="ten of a hundred"),
        pytest.param(11, 0, 6, id="eleven of a hundred"),
        pytest.param(11, 30, 6, id="eleven of a hundred, beside thirty new ones"),
        pytest.param(100, 30, 6, id="another catalogue"),
        pytest.param(100, 0, 6, id="nothing"),
    ],
)
def test_the_guard_is_about_what_was_there_before_and_a_dry_run_tells_the_same(
    how: OnMissing, gone: int, new: int, exit_code: int
) -> None:
    rows = products(100 + new)
    store, source = store_with(rows[:100]), ListSource(rows[gone:])
    dry = sync(source, store, on_missing=how, dry_run=True)
    assert len(store.products) == 100
    real = sync(source, store, on_missing=how)
    assert (dry.exit_code, dry.counts) == (real.exit_code, real.counts)
    assert real.exit_code == exit_code
    kept = {product.external_id for product in store.products.values() if product.status == "published"}
    taken_off = gone if exit_code == 0 else 0
    assert kept == {f"dummyjson:{row['id']}" for row in rows[taken_off:]}


def test_another_catalogue_as_large_as_one_likes_removes_nothing_even_if_all_may_go() -> None:
    rows = products(80)
    store = store_with(rows[:20])
    result = sync(ListSource(rows[20:]), store, on_missing=OnMissing.DELETE, max_removals=ANY)
    assert (result.exit_code, counts(result)) == (6, {"created": 60})
    assert len(store.products) == 80


def test_what_is_deleted_is_gone_with_its_item_and_comes_back_as_new() -> None:
    rows = products(20)
    store = store_with(rows)
    result = sync(ListSource(rows[1:]), store, on_missing=OnMissing.DELETE)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 19, "removed": 1})
    assert_exact(rows[1:], store)
    assert counts(sync(ListSource(rows), store)) == {"unchanged": 19, "created": 1}
    assert_exact(rows, store)


def test_what_is_drafted_is_published_again_when_it_comes_back() -> None:
    rows = products(20)
    store = store_with(rows)
    sync(ListSource(rows[1:]), store, on_missing=OnMissing.DRAFT)
    assert store.products["dummyjson:1"].status == "draft"
    assert counts(sync(ListSource(rows[1:]), store, on_missing=OnMissing.DRAFT)) == {"unchanged": 19}
    assert counts(sync(ListSource(rows), store)) == {"unchanged": 19, "updated": 1}
    assert store.products["dummyjson:1"].status == "published"


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected"])
def test_what_the_merchant_has_taken_off_the_shelf_is_neither_drafted_nor_published(status: str) -> None:
    rows = products(20)
    store = store_with(rows)
    store.call("POST", f"/admin/products/{store.products['dummyjson:1'].id}", {"status": status})
    for source in (ListSource(rows[1:]), ListSource(rows)):
        assert sync(source, store, on_missing=OnMissing.DRAFT).exit_code == 0
        assert store.products["dummyjson:1"].status == status


@pytest.mark.parametrize("how", [OnMissing.DELETE, OnMissing.DRAFT])
def test_what_paging_has_skipped_is_not_removed(how: OnMissing) -> None:
    rows = products(20)
    store, source = store_with(rows), ListSource(rows)

    class Skipping(ListSource):
        async def has(self, source_id: int) -> bool:
            return await source.has(source_id)

    result = sync(Skipping(rows[1:]), store, on_missing=how)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 19})
    assert store.products["dummyjson:1"].status == "published"


def test_nothing_is_removed_with_a_limit_and_the_result_says_so() -> None:
    rows = products(20)
    store = store_with(rows)
    result = sync(ListSource(rows[1:]), store, on_missing=OnMissing.DELETE, limit=5, max_removals=ANY)
    assert (result.exit_code, counts(result), len(store.products)) == (0, {"unchanged": 5}, 20)
    assert any("--limit" in note for note in result.notes)


def test_a_product_whose_stock_is_reserved_is_one_failure_and_its_neighbours_go() -> None:
    rows = products(40)
    store = store_with(rows)
    store.reserve(rows[1]["sku"])
    result = sync(ListSource(rows[4:]), store, on_missing=OnMissing.DELETE)
    assert (result.exit_code, counts(result)) == (5, {"unchanged": 36, "removed": 3})
    assert [problem.external_id for problem in result.problems] == ["dummyjson:2"]
    assert_exact([rows[1], *rows[4:]], store)
