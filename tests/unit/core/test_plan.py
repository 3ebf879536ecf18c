"""Plans of updates of products without variants at the source."""

from collections.abc import Callable, Sequence
from struct import pack, unpack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.change import Conflict, FieldChange
from medusa_sync.core.fields import FIELDS, METADATA, Merge
from medusa_sync.core.policy import ConflictPolicy, OnConflict
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import ONLY, Pending, Step
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
OF_VARIANT = ["sku", "barcode", "price", "stock"]
EVERY_FIELD = [*FIELDS, *OF_VARIANT]

Step3 = tuple[str, Value, Value]


def steps(desired: DesiredProduct, stored: StoredProduct, **how: Any) -> tuple[Step3, ...]:
    """The planned changes: field, stored value, planned value."""
    return tuple((each.field, each.stored, each.planned) for each in planned(desired, stored, **how).changes)


def another(value: Value) -> Value:
    """Another value of the same kind."""
    if isinstance(value, tuple):
        return (*value, "https://cdn.example/another.webp")
    return f"another {value}" if isinstance(value, str) else (value or 0) + 1


def holding(name: str, members: tuple[str, ...]) -> dict[str, Any]:
    """The attributes of a stored product that holds these members."""
    kinds: dict[str, Any] = {"tags": StoredValue, "categories": StoredCategory, "images": StoredImage}
    return {name: tuple(kinds[name](f"id of {member}", member) for member in members)}


def members_after(changes: Sequence[Step3], held: tuple[str, ...]) -> tuple[str, ...]:
    """What the only changed set holds after the changes are applied."""
    members = changes[0][2] if changes else held
    assert isinstance(members, tuple)
    return members


# --- what changes ---------------------------------------------------------------------------------------


@given(DESIRED_PRODUCTS)
def test_a_store_that_holds_the_desired_values_is_up_to_date(desired: DesiredProduct) -> None:
    update = planned(desired, stored_product(desired))
    assert update.is_up_to_date
    assert update.conflicts == ()
    assert steps(desired, with_record(stored_product(desired), None)) == ()


@pytest.mark.parametrize("name", EVERY_FIELD)
def test_only_the_field_that_the_source_changed_is_sent(name: str) -> None:
    before = desired_product()
    value = all_fields(before)[name]
    after = with_fields(before, **{name: another(value)})
    assert steps(after, stored_product(before)) == ((name, value, another(value)),)


@pytest.mark.parametrize("name", sorted({*EVERY_FIELD} - {"title", "price", "stock"}))
def test_a_value_that_the_source_drops_is_removed(name: str) -> None:
    base = desired_product()
    before = with_fields(base, **{name: another(all_fields(base)[name])})
    nothing: Value = () if name in SETS else None
    after = with_fields(before, **{name: nothing})
    assert steps(after, stored_product(before)) == ((name, all_fields(before)[name], nothing),)


@pytest.mark.parametrize("name", sorted({*EVERY_FIELD} - {"stock"}))
def test_a_field_that_the_source_never_had_belongs_to_the_merchant(name: str) -> None:
    nothing: Value = () if name in SETS else None
    desired = with_fields(desired_product(brand="Copperdell"), **{name: nothing})
    stored = with_record(stored_product(desired_product(brand="Ours")), applied_ids(desired))
    assert [step for step in steps(desired, stored, overwrite=True) if step[0] == name] == []


def test_a_new_currency_adds_a_price() -> None:
    before = desired_product()
    after = structs.replace(before, currency="eur")
    assert steps(after, stored_product(before)) == (("price", None, all_fields(before)["price"]),)


def test_an_edit_of_the_merchant_stays_if_the_source_did_not_change_the_field() -> None:
    desired = desired_product()
    stored = stored_product(
        desired, title="Ours", description=None, tags=(), variants=(stored_variant(desired, prices=()),)
    )
    assert planned(desired, stored).is_up_to_date


def test_by_default_the_source_wins_a_conflict() -> None:
    before, after = desired_product(title="Jug"), desired_product(title="Copper Jug")
    update = planned(after, stored_product(before, title="Our Jug"))
    assert update.changes == (FieldChange("title", "Our Jug", "Copper Jug", "Jug", "Copper Jug"),)
    assert update.conflicts == (Conflict("title", "Our Jug", "Copper Jug", OnConflict.SOURCE),)


