"""Who gets which SKU: no two variants share one, and nobody gives way without a reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.change import Change, Create
from medusa_sync.core.plan import plan_update
from medusa_sync.core.stored import OwningProduct, OwningVariant, StoredItem
from medusa_sync.sync.claims import Decision, Owner, Repeats, Value, decide, item_owners
from tests.unit.builders import LOCATION, applied_ids, desired_product, stored_product, stored_variant

MINE = 6
SKUS = [f"SKU-{number}" for number in range(9)]
"""The first ones belong to products of ours, the next two to another source, the last one is free."""


def wants(number: int, sku: str) -> Change:
    """A product of ours that wants an SKU: an update of one that has its own, or a new one."""
    desired = desired_product(number, sku=sku, barcode=None, stock=3)
    if number >= MINE:
        return Create(desired, f"product-{number}")
    before = desired_product(number, sku=SKUS[number], barcode=None, stock=3)
    variant = structs.replace(stored_variant(before), id=f"variant_{number}", inventory_items=())
    record = applied_ids(before, f"variant_{number}")
    stored = stored_product(before, id=f"prod_{number}", variants=(variant,), record=record)
    return plan_update(desired, stored, location_id=LOCATION)


def owner(number: int) -> Owner:
    source = "dummyjson" if number < MINE else "other"
    return Owner(f"variant_{number}", f"prod_{number}", f"{source}:{number}", f"Product {number}")


OWNERS: Mapping[Value, list[Owner]] = {("sku", SKUS[number]): [owner(number)] for number in range(MINE + 2)}


def decided(changes: list[Change], *, is_last: bool = True) -> Decision:
    return decide(changes, OWNERS, is_ours=lambda own: str(own).startswith("dummyjson:"), is_last=is_last)


def without_it(decision: Decision) -> set[str]:
    """The products that do not get the SKU that they want."""
    return {*decision.rejected, *decision.withheld}


def holders(wanted: Mapping[int, str], gone: Collection[str]) -> dict[str, list[str]]:
    """Who has each SKU after the run."""
    found: dict[str, list[str]] = {}
    for number in range(MINE + 2):
        if number >= MINE or f"dummyjson:{number}" in gone or number not in wanted:
            found.setdefault(SKUS[number], []).append(f"stored {number}")
    for number, sku in wanted.items():
        if f"dummyjson:{number}" not in gone:
            found.setdefault(sku, []).append(f"dummyjson:{number}")
    return found


@given(st.dictionaries(st.integers(0, MINE + 1), st.sampled_from(SKUS)))
def test_no_two_products_get_the_same_sku_and_nobody_gives_way_without_a_reason(
    wanted: dict[int, str],
) -> None:
    decision = decided([wants(number, sku) for number, sku in wanted.items()])
    assert not decision.waiting
    gone = without_it(decision)
    assert all(len(names) == 1 for names in holders(wanted, gone).values())
    for own in gone:
        assert any(len(names) > 1 for names in holders(wanted, gone - {own}).values()), own


@given(st.permutations(range(MINE)))
def test_products_exchange_skus_in_any_order(order: list[int]) -> None:
    assert not without_it(decided([wants(number, SKUS[giver]) for number, giver in enumerate(order)]))


def test_a_product_that_does_not_get_an_sku_keeps_its_own() -> None:
    chain = [0, 1, 2, MINE]  # the last one belongs to another source
    decision = decided([wants(number, SKUS[giver]) for number, giver in pairwise(chain)])
    assert not decision.rejected
    owners = {
        own: (each.owner, each.owner_id)
        for own, found in decision.withheld.items()
        for each in found.values()
    }
    assert owners == {
        "dummyjson:0": ("dummyjson:1 'Product 1' (prod_1)", "dummyjson:1"),
        "dummyjson:1": ("dummyjson:2 'Product 2' (prod_2)", "dummyjson:2"),
        "dummyjson:2": ("other:6 'Product 6' (prod_6)", ""),
    }


def test_a_new_product_is_rejected_if_something_outside_the_source_has_its_sku() -> None:
    decision = decided([wants(MINE, SKUS[MINE]), wants(MINE + 1, SKUS[0])])
    assert decision.rejected.keys() == {f"dummyjson:{MINE}"}
    assert "belongs to other:6" in decision.rejected[f"dummyjson:{MINE}"]
    assert decision.withheld.keys() == {f"dummyjson:{MINE + 1}"}


def test_before_the_end_only_values_of_others_are_out_of_reach() -> None:
    changes = [wants(0, SKUS[1]), wants(2, SKUS[MINE]), wants(MINE, "free"), wants(MINE + 1, "free")]
    decision = decided(changes, is_last=False)
    assert not decision.rejected
    assert decision.withheld.keys() == {"dummyjson:2"}
    assert decision.waiting == {"dummyjson:0", f"dummyjson:{MINE + 1}"}


def test_the_first_of_two_products_gets_an_sku() -> None:
    decision = decided([wants(MINE, "free"), wants(0, "free")])
    [lost] = decision.withheld["dummyjson:0"].values()
    assert (lost.value, lost.owner_id) == ("free", f"dummyjson:{MINE}")
    assert without_it(decision) == {"dummyjson:0"}


def test_an_inventory_item_is_in_the_way_of_new_ones_only() -> None:
    user = OwningVariant("variant_9", product=OwningProduct("prod_9", None, "Kit"))
    used = StoredItem("iitem_1", "free", 0, (user,), ())
    reserved, unused = StoredItem("iitem_2", "free", 2, (), ()), StoredItem("iitem_3", "free", 0, (), ())
    for item, reason in ((used, "'Kit' (prod_9)"), (reserved, "2 reserved"), (unused, "")):
        owners: dict[Value, list[Owner]] = {}
        for value, found in item_owners([item]):
            owners.setdefault(value, []).append(found)
        for change in (wants(MINE, "free"), wants(0, "free")):
            decision = decide([change], owners, is_ours=lambda _own: False)
            is_rejected = bool(reason) and isinstance(change, Create)
            assert bool(decision.rejected) is is_rejected
            assert reason in "".join(decision.rejected.values()) or not is_rejected


def test_repeats_are_products_that_want_what_an_earlier_one_wants() -> None:
    repeats = Repeats()
    products = [
        desired_product(1, sku="A", meta={"barcode": "1"}),
        desired_product(2, sku="B", meta={"barcode": "2"}),
        desired_product(3, sku="C", meta={"barcode": "1"}),
        desired_product(4, sku="B", meta={"barcode": "4"}),
        desired_product(5, sku="D", meta={"barcode": "5"}, handle="jug"),
        desired_product(6, sku="E", meta={"barcode": "6"}, handle="Jug"),
        desired_product(7, sku=None, barcode=None, title="Jug"),
    ]
    assert [repeats.add(product) for product in products] == [False, False, True, True, False, True, False]
