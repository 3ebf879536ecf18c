"""Stock of a source that has left out what open orders have reserved (`--stock-is available`)."""

from pathlib import Path

import httpx
import pytest

from tests.flow.plans import carried_out
from tests.flow.stage import (
    ListSource,
    apply,
    assert_quiet,
    copies_of,
    counts,
    document,
    record_of,
    save,
    sync,
    text,
    undone,
    writes,
)
from tests.flow.test_undo import saved
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Level
from tests.harness.shirts import shirt

CUP = {"id": 1, "title": "Cup", "price": 5, "sku": "CUP", "stock": 10}


def free(stock: int = 8) -> ListSource:
    """A source that has left out what is reserved."""
    return ListSource([CUP | {"stock": stock}], is_available=True)


def store_with(source: ListSource, reserved: int) -> FakeMedusa:
    """A store with the source's product, and open orders of its first variant."""
    store = FakeMedusa()
    assert sync(source, store).exit_code == 0
    level(store).reserved_quantity = reserved
    return store


def level(store: FakeMedusa, number: int = 0) -> Level:
    """The level of a variant of product 1."""
    [item_id] = store.products["dummyjson:1"].variants[number].item_ids
    [only] = store.state.items[item_id].levels
    return only


def sold(store: FakeMedusa, number: int = 0) -> float:
    """What customers can still buy."""
    return level(store, number).stocked_quantity - level(store, number).reserved_quantity


def test_an_order_on_its_way_does_not_change_what_is_sold() -> None:
    """The source has the order, so its number has left it out; with `on-hand`, it is subtracted twice."""
    store = store_with(free(10), reserved=2)
    assert carried_out(free(8), store).exit_code == 0
    assert (level(store).stocked_quantity, sold(store)) == (10, 8)
    assert_quiet(free(8), store)
    level(store).stocked_quantity, level(store).reserved_quantity = 8, 0  # it is shipped
    assert_quiet(free(8), store)
    other = store_with(ListSource([CUP]), reserved=2)
    sync(ListSource([CUP | {"stock": 8}]), other)
    assert sold(other) == 6


def test_both_numbers_are_shown_and_the_record_has_that_of_the_source() -> None:
    store = store_with(free(10), reserved=2)
    plan = sync(free(5), store, dry_run=True)
    assert "8 -> 5 (" in text(plan)
    assert "2 reserved, so 7 in stock" in text(plan)
    for result in (plan, sync(free(5), store)):
        [change] = document(result)["changes"]
        assert change["fields"]["stock"] == {"from": 8, "to": 5, "reserved": 2}
    assert level(store).stocked_quantity == 7
    assert record_of(store, 1)["variants"][""][1]["stock"] == 5
    for reserved in (0, 1, 7):
        level(store).reserved_quantity = reserved
        assert_quiet(free(5), store)


def test_what_is_reserved_is_read_right_before_the_write() -> None:
    store = store_with(free(10), reserved=2)

    def order(request: httpx.Request, _response: httpx.Response) -> None:
        if request.method == "POST" and request.url.path.endswith("/products/batch"):
            level(store).reserved_quantity = 3

    store.after = order
    sync(free(5), store)
    assert (level(store).stocked_quantity, sold(store)) == (8, 5)


@pytest.mark.parametrize("reserved", [0, 3])
def test_the_setting_is_guarded_and_levels_are_written_again_after_it_was_changed(reserved: int) -> None:
    on_hand = ListSource([CUP])
    store = store_with(on_hand, reserved)
    store.requests.clear()
    refused = sync(free(10), store)
    assert (refused.exit_code, writes(store)) == (6, [])
    assert "--stock-is (off before, available now)" in refused.error
    result = sync(free(10), store, accept_settings=True)
    assert (result.exit_code, sold(store)) == (0, 10)
    settings = {each.setting for own in result.changes for each in own.changes}
    assert settings == ({"--stock-is"} if reserved else set())
    assert_quiet(free(10), store)
    assert sync(on_hand, store).exit_code == 6
    assert sync(on_hand, store, accept_settings=True).exit_code == 0
    assert level(store).stocked_quantity == 10
    assert_quiet(on_hand, store)


