"""Dropped variants are removed in the same run, and a dry run plans exactly that."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.flow.shirts import held, shirt, wanted
from tests.flow.stage import ListSource, counts, sent_in_bulk, sync, writes
from tests.harness.fake_medusa import FakeMedusa

ALL = "100%"


def without(row: dict[str, Any], *skus: str) -> dict[str, Any]:
    return {**row, "variants": [each for each in row["variants"] if each["sku"] not in skus]}


def synced(*rows: dict[str, Any], on_missing: str) -> FakeMedusa:
    """A store after a run for each state of a product."""
    store = FakeMedusa()
    for row in rows:
        assert sync(ListSource([row]), store, on_missing=on_missing, max_removals=ALL).exit_code == 0
    store.requests.clear()
    return store


def assert_planned(row: dict[str, Any], store: FakeMedusa, on_missing: str) -> None:
    store.requests.clear()
    source = ListSource([row])
    plan = sync(source, store, on_missing=on_missing, max_removals=ALL, dry_run=True)
    assert writes(store) == []
    result = sync(source, store, on_missing=on_missing, max_removals=ALL)
    assert list(plan.changes) == list(result.changes)
    assert counts(plan) == counts(result)


@pytest.mark.parametrize("on_missing", ["draft", "delete"])
def test_a_kept_variant_that_comes_back_is_not_planned_to_be_removed(on_missing: str) -> None:
    store = synced(shirt(), without(shirt(), "SH1-S-R"), on_missing="keep")
    assert_planned(shirt(), store, on_missing)
    assert held(store) == wanted(shirt())


def test_a_drafted_variant_is_not_planned_to_be_drafted_again() -> None:
    row = without(shirt(), "SH1-S-R")
    store = synced(shirt(), row, on_missing="draft")
    row["variants"][0]["price"] = 99
    assert_planned(row, store, "draft")


def test_a_variant_is_removed_although_a_late_request_may_still_change_its_product() -> None:
    store = synced(shirt(), on_missing="delete")

    def before(request: httpx.Request) -> None:
        if sent_in_bulk(request, "update-inventory-items-workflow"):
            store.before = None
            raise httpx.ReadError("reset")

    store.before = before
    row = shirt()
    row["variants"][0]["sku"] = "NEW"
    assert sync(ListSource([row]), store).exit_code == 0
    assert is_pending(store)
    row = without(row, "SH1-M-R")
    assert_planned(row, store, "delete")
    assert held(store) == wanted(row)
    assert is_pending(store)


def is_pending(store: FakeMedusa) -> bool:
    metadata = store.products["dummyjson:1"].metadata or {}
    return "pending" in metadata["medusa_sync"]


def test_an_edit_while_a_late_request_may_still_arrive_is_kept() -> None:
    """The response was lost, but the write arrived: for the merchant, the run is over."""
    store = synced(shirt(), on_missing="keep")
    row = shirt()
    row["variants"][0] |= {"sku": "NEW", "title": "Small and red", "options": {"Size": "XS", "Colour": "Red"}}

    def after(request: httpx.Request, _response: httpx.Response) -> None:
        if b'"options":{' in request.content:
            store.after = None
            raise httpx.ReadTimeout("slow")

    store.after = after
    assert sync(ListSource([row]), store, max_retries=0).exit_code == 5
    assert sync(ListSource([row]), store).exit_code == 0
    assert is_pending(store)
    product = store.products["dummyjson:1"]
    edited = next(each for each in product.variants if each.sku == "NEW")
    store.call("POST", f"/admin/products/{product.id}/variants/{edited.id}", {"title": "Merchant's"})
    result = sync(ListSource([row]), store)
    assert (result.exit_code, result.conflicts) == (0, 0)
    assert held(store)["NEW"]["title"] == "Merchant's"
    store.requests.clear()
    assert sync(ListSource([row]), store).exit_code == 0
    assert writes(store) == []


def test_a_sku_of_the_merchant_stays_with_a_variant_that_is_dropped_and_comes_back() -> None:
    row = shirt()
    del row["variants"][0]["sku"]
    store = synced(row, on_missing="keep")
    product = store.products["dummyjson:1"]
    own = next(each.id for each in product.variants if each.sku is None)
    store.call("POST", f"/admin/products/{product.id}/variants/{own}", {"sku": "MERCHANT"})
    less = {**row, "variants": [{**each, "stock": 7} for each in row["variants"][1:]]}
    for rows in ([less], [row]):
        assert sync(ListSource(rows), store).exit_code == 0
        edited = store.state.variants()[own]
        assert edited.sku == "MERCHANT"
        assert [store.state.items[item_id].sku for item_id in edited.item_ids] == [None]
