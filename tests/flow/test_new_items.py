"""Inventory items are created with their stock, before the variants that use them."""

from __future__ import annotations

import httpx
import pytest

from tests.flow.faults import AFTER, BEFORE
from tests.flow.stage import ListSource, counts, is_creation, sent_in_bulk, sync, sync_killed, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

ITEMS = "create-inventory-items-workflow"


def stocked(store: FakeMedusa) -> dict[str | None, int | float]:
    """The stock by SKU of all inventory items."""
    return {
        item.sku: sum(level.stocked_quantity for level in item.levels) for item in store.state.live_items()
    }


def wanted(rows: list[dict[str, object]]) -> dict[object, object]:
    return {row["sku"]: row["stock"] for row in rows}


def test_the_stock_of_a_first_sync_needs_one_call_for_all_batches() -> None:
    store, rows = FakeMedusa(), products(100)
    assert sync(ListSource(rows, page_size=100), store, batch_size=15).exit_code == 0
    assert stocked(store) == wanted(rows)
    assert sum(bool(sent_in_bulk(request, ITEMS)) for request in writes(store)) == 1
    assert not any("location-levels" in request.path for request in writes(store))


def test_a_product_that_the_store_refuses_leaves_no_item() -> None:
    store, rows = FakeMedusa(), products(20)

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if is_creation(request) and b'"dummyjson:7"' in request.content:
            return httpx.Response(400, json={"type": "invalid_data", "message": "No"})
        return None

    store.before = refuse
    assert counts(sync(ListSource(rows), store)) == {"created": 19, "failed": 1}
    assert stocked(store) == wanted([row for row in rows if row["id"] != 7])


@pytest.mark.parametrize("name", [name for name in [*BEFORE, *AFTER] if "killed" not in name])
def test_items_whose_creation_has_an_unknown_end_exist_once(name: str) -> None:
    store, rows = FakeMedusa(), products(20)
    hit: list[httpx.Request] = []

    def once(request: httpx.Request, *_: httpx.Response) -> httpx.Response | None:
        if hit or not sent_in_bulk(request, ITEMS):
            return None
        hit.append(request)
        return (BEFORE | AFTER)[name]()

    setattr(store, "before" if name in BEFORE else "after", once)
    assert sync(ListSource(rows), store).exit_code == 0
    assert hit
    assert stocked(store) == wanted(rows)


def test_the_merchants_item_with_the_sku_is_left_alone() -> None:
    """Its product is refused; the items of the others are created with their stock all the same."""
    store, rows = FakeMedusa(), products(20)
    theirs = {"title": "Theirs", "options": [{"title": "A", "values": ["a"]}]}
    variant = {"title": "a", "options": {"A": "a"}, "prices": [], "sku": rows[4]["sku"]}
    store.call("POST", "/admin/products/batch", {"create": [{**theirs, "variants": [variant]}]})
    assert counts(sync(ListSource(rows), store)) == {"created": 19, "rejected": 1}
    assert stocked(store) == {**wanted(rows), rows[4]["sku"]: 0}


def test_items_that_an_interrupted_run_has_left_are_used_with_few_requests() -> None:
    store, rows = FakeMedusa(), products(100)
    rows = [row | {"title": f"Product {row['id']}"} for row in rows]
    sync_killed("before", is_creation, ListSource(rows, page_size=100), store, batch_size=15)
    store.requests.clear()
    rows[0]["stock"] += 1
    assert counts(sync(ListSource(rows, page_size=100), store, batch_size=15)) == {"created": 100}
    assert stocked(store) == wanted(rows)
    assert len(store.state.items) == 100
    assert len(writes(store)) <= 2 + 2 * 7 + 1, "the items, each batch with its levels, the acknowledgement"