def test_the_store_wins_a_conflict_if_asked() -> None:
    before, after = desired_product(title="Jug", price=1), desired_product(title="Copper Jug", price=2)
    update = planned(
        after, stored_product(before, title="Our Jug"), on_conflict=ConflictPolicy(OnConflict.STORE)
    )
    assert [change.field for change in update.changes] == ["price"]
    assert update.conflicts == (Conflict("title", "Our Jug", "Copper Jug", OnConflict.STORE),)


@pytest.mark.parametrize(
    ("sides", "title", "brand"),
    [
        ({"title": "store"}, "store", "source"),
        ({"metadata": "store"}, "source", "store"),
        ({"metadata.brand": "store"}, "source", "store"),
        ({"metadata": "store", "metadata.brand": "source"}, "source", "source"),
        ({"metadata.rating": "store"}, "source", "source"),
    ],
)
def test_each_field_can_have_its_own_winner(sides: dict[str, str], title: str, brand: str) -> None:
    policy = ConflictPolicy(OnConflict.SOURCE, {name: OnConflict(side) for name, side in sides.items()})
    before, after = desired_product(title="Jug", brand="A"), desired_product(title="Copper Jug", brand="B")
    theirs = stored_product(before, title="Our Jug", metadata=stored_metadata(before) | {"brand": "Ours"})
    update = planned(after, theirs, on_conflict=policy)
    assert update.conflicts == (
        Conflict("title", "Our Jug", "Copper Jug", OnConflict(title)),
        Conflict(f"{METADATA}brand", "Ours", "B", OnConflict(brand)),
    )
    sent = {change.field for change in update.changes}
    assert sent == {each.field for each in update.conflicts if each.kept is OnConflict.SOURCE}


def test_the_same_change_on_both_sides_writes_only_the_record() -> None:
    before, after = desired_product(title="Jug"), desired_product(title="Copper Jug")
    update = planned(after, stored_product(before, title="Copper Jug"))
    assert (update.changes, update.conflicts, update.is_up_to_date) == ((), (), False)


def test_orders_that_lower_the_stock_are_not_a_conflict() -> None:
    before, after = desired_product(stock=9), desired_product(stock=20)
    stored = stored_product(before, variants=(stored_variant(desired_product(stock=4)),))
    update = planned(after, stored, on_conflict=ConflictPolicy(OnConflict.STORE))
    assert ([d.planned for d in update.changes], update.conflicts) == ([20], ())


def test_metadata_that_is_not_plain_is_reported_as_json() -> None:
    before, after = desired_product(brand="Copperdell"), desired_product(brand="Elmsworthy")
    stored = stored_product(before, metadata=stored_metadata(before) | {"brand": {"name": "Ours"}})
    assert steps(after, stored) == ((f"{METADATA}brand", '{"name":"Ours"}', "Elmsworthy"),)


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


def test_a_measurement_that_medusa_rounded_is_not_a_conflict() -> None:
    before, after = desired_product(weight=1.23456789), desired_product(weight=2)
    [rounded] = unpack("f", pack("f", 1.23456789))
    update = planned(after, stored_product(before, weight=rounded))
    assert (update.conflicts, [each.planned for each in update.changes]) == ((), [2])


def test_zero_is_a_value() -> None:
    before, after = desired_product(weight=0), desired_product(weight=2)
    update = planned(after, stored_product(before))
    assert (update.conflicts, [each.stored for each in update.changes]) == ((), [0])


@pytest.mark.parametrize("how", [{"overwrite": True}, {"adopt": True}], ids=["overwrite", "adopt"])
def test_drift_is_reverted_if_asked(how: dict[str, Any]) -> None:
    desired = desired_product(title="Jug", tags=["jugs", "copper"])
    edited = stored_product(desired, title="Our Jug", **holding("tags", ("ours", "copper")))
    update = planned(desired, edited, **how)
    after = {change.field: change.planned for change in update.changes}
    assert after == {"title": "Jug", "tags": ("ours", "copper", "jugs")}
    assert (update.conflicts, update.adopted) == ((), "adopt" in how)


@given(DESIRED_PRODUCTS)
def test_without_drift_an_overwrite_sends_nothing(desired: DesiredProduct) -> None:
    assert steps(desired, stored_product(desired), overwrite=True) == ()


