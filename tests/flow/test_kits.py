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
