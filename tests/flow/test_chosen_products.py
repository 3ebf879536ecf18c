"""Runs with `--product` sync these products of the source and no others, and explain their fields."""

import logging
from contextlib import suppress
from typing import Any

import pytest

from tests.flow.faults import Killed, strike
from tests.flow.merchant import edit, edit_variant
from tests.flow.stage import (
    ListSource,
    acknowledged_by,
    constant,
    counts,
    make_former,
    sync,
    synced,
    writes,
)
from tests.harness.catalogue import products

SIZE = 30
ROWS = products(SIZE)


def changed(*numbers: int) -> ListSource:
    """A source in which the prices of some products have changed; it does not have the last one any more."""
    return ListSource([{**row, "price": 5} if row["id"] in numbers else row for row in ROWS[:-1]])


def test_only_the_chosen_products_are_synced_and_nothing_is_missing() -> None:
    store = synced(ROWS)
    result = sync(changed(1, 2, 3), store, product="1\n3", on_missing="delete", max_removals="100%")
    assert (result.exit_code, counts(result), result.seen) == (0, {"updated": 2}, 2)
    assert len(store.products) == SIZE
    prices = [store.products[f"dummyjson:{each}"].variants[0].prices[0].amount for each in (1, 2, 3)]
    assert prices == [5, ROWS[1]["price"], 5]
    assert counts(sync(changed(1, 2, 3), store, product="dummyjson:2")) == {"updated": 1}


def test_a_chosen_product_that_is_up_to_date_writes_nothing() -> None:
    store = synced(ROWS)
    for verbose in (False, True):
        store.requests.clear()
        result = sync(ListSource(ROWS), store, product="7", verbose=verbose)
        assert (counts(result), writes(store)) == ({"unchanged": 1}, [])


def test_few_pages_of_a_large_store_are_read() -> None:
    store = synced(ROWS)
    store.requests.clear()
    with constant("PAGE_SIZE", 5):
        assert counts(sync(changed(1), store, product="1", dry_run=True)) == {"updated": 1}
    assert len([each for each in store.requests if "offset" in str(each)]) < SIZE / 5


def test_a_deleted_row_counts_only_if_it_is_chosen() -> None:
    store = synced(ROWS)
    source = ListSource([*ROWS[2:], {"id": 1, "deleted": True}, {"id": 2, "deleted": True}])
    assert counts(sync(source, store, product="1")) == {"removed": 1}
    assert store.products["dummyjson:2"].status == "published"


def test_other_rows_without_an_id_are_no_problem_of_the_chosen_ones() -> None:
    assert counts(sync(ListSource([{"title": "No id"}, *ROWS]), synced(ROWS), product="1")) == {
        "unchanged": 1
    }


@pytest.mark.parametrize(("given", "similar"), [("3x", "'3', "), ("1\n31", "'3', '1', "), ("none", "")])
def test_an_unknown_id_is_an_error_that_names_similar_ones(given: str, similar: str) -> None:
    store = synced(ROWS)
    result = sync(changed(1), store, product=given)
    unknown = given.rpartition("\n")[2]
    assert result.exit_code == 3
    assert result.error.startswith(f"The source has no product {unknown!r}.")
    assert ("Similar ids" in result.error) is bool(similar)
    assert counts(result) == ({"updated": 1} if "1\n" in given else {})


def explained(caplog: pytest.LogCaptureFixture, source: ListSource, store: Any, **how: Any) -> dict[str, str]:
    """The lines about fields by their names."""
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        sync(source, store, product="1", verbose=True, **how)
    lines = [each.getMessage() for each in caplog.records if getattr(each, "event", "") == "decision"]
    found = dict(line.removeprefix("dummyjson:1: ").split(": ", 1) for line in lines)
    assert len(found) == len(lines)
    return found


def test_each_field_says_what_it_was_decided_from_and_why(caplog: pytest.LogCaptureFixture) -> None:
    store = synced(ROWS)
    row = {**ROWS[0], "title": "New", "price": 5, "material": "Oak"}
    edit(store, 1, title="Edited", material=None, subtitle="Mine", description="Edited")
    lines = explained(caplog, ListSource([row, *ROWS[1:]]), store, on_conflict="store", dry_run=True)
    price = f"desired 5, stored {ROWS[0]['price']:g}, last applied {ROWS[0]['price']:g}"
    assert lines["price"] == f"{price}: sent, because the source has changed it"
    title = f"desired New, stored Edited, last applied {ROWS[0]['title']}"
    reason = "kept, because source and merchant have changed it, and --on-conflict is store"
    assert lines["title"] == f"{title}: {reason}"
    assert lines["description"].endswith("kept, because only the merchant has changed it")
    assert lines["thumbnail"].endswith("kept, because the store has it")
    assert "subtitle" not in lines
    lines = explained(caplog, ListSource(ROWS), store, overwrite=True, dry_run=True)
    assert lines["description"].endswith("sent, because the source's value is restored")


def test_an_interrupted_write_is_explained(caplog: pytest.LogCaptureFixture) -> None:
    store = synced(ROWS)
    strike(store, "before", acknowledged_by, Killed())
    with suppress(Killed):
        sync(ListSource([{**ROWS[0], "price": 5}, *ROWS[1:]]), store)
    store.before = None
    lines = explained(caplog, ListSource([{**ROWS[0], "price": 6}, *ROWS[1:]]), store)
    assert lines["price"].endswith("sent, because an interrupted run may have sent another value")


def test_a_field_that_an_earlier_version_did_not_sync_is_explained(caplog: pytest.LogCaptureFixture) -> None:
    row = {**ROWS[0], "allowBackorder": True}
    store = synced([row])
    make_former(store, 1)
    edit_variant(store, 1, allow_backorder=False)
    lines = explained(caplog, ListSource([{**row, "price": 5}]), store)
    assert lines["allow_backorder"].endswith("kept, because an earlier version did not sync it")


def test_stock_that_orders_have_lowered_is_explained(caplog: pytest.LogCaptureFixture) -> None:
    rows = [{"id": 1, "title": "Cup", "price": 1, "sku": "CUP", "stock": 5}]
    store = synced(rows)
    [item] = [each for each in store.state.items.values() if each.sku == "CUP"]
    item.levels[0].stocked_quantity = 3
    lines = explained(caplog, ListSource(rows), store)
    assert lines["stock"] == "desired 5, stored 3, last applied 5: kept, because only orders have changed it"
    edit_variant(store, 1, sku="MINE")
    assert "CUP" in explained(caplog, ListSource(rows), store)["sku"]


def test_without_verbose_nothing_is_explained(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        sync(changed(1), synced(ROWS), product="1")
    assert not [each for each in caplog.records if getattr(each, "event", "") == "decision"]
