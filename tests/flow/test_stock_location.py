"""Another stock location is a changed setting; what this tool wrote at the former one is emptied."""

from typing import Any

import pytest

from tests.flow.stage import ListSource, assert_quiet, counts, record_of, sync, text, writes
from tests.harness.fake_medusa import FakeMedusa

SIZES = [{"sku": f"SHIRT-{size}", "options": {"Size": size}, "price": 9} for size in "SM"]
ROWS: list[dict[str, Any]] = [
    {"id": 1, "title": "Cup", "price": 9, "sku": "CUP", "stock": 4},
    {"id": 2, "title": "Jug", "price": 5, "sku": "JUG", "stock": 7},
    {"id": 3, "title": "Shirt", "stock": 5, "variants": SIZES},
]
ACCEPT = {"accept_settings": True}


def stocked() -> tuple[FakeMedusa, str]:
    """A store that has the products, and the id of a second stock location."""
    store = FakeMedusa()
    other = store.call("POST", "/admin/stock-locations", {"name": "Loft"})["stock_location"]["id"]
    assert sync(ListSource(ROWS), store).exit_code == 0
    return store, other


def levels(store: FakeMedusa, location_id: str) -> dict[str, float]:
    """The stock at a location by SKU of the item."""
    return {
        str(item.sku): level.stocked_quantity
        for item in store.state.items.values()
        for level in item.levels
        if level.location_id == location_id
    }


def choose(store: FakeMedusa, how: str, location_id: str) -> dict[str, Any]:
    """Change the stock location; returns the settings of the next runs."""
    if how == "default":
        store.state.store.default_location_id = location_id
    return {"default": {}, "name": {"stock_location": "Loft"}, "id": {"stock_location": location_id}}[how]


@pytest.mark.parametrize("how", ["name", "id", "default"])
def test_another_location_is_not_used_unless_it_is_accepted(how: str) -> None:
    store, loft = stocked()
    now = choose(store, how, loft)
    changed = ListSource([ROWS[0] | {"price": 8}, *ROWS[1:]])
    store.requests.clear()
    for source in [changed] if how == "default" else [ListSource(ROWS), changed]:
        refused = sync(source, store, **now)
        assert (refused.exit_code, writes(store)) == (6, [])
        assert "--stock-location ('Warehouse' before, 'Loft' now). Nothing was written." in refused.error
    assert sync(changed, store, only="price", **now).exit_code == 0
    plan = sync(changed, store, dry_run=True, **ACCEPT, **now)
    result = sync(changed, store, **ACCEPT, **now)
    assert (plan.exit_code, result.exit_code, counts(result)) == (0, 0, {"updated": 3})
    assert "changed by --stock-location" in text(plan)
    assert levels(store, loft) == {"CUP": 4, "JUG": 7, "dummyjson:3": 5}
    assert {*levels(store, store.location_id).values()} == {0}
    assert_quiet(changed, store, **now)
    assert "stock.sloc" not in str(record_of(store, 1))
    sold_back = {} if how != "default" else {"stock_location": "Warehouse"}
    assert sync(changed, store, **sold_back).exit_code == 6


def test_a_move_counts_as_a_change_of_each_product() -> None:
    store, loft = stocked()
    store.requests.clear()
    result = sync(ListSource(ROWS), store, stock_location=loft, max_changes=2, **ACCEPT)
    assert (result.exit_code, writes(store)) == (6, [])
    assert "--stock-location: 3 of 3 products" in result.error


def test_a_location_that_is_named_another_way_is_the_same() -> None:
    store, _ = stocked()
    for name in ("Warehouse", store.location_id):
        assert_quiet(ListSource(ROWS), store, stock_location=name)
        changed = ListSource([ROWS[0] | {"price": 8}, *ROWS[1:]])
        assert sync(changed, store, stock_location=name).exit_code == 0
        store.requests.clear()
        assert sync(changed, store, stock_location=name).exit_code == 0
        assert len(store.requests) == 1
        assert sync(ListSource(ROWS), store).exit_code == 0


def test_a_record_of_an_older_version_proves_nothing() -> None:
    store, loft = stocked()
    for number in (1, 2, 3):
        record = record_of(store, number)
        record["settings"] = {"--currency": "usd"}
        del record["locations"]
    assert_quiet(ListSource(ROWS), store)
    assert sync(ListSource(ROWS), store, stock_location=loft, overwrite=True).exit_code == 0
    assert levels(store, loft) == {"CUP": 4, "JUG": 7, "dummyjson:3": 5}
    assert levels(store, store.location_id) == {"CUP": 4, "JUG": 7, "dummyjson:3": 5}


def test_a_product_that_was_not_reached_follows_without_being_accepted_again() -> None:
    store, loft = stocked()
    now = {"stock_location": loft}
    assert sync(ListSource(ROWS[:1]), store, **ACCEPT, **now).exit_code == 0
    assert levels(store, loft) == {"CUP": 4}
    assert counts(sync(ListSource(ROWS), store, only="price", **now)) == {"unchanged": 3}
    assert counts(sync(ListSource(ROWS), store, **now)) == {"updated": 2, "unchanged": 1}
    assert levels(store, loft) == {"CUP": 4, "JUG": 7, "dummyjson:3": 5}
    assert {*levels(store, store.location_id).values()} == {0}
    assert_quiet(ListSource(ROWS), store, **now)


def test_a_source_that_names_all_locations_does_not_depend_on_the_default_one() -> None:
    store = FakeMedusa()
    loft = store.call("POST", "/admin/stock-locations", {"name": "Loft"})["stock_location"]["id"]
    rows = [ROWS[0] | {"stock": {"Warehouse": 4}}]
    sync(ListSource(rows), store)
    store.state.store.default_location_id = loft
    assert counts(sync(ListSource([rows[0] | {"stock": {"Warehouse": 3}}]), store)) == {"updated": 1}
