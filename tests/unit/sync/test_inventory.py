"""What a change means for inventory items: levels, SKUs, and unique values that are handed on."""

from itertools import permutations
from typing import Any

import httpx
import pytest
from msgspec import structs
from pytest_httpx import HTTPXMock

from medusa_sync.core.change import Create, Update
from medusa_sync.core.note import freed
from medusa_sync.core.policy import ConflictPolicy, OnConflict
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import ONLY, Pending, Record, Step
from medusa_sync.core.stored import (
    StoredInventory,
    StoredInventoryItem,
    StoredItem,
    StoredLevel,
    StoredProduct,
    WrittenOption,
    WrittenOptionValue,
    WrittenVariant,
)
from medusa_sync.errors import StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.stop import Stop
from medusa_sync.sync.inventory import (
    ItemRename,
    LevelChange,
    by_key,
    item_id_of,
    item_renames,
    level_changes,
    values_to_release,
)
from medusa_sync.sync.items import Items
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import (
    LOCATION,
    STORE_URL,
    all_fields,
    applied_ids,
    desired_product,
    medusa_client,
    stored_product,
    stored_variant,
    with_fields,
    with_record,
    written_product,
)
from tests.unit.shirts import held, option, planned, shirt, shirt_of, size, stored_shirt, variant_id

# --- levels ---------------------------------------------------------------------------------------------

ITEM = StoredItem("iitem_09", "KIT-1", 0, (), ())


def levels_of_new(desired: DesiredProduct, *items: StoredItem) -> list[LevelChange]:
    return level_changes([Create(desired, "handle")], LOCATION, {str(item.sku): item for item in items})


def test_a_new_product_gets_a_level_for_the_item_that_the_store_makes() -> None:
    desired = desired_product(stock=5)
    level = LevelChange(desired.external_id, ONLY, 5, None, exists=False, is_new=True)
    assert levels_of_new(desired) == [level]


def test_each_variant_of_a_new_product_gets_its_level_if_it_has_stock() -> None:
    desired = shirt(size("S", stock=1), size("M", stock=0), size("L", stock=None))
    own = desired.external_id
    assert levels_of_new(desired) == [
        LevelChange(own, "3-S", 1, None, exists=False, is_new=True),
        LevelChange(own, "3-M", 0, None, exists=False, is_new=True),
    ]


@pytest.mark.parametrize(
    ("locations", "exists"), [((), False), (("sloc_other",), False), (("sloc_other", LOCATION), True)]
)
def test_an_unused_item_keeps_the_levels_that_it_has(
    locations: tuple[str, ...],
    exists: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    desired = desired_product(sku="KIT-1", stock=5)
    item = structs.replace(ITEM, location_ids=locations)
    level = LevelChange(desired.external_id, ONLY, 5, "iitem_09", exists=exists, is_new=True)
    assert levels_of_new(desired, item) == [level]


@pytest.mark.parametrize("number", [1, 2])
def test_an_item_is_for_the_product_with_its_sku_alone(number: int) -> None:
    changes = [Create(desired_product(each, sku=f"KIT-{each}", stock=5), "handle") for each in (1, 2)]
    sku = f"KIT-{number}"
    found = level_changes(changes, LOCATION, {sku: structs.replace(ITEM, sku=sku)})
    assert [each.item_id for each in found] == ["iitem_09" if each == number else None for each in (1, 2)]


def test_an_item_is_for_the_variant_with_its_sku_alone() -> None:
    desired = shirt(size("S", sku="KIT-0"), size("M", sku="KIT-1"), size("L", sku=None))
    assert [each.item_id for each in levels_of_new(desired, ITEM)] == [None, "iitem_09", None]


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
        LevelChange(after.external_id, ONLY, 0, "iitem_01", exists=True, is_new=False)
    ]


def test_changed_and_new_variants_of_a_product_get_their_levels() -> None:
    before = shirt_of("S", "M", stock=1)
    after = shirt(size("S", stock=1), size("M", stock=2), size("L", stock=3))
    update = planned(after, stored_shirt(before))
    own = after.external_id
    assert level_changes([update], LOCATION, {}) == [
        LevelChange(own, "3-L", 3, None, exists=False, is_new=True),
        LevelChange(own, "3-M", 2, "iitem_3-M", exists=True, is_new=False),
    ]


