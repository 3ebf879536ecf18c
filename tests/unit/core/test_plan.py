"""Three-way planning: what the source wants, what was last applied, what the store holds."""

import re
from collections.abc import Callable, Sequence
from itertools import islice
from struct import pack, unpack
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.change import Conflict, FieldChange, Update
from medusa_sync.core.fields import FIELDS, Merge
from medusa_sync.core.plan import (
    handle_candidates,
    owned_price,
    owned_variant,
    plan_update,
    stock_level,
    without_stock,
)
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import METADATA, DesiredProduct, Value
from medusa_sync.core.record import Pending, Record, Step, applied, remember
from medusa_sync.core.stored import (
    StoredCategory,
    StoredImage,
    StoredInventory,
    StoredInventoryItem,
    StoredLevel,
    StoredPrice,
    StoredProduct,
    StoredTag,
    StoredVariant,
)
from medusa_sync.errors import ProductFailedError
from tests.unit.builders import (
    DESIRED_PRODUCTS,
    LOCATION,
    desired_product,
    record_1,
    stored_metadata,
    stored_product,
    stored_variant,
    with_fields,
    with_record,
)

MEMBERS = st.sampled_from(["blue", "red", "#0123456789ab", "x" * 41, "y" * 90])
SUBSETS = st.lists(MEMBERS, unique=True).map(tuple)
HANDLE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
SETS = [name for name, field in FIELDS.items() if field.merge is Merge.UNION]
EARLIER = "2025-12-31T00:00:00.000Z"  # than the product that the builders make
A_MINUTE_LATER = "2026-01-02T03:05:05.678Z"
LATER = "2026-01-02T03:05:05.679Z"

Step3 = tuple[str, Value, Value]


def planned(desired: DesiredProduct, stored: StoredProduct, **how: Any) -> Update:
    return plan_update(desired, stored, **{"location_id": LOCATION} | how)


def steps(desired: DesiredProduct, stored: StoredProduct, **how: Any) -> tuple[Step3, ...]:
    """The changes that are planned: field, before, after."""
    changes = planned(desired, stored, **how).changes
    return tuple((difference.field, difference.stored, difference.planned) for difference in changes)


def another(value: Value) -> Value:
    """Another value of the same kind."""
    if isinstance(value, tuple):
        return (*value, "https://cdn.example/another.webp")
    return f"another {value}" if isinstance(value, str) else (value or 0) + 1


def holding(name: str, members: tuple[str, ...]) -> dict[str, Any]:
    """A change of what a store holds in a set."""
    kinds: dict[str, Any] = {"tags": StoredTag, "categories": StoredCategory, "images": StoredImage}
    return {name: tuple(kinds[name](f"id of {member}", member) for member in members)}


def members_after(changes: Sequence[Step3], held: tuple[str, ...]) -> tuple[str, ...]:
    """What the one set that changes holds once what is planned is applied."""
    members = changes[0][2] if changes else held
    assert isinstance(members, tuple)
    return members


# --- what changes ---------------------------------------------------------------------------------------


@given(DESIRED_PRODUCTS)
def test_a_store_that_holds_what_the_source_wants_is_left_alone(desired: DesiredProduct) -> None:
    update = planned(desired, stored_product(desired))
    assert update.is_up_to_date
    assert update.conflicts == ()
    assert steps(desired, with_record(stored_product(desired), None)) == ()


@pytest.mark.parametrize("name", FIELDS)
def test_the_field_that_the_source_changed_is_the_one_that_changes(name: str) -> None:
    before = desired_product()
    after = with_fields(before, **{name: another(before.fields[name])})
    assert steps(after, stored_product(before)) == ((name, before.fields[name], after.fields[name]),)


@pytest.mark.parametrize("name", sorted({*FIELDS} - {"title", "price", "stock"}))
def test_what_the_source_drops_is_dropped(name: str) -> None:
    before = desired_product(brand="Copperdell")
    nothing: Value = () if name in SETS else None
    after = with_fields(before, **{name: nothing})
    assert steps(after, stored_product(before)) == ((name, before.fields[name], nothing),)


