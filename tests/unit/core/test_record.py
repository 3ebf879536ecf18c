"""The record of a product: it survives the store, and a note keeps the applied values."""

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.fields import FIELDS, VARIANT_FIELDS, Place
from medusa_sync.core.note import freed, noted
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import (
    DIGEST,
    ONLY,
    RECORD_KEY,
    VERSION,
    Dropped,
    History,
    Pending,
    Record,
    Step,
    VariantRecord,
    applied,
    fingerprint,
    parse_record,
    remember,
)
from medusa_sync.core.selection import ALL
from medusa_sync.errors import ProductFailedError
from tests.unit.builders import (
    DESIRED_PRODUCTS,
    all_fields,
    applied_ids,
    as_json,
    desired_product,
    with_fields,
)
from tests.unit.shirts import record_of, shirt, shirt_of, shirts, size

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
TEXTS = st.text(max_size=60) | st.from_regex(r"#[0-9a-f]{12}", fullmatch=True)
ANY_PRODUCT = DESIRED_PRODUCTS | shirts()
LATE = st.sets(st.sampled_from(["price", "stock", "sku"]))
UNIQUE = st.sets(st.sampled_from(["sku", "barcode"]), min_size=1)
STEPS = st.sampled_from(list(Step))
OF_VARIANT = ("sku", "barcode", "price", "stock")
KEPT = 8


def parsed(record: Any) -> Record | None:
    """A record as it is parsed from the store."""
    return parse_record({RECORD_KEY: as_json(record)})


def note(
    record: Record | None, desired: DesiredProduct, late: set[str], step: Step = Step.UPDATE, at: int = 0
) -> Record:
    """The note of a product with a single variant, of which some fields commit late."""
    fields = desired.variants[0].fields
    values = {ONLY: {name: (fields.get(name),) for name in late}}
    return noted(record, applied_ids(desired), values, step, at=at)


def free(record: Record | None, desired: DesiredProduct, names: set[str], *, at: int = 0) -> Record:
    """The note of a product whose only variant gives its unique values away."""
    fields = desired.variants[0].fields
    return freed(record, {ONLY: {name: (None, fields.get(name)) for name in names}}, desired.currency, at=at)


def history(record: Record, name: str, currency: str = "usd", key: str = ONLY) -> History:
    """What was written to a field of the product, or of one of its variants."""
    return record.history(name) if name in FIELDS else record.variant_history(key, name, currency)


# --- remembered values ----------------------------------------------------------------------------------


@given(TEXTS, TEXTS)
@example("#0123456789ab", "x" * 41)
def test_different_texts_are_remembered_differently(one: str, other: str) -> None:
    assert (remember(one) == remember(other)) == (one == other)


@given(TEXTS)
@example("x" * 50_000)
def test_a_remembered_text_is_short(text: str) -> None:
    assert len(str(remember(text))) <= 40


@pytest.mark.parametrize("value", [None, 0, 9.99, "", "short", "#0123456789a", (), ("red", "blue")])
def test_short_values_are_remembered_as_they_are(value: Value) -> None:
    assert remember(value) == value


def test_a_text_that_looks_like_a_digest_becomes_a_digest() -> None:
    digest = remember("x" * 41)
    assert DIGEST.fullmatch(str(digest))
    assert remember(digest) != digest


def test_members_of_a_set_are_remembered_one_by_one() -> None:
    assert remember(("red", "x" * 41)) == ("red", remember("x" * 41))


# --- parsing --------------------------------------------------------------------------------------------


@given(ANY_PRODUCT, st.booleans(), st.sampled_from([None, *Dropped]))
def test_an_applied_record_survives_the_store(
    desired: DesiredProduct,
    drafted: bool,  # noqa: FBT001 - drawn
    dropped: Dropped | None,
) -> None:
    record = structs.replace(record_of(desired), drafted=drafted)
    gone = VariantRecord("variant_gone", {"price": 1}, dropped)
    record = structs.replace(record, variants={**record.variants, **({"gone": gone} if dropped else {})})
    assert parsed(record) == record
    assert not record.differs_from(desired)


