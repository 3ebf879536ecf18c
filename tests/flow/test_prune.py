"""Products that the source no longer has: the guard, deleting, drafting, and what is never removed."""

import httpx
import pytest

from medusa_sync import Result
from tests.flow.faults import strike
from tests.flow.merchant import create
from tests.flow.stage import ListSource, assert_exact, counts, sync, synced
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

both_ways = pytest.mark.parametrize("how", ["delete", "draft"])
ROWS = products(20)


@both_ways
@pytest.mark.parametrize(
    ("gone", "new", "exit_code"), [(4, 0, 0), (5, 0, 6), (5, 30, 6), (40, 30, 6), (40, 0, 6)]
)
def test_guard_ignores_new_products_and_dry_run_agrees(how: str, gone: int, new: int, exit_code: int) -> None:
    rows = products(40 + new)
    store, source = synced(rows[:40]), ListSource(rows[gone:])
    dry = sync(source, store, on_missing=how, dry_run=True)
    assert len(store.products) == 40
    real = sync(source, store, on_missing=how)
    assert (dry.exit_code, dry.counts) == (real.exit_code, real.counts)
    assert real.exit_code == exit_code
    kept = {product.external_id for product in store.products.values() if product.status == "published"}
    taken_off = gone if exit_code == 0 else 0
    assert kept == {f"dummyjson:{row['id']}" for row in rows[taken_off:]}


def test_different_catalogue_removes_nothing_even_if_all_may_be_removed() -> None:
    rows = products(80)
    store = synced(rows[:20])
    result = sync(ListSource(rows[20:]), store, on_missing="delete", max_removals="100%")
    assert (result.exit_code, counts(result)) == (6, {"created": 60})
    assert len(store.products) == 80


def test_deleted_product_and_its_item_are_gone_and_can_be_created_again() -> None:
    store = synced(ROWS)
    assert counts(sync(ListSource(ROWS[1:]), store, on_missing="delete")) == {"unchanged": 19, "removed": 1}
    assert_exact(ROWS[1:], store)
    assert counts(sync(ListSource(ROWS), store)) == {"unchanged": 19, "created": 1}
    assert_exact(ROWS, store)


@both_ways
def test_a_product_that_is_gone_when_it_is_written_is_removed(how: str) -> None:
    """Such as by a request that the run has given up, and that the store has gone on with."""
    store = synced(ROWS)
    own = store.products["dummyjson:1"].id

    def is_note(request: httpx.Request) -> bool:
        return request.method == "POST" and own.encode() in request.content

    strike(store, "before", is_note, lambda: store.call("DELETE", f"/admin/products/{own}"))
    result = sync(ListSource(ROWS[1:]), store, on_missing=how)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 19, "removed": 1})


def test_nothing_is_removed_that_a_limit_left_out() -> None:
    store = synced(ROWS)
    result = sync(ListSource(ROWS[1:]), store, on_missing="delete", limit=5, max_removals="100%")
    assert (result.exit_code, counts(result), len(store.products)) == (0, {"unchanged": 5}, 20)
    assert any("--limit" in note for note in result.notes)


def test_product_with_reserved_stock_fails_alone() -> None:
    rows = products(40)
    store = synced(rows)
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
    create(store, f"Theirs {external_id}", external_id=external_id, status="published")


@both_ways
@pytest.mark.parametrize(("external_id", "dry_run"), [("dummyjson:900", True), ("dummyjson:A-9", False)])
def test_a_product_without_our_record_is_never_removed_and_a_note_names_it(
    external_id: str, how: str, *, dry_run: bool
) -> None:
    store = synced(ROWS)
    make_by_hand(store, external_id)
    result = sync(ListSource(ROWS[1:]), store, on_missing=how, dry_run=dry_run)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 19, "removed": 1})
    assert store.products[external_id].status == "published"
    [note] = [note for note in result.notes if "record" in note]
    assert external_id in note
    assert "in the admin" in note


@both_ways
def test_a_copy_that_the_merchant_has_made_stays_when_ours_is_removed(how: str) -> None:
    store = synced(ROWS)
    make_by_hand(store, "dummyjson:1")
    result = sync(ListSource(ROWS[1:]), store, on_missing=how)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 19, "removed": 1}), list(result.problems)
    copies = [each for each in store.state.products.values() if each.external_id == "dummyjson:1"]
    assert "published" in [each.status for each in copies]


@both_ways
def test_a_lost_record_causes_no_removal_and_no_double(how: str) -> None:
    store = synced(ROWS)
    forget(store, 1, 2)
    result = sync(ListSource(ROWS[1:]), store, on_missing=how)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 18, "updated": 1})
    assert_exact(ROWS, store)
    result = sync(ListSource(ROWS[2:]), store, on_missing=how)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 18, "removed": 1}), "it has a record again"


def test_products_without_our_record_neither_raise_the_limit_nor_show_that_the_source_is_the_right_one() -> (
    None
):
    store = synced(ROWS[:10])
    for number in range(100, 190):
        make_by_hand(store, f"dummyjson:{number}")
    result = sync(ListSource(ROWS[2:10]), store, on_missing="delete")
    assert (result.exit_code, len(store.products)) == (6, 100)
    assert "2 of 10 products are missing" in result.error
    assert sync(ListSource(ROWS[1:10]), store, on_missing="delete").exit_code == 0
    other = [ROWS[0] | {"id": 100, "sku": "OTHER", "meta": {}}]
    result = sync(ListSource(other), store, on_missing="delete", max_removals="100%")
    assert (result.exit_code, len(store.products)) == (6, 99)
    assert "The source delivered none of its 9 products" in result.error


@both_ways
def test_a_product_that_loses_its_record_before_it_is_removed_is_not_removed(how: str) -> None:
    rows = products(40)
    store = synced(rows)

    def is_last_read(request: httpx.Request) -> bool:
        query = request.url.params
        return "id[]" in query and query["fields"] != "id,external_id,title,status,metadata"

    strike(store, "before", is_last_read, lambda: forget(store, 1))
    result = sync(ListSource(rows[3:]), store, on_missing=how)
    assert (result.exit_code, counts(result)) == (5, {"unchanged": 37, "removed": 2})
    [problem] = result.problems
    assert (problem.external_id, problem.result) == ("dummyjson:1", Result.FAILED)
    assert "record" in problem.reason
    assert store.products["dummyjson:1"].status == "published"


@both_ways
@pytest.mark.parametrize("number", [1, "A-1"])
def test_a_product_with_a_record_of_a_newer_version_is_seen_and_not_removed(number: object, how: str) -> None:
    rows = [ROWS[0] | {"id": number}, *ROWS[1:]]
    store, own = synced(rows), f"dummyjson:{number}"
    store.products[own].metadata = {"medusa_sync": {"version": 99, "fields": {}}}
    result = sync(ListSource(rows[2:]), store, on_missing=how)
    assert (result.exit_code, counts(result)) == (5, {"unchanged": 18, "removed": 1})
    [problem] = result.problems
    assert (problem.external_id, "version 99" in problem.reason) == (own, True)
    assert "upgrade medusa-sync" in problem.reason
    assert store.products[own].status == "published"
