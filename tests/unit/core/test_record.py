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
    as_json,
    desired_product,
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
@example("x" * 50_000, "")
def test_different_texts_are_remembered_differently_and_short(one: str, other: str) -> None:
    assert (remember(one) == remember(other)) == (one == other)
    assert len(str(remember(one))) <= 40


@pytest.mark.parametrize("value", [None, 0, 9.99, "", "short", "#0123456789a", (), ("red", "blue")])
def test_short_values_are_remembered_as_they_are(value: Value) -> None:
    assert remember(value) == value


def test_long_texts_become_digests_also_in_sets_and_so_do_texts_that_look_like_one() -> None:
    digest = remember("x" * 41)
    assert DIGEST.fullmatch(str(digest))
    assert remember(digest) != digest
    assert remember(("red", "x" * 41)) == ("red", digest)


# --- parsing --------------------------------------------------------------------------------------------


@given(ANY_PRODUCT, st.booleans(), st.sampled_from([None, *Dropped]))
def test_an_applied_record_survives_the_store(
    desired: DesiredProduct,
    drafted: bool,  # noqa: FBT001 - drawn
    dropped: Dropped | None,
) -> None:
    """The store sorts the keys of objects, so the options of a product may have another order."""
    record = structs.replace(record_of(desired), drafted=drafted)
    gone = VariantRecord("variant_gone", {"price": 1}, dropped)
    record = structs.replace(record, variants={**record.variants, **({"gone": gone} if dropped else {})})
    read = parsed(record)
    assert read == record
    assert record.content == applied(desired).content
    assert ALL.is_up_to_date(read, desired) == (not drafted)


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


def content(product: DesiredProduct) -> object:
    """What a record compares; the order of variants and options does not matter."""
    variants = {each.key: each.fields for each in product.variants}
    return product.fields, product.currency, variants, set(product.options)


@given(ANY_PRODUCT, ANY_PRODUCT, st.data())
def test_a_product_is_up_to_date_if_neither_it_nor_its_variants_have_changed(
    before: DesiredProduct, after: DesiredProduct, data: st.DataObject
) -> None:
    record = record_of(before)
    assert ALL.is_up_to_date(record, after) == (content(before) == content(after))
    assert ALL.is_up_to_date(record, structs.replace(before, variants=tuple(reversed(before.variants))))
    name = data.draw(st.sampled_from(list(before.fields)))
    changed = structs.replace(before, fields={**before.fields, name: "something else"})
    assert not ALL.is_up_to_date(record, changed)
    place = data.draw(st.integers(0, len(before.variants) - 1))
    name = data.draw(st.sampled_from([*before.variants[place].fields, "price.chf"]))
    variants = list(before.variants)
    fields = {**before.variants[place].fields, name: 7_654_321}
    variants[place] = structs.replace(variants[place], fields=fields)
    assert not ALL.is_up_to_date(record, structs.replace(before, variants=tuple(variants)))
    assert not ALL.is_up_to_date(record, structs.replace(before, currency="eur"))


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