@given(ANY_PRODUCT)
def test_a_product_is_up_to_date_with_the_record_that_the_store_returns(desired: DesiredProduct) -> None:
    """The store sorts the keys of objects, so the options of a product may have another order."""
    record = parsed(record_of(desired))
    assert record is not None
    assert ALL.is_up_to_date(record, desired)
    assert fingerprint(desired.external_id, record) == fingerprint(desired.external_id, applied(desired))


@given(DESIRED_PRODUCTS, DESIRED_PRODUCTS, LATE, STEPS, st.integers(0, 2**40))
def test_a_note_survives_the_store(
    before: DesiredProduct, after: DesiredProduct, late: set[str], step: Step, at: int
) -> None:
    record = note(applied(before), after, late, step, at)
    assert parsed(record) == record
    assert record.pending is not None


@given(DESIRED_PRODUCTS, UNIQUE)
def test_a_note_of_freed_values_survives_the_store(desired: DesiredProduct, names: set[str]) -> None:
    record = free(applied(desired), desired, names, at=1)
    assert parsed(record) == record


@given(JSON | st.fixed_dictionaries({"fields": JSON}, optional={"version": JSON, "pending": JSON}))
def test_anything_else_under_our_key_is_not_a_record(value: Any) -> None:
    version = value.get("version") if isinstance(value, dict) else None
    if isinstance(version, int) and version > VERSION:
        with pytest.raises(ProductFailedError):
            parse_record({RECORD_KEY: value})
        return
    record = parse_record({RECORD_KEY: value})
    assert record is None or record.fields.keys() <= value.get("fields", {}).keys()


@pytest.mark.parametrize(
    "metadata",
    [None, {}, {RECORD_KEY: None}, {RECORD_KEY: "gone"}, {RECORD_KEY: {"fields": 1}}, {RECORD_KEY: {}}],
)
def test_without_a_readable_record_there_is_none(metadata: dict[str, Any] | None) -> None:
    assert parse_record(metadata) is None


@given(DESIRED_PRODUCTS, st.integers(VERSION + 1, 99))
def test_a_record_of_a_newer_version_is_an_error(desired: DesiredProduct, version: int) -> None:
    record = as_json(applied(desired)) | {"version": version, "unheard": "of"}
    with pytest.raises(ProductFailedError, match=f"version {version}.*upgrade medusa-sync"):
        parse_record({RECORD_KEY: record})


def test_the_record_of_2000_variants_is_small() -> None:
    """Long texts are digests; a store reads the record of every product in a quiet run."""
    variants = [
        {
            "id": 40_000_000_000_000 + number,
            "sku": f"SHIRT-{number:04d}-XL-RED",
            "price": 19.99,
            "stock": 1_000,
            "title": f"Size {number} / {'a colour with a long name ' * 3}",
            "options": {"Size": str(number), "Colour": "a colour with a long name " * 3},
        }
        for number in range(2_000)
    ]
    desired = shirt(*variants)
    ids = {each.key: "variant_01JZ0000000000000000000000" for each in desired.variants}
    assert len(msgspec.json.encode(applied(desired, variants=ids))) < 400_000


# --- changes of the source ------------------------------------------------------------------------------


@given(DESIRED_PRODUCTS, DESIRED_PRODUCTS)
def test_a_product_is_up_to_date_if_no_field_has_changed(
    before: DesiredProduct, after: DesiredProduct
) -> None:
    assert ALL.is_up_to_date(applied(before), after) == (all_fields(before) == all_fields(after))


@given(shirts(), shirts())
def test_a_product_with_variants_is_up_to_date_if_neither_it_nor_they_have_changed(
    before: DesiredProduct, after: DesiredProduct
) -> None:
    variants = [{each.key: each.fields for each in product.variants} for product in (before, after)]
    is_same = variants[0] == variants[1] and set(before.options) == set(after.options)
    assert ALL.is_up_to_date(record_of(before), after) == is_same


@given(DESIRED_PRODUCTS, st.data())
def test_a_changed_field_is_a_change(before: DesiredProduct, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(before.fields)))
    after = with_fields(before, **{name: "something else"})
    assert not ALL.is_up_to_date(applied(before), after)


