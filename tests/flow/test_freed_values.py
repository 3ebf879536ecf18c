"""The source gives option values, SKUs or barcodes of variants that it no longer has to others."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flow.faults import BEFORE, fault_at, kill_at_step, strike
from tests.flow.merchant import delete_variants, edit_variant
from tests.flow.plans import carried_out
from tests.flow.shirts import add_own_variant, assert_shirts, held
from tests.flow.stage import (
    ListSource,
    assert_quiet,
    counts,
    sync,
    synced,
    writes,
)
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirt, shirts, variant
from tests.tiers import some

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


def option_value_is_new() -> Row:
    row = shirt(1)
    return row | {"variants": [*row["variants"], variant(1, "XL", "Red", barcode=None)]}


BLOCKED = pytest.mark.parametrize("changed", [values_move, option_is_dropped])
DELETE = {"on_missing": "delete", "max_removals": "100%"}


def stored() -> FakeMedusa:
    return synced([shirt(1), shirt(2)])


@CHANGES
def test_everything_arrives_in_one_run_if_dropped_variants_are_deleted(changed: Callable[[], Row]) -> None:
    store, source = stored(), ListSource([changed(), shirt(2)])
    assert counts(carried_out(source, store, **DELETE)) == {"updated": 1, "unchanged": 1}
    assert_shirts(source.rows, store)
    assert_quiet(source, store, **DELETE)


def variant_moves_to_another_product() -> list[Row]:
    moved = variant(1, "S", "Red", id="moved", options={"Size": "XL", "Colour": "Red"})
    one, two = shirt(1), shirt(2)
    return [one | {"variants": one["variants"][1:]}, two | {"variants": [*two["variants"], moved]}]


def products_exchange_skus() -> list[Row]:
    rows = [shirt(1), shirt(2)]
    one, two = (row["variants"][0] for row in rows)
    one["sku"], two["sku"] = two["sku"], one["sku"]
    return rows


@pytest.mark.parametrize("fault", ["dropped before", "dropped after"])
@pytest.mark.parametrize("batch_size", [1, 15])
@pytest.mark.parametrize("changed", [variant_moves_to_another_product, products_exchange_skus])
def test_skus_and_their_items_reach_other_products_after_a_lost_response(
    changed: Callable[[], list[Row]], batch_size: int, fault: str
) -> None:
    for number in some(range(1, 8), 2):
        store, source = stored(), ListSource(changed())
        fault_at(store, number, fault)
        assert sync(source, store, batch_size=batch_size, **DELETE).exit_code == 0, number
        assert_shirts(source.rows, store)
        sync(source, store, **DELETE)  # the acknowledgement may be lost
        assert_quiet(source, store, **DELETE)


def test_a_variant_that_is_created_again_after_a_kill_gets_its_sku_despite_a_lost_response() -> None:
    """The unfinished variant, which had it, is deleted before the response is lost."""
    store = stored()
    kill_at_step(store, "variants")
    assert sync(ListSource([option_value_is_new(), shirt(2)]), store).exit_code != 0
    store.between = store.before = None
    assert any(not each.prices for each in store.state.variants().values())
    row = option_value_is_new()
    source = ListSource([row | {"variants": row["variants"][1:]}, shirt(2)])
    hit = strike(
        store, "before", lambda each: "create-product-variants" in each.url.path, BEFORE["dropped before"]
    )
    result = sync(source, store, **DELETE)
    assert (result.exit_code, result.withheld, len(hit)) == (0, 0, 1)
    assert_shirts(source.rows, store)
    assert_quiet(source, store, **DELETE)


@pytest.mark.parametrize("batch_size", [1, 3, 15])
@pytest.mark.parametrize("is_new", [False, True])
def test_values_of_removed_variants_reach_products_that_are_written_before(
    batch_size: int, *, is_new: bool
) -> None:
    """Each product loses a variant, and another variant of it gets the SKU and barcode of the next one's."""
    rows, moved = shirts(4), []
    store = synced(rows)
    for row, following in zip(rows, [*rows[1:], rows[0]], strict=True):
        codes = {name: following["variants"][0][name] for name in ("sku", "barcode")}
        heir = variant(row["id"], "XL", "Red") if is_new else row["variants"][1]
        moved.append(row | {"discountPercentage": 10, "variants": [heir | codes, *row["variants"][2:]]})
    source = ListSource(moved, sale_prices=True)
    result = carried_out(source, store, batch_size=batch_size, accept_settings=True, **DELETE)
    assert (result.exit_code, result.withheld) == (0, 0)
    assert_shirts(source.rows, store)
    assert len(store.state.list_prices) == sum(len(row["variants"]) for row in moved), "one of each variant"
    assert_quiet(source, store, **DELETE)


