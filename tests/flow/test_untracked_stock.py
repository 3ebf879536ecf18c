"""Stock that the source does not send is not tracked, also if it sent it before."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.flow.kills import killed_runs
from tests.flow.shirts import shirt
from tests.flow.stage import ListSource, counts, sync, writes
from tests.harness.fake_medusa import FakeMedusa

PLAIN = {"id": 1, "title": "Teapot", "price": 5, "sku": "TP", "stock": 4}


def stored(row: dict[str, Any]) -> FakeMedusa:
    store = FakeMedusa()
    assert counts(sync(ListSource([row]), store)) == {"created": 1}
    return store


def without_stock(row: dict[str, Any]) -> dict[str, Any]:
    row = copy.deepcopy(row)
    for each in row.get("variants", [row]):
        del each["stock"]
    return row


def managed(store: FakeMedusa) -> set[bool]:
    return {variant.manage_inventory for variant in store.products["dummyjson:1"].variants}


@pytest.mark.parametrize("row", [PLAIN, shirt(1)], ids=["plain", "shirt"])
def test_stock_that_the_source_stops_sending_is_not_tracked_until_it_comes_back(row: dict[str, Any]) -> None:
    store, bare = stored(row), without_stock(row)
    result = sync(ListSource([bare]), store)
    assert counts(result) == {"updated": 1}
    changes = [change for outcome in result.changes for change in outcome.changes]
    assert {(change.field, change.planned) for change in changes} == {("stock", None)}
    assert managed(store) == {False}
    store.requests.clear()
    assert counts(sync(ListSource([bare]), store)) == {"unchanged": 1}
    assert writes(store) == []
    assert counts(sync(ListSource([row]), store)) == {"updated": 1}
    assert managed(store) == {True}
    levels = {store.level_of(each["sku"]) for each in row.get("variants", [row])}
    assert levels == {each["stock"] for each in row.get("variants", [row])}


def test_a_merchant_who_tracks_stock_that_the_source_never_sent_keeps_it() -> None:
    bare = without_stock(PLAIN)
    store = stored(bare)
    product = store.products["dummyjson:1"]
    body = {"update": [{"id": product.variants[0].id, "manage_inventory": True}]}
    store.call("POST", f"/admin/products/{product.id}/variants/batch", body)
    assert counts(sync(ListSource([{**bare, "price": 6}]), store)) == {"updated": 1}
    assert managed(store) == {True}


@pytest.mark.parametrize("killed", ["tool", "both"])
@pytest.mark.parametrize("row", [PLAIN, shirt(1)], ids=["plain", "shirt"])
def test_a_killed_run_that_began_to_track_stock_leaves_nothing_that_cannot_be_sold(
    row: dict[str, Any], killed: str
) -> None:
    bare = without_stock(row)
    for hurt in killed_runs(stored(bare), killed, lambda store: sync(ListSource([row]), store)):
        assert sync(ListSource([bare]), hurt).exit_code == 0
        assert managed(hurt) == {False}
