"""Stock at the locations that the source names follows the source; all other levels stay as they are."""

from typing import Any

import pytest

from tests.flow.faults import strike
from tests.flow.merchant import edit_variant
from tests.flow.plans import carried_out, reasons
from tests.flow.stage import SOURCE_NAME, ListSource, assert_quiet, copies_of, counts, sync, text, writes
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.inventory import level_at
from tests.harness.fake_medusa.state import Level, Named

pytestmark = pytest.mark.usefixtures("routes")

Row = dict[str, Any]
Levels = dict[str, int]  # by the name of the location
DEFAULT = "Warehouse"
OTHERS = ("Berlin", "St. Pauli")
DEPOT = "Depot"
"""A location that the source never names."""


def with_locations() -> FakeMedusa:
    """A store with several stock locations."""
    store = FakeMedusa()
    for number, name in enumerate((*OTHERS, DEPOT), 1):
        store.state.stock_locations[f"sloc_{number}"] = Named(f"sloc_{number}", name)
    return store


@pytest.fixture
def store() -> FakeMedusa:
    return with_locations()


def id_of(store: FakeMedusa, name: str) -> str:
    [own] = [each.id for each in store.state.stock_locations.values() if each.name == name]
    return own


def levels(store: FakeMedusa) -> dict[str, Levels]:
    """The levels of tracked variants by SKU."""
    names = {own: each.name for own, each in store.state.stock_locations.items()}
    return {
        str(each.sku): {
            names[level.location_id]: int(level.stocked_quantity)
            for item_id in each.item_ids
            for level in store.state.items[item_id].levels
        }
        for each in store.state.variants().values()
        if each.manage_inventory
    }


def set_level(store: FakeMedusa, sku: str, location: str, quantity: int) -> None:
    """As an order or the merchant does."""
    [item] = [each for each in store.state.live_items() if each.sku == sku]
    level = level_at(item, id_of(store, location))
    if level is None:
        item.levels.append(Level(store.state.ids.new("ilev"), id_of(store, location), quantity))
    else:
        level.stocked_quantity = quantity


def plain(**changes: Any) -> Row:
    return {"id": 1, "title": "Teapot", "price": 5, "sku": "TP", "stock": 4} | changes


# --- what the source means --------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [4, {DEFAULT: 4}])
def test_a_number_and_the_default_location_by_name_are_the_same(store: FakeMedusa, first: Any) -> None:
    source = ListSource([plain(stock=first)])
    sync(source, store)
    set_level(store, "TP", DEFAULT, 2)  # two were sold
    for stock in ({DEFAULT: 4}, 4, {id_of(store, DEFAULT): 4}, {DEFAULT: 4}, {"": 4}):
        source.rows[0]["stock"] = stock
        result = carried_out(source, store)
        assert (counts(result), levels(store)) == ({"unchanged": 1}, {"TP": {DEFAULT: 2}})
        assert_quiet(source, store)
    source.rows[0]["stock"] = {DEFAULT: 5}
    sync(source, store)
    assert levels(store) == {"TP": {DEFAULT: 5}}


def test_a_location_that_gets_another_name_keeps_its_levels(store: FakeMedusa) -> None:
    source = ListSource([plain(stock={"Berlin": 4})])
    sync(source, store)
    set_level(store, "TP", "Berlin", 1)
    store.state.stock_locations[id_of(store, "Berlin")].name = "Berlin Mitte"
    assert_quiet(source, store)
    source.rows[0]["price"] = 6
    assert "no stock location 'Berlin', only: 'Berlin Mitte', " in str(reasons(carried_out(source, store)))
    source.rows[0]["stock"] = {"Berlin Mitte": 4}
    assert counts(carried_out(source, store)) == {"updated": 1}
    assert levels(store) == {"TP": {"Berlin Mitte": 1}}
    assert_quiet(source, store)


