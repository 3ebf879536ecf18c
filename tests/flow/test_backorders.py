"""Whether customers can buy a variant without stock: a field that a source may have."""

from typing import Any

import pytest

from tests.flow.merchant import edit_variant
from tests.flow.stage import ListSource, assert_quiet, counts, details_read, record_of, sync, synced, writes
from tests.harness.fake_medusa import FakeMedusa

ROW: dict[str, Any] = {"id": 1, "title": "Cup", "price": 3, "stock": 0}


def source(**fields: Any) -> ListSource:
    return ListSource([{**ROW, **fields}])


def sells(store: FakeMedusa) -> bool:
    """Whether customers can buy the cup without stock."""
    [variant] = store.state.variants().values()
    return variant.allow_backorder


@pytest.mark.parametrize("allowed", [True, False, None])
def test_a_new_product_gets_it(*, allowed: bool | None) -> None:
    store = synced(source(allowBackorder=allowed).rows)
    assert sells(store) is bool(allowed)
    assert_quiet(source(allowBackorder=allowed), store)


def test_a_source_that_stops_sending_it_does_not_own_it() -> None:
    store = synced(source(allowBackorder=True).rows)
    assert counts(sync(source(), store)) == {"unchanged": 1}
    assert sells(store)
    assert_quiet(source(), store)
    edit_variant(store, 1, allow_backorder=False)
    sync(source(), store, overwrite=True)
    assert not sells(store)


def test_variants_that_do_not_say_it_take_it_from_their_product() -> None:
    said = [None, True, False]
    variants = [
        {"id": number, "price": 1, "options": {"Size": str(number)}, "allowBackorder": each}
        for number, each in enumerate(said)
    ]
    store = synced(source(allowBackorder=True, variants=variants).rows)
    held = {each.title: each.allow_backorder for each in store.state.variants().values()}
    assert held == {"0": True, "1": True, "2": False}


@pytest.mark.parametrize("allowed", [True, False])
def test_what_can_be_bought_without_stock_is_no_obstacle(*, allowed: bool) -> None:
    store = FakeMedusa()
    for channel in store.state.sales_channels.values():
        channel.location_ids = []
    notes = [each.name for each in sync(source(allowBackorder=allowed), store).notes]
    assert ("unserved_channel" in notes) is not allowed


# --- an upgrade -------------------------------------------------------------------------------------------


@pytest.fixture
def upgraded() -> FakeMedusa:
    """A store that was synced by a version without the field."""
    store = synced(source().rows)
    record = record_of(store, 1)
    del record["knows"], record["source"]
    assert "allow_backorder" not in str(record)
    return store


def test_an_upgrade_writes_nothing_and_says_how_to_send_it(upgraded: FakeMedusa) -> None:
    result = sync(source(allowBackorder=True), upgraded)
    assert (writes(upgraded), details_read(upgraded)) == ([], [])
    [note] = [each for each in result.notes if each.name == "newer_fields"]
    assert "allow_backorder of 1." in note
    assert "--overwrite --only allow_backorder" in note
    result = sync(source(allowBackorder=True), upgraded, overwrite=True, only="allow_backorder")
    assert (sells(upgraded), counts(result)) == (True, {"updated": 1})
    assert_quiet(source(allowBackorder=True), upgraded)


@pytest.mark.parametrize("allowed", [False, None])
def test_nothing_is_said_if_the_source_wants_what_the_store_has(
    upgraded: FakeMedusa, *, allowed: bool | None
) -> None:
    result = assert_quiet(source(allowBackorder=allowed), upgraded)
    assert [each.name for each in result.notes] == []


def test_the_next_write_learns_it_and_changes_are_sent_from_then_on(upgraded: FakeMedusa) -> None:
    result = sync(source(allowBackorder=True, price=4), upgraded)
    assert (sells(upgraded), result.conflicts) == (False, 0)
    assert [each.name for each in result.notes] == ["newer_fields"]
    result = assert_quiet(source(allowBackorder=True, price=4), upgraded)
    assert [each.name for each in result.notes] == []
    sync(source(allowBackorder=False, price=4), upgraded)
    sync(source(allowBackorder=True, price=4), upgraded)
    assert sells(upgraded)


def test_a_source_that_begins_to_send_it_is_followed(upgraded: FakeMedusa) -> None:
    sync(source(price=4), upgraded)
    sync(source(price=4, allowBackorder=True), upgraded)
    assert sells(upgraded)


def test_it_is_not_learned_by_a_run_that_does_not_sync_it(upgraded: FakeMedusa) -> None:
    sync(source(allowBackorder=True, price=4), upgraded, only="price")
    assert_quiet(source(allowBackorder=True, price=4), upgraded)
    sync(source(allowBackorder=True, price=4), upgraded, overwrite=True)
    assert sells(upgraded)


def test_what_the_store_has_already_is_learned_when_it_is_sent_once(upgraded: FakeMedusa) -> None:
    sync(source(allowBackorder=False), upgraded, overwrite=True, only="allow_backorder")
    sync(source(allowBackorder=True), upgraded)
    assert sells(upgraded)
