"""Pruning: the guard, deleting, drafting, and what is never removed."""

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
        pytest.param(11, 30, 6, id="eleven of a hundred, and thirty new ones"),
        pytest.param(100, 30, 6, id="another catalogue"),
        pytest.param(100, 0, 6, id="nothing"),
    ],
)
def test_guard_ignores_new_products_and_dry_run_agrees(
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


def test_different_catalogue_removes_nothing_even_if_all_may_be_removed() -> None:
    rows = products(80)
    store = store_with(rows[:20])
    result = sync(ListSource(rows[20:]), store, on_missing=OnMissing.DELETE, max_removals=ANY)
    assert (result.exit_code, counts(result)) == (6, {"created": 60})
    assert len(store.products) == 80


def test_deleted_product_and_its_item_are_gone_and_can_be_created_again() -> None:
    rows = products(20)
    store = store_with(rows)
    result = sync(ListSource(rows[1:]), store, on_missing=OnMissing.DELETE)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 19, "removed": 1})
    assert_exact(rows[1:], store)
    assert counts(sync(ListSource(rows), store)) == {"unchanged": 19, "created": 1}
    assert_exact(rows, store)


def test_drafted_product_is_published_when_the_source_has_it_again() -> None:
    rows = products(20)
    store = store_with(rows)
    sync(ListSource(rows[1:]), store, on_missing=OnMissing.DRAFT)
    assert store.products["dummyjson:1"].status == "draft"
    assert counts(sync(ListSource(rows[1:]), store, on_missing=OnMissing.DRAFT)) == {"unchanged": 19}
    assert counts(sync(ListSource(rows), store)) == {"unchanged": 19, "updated": 1}
    assert store.products["dummyjson:1"].status == "published"


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected"])
def test_product_that_the_merchant_unpublished_is_left_alone(status: str) -> None:
    rows = products(20)
    store = store_with(rows)
    store.call("POST", f"/admin/products/{store.products['dummyjson:1'].id}", {"status": status})
    for source in (ListSource(rows[1:]), ListSource(rows)):
        assert sync(source, store, on_missing=OnMissing.DRAFT).exit_code == 0
        assert store.products["dummyjson:1"].status == status


@pytest.mark.parametrize("how", [OnMissing.DELETE, OnMissing.DRAFT])
def test_product_skipped_by_paging_is_not_removed(how: OnMissing) -> None:
    rows = products(20)
    store, source = store_with(rows), ListSource(rows)

    class Skipping(ListSource):
        async def has(self, source_id: str) -> bool:
            return await source.has(source_id)

    result = sync(Skipping(rows[1:]), store, on_missing=how)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 19})
    assert store.products["dummyjson:1"].status == "published"


def test_nothing_is_removed_with_a_limit_and_a_note_says_so() -> None:
    rows = products(20)
    store = store_with(rows)
    result = sync(ListSource(rows[1:]), store, on_missing=OnMissing.DELETE, limit=5, max_removals=ANY)
    assert (result.exit_code, counts(result), len(store.products)) == (0, {"unchanged": 5}, 20)
    assert any("--limit" in note for note in result.notes)


def test_product_with_reserved_stock_fails_alone() -> None:
    rows = products(40)
    store = store_with(rows)
    store.reserve(rows[1]["sku"])
    result = sync(ListSource(rows[4:]), store, on_missing=OnMissing.DELETE)
    assert (result.exit_code, counts(result)) == (5, {"unchanged": 36, "removed": 3})
    assert [problem.external_id for problem in result.problems] == ["dummyjson:2"]
    assert_exact([rows[1], *rows[4:]], store)
