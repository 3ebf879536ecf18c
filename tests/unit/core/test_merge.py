"""The decision table of the three-way merge, row by row, for every field."""

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medusa_sync.core.fields import FIELDS, VARIANT_FIELDS, Field
from medusa_sync.core.kinds.base import Merge
from medusa_sync.core.merge import Verdict, merge_field, merge_sets
from medusa_sync.core.record import History
from medusa_sync.core.remembered import remember
from medusa_sync.core.value import Value, members
from tests.tiers import times

ALL = [
    *(*FIELDS.values(), FIELDS["metadata.fabric"]),
    *(*VARIANT_FIELDS.values(), VARIANT_FIELDS["price.eur"], VARIANT_FIELDS["option.Size"]),
]
SETS = [field for field in ALL if field.kind.merge is Merge.UNION]
STOCK = [field for field in ALL if field.kind.merge is Merge.FOLLOW]
PLAIN = [field for field in ALL if field.kind.merge is Merge.REPLACE]
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


def merged(
    field: Field, desired: Value, stored: Value, known: Known | None, *, restore: bool = False
) -> tuple[Verdict, Value]:
    history = known.history() if known else History(is_known=False)
    return merge_field(field, desired, stored, history, restore=restore)


# --- one value ------------------------------------------------------------------------------------------


def verdict_of(field: Field, desired: Value, stored: Value, known: Known | None) -> Verdict:
    """The decision table of the documentation."""
    source_changed = known is None or remember(desired) != known.last()
    applied, sent = known or ((), ())
    if field in STOCK:  # orders change it
        return Verdict.SEND if source_changed or sent else Verdict.KEEP
    ours = map(remember, (*applied, *sent))
    is_initial = stored in (None, field.kind.initial) and not applied
    if is_initial or any(field.kind.same(remember(stored), value) for value in ours):
        return Verdict.SEND
    return Verdict.CONFLICT if source_changed else Verdict.KEEP


@settings(max_examples=times(1_000, quick=200))
@given(field=st.sampled_from([*PLAIN, *STOCK]), desired=VALUES, stored=VALUES, known=st.none() | KNOWN)
def test_a_value_is_sent_kept_or_contested(
    field: Field, desired: Value, stored: Value, known: Known | None
) -> None:
    is_same = field.kind.same(stored, desired)
    verdict = Verdict.KEEP if is_same else verdict_of(field, desired, stored, known)
    assert merged(field, desired, stored, known) == (verdict, desired)
    restored = merged(field, desired, stored, known, restore=True)
    assert restored == (Verdict.KEEP if is_same else Verdict.SEND, desired)


# --- sets -----------------------------------------------------------------------------------------------


@given(field=st.sampled_from(SETS), desired=SUBSETS, stored=SUBSETS, applied=SUBSETS, restore=st.booleans())
def test_a_set_keeps_what_either_side_added_and_drops_what_either_removed(
    field: Field,
    desired: tuple[str, ...],
    stored: tuple[str, ...],
    applied: tuple[str, ...],
    restore: bool,  # noqa: FBT001 - drawn
) -> None:
    """With `restore`, members that the merchant removed return. Stored members keep their order."""
    ours = members(remember(applied))
    result = merge_sets(desired, stored, ours, ours, restore=restore)
    kept = set(desired) if restore else set(applied) & set(desired) & set(stored)
    source_added, merchant_added = set(desired) - set(applied), set(stored) - set(applied)
    assert set(result) == kept | source_added | merchant_added
    assert len(set(result)) == len(result)
    held = [member for member in result if member in stored]
    assert list(result[: len(held)]) == held == [member for member in stored if member in result]
    verdict = Verdict.KEEP if result == stored else Verdict.SEND
    assert merged(field, desired, stored, Known((applied,), ()), restore=restore) == (verdict, result)
    unknown = merged(field, desired, stored, None, restore=restore)[1]
    assert set(members(unknown)) == {*stored, *desired}


@pytest.mark.parametrize("stored", [("a", "a"), ("a", "b", "a")])
def test_a_desired_member_that_is_stored_twice_is_sent_once(stored: tuple[str, ...]) -> None:
    verdict, planned = merge_field(FIELDS["images"], ("a",), stored, History(("a",)), restore=False)
    assert (verdict, planned) == (Verdict.SEND, tuple(dict.fromkeys(stored)))
    theirs = ("a", "m", "m")
    assert merge_field(FIELDS["images"], ("a",), theirs, History(("a",)), restore=False)[0] is Verdict.KEEP
