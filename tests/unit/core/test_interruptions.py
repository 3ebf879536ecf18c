"""After interrupted writes, the store follows the source without conflicts."""

from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.change import Update
from medusa_sync.core.note import creation_note, final_record, freed, update_note
from medusa_sync.core.plan import plan_update
from medusa_sync.core.policy import ConflictPolicy, OnConflict
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import ONLY
from medusa_sync.core.stored import StoredProduct
from medusa_sync.sync.inventory import item_renames
from tests.unit.builders import (
    LOCATION,
    all_fields,
    applied_ids,
    desired_product,
    record_1,
    record_2,
    stored_product,
    stored_variant,
    with_fields,
    with_record,
)

NOW = 1_000_000
LATE = ("price", "stock", "sku")  # the SKU of the inventory item
BASE = desired_product(price=1, stock=5, sku="A", title="one", tags=["red"])


class HalfWritten:
    """A stored product; the store may lose parts of what is written.

    Args:
        held: the values that it holds.
        record: of the product.
    """

    def __init__(self, held: DesiredProduct, record: Any) -> None:
        self.held = held
        self.item_sku: Value = all_fields(held)["sku"]
        self.record = record
        self.is_adopted = record is not None

    def stored(self) -> StoredProduct:
        [made] = stored_variant(self.held).inventory_items
        assert made.inventory is not None
        item = structs.replace(made, inventory=structs.replace(made.inventory, sku=self.item_sku))
        variant = stored_variant(self.held, inventory_items=(item,))
        return with_record(stored_product(self.held, variants=(variant,)), self.record)

    def plan(self, desired: DesiredProduct, on_conflict: OnConflict) -> Update:
        return plan_update(
            desired,
            self.stored(),
            location_id=LOCATION,
            on_conflict=ConflictPolicy(on_conflict),
            adopt=not self.is_adopted,
        )

    def write(self, update: Update, *, lost: Collection[str] = (), acknowledged: bool) -> None:
        """Write an update as the applier does, except for the lost fields."""
        renames = item_renames(update)
        self.record = update_note(update, renamed_items=renames, now=NOW)
        self.is_adopted = True
        for change in update.changes:
            if change.field == "sku" or change.field not in lost:
                self.held = with_fields(self.held, **{change.field: change.planned})
        if renames and "sku" not in lost:
            self.item_sku = renames[ONLY].new_sku
        if acknowledged:
            self.record = final_record(update)

    def free(self, update: Update) -> None:
        """Clear the SKU, so that another product can have it."""
        late = {ONLY: {"sku": (None, all_fields(update.desired)["sku"])}}
        self.record = freed(update.record, late, update.desired.currency, at=NOW)
        self.held = with_fields(self.held, sku=None)


class End(StrEnum):
    """How a run ends for the product."""

    ACKNOWLEDGED = "acknowledged"
    INTERRUPTED = "interrupted"
    FREED = "freed"  # interrupted after its SKU was freed for another product


class Event(NamedTuple):
    """The source changes, and a run follows.

    Attributes:
        lost: the fields that an interrupted run loses.
    """

    changes: dict[str, Value]
    end: End
    lost: frozenset[str]


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "price": st.integers(0, 3),
        "stock": st.integers(0, 3),
        "sku": st.sampled_from(["A", "B", "C", None]),
        "title": st.sampled_from(["one", "two", "x" * 50]),
        "tags": st.sampled_from([(), ("red",), ("blue",), ("red", "blue")]),
    },
)
EVENTS = st.lists(
    st.builds(Event, CHANGES, st.sampled_from(End), st.frozensets(st.sampled_from(LATE))), max_size=6
)
RECORDS: dict[str, Callable[[], Any]] = {
    "acknowledged": lambda: applied_ids(BASE),
    "created": lambda: creation_note(BASE, now=NOW),
    "first version": lambda: record_1(BASE),
    "first version, created": lambda: record_1(BASE, pending="creation"),
    "first version, without its level": lambda: record_1(BASE, pending="stock"),
    "second version": lambda: record_2(BASE),
    "second version, updated": lambda: record_2(BASE, sent={"price": 3, "stock": 1, "sku": "B"}),
}


def run_through(
    half: HalfWritten, events: Sequence[Event], last: dict[str, Value], on_conflict: OnConflict
) -> DesiredProduct:
    """Do the events, then a complete run; returns what the source wants in the end."""
    desired = BASE
    for event in events:
        desired = with_fields(desired, **event.changes)
        update = half.plan(desired, on_conflict)
        assert update.conflicts == ()
        if event.end is End.FREED and half.is_adopted:
            half.free(update)
        else:
            is_acknowledged = event.end is End.ACKNOWLEDGED
            lost = frozenset() if is_acknowledged else event.lost
            half.write(update, lost=lost, acknowledged=is_acknowledged)
    desired = with_fields(desired, **last)
    update = half.plan(desired, on_conflict)
    assert update.conflicts == ()
    half.write(update, acknowledged=True)
    assert half.plan(desired, on_conflict).is_up_to_date
    return desired


def comparable(product: DesiredProduct) -> dict[str, Any]:
    """The values, with sets instead of tuples."""
    fields = all_fields(product)
    return {name: set(value) if isinstance(value, tuple) else value for name, value in fields.items()}


@pytest.mark.parametrize("start", RECORDS)
@given(events=EVENTS, last=CHANGES, on_conflict=st.sampled_from(OnConflict))
def test_the_store_follows_the_source_after_interruptions(
    start: str, events: Sequence[Event], last: dict[str, Value], on_conflict: OnConflict
) -> None:
    half = HalfWritten(BASE, RECORDS[start]())
    desired = run_through(half, events, last, on_conflict)
    assert comparable(half.held) == comparable(desired)
    assert half.item_sku == all_fields(desired)["sku"]


@given(events=EVENTS, last=CHANGES, on_conflict=st.sampled_from(OnConflict))
def test_the_store_follows_the_source_after_an_interrupted_adoption(
    events: Sequence[Event], last: dict[str, Value], on_conflict: OnConflict
) -> None:
    merchants = with_fields(BASE, price=77, stock=77, title="Mine", tags=(), sku=None)
    half = HalfWritten(merchants, None)
    desired = run_through(half, events, last, on_conflict)
    assert comparable(half.held) == comparable(desired)
