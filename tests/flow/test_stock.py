"""Stock follows the source where it is tracked, and the SKUs of inventory items follow their variants."""

from itertools import chain
from typing import Any

import httpx
import pytest

from tests.flow.faults import killed_runs
from tests.flow.merchant import edit_variant, left_over, use_in_a_kit
from tests.flow.plans import carried_out
from tests.flow.stage import (
    ListSource,
    assert_items_follow,
    assert_quiet,
    counts,
    details_read,
    sync,
    synced,
    text,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Item, Level
from tests.harness.shirts import shirt

PLAIN = {"id": 1, "title": "Teapot", "price": 5, "sku": "TP", "stock": 4}

Row = dict[str, Any]


def without_location() -> FakeMedusa:
    """A store that has no stock location, like a new one."""
    store = FakeMedusa()
    store.state.stock_locations.clear()
    store.state.store.default_location_id = None
    return store


def without_stock(row: Row) -> Row:
    """The product as a source delivers it that has no stock."""
    bare = {name: value for name, value in row.items() if name != "stock"}
    return bare | (
        {"variants": [without_stock(each) for each in row["variants"]]} if "variants" in row else {}
    )


def item_of(store: FakeMedusa) -> Item:
    """The inventory item of product 1."""
    [item_id] = store.products["dummyjson:1"].variants[0].item_ids
    return store.state.items[item_id]


def managed(store: FakeMedusa) -> set[bool]:
    return {each.manage_inventory for each in store.state.variants().values()}


# --- levels ---------------------------------------------------------------------------------------------


def test_stock_is_not_tracked_before_the_store_has_a_location() -> None:
    store, source = without_location(), ListSource([*products(2), shirt(3)])
    result = carried_out(source, store)
    assert (counts(result), managed(store)) == ({"created": 3}, {False})
    assert "no stock location" in text(result)
    assert_quiet(source, store)
    assert details_read(store) == []
    source.rows[0]["stock"] += 1
    assert_quiet(source, store)
    other = FakeMedusa()
    store.state.stock_locations.update(other.state.stock_locations)
    store.state.store.default_location_id = other.state.store.default_location_id
    assert counts(sync(source, store)) == {"updated": 3}
    assert managed(store) == {True}
    assert_quiet(source, store)


def test_a_store_without_a_location_is_quiet_after_variants_changed_and_a_sku_is_withheld() -> None:
    store = without_location()
    rows = [shirt(1), shirt(2)]
    sync(ListSource(rows), store)
    rows[1]["variants"][0] |= {"price": 99, "sku": rows[0]["variants"][0]["sku"]}
    assert counts(sync(ListSource(rows), store)) == {"updated": 1, "unchanged": 1}
    assert_quiet(ListSource(rows), store)
    assert {*chain(*details_read(store))} == {"dummyjson:2"}, "the owner of its SKU may have another one now"


def test_a_level_is_created_where_the_merchant_removed_it_and_others_stay() -> None:
    [row] = products(1)
    store = synced([row])
    item_of(store).levels = [Level("ilev_9", "sloc_elsewhere", 40)]
    assert counts(carried_out(ListSource([row | {"stock": 77}]), store)) == {"updated": 1}
    levels = {each.location_id: each.stocked_quantity for each in item_of(store).levels}
    assert levels == {"sloc_elsewhere": 40, store.location_id: 77}


@pytest.mark.parametrize("row", [PLAIN, shirt(1)], ids=["plain", "shirt"])
def test_stock_that_the_source_stops_sending_is_not_tracked_until_it_comes_back(row: Row) -> None:
    store, bare = synced([row]), ListSource([without_stock(row)])
    result = sync(bare, store)
    changes = [change for outcome in result.changes for change in outcome.changes]
    assert {(change.field, change.planned) for change in changes} == {("stock", None)}
    assert managed(store) == {False}
    assert_quiet(bare, store)
    assert counts(sync(ListSource([row]), store)) == {"updated": 1}
    assert managed(store) == {True}
    for each in row.get("variants", [row]):
        assert store.level_of(each["sku"]) == each["stock"]


def without_first(row: Row) -> tuple[FakeMedusa, ListSource]:
    """A store in which the first variant was drafted, and the source that lacks it."""
    gone = ListSource([row | {"variants": row["variants"][1:]}])
    store = synced([row])
    sync(gone, store, on_missing="draft", max_removals="100%")
    return store, gone


def set_stock(store: FakeMedusa, sku: str, quantity: int) -> None:
    [item] = (each for each in store.state.items.values() if each.sku == sku)
    item.levels[0].stocked_quantity = quantity


def with_stock(row: Row, stock: int) -> ListSource:
    """The first variant has this stock."""
    return ListSource([row | {"variants": [row["variants"][0] | {"stock": stock}, *row["variants"][1:]]}])


def test_a_drafted_variant_that_is_back_without_stock_has_none_although_the_merchant_gave_it_some() -> None:
    row = shirt(1)
    sku = row["variants"][0]["sku"]
    store, _ = without_first(row)
    set_stock(store, sku, 40)
    back = with_stock(row, 0)
    assert counts(sync(back, store)) == {"updated": 1}
    assert store.level_of(sku) == 0
    assert_quiet(back, store)


@pytest.mark.parametrize("stock", [0, 5])
def test_what_orders_have_taken_from_a_variant_that_is_back_stays_in_runs_of_stock_alone(stock: int) -> None:
    row = shirt(1)
    sku = row["variants"][0]["sku"]
    store, gone = without_first(row)
    back = with_stock(row, stock)
    sync(back, store, only="price,stock")
    assert store.level_of(sku) == stock
    set_stock(store, sku, 3)
    assert counts(sync(back, store, only="price,stock")) == {"unchanged": 1}
    assert counts(sync(back, store)) == {"unchanged": 1}
    assert store.level_of(sku) == 3
    sync(gone, store, on_missing="draft", max_removals="100%")
    assert store.level_of(sku) == 0


def test_a_variant_that_is_dropped_again_after_a_run_of_stock_alone_is_drafted_again() -> None:
    row = shirt(1)
    store, gone = without_first(row)
    sync(with_stock(row, 5), store, only="stock")
    sync(gone, store, on_missing="draft", max_removals="100%")
    assert store.level_of(row["variants"][0]["sku"]) == 0


@pytest.mark.parametrize("tracks", [True, False])
def test_whether_the_merchant_tracks_stock_is_left_alone(*, tracks: bool) -> None:
    """The source never sent it, or the merchant stopped tracking it."""
    row = without_stock(PLAIN) if tracks else PLAIN
    store = synced([row])
    edit_variant(store, 1, manage_inventory=tracks)
    change = {"price": 6} if tracks else {"stock": 77}
    assert sync(ListSource([row | change]), store).exit_code == 0
    assert managed(store) == {tracks}


@pytest.mark.parametrize("killed", ["tool", "both"])
def test_stock_that_the_merchant_stops_tracking_after_a_kill_is_left_alone(killed: str) -> None:
    source = ListSource([PLAIN | {"stock": 77}])
    for hurt in killed_runs(synced([PLAIN]), killed, lambda store: sync(source, store)):
        edit_variant(hurt, 1, manage_inventory=False)
        assert sync(source, hurt).exit_code == 0
        assert managed(hurt) == {False}


@pytest.mark.xfail(strict=True, reason="the run uses the items, and the store then deletes them")
def test_items_whose_creation_is_undone_later_are_replaced() -> None:
    """The response is lost, the store is slow, and its next step finds levels that the run has written."""
    store, source = FakeMedusa(), ListSource(products(3))

    def lose(_request: httpx.Request, step: str) -> None:
        if step == "items":
            store.between = None
            raise httpx.ReadTimeout("slow")

    store.between, store.linger = lose, 1_000
    assert sync(source, store).exit_code == 0
    store.catch_up()
    assert sync(source, store).exit_code == 0
    assert_items_follow(store)


# --- the SKUs of items ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sku", "item_sku", "winner", "then"),
    [
        pytest.param("TP", "TP", "source", ("NEW", "NEW"), id="ours"),
        pytest.param("TP", "MINE", "source", ("NEW", "MINE"), id="an edit of the item alone"),
        pytest.param("TP", None, "source", ("NEW", "NEW"), id="another run's request was carried out late"),
        pytest.param("MINE", "MINE", "source", ("NEW", "NEW"), id="both renamed"),
        pytest.param("TP", "NEW", "source", ("NEW", "NEW"), id="has it already"),
        pytest.param("MINE", "TP", "store", ("MINE", "TP"), id="the merchant's SKU is kept"),
        pytest.param("TP", "TP", "source", (None, None), id="the source drops it"),
    ],
)
def test_an_item_follows_its_variant_unless_the_merchant_renamed_the_item(
    sku: str, item_sku: str | None, winner: str, then: tuple[str | None, str | None]
) -> None:
    store, source = synced([PLAIN]), ListSource([PLAIN | {"sku": then[0] and "NEW"}])
    edit_variant(store, 1, sku=sku)
    item_of(store).sku = item_sku
    assert carried_out(source, store, on_conflict=winner).exit_code == 0
    assert (store.products["dummyjson:1"].variants[0].sku, item_of(store).sku) == then
    assert_quiet(source, store, on_conflict=winner)


