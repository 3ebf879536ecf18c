"""Inventory items are created with their stock, before the variants; unused ones with the SKU are used."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.flow.faults import kill_at_step, no, refuse, sync_killed
from tests.flow.merchant import create, left_over, use_in_a_kit
from tests.flow.plans import carried_out
from tests.flow.stage import (
    ListSource,
    assert_exact,
    assert_quiet,
    counts,
    is_creation,
    sent_in_bulk,
    sync,
    synced,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Item, Level
from tests.harness.shirts import shirt, variant

ITEM = "iitem_left"
ITEMS = "create-inventory-items-workflow"
LEVELS = "/admin/inventory-items/location-levels/batch"
BATCH = 4
ROWS = products(2 * BATCH)


def items_of(store: FakeMedusa, number: int) -> list[str]:
    [variant] = store.products[f"dummyjson:{number}"].variants
    return variant.item_ids


def reserved(_store: FakeMedusa, item: Item) -> str:
    item.levels[0].reserved_quantity = 2
    return "2 reserved"


def stocked(store: FakeMedusa) -> dict[Any, float]:
    """The stock by SKU of all inventory items."""
    items = store.state.live_items()
    return {item.sku: sum(level.stocked_quantity for level in item.levels) for item in items}


def stock_of(rows: list[dict[str, Any]]) -> dict[Any, float]:
    return {row["sku"]: row["stock"] for row in rows}


# --- new ones -------------------------------------------------------------------------------------------


def test_the_stock_of_a_first_sync_needs_one_call_for_all_batches() -> None:
    """Items that an interrupted run has left are used, with few requests."""
    rows = [row | {"title": f"Product {row['id']}"} for row in products(100)]
    store, source = FakeMedusa(), ListSource(rows, page_size=100)
    sync_killed("before", is_creation, source, store)
    assert stocked(store) == stock_of(rows)
    assert sum(bool(sent_in_bulk(request, ITEMS)) for request in writes(store)) == 1
    assert not any("location-levels" in request.path for request in writes(store))
    store.requests.clear()
    rows[0]["stock"] += 1
    assert counts(sync(source, store)) == {"created": 100}
    assert (stocked(store), len(store.state.items)) == (stock_of(rows), 100)
    assert len(writes(store)) <= 2 + 2 * 7 + 1, "the items, each batch with its levels, the acknowledgement"


def test_an_item_has_the_weight_of_its_variant() -> None:
    store = FakeMedusa()
    sync(ListSource([shirt(variants=[variant(1, "S", "Red", weight=250)])]), store)
    [item] = [each for request in writes(store) for each in sent_in_bulk(request, ITEMS)]
    assert item["weight"] == 250


def test_a_product_that_the_store_refuses_leaves_no_item() -> None:
    """One whose SKU the merchant uses leaves none either, and the item of the merchant stays as it is."""
    store, rows = FakeMedusa(), products(20)
    create(store, "Theirs", rows[4]["sku"], variant={"manage_inventory": True})
    refuse(store, lambda each: is_creation(each) and b'"dummyjson:7"' in each.content, no())
    assert counts(sync(ListSource(rows), store)) == {"created": 18, "failed": 1, "rejected": 1}
    assert stocked(store) == stock_of([row for row in rows if row["id"] != 7]) | {rows[4]["sku"]: 0}


def test_an_item_that_cannot_be_removed_is_named(caplog: pytest.LogCaptureFixture) -> None:
    store = FakeMedusa()

    def is_refused(request: httpx.Request) -> bool:
        return request.method == "DELETE" or is_creation(request)

    refuse(store, is_refused, no())
    assert counts(sync(ListSource(products(1)), store)) == {"failed": 1}
    [item] = store.state.items.values()
    [line] = [each for each in caplog.records if getattr(each, "event", "") == "inventory_item_kept"]
    assert item.id in line.getMessage()


def sku_is_taken(store: FakeMedusa, row: dict[str, Any]) -> None:
    create(store, "Theirs", row["variants"][0]["sku"], external_id="theirs:1")


def category_is_renamed(store: FakeMedusa, row: dict[str, Any]) -> None:
    sync(ListSource([products(1)[0] | {"category": "shoes"}]), store)
    [own] = store.state.categories
    store.call("POST", f"/admin/product-categories/{own}", {"handle": "footwear"})
    row["category"] = "footwear"


def is_too_large(_store: FakeMedusa, row: dict[str, Any]) -> None:
    row["metadata"] = {f"key {number}": "a" * 40_000 for number in range(50)}


@pytest.mark.parametrize("reject", [sku_is_taken, category_is_renamed, is_too_large])
@pytest.mark.parametrize("number", [1, 20])
def test_no_item_is_created_for_a_product_that_a_dry_run_rejects(
    reject: Callable[[FakeMedusa, dict[str, Any]], None], number: int
) -> None:
    store, rows = FakeMedusa(), [shirt(each, id=100 + each) for each in range(1, 21)]
    reject(store, rows[number - 1])
    assert counts(carried_out(ListSource(rows), store, batch_size=BATCH)) == {"created": 19, "rejected": 1}
    skus = [item["sku"] for request in writes(store) for item in sent_in_bulk(request, ITEMS)]
    assert {each["sku"] for each in rows[number - 1]["variants"]}.isdisjoint(skus)
    assert sum(bool(sent_in_bulk(request, ITEMS)) for request in writes(store)) <= 2
    store.requests.clear()
    assert counts(sync(ListSource(rows), store)) == {"unchanged": 19, "rejected": 1}
    assert writes(store) == []


# --- unused ones ----------------------------------------------------------------------------------------


def test_an_unused_item_with_the_sku_is_used() -> None:
    """Its levels at other locations stay."""
    store, elsewhere = FakeMedusa(), Level("ilev_2", "sloc_elsewhere", 40, 0)
    item = left_over(store, ROWS[2]["sku"], 99, elsewhere)
    for is_dry in (True, False):
        result = sync(ListSource(ROWS), store, batch_size=BATCH, dry_run=is_dry)
        assert counts(result) == {"created": 2 * BATCH}
        [note] = [each for each in result.notes if each.code == "W406"]
        assert f"does not name: 40 of '{ROWS[2]['sku']}'." in note
    assert (items_of(store, 3), len(store.state.items)) == ([ITEM], 2 * BATCH)
    assert [each.stocked_quantity for each in item.levels] == [ROWS[2]["stock"], 40]
    [levels] = [request.json for request in store.requests if request.path == LEVELS]
    assert [len(levels[part]) for part in ("create", "update")] == [0, 1], "the other items are new"


# --- items in use ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("use", [use_in_a_kit, reserved])
@pytest.mark.parametrize("has_stock", [True, False])
def test_a_product_whose_sku_is_on_an_item_in_use_fails_alone_and_names_the_item(
    use: Callable[[FakeMedusa, Item], str], *, has_stock: bool
) -> None:
    """Without stock, the product needs no item."""
    store, source = FakeMedusa(), ListSource([dict(row) for row in ROWS[:BATCH]])
    item = left_over(store, source.rows[1]["sku"], 99)
    other = left_over(store, source.rows[2]["sku"], item_id="iitem_neighbour")
    expected = use(store, item)
    if not has_stock:
        del source.rows[1]["stock"]
    result = sync(source, store, batch_size=BATCH)
    assert (item.levels[0].stocked_quantity, items_of(store, 3)) == (99, [other.id])
    if not has_stock:
        assert (counts(result), items_of(store, 2)) == ({"created": BATCH}, [])
        return
    assert (result.exit_code, counts(result)) == (5, {"created": BATCH - 1, "rejected": 1})
    [problem] = result.problems
    assert problem.external_id == "dummyjson:2"
    assert ITEM in problem.reason
    assert expected in problem.reason


def test_an_incomplete_product_fails_if_an_item_in_use_has_its_sku() -> None:
    """The merchant gave the SKU to another item before the next run."""
    store, source = FakeMedusa(), ListSource(ROWS[:1])
    kill_at_step(store, "variants")
    assert sync(source, store).exit_code != 0
    store.between = store.before = None
    store.state.items.clear()
    kit = use_in_a_kit(store, left_over(store, ROWS[0]["sku"], 99))
    result = sync(source, store)
    [problem] = result.problems
    assert (result.exit_code, kit in problem.reason) == (5, True)
    assert not store.products


@pytest.mark.parametrize("is_used", [True, False])
def test_an_item_whose_sku_stays_taken_is_not_written_again(*, is_used: bool) -> None:
    """The run that changes the SKU is killed."""
    store, source = synced(ROWS[:2]), ListSource([ROWS[0] | {"sku": "TAKEN"}, ROWS[1]])
    taken = left_over(store, "TAKEN", 1)
    if is_used:
        use_in_a_kit(store, taken)
    sync_killed("after", lambda request: request.method != "GET", source, store)
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store, items_follow=False)
    assert_quiet(source, store)


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("is_in_use", [False, True])
def test_a_new_product_gets_the_sku_of_an_item_that_cannot_get_its_new_one(
    size: int, *, is_in_use: bool
) -> None:
    one, other = ({"id": number, "title": f"Jug {number}", "price": 1, "stock": 3} for number in (1, 2))
    store, source = FakeMedusa(), ListSource([one | {"sku": "OLD"}])
    assert sync(source, store).exit_code == 0
    item = left_over(store, "NEW")
    if is_in_use:
        use_in_a_kit(store, item)
    source.rows = [one | {"sku": "NEW"}, other | {"sku": "OLD"}]
    assert counts(sync(source, store, batch_size=size)) == {"updated": 1, "created": 1}
    skus = [store.state.items[own].sku for number in (1, 2) for own in items_of(store, number)]
    assert skus == [None, "OLD"]
    assert_quiet(source, store)