@pytest.mark.parametrize("name", sorted({*FIELDS} - {"stock"}))
def test_what_the_source_never_had_is_the_merchants(name: str) -> None:
    nothing: Value = () if name in SETS else None
    desired = with_fields(desired_product(brand="Copperdell"), **{name: nothing})
    stored = with_record(
        stored_product(desired_product(brand="Ours")), applied(desired, variant="variant_01")
    )
    assert [step for step in steps(desired, stored, overwrite=True) if step[0] == name] == []


def test_another_currency_is_another_price() -> None:
    before = desired_product()
    after = structs.replace(before, currency="eur")
    assert steps(after, stored_product(before)) == (("price", None, before.fields["price"]),)


def test_what_the_merchant_changed_stays_if_the_source_did_not_change_it() -> None:
    desired = desired_product()
    stored = stored_product(
        desired, title="Ours", description=None, tags=(), variants=(stored_variant(desired, prices=()),)
    )
    assert planned(desired, stored).is_up_to_date


def test_if_both_changed_a_field_the_source_wins_and_the_plan_says_so() -> None:
    before, after = desired_product(title="Jug"), desired_product(title="Copper Jug")
    update = planned(after, stored_product(before, title="Our Jug"))
    assert update.changes == (FieldChange("title", "Our Jug", "Copper Jug", "Jug", "Copper Jug"),)
    assert update.conflicts == (Conflict("title", "Our Jug", "Copper Jug", OnConflict.SOURCE),)


def test_if_both_changed_a_field_the_store_may_win() -> None:
    before, after = desired_product(title="Jug", price=1), desired_product(title="Copper Jug", price=2)
    update = planned(after, stored_product(before, title="Our Jug"), on_conflict=OnConflict.STORE)
    assert [difference.field for difference in update.changes] == ["price"]
    assert update.conflicts == (Conflict("title", "Our Jug", "Copper Jug", OnConflict.STORE),)


def test_if_both_changed_a_field_to_the_same_value_only_the_record_follows() -> None:
    before, after = desired_product(title="Jug"), desired_product(title="Copper Jug")
    update = planned(after, stored_product(before, title="Copper Jug"))
    assert (update.changes, update.conflicts, update.is_up_to_date) == ((), (), False)


def test_orders_that_lower_the_stock_are_no_conflict() -> None:
    before, after = desired_product(stock=9), desired_product(stock=20)
    stored = stored_product(before, variants=(stored_variant(desired_product(stock=4)),))
    update = planned(after, stored, on_conflict=OnConflict.STORE)
    assert ([d.planned for d in update.changes], update.conflicts) == ([20], ())


def test_metadata_of_another_kind_is_shown_as_json() -> None:
    before, after = desired_product(brand="Copperdell"), desired_product(brand="Elmsworthy")
    stored = stored_product(before, metadata=stored_metadata(before) | {"brand": {"name": "Ours"}})
    assert steps(after, stored) == ((f"{METADATA}brand", '{"name":"Ours"}', "Elmsworthy"),)


def test_a_long_text_is_shown_as_it_was_applied_if_somebody_still_has_it() -> None:
    one, two, three = ("x" * 50, "y" * 50, "z" * 50)
    before, after = (desired_product(description=text) for text in (one, two))
    [difference] = planned(after, stored_product(before)).changes
    assert difference.applied == one
    [difference] = planned(after, stored_product(before, description=three)).changes
    assert str(difference.applied).startswith("#")
    tagged, more = (desired_product(tags=tags) for tags in ([one], [one, two]))
    [difference] = planned(more, stored_product(tagged)).changes
    assert difference.applied == (one,)


