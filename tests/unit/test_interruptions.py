"""Interrupted writes: whatever the source says next, the store follows and nothing is a conflict."""

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.change import Update
from medusa_sync.core.fields import FIELDS
from medusa_sync.core.note import creation_note, update_note
from medusa_sync.core.plan import (
    LATE_S,
    SETTLE_S,
    by_external_id,
    is_in_progress,
    is_incomplete,
    may_change,
    plan_update,
    surviving_copy,
)
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import Pending, Record, Step, applied, freed, noted
from medusa_sync.core.stored import StoredImage, StoredPrice, StoredProduct, StoredTag, StoredVariant
from medusa_sync.errors import ProductFailedError
from medusa_sync.sync.inventory import item_rename
from tests.unit.builders import (
    DESIRED_PRODUCTS,
    LOCATION,
    desired_product,
    record_1,
    stored_product,
    stored_variant,
    with_fields,
    with_record,
)

NOW = 1_000_000
LATE = ("price", "stock", "sku")  # the SKU of the inventory item
BASE = desired_product(price=1, stock=5, sku="A", title="one", tags=["red"])


class HalfWritten:
    """A product in a store that loses parts of what is written.

    Args:
        held: what it holds.
        record: of the product.
    """

    def __init__(self, held: DesiredProduct, record: Any) -> None:
        self.held = dict(held.fields)
        self.item_sku: Value = held.fields["sku"]
        self.record = record
        self.is_adopted = record is not None

    def stored(self) -> StoredProduct:
        held = structs.replace(BASE, fields=self.held)
        [made] = stored_variant(held).inventory_items
        assert made.inventory is not None
        item = structs.replace(made, inventory=structs.replace(made.inventory, sku=self.item_sku))
        variant = stored_variant(held, inventory_items=(item,))
        return with_record(stored_product(held, variants=(variant,)), self.record)

    def plan(self, desired: DesiredProduct, on_conflict: OnConflict) -> Update:
        return plan_update(
            desired,
            self.stored(),
            location_id=LOCATION,
            on_conflict=on_conflict,
            adopt=not self.is_adopted,
        )

    def write(self, update: Update, *, lost: Collection[str] = (), acknowledged: bool) -> None:
        """Write an update as the applier does; what is lost of it is not there after a crash of the store."""
        rename = item_rename(update)
        self.record = update_note(update, renames_item=rename is not None, now=NOW)
        self.is_adopted = True
        for change in update.changes:
            if not (FIELDS[change.field].commits_late and change.field in lost):
                self.held[change.field] = change.planned
        if rename and "sku" not in lost:
            self.item_sku = rename.new_sku
        if acknowledged:
            self.record = applied(update.desired, variant="variant_01")

    def free(self, update: Update) -> None:
        """Take the SKU away, so that another product can have it."""
        self.record = freed(update.record, update.desired, ["sku"], at=NOW)
        self.held["sku"] = None


class End(StrEnum):
    """How a run ends for the product."""

    ACKNOWLEDGED = "acknowledged"
    INTERRUPTED = "interrupted"
    FREED = "freed"  # interrupted after its SKU was freed for another product