@pytest.mark.parametrize(
    ("changes", "then"), [({"price": 9, "stock": 7}, ("TP", "MINE", 7)), ({"sku": None}, (None, "MINE", 4))]
)
def test_an_item_that_the_merchant_renamed_is_not_renamed_for_another_field(
    changes: Row, then: tuple[Any, ...]
) -> None:
    store = synced([PLAIN])
    item_of(store).sku = "MINE"
    assert carried_out(ListSource([PLAIN | changes]), store).exit_code == 0
    sku, item = store.products["dummyjson:1"].variants[0].sku, item_of(store)
    assert (sku, item.sku, item.levels[0].stocked_quantity) == then


# --- stock that begins to be tracked --------------------------------------------------------------------


@pytest.mark.parametrize("before", ["TP", "OLD", None])
@pytest.mark.parametrize("use", ["no item", "left over", "reserved", "in a kit"])
def test_a_variant_that_begins_to_be_tracked_gets_the_item_with_its_sku_that_no_other_variant_has(
    use: str, before: str | None
) -> None:
    """A reserved item is left from when the variant was tracked before."""
    store = synced([without_stock(PLAIN | {"sku": before})])
    if use != "no item":
        item = left_over(store, "TP", 1)
        item.levels[0].reserved_quantity = 2 * (use == "reserved")
    if use == "in a kit":
        use_in_a_kit(store, item)
    result = carried_out(ListSource([PLAIN]), store)
    assert (result.exit_code, counts(result)) == (0, {"updated": 1})
    own = item_of(store)
    assert (own.levels[0].stocked_quantity, own.sku) == (4, None if use == "in a kit" else "TP")
    assert (own.id == "iitem_left") == (use in {"left over", "reserved"})
    if use == "in a kit":
        assert store.state.items["iitem_left"].levels[0].stocked_quantity == 1
    assert_quiet(ListSource([PLAIN]), store)


