"""Pruning: the guard, deleting, drafting, and what is never removed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from medusa_sync import Result
from tests.flow.stage import BATCHES, ListSource, assert_exact, counts, sync
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

ANY = "100%"


def store_with(rows: list[dict[str, Any]]) -> FakeMedusa:
    store = FakeMedusa()
    assert sync(ListSource(rows), store).exit_code == 0
    return store


@pytest.mark.parametrize("how", ["delete", "draft"])
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
def test_guard_ignores_new_products_and_dry_run_agrees(how: str, gone: int, new: int, exit_code: int) -> None:
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
    result = sync(ListSource(rows[20:]), store, on_missing="delete", max_removals=ANY)
    assert (result.exit_code, counts(result)) == (6, {"created": 60})
    assert len(store.products) == 80


def test_deleted_product_and_its_item_are_gone_and_can_be_created_again() -> None:
    rows = products(20)
    store = store_with(rows)
    result = sync(ListSource(rows[1:]), store, on_missing="delete")
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 19, "removed": 1})
    assert_exact(rows[1:], store)
    assert counts(sync(ListSource(rows), store)) == {"unchanged": 19, "created": 1}
    assert_exact(rows, store)


def test_drafted_product_is_published_when_the_source_has_it_again() -> None:
    rows = products(20)
    store = store_with(rows)
    sync(ListSource(rows[1:]), store, on_missing="draft")
    assert store.products["dummyjson:1"].status == "draft"
    assert counts(sync(ListSource(rows[1:]), store, on_missing="draft")) == {"unchanged": 19}
    assert counts(sync(ListSource(rows), store)) == {"unchanged": 19, "updated": 1}
    assert store.products["dummyjson:1"].status == "published"


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected"])
def test_product_that_the_merchant_unpublished_is_left_alone(status: str) -> None:
    rows = products(20)
    store = store_with(rows)
    store.call("POST", f"/admin/products/{store.products['dummyjson:1'].id}", {"status": status})
    for source in (ListSource(rows[1:]), ListSource(rows)):
        assert sync(source, store, on_missing="draft").exit_code == 0
        assert store.products["dummyjson:1"].status == status


@pytest.mark.parametrize("how", ["delete", "draft"])
def test_product_skipped_by_paging_is_not_removed(how: str) -> None:
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
    result = sync(ListSource(rows[1:]), store, on_missing="delete", limit=5, max_removals=ANY)
    assert (result.exit_code, counts(result), len(store.products)) == (0, {"unchanged": 5}, 20)
    assert any("--limit" in note for note in result.notes)


def test_product_with_reserved_stock_fails_alone() -> None:
    rows = products(40)
    store = store_with(rows)
    store.reserve(rows[1]["sku"])
    result = sync(ListSource(rows[4:]), store, on_missing="delete")
    assert (result.exit_code, counts(result)) == (5, {"unchanged": 36, "removed": 3})
    assert [problem.external_id for problem in result.problems] == ["dummyjson:2"]
    assert_exact([rows[1], *rows[4:]], store)


# --- products without a record ----------------------------------------------------------------------------


def forget(store: FakeMedusa, *numbers: int) -> None:
    """Delete the records of products, as a merchant or an import may do."""
    for number in numbers:
        store.products[f"dummyjson:{number}"].metadata = None


def make_by_hand(store: FakeMedusa, external_id: str) -> None:
    """Create a product as the merchant does."""
    body = {
        "title": f"Theirs {external_id}",
        "external_id": external_id,
        "status": "published",
        "options": [{"title": "Default", "values": ["Default"]}],
        "variants": [{"title": "Default", "options": {"Default": "Default"}, "prices": []}],
    }
    store.call("POST", BATCHES, {"create": [body]})


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("how", ["delete", "draft"])
@pytest.mark.parametrize("external_id", ["dummyjson:900", "dummyjson:A-9"])
def test_a_product_without_our_record_is_never_removed_and_a_note_names_it(
    external_id: str, how: str, *, dry_run: bool
) -> None:
    rows = products(20)
    store = store_with(rows)
    make_by_hand(store, external_id)
    result = sync(ListSource(rows[1:]), store, on_missing=how, dry_run=dry_run)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 19, "removed": 1})
    assert store.products[external_id].status == "published"
    [note] = [note for note in result.notes if "record" in note]
    assert external_id in note
    assert "in the admin" in note


@pytest.mark.parametrize("how", ["delete", "draft"])
def test_a_lost_record_causes_no_removal_and_no_double(how: str) -> None:
    rows = products(20)
    store = store_with(rows)
    forget(store, 1, 2)
    result = sync(ListSource(rows[1:]), store, on_missing=how)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 18, "updated": 1})
    assert_exact(rows, store)
    result = sync(ListSource(rows[2:]), store, on_missing=how)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 18, "removed": 1}), "it has a record again"


def test_products_without_our_record_do_not_raise_the_limit() -> None:
    rows = products(10)
    store = store_with(rows)
    for number in range(100, 190):
        make_by_hand(store, f"dummyjson:{number}")
    result = sync(ListSource(rows[2:]), store, on_missing="delete")
    assert (result.exit_code, len(store.products)) == (6, 100)
    assert "2 of 10 products are missing" in result.error
    assert sync(ListSource(rows[1:]), store, on_missing="delete").exit_code == 0


def test_products_without_our_record_do_not_show_that_the_source_is_the_right_one() -> None:
    rows = products(21)
    store = store_with(rows[:20])
    make_by_hand(store, "dummyjson:21")
    result = sync(ListSource(rows[20:]), store, on_missing="delete", max_removals=ANY)
    assert (result.exit_code, len(store.products)) == (6, 21)
    assert "The source delivered none of its 20 products" in result.error


@pytest.mark.parametrize("how", ["delete", "draft"])
def test_a_product_that_loses_its_record_before_it_is_removed_is_not_removed(how: str) -> None:
    rows = products(40)
    store = store_with(rows)

    def before(request: httpx.Request) -> None:
        if ("fields", "id,external_id,title,status,metadata") in request.url.params.multi_items():
            return
        if "id[]" in request.url.params:  # the last read before the removal
            forget(store, 1)

    store.before = before
    result = sync(ListSource(rows[3:]), store, on_missing=how)
    assert (result.exit_code, counts(result)) == (5, {"unchanged": 37, "removed": 2})
    [problem] = result.problems
    assert (problem.external_id, problem.result) == ("dummyjson:1", Result.FAILED)
    assert "record" in problem.reason
    assert store.products["dummyjson:1"].status == "published"


@pytest.mark.parametrize("how", ["delete", "draft"])
@pytest.mark.parametrize("number", [1, "A-1"])
def test_a_product_with_a_record_of_a_newer_version_is_seen_and_not_removed(number: object, how: str) -> None:
    rows = products(20)
    rows[0]["id"] = number
    store = store_with(rows)
    own = f"dummyjson:{number}"
    store.products[own].metadata = {"medusa_sync": {"version": 99, "fields": {}}}
    result = sync(ListSource(rows[2:]), store, on_missing=how)
    assert (result.exit_code, counts(result)) == (5, {"unchanged": 18, "removed": 1})
    [problem] = result.problems
    assert problem.external_id == own
    assert "version 99" in problem.reason
    assert "upgrade medusa-sync" in problem.reason
    assert store.products[own].status == "published"
