"""The record of a product: it survives the store, and shows what the source has changed."""

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.fields import FIELDS
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import (
    DIGEST,
    ONLY,
    RECORD_KEY,
    VERSION,
    Dropped,
    Pending,
    Record,
    Step,
    VariantRecord,
    applied,
    parse_record,
    remember,
)
from medusa_sync.core.selection import ALL
from medusa_sync.errors import ProductFailedError
from tests.unit.builders import (
    DESIRED_PRODUCTS,
    all_fields,
    as_json,
    desired_product,
    with_fields,
)
from tests.unit.shirts import record_of, shirt, shirt_of, shirts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
TEXTS = st.text(max_size=60) | st.from_regex(r"#[0-9a-f]{12}", fullmatch=True)
ANY_PRODUCT = DESIRED_PRODUCTS | shirts()
STEPS = st.sampled_from(list(Step))
SENT = st.dictionaries(
    st.sampled_from(["price", "stock", "sku"]),
    st.lists(st.integers(0, 9) | TEXTS.map(remember), min_size=1, max_size=3).map(tuple),
    min_size=1,
)


def parsed(record: Any) -> Record | None:
    """A record as it is parsed from the store."""
    return parse_record({RECORD_KEY: as_json(record)})


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
    assert record.holds_same(applied(desired))


@given(ANY_PRODUCT)
def test_a_product_is_up_to_date_with_the_record_that_the_store_returns(desired: DesiredProduct) -> None:
    """The store sorts the keys of objects, so the options of a product may have another order."""
    record = parsed(record_of(desired))
    assert record is not None
    assert ALL.is_up_to_date(record, desired)


@given(DESIRED_PRODUCTS, SENT, STEPS, st.integers(0, 2**40))
def test_what_is_being_sent_survives_the_store(
    desired: DesiredProduct, sent: dict[str, tuple[Value, ...]], step: Step, at: int
) -> None:
    pending = Pending(step, {ONLY: sent}, {}, desired.currency, at)
    record = structs.replace(applied(desired), pending=pending)
    assert parsed(record) == record
    assert not ALL.is_up_to_date(record, desired)


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