def test_a_variant_that_begins_to_be_tracked_gets_the_sku_of_a_product_that_is_removed() -> None:
    store = synced([without_stock(PLAIN), PLAIN | {"id": 2, "title": "Cup", "sku": "CUP"}])
    source = ListSource([PLAIN | {"sku": "CUP"}])
    result = carried_out(source, store, on_missing="delete", max_removals="100%")
    assert (result.exit_code, store.level_of("CUP")) == (0, 4)


@pytest.mark.parametrize("sku", ["TP", None])
def test_an_older_store_is_given_the_item_that_it_does_not_make(sku: str | None) -> None:
    """Before version 2.16, a variant that begins to be tracked has no inventory item."""
    row = PLAIN | {"sku": sku}
    store = synced([without_stock(row)])

    def after(request: httpx.Request, _response: httpx.Response) -> None:
        if request.method != "POST" or b'"manage_inventory":true' not in request.content:
            return
        for each in store.state.variants().values():
            for item_id in [own for own in each.item_ids if not store.state.items[own].levels]:
                del store.state.items[item_id]
                each.item_ids.remove(item_id)

    store.after = after
    assert counts(sync(ListSource([row]), store)) == {"updated": 1}
    assert (item_of(store).sku, item_of(store).levels[0].stocked_quantity) == (sku, 4)
