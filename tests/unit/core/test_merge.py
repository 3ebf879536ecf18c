"""The decision table of the three-way merge, row by row, for every field."""

from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from medusa_sync.core.fields import FIELDS, VARIANT_FIELDS, Field, Merge
from medusa_sync.core.merge import Verdict, members, merge_field, merge_sets
from medusa_sync.core.product import Value
from medusa_sync.core.record import UNKNOWN, History, Pending, Record, Step, VariantRecord, remember

ALL = [
    *(*FIELDS.values(), FIELDS["metadata.fabric"]),
    *(*VARIANT_FIELDS.values(), VARIANT_FIELDS["price.eur"], VARIANT_FIELDS["option.Size"]),
]
SETS = [field for field in ALL if field.merge is Merge.UNION]
STOCK = [field for field in ALL if field.merge is Merge.FOLLOW]
PLAIN = [field for field in ALL if field.merge is Merge.REPLACE]
ANY_SET = st.sampled_from(SETS)
ANY_PLAIN = st.sampled_from(PLAIN)
ANY_SINGLE_VALUE = st.sampled_from([*PLAIN, *STOCK])
# Few values, so that they are often equal; long texts and numbers beyond single precision among them.
VALUES = st.sampled_from([None, "red", "blue", "x" * 41, "y" * 90, "#0123456789ab", 0, 1, 2.5, 1.23456789])
MEMBERS = st.sampled_from(["blue", "red", "#0123456789ab", "x" * 41, "y" * 90])
SUBSETS = st.lists(MEMBERS, unique=True).map(tuple)


class Known(NamedTuple):
    """A field in the record: its applied value, if it has one, and its pending values."""

    applied: tuple[Value, ...]
    sent: tuple[Value, ...]

    def ours(self) -> list[Value]:
        return [remember(value) for value in (*self.applied, *self.sent)]

    def last(self) -> Value:
        """What the source wanted when the field was last sent."""
        return remember((*self.applied, *self.sent[-1:], None)[0])

    def history(self) -> History:
        applied = remember(self.applied[0]) if self.applied else None
        return History(applied, tuple(map(remember, self.sent)), self.last())


KNOWN = st.builds(
    Known, st.lists(VALUES, max_size=1).map(tuple), st.lists(VALUES, max_size=3, unique=True).map(tuple)
)
MANY = settings(max_examples=200)


def merged(
    field: Field, desired: Value, stored: Value, known: Known | None, *, restore: bool = False
) -> tuple[Verdict, Value]:
    return merge_field(field, desired, stored, known.history() if known else UNKNOWN, restore=restore)


def is_ours(field: Field, stored: Value, known: Known) -> bool:
    return any(field.same(remember(stored), value) for value in known.ours())


# --- one value ------------------------------------------------------------------------------------------


@MANY
@given(field=ANY_SINGLE_VALUE, desired=VALUES, known=st.none() | KNOWN, restore=st.booleans())
def test_a_value_that_the_store_holds_is_kept(
    field: Field,
    desired: Value,
    known: Known | None,
    restore: bool,  # noqa: FBT001 - drawn
) -> None:
    assert merged(field, desired, desired, known, restore=restore)[0] is Verdict.KEEP


@MANY
@given(field=ANY_PLAIN, data=st.data(), desired=VALUES, known=KNOWN)
def test_an_applied_or_pending_value_is_replaced_without_a_conflict(
    field: Field, data: st.DataObject, desired: Value, known: Known
) -> None:
    assume(known.ours())
    stored = data.draw(st.sampled_from([*known.applied, *known.sent]))
    assume(not field.same(stored, desired))
    assert merged(field, desired, stored, known) == (Verdict.SEND, desired)


@MANY
@given(
    field=ANY_PLAIN,
    desired=VALUES,
    stored=VALUES,
    sent=KNOWN.map(lambda known: known.sent),
    created=st.booleans(),
)
def test_a_change_of_the_merchant_alone_is_kept(
    field: Field,
    desired: Value,
    stored: Value,
    sent: tuple[Value, ...],
    created: bool,  # noqa: FBT001 - drawn
) -> None:
    """While a creation is pending, nothing is applied; the value that was sent last counts instead."""
    assume(not field.same(stored, desired))
    known = Known((), (*sent, desired)) if created else Known((desired,), sent)
    assume(not is_ours(field, stored, known))
    assume(stored is not None or not created)
    assert merged(field, desired, stored, known)[0] is Verdict.KEEP


@MANY
@given(field=ANY_PLAIN, desired=VALUES, stored=VALUES, known=KNOWN)
def test_a_change_on_both_sides_is_a_conflict(
    field: Field, desired: Value, stored: Value, known: Known
) -> None:
    assume(not field.same(stored, desired))
    assume(not is_ours(field, stored, known))
    assume(stored is not None or known.applied)  # no value is ours if none was applied
    assume(remember(desired) != known.last())
    assert merged(field, desired, stored, known) == (Verdict.CONFLICT, desired)


@MANY
@given(field=ANY_PLAIN, desired=VALUES, stored=VALUES)
def test_without_a_record_a_stored_value_is_a_conflict(field: Field, desired: Value, stored: Value) -> None:
    assume(not field.same(stored, desired))
    verdict = Verdict.SEND if stored is None else Verdict.CONFLICT
    assert merged(field, desired, stored, None) == (verdict, desired)