@given(shirts(), st.data())
def test_a_changed_field_of_a_variant_is_a_change(before: DesiredProduct, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(before.variants) - 1))
    name = data.draw(st.sampled_from([*before.variants[place].fields, "price.chf"]))
    fields = {**before.variants[place].fields, name: 7_654_321}
    variants = list(before.variants)
    variants[place] = structs.replace(variants[place], fields=fields)
    record = record_of(before)
    assert not ALL.is_up_to_date(record, structs.replace(before, variants=tuple(variants)))
    assert ALL.is_up_to_date(record, structs.replace(before, variants=tuple(reversed(before.variants))))


def test_a_variant_that_is_added_or_dropped_is_a_change() -> None:
    two, three = shirt_of("S", "M"), shirt_of("S", "M", "L")
    assert not ALL.is_up_to_date(record_of(two), three)
    assert not ALL.is_up_to_date(record_of(three), two)


def test_a_variant_that_was_dropped_and_comes_back_is_a_change() -> None:
    two, one = shirt_of("S", "M"), shirt_of("S")
    record = record_of(two)
    gone = structs.replace(record.variants["3-M"], dropped=Dropped.KEPT)
    record = structs.replace(record, variants={**record.variants, "3-M": gone})
    assert ALL.is_up_to_date(record, one)
    assert not ALL.is_up_to_date(record, two)


def test_a_new_currency_changes_the_price() -> None:
    before = desired_product()
    assert not ALL.is_up_to_date(applied(before), structs.replace(before, currency="eur"))


@given(DESIRED_PRODUCTS, st.sampled_from(list(FIELDS)))
def test_a_field_that_is_absent_from_the_record_counts_as_none(desired: DesiredProduct, name: str) -> None:
    """A release that adds a field to the table does not rewrite the records of products without it."""
    record = applied(desired)
    absent = structs.replace(record, fields={key: record.fields[key] for key in record.fields if key != name})
    assert ALL.is_up_to_date(absent, desired) == (desired.fields[name] is None)


@pytest.mark.parametrize(
    "changes", [{"drafted": True}, {"deleted": True}, {"pending": Pending(Step.UPDATE)}], ids=str
)
def test_a_product_with_a_draft_a_deletion_or_a_pending_write_is_not_up_to_date(
    changes: dict[str, Any],
) -> None:
    desired = desired_product()
    assert not ALL.is_up_to_date(structs.replace(applied(desired), **changes), desired)


@given(ANY_PRODUCT, ANY_PRODUCT)
def test_two_records_have_the_same_fingerprint_if_nothing_has_changed(
    before: DesiredProduct, after: DesiredProduct
) -> None:
    one, other = record_of(before), applied(after)
    is_same = fingerprint(before.external_id, one) == fingerprint(before.external_id, other)
    assert is_same == (not one.differs_from(after))


def test_a_fingerprint_does_not_depend_on_what_was_read_before() -> None:
    desired = desired_product(metadata={"season": "summer", "fabric": "linen"})
    before = fingerprint(desired.external_id, applied(desired))
    assert FIELDS["metadata.season"].place is Place.METADATA
    assert fingerprint(desired.external_id, applied(desired)) == before


# --- notes ----------------------------------------------------------------------------------------------


@given(DESIRED_PRODUCTS, DESIRED_PRODUCTS, LATE)
def test_a_note_marks_only_what_commits_with_the_product_row_as_applied(
    before: DesiredProduct, after: DesiredProduct, late: set[str]
) -> None:
    record = applied(before)
    now = note(record, after, late)
    for name in {*FIELDS, *OF_VARIANT}:
        is_late, value = name in late, remember(all_fields(after)[name])
        expected = history(record, name).applied if is_late else value
        assert history(now, name).applied == expected
        assert history(now, name).sent == ((value,) if is_late else ())
    assert now.variants[ONLY].id == "variant_01"


@given(DESIRED_PRODUCTS, LATE)
def test_the_note_of_a_creation_has_no_late_field_as_applied(desired: DesiredProduct, late: set[str]) -> None:
    record = note(None, desired, late, Step.CREATION, at=7)
    fields = desired.variants[0].fields
    assert record.fields.keys() == {name for name in FIELDS if desired.fields[name] is not None}
    assert record.variants[ONLY].fields.keys() == fields.keys() - late
    sent: dict[str, tuple[Value, ...]] = {name: (remember(fields.get(name)),) for name in late}
    assert record.pending == Pending(Step.CREATION, {ONLY: sent}, {}, desired.currency, 7)
    for name in late:
        assert history(record, name).base == remember(fields.get(name))


