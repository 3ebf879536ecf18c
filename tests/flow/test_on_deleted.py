"""With --on-deleted skip, a product that the merchant deleted is not created again, others are."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.kills import killed_runs
from tests.flow.stage import BATCHES, ListSource, assert_exact, copies_of, counts, created_by, sync, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa, Request
from tests.tiers import sampled

SIZE = 6
SKIP = {"on_deleted": "skip"}

Row = dict[str, Any]
Rows = list[Row]


def store_with(rows: Rows) -> FakeMedusa:
    store = FakeMedusa()
    assert sync(ListSource(rows), store).exit_code == 0
    store.requests.clear()
    return store


def delete(store: FakeMedusa, *numbers: int) -> None:
    """Delete products, as the merchant does."""
    for number in numbers:
        store.call("DELETE", f"/admin/products/{store.products[f'dummyjson:{number}'].id}")


def skipped(result: RunResult) -> set[str | None]:
    assert all("--on-deleted recreate" in each.reason for each in result.skipped)
    return {each.external_id for each in result.skipped}


def tombstones_read(store: FakeMedusa) -> list[Request]:
    return [each for each in store.requests if ("with_deleted", "true") in each.query]


def test_a_product_that_the_merchant_deleted_is_skipped_and_nothing_is_written_for_it() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    delete(store, 2, 5)
    for row in rows:
        row["tags"], row["category"] = [f"tag {row['id']}"], f"shelf {row['id']}"
    assert sync(ListSource(rows[2:4]), store).exit_code == 0
    for dry_run in (True, False):
        store.requests.clear()
        result = sync(ListSource([rows[1], *rows[2:5]]), store, **SKIP, dry_run=dry_run)
        assert (counts(result), result.exit_code) == ({"unchanged": 2, "skipped": 2}, 0)
        assert skipped(result) == {"dummyjson:2", "dummyjson:5"}
        assert writes(store) == []
    assert not result.changes


def test_by_default_it_is_created_again() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    delete(store, 2)
    assert counts(sync(ListSource(rows), store)) == {"unchanged": SIZE - 1, "created": 1}
    assert_exact(rows, store)
    delete(store, 2)
    assert counts(sync(ListSource(rows), store)) == {"unchanged": SIZE - 1, "created": 1}
    assert_exact(rows, store)
    delete(store, 2)
    assert counts(sync(ListSource(rows), store, **SKIP)) == {"unchanged": SIZE - 1, "skipped": 1}


def test_a_whole_catalogue_that_was_deleted_is_created_again_with_few_requests() -> None:
    """The ids of deleted products cannot be used again, so the store refuses the first call."""
    rows = products(60)
    store = store_with(rows)
    for row in rows:
        delete(store, row["id"])
    store.requests.clear()
    assert counts(sync(ListSource(rows, page_size=60), store, batch_size=20)) == {"created": 60}
    assert_exact(rows, store)
    assert len(list(filter(created_by, writes(store)))) <= 2 * 3


def test_the_index_engine_does_not_hide_what_the_merchant_deleted() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    delete(store, 2)

    def from_the_index(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if request.url.path != "/admin/products" or "external_id[]" not in request.url.params:
            return None
        document = json.loads(response.content)
        found = [each for each in document["products"] if each.get("deleted_at") is None]
        return httpx.Response(200, json={**document, "products": found, "estimate_count": len(found)})

    store.after = from_the_index
    result = sync(ListSource(rows), store, **SKIP)
    assert (counts(result), skipped(result)) == ({"unchanged": SIZE - 1, "skipped": 1}, {"dummyjson:2"})


def test_a_product_that_the_merchant_replaced_is_skipped_too() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    delete(store, 2)
    variants = [{"title": "D", "sku": rows[1]["sku"], "prices": [], "options": {"D": "D"}}]
    body = {"title": "Hers", "options": [{"title": "D", "values": ["D"]}], "variants": variants}
    store.call("POST", BATCHES, {"create": [body]})
    result = sync(ListSource(rows), store, **SKIP)
    assert (result.exit_code, skipped(result)) == (0, {"dummyjson:2"})
    adopt = {"on_deleted": "skip", "adopt": True}
    assert counts(sync(ListSource(rows), store, **adopt)) == {"unchanged": SIZE - 1, "updated": 1}


def test_products_without_a_tombstone_are_created() -> None:
    rows = products(450)
    store = store_with(rows[:20])
    delete(store, 3)
    result = sync(ListSource(rows), store, **SKIP, batch_size=100)
    assert counts(result) == {"unchanged": 19, "created": 430, "skipped": 1}
    asked = [
        [value for key, value in each.query if key == "external_id[]"] for each in tombstones_read(store)
    ]
    assert (sorted(map(len, asked)), len({each for part in asked for each in part})) == ([31, 200, 200], 431)


def test_a_run_without_new_products_reads_no_tombstones() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    delete(store, 1)
    rows[1]["price"] += 1
    sync(ListSource(rows[1:]), store, **SKIP)
    assert tombstones_read(store) == []


def test_a_product_that_was_pruned_is_created_when_it_comes_back() -> None:
    rows = products(20)
    store = store_with(rows)
    assert counts(sync(ListSource(rows[1:]), store, on_missing="delete"))["removed"] == 1
    assert counts(sync(ListSource(rows), store, **SKIP)) == {"unchanged": 19, "created": 1}
    assert_exact(rows, store)


def test_the_newest_tombstone_decides() -> None:
    rows = products(20)
    store = store_with(rows)
    sync(ListSource(rows[1:]), store, on_missing="delete")
    sync(ListSource(rows), store, **SKIP)
    delete(store, 1)
    assert skipped(sync(ListSource(rows), store, **SKIP)) == {"dummyjson:1"}
    sync(ListSource(rows), store)  # created again
    sync(ListSource(rows[1:]), store, on_missing="delete")
    assert counts(sync(ListSource(rows), store, **SKIP)) == {"unchanged": 19, "created": 1}


@pytest.mark.parametrize("is_ours", [True, False])
def test_the_note_of_a_newer_version_decides_too(*, is_ours: bool) -> None:
    """A newer version has removed the product because it was missing at the source."""
    rows = products(SIZE)
    store = store_with(rows)
    record = {"version": 99, **({"deleted": True} if is_ours else {})}
    store.products["dummyjson:2"].metadata = {"medusa_sync": record}
    delete(store, 2)
    expected = {"created": 1} if is_ours else {"skipped": 1}
    assert counts(sync(ListSource(rows), store, **SKIP)) == {"unchanged": SIZE - 1} | expected


def test_new_products_are_not_created_with_no_create_either() -> None:
    rows = products(SIZE)
    store = store_with(rows[1:])
    delete(store, 2)
    plan = {"on_deleted": "skip", "no_create": True}
    result = sync(ListSource(rows), store, **plan)
    assert (counts(result), skipped(result)) == ({"unchanged": SIZE - 2, "skipped": 2}, set())
    assert tombstones_read(store) == []


def test_a_product_that_is_deleted_while_the_run_is_under_way_is_skipped() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    deleted = False

    def before(request: httpx.Request) -> None:
        nonlocal deleted
        if "price_set" in str(request.url) and not deleted:
            deleted = True
            product = store.state.products.pop(store.products["dummyjson:1"].id)
            product.deleted_at = store.state.ids.moment
            store.state.deleted_products[product.id] = product

    store.before = before
    new = [{**row, "price": row["price"] + 1} for row in rows]
    assert counts(sync(ListSource(new), store, **SKIP)) == {"updated": SIZE - 1, "skipped": 1}


# --- kills ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("killed", sampled(["both", "tool"], "both"))
def test_after_a_killed_removal_the_product_is_created_if_it_comes_back(killed: str) -> None:
    rows = products(20)
    source = ListSource(rows[2:])
    for hurt in killed_runs(store_with(rows), killed, lambda store: sync(source, store, on_missing="delete")):
        copy = copies_of(hurt)
        store = copy()
        result = sync(ListSource(rows), store, **SKIP)
        assert (result.exit_code, counts(result).get("skipped"), result.conflicts) == (0, None, 0)
        assert_exact(rows, store)
        store.requests.clear()
        assert counts(sync(ListSource(rows), store, **SKIP)) == {"unchanged": 20}
        assert writes(store) == []
        delete(store, 1)  # the note of the removal that was not finished does not count any more
        assert skipped(sync(ListSource(rows), store, **SKIP)) == {"dummyjson:1"}
        store = copy()
        result = sync(source, store, **SKIP, on_missing="delete")
        assert result.exit_code == 0
        assert_exact(rows[2:], store)


@pytest.mark.parametrize("killed", sampled(["both", "tool", "store"], "both"))
def test_after_a_killed_creation_the_products_are_created(killed: str) -> None:
    rows = products(2)

    def run(store: FakeMedusa) -> RunResult:
        return sync(ListSource(rows), store, **SKIP)

    for hurt in killed_runs(FakeMedusa(), killed, run):
        again = copies_of(hurt)
        is_deleted_first = any(not each.variants for each in hurt.products.values())
        for twice in killed_runs(again(), killed, run) if is_deleted_first else [again()]:
            result = run(twice)
            assert (result.exit_code, counts(result).get("skipped")) == (0, None)
            assert_exact(rows, twice)
