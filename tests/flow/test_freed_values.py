"""The source gives option values, SKUs or barcodes of what it no longer has to something else."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from medusa_sync import RunResult
from tests.flow.kills import KILLED, killed_runs
from tests.flow.plans import carried_out
from tests.flow.shirts import add_own_variant, assert_shirts, held, shirt, variant, wanted
from tests.flow.stage import ListSource, counts, sync, writes
from tests.harness.fake_medusa import FakeMedusa

ALL = "100%"
KEEPING = pytest.mark.parametrize("on_missing", ["keep", "draft"])

Row = dict[str, Any]


def values_move() -> Row:
    """S / Red is dropped, and the variant that was S / Blue becomes S / Red."""
    blue = variant(1, "S", "Blue") | {"options": {"Size": "S", "Colour": "Red"}}
    return shirt(1, variants=[blue, *shirt(1)["variants"][2:]])


def values_move_in_a_chain() -> Row:
    """S / Red is dropped; S / Blue becomes S / Red, and M / Red becomes S / Blue."""
    row = values_move()
    row["variants"][1] |= {"options": {"Size": "S", "Colour": "Blue"}}
    return row


def values_and_codes_move() -> Row:
    row = values_move()
    row["variants"][0] |= {name: variant(1, "S", "Red")[name] for name in ("sku", "barcode")}
    return row


def codes_move() -> Row:
    row = values_and_codes_move()
    row["variants"][0]["options"] = {"Size": "S", "Colour": "Blue"}
    return row


def option_is_dropped() -> Row:
    """Only the red variants are left, and the option that told them apart from the blue ones is dropped."""
    variants = [variant(1, size, "Red", options={"Size": size}) for size in ("S", "M", "L")]
    return shirt(1, options=["Size"], variants=variants)


def option_is_dropped_and_a_variant_is_new() -> Row:
    row = option_is_dropped()
    new = variant(1, "XL", "Red", options={"Size": "XL"}, barcode=None)
    return row | {"variants": [*row["variants"], new]}


def one_variant_is_left() -> Row:
    """The dropped variants have the same values of the option that is left."""
    row = option_is_dropped()
    return row | {"variants": row["variants"][1:2]}


def with_keys_of_option_values(changed: Callable[[], Row]) -> Callable[[], Row]:
    """The source has no ids and SKUs of variants, so that their keys change with their options."""

    def row() -> Row:
        left = ("title", "price", "stock", "options")
        variants = [{name: each[name] for name in left if name in each} for each in changed()["variants"]]
        return changed() | {"variants": variants}

    return row


CHANGES = pytest.mark.parametrize(
    "changed",
    [
        values_move,
        values_move_in_a_chain,
        values_and_codes_move,
        codes_move,
        option_is_dropped,
        option_is_dropped_and_a_variant_is_new,
        one_variant_is_left,
    ],
)
BLOCKED = pytest.mark.parametrize("changed", [values_move, option_is_dropped])


def synced() -> tuple[FakeMedusa, ListSource]:
    """A store with two shirts."""
    store, source = FakeMedusa(), ListSource([shirt(1), shirt(2)])
    assert sync(source, store).exit_code == 0
    return store, source


@CHANGES
def test_everything_arrives_in_one_run_if_dropped_variants_are_deleted(changed: Callable[[], Row]) -> None:
    store, source = synced()
    source.rows = [changed(), shirt(2)]
    result = carried_out(source, store, on_missing="delete", max_removals=ALL)
    assert (result.exit_code, counts(result)) == (0, {"updated": 1, "unchanged": 1})
    assert_shirts(source.rows, store)
    store.requests.clear()
    assert sync(source, store, on_missing="delete").exit_code == 0
    assert writes(store) == []


@pytest.mark.parametrize("changed", [option_is_dropped, one_variant_is_left])
def test_everything_arrives_if_variants_have_only_option_values(changed: Callable[[], Row]) -> None:
    store = FakeMedusa()
    source = ListSource([with_keys_of_option_values(shirt)()])
    assert sync(source, store).exit_code == 0
    source.rows = [with_keys_of_option_values(changed)()]
    assert carried_out(source, store, on_missing="delete", max_removals=ALL).exit_code == 0
    assert {name: each["options"] for name, each in held(store).items()} == {
        each["options"]["Size"]: each["options"] for each in source.rows[0]["variants"]
    }


def test_a_product_that_has_no_variants_any_more_arrives_in_one_run() -> None:
    store, source = synced()
    source.rows = [{"id": 1, "title": "Shirt 1", "price": 5, "stock": 3, "sku": "SH1"}, shirt(2)]
    assert carried_out(source, store).exit_code == 5
    assert carried_out(source, store, on_missing="delete", max_removals=ALL).exit_code == 0
    assert held(store)["SH1"]["options"] == {"Default": "Default"}
    assert len(held(store)) == 1
    store.requests.clear()
    assert sync(source, store, on_missing="delete").exit_code == 0
    assert writes(store) == []


@BLOCKED
@pytest.mark.parametrize("on_missing", ["keep", "draft", "delete"])
def test_a_limit_of_changes_counts_the_product_once(changed: Callable[[], Row], on_missing: str) -> None:
    store, source = synced()
    source.rows = [changed() | {"title": "New title"}, shirt(2)]
    limits = {"on_missing": on_missing, "max_removals": ALL}
    none = sync(source, store, max_changes=0, **limits)
    assert none.error.startswith("1 of 2 products would change")
    one = carried_out(source, store, max_changes=1, **limits)
    assert one.exit_code == (0 if on_missing == "delete" else 5)


@KEEPING
@BLOCKED
def test_everything_else_is_written_if_dropped_variants_are_kept(
    changed: Callable[[], Row], on_missing: str
) -> None:
    store, source = synced()
    row = changed()
    row["title"] = "New title"
    for each in row["variants"]:
        each["price"] = 99
    source.rows = [row, shirt(2)]
    result = carried_out(source, store, on_missing=on_missing, max_removals=ALL)
    assert (result.exit_code, counts(result)) == (5, {"failed": 1, "unchanged": 1})
    [problem] = result.problems
    assert "SH1-S" in problem.reason
    assert "--on-missing delete" in problem.reason
    assert store.products["dummyjson:1"].title == "New title"
    assert [each["price"]["usd"] for each in held(store).values()].count(99) == len(row["variants"])
    store.requests.clear()
    again = sync(source, store, on_missing=on_missing, max_removals=ALL)
    assert counts(again) == {"failed": 1, "unchanged": 1}
    assert writes(store) == []
    assert carried_out(source, store, on_missing="delete", max_removals=ALL).exit_code == 0
    assert_shirts(source.rows, store)


def test_other_variants_arrive_if_dropped_variants_are_kept() -> None:
    store, source = synced()
    row = values_move()
    new = variant(1, "XL", "Red", barcode="4711")
    source.rows = [row | {"variants": [*row["variants"], new]}, shirt(2)]
    result = carried_out(source, store)
    assert (result.exit_code, counts(result)) == (5, {"failed": 1, "unchanged": 1})
    assert held(store)["SH1-XL-R"] == wanted(source.rows[0])["SH1-XL-R"]


@BLOCKED
def test_a_limit_of_removals_is_kept(changed: Callable[[], Row]) -> None:
    store, source = synced()
    before = held(store)
    source.rows = [changed(), shirt(2)]
    result = sync(source, store, on_missing="delete", max_removals=0)
    assert result.exit_code == 6
    assert counts(result) == {"failed": 1, "unchanged": 1}
    assert held(store) == before
    assert carried_out(source, store, on_missing="delete", max_removals=ALL).exit_code == 0
    assert_shirts(source.rows, store)


@BLOCKED
def test_nothing_is_removed_before_the_source_was_read_completely(changed: Callable[[], Row]) -> None:
    store, _ = synced()
    before = held(store)
    failing = ListSource([changed(), shirt(2)], page_size=1, ends_after=1)
    result = sync(failing, store, on_missing="delete", max_removals=ALL)
    assert result.exit_code == 3
    assert "failed" in counts(result)
    assert held(store) == before


@BLOCKED
@pytest.mark.parametrize("killed", KILLED)
def test_a_kill_at_any_step_is_repaired_by_the_next_run(changed: Callable[[], Row], killed: str) -> None:
    store, source = synced()
    source.rows = [changed(), shirt(2)]

    def run(store: FakeMedusa) -> RunResult:
        return sync(source, store, on_missing="delete", max_removals=ALL)

    for hurt in killed_runs(store, killed, run):
        assert run(hurt).exit_code == 0
        assert_shirts(source.rows, hurt)
        hurt.requests.clear()
        assert run(hurt).exit_code == 0
        assert writes(hurt) == []


@pytest.mark.parametrize("on_missing", ["keep", "draft", "delete"])
def test_a_product_that_is_not_to_be_updated_is_skipped(on_missing: str) -> None:
    store, source = synced()
    source.rows = [values_move(), shirt(2)]
    options = {"on_missing": on_missing, "max_removals": ALL, "no_update": True}
    for _ in range(2):
        result = carried_out(source, store, **options)
        assert (result.exit_code, counts(result)) == (0, {"skipped": 1, "unchanged": 1})
        sync(source, store)


def test_a_variant_of_the_merchant_stays_in_the_way() -> None:
    store, source = synced()
    add_own_variant(store)
    row = copy.deepcopy(shirt(1))
    row["title"] = "New title"
    row["variants"][0]["options"]["Colour"] = "Green"
    source.rows = [row, shirt(2)]
    result = carried_out(source, store, on_missing="delete", max_removals=ALL)
    assert (result.exit_code, counts(result)) == (5, {"failed": 1, "unchanged": 1})
    [problem] = result.problems
    assert "which is not one of the source; delete that one in the admin" in problem.reason
    assert store.products["dummyjson:1"].title == "New title"


# --- of products that are removed -----------------------------------------------------------------------


def new_product() -> Row:
    """A new product has all SKUs and barcodes of the second shirt."""
    return shirt(2) | {"id": 3, "title": "Shirt 3"}


def stored_product() -> Row:
    """The third shirt gets an SKU and a barcode of the second one."""
    row = shirt(3)
    row["variants"][0] |= {name: variant(2, "S", "Red")[name] for name in ("sku", "barcode")}
    return row


@pytest.mark.parametrize("batch_size", [1, 15])
@pytest.mark.parametrize("taking", [new_product, stored_product])
def test_values_of_a_removed_product_arrive_in_the_same_run(
    taking: Callable[[], Row], batch_size: int
) -> None:
    store = FakeMedusa()
    before = [shirt(1), shirt(2), *([shirt(3)] if taking is stored_product else ())]
    source = ListSource(before)
    assert sync(source, store).exit_code == 0
    source.rows = [shirt(1), taking()]
    options = {"on_missing": "delete", "max_removals": ALL, "batch_size": batch_size}
    result = carried_out(source, store, **options)
    assert (result.exit_code, result.withheld) == (0, 0)
    assert_shirts(source.rows, store)
    store.requests.clear()
    assert sync(source, store, **options).exit_code == 0
    assert writes(store) == []


def test_a_value_that_was_withheld_arrives_when_its_owner_is_removed() -> None:
    store, source = FakeMedusa(), ListSource([shirt(1), new_product()])
    source.rows[1] |= {"variants": shirt(1)["variants"]}
    assert sync(source, store).withheld > 0
    source.rows = source.rows[1:]
    options = {"on_missing": "delete", "max_removals": ALL}
    result = carried_out(source, store, **options)
    assert (result.exit_code, result.withheld) == (0, 0)
    assert_shirts(source.rows, store)


@pytest.mark.parametrize("on_missing", ["keep", "draft"])
def test_values_of_a_product_that_is_not_deleted_are_withheld(on_missing: str) -> None:
    store, source = FakeMedusa(), ListSource([shirt(1), shirt(2)])
    assert sync(source, store).exit_code == 0
    source.rows = [shirt(1), new_product()]
    result = carried_out(source, store, on_missing=on_missing, max_removals=ALL)
    assert result.exit_code == 0
    assert result.withheld == 12