def test_a_level_is_created_at_a_location_that_has_none() -> None:
    before, after = desired_product(stock=5), desired_product(stock=9)
    elsewhere = StoredInventoryItem("iitem_01", StoredInventory((StoredLevel("sloc_other", 5),), "SKU"))
    bare = stored_variant(before, inventory_items=())
    for items, item_id in (((elsewhere,), "iitem_01"), ((), None)):
        variant = structs.replace(bare, inventory_items=items)
        update = planned(after, stored_product(before, variants=(variant,)))
        assert level_changes([update], LOCATION, {}) == [
            LevelChange(after.external_id, ONLY, 9, item_id, exists=False, is_new=False)
        ]


def test_a_variant_that_is_gone_gets_no_level() -> None:
    before, after = desired_product(stock=5), desired_product(stock=9)
    update = planned(after, stored_product(before, variants=()))
    assert level_changes([update], LOCATION, {}) == []


# --- variants in a response -----------------------------------------------------------------------------


def test_a_level_never_goes_to_a_variant_of_the_merchant_that_comes_first() -> None:
    before, after = desired_product(price=1), desired_product(price=2)
    ours = stored_variant(before, inventory_items=())
    theirs = stored_variant(before, id="variant_00", sku="THEIRS")
    stored = stored_product(before, variants=(theirs, ours))
    written = written_product(stored).variants
    assert by_key(planned(after, stored), written) == {ONLY: written[1]}
    assert [item_id_of(variant) for variant in written] == ["iitem_01", None]
    gone = stored_product(before, variants=(theirs,))
    assert by_key(planned(after, gone), written) == {}


def test_a_new_product_has_a_single_variant() -> None:
    desired = desired_product()
    [written] = written_product(stored_product(desired)).variants
    assert by_key(Create(desired, "handle"), [written]) == {ONLY: written}


def made(name: str, sku: str | None, **values: str) -> WrittenVariant:
    """A variant in a response."""
    options = (WrittenOptionValue(WrittenOption(title), value) for title, value in values.items())
    return WrittenVariant(f"variant_{name}", sku, (), tuple(options))


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_new_variants_are_found_in_a_response_in_any_order(order: tuple[int, ...]) -> None:
    """By SKU, even if the store shows no options; without an SKU by option values."""
    desired = shirt(size("S", sku="ONE"), size("M", sku=ABSENT), size("L", sku=ABSENT))
    response = [made("s", "ONE"), made("m", None, Size="M"), made("l", None, Size="L")]
    found = by_key(Create(desired, "handle"), [response[place] for place in order])
    assert {key: each.id for key, each in found.items()} == {
        "3-S": "variant_s",
        "3-M": "variant_m",
        "3-L": "variant_l",
    }


def test_stored_variants_are_found_in_a_response_by_id_and_new_ones_by_their_values() -> None:
    """The SKU of a stored variant may be that of a new one before it is changed."""
    before = shirt(size("S", sku="ONE"), size("M", sku="TWO"))
    after = shirt(size("S", sku="NEW"), size("M", sku=ABSENT), size("L", sku="ONE"))
    update = planned(after, stored_shirt(before))
    theirs = made("theirs", "THEIRS", Size="XL")
    response = [
        theirs,
        WrittenVariant(variant_id("3-S"), "NEW", ()),
        WrittenVariant(variant_id("3-M"), None, ()),
        made("l", "ONE", Size="L"),
    ]
    found = by_key(update, reversed(response))
    assert {key: each.id for key, each in found.items()} == {
        "3-S": variant_id("3-S"),
        "3-M": variant_id("3-M"),
        "3-L": "variant_l",
    }


