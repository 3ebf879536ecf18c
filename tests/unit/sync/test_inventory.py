"""What a change means for inventory items: levels, SKUs, and unique values that are handed on."""

from typing import Any

import httpx
import pytest
from msgspec import structs
from pytest_httpx import HTTPXMock

from medusa_sync.core.change import Create, Update
from medusa_sync.core.plan import plan_update
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import Pending, Record, Step, applied, freed
from medusa_sync.core.stored import (
    StoredInventory,
    StoredInventoryItem,
    StoredItem,
    StoredLevel,
    StoredProduct,
    WrittenVariant,
)
from medusa_sync.errors import StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.sync.inventory import (
    ItemRename,
    LevelChange,
    item_id_of,
    item_rename,
    level_changes,
    stocked_variant,
    values_to_release,
)
from tests.unit.builders import (
    LOCATION,
    STORE_URL,
    desired_product,
    medusa_client,
    stored_product,
    stored_variant,
    with_fields,
    with_record,
    written_product,
)


def planned(desired: DesiredProduct, stored: StoredProduct, **how: Any) -> Update:
    return plan_update(desired, stored, location_id=LOCATION, **how)


# --- levels ---------------------------------------------------------------------------------------------

ITEM = StoredItem("iitem_09", "KIT-1", 0, (), (), ())


def levels_of_new(desired: DesiredProduct, item: StoredItem | None = None) -> list[LevelChange]:
    items = {desired.external_id: item} if item else {}
    return level_changes([Create(desired, "handle")], LOCATION, items)


def test_a_new_product_gets_a_level_for_the_item_that_the_store_makes() -> None:
    desired = desired_product(stock=5)
    assert levels_of_new(desired) == [LevelChange(desired.external_id, 5, None, None, exists=False)]