def test_a_plan_writes_the_number_of_the_source_and_stops_if_more_was_reserved(tmp_path: Path) -> None:
    store, file = store_with(free(10), reserved=2), tmp_path / "plan"
    save(free(5), store, file)
    later = copies_of(store)()
    assert counts(apply(file, store)) == {"updated": 1}
    assert (level(store).stocked_quantity, sold(store)) == (7, 5)
    level(later).reserved_quantity = 3
    skipped = apply(file, later)
    assert (counts(skipped), level(later).stocked_quantity) == ({"skipped": 1}, 10)
    assert "stock is 7 now, was 8 in the plan" in text(skipped)


def test_variants_that_share_stock_and_those_that_get_their_own() -> None:
    bare = [{name: value for name, value in each.items() if name != "stock"} for each in shirt(1)["variants"]]
    shared = shirt(1) | {"stock": 10, "variants": bare}
    store = store_with(ListSource([shared], is_available=True), reserved=2)
    carried_out(ListSource([shared | {"stock": 8}], is_available=True), store)
    assert {sold(store, number) for number in range(len(bare))} == {8}
    assert level(store).stocked_quantity == 10
    assert_quiet(ListSource([shared | {"stock": 8}], is_available=True), store)
    own = shared | {"variants": [each | {"stock": 3} for each in bare]}
    sync(ListSource([own], is_available=True), store)
    assert {sold(store, number) for number in range(len(bare))} == {3}
    assert_quiet(ListSource([own], is_available=True), store)


def test_a_drafted_variant_keeps_what_is_reserved_and_an_undo_gives_back_what_was_free(
    tmp_path: Path,
) -> None:
    """Nobody can buy it any more, and the order can be shipped."""
    row = shirt(1)
    store = store_with(ListSource([row], is_available=True), reserved=2)
    free_before = sold(store)
    left = ListSource([row | {"variants": row["variants"][1:]}], is_available=True)
    result = sync(left, store, on_missing="draft", max_removals="100%")
    assert (level(store).stocked_quantity, sold(store)) == (2, 0)
    assert_quiet(left, store, on_missing="draft", max_removals="100%")
    file = saved(result, tmp_path)
    level(store).reserved_quantity, level(store).stocked_quantity = 1, 1  # one of two is shipped
    back = sync(undone(file, store), store, undo=file)
    assert (back.exit_code, sold(store)) == (0, free_before)


def test_undoing_the_creation_of_a_variant_leaves_what_is_reserved_of_it(tmp_path: Path) -> None:
    row = shirt(1)
    store = store_with(ListSource([row | {"variants": row["variants"][1:]}], is_available=True), reserved=0)
    result = sync(ListSource([row], is_available=True), store)
    new = [each.sku for each in store.products["dummyjson:1"].variants].index("SH1-S-R")
    level(store, new).reserved_quantity, level(store, new).stocked_quantity = 2, 5
    file = saved(result, tmp_path)
    assert sync(undone(file, store), store, undo=file, max_removals="100%").exit_code == 0
    assert (level(store, new).stocked_quantity, sold(store, new)) == (2, 0)


def test_stock_that_moves_to_another_location_leaves_what_is_reserved_there() -> None:
    store = store_with(free(10), reserved=2)
    store.call("POST", "/admin/stock-locations", {"name": "Elsewhere"})
    result = sync(free(8), store, stock_location="Elsewhere", accept_settings=True)
    assert result.exit_code == 0
    [item_id] = store.products["dummyjson:1"].variants[0].item_ids
    levels = [(each.stocked_quantity, each.reserved_quantity) for each in store.state.items[item_id].levels]
    assert levels == [(2, 2), (8, 0)]
