"""Plans of updates of products without variants at the source."""

from collections.abc import Callable
from struct import pack, unpack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.change import Conflict, FieldChange
from medusa_sync.core.fields import FIELDS, Merge
from medusa_sync.core.policy import ConflictPolicy, OnConflict
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import NO_RECORD, ONLY, Pending, Step
from medusa_sync.core.stored import StoredCategory, StoredImage, StoredProduct, StoredValue
from medusa_sync.core.stored_variant import StoredOptionValue
from tests.unit.builders import (
    DESIRED_PRODUCTS,
    all_fields,
    applied_ids,
    desired_product,
    record_1,
    stored_metadata,
    stored_product,
    stored_variant,
    with_fields,
    with_record,
)
from tests.unit.shirts import planned

MEMBERS = st.sampled_from(["blue", "red", "#0123456789ab", "x" * 41, "y" * 90])
SUBSETS = st.lists(MEMBERS, unique=True).map(tuple)
SETS = [name for name, field in FIELDS.items() if field.merge is Merge.UNION]
EVERY_FIELD = [*FIELDS, "sku", "barcode", "price", "stock"]
STORE = ConflictPolicy(OnConflict.STORE)

Step3 = tuple[str, Value, Value]


def steps(desired: DesiredProduct, stored: StoredProduct, **how: Any) -> list[Step3]:
    """The planned changes: field, stored value, planned value."""
    return [(each.field, each.stored, each.planned) for each in planned(desired, stored, **how).changes]


def another(value: Value) -> Value:
    """Another value of the same kind."""
    if isinstance(value, tuple):
        return (*value, "https://cdn.example/another.webp")
    return f"another {value}" if isinstance(value, str) else (value or 0) + 1


def holding(name: str, members: tuple[str, ...]) -> dict[str, Any]:
    """The attributes of a stored product that holds these members."""
    kinds: dict[str, Any] = {"tags": StoredValue, "categories": StoredCategory, "images": StoredImage}
    return {name: tuple(kinds[name](f"id of {member}", member) for member in members)}


# --- what changes ---------------------------------------------------------------------------------------


@given(DESIRED_PRODUCTS)
def test_a_store_that_holds_the_desired_values_is_up_to_date(desired: DesiredProduct) -> None:
    update = planned(desired, stored_product(desired))
    assert (update.is_up_to_date, update.conflicts) == (True, ())
    assert steps(desired, with_record(stored_product(desired), None)) == []
    assert steps(desired, stored_product(desired), overwrite=True) == []


@pytest.mark.parametrize("name", EVERY_FIELD)
def test_only_the_field_that_the_source_changed_or_dropped_is_sent(name: str) -> None:
    one = desired_product()
    value = all_fields(one)[name]
    other = with_fields(one, **{name: another(value)})
    assert steps(other, stored_product(one)) == [(name, value, another(value))]
    if name not in {"title", "price"}:
        nothing: Value = () if name in SETS else None
        assert steps(with_fields(other, **{name: nothing}), stored_product(other)) == [
            (name, another(value), nothing)
        ]


@pytest.mark.parametrize("name", sorted({*EVERY_FIELD} - {"stock"}))
def test_a_field_that_the_source_never_had_belongs_to_the_merchant(name: str) -> None:
    nothing: Value = () if name in SETS else None
    desired = with_fields(desired_product(brand="Copperdell"), **{name: nothing})
    stored = with_record(stored_product(desired_product(brand="Ours")), applied_ids(desired))
    assert [step for step in steps(desired, stored, overwrite=True) if step[0] == name] == []