@pytest.mark.parametrize(
    ("locations", "exists"), [((), False), (("sloc_other",), False), (("sloc_other", LOCATION), True)]
)
def test_an_unused_item_keeps_the_levels_that_it_has(
    locations: tuple[str, ...],
    exists: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    desired = desired_product(stock=5)
    item = structs.replace(ITEM, location_ids=locations)
    assert levels_of_new(desired, item) == [
        LevelChange(desired.external_id, 5, "iitem_09", None, exists=exists)
    ]


@pytest.mark.parametrize("number", [1, 2])
def test_an_item_is_for_the_product_with_its_sku_alone(number: int) -> None:
    changes = [Create(desired_product(each, stock=5), "handle") for each in (1, 2)]
    found = level_changes(changes, LOCATION, {f"dummyjson:{number}": ITEM})
    assert [each.item_id for each in found] == ["iitem_09" if each == number else None for each in (1, 2)]


def test_a_product_without_stock_gets_no_level() -> None:
    assert levels_of_new(desired_product(stock=None)) == []
    before, after = desired_product(price=1, stock=5), desired_product(price=2, stock=5)
    assert level_changes([planned(after, stored_product(before))], LOCATION, {}) == []


def test_a_store_without_a_location_gets_no_levels() -> None:
    changes = [Create(desired_product(stock=5), "handle")]
    assert level_changes(changes, None, {}) == []


def test_changed_stock_is_a_changed_level_of_our_variant() -> None:
    before, after = desired_product(stock=5), desired_product(stock=0)
    update = planned(after, stored_product(before))
    assert level_changes([update], LOCATION, {}) == [
        LevelChange(after.external_id, 0, "iitem_01", "variant_01", exists=True)
    ]


def test_a_level_is_created_at_a_location_that_has_none() -> None:
    before, after = desired_product(stock=5), desired_product(stock=9)
    elsewhere = StoredInventoryItem("iitem_01", StoredInventory((StoredLevel("sloc_other", 5),), "SKU"))
    bare = stored_variant(before, inventory_items=())
    for items, item_id in (((elsewhere,), "iitem_01"), ((), None)):
        variant = structs.replace(bare, inventory_items=items)
        update = planned(after, stored_product(before, variants=(variant,)))
        assert level_changes([update], LOCATION, {}) == [
            LevelChange(after.external_id, 9, item_id, "variant_01", exists=False)
        ]


def test_a_variant_that_is_gone_gets_no_level() -> None:
    before, after = desired_product(stock=5), desired_product(stock=9)
    update = planned(after, stored_product(before, variants=()))
    assert level_changes([update], LOCATION, {}) == []


def test_a_level_never_goes_to_a_variant_of_the_merchant_that_comes_first() -> None:
    desired = desired_product()
    ours = stored_variant(desired, inventory_items=())
    theirs = stored_variant(desired, id="variant_00", sku="THEIRS")
    written = written_product(stored_product(desired, variants=(theirs, ours)))
    level = LevelChange("dummyjson:1", 5, None, ours.id, exists=False)
    assert stocked_variant(level, written) == written.variants[1]
    assert [item_id_of(variant) for variant in written.variants] == ["iitem_01", None]
    assert stocked_variant(structs.replace(level, variant_id="variant_gone"), written) is None


def test_a_new_product_has_a_single_variant() -> None:
    written = written_product(stored_product(desired_product()))
    level = LevelChange("dummyjson:1", 5, None, None, exists=False)
    assert stocked_variant(level, written) == written.variants[0]


# --- SKUs of items --------------------------------------------------------------------------------------


def holding(desired: DesiredProduct, sku: str | None, item_sku: str | None) -> StoredProduct:
    """The product whose variant and item have these SKUs."""
    item = StoredInventoryItem("iitem_01", StoredInventory((StoredLevel(LOCATION, 5),), item_sku))
    return stored_product(desired, variants=(stored_variant(desired, sku=sku, inventory_items=(item,)),))


def noted(desired: DesiredProduct, *sent: Value) -> Record:
    """A record with SKUs that were sent."""
    record = applied(desired, variant="variant_01")
    pending = Pending(Step.UPDATE, {"sku": sent}, desired.currency)
    return structs.replace(record, pending=pending)


ONE, TWO, THREE = (desired_product(sku=sku) for sku in ("ONE", "TWO", "THREE"))


@pytest.mark.parametrize("sku", ["TWO", None])
def test_an_item_gets_the_new_sku_of_its_variant(sku: str | None) -> None:
    update = planned(desired_product(sku=sku), holding(ONE, "ONE", "ONE"))
    assert item_rename(update) == ItemRename("iitem_01", "ONE", sku)


def test_an_item_keeps_the_sku_that_the_merchant_gave_it() -> None:
    assert item_rename(planned(TWO, holding(ONE, "ONE", "MINE"))) is None


def test_an_item_that_was_cleared_gets_the_next_sku() -> None:
    """The request of another run may have been carried out late."""
    assert item_rename(planned(TWO, holding(ONE, "ONE", None))) == ItemRename("iitem_01", None, "TWO")


def test_an_item_follows_although_the_merchant_renamed_variant_and_item() -> None:
    assert item_rename(planned(TWO, holding(ONE, "MINE", "MINE"))) == ItemRename("iitem_01", "MINE", "TWO")


def test_an_item_that_has_the_sku_already_is_not_renamed() -> None:
    assert item_rename(planned(TWO, holding(ONE, "ONE", "TWO"))) is None


def test_an_item_is_not_renamed_for_another_field() -> None:
    assert item_rename(planned(with_fields(ONE, price=1_000), holding(ONE, "ONE", "MINE"))) is None


@pytest.mark.parametrize("items", [(), (StoredInventoryItem("iitem_01"),)], ids=["none", "not shown"])
def test_without_an_item_there_is_nothing_to_rename(items: tuple[StoredInventoryItem, ...]) -> None:
    stored = stored_product(ONE, variants=(stored_variant(ONE, inventory_items=items),))
    assert item_rename(planned(TWO, stored)) is None


def test_an_adoption_leaves_items_alone() -> None:
    assert item_rename(planned(TWO, holding(ONE, "ONE", "ONE"), adopt=True)) is None


def test_a_variant_that_is_gone_leaves_items_alone() -> None:
    assert item_rename(planned(TWO, stored_product(ONE, variants=()))) is None


def test_an_item_follows_a_variant_whose_update_was_undone_in_part() -> None:
    """The store restored the metadata, but not the SKU of the variant."""
    stored = with_record(holding(ONE, "TWO", "ONE"), applied(ONE, variant="variant_01"))
    assert item_rename(planned(TWO, stored)) == ItemRename("iitem_01", "ONE", "TWO")


def test_an_item_keeps_its_sku_if_the_merchant_keeps_that_of_the_variant() -> None:
    stored = with_record(holding(ONE, "MINE", "ONE"), applied(ONE, variant="variant_01"))
    assert item_rename(planned(TWO, stored, on_conflict=OnConflict.STORE)) is None


@pytest.mark.parametrize("wanted", [ONE, TWO, THREE], ids=["old value", "same", "newer"])
@pytest.mark.parametrize("variant_sku", ["ONE", "TWO", None])
@pytest.mark.parametrize("item_sku", ["ONE", "TWO", None])
def test_an_interrupted_change_of_a_sku_leaves_no_item_with_another_sku(
    wanted: DesiredProduct, variant_sku: str | None, item_sku: str | None
) -> None:
    """The SKU was freed, changed, or neither, and the item had got that far or not."""
    stored = with_record(holding(ONE, variant_sku, item_sku), freed(noted(ONE, "TWO"), TWO, ["sku"], at=0))
    update = planned(wanted, stored)
    assert update.conflicts == ()
    rename = item_rename(update)
    assert (rename.new_sku if rename else item_sku) == wanted.fields["sku"]


# --- unique values that are handed on -------------------------------------------------------------------


def changes(*pairs: tuple[DesiredProduct, DesiredProduct]) -> list[Update]:
    return [planned(after, stored_product(before)) for before, after in pairs]


def freed_by(updates: list[Update]) -> dict[str, tuple[str, ...]]:
    return {update.desired.external_id: names for update, names in values_to_release(updates)}


def product(number: int, sku: str | None, barcode: str | None) -> DesiredProduct:
    return with_fields(desired_product(number), sku=sku, barcode=barcode)


def test_only_what_another_product_takes_is_freed() -> None:
    taken = [
        (product(1, "A", "1"), product(1, "B", "2")),  # gives away both
        (product(2, "C", "3"), product(2, "A", "3")),
        (product(3, "D", "4"), product(3, "E", "1")),
    ]
    assert freed_by(changes(*taken)) == {"dummyjson:1": ("sku", "barcode")}
    assert freed_by(changes(*taken[:2])) == {"dummyjson:1": ("sku",)}
    assert freed_by(changes(taken[0])) == {}


def test_products_that_swap_free_both() -> None:
    swapped = changes(
        (product(1, "A", "1"), product(1, "B", "1")), (product(2, "B", "2"), product(2, "A", "2"))
    )
    assert freed_by(swapped) == {"dummyjson:1": ("sku",), "dummyjson:2": ("sku",)}


def test_a_sku_is_no_barcode_and_nothing_is_taken_by_nobody() -> None:
    updates = changes(
        (product(1, "A", None), product(1, "B", "1")),
        (product(2, "C", None), product(2, None, "A")),
        (with_fields(product(3, "D", "3"), title="E"), with_fields(product(3, "D", "3"), title="A")),
    )
    assert freed_by(updates) == {}


# --- items that an older store does not make ------------------------------------------------------------

BARE = WrittenVariant("variant_01", "SKU-1", ())


async def give_item(
    httpx_mock: HTTPXMock, found: list[dict[str, Any]], variant: WrittenVariant = BARE
) -> tuple[str, list[tuple[str, bytes]]]:
    """The id of the item that a variant gets, and what was written besides the link."""
    url = f"{STORE_URL}/admin"
    httpx_mock.add_response(
        method="GET", json={"inventory_items": found, "limit": 1}, is_optional=not variant.sku
    )
    httpx_mock.add_response(
        url=f"{url}/inventory-items?fields=id", json={"inventory_item": {"id": "iitem_new"}}, is_optional=True
    )
    httpx_mock.add_response(
        url=f"{url}/products/prod_1/variants/{variant.id}/inventory-items?fields=id",
        json={"variant": {"id": variant.id}},
        is_optional=True,
    )
    async with httpx.AsyncClient(base_url=STORE_URL) as client:
        item_id = await AdminApi(medusa_client(client)).give_inventory_item("prod_1", variant)
    *others, link = [request for request in httpx_mock.get_requests() if request.method == "POST"]
    assert link.read() == b'{"inventory_item_id":"%s","required_quantity":1}' % item_id.encode()
    return item_id, [(request.url.path, request.read()) for request in others]


def listed_item(**changes: Any) -> dict[str, Any]:
    item = {"id": "iitem_left", "sku": "SKU-1", "reserved_quantity": 0, "variants": [], "location_levels": []}
    return item | changes


@pytest.mark.anyio
@pytest.mark.parametrize(("sku", "body"), [("SKU-1", b'{"sku":"SKU-1"}'), (None, b"{}")])
async def test_an_older_store_is_given_the_item_that_it_does_not_make(
    httpx_mock: HTTPXMock, sku: str | None, body: bytes
) -> None:
    made = await give_item(httpx_mock, [], structs.replace(BARE, sku=sku))
    assert made == ("iitem_new", [("/admin/inventory-items", body)])


@pytest.mark.anyio
async def test_an_unused_item_that_has_the_sku_is_taken(httpx_mock: HTTPXMock) -> None:
    assert await give_item(httpx_mock, [listed_item()]) == ("iitem_left", [])


@pytest.mark.anyio
@pytest.mark.parametrize(
    "use",
    [{"variants": [{"id": "variant_09", "product_id": "prod_09"}]}, {"reserved_quantity": 2}],
    ids=["variant", "reserved"],
)
async def test_an_item_in_use_is_not_taken(httpx_mock: HTTPXMock, use: dict[str, Any]) -> None:
    with pytest.raises(StoreRefusedError, match="SKU 'SKU-1' is taken: the inventory item iitem_left"):
        await give_item(httpx_mock, [listed_item(**use)])
