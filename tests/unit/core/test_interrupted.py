"""Incomplete products and writes in progress."""

from typing import Any

import pytest
from msgspec import structs

from medusa_sync.core.interrupted import (
    LATE_S,
    SETTLE_S,
    is_half_deleted,
    is_in_progress,
    is_incomplete,
    only_awaits_late_write,
)
from medusa_sync.core.note import creation_note, noted
from medusa_sync.core.plan import plan_update
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import ONLY, Pending, Record, Step, applied
from medusa_sync.core.stored import (
    StoredVariant,
    by_external_id,
)
from tests.unit.builders import (
    LOCATION,
    applied_ids,
    desired_product,
    record_1,
    stored_product,
    stored_variant,
    with_fields,
    with_record,
)

NOW = 1_000_000
BASE = desired_product(price=1, stock=5, sku="A", title="one", tags=["red"])

# --- half deleted products ------------------------------------------------------------------------------


@pytest.mark.parametrize("deleted", [True, False])
@pytest.mark.parametrize(
    ("changes", "is_lost"),
    [
        ({}, False),
        ({"inventory_items": ()}, True),
        ({"inventory_items": (), "manage_inventory": False}, False),
    ],
)
def test_a_product_is_half_deleted_if_this_tool_began_and_an_item_is_gone(
    changes: dict[str, Any],
    is_lost: bool,  # noqa: FBT001 - a parameter
    deleted: bool,  # noqa: FBT001 - a parameter
) -> None:
    variant = structs.replace(stored_variant(BASE), **changes)
    record = structs.replace(applied_ids(BASE), deleted=deleted)
    stored = with_record(stored_product(BASE, variants=(variant,)), record)
    assert is_half_deleted(stored) == (is_lost and deleted)


# --- incomplete products --------------------------------------------------------------------------------


def created(desired: DesiredProduct, *, at: int = 0) -> Record:
    return creation_note(desired, now=at)


BARE = stored_variant(BASE, prices=(), shows_prices=False, inventory_items=())
NOTES: dict[str, Any] = {
    "applied": applied(BASE),
    "update": structs.replace(applied(BASE), pending=Pending(Step.UPDATE)),
    "adoption": structs.replace(applied(BASE), pending=Pending(Step.ADOPTION)),
    "creation": created(BASE),
    "creation of the first version": record_1(BASE, pending="creation"),
    "first version": record_1(BASE),
    "unreadable": "gone",
}


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("variants", [(), (BARE,)], ids=["no variant", "a bare variant"])
def test_a_product_is_incomplete_only_if_its_creation_is_pending(
    note: str, variants: tuple[StoredVariant, ...]
) -> None:
    stored = with_record(stored_product(BASE, variants=variants), NOTES[note])
    assert is_incomplete(stored) == note.startswith("creation")


@pytest.mark.parametrize(
    "variants",
    [
        pytest.param((stored_variant(BASE, prices=()),), id="with a level"),
        pytest.param((stored_variant(BASE, inventory_items=()),), id="with a price"),
        pytest.param((BARE, BARE), id="with two variants"),
    ],
)
def test_a_product_with_a_price_a_level_or_more_variants_is_not_incomplete(
    variants: tuple[StoredVariant, ...],
) -> None:
    assert not is_incomplete(with_record(stored_product(BASE, variants=variants), created(BASE)))


# --- writes in progress ---------------------------------------------------------------------------------


def noted_price(*prices: int, at: int) -> Record:
    """The record of a product with price 1 to which other prices were sent."""
    record = applied_ids(BASE)
    for price in prices:
        after = applied_ids(with_fields(BASE, price=price))
        record = noted(record, after, {ONLY: {"price": (price,)}}, Step.UPDATE, at=at)
    return record


def is_waited_for(record: Any, *, price: int = 1, seconds: float = 0, **changes: Any) -> bool:
    held = with_fields(BASE, price=price)
    return is_in_progress(BASE, with_record(stored_product(held, **changes), record), now=NOW + seconds)


@pytest.mark.parametrize(("seconds", "waits"), [(0, True), (SETTLE_S - 0.1, True), (SETTLE_S, False)])
def test_a_price_that_was_sent_is_waited_for_until_the_store_has_settled(
    seconds: float,
    waits: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    assert is_waited_for(noted_price(2, at=NOW), seconds=seconds) == waits
    assert not is_waited_for(noted_price(2, at=NOW), seconds=seconds, price=2)


@pytest.mark.parametrize("price", [1, 2, 3])
def test_only_the_price_that_was_sent_last_is_waited_for(price: int) -> None:
    assert is_waited_for(noted_price(2, 3, at=NOW), price=price) == (price != 3)
    assert is_waited_for(noted_price(2, 3, 2, at=NOW), price=price) == (price != 2)


def test_an_incomplete_product_is_waited_for() -> None:
    assert is_waited_for(created(BASE, at=NOW), variants=(BARE,))
    assert not is_waited_for(created(BASE, at=NOW), variants=(BARE,), seconds=SETTLE_S)
    assert not is_waited_for(created(BASE, at=NOW))


def test_levels_and_skus_are_not_waited_for() -> None:
    """They are written by separate calls after the product."""
    sent: dict[str, tuple[Value, ...]] = {"stock": (9,), "sku": ("NEW",)}
    record = noted(applied(BASE), applied_ids(BASE), {ONLY: sent}, Step.UPDATE, at=NOW)
    assert not is_waited_for(record)


@pytest.mark.parametrize("record", [applied(BASE), record_1(BASE, pending="creation"), "gone"])
def test_without_a_recent_note_nothing_is_waited_for(record: Any) -> None:
    assert not is_waited_for(record, variants=(BARE,))


def test_a_deleted_variant_is_not_waited_for() -> None:
    assert not is_waited_for(noted_price(2, at=NOW), variants=())


def may_arrive(record: Any, desired: DesiredProduct, *, price: int = 1, seconds: float = 0) -> bool:
    stored = with_record(stored_product(with_fields(BASE, price=price)), record)
    return only_awaits_late_write(plan_update(desired, stored, location_id=LOCATION), now=NOW + seconds)


@pytest.mark.parametrize(
    ("seconds", "may"), [(0, True), (LATE_S - 1, True), (LATE_S, False), (-LATE_S, False)]
)
def test_a_price_that_the_source_reverted_may_still_arrive_for_a_while(
    seconds: float,
    may: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    record = noted_price(2, at=NOW)
    assert may_arrive(record, BASE, seconds=seconds) == may
    assert not may_arrive(record, BASE, seconds=seconds, price=2), "it has arrived and is replaced"


def test_a_product_that_is_written_now_is_not_left_for_later() -> None:
    assert not may_arrive(noted_price(2, at=NOW), with_fields(BASE, title="New"))
    assert not may_arrive(noted_price(2, at=NOW), with_fields(BASE, price=2))


@pytest.mark.parametrize("record", [applied_ids(BASE), record_1(BASE), "gone"])
def test_without_a_pending_price_nothing_may_arrive(record: Any) -> None:
    assert not may_arrive(record, BASE)


# --- products with the same external id -----------------------------------------------------------------


def test_products_are_grouped_by_external_id() -> None:
    one, two = (stored_product(desired_product(number)) for number in (1, 2))
    copy, unowned = structs.replace(one, id="prod_9"), structs.replace(one, id="prod_8", external_id=None)
    groups = by_external_id([one, two, copy, unowned])
    assert groups == {"dummyjson:1": [one, copy], "dummyjson:2": [two], "": [unowned]}
