"""Kits are the merchant's: stock and SKU are written only to an item that one variant uses alone, once."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flow.merchant import create, left_over
from tests.flow.plans import carried_out
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    apply,
    assert_quiet,
    counts,
    save,
    sync,
    synced,
    text,
)
from tests.flow.test_shared_stock import shirt, stocked, variants_of
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Item

pytestmark = pytest.mark.usefixtures("routes")

Row = dict[str, Any]


def link(store: FakeMedusa, item: Item, quantity: int = 1, size: str = "S", number: int = 1) -> None:
    """Link a variant to an item in addition, as the admin does."""
    own = variants_of(store, number)[size]
    path = f"/admin/products/{store.products[f'{SOURCE_NAME}:{number}'].id}/variants/{own.id}/inventory-items"
    store.call("POST", path, {"inventory_item_id": item.id, "required_quantity": quantity})


def unlink(store: FakeMedusa, item_id: str, size: str = "S") -> None:
    own = variants_of(store)[size]
    body = {"delete": [{"variant_id": own.id, "inventory_item_id": item_id}]}
    path = f"/admin/products/{store.products[f'{SOURCE_NAME}:1'].id}/variants/inventory-items/batch"
    store.call("POST", path, body)


def box(store: FakeMedusa, sku: str = "BOX") -> Item:
    return left_over(store, sku, 99, item_id=f"iitem_{sku}")


def a_box_after_the_item(store: FakeMedusa) -> None:
    link(store, box(store))


def a_box_before_the_item(store: FakeMedusa) -> None:
    own = store.state.items[variants_of(store)["S"].item_ids[0]]
    unlink(store, own.id)
    link(store, box(store))
    link(store, own)


def a_six_pack(store: FakeMedusa) -> None:
    [own] = variants_of(store)["S"].item_ids
    unlink(store, own)
    link(store, store.state.items[own], 6)


def an_item_of_another_product(store: FakeMedusa) -> None:
    parts = [{"inventory_item_id": variants_of(store)["S"].item_ids[0], "required_quantity": 1}]
    create(store, "Theirs", variant={"inventory_items": parts, "manage_inventory": True})


def one_can_of_all_sizes(store: FakeMedusa) -> None:
    can = box(store, "CAN")
    for size, own in variants_of(store).items():
        unlink(store, own.item_ids[0], size)
        link(store, can, size=size)


KITS = [a_box_after_the_item, a_box_before_the_item, a_six_pack, an_item_of_another_product]
ALL_KITS = pytest.mark.parametrize("make", [*KITS, one_can_of_all_sizes])
OWN = shirt(own="SML")


def items(store: FakeMedusa) -> dict[str, Any]:
    """SKU and levels of the items that size S uses, and how many of each."""
    own = variants_of(store)["S"]
    found = {each: store.state.items[each] for each in own.item_ids}
    levels = {key: [level.stocked_quantity for level in item.levels] for key, item in found.items()}
    return {key: (item.sku, levels[key], own.required.get(key, 1)) for key, item in found.items()}


def changed(**changes: Any) -> Row:
    """The shirt, whose size S is another one."""
    first, *others = OWN["variants"]
    return OWN | {"variants": [first | changes, *others]}


def kit_notes(result: Any) -> list[str]:
    return [str(each) for each in result.notes if each.code == "W405"]


@ALL_KITS
def test_neither_stock_nor_sku_is_written_to_the_items_of_a_kit(make: Callable[[FakeMedusa], None]) -> None:
    """The variant itself gets its SKU."""
    store = synced([OWN])
    make(store)
    before, row = items(store), changed(stock=7, sku="NEW")
    result = carried_out(ListSource([row]), store)
    assert (result.exit_code, counts(result), items(store)) == (0, {"updated": 1}, before)
    assert variants_of(store)["S"].sku == "NEW"
    [note] = kit_notes(result)
    assert f"{SOURCE_NAME}:1 'Shirt 1' (NEW)" in note
    assert_quiet(ListSource([row]), store)
    result = sync(ListSource([row | {"title": "Polo"}]), store)
    assert (kit_notes(result), items(store)) == ([], before), "the source changes no stock"


@ALL_KITS
def test_a_kit_that_the_source_drops_is_not_set_to_0(make: Callable[[FakeMedusa], None]) -> None:
    store, options = synced([OWN]), {"on_missing": "draft", "max_removals": "100%"}
    make(store)
    before, row = items(store), shirt("ML", own="ML")
    result = carried_out(ListSource([row]), store, **options)
    assert (result.exit_code, items(store), len(kit_notes(result))) == (0, before, 1)
    assert_quiet(ListSource([row]), store, **options)
    assert sync(ListSource([OWN]), store, **options).exit_code == 0
    assert items(store) == before
    assert_quiet(ListSource([OWN]), store, **options)


@ALL_KITS
@pytest.mark.parametrize("row", [shirt(), shirt(own="ML") | {"stock": None}])
def test_a_kit_does_not_begin_to_share_and_stays_tracked(
    row: Row, make: Callable[[FakeMedusa], None]
) -> None:
    """The source has the stock of the product now, or none for this variant."""
    store = synced([OWN])
    make(store)
    before = items(store)
    result = carried_out(ListSource([row]), store)
    assert (result.exit_code, items(store), len(kit_notes(result))) == (0, before, 1)
    assert variants_of(store)["S"].manage_inventory
    assert_quiet(ListSource([row]), store)


def test_shared_stock_is_not_split_if_each_variant_has_a_box() -> None:
    store, boxes = synced([shirt()]), {}
    for size in "SML":
        boxes[size] = box(store, f"BOX-{size}")
        link(store, boxes[size], size=size)
    before = {key: item.levels[0].stocked_quantity for key, item in store.state.items.items()}
    for row in (shirt(own="SML"), shirt(own="SML", stock=9), shirt(stock=3)):
        result = carried_out(ListSource([row]), store)
        assert result.exit_code == 0
        now = {key: item.levels[0].stocked_quantity for key, item in store.state.items.items()}
        assert (now, [len(each.item_ids) for each in variants_of(store).values()]) == (before, [2] * 3)
        assert_quiet(ListSource([row]), store)


@pytest.mark.parametrize("is_own", [True, False])
def test_a_shared_item_that_something_else_uses_is_not_written(*, is_own: bool) -> None:
    """A new variant uses it, too."""
    store = synced([shirt()])
    [shared] = store.state.items.values()
    parts = [{"inventory_item_id": shared.id, "required_quantity": 1}]
    kit = {"inventory_items": parts, "manage_inventory": True}
    if is_own:
        path = f"/admin/products/{store.products[f'{SOURCE_NAME}:1'].id}/variants"
        store.call(
            "POST",
            f"/admin/products/{store.products[f'{SOURCE_NAME}:1'].id}/options/batch",
            {
                "update": [
                    {
                        "product_option_id": store.products[f"{SOURCE_NAME}:1"].options[0].id,
                        "add": [{"value": "XXL"}],
                    }
                ]
            },
        )
        store.call("POST", path, {"title": "XXL", "options": {"Size": "XXL"}, "prices": [], **kit})
    else:
        create(store, "Theirs", variant=kit)
    row = shirt("SMLX", stock=8)
    result = carried_out(ListSource([row]), store)
    assert (result.exit_code, len(kit_notes(result))) == (0, 1)
    assert {own: each for own, each in stocked(store).items() if own != "XXL"} == dict.fromkeys("SMLX", 5)
    assert len(store.state.items) == 1
    assert_quiet(ListSource([row]), store)


def test_a_new_variant_that_shares_the_item_of_kits_does_not_write_its_stock() -> None:
    store = synced([shirt()])
    [shared] = store.state.items.values()
    can = box(store, "CAN")
    for size in "SML":
        unlink(store, shared.id, size)
        link(store, can, size=size)
        link(store, shared, size=size)
    result = carried_out(ListSource([shirt("SMLX", stock=8)]), store)
    assert (result.exit_code, len(kit_notes(result))) == (0, 1)
    assert ([each.stocked_quantity for each in shared.levels], len(store.state.items)) == ([5], 2)
    assert variants_of(store)["X"].item_ids == [shared.id]
    assert_quiet(ListSource([shirt("SMLX", stock=8)]), store)


def test_what_is_no_kit_any_more_follows_the_source_again() -> None:
    store, row = synced([OWN]), changed(stock=7)
    a_box_after_the_item(store)
    assert kit_notes(sync(ListSource([row]), store))
    unlink(store, "iitem_BOX")
    assert_quiet(ListSource([row]), store)
    assert kit_notes(sync(ListSource([row]), store, overwrite=True)) == []
    assert stocked(store)["S"] == 7


def test_a_plan_is_skipped_if_a_variant_became_a_kit_since(tmp_path: Any) -> None:
    store, file, row = synced([OWN]), tmp_path / "plan", changed(stock=7)
    save(ListSource([row]), store, file)
    a_box_before_the_item(store)
    before = items(store)
    result = apply(file, store)
    assert items(store) == before, text(result)


def test_the_note_names_ten_products() -> None:
    rows = [shirt("S", number=number, own="S") for number in range(1, 13)]
    store = synced(rows)
    for number in range(1, 13):
        link(store, box(store, f"BOX-{number}"), number=number)
    for row in rows:
        row["variants"][0]["stock"] = 1
    [note] = kit_notes(sync(ListSource(rows), store))
    assert (note.count("Shirt"), " and 2 more." in note) == (10, True)