class Event(NamedTuple):
    """The source changes something, and a run follows.

    Attributes:
        lost: what an interrupted run loses.
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
    "acknowledged": lambda: applied(BASE, variant="variant_01"),
    "created": lambda: creation_note(BASE, now=NOW),
    "first version": lambda: record_1(BASE),
    "first version, created": lambda: record_1(BASE, pending="creation"),
    "first version, without its level": lambda: record_1(BASE, pending="stock"),
}


def run_through(
    half: HalfWritten, events: Sequence[Event], last: dict[str, Value], on_conflict: OnConflict
) -> DesiredProduct:
    """Interrupted runs, and one that is not; returns what the source wants in the end."""
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


def comparable(fields: Mapping[str, Value]) -> dict[str, Any]:
    """Values whose members have no order."""
    return {name: set(value) if isinstance(value, tuple) else value for name, value in fields.items()}


@pytest.mark.parametrize("start", RECORDS)
@given(events=EVENTS, last=CHANGES, on_conflict=st.sampled_from(OnConflict))
def test_after_interruptions_the_store_follows_the_source_without_a_conflict(
    start: str, events: Sequence[Event], last: dict[str, Value], on_conflict: OnConflict
) -> None:
    half = HalfWritten(BASE, RECORDS[start]())
    desired = run_through(half, events, last, on_conflict)
    assert comparable(half.held) == comparable(desired.fields)
    assert half.item_sku == desired.fields["sku"]


@given(events=EVENTS, last=CHANGES, on_conflict=st.sampled_from(OnConflict))
def test_after_an_interrupted_adoption_the_store_follows_the_source_without_a_conflict(
    events: Sequence[Event], last: dict[str, Value], on_conflict: OnConflict
) -> None:
    merchants = with_fields(BASE, price=77, stock=77, title="Mine", tags=(), sku=None)
    half = HalfWritten(merchants, None)
    desired = run_through(half, events, last, on_conflict)
    assert comparable(half.held) == comparable(desired.fields)


# --- incomplete products --------------------------------------------------------------------------------


def created(desired: DesiredProduct, *, at: int = 0) -> Record:
    return creation_note(desired, now=at)


BARE = stored_variant(BASE, prices=(), inventory_items=())
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
def test_what_got_further_is_not_incomplete(variants: tuple[StoredVariant, ...]) -> None:
    assert not is_incomplete(with_record(stored_product(BASE, variants=variants), created(BASE)))


# --- writes in progress ---------------------------------------------------------------------------------


def noted_price(*prices: int, at: int) -> Record:
    """The record of a product with price 1 to which other prices were sent."""
    record = applied(BASE, variant="variant_01")
    for price in prices:
        desired = with_fields(BASE, price=price)
        record = noted(record, desired, {"price": (price,)}, Step.UPDATE, variant="variant_01", at=at)
    return record


def is_waited_for(record: Any, *, price: int = 1, seconds: float = 0, **changes: Any) -> bool:
    held = with_fields(BASE, price=price)
    return is_in_progress(BASE, with_record(stored_product(held, **changes), record), now=NOW + seconds)


@pytest.mark.parametrize(("seconds", "waits"), [(0, True), (SETTLE_S - 0.1, True), (SETTLE_S, False)])
def test_a_price_that_was_sent_is_waited_for_until_the_store_must_have_settled(
    seconds: float,
    waits: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    assert is_waited_for(noted_price(2, at=NOW), seconds=seconds) == waits
    assert not is_waited_for(noted_price(2, at=NOW), seconds=seconds, price=2)


@pytest.mark.parametrize("price", [1, 2, 3])
def test_the_price_that_was_sent_last_is_waited_for(price: int) -> None:
    assert is_waited_for(noted_price(2, 3, at=NOW), price=price) == (price != 3)
    assert is_waited_for(noted_price(2, 3, 2, at=NOW), price=price) == (price != 2)


def test_an_incomplete_product_is_waited_for() -> None:
    assert is_waited_for(created(BASE, at=NOW), variants=(BARE,))
    assert not is_waited_for(created(BASE, at=NOW), variants=(BARE,), seconds=SETTLE_S)
    assert not is_waited_for(created(BASE, at=NOW))


def test_levels_and_skus_are_not_waited_for() -> None:
    """Each is written by a call of its own, after the product."""
    sent: dict[str, tuple[Value, ...]] = {"stock": (9,), "sku": ("NEW",)}
    record = noted(applied(BASE), BASE, sent, Step.UPDATE, variant="variant_01", at=NOW)
    assert not is_waited_for(record)


@pytest.mark.parametrize("record", [applied(BASE), record_1(BASE, pending="creation"), "gone"])
def test_without_a_note_of_now_nothing_is_waited_for(record: Any) -> None:
    assert not is_waited_for(record, variants=(BARE,))


def test_a_variant_that_is_gone_is_not_waited_for() -> None:
    assert not is_waited_for(noted_price(2, at=NOW), variants=())


def may_arrive(record: Any, desired: DesiredProduct, *, price: int = 1, seconds: float = 0) -> bool:
    stored = with_record(stored_product(with_fields(BASE, price=price)), record)
    return may_change(plan_update(desired, stored, location_id=LOCATION), now=NOW + seconds)


@pytest.mark.parametrize(
    ("seconds", "may"), [(0, True), (LATE_S - 1, True), (LATE_S, False), (-LATE_S, False)]
)
def test_a_price_that_the_source_took_back_may_still_arrive_for_a_while(
    seconds: float,
    may: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    record = noted_price(2, at=NOW)
    assert may_arrive(record, BASE, seconds=seconds) == may
    assert not may_arrive(record, BASE, seconds=seconds, price=2), "it is there, and is replaced"


def test_a_product_that_is_written_anyway_is_not_left_for_later() -> None:
    assert not may_arrive(noted_price(2, at=NOW), with_fields(BASE, title="New"))
    assert not may_arrive(noted_price(2, at=NOW), with_fields(BASE, price=2))


@pytest.mark.parametrize("record", [applied(BASE, variant="variant_01"), record_1(BASE), "gone"])
def test_nothing_arrives_that_was_not_noted(record: Any) -> None:
    assert not may_arrive(record, BASE)


# --- copies ---------------------------------------------------------------------------------------------


def pending_copy(product_id: str, desired: DesiredProduct = BASE, **changes: Any) -> StoredProduct:
    """A copy whose creation is pending, with changes that somebody made."""
    stored = with_record(stored_product(desired, id=product_id), created(desired))
    return structs.replace(stored, **changes)


def acknowledged_copy(product_id: str) -> StoredProduct:
    return stored_product(BASE, id=product_id)


@st.composite
def copies(draw: st.DrawFn) -> list[StoredProduct]:
    """At most one of them is acknowledged; the others are pending and untouched."""
    found = [pending_copy(f"prod_{number}") for number in range(draw(st.integers(1, 4)))]
    place = draw(st.none() | st.integers(0, len(found) - 1))
    if place is not None:
        found[place] = acknowledged_copy(found[place].id)
    return draw(st.permutations(found))


@given(copies())
def test_the_acknowledged_copy_stays_else_the_oldest_whoever_decides(found: list[StoredProduct]) -> None:
    acknowledged = [copy for copy in found if copy == acknowledged_copy(copy.id)]
    oldest = min(found, key=lambda copy: copy.id)
    decision = surviving_copy(found)
    assert decision is not None
    survivor, losers = decision
    assert survivor == (acknowledged or [oldest])[0]
    assert sorted(copy.id for copy in [survivor, *losers]) == sorted(copy.id for copy in found)


@given(DESIRED_PRODUCTS)
def test_a_copy_that_is_as_it_was_sent_is_untouched(desired: DesiredProduct) -> None:
    decision = surviving_copy([pending_copy(f"prod_{number}", desired) for number in (1, 2)])
    assert decision is not None
    assert [copy.id for copy in decision[1]] == ["prod_2"]


def test_a_copy_that_is_incomplete_is_untouched() -> None:
    for variants in ((), (BARE,)):
        decision = surviving_copy([pending_copy("prod_1"), pending_copy("prod_2", variants=variants)])
        assert decision is not None
        assert [copy.id for copy in decision[1]] == ["prod_2"]


def test_orders_do_not_touch_a_copy() -> None:
    sold = stored_variant(with_fields(BASE, stock=3))
    decision = surviving_copy([acknowledged_copy("prod_1"), pending_copy("prod_2", variants=(sold,))])
    assert decision is not None
    assert [copy.id for copy in decision[1]] == ["prod_2"]


EDITS: dict[str, dict[str, Any]] = {
    "title": {"title": "Mine"},
    "description": {"description": "Mine"},
    "tag": {"tags": (*(StoredTag(f"ptag_{tag}", tag) for tag in ("red", "mine")),)},
    "tag removed": {"tags": ()},
    "image": {"images": (StoredImage("img_9", "https://cdn.example/mine.webp"),)},
    "weight": {"weight": 7_654},
    "price": {"variants": (stored_variant(BASE, prices=(StoredPrice("price_01", "usd", 77),)),)},
    "sku": {"variants": (stored_variant(BASE, sku="MINE"),)},
    "variant": {"variants": (stored_variant(BASE), stored_variant(BASE, id="variant_02", sku=None))},
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_copy_that_somebody_touched_is_not_removed(edit: str) -> None:
    touched = pending_copy("prod_2", **EDITS[edit])
    assert surviving_copy([pending_copy("prod_1"), touched]) is None
    assert surviving_copy([acknowledged_copy("prod_1"), touched]) is None
    decision = surviving_copy([pending_copy("prod_3"), touched])
    assert decision is not None
    assert decision[0] is touched


def test_two_acknowledged_copies_are_the_merchants_to_decide_about() -> None:
    assert surviving_copy([acknowledged_copy("prod_1"), acknowledged_copy("prod_2")]) is None
    unknown = with_record(acknowledged_copy("prod_2"), "gone")
    assert surviving_copy([acknowledged_copy("prod_1"), unknown, pending_copy("prod_3")]) is None


def test_a_copy_of_a_newer_version_is_not_judged() -> None:
    newer = with_record(acknowledged_copy("prod_1"), {"version": 99, "fields": {}})
    with pytest.raises(ProductFailedError):
        surviving_copy([newer, pending_copy("prod_2")])


def test_products_are_grouped_by_their_external_ids() -> None:
    one, two = (stored_product(desired_product(number)) for number in (1, 2))
    copy, foreign = structs.replace(one, id="prod_9"), structs.replace(one, id="prod_8", external_id=None)
    groups = by_external_id([one, two, copy, foreign])
    assert groups == {"dummyjson:1": [one, copy], "dummyjson:2": [two], "": [foreign]}