@pytest.mark.parametrize("changed", [option_is_dropped, one_variant_is_left])
def test_everything_arrives_if_variants_have_only_option_values(changed: Callable[[], Row]) -> None:
    """The source has no ids and SKUs of variants, so that their keys change with their options."""

    def bare(row: Row) -> Row:
        left = ("price", "stock", "options")
        return row | {"variants": [{name: each[name] for name in left} for each in row["variants"]]}

    store, row = synced([bare(shirt(1))]), bare(changed())
    assert carried_out(ListSource([row]), store, **DELETE).exit_code == 0
    assert {name: each["options"] for name, each in held(store).items()} == {
        each["options"]["Size"]: each["options"] for each in row["variants"]
    }


@BLOCKED
@pytest.mark.parametrize("on_missing", ["keep", "draft"])
def test_the_product_fails_as_a_whole_if_dropped_variants_are_kept(
    changed: Callable[[], Row], on_missing: str
) -> None:
    store, row = stored(), changed() | {"title": "New title"}
    for each in row["variants"]:
        each["price"] = 99
    source, options = ListSource([row, shirt(2)]), DELETE | {"on_missing": on_missing}
    store.requests.clear()
    for dry_run in (True, False):
        result = sync(source, store, dry_run=dry_run, **options)
        assert (result.exit_code, counts(result)) == (5, {"failed": 1, "unchanged": 1})
        [problem] = result.problems
        assert "as S / " in problem.reason
        assert "--on-missing delete" in problem.reason
    assert (writes(store), held(store)) == ([], held(stored()))
    assert carried_out(source, store, **DELETE).exit_code == 0
    assert_shirts(source.rows, store)


@BLOCKED
@pytest.mark.parametrize("why", ["the limit of removals", "an incomplete source"])
def test_nothing_is_removed_without_need(changed: Callable[[], Row], why: str) -> None:
    store, before = stored(), held(stored())
    is_limited = why == "the limit of removals"
    source = ListSource([changed(), shirt(2)], page_size=1, ends_after=None if is_limited else 1)
    result = sync(source, store, on_missing="delete", max_removals=0 if is_limited else "100%")
    assert (result.exit_code, counts(result)["failed"]) == (6 if is_limited else 3, 1)
    assert held(store) == before


def edit_ours(store: FakeMedusa) -> None:
    """Give a variant of the source the option values S / Green."""
    add_own_variant(store)
    [own] = [each for each in store.products["dummyjson:1"].variants if each.title == "Theirs"]
    delete_variants(store, 1, own.id)
    edit_variant(store, 1, "SH1-L-R", options={"Size": "S", "Colour": "Green"})


GREEN = {"options": {"Size": "S", "Colour": "Green"}}


def values_of_another() -> Row:
    return shirt(1, variants=[shirt(1)["variants"][0] | GREEN, *shirt(1)["variants"][1:]])


def values_of_a_new_one() -> Row:
    new = variant(1, "S", "Red", id="new", sku="NEW", barcode="4711") | GREEN
    return shirt(1, variants=[*shirt(1)["variants"], new])


@pytest.mark.parametrize(
    ("edit", "changed", "hint"),
    [
        (add_own_variant, values_of_another, "which is not one of the source; delete that one in the admin"),
        (edit_ours, values_of_another, "one of them was edited in the admin; edit its option values there"),
        (edit_ours, values_of_a_new_one, "one of them was edited in the admin; edit its option values there"),
        (edit_ours, option_is_dropped, "one of them was edited in the admin; edit its option values there"),
    ],
)
def test_a_variant_of_the_merchant_stays_in_the_way(
    edit: Callable[[FakeMedusa], None], changed: Callable[[], Row], hint: str
) -> None:
    store, source = stored(), ListSource([changed() | {"title": "New title"}, shirt(2)])
    edit(store)
    result = carried_out(source, store, **DELETE)
    assert (result.exit_code, counts(result)) == (5, {"failed": 1, "unchanged": 1})
    [problem] = result.problems
    assert hint in problem.reason
    assert store.products["dummyjson:1"].title == "Shirt 1"
    store.requests.clear()
    assert counts(sync(source, store, **DELETE)) == {"failed": 1, "unchanged": 1}
    assert writes(store) == []