def test_a_measurement_that_medusa_rounds_is_no_edit_of_the_merchant() -> None:
    before, after = desired_product(weight=1.23456789), desired_product(weight=2)
    [rounded] = unpack("f", pack("f", 1.23456789))
    update = planned(after, stored_product(before, weight=rounded))
    assert (update.conflicts, [each.planned for each in update.changes]) == ((), [2])


def test_a_measurement_of_zero_is_a_measurement() -> None:
    before, after = desired_product(weight=0), desired_product(weight=2)
    update = planned(after, stored_product(before))
    assert (update.conflicts, [each.stored for each in update.changes]) == ((), [0])


@pytest.mark.parametrize("how", [{"overwrite": True}, {"adopt": True}], ids=["overwrite", "adopt"])
def test_drift_is_put_back_if_asked(how: dict[str, Any]) -> None:
    desired = desired_product(title="Jug", tags=["jugs", "copper"])
    edited = stored_product(desired, title="Our Jug", **holding("tags", ("ours", "copper")))
    update = planned(desired, edited, **how)
    after = {difference.field: difference.planned for difference in update.changes}
    assert after == {"title": "Jug", "tags": ("ours", "copper", "jugs")}
    assert (update.conflicts, update.adopted) == ((), "adopt" in how)


@given(DESIRED_PRODUCTS)
def test_without_drift_there_is_nothing_to_put_back(desired: DesiredProduct) -> None:
    assert steps(desired, stored_product(desired), overwrite=True) == ()


@pytest.mark.parametrize("status", ["draft", "published"])
def test_a_product_that_this_tool_drafted_is_published_when_it_comes_back(status: str) -> None:
    desired = desired_product()
    record = structs.replace(applied(desired, variant="variant_01"), drafted=True)
    update = planned(desired, with_record(stored_product(desired, status=status), record))
    published = FieldChange("status", "draft", "published", "draft", "published")
    assert update.changes == ((published,) if status == "draft" else ())
    assert not update.is_up_to_date


def test_a_draft_of_the_merchants_stays_one() -> None:
    before, after = desired_product(price=1), desired_product(price=2)
    assert steps(after, stored_product(before, status="draft")) == (("price", 1, 2),)


@pytest.mark.parametrize("adopt", [True, False])
def test_only_an_adoption_reads_no_record(adopt: bool) -> None:  # noqa: FBT001 - a parameter
    desired = desired_product()
    newer = with_record(stored_product(desired), {"version": 99, "fields": {}})
    if adopt:
        assert planned(desired, newer, adopt=True).record is None
    else:
        with pytest.raises(ProductFailedError):
            planned(desired, newer)


# --- sets -----------------------------------------------------------------------------------------------


@given(name=st.sampled_from(SETS), last=SUBSETS, wanted=SUBSETS, held=SUBSETS)
def test_a_set_is_merged_from_both_sides(
    name: str, last: tuple[str, ...], wanted: tuple[str, ...], held: tuple[str, ...]
) -> None:
    before, after = (with_fields(desired_product(), **{name: members}) for members in (last, wanted))
    update = planned(after, stored_product(before, **holding(name, held)))
    merged = members_after(steps(after, stored_product(before, **holding(name, held))), held)
    source_added, merchant_added = set(wanted) - set(last), set(held) - set(last)
    assert set(merged) == set(last) & set(wanted) & set(held) | source_added | merchant_added
    assert update.conflicts == ()


@given(name=st.sampled_from(SETS), wanted=SUBSETS, held=SUBSETS)
def test_an_unchanged_set_is_the_merchants(name: str, wanted: tuple[str, ...], held: tuple[str, ...]) -> None:
    desired = with_fields(desired_product(), **{name: wanted})
    assert planned(desired, stored_product(desired, **holding(name, held))).is_up_to_date


@given(name=st.sampled_from(SETS), wanted=SUBSETS, held=SUBSETS)
def test_an_adopted_product_keeps_its_members(
    name: str, wanted: tuple[str, ...], held: tuple[str, ...]
) -> None:
    desired = with_fields(desired_product(), **{name: wanted})
    stored = stored_product(desired, **holding(name, held))
    assert set(members_after(steps(desired, stored, adopt=True), held)) == {*wanted, *held}


