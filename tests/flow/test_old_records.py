"""Stores that earlier versions of this tool have filled: nothing is written until the source changes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.flow.stage import SOURCE_NAME, ListSource, assert_exact, counts, sync, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.unit.builders import desired_product, record_1, record_2

COUNT = 3
COMPLETE: dict[str, Callable[[Any], Any]] = {"first version": record_1, "second version": record_2}
PENDING: dict[str, Callable[[Any], Any]] = {
    "first version, created": lambda desired: record_1(desired, pending="creation"),
    "first version, without its level": lambda desired: record_1(desired, pending="stock"),
    "second version, updated": lambda desired: record_2(
        desired, sent={"price": 3, "stock": 1, "sku": f"B-{desired.source_id}"}
    ),
    "overwritten": lambda _: "gone",
}


def filled_by(record: Callable[[Any], Any]) -> tuple[FakeMedusa, ListSource]:
    store, source = FakeMedusa(), ListSource(products(COUNT))
    assert sync(source, store).exit_code == 0
    for row in source.rows:
        product = store.products[f"{SOURCE_NAME}:{row['id']}"]
        written = copy.deepcopy(record(desired_product(row["id"], **row)))
        if isinstance(written, dict) and "variant" in written:
            written["variant"] = product.variants[0].id
        assert product.metadata is not None
        product.metadata["medusa_sync"] = written
    store.requests.clear()
    return store, source


def assert_follows(store: FakeMedusa, source: ListSource, on_conflict: str) -> None:
    result = sync(source, store, on_conflict=on_conflict)
    assert (result.exit_code, result.conflicts) == (0, 0), list(result.problems)
    assert_exact(source.rows, store)
    for each in store.state.variants().values():
        assert [store.state.items[item_id].sku for item_id in each.item_ids] == [each.sku]
    store.requests.clear()
    assert counts(sync(source, store)) == {"unchanged": COUNT}
    assert writes(store) == []


def changed(source: ListSource) -> ListSource:
    """Each product has another price, other stock, another SKU and another title."""
    return ListSource(
        [
            row
            | {"price": row["price"] + 1, "stock": row["stock"] + 1, "sku": f"N-{row['id']}", "title": "New"}
            for row in source.rows
        ]
    )


@pytest.mark.parametrize("version", COMPLETE)
def test_a_store_that_an_earlier_version_has_synced_is_quiet(version: str) -> None:
    store, source = filled_by(COMPLETE[version])
    assert counts(sync(source, store)) == {"unchanged": COUNT}
    assert [request.method for request in store.requests] == ["GET"]


@pytest.mark.parametrize("on_conflict", ["source", "store"])
@pytest.mark.parametrize("version", [*COMPLETE, *PENDING])
def test_a_product_of_an_earlier_version_follows_the_source(version: str, on_conflict: str) -> None:
    """A record that is overwritten says nothing about edits of the merchant, so the source has to win."""
    store, source = filled_by({**COMPLETE, **PENDING}[version])
    if version == "overwritten":
        assert sync(source, store).exit_code == 0
        assert_exact(source.rows, store)
        return
    assert_follows(store, changed(source), on_conflict)


@pytest.mark.parametrize("arrived", [True, False])
def test_an_update_of_the_second_version_is_completed(*, arrived: bool) -> None:
    """It was killed while the values were sent, and the source may have changed its mind since."""
    store, source = filled_by(PENDING["second version, updated"])
    if arrived:
        for row in source.rows:
            product = store.products[f"{SOURCE_NAME}:{row['id']}"]
            body = {"id": product.variants[0].id, "sku": f"B-{row['id']}"}
            store.call("POST", f"/admin/products/{product.id}/variants/batch", {"update": [body]})
    assert_follows(store, source, "store")


def test_edits_of_the_merchant_in_a_store_of_an_earlier_version_stay() -> None:
    store, source = filled_by(record_1)
    store.products[f"{SOURCE_NAME}:1"].title = "Mine"
    source.rows = [row | {"price": row["price"] + 1} for row in source.rows]
    result = sync(source, store)
    assert (counts(result), result.conflicts) == ({"updated": COUNT}, 0)
    assert store.products[f"{SOURCE_NAME}:1"].title == "Mine"
