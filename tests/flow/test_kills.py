"""After a kill at any step of a write, the next run makes the store match the source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.flow.kills import KILLED, NEXT, killed_runs
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    assert_exact,
    copies_of,
    is_creation,
    sync,
    sync_killed,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

pytestmark = pytest.mark.usefixtures("routes")

SIZE = 2

Row = dict[str, Any]
Rows = list[Row]


# --- what the source changes ----------------------------------------------------------------------------


def catalogue() -> Rows:
    rows = products(SIZE)
    for row in rows:
        row["tags"] = [f"tag {row['id'] % 2}", "all"]
        row["category"] = f"shelf-{row['id'] % 2}"
    return rows


def with_prices(row: Row, version: int) -> Row:
    return {**row, "price": row["price"] + version}


def with_stock(row: Row, version: int) -> Row:
    return {**row, "stock": row["stock"] + version}


def with_sku(row: Row, version: int) -> Row:
    return {**row, "sku": f"{row['sku']}-{version}"}


def with_tags(row: Row, version: int) -> Row:
    return {**row, "title": f"{row['title']} {version}", "tags": ["all", f"new {version}"]}


def with_everything(row: Row, version: int) -> Row:
    for change in (with_prices, with_stock, with_sku, with_tags):
        row = change(row, version)
    return row


def each_row(change: Callable[[Row, int], Row]) -> Callable[[Rows, int], Rows]:
    return lambda rows, version: [change(row, version) for row in rows] if version else rows


def with_skus_swapped(rows: Rows, version: int) -> Rows:
    """Swap SKU and barcode of the products; in version 2 one of them gets new ones."""
    one, two = rows
    if version == 1:
        names = ("sku", "meta")
        one, two = (
            {**row, **{name: other[name] for name in names}} for row, other in ((one, two), (two, one))
        )
    if version == 2:
        one, two = {**one, "sku": "NEW", "meta": {"barcode": "NEW"}}, {**two, "sku": one["sku"]}
    return [one, two]


CHANGES: dict[str, Callable[[Rows, int], Rows]] = {
    "prices": each_row(with_prices),
    "stock": each_row(with_stock),
    "skus": each_row(with_sku),
    "tags": each_row(with_tags),
    "swap": with_skus_swapped,
    "everything": each_row(with_everything),
}

# --- the store at the start -----------------------------------------------------------------------------


def synced_store() -> FakeMedusa:
    store = FakeMedusa()
    assert sync(ListSource(catalogue()), store).exit_code == 0
    return store


def store_to_adopt() -> FakeMedusa:
    """A store in which the merchant created the products, with other prices and texts."""
    store = synced_store()
    for product in store.state.products.values():
        product.external_id = product.metadata = product.shipping_profile_id = None
        product.sales_channel_ids, product.tag_ids, product.description = [], [], "Mine"
        product.variants[0].prices[0].amount = 7_777
    for item in store.state.live_items():
        item.levels = []
    for category in store.state.categories.values():
        category.is_active = False
    return store


# --- what the next run leaves -----------------------------------------------------------------------------


def assert_heals(store: FakeMedusa, rows: Rows, **options: Any) -> None:
    """The next run makes the store match the source, without a conflict."""
    result = sync(ListSource(rows), store, **options)
    assert (result.exit_code, result.conflicts) == (0, 0), (list(result.problems), list(result.changes))
    assert_exact(rows, store)
    tags = {tag.id: tag.value for tag in store.state.tags.values()}
    for row in rows:
        product = store.products[f"{SOURCE_NAME}:{row['id']}"]
        assert product.description == row["description"]
        assert {tags[tag_id] for tag_id in product.tag_ids} == set(row["tags"])
        assert product.variants[0].barcode == row["meta"]["barcode"]
        assert product.sales_channel_ids == [store.sales_channel_id]
        assert product.shipping_profile_id == store.shipping_profile_id
    assert all(category.is_active for category in store.state.categories.values())


def assert_items_follow(store: FakeMedusa) -> None:
    """Each variant has one inventory item, with the same SKU."""
    for variant in store.state.variants().values():
        assert [store.state.items[item_id].sku for item_id in variant.item_ids] == [variant.sku]


CASES = [(what, "both") for what in CHANGES] + [("everything", "tool"), ("everything", "store")]


@pytest.mark.parametrize(("what", "killed"), CASES)
def test_a_killed_update_is_completed_even_if_the_source_changes_again(what: str, killed: str) -> None:
    change, rows = CHANGES[what], catalogue()
    for hurt in killed_runs(synced_store(), killed, lambda store: sync(ListSource(change(rows, 1)), store)):
        copy = copies_of(hurt)
        for version in NEXT.values():
            for on_conflict in ("source", "store") if what == "everything" else ["store"]:
                store = copy()
                assert_heals(store, change(rows, version), on_conflict=on_conflict)
                assert_items_follow(store)


@pytest.mark.parametrize("killed", KILLED)
def test_a_killed_adoption_is_completed_even_if_the_source_changes_again(killed: str) -> None:
    rows = catalogue()
    options = {"on_conflict": "store", "adopt": True}
    for hurt in killed_runs(store_to_adopt(), killed, lambda store: sync(ListSource(rows), store, **options)):
        copy = copies_of(hurt)
        for version in (0, 1):  # titles and SKUs still identify the products
            changed = [with_stock(with_prices(row, version), version) for row in rows]
            assert_heals(copy(), changed, **options)


@pytest.mark.parametrize("killed", KILLED)
def test_a_killed_creation_is_completed_even_if_the_source_changes_again(killed: str) -> None:
    rows = catalogue()
    options = {"on_conflict": "store"}
    for hurt in killed_runs(FakeMedusa(), killed, lambda store: sync(ListSource(rows), store)):
        copy = copies_of(hurt)
        for version in NEXT.values():
            store = copy()
            assert_heals(store, each_row(with_everything)(rows, version), **options)
            assert_items_follow(store)


def test_a_creation_that_is_complete_is_acknowledged_by_the_next_run() -> None:
    """No request of it can arrive late, so the run after that has nothing to do, however soon it begins."""
    store, source = FakeMedusa(), ListSource(products(3))
    sync_killed("after", is_creation, source, store)
    assert sync(source, store).exit_code == 0
    records = [product.metadata["medusa_sync"] for product in store.products.values() if product.metadata]
    assert [record.get("pending") for record in records] == [None, None, None]