@pytest.mark.parametrize(
    ("stock", "words"),
    [
        (
            {"Rome": 1},
            "location 'Rome', only: 'Berlin', 'Depot', 'St. Pauli', 'Twin' (sloc_8), 'Twin' (sloc_9)",
        ),
        (
            {"Twin": 1},
            "stock.Twin: the store has several stock locations 'Twin' (sloc_8, sloc_9); give an id",
        ),
        ({"Berlin": 1, "sloc_1": 1}, "stock.Berlin and stock.sloc_1 are the same stock location"),
        ({"": 1, "Warehouse": 1}, "stock and stock.Warehouse are the same stock location"),
    ],
)
def test_a_location_that_the_store_lacks_rejects_the_product_alone(
    store: FakeMedusa, stock: Levels, words: str
) -> None:
    for own in ("sloc_8", "sloc_9"):
        store.state.stock_locations[own] = Named(own, "Twin")
    source = ListSource([plain(stock=stock), plain(id=2, title="Cup", sku="CUP")])
    result = carried_out(source, store)
    assert (result.exit_code, counts(result)) == (5, {"created": 1, "rejected": 1})
    assert words in reasons(result)["dummyjson:1"]
    source.rows[0]["stock"] = {"sloc_8": 1}  # names that several have are no names, but ids are
    assert sync(source, store).exit_code == 0
    assert levels(store)["TP"] == {"Twin": 1}


def test_a_store_without_locations_rejects_products_that_name_one() -> None:
    store = FakeMedusa()
    store.state.stock_locations.clear()
    store.state.store.default_location_id = None
    result = carried_out(ListSource([plain(stock={"Berlin": 1})]), store)
    assert "the store has no stock location 'Berlin', only: none" in reasons(result)["dummyjson:1"]


def test_a_variant_that_the_merchant_does_not_track_stays_so_with_a_new_location(store: FakeMedusa) -> None:
    source = ListSource([plain()])
    sync(source, store)
    edit_variant(store, 1, manage_inventory=False)
    source.rows[0]["stock"] = {"Berlin": 4}
    assert sync(source, store).exit_code == 0
    assert levels(store) == {}


# --- settings, removals and reports -----------------------------------------------------------------------


def test_settings_name_the_stock_at_one_location_or_all_stock(store: FakeMedusa) -> None:
    source = ListSource([plain(stock={"Berlin": 4, "St. Pauli": 2})])
    sync(source, store)
    source.rows[0] |= {"price": 9, "stock": {"Berlin": 5, "St. Pauli": 3}}
    sync(source, store, skip="stock.Berlin,price")
    assert levels(store) == {"TP": {"Berlin": 4, "St. Pauli": 3}}
    source.rows[0]["stock"]["St. Pauli"] = 7
    sync(source, store, only="stock.Berlin")
    assert levels(store) == {"TP": {"Berlin": 5, "St. Pauli": 3}}
    sync(source, store, only="stock")
    assert levels(store) == {"TP": {"Berlin": 5, "St. Pauli": 7}}
    assert store.products["dummyjson:1"].variants[0].prices[0].amount == 5


def test_a_run_of_the_stock_at_one_location_stops_no_tracking_for_another(store: FakeMedusa) -> None:
    source = ListSource([plain(stock={"": 6, "Berlin": 5})])
    sync(source, store)
    source.rows[0].pop("stock")
    sync(source, store, only="stock.Berlin")
    source.rows[0]["stock"] = {"": 9, "Berlin": 4}
    sync(source, store)
    assert levels(store) == {"TP": {"Warehouse": 9, "Berlin": 4}}
    source.rows[0].pop("stock")
    sync(source, store)
    assert not store.products[f"{SOURCE_NAME}:1"].variants[0].manage_inventory
    assert_quiet(source, store)


def test_reports_and_guards_name_the_location(store: FakeMedusa) -> None:
    source = ListSource([plain(stock={"Berlin": 4})])
    sync(source, store)
    source.rows[0]["stock"] = {"Berlin": 0}
    result = sync(source, store, max_changes="0")
    assert (result.exit_code, "stock.Berlin: 4 -> 0" in result.error) == (6, True), result.error
    assert "stock.Berlin: 4 -> 0" in text(sync(source, store, dry_run=True))


@pytest.mark.parametrize("exists", [True, False])
def test_a_level_that_appears_or_goes_while_it_is_written_is_read_again(
    store: FakeMedusa, *, exists: bool
) -> None:
    """Creating one that exists is refused, and so is updating one that is gone."""
    source = ListSource([plain(stock={"Berlin": 4})])
    sync(source, store)
    source.rows[0]["stock"] = {"St. Pauli": 2, "Berlin": 5}
    [item] = store.state.live_items()

    def meanwhile() -> None:
        if exists:
            set_level(store, "TP", "St. Pauli", 40)
        else:
            item.levels.clear()

    strike(store, "before", lambda each: each.url.path.endswith("location-levels/batch"), meanwhile)
    assert sync(source, store).exit_code == 0
    assert levels(store) == {"TP": {"St. Pauli": 2, "Berlin": 5}}