@pytest.mark.parametrize("new", [("M",), ("M", "L")], ids=["one", "two"])
@pytest.mark.parametrize("with_options", [True, False])
def test_a_variant_of_the_merchant_in_a_response_is_not_taken_for_a_new_one(
    new: tuple[str, ...],
    with_options: bool,  # noqa: FBT001 - a parameter
) -> None:
    """A product update returns all variants, without their options; the merchant may have just added one."""
    before = shirt_of("S", sku=ABSENT)
    theirs = held(before, before.variants[0], id="variant_theirs")
    update = planned(shirt_of("S", *new, sku=ABSENT), stored_shirt(before, theirs))
    values = {"Size": "XL"} if with_options else {}
    response = [made("theirs", None, **values), *(made(name, None, Size=name) for name in new)]
    if with_options:
        response = [made("newer", None, Size="XXL"), *response]
    found = by_key(update, response)
    assert {key: each.id for key, each in found.items()} == {f"3-{name}": f"variant_{name}" for name in new}


def test_new_variants_are_found_although_the_merchant_renamed_an_option_and_added_one() -> None:
    before, after = shirt_of("S", sku=ABSENT), shirt_of("S", "M", "L", sku=ABSENT)
    stored = stored_shirt(before)
    options = (structs.replace(stored.options[0], title="Fit"), option("Fabric", "Linen"))
    update = planned(after, structs.replace(stored, options=options))
    response = [made(name, None, Fit=name, Fabric="Linen") for name in ("L", "M")]
    assert {key: each.id for key, each in by_key(update, response).items()} == {
        "3-M": "variant_M",
        "3-L": "variant_L",
    }


# --- SKUs of items --------------------------------------------------------------------------------------


def holding(desired: DesiredProduct, sku: str | None, item_sku: str | None) -> StoredProduct:
    """The product whose variant and item have these SKUs."""
    item = StoredInventoryItem("iitem_01", StoredInventory((StoredLevel(LOCATION, 5),), item_sku))
    return stored_product(desired, variants=(stored_variant(desired, sku=sku, inventory_items=(item,)),))


def noted(desired: DesiredProduct, *sent: Value) -> Record:
    """A record with SKUs that were sent."""
    pending = Pending(Step.UPDATE, {ONLY: {"sku": sent}}, currency=desired.currency)
    return structs.replace(applied_ids(desired), pending=pending)


def item_rename(update: Update) -> ItemRename | None:
    """The rename of the item of the only variant."""
    renames = item_renames(update)
    assert renames.keys() <= {ONLY}
    return renames.get(ONLY)


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
    stored = with_record(holding(ONE, "TWO", "ONE"), applied_ids(ONE))
    assert item_rename(planned(TWO, stored)) == ItemRename("iitem_01", "ONE", "TWO")


def test_an_item_keeps_its_sku_if_the_merchant_keeps_that_of_the_variant() -> None:
    stored = with_record(holding(ONE, "MINE", "ONE"), applied_ids(ONE))
    assert item_rename(planned(TWO, stored, on_conflict=ConflictPolicy(OnConflict.STORE))) is None


@pytest.mark.parametrize("wanted", [ONE, TWO, THREE], ids=["old value", "same", "newer"])
@pytest.mark.parametrize("variant_sku", ["ONE", "TWO", None])
@pytest.mark.parametrize("item_sku", ["ONE", "TWO", None])
def test_an_interrupted_change_of_a_sku_leaves_no_item_with_another_sku(
    wanted: DesiredProduct, variant_sku: str | None, item_sku: str | None
) -> None:
    """The SKU was freed, changed, or neither, and the item had got that far or not."""
    record = freed(noted(ONE, "TWO"), {ONLY: {"sku": (None, "TWO")}}, "usd", at=0)
    stored = with_record(holding(ONE, variant_sku, item_sku), record)
    update = planned(wanted, stored)
    assert update.conflicts == ()
    rename = item_rename(update)
    assert (rename.new_sku if rename else item_sku) == all_fields(wanted)["sku"]


def test_the_items_of_variants_that_swap_skus_swap_them_too() -> None:
    before = shirt(size("S", sku="ONE"), size("M", sku="TWO"), size("L", sku="THREE"))
    after = shirt(size("S", sku="TWO"), size("M", sku="ONE"), size("L", sku="THREE"))
    assert item_renames(planned(after, stored_shirt(before))) == {
        "3-S": ItemRename("iitem_3-S", "ONE", "TWO"),
        "3-M": ItemRename("iitem_3-M", "TWO", "ONE"),
    }


