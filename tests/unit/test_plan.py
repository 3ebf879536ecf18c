"""Three-way planning: what the source wants, what it last applied, what the store holds."""

import re
from collections.abc import Sequence
from itertools import islice
from struct import pack, unpack
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.errors import ProductFailedError
from medusa_sync.models import (
    METADATA,
    RECORD_KEY,
    SETS,
    Conflict,
    DesiredProduct,
    Difference,
    OnConflict,
    Pending,
    StoredCategory,
    StoredImage,
    StoredInventory,
    StoredInventoryItem,
    StoredLevel,
    StoredPrice,
    StoredProduct,
    StoredTag,
    StoredVariant,
    Value,
)
from medusa_sync.plan import (
    changed_fields,
    handle_candidates,
    is_half_made,
    owned_price,
    owned_variant,
    plan_update,
    read_record,
    record_of,
    remember,
    stock_level,
    without_stock,
)
from tests.unit.builders import (
    DESIRED_PRODUCTS,
    LOCATION,
    as_json,
    desired_product,
    stored_metadata,
    stored_product,
    stored_variant,
    with_fields,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
TEXTS = st.text(max_size=60) | st.from_regex(r"#[0-9a-f]{12}", fullmatch=True)
MEMBERS = st.sampled_from(["blue", "red", "#0123456789ab", "x" * 41, "y" * 90])
SUBSETS = st.lists(MEMBERS, unique=True).map(tuple)
HANDLE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
FIELDS = tuple(desired_product().fields)
NO_RECORD = {RECORD_KEY: None}


Step = tuple[str, Value, Value]


def steps(
    desired: DesiredProduct, stored: StoredProduct, location_id: str | None = LOCATION, **how: Any
) -> tuple[Step, ...]:
    """The differences that are planned: field, before, after."""
    planned = plan_update(desired, stored, location_id=location_id, **how).differences
    return tuple((difference.field, difference.before, difference.after) for difference in planned)


def another(value: Value) -> Value:
    """Another value of the same kind."""
    if isinstance(value, tuple):
        return (*value, "https://cdn.example/another.webp")
    return f"another {value}" if isinstance(value, str) else (value or 0) + 1


def holding(name: str, members: tuple[str, ...]) -> dict[str, Any]:
    """A change of what a store holds in a set."""
    kinds: dict[str, Any] = {"tags": StoredTag, "categories": StoredCategory, "images": StoredImage}
    return {name: tuple(kinds[name](f"id of {member}", member) for member in members)}


def members_after(planned: Sequence[Step], held: tuple[str, ...]) -> tuple[str, ...]:
    """What the one set that changes holds once what is planned is applied."""
    members = planned[0][2] if planned else held
    assert isinstance(members, tuple)
    return members


# --- the record -----------------------------------------------------------------------------------------


@given(TEXTS, TEXTS)
@example("#0123456789ab", "x" * 41)
def test_two_texts_are_remembered_alike_only_when_they_are_equal(one: str, other: str) -> None:
    assert (remember(one) == remember(other)) == (one == other)


@given(TEXTS)
@example("x" * 50_000)
def test_what_is_remembered_of_a_text_is_short(text: str) -> None:
    assert len(str(remember(text))) <= 40


@pytest.mark.parametrize("value", [None, 0, 9.99, "", "short", "#0123456789a", (), ("red", "blue")])
def test_short_values_are_remembered_as_they_are(value: Value) -> None:
    assert remember(value) == value


def test_no_text_passes_for_the_digest_of_another() -> None:
    digest = remember("x" * 41)
    assert remember(digest) != digest


def test_members_of_a_set_are_remembered_one_by_one() -> None:
    assert remember(("red", "x" * 41)) == ("red", remember("x" * 41))


@given(DESIRED_PRODUCTS, st.sampled_from([None, *Pending]))
def test_a_record_survives_the_store(desired: DesiredProduct, pending: Pending | None) -> None:
    record = record_of(desired, pending=pending)
    assert read_record({RECORD_KEY: as_json(record)}) == record


@given(JSON)
def test_whatever_stands_under_our_key_can_be_read(value: Any) -> None:
    record = read_record({RECORD_KEY: value})
    assert record is None or record.fields.keys() == value["fields"].keys()


@pytest.mark.parametrize("metadata", [None, {}, NO_RECORD, {RECORD_KEY: "gone"}, {RECORD_KEY: {"fields": 1}}])
def test_without_a_readable_record_there_is_none(metadata: dict[str, Any] | None) -> None:
    assert read_record(metadata) is None


# --- changes --------------------------------------------------------------------------------------------


@given(DESIRED_PRODUCTS)
def test_a_product_is_quiet_right_after_its_own_record(desired: DesiredProduct) -> None:
    assert changed_fields(desired, read_record({RECORD_KEY: as_json(record_of(desired))})) == ()


@given(DESIRED_PRODUCTS)
def test_a_store_that_holds_what_the_source_wants_is_left_alone(desired: DesiredProduct) -> None:
    stored = stored_product(desired)
    adopted = structs.replace(stored, metadata=stored_metadata(desired) | NO_RECORD)
    assert steps(desired, stored) == steps(desired, adopted) == ()


@pytest.mark.parametrize("name", FIELDS)
def test_the_field_that_the_source_changed_is_the_one_that_changed(name: str) -> None:
    before = desired_product()
    after = with_fields(before, **{name: another(before.fields[name])})
    assert changed_fields(after, record_of(before)) == (name,)
    assert steps(after, stored_product(before)) == ((name, before.fields[name], after.fields[name]),)


@pytest.mark.parametrize("name", sorted({*FIELDS} - {"title", "price", "stock"}))
def test_what_the_source_drops_is_dropped(name: str) -> None:
    before = desired_product(brand="Copperdell")
    nothing: Value = () if name in SETS else None
    after = with_fields(before, **{name: nothing})
    assert steps(after, stored_product(before)) == ((name, before.fields[name], nothing),)


def test_without_a_record_every_field_counts_as_changed() -> None:
    assert changed_fields(desired_product(), None) == FIELDS


def test_a_field_that_the_record_does_not_know_counts_as_changed() -> None:
    desired = desired_product()
    record = record_of(desired)
    del record.fields["metadata.rating"]
    assert changed_fields(desired, record) == ("metadata.rating",)


def test_another_currency_is_another_price() -> None:
    before = desired_product()
    after = structs.replace(before, currency="eur")
    assert changed_fields(after, record_of(before)) == ("price",)
    assert steps(after, stored_product(before)) == (("price", None, before.fields["price"]),)


def test_what_the_merchant_changed_stays_when_the_source_did_not() -> None:
    desired = desired_product()
    stored = stored_product(
        desired, title="Ours", description=None, tags=(), variants=(stored_variant(desired, prices=()),)
    )
    assert steps(desired, stored) == ()


def test_when_both_have_changed_the_source_wins_and_the_plan_says_so() -> None:
    before, after = desired_product(title="Jug"), desired_product(title="Copper Jug")
    update = plan_update(after, stored_product(before, title="Our Jug"), location_id=LOCATION)
    assert update.differences == (Difference("title", "Our Jug", "Copper Jug", "Jug", "Copper Jug"),)
    assert update.conflicts == (Conflict("title", "Our Jug", "Copper Jug", OnConflict.SOURCE),)


def test_when_both_have_changed_the_store_may_win() -> None:
    before, after = desired_product(title="Jug", price=1), desired_product(title="Copper Jug", price=2)
    stored = stored_product(before, title="Our Jug")
    update = plan_update(after, stored, location_id=LOCATION, on_conflict=OnConflict.STORE)
    assert [difference.field for difference in update.differences] == ["price"]
    assert update.conflicts == (Conflict("title", "Our Jug", "Copper Jug", OnConflict.STORE),)


def test_orders_that_lower_the_stock_are_no_conflict() -> None:
    before, after = desired_product(stock=9), desired_product(stock=20)
    stored = stored_product(before, variants=(stored_variant(desired_product(stock=4)),))
    update = plan_update(after, stored, location_id=LOCATION, on_conflict=OnConflict.STORE)
    assert ([d.after for d in update.differences], update.conflicts) == ([20], ())


def test_when_both_have_changed_to_the_same_there_is_nothing_to_send() -> None:
    before, after = desired_product(title="Jug"), desired_product(title="Copper Jug")
    assert steps(after, stored_product(before, title="Copper Jug")) == ()


def test_metadata_of_another_kind_is_shown_as_json() -> None:
    before, after = desired_product(brand="Copperdell"), desired_product(brand="Elmsworthy")
    stored = stored_product(before, metadata=stored_metadata(before) | {"brand": {"name": "Ours"}})
    assert steps(after, stored) == ((f"{METADATA}brand", '{"name":"Ours"}', "Elmsworthy"),)


@pytest.mark.parametrize("how", [{"overwrite": True}, {"adopt": True}], ids=["overwrite", "adopt"])
def test_drift_is_put_back_when_asked(how: dict[str, Any]) -> None:
    desired = desired_product(title="Jug", tags=["jugs", "copper"])
    edited = stored_product(desired, title="Our Jug", **holding("tags", ("ours", "copper")))
    update = plan_update(desired, edited, location_id=LOCATION, **how)
    after = {difference.field: difference.after for difference in update.differences}
    assert after == {"title": "Jug", "tags": ("ours", "copper", "jugs")}
    assert (update.conflicts, update.adopted) == ((), "adopt" in how)


@given(DESIRED_PRODUCTS)
def test_without_drift_there_is_nothing_to_put_back(desired: DesiredProduct) -> None:
    assert steps(desired, stored_product(desired), overwrite=True) == ()


@pytest.mark.parametrize("status", ["draft", "published"])
def test_a_product_that_this_tool_has_drafted_is_published_when_it_comes_back(status: str) -> None:
    desired = desired_product()
    record = structs.replace(record_of(desired), drafted=True)
    metadata = stored_metadata(desired) | {RECORD_KEY: as_json(record)}
    planned = steps(desired, stored_product(desired, metadata=metadata, status=status))
    assert planned == ((("status", "draft", "published"),) if status == "draft" else ())


def test_a_draft_of_the_merchants_stays_one() -> None:
    before, after = desired_product(price=1), desired_product(price=2)
    assert steps(after, stored_product(before, status="draft")) == (("price", 1, 2),)


# --- sets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
@given(last=SUBSETS, wanted=SUBSETS, held=SUBSETS)
def test_a_set_is_merged_from_both_sides(
    name: str, last: tuple[str, ...], wanted: tuple[str, ...], held: tuple[str, ...]
) -> None:
    before, after = (with_fields(desired_product(), **{name: members}) for members in (last, wanted))
    merged = members_after(steps(after, stored_product(before, **holding(name, held))), held)
    both_kept = set(last) & set(wanted) & set(held)
    source_added, merchant_added = set(wanted) - set(last), set(held) - set(last)
    assert set(merged) == both_kept | source_added | merchant_added
    assert len(set(merged)) == len(merged)
    assert [member for member in merged if member in held] == [m for m in held if m in merged]


@pytest.mark.parametrize("name", SETS)
@given(wanted=SUBSETS, held=SUBSETS)
def test_an_unchanged_set_is_the_merchants(name: str, wanted: tuple[str, ...], held: tuple[str, ...]) -> None:
    desired = with_fields(desired_product(), **{name: wanted})
    assert steps(desired, stored_product(desired, **holding(name, held))) == ()


@pytest.mark.parametrize("name", SETS)
@given(wanted=SUBSETS, held=SUBSETS)
def test_an_adopted_product_keeps_its_members(
    name: str, wanted: tuple[str, ...], held: tuple[str, ...]
) -> None:
    desired = with_fields(desired_product(), **{name: wanted})
    metadata = stored_metadata(desired) | NO_RECORD
    stored = stored_product(desired, metadata=metadata, **holding(name, held))
    assert set(members_after(steps(desired, stored), held)) == {*wanted, *held}


# --- variant, price, stock ------------------------------------------------------------------------------


def test_the_owned_variant_is_the_one_with_our_sku() -> None:
    desired = desired_product()
    ours = stored_variant(desired, id="variant_02")
    stored = stored_product(desired, variants=(stored_variant(desired, id="variant_01", sku="OURS"), ours))
    assert owned_variant(stored, remember(desired.fields["sku"])) == ours


@pytest.mark.parametrize("sku", [None, "OURS"])
def test_the_owned_variant_is_the_oldest_when_our_sku_is_gone(sku: str | None) -> None:
    desired = desired_product()
    oldest, other = (stored_variant(desired, id=f"variant_0{age}", sku=sku) for age in (1, 2))
    stored = stored_product(desired, variants=(other, oldest))
    assert owned_variant(stored, remember(desired.fields["sku"])) == owned_variant(stored, None) == oldest


def test_a_product_that_is_taken_over_is_known_by_the_sku_that_the_source_wants() -> None:
    desired = desired_product()
    ours = stored_variant(desired, id="variant_02")
    variants = (stored_variant(desired, id="variant_01", sku="OTHER"), ours)
    stored = stored_product(desired, metadata=None, variants=variants)
    assert plan_update(desired, stored, location_id=LOCATION, adopt=True).variant == ours


def test_a_product_without_a_variant_fails_alone() -> None:
    desired = desired_product()
    with pytest.raises(ProductFailedError, match="no variant"):
        plan_update(desired, stored_product(desired, variants=()), location_id=LOCATION)


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
    plain = StoredPrice("plain", "usd", 2)
    assert owned_price(StoredVariant("variant", prices=(other, plain)), "usd") == plain
    assert owned_price(StoredVariant("variant", prices=(other,)), "usd") is None


def at(location_id: str, quantity: int) -> tuple[StoredInventoryItem, ...]:
    return (StoredInventoryItem("iitem_01", StoredInventory((StoredLevel(location_id, quantity),))),)


def test_stock_is_the_level_at_the_stock_location() -> None:
    before, after = desired_product(stock=5), desired_product(stock=9)
    variant = stored_variant(before, inventory_items=at("sloc_other", 100))
    assert stock_level(variant, LOCATION) is None
    assert steps(after, stored_product(before, variants=(variant,))) == (("stock", None, 9),)


def test_stock_that_the_merchant_no_longer_manages_is_left_alone() -> None:
    before, after = desired_product(stock=5), desired_product(stock=9)
    variant = stored_variant(before, manage_inventory=False, inventory_items=())
    assert steps(after, stored_product(before, variants=(variant,))) == ()


def test_stock_that_the_source_no_longer_tells_is_left_alone() -> None:
    before, after = desired_product(stock=5), desired_product(stock=None)
    assert steps(after, stored_product(before)) == ()


def test_stock_that_the_source_begins_to_tell_is_kept_from_then_on() -> None:
    before, after = desired_product(stock=None), desired_product(stock=5)
    assert steps(after, stored_product(before)) == (("stock", None, 5),)


def test_a_store_without_a_location_keeps_no_stock() -> None:
    before, after = desired_product(stock=None), without_stock(desired_product(stock=5))
    assert steps(after, stored_product(before), location_id=None) == ()


@pytest.mark.parametrize("pending", [None, *Pending])
def test_a_level_is_made_up_for_only_when_it_is_pending(pending: Pending | None) -> None:
    desired = desired_product(stock=5)
    record = as_json(record_of(desired, pending=pending))
    without_level = stored_variant(desired, inventory_items=(StoredInventoryItem("iitem_01"),))
    metadata = stored_metadata(desired) | {RECORD_KEY: record}
    stored = stored_product(desired, metadata=metadata, variants=(without_level,))
    assert steps(desired, stored) == ((("stock", None, 5),) if pending else ())


def test_a_level_that_is_there_is_left_alone_even_if_it_was_pending() -> None:
    desired = desired_product(stock=5)
    record = as_json(record_of(desired, pending=Pending.CREATION))
    stored = stored_product(desired, metadata=stored_metadata(desired) | {RECORD_KEY: record})
    after_an_order = structs.replace(stored, variants=(stored_variant(desired_product(stock=3)),))
    assert steps(desired, after_an_order) == ()


def test_a_measure_that_medusa_rounds_is_no_edit_of_the_merchant() -> None:
    before, after = desired_product(weight=1.23456789), desired_product(weight=2)
    [rounded] = unpack("f", pack("f", 1.23456789))
    update = plan_update(after, stored_product(before, weight=rounded), location_id=LOCATION)
    assert (update.conflicts, [each.after for each in update.differences]) == ((), [2])


@pytest.mark.parametrize("pending", [None, *Pending])
def test_a_product_is_half_made_only_if_its_creation_is_pending(pending: Pending | None) -> None:
    desired = desired_product()
    metadata = stored_metadata(desired) | {RECORD_KEY: as_json(record_of(desired, pending=pending))}
    bare = stored_variant(desired, prices=(), inventory_items=())
    assert is_half_made(stored_product(desired, metadata=metadata, variants=(bare,))) == (
        pending is Pending.CREATION
    )


@pytest.mark.parametrize(
    "variants",
    [
        pytest.param(({"prices": ()},), id="with a level"),
        pytest.param(({"inventory_items": ()},), id="with a price"),
        pytest.param(({"prices": (), "inventory_items": ()},) * 2, id="with two variants"),
    ],
)
def test_what_has_come_further_is_not_half_made(variants: tuple[dict[str, Any], ...]) -> None:
    desired = desired_product()
    record = as_json(record_of(desired, pending=Pending.CREATION))
    stored = stored_product(
        desired,
        metadata=stored_metadata(desired) | {RECORD_KEY: record},
        variants=tuple(stored_variant(desired, **changes) for changes in variants),
    )
    assert not is_half_made(stored)


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


def test_the_id_and_then_a_number_are_added_when_the_slug_is_taken() -> None:
    handles = first_handles(desired_product(7, title="Café Crème"))
    assert handles[:3] == ["cafe-creme", "cafe-creme-7", "cafe-creme-7-2"]


def test_a_title_without_a_slug_is_known_by_its_id() -> None:
    assert first_handles(desired_product(7, title="!!!"))[:2] == ["dummyjson-7", "dummyjson-7-2"]


@given(st.text(min_size=1, max_size=20))
def test_equal_titles_differ_from_the_second_candidate_on(title: str) -> None:
    one, other = (first_handles(with_fields(desired_product(n), title=title)) for n in (1, 2))
    assert not set(one[1:]) & set(other[1:])