@MANY
@given(field=st.sampled_from(STOCK), desired=VALUES, stored=VALUES, known=st.none() | KNOWN)
def test_stock_is_sent_unless_it_was_applied_and_is_not_pending(
    field: Field, desired: Value, stored: Value, known: Known | None
) -> None:
    assume(stored != desired)
    is_applied = known is not None and known.ours() == [remember(desired)] and not known.sent
    is_applied = is_applied or (known == ((), ()) and desired is None)
    verdict = Verdict.KEEP if is_applied else Verdict.SEND
    assert merged(field, desired, stored, known) == (verdict, desired)


@MANY
@given(field=ANY_SINGLE_VALUE, desired=VALUES, stored=VALUES, known=st.none() | KNOWN)
def test_restore_sends_every_value_that_differs(
    field: Field, desired: Value, stored: Value, known: Known | None
) -> None:
    assume(not field.same(stored, desired))
    assert merged(field, desired, stored, known, restore=True) == (Verdict.SEND, desired)


def test_a_price_in_another_currency_is_ignored() -> None:
    price, variants = VARIANT_FIELDS["price"], {"3": VariantRecord("", {"price": 1})}
    pending = Pending(Step.UPDATE, {"3": {"price": (2,)}}, currency="usd")
    record = Record(currency="usd", variants=variants, pending=pending)
    usd, eur = (record.variant_history("3", "price", currency) for currency in ("usd", "eur"))
    for stored in (1, 2):
        assert merge_field(price, 3, stored, eur, restore=False)[0] is Verdict.CONFLICT
        assert merge_field(price, 3, stored, usd, restore=False)[0] is Verdict.SEND
    assert merge_field(price, 1, None, eur, restore=False) == (Verdict.SEND, 1)


# --- sets -----------------------------------------------------------------------------------------------


def merged_set(
    desired: tuple[str, ...], stored: tuple[str, ...], applied: tuple[str, ...], *, restore: bool = False
) -> tuple[str, ...]:
    return merge_sets(desired, stored, members(remember(applied)), restore=restore)


@given(desired=SUBSETS, stored=SUBSETS, applied=SUBSETS)
def test_a_set_keeps_what_either_side_added_and_drops_what_either_removed(
    desired: tuple[str, ...], stored: tuple[str, ...], applied: tuple[str, ...]
) -> None:
    result = merged_set(desired, stored, applied)
    kept = set(applied) & set(desired) & set(stored)
    source_added, merchant_added = set(desired) - set(applied), set(stored) - set(applied)
    assert set(result) == kept | source_added | merchant_added
    assert len(set(result)) == len(result)


@given(desired=SUBSETS, stored=SUBSETS, applied=SUBSETS, restore=st.booleans())
def test_members_of_the_merchant_stay_and_stored_members_keep_their_order(
    desired: tuple[str, ...],
    stored: tuple[str, ...],
    applied: tuple[str, ...],
    restore: bool,  # noqa: FBT001 - drawn
) -> None:
    result = merged_set(desired, stored, applied, restore=restore)
    assert set(stored) - set(applied) <= set(result)
    held = [member for member in result if member in stored]
    assert list(result[: len(held)]) == held == [member for member in stored if member in result]


@given(desired=SUBSETS, stored=SUBSETS, applied=SUBSETS)
def test_members_that_the_merchant_removed_return_only_if_restored(
    desired: tuple[str, ...], stored: tuple[str, ...], applied: tuple[str, ...]
) -> None:
    removed = set(applied) - set(stored)
    assert not removed & set(merged_set(desired, stored, applied))
    assert set(desired) <= set(merged_set(desired, stored, applied, restore=True))


@given(field=ANY_SET, desired=SUBSETS, stored=SUBSETS, applied=SUBSETS, restore=st.booleans())
def test_a_changed_set_is_sent_without_a_conflict(
    field: Field,
    desired: tuple[str, ...],
    stored: tuple[str, ...],
    applied: tuple[str, ...],
    restore: bool,  # noqa: FBT001 - drawn
) -> None:
    verdict, value = merged(field, desired, stored, Known((applied,), ()), restore=restore)
    assert value == merged_set(desired, stored, applied, restore=restore)
    assert verdict is (Verdict.KEEP if value == stored else Verdict.SEND)


@given(field=ANY_SET, desired=SUBSETS, stored=SUBSETS)
def test_without_a_record_ours_are_added_and_all_others_stay(
    field: Field, desired: tuple[str, ...], stored: tuple[str, ...]
) -> None:
    value = merged(field, desired, stored, None)[1]
    assert set(members(value)) == {*stored, *desired}


@pytest.mark.parametrize("stored", [("a", "a"), ("a", "b", "a")])
def test_a_desired_member_that_is_stored_twice_is_sent_once(stored: tuple[str, ...]) -> None:
    verdict, planned = merge_field(FIELDS["images"], ("a",), stored, History(("a",)), restore=False)
    assert (verdict, planned) == (Verdict.SEND, tuple(dict.fromkeys(stored)))


def test_a_merchants_member_that_is_stored_twice_is_left_alone() -> None:
    held = ("a", "m", "m")
    assert merge_field(FIELDS["images"], ("a",), held, History(("a",)), restore=False)[0] is Verdict.KEEP