@pytest.mark.parametrize(
    ("default", "sides", "title", "brand"),
    [
        ("source", {}, "source", "source"),
        ("store", {}, "store", "store"),
        ("source", {"title": "store"}, "store", "source"),
        ("source", {"metadata": "store"}, "source", "store"),
        ("source", {"metadata.brand": "store"}, "source", "store"),
        ("source", {"metadata": "store", "metadata.brand": "source"}, "source", "source"),
        ("source", {"metadata.rating": "store"}, "source", "source"),
    ],
)
def test_each_field_can_have_its_own_winner_of_a_conflict(
    default: str, sides: dict[str, str], title: str, brand: str
) -> None:
    policy = ConflictPolicy(OnConflict(default), {name: OnConflict(side) for name, side in sides.items()})
    before = desired_product(title="Jug", brand="A", price=1)
    after = desired_product(title="Copper Jug", brand="B", price=2)
    theirs = stored_product(before, title="Our Jug", metadata=stored_metadata(before) | {"brand": "Ours"})
    update = planned(after, theirs, on_conflict=policy)
    assert update.conflicts == (
        Conflict("title", "Our Jug", "Copper Jug", OnConflict(title)),
        Conflict("metadata.brand", "Ours", "B", OnConflict(brand)),
    )
    won = {each.field for each in update.conflicts if each.kept is OnConflict.SOURCE}
    assert {change.field for change in update.changes} == {*won, "price"}
    if title == "source":
        assert update.changes[0] == FieldChange("title", "Our Jug", "Copper Jug", "Jug", "Copper Jug")


@pytest.mark.parametrize(
    ("before", "after", "edit", "changes"),
    [
        pytest.param({"title": "Jug"}, {"title": "Copper"}, {"title": "Copper"}, [], id="same change"),
        pytest.param({"weight": 0}, {"weight": 2}, {}, [("weight", 0, 2)], id="zero is a value"),
        pytest.param(
            {"weight": 1.23456789},
            {"weight": 2},
            {"weight": unpack("f", pack("f", 1.23456789))[0]},
            [("weight", unpack("f", pack("f", 1.23456789))[0], 2)],
            id="rounded by Medusa",
        ),
        pytest.param(
            {"price": 1}, {"price": 2}, {"status": "draft"}, [("price", 1, 2)], id="draft of the merchant"
        ),
        pytest.param({"stock": None}, {"stock": 5}, {}, [("stock", None, 5)], id="new stock"),
        pytest.param(
            {"stock": 9},
            {"stock": 20},
            {"variants": (stored_variant(desired_product(stock=4)),)},
            [("stock", 4, 20)],
            id="orders lower the stock",
        ),
        pytest.param(
            {"stock": 5},
            {"stock": 9},
            {"variants": (stored_variant(desired_product(), manage_inventory=False, inventory_items=()),)},
            [],
            id="stock that the merchant stopped managing",
        ),
    ],
)
def test_what_is_no_conflict(
    before: dict[str, Any], after: dict[str, Any], edit: dict[str, Any], changes: list[Step3]
) -> None:
    stored = stored_product(desired_product(**before), **edit)
    update = planned(desired_product(**after), stored, on_conflict=STORE)
    assert (steps(desired_product(**after), stored), update.conflicts) == (changes, ())
    assert not update.is_up_to_date


def test_metadata_that_is_not_plain_is_reported_as_json() -> None:
    before, after = desired_product(brand="Copperdell"), desired_product(brand="Elmsworthy")
    stored = stored_product(before, metadata=stored_metadata(before) | {"brand": {"name": "Ours"}})
    assert steps(after, stored) == [("metadata.brand", '{"name":"Ours"}', "Elmsworthy")]


def test_a_digest_is_replaced_by_its_text_if_one_side_still_has_it() -> None:
    one, two, three = ("x" * 50, "y" * 50, "z" * 50)
    before, after = (desired_product(description=text) for text in (one, two))
    [change] = planned(after, stored_product(before)).changes
    assert change.applied == one
    [change] = planned(after, stored_product(before, description=three)).changes
    assert str(change.applied).startswith("#")
    tagged, more = (desired_product(tags=tags) for tags in ([one], [one, two]))
    [change] = planned(more, stored_product(tagged)).changes
    assert change.applied == (one,)


