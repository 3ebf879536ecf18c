"""Stores up to Medusa 2.15.0, which keep the weight of a variant as a whole number."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.shirts import shirt
from tests.flow.stage import ListSource, counts, sync, writes
from tests.harness.fake_medusa import FakeMedusa

MEASURES = ("weight", "length", "height", "width")
STORE_WINS = {"on_conflict": "store"}

Row = dict[str, Any]


def as_an_old_store_shows_it(_request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
    """Whole weights of variants, measurements of products as text, and options without `is_exclusive`."""
    body = json.loads(response.content)
    products = body.get("products", [])
    for product in products:
        product.update({name: str(product[name]) for name in MEASURES if product.get(name) is not None})
        for option in product.get("options", []):
            option.pop("is_exclusive", None)
        for variant in product.get("variants", []):
            if variant.get("weight") is not None:
                variant["weight"] = int(Decimal(str(variant["weight"])).quantize(Decimal(1), ROUND_HALF_UP))
    return httpx.Response(response.status_code, json=body) if products else None


def weighing(weight: float, **changes: Any) -> Row:
    row = shirt(**changes)
    return row | {"variants": [each | {"weight": weight} for each in row["variants"]]}


def synced(row: Row, *, is_old: bool = True) -> FakeMedusa:
    store = FakeMedusa()
    if is_old:
        store.after = as_an_old_store_shows_it
    assert sync(ListSource([row]), store).exit_code == 0
    store.requests.clear()
    return store


def changed(result: RunResult) -> set[str]:
    return {change.field for outcome in result.changes for change in outcome.changes}


@pytest.mark.parametrize("weight", [0.4, 0.5, 1.5, 2.5, 2.499999, 1e-7, 123456.789])
def test_a_rounded_weight_is_no_edit_of_the_merchant(weight: float) -> None:
    store = synced(weighing(weight))
    assert counts(sync(ListSource([weighing(weight)]), store)) == {"unchanged": 1}
    result = sync(ListSource([weighing(weight, title="Better shirt")]), store, **STORE_WINS)
    assert (counts(result), result.conflicts, changed(result)) == ({"updated": 1}, 0, {"title"})
    overwriting = {"overwrite": True}
    result = sync(ListSource([weighing(weight, title="Better shirt")]), store, **overwriting)
    assert (counts(result), result.conflicts) == ({"unchanged": 1}, 0)


@pytest.mark.parametrize("weight", [0.7, 1, 7.5])
@pytest.mark.parametrize("before", [0.5, 0.4, 1, 3])
def test_a_weight_that_the_source_changes_is_no_conflict_and_written_once(
    before: float, weight: float
) -> None:
    store = synced(weighing(before))
    result = sync(ListSource([weighing(weight)]), store, **STORE_WINS)
    assert (result.exit_code, result.conflicts) == (0, 0)
    stored = store.products["dummyjson:1"].variants[0].weight
    assert stored is not None
    assert round(stored + 1e-9) == round(weight + 1e-9)
    store.requests.clear()
    assert counts(sync(ListSource([weighing(weight)]), store)) == {"unchanged": 1}
    assert writes(store) == []


def edit(store: FakeMedusa, weight: float) -> None:
    """Change a weight as the merchant does."""
    product = store.products["dummyjson:1"]
    path = f"/admin/products/{product.id}/variants/{product.variants[0].id}"
    store.call("POST", path, {"weight": weight})


@pytest.mark.parametrize(("is_old", "theirs"), [(True, 3), (False, 3), (False, 1)])
def test_a_weight_that_the_merchant_changed_is_kept(*, is_old: bool, theirs: float) -> None:
    store = synced(weighing(0.5), is_old=is_old)
    edit(store, theirs)
    result = sync(ListSource([weighing(0.7)]), store, **STORE_WINS)
    assert (counts(result), result.conflicts) == ({"updated": 1}, 1)
    assert store.products["dummyjson:1"].variants[0].weight == theirs