@given(st.lists(st.integers(0, 11), min_size=1, max_size=15))
def test_a_note_keeps_what_earlier_runs_sent_newest_last(prices: list[int]) -> None:
    desired = desired_product(price=1_000)
    record = applied(desired)
    for price in prices:
        record = note(record, with_fields(desired, price=price), {"price"})
    newest_last = list(dict.fromkeys(reversed(prices)))[::-1]
    assert history(record, "price").applied == 1_000
    assert history(record, "price").sent == tuple(newest_last[-KEPT:])


def test_a_note_is_about_the_variant_that_it_names() -> None:
    before, after = shirt_of("S", "M"), shirt(size("S", price=30), size("M", price=40))
    now = noted(record_of(before), record_of(after), {"3-M": {"price": (40,)}}, Step.UPDATE)
    assert history(now, "price", key="3-M") == History(20, (40,), 20)
    assert history(now, "price", key="3-S") == History(30, (), 30)


def test_nothing_is_known_about_a_variant_that_is_not_in_the_record() -> None:
    assert history(record_of(shirt_of("S")), "price", key="3-M") == History(None)


@given(DESIRED_PRODUCTS, DESIRED_PRODUCTS, UNIQUE)
def test_freed_values_stay_applied(before: DesiredProduct, after: DesiredProduct, names: set[str]) -> None:
    record = applied_ids(before)
    now = free(record, after, names, at=7)
    assert structs.replace(now, pending=None) == record
    assert now.pending is not None
    assert (now.pending.step, now.pending.at) == (Step.UPDATE, 7)
    fields = after.variants[0].fields
    assert now.pending.variants == {
        ONLY: {name: tuple(dict.fromkeys([None, remember(fields.get(name))])) for name in names}
    }


@given(DESIRED_PRODUCTS, LATE, UNIQUE, STEPS)
def test_freed_values_keep_an_earlier_note(
    desired: DesiredProduct, late: set[str], names: set[str], step: Step
) -> None:
    earlier = note(applied(desired), with_fields(desired, price=3, stock=4, sku="NEW"), late, step)
    now = free(earlier, desired, names, at=7)
    assert now.pending is not None
    assert now.pending.step is step
    for name in OF_VARIANT:
        sent = history(earlier, name).sent
        assert history(now, name).sent[: len(sent)] == sent
        assert history(now, name).applied == history(earlier, name).applied


def test_values_can_be_freed_without_a_record() -> None:
    record = free(None, desired_product(sku="ONE"), {"sku"}, at=7)
    assert (record.fields, record.variants) == ({}, {})
    assert history(record, "sku").sent == (None, "ONE")


@given(DESIRED_PRODUCTS, LATE)
def test_an_applied_price_keeps_its_currency_until_another_is_acknowledged(
    before: DesiredProduct, late: set[str]
) -> None:
    after = structs.replace(with_fields(before, price=5), currency="eur")
    record = note(applied(before), after, {*late, "price"})
    assert history(record, "price", "usd") == History(
        before.variants[0].fields["price"], (), before.variants[0].fields["price"]
    )
    assert history(record, "price", "eur").applied is None
    assert history(record, "price", "eur").sent == (5,)
    assert not ALL.is_up_to_date(record, after)


@given(DESIRED_PRODUCTS, LATE)
def test_a_price_that_is_not_sent_is_applied_in_the_new_currency(
    before: DesiredProduct, late: set[str]
) -> None:
    after = structs.replace(before, currency="eur")
    record = note(applied(before), after, late - {"price"})
    assert history(record, "price", "eur").applied == before.variants[0].fields["price"]


@pytest.mark.parametrize(
    "name", sorted({*VARIANT_FIELDS, "option.Size", "price.gbp"} - {"price", "sale_price"})
)
def test_only_prices_in_the_main_currency_have_a_currency(name: str) -> None:
    record = Record(
        currency="usd",
        variants={ONLY: VariantRecord("", {name: "a"})},
        pending=Pending(Step.UPDATE, {ONLY: {name: ("b",)}}, currency="usd"),
    )
    assert record.variant_history(ONLY, name, "eur") == History("a", ("b",), "a")