# --- unique values that are handed on -------------------------------------------------------------------


def changes(*pairs: tuple[DesiredProduct, DesiredProduct]) -> list[Update]:
    return [planned(after, stored_product(before)) for before, after in pairs]


def freed_by(updates: list[Update]) -> dict[tuple[str, str], dict[str, Value]]:
    """The fields that are cleared and what they get later, by product and variant."""
    return {
        (update.desired.external_id, key): dict(fields)
        for update, release in values_to_release(updates)
        for key, fields in release.items()
    }


def product(number: int, sku: str | None, barcode: str | None) -> DesiredProduct:
    return with_fields(desired_product(number), sku=sku, barcode=barcode)


def test_only_what_another_product_takes_is_freed() -> None:
    taken = [
        (product(1, "A", "1"), product(1, "B", "2")),  # gives away both
        (product(2, "C", "3"), product(2, "A", "3")),
        (product(3, "D", "4"), product(3, "E", "1")),
    ]
    assert freed_by(changes(*taken)) == {("dummyjson:1", ONLY): {"sku": "B", "barcode": "2"}}
    assert freed_by(changes(*taken[:2])) == {("dummyjson:1", ONLY): {"sku": "B"}}
    assert freed_by(changes(taken[0])) == {}


def test_products_that_swap_free_both() -> None:
    swapped = changes(
        (product(1, "A", "1"), product(1, "B", "1")), (product(2, "B", "2"), product(2, "A", "2"))
    )
    assert freed_by(swapped) == {("dummyjson:1", ONLY): {"sku": "B"}, ("dummyjson:2", ONLY): {"sku": "A"}}


def test_a_sku_is_no_barcode_and_nothing_is_taken_by_nobody() -> None:
    updates = changes(
        (product(1, "A", None), product(1, "B", "1")),
        (product(2, "C", None), product(2, None, "A")),
        (with_fields(product(3, "D", "3"), title="E"), with_fields(product(3, "D", "3"), title="A")),
    )
    assert freed_by(updates) == {}


def test_variants_of_a_product_that_swap_free_both() -> None:
    before = shirt(size("S", sku="A", barcode="1"), size("M", sku="B", barcode="2"), size("L", sku="C"))
    after = shirt(size("S", sku="B", barcode="1"), size("M", sku="A", barcode="2"), size("L", sku="C"))
    assert freed_by([planned(after, stored_shirt(before))]) == {
        ("dummyjson:3", "3-S"): {"sku": "B"},
        ("dummyjson:3", "3-M"): {"sku": "A"},
    }


def test_variants_of_two_products_that_swap_free_both() -> None:
    before = [shirt(size("S", id=number, sku=sku), number=number) for number, sku in ((3, "A"), (4, "B"))]
    after = [shirt(size("S", id=number, sku=sku), number=number) for number, sku in ((3, "B"), (4, "A"))]
    updates = [planned(new, stored_shirt(old)) for old, new in zip(before, after, strict=True)]
    assert freed_by(updates) == {("dummyjson:3", "3"): {"sku": "B"}, ("dummyjson:4", "4"): {"sku": "A"}}


def test_what_a_new_variant_takes_is_freed() -> None:
    """A source may give the SKU of one variant to another that is new."""
    before, after = shirt(size("S", sku="A")), shirt(size("S", sku="B"), size("M", sku="A"))
    update = planned(after, stored_shirt(before))
    assert [each.desired.key for each in update.variants if each.is_new] == ["3-M"]
    assert freed_by([update]) in ({}, {("dummyjson:3", "3-S"): {"sku": "B"}})


def test_what_a_variant_of_the_merchant_has_is_not_freed() -> None:
    before, after = shirt(size("S", sku="A")), shirt(size("S", sku="B"))
    theirs = held(before, before.variants[0], id="variant_00", sku="B")
    assert freed_by([planned(after, stored_shirt(before, theirs))]) == {}


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
        items = Items(AdminApi(medusa_client(client)), "sloc_1", Stop())
        item_id = await items.give("prod_1", variant)
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
