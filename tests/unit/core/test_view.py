"""Which variant, price and stock level of a stored product are the source's."""

from typing import Any

import pytest
from msgspec import structs

from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Pending, Record, Step, applied, remember
from medusa_sync.core.stored import (
    StoredInventory,
    StoredInventoryItem,
    StoredLevel,
    StoredPrice,
    StoredVariant,
)
from medusa_sync.core.view import StoreView, owned_price, owned_variant, stock_level
from tests.unit.builders import (
    CURRENCY,
    LOCATION,
    desired_product,
    stored_product,
    stored_variant,
    with_fields,
    with_record,
)

EARLIER = "2025-12-31T00:00:00.000Z"  # than the product of the builders
A_MINUTE_LATER = "2026-01-02T03:05:05.678Z"
LATER = "2026-01-02T03:05:05.679Z"
OLDER = {"id": "variant_00", "sku": "THEIRS", "barcode": "THEIRS", "created_at": EARLIER}


def owned(desired: DesiredProduct, record: Record | None, *variants: StoredVariant, **how: Any) -> str | None:
    """The id of the owned variant."""
    stored = with_record(stored_product(desired, variants=variants), record)
    variant = owned_variant(desired, stored, **how)
    return variant.id if variant else None


def test_the_owned_variant_is_the_one_in_the_record_even_if_its_sku_changed() -> None:
    desired = desired_product()
    theirs = stored_variant(desired, **OLDER)
    renamed = stored_variant(desired, sku="OURS", barcode=None, created_at=EARLIER)
    with_our_sku = stored_variant(desired, id="variant_02")
    record = applied(desired, variant="variant_01")
    assert owned(desired, record, with_our_sku, renamed, theirs) == "variant_01"
    assert owned(desired, record, with_our_sku, theirs) is None


LONG = "x" * 50


@pytest.mark.parametrize("name", ["sku", "barcode"])
@pytest.mark.parametrize("value", ["WANTED", "APPLIED", LONG], ids=["wanted", "applied", "sent"])
def test_without_an_id_in_the_record_the_owned_variant_has_our_sku_or_barcode(name: str, value: str) -> None:
    desired = with_fields(desired_product(sku=None, meta={}), **{name: "WANTED"})
    fields = applied(with_fields(desired, **{name: "APPLIED"})).fields
    pending = Pending(Step.UPDATE, {name: (remember(LONG),)}, desired.currency)
    record = Record(fields, currency=desired.currency, pending=pending)
    ours = stored_variant(desired, created_at=LATER, **{name: value})
    theirs = stored_variant(desired, **OLDER)
    assert owned(desired, record, ours, theirs) == ours.id
    assert owned(desired, record, theirs) is None


@pytest.mark.parametrize(
    ("created_at", "is_ours"), [(A_MINUTE_LATER, True), (LATER, False), (EARLIER, False), ("", False)]
)
def test_without_our_sku_the_owned_variant_was_created_with_the_product(
    created_at: str,
    is_ours: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    desired = desired_product(sku=None, meta={})
    variant = stored_variant(desired, id="variant_09", sku="THEIRS", created_at=created_at)
    record = structs.replace(applied(desired), variant="")
    assert (owned(desired, record, stored_variant(desired, **OLDER), variant) == "variant_09") == is_ours
    assert (owned(desired, None, variant) == "variant_09") == is_ours


def test_a_variant_without_a_sku_does_not_match_a_missing_sku() -> None:
    desired = desired_product(sku=None, meta={})
    assert owned(desired, applied(desired), stored_variant(desired, created_at=LATER)) is None


def test_in_an_adoption_the_owned_variant_has_the_desired_sku() -> None:
    desired = desired_product()
    ours, other = stored_variant(desired, id="variant_02"), stored_variant(desired, **OLDER)
    assert owned(desired, None, other, ours, adopt=True) == "variant_02"


def test_in_an_adoption_without_our_sku_the_owned_variant_is_the_oldest() -> None:
    desired = desired_product()
    later, oldest = (
        stored_variant(desired, id=f"variant_0{age}", sku="THEIRS", barcode=None, created_at=LATER)
        for age in (2, 1)
    )
    assert owned(desired, None, later, oldest, adopt=True) == "variant_01"
    assert owned(desired, None, adopt=True) is None


# --- price and stock ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        StoredPrice("other", "eur", 1),
        StoredPrice("other", "usd", 1, min_quantity=10),
        StoredPrice("other", "usd", 1, max_quantity=10),
        StoredPrice("other", "usd", 1, rules={"region_id": "reg_1"}),
    ],
    ids=["currency", "from-a-quantity", "up-to-a-quantity", "rules"],
)
def test_the_owned_price_has_the_currency_and_no_conditions(other: StoredPrice) -> None:
    plain, desired = StoredPrice("plain", "usd", 2), desired_product()
    assert owned_price(stored_variant(desired, prices=(other, plain)), "usd") == plain
    assert owned_price(stored_variant(desired, prices=(other,)), "usd") is None


def at(location_id: str, quantity: int) -> tuple[StoredInventoryItem, ...]:
    return (StoredInventoryItem("iitem_01", StoredInventory((StoredLevel(location_id, quantity),), "SKU")),)


def test_stock_is_the_level_at_the_stock_location() -> None:
    variant = stored_variant(desired_product(stock=5), inventory_items=at("sloc_other", 100))
    assert stock_level(variant, LOCATION) is None
    assert stock_level(variant, "sloc_other") == StoredLevel("sloc_other", 100)


def test_an_item_without_inventory_has_no_level() -> None:
    variant = stored_variant(desired_product(), inventory_items=(StoredInventoryItem("iitem_01"),))
    assert stock_level(variant, LOCATION) is None


def test_a_missing_value_is_none() -> None:
    stored = stored_product(desired_product(), description="", metadata=None)
    view = StoreView(stored, None, CURRENCY, LOCATION)
    names = ("description", "metadata.brand", "sku", "price", "stock")
    assert [view.value(name) for name in names] == [None] * len(names)