def test_levels_at_several_locations_need_no_call_more(store: FakeMedusa) -> None:
    rows = [plain(id=number, title=f"Cup {number}", sku=f"C{number}") for number in range(20)]
    other, calls = copies_of(store), list[list[str]]()
    for stock in (4, {"Berlin": 4, DEFAULT: 3, "St. Pauli": 1}):
        own = other()
        source = ListSource([row | {"stock": stock} for row in rows])
        sync(source, own)
        first = [each.url.path for each in writes(own)]
        own.requests.clear()
        for row in source.rows:
            row["stock"] = stock + 1 if isinstance(stock, int) else {name: n + 1 for name, n in stock.items()}
        sync(source, own)
        calls.append(first + [each.url.path for each in own.requests])
    assert calls[0] == calls[1]


def test_a_quiet_run_does_not_read_the_locations(store: FakeMedusa) -> None:
    source = ListSource([plain(stock={"Berlin": 4})])
    sync(source, store)
    assert_quiet(source, store)
    assert [each.url.path for each in store.requests] == ["/admin/products"]


def test_a_dropped_variant_loses_its_stock_where_the_others_begin_to_have_stock(store: FakeMedusa) -> None:
    """A dry run shows it, too, although the record does not name the location."""

    def shirts(stock: int | Levels, *sizes: str) -> list[Row]:
        options = [{"id": each, "sku": each, "price": 5, "options": {"Size": each}} for each in sizes]
        return [{"id": 1, "title": "Shirt", "variants": [each | {"stock": stock} for each in options]}]

    for stock in ({"": 1, "Berlin": 3}, 9):
        assert sync(ListSource(shirts(stock, "S", "L")), store).exit_code == 0
    source, how = (
        ListSource(shirts({"": 2, "Berlin": 4}, "S")),
        {"on_missing": "draft", "max_removals": "100%"},
    )
    plan, result = sync(source, store, dry_run=True, **how), sync(source, store, **how)
    assert [*plan.changes] == [*result.changes]
    assert levels(store) == {"S": {DEFAULT: 2, "Berlin": 4}, "L": {DEFAULT: 0, "Berlin": 0}}
    assert_quiet(source, store, **how)


@pytest.mark.parametrize("sku", ["TP", None])
def test_a_variant_without_an_item_gets_one_for_all_locations(sku: str | None, store: FakeMedusa) -> None:
    """The merchant has deleted its item; with two, customers could not buy it."""
    row = plain(sku=sku, stock={"": 4, "Berlin": 5})
    assert counts(sync(ListSource([row]), store)) == {"created": 1}
    [item] = store.state.items
    store.call("DELETE", f"/admin/inventory-items/{item}")
    row = plain(sku=sku, stock={"": 6, "Berlin": 7})
    assert counts(carried_out(ListSource([row]), store)) == {"updated": 1}
    [own] = store.state.variants().values()
    assert len(own.item_ids) == 1
    assert levels(store) == {str(sku): {DEFAULT: 6, "Berlin": 7}}
    assert_quiet(ListSource([row]), store)


def test_stock_elsewhere_of_an_item_that_a_variant_gets_again_is_named(store: FakeMedusa) -> None:
    """The variant was not tracked for a while."""
    row = plain(stock={"Berlin": 5})
    for each in (row, plain(stock=None)):
        assert sync(ListSource([each]), store).exit_code == 0
    row = plain(stock={"St. Pauli": 3})
    for is_dry in (True, False):
        result = sync(ListSource([row]), store, dry_run=is_dry)
        [note] = [each for each in result.notes if each.code == "W406"]
        assert "5 of 'TP'" in note
    assert levels(store) == {"TP": {"Berlin": 5, "St. Pauli": 3}}
    result = sync(ListSource([plain(stock={"Berlin": 5, "St. Pauli": 4})]), store)
    assert (result.exit_code, result.notes) == (0, ())
