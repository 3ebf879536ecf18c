"""Inventory items: a new product uses an unused item with its SKU, and renames reach the right items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.flow.stage import (
    ListSource,
    assert_exact,
    counts,
    kill_at_step,
    sent_in_bulk,
    sync,
    sync_killed,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Item, Level

ITEM = "iitem_left"
LEVELS = "/admin/inventory-items/location-levels/batch"
BATCH = 4


def left_over(store: FakeMedusa, sku: str, *levels: Level, item_id: str = ITEM) -> Item:
    """An inventory item that no variant uses."""
    item = store.state.items[item_id] = Item(item_id, sku, "Left over", levels=list(levels))
    return item


def items_of(store: FakeMedusa, external_id: str) -> list[str]:
    [variant] = store.products[external_id].variants
    return variant.item_ids


def level_calls(store: FakeMedusa) -> list[Any]:
    return [request.json for request in store.requests if request.path == LEVELS]


@pytest.mark.parametrize("place", range(BATCH))
def test_an_unused_item_with_the_sku_is_used(place: int) -> None:
    store, source = FakeMedusa(), ListSource(products(2 * BATCH))
    left_over(store, source.rows[place]["sku"])
    result = sync(source, store, batch_size=BATCH)
    assert (result.exit_code, counts(result)) == (0, {"created": 2 * BATCH})
    assert_exact(source.rows, store)
    assert items_of(store, f"dummyjson:{place + 1}") == [ITEM]
    assert len(store.state.items) == 2 * BATCH


def test_levels_of_an_unused_item_at_other_locations_stay() -> None:
    store, source = FakeMedusa(), ListSource(products(2))
    elsewhere = Level("ilev_2", "sloc_elsewhere", 40, 0)
    item = left_over(store, source.rows[0]["sku"], Level("ilev_1", store.location_id, 99), elsewhere)
    assert sync(source, store).exit_code == 0
    assert [(level.id, level.stocked_quantity) for level in item.levels] == [
        ("ilev_1", source.rows[0]["stock"]),
        ("ilev_2", 40),
    ]
    [levels] = level_calls(store)
    assert [len(levels[part]) for part in ("create", "update")] == [0, 1], "the other item is new"


@pytest.mark.parametrize("kills", [1, 2])
def test_items_that_a_killed_store_left_are_used(kills: int) -> None:
    """The store is killed between creating and linking inventory items, once or in two runs."""
    store, source = FakeMedusa(), ListSource(products(BATCH))
    for _ in range(kills):
        kill_at_step(store, "items")
        assert sync(source, store, batch_size=BATCH).exit_code != 0
        store.between = store.before = None
    left = set(store.state.items)
    assert len(left) == BATCH

    result = sync(source, store, batch_size=BATCH)

    assert (result.exit_code, counts(result)) == (0, {"created": BATCH})
    assert_exact(source.rows, store)
    assert set(store.state.items) == left


def test_a_rename_that_is_delivered_after_the_run_is_undone_by_the_next_one() -> None:
    """Three products pass their SKUs on in a ring, so each item loses its SKU before it gets the next one."""
    store, source = FakeMedusa(), ListSource(products(3))
    assert sync(source, store).exit_code == 0
    skus = [row["sku"] for row in source.rows]
    source.rows = [{**row, "sku": sku} for row, sku in zip(source.rows, [*skus[1:], skus[0]], strict=True)]
    late: list[httpx.Request] = []

    def withhold(request: httpx.Request) -> None:
        renames = sent_in_bulk(request, "update-inventory-items-workflow")
        if not late and any(each["sku"] is None for each in renames):
            late.append(request)
            raise httpx.ReadTimeout("no response")

    store.before = withhold
    assert sync(source, store).exit_code == 0
    store.before = None
    assert_exact(source.rows, store)
    assert counts(sync(source, store)) == {"unchanged": 3}
    store.handle(late[0])

    assert sync(source, store).exit_code == 0

    assert_exact(source.rows, store)
    for key, product in store.products.items():
        [item_id] = product.variants[0].item_ids
        assert store.state.items[item_id].sku == product.variants[0].sku, key


def in_use(store: FakeMedusa, item: Item) -> str:
    """Make the item part of a kit; returns what the message must contain."""
    body = {
        "title": "Kit",
        "handle": "kit",
        "options": [{"title": "Default", "values": ["Default"]}],
        "variants": [
            {
                "title": "Kit",
                "options": {"Default": "Default"},
                "prices": [],
                "inventory_items": [{"inventory_item_id": item.id, "required_quantity": 3}],
            }
        ],
    }
    created = store.call("POST", "/admin/products/batch", {"create": [body]})["created"]
    return str(created[0]["id"])


def reserved(_store: FakeMedusa, item: Item) -> str:
    item.levels[0].reserved_quantity = 2
    return "2 reserved"


@pytest.mark.parametrize("use", [in_use, reserved])
def test_a_product_whose_sku_is_on_an_item_in_use_fails_alone_and_names_the_item(
    use: Callable[[FakeMedusa, Item], str],
) -> None:
    store, source = FakeMedusa(), ListSource(products(BATCH))
    item = left_over(store, source.rows[1]["sku"], Level("ilev_1", store.location_id, 99))
    other = left_over(store, source.rows[2]["sku"], item_id="iitem_neighbour")
    expected = use(store, item)

    result = sync(source, store, batch_size=BATCH)

    assert (result.exit_code, counts(result)) == (5, {"created": BATCH - 1, "rejected": 1})
    [problem] = result.problems
    assert problem.external_id == "dummyjson:2"
    assert ITEM in problem.reason
    assert expected in problem.reason
    assert item.levels[0].stocked_quantity == 99
    assert items_of(store, "dummyjson:3") == [other.id]


def test_an_item_that_cannot_get_its_sku_gives_its_old_one_to_the_next_item() -> None:
    store, source = FakeMedusa(), ListSource(products(2))
    sync(source, store)
    first, second = (items_of(store, f"dummyjson:{number}")[0] for number in (1, 2))
    in_use(store, left_over(store, "TAKEN", Level("ilev_9", store.location_id, 1)))
    old = source.rows[0]["sku"]
    source.rows = [{**source.rows[0], "sku": "TAKEN"}, source.rows[1]]
    assert sync(source, store).exit_code == 0
    source.rows = [source.rows[0], {**source.rows[1], "sku": old}]

    assert sync(source, store).exit_code == 0

    assert_exact(source.rows, store)
    assert [store.state.items[item_id].sku for item_id in (first, second)] == [None, old]


@pytest.mark.parametrize("is_used", [True, False])
def test_an_item_whose_sku_stays_taken_is_not_written_again_while_a_late_write_may_arrive(
    *, is_used: bool
) -> None:
    """The run that changes the SKU is killed, so the product keeps its note for a while."""
    store, source = FakeMedusa(), ListSource(products(2))
    sync(source, store)
    taken = left_over(store, "TAKEN", Level("ilev_9", store.location_id, 1))
    if is_used:
        in_use(store, taken)
    source.rows = [{**source.rows[0], "sku": "TAKEN"}, source.rows[1]]
    sync_killed("after", lambda request: request.method != "GET", source, store)
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)
    store.requests.clear()

    result = sync(source, store)

    assert (result.exit_code, counts(result)) == (0, {"unchanged": 2})
    assert [request.path for request in writes(store)] == []


def test_an_incomplete_product_fails_if_an_item_in_use_has_its_sku() -> None:
    """The merchant gave the SKU to another item before the next run."""
    store, source = FakeMedusa(), ListSource(products(1))
    kill_at_step(store, "variants")
    assert sync(source, store).exit_code != 0
    store.between = store.before = None
    store.state.items.clear()
    item = left_over(store, source.rows[0]["sku"], Level("ilev_1", store.location_id, 99))
    variant_id = in_use(store, item)

    result = sync(source, store)

    [problem] = result.problems
    assert (result.exit_code, variant_id in problem.reason) == (5, True)
    assert not store.products


def test_a_product_without_stock_needs_no_item() -> None:
    """Medusa creates no item for it, so an item in use does not matter."""
    store, source = FakeMedusa(), ListSource(products(BATCH))
    del source.rows[1]["stock"]
    item = left_over(store, source.rows[1]["sku"], Level("ilev_1", store.location_id, 99))
    in_use(store, item)
    left_over(store, source.rows[2]["sku"], item_id="iitem_neighbour")
    result = sync(source, store, batch_size=BATCH)
    assert (result.exit_code, counts(result)) == (0, {"created": BATCH})
    assert items_of(store, "dummyjson:2") == []