@pytest.mark.parametrize("status", ["draft", "published"])
def test_a_product_that_this_tool_drafted_is_published_again(status: str) -> None:
    desired = desired_product()
    record = structs.replace(applied_ids(desired), drafted=True)
    update = planned(desired, with_record(stored_product(desired, status=status), record))
    published = FieldChange("status", "draft", "published", "draft", "published")
    assert update.changes == ((published,) if status == "draft" else ())
    assert not update.is_up_to_date


def test_a_draft_of_the_merchant_stays_a_draft() -> None:
    before, after = desired_product(price=1), desired_product(price=2)
    assert steps(after, stored_product(before, status="draft")) == (("price", 1, 2),)


def test_an_adoption_ignores_the_record() -> None:
    stored = stored_product(desired_product())
    assert planned(desired_product(), stored).record == stored.record
    assert planned(desired_product(), stored, adopt=True).record is None


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
    stored = with_record(stored_product(before), extended)
    assert steps(after, stored) == (("price", 1, 2),)


# --- sets -----------------------------------------------------------------------------------------------


@given(name=st.sampled_from(SETS), last=SUBSETS, wanted=SUBSETS, held=SUBSETS)
def test_sets_are_merged_without_conflicts(
    name: str, last: tuple[str, ...], wanted: tuple[str, ...], held: tuple[str, ...]
) -> None:
    before, after = (with_fields(desired_product(), **{name: members}) for members in (last, wanted))
    update = planned(after, stored_product(before, **holding(name, held)))
    merged = members_after(steps(after, stored_product(before, **holding(name, held))), held)
    source_added, merchant_added = set(wanted) - set(last), set(held) - set(last)
    assert set(merged) == set(last) & set(wanted) & set(held) | source_added | merchant_added
    assert update.conflicts == ()


@given(name=st.sampled_from(SETS), wanted=SUBSETS, held=SUBSETS)
def test_a_set_that_the_source_did_not_change_is_up_to_date(
    name: str, wanted: tuple[str, ...], held: tuple[str, ...]
) -> None:
    desired = with_fields(desired_product(), **{name: wanted})
    assert planned(desired, stored_product(desired, **holding(name, held))).is_up_to_date


@given(name=st.sampled_from(SETS), wanted=SUBSETS, held=SUBSETS)
def test_an_adoption_adds_members_and_removes_none(
    name: str, wanted: tuple[str, ...], held: tuple[str, ...]
) -> None:
    desired = with_fields(desired_product(), **{name: wanted})
    stored = stored_product(desired, **holding(name, held))
    assert set(members_after(steps(desired, stored, adopt=True), held)) == {*wanted, *held}


# --- the variant ---------------------------------------------------------------------------------------

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
    assert [each.field for each in update.conflicts if each.field != "title"] == ["variant"]
    [conflict] = [each for each in update.conflicts if each.field == "variant"]
    assert conflict.kept is OnConflict.STORE
    assert conflict.desired == ("variant_gone" if kind == "current" else "NEW")
    assert [each.field for each in update.changes] == ["title"]


def test_a_deleted_variant_is_not_reported_for_a_change_of_its_product() -> None:
    before, after = desired_product(title="Jug"), desired_product(title="Copper Jug")
    assert planned(after, stored_product(before, variants=())).conflicts == ()


def test_a_deleted_variant_without_a_sku_is_named_by_the_title() -> None:
    desired = desired_product(title="Jug", sku=None, meta={})
    stored = with_record(stored_product(desired, variants=()), "gone")
    assert [each.desired for each in planned(desired, stored).conflicts] == ["Jug"]


# --- stock ---------------------------------------------------------------------------------------------


def test_stock_that_the_merchant_stopped_managing_is_not_sent() -> None:
    before, after = desired_product(stock=5), desired_product(stock=9)
    variant = stored_variant(before, manage_inventory=False, inventory_items=())
    assert steps(after, stored_product(before, variants=(variant,))) == ()


def test_stock_that_the_source_drops_is_not_tracked_any_more() -> None:
    before, after = desired_product(stock=5), desired_product(stock=None)
    assert steps(after, stored_product(before)) == (("stock", 5, None),)


def test_stock_that_the_source_adds_is_sent() -> None:
    before, after = desired_product(stock=None), desired_product(stock=5)
    assert steps(after, stored_product(before)) == (("stock", None, 5),)