# --- the variant ----------------------------------------------------------------------------------------

OLDER = {"id": "variant_00", "sku": "THEIRS", "barcode": "THEIRS", "created_at": EARLIER}


def owned(desired: DesiredProduct, record: Record | None, *variants: StoredVariant, **how: Any) -> str | None:
    """The id of the owned variant."""
    variant = owned_variant(desired, stored_product(desired, variants=variants), record, **how)
    return variant.id if variant else None


def test_the_record_names_the_owned_variant_whatever_became_of_its_sku() -> None:
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
def test_without_its_id_the_owned_variant_has_our_sku_or_barcode(name: str, value: str) -> None:
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
def test_else_the_owned_variant_is_the_one_that_was_created_with_the_product(
    created_at: str,
    is_ours: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    desired = desired_product(sku=None, meta={})
    variant = stored_variant(desired, id="variant_09", sku="THEIRS", created_at=created_at)
    record = structs.replace(applied(desired), variant="")
    assert (owned(desired, record, stored_variant(desired, **OLDER), variant) == "variant_09") == is_ours
    assert (owned(desired, None, variant) == "variant_09") == is_ours


def test_a_variant_without_a_sku_is_not_known_by_it() -> None:
    desired = desired_product(sku=None, meta={})
    assert owned(desired, applied(desired), stored_variant(desired, created_at=LATER)) is None


def test_an_adopted_product_is_known_by_the_sku_that_the_source_wants() -> None:
    desired = desired_product()
    ours, other = stored_variant(desired, id="variant_02"), stored_variant(desired, **OLDER)
    assert owned(desired, None, other, ours, adopt=True) == "variant_02"


def test_the_owned_variant_of_an_adopted_product_is_else_the_oldest() -> None:
    desired = desired_product()
    later, oldest = (
        stored_variant(desired, id=f"variant_0{age}", sku="THEIRS", barcode=None, created_at=LATER)
        for age in (2, 1)
    )
    assert owned(desired, None, later, oldest, adopt=True) == "variant_01"
    assert owned(desired, None, adopt=True) is None


RECORDS: dict[str, Callable[[DesiredProduct], Any]] = {
    "current": lambda desired: applied(desired, variant="variant_gone"),
    "first version": record_1,
    "unreadable": lambda _: "gone",
}


@pytest.mark.parametrize("kind", RECORDS)
def test_if_our_variant_is_gone_its_product_still_follows_and_theirs_is_left_alone(kind: str) -> None:
    """The conflict is reported once per change of the source, also one of the variant's fields."""
    before = desired_product()
    after = with_fields(before, title="New title", price=1_000, sku="NEW", stock=7)
    theirs = stored_variant(before, id="variant_02", sku="THEIRS", barcode=None, created_at=LATER)
    stored = with_record(stored_product(before, variants=(theirs,)), RECORDS[kind](before))

    update = planned(after, stored)

    assert update.variant is None
    assert [each.field for each in update.conflicts if each.field != "title"] == ["variant"]
    [conflict] = [each for each in update.conflicts if each.field == "variant"]
    assert conflict.kept is OnConflict.STORE
    assert conflict.desired == ("variant_gone" if kind == "current" else "NEW")
    assert [each.field for each in update.changes] == ["title"]

    record = applied(after, variant=update.record.variant if update.record else "")
    written = with_record(structs.replace(stored, title="New title"), record)
    assert planned(after, written).is_up_to_date
    again = planned(with_fields(after, price=2_000), written)
    assert [each.field for each in again.conflicts] == ["variant"]
    assert again.changes == ()


def test_a_variant_that_is_gone_is_named_by_the_title_if_it_never_had_a_sku() -> None:
    desired = desired_product(title="Jug", sku=None, meta={})
    stored = with_record(stored_product(desired, variants=()), "gone")
    assert [each.desired for each in planned(desired, stored).conflicts] == ["Jug"]


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
def test_the_owned_price_is_the_plain_one_of_its_currency(other: StoredPrice) -> None:
    plain, desired = StoredPrice("plain", "usd", 2), desired_product()
    assert owned_price(stored_variant(desired, prices=(other, plain)), "usd") == plain
    assert owned_price(stored_variant(desired, prices=(other,)), "usd") is None


def at(location_id: str, quantity: int) -> tuple[StoredInventoryItem, ...]:
    return (StoredInventoryItem("iitem_01", StoredInventory((StoredLevel(location_id, quantity),), "SKU")),)


def test_stock_is_the_level_at_the_stock_location() -> None:
    before, after = desired_product(stock=5), desired_product(stock=9)
    variant = stored_variant(before, inventory_items=at("sloc_other", 100))
    assert stock_level(variant, LOCATION) is None
    assert stock_level(variant, "sloc_other") == StoredLevel("sloc_other", 100)
    assert steps(after, stored_product(before, variants=(variant,))) == (("stock", None, 9),)


def test_an_item_that_is_not_shown_has_no_level() -> None:
    variant = stored_variant(desired_product(), inventory_items=(StoredInventoryItem("iitem_01"),))
    assert stock_level(variant, LOCATION) is None


def test_stock_that_the_merchant_no_longer_manages_is_left_alone() -> None:
    before, after = desired_product(stock=5), desired_product(stock=9)
    variant = stored_variant(before, manage_inventory=False, inventory_items=())
    assert steps(after, stored_product(before, variants=(variant,))) == ()


def test_stock_that_the_source_no_longer_has_is_left_alone() -> None:
    before, after = desired_product(stock=5), desired_product(stock=None)
    assert steps(after, stored_product(before)) == ()


def test_stock_that_the_source_begins_to_have_is_kept_from_then_on() -> None:
    before, after = desired_product(stock=None), desired_product(stock=5)
    assert steps(after, stored_product(before)) == (("stock", None, 5),)


def test_a_store_without_a_location_keeps_no_stock() -> None:
    before, after = desired_product(stock=None), without_stock(desired_product(stock=5))
    assert steps(after, stored_product(before), location_id=None) == ()


# --- handles --------------------------------------------------------------------------------------------


def first_handles(desired: DesiredProduct) -> list[str]:
    return list(islice(handle_candidates(desired), 5))


@given(DESIRED_PRODUCTS)
@example(desired_product(title="香水"))
@example(desired_product(title="!!!"))
@example(desired_product(title="-" * 500))
@example(desired_product(title="Ab " * 166))
@example(desired_product(title="&#45;&amp;"))
@example(desired_product(title="İıŞßŒ ﬁ ½ ² Ⅷ 🍵"))
def test_every_candidate_is_a_handle_that_medusa_takes(desired: DesiredProduct) -> None:
    for handle in first_handles(desired):
        assert HANDLE.fullmatch(handle), handle
        assert len(handle) <= 255


@given(DESIRED_PRODUCTS)
def test_candidates_do_not_repeat(desired: DesiredProduct) -> None:
    handles = first_handles(desired)
    assert len(set(handles)) == len(handles)


def test_the_id_and_then_a_number_are_added_if_the_slug_is_taken() -> None:
    handles = first_handles(desired_product(7, title="Café Crème"))
    assert handles[:3] == ["cafe-creme", "cafe-creme-7", "cafe-creme-7-2"]


def test_a_title_without_a_slug_is_known_by_its_id() -> None:
    assert first_handles(desired_product(7, title="!!!"))[:2] == ["dummyjson-7", "dummyjson-7-2"]


@given(st.text(min_size=1, max_size=20))
def test_equal_titles_differ_from_the_second_candidate_on(title: str) -> None:
    one, other = (first_handles(with_fields(desired_product(n), title=title)) for n in (1, 2))
    assert not set(one[1:]) & set(other[1:])