@pytest.mark.parametrize("how", [{"overwrite": True}, {"adopt": True}], ids=["overwrite", "adopt"])
def test_drift_is_reverted_if_asked(how: dict[str, Any]) -> None:
    desired = desired_product(title="Jug", tags=["jugs", "copper"])
    edited = stored_product(desired, title="Our Jug", **holding("tags", ("ours", "copper")))
    update = planned(desired, edited, **how)
    after = {change.field: change.planned for change in update.changes}
    assert after == {"title": "Jug", "tags": ("ours", "copper", "jugs")}
    assert (update.conflicts, update.adopted) == ((), "adopt" in how)
    assert (update.record is NO_RECORD) == ("adopt" in how)


def test_an_unknown_field_in_the_record_is_ignored() -> None:
    """An older version reads the records of a newer one that added a field, or the merchant edited them."""
    before, after = desired_product(price=1), desired_product(price=2)
    record = applied_ids(before)
    [variant] = record.variants.values()
    extended = structs.replace(
        record,
        fields={**record.fields, "unheard_of": "x"},
        variants={ONLY: structs.replace(variant, fields={**variant.fields, "unheard_of": 1})},
        pending=Pending(Step.UPDATE, {ONLY: {"unheard_of": (1,)}}, currency="usd"),
    )
    assert steps(after, with_record(stored_product(before), extended)) == [("price", 1, 2)]


@given(name=st.sampled_from(SETS), last=SUBSETS, wanted=SUBSETS, held=SUBSETS, adopt=st.booleans())
def test_sets_are_merged_without_conflicts(
    name: str,
    last: tuple[str, ...],
    wanted: tuple[str, ...],
    held: tuple[str, ...],
    adopt: bool,  # noqa: FBT001 - drawn
) -> None:
    before, after = (with_fields(desired_product(), **{name: members}) for members in (last, wanted))
    update = planned(after, stored_product(before, **holding(name, held)), adopt=adopt)
    [merged] = [each.planned for each in update.changes] or [held]
    assert isinstance(merged, tuple)
    known = set() if adopt else set(last)
    assert set(merged) == (known & set(wanted) & set(held)) | (set(wanted) - known) | (set(held) - known)
    assert update.conflicts == ()
    assert update.is_up_to_date or adopt or set(last) != set(wanted)


# --- a variant that is gone -----------------------------------------------------------------------------

RECORDS: dict[str, Callable[[DesiredProduct], Any]] = {
    "current": lambda desired: applied_ids(desired, "variant_gone"),
    "first version": record_1,
    "unreadable": lambda _: "gone",
}


@pytest.mark.parametrize("kind", RECORDS)
def test_without_our_variant_the_product_is_updated_and_other_variants_are_not(kind: str) -> None:
    before = desired_product()
    after = with_fields(before, title="New title", price=1_000, sku="NEW", stock=7)
    other = (StoredOptionValue("opt_01", "Other"),)
    theirs = stored_variant(before, id="variant_02", sku="THEIRS", barcode=None, options=other)
    stored = with_record(stored_product(before, variants=(theirs,)), RECORDS[kind](before))

    update = planned(after, stored)

    assert [(each.stored, each.is_new) for each in update.variants] == [(None, False)]
    [conflict] = [each for each in update.conflicts if each.field != "title"]
    named = "variant_gone" if kind == "current" else "NEW"
    assert conflict == Conflict("variant", None, named, OnConflict.STORE)
    assert [each.field for each in update.changes] == ["title"]


def test_a_deleted_variant_is_reported_by_its_title_once_per_change_of_the_variant() -> None:
    before, after = desired_product(title="Jug"), desired_product(title="Copper Jug")
    assert planned(after, stored_product(before, variants=())).conflicts == ()
    bare = desired_product(title="Jug", sku=None, meta={})
    stored = with_record(stored_product(bare, variants=()), "gone")
    assert [each.desired for each in planned(bare, stored).conflicts] == ["Jug"]
