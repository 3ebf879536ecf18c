"""The record of a product: it survives the store in every version, and a note keeps the applied values."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.fields import FIELDS, Place
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import (
    DIGEST,
    RECORD_KEY,
    VERSION,
    Pending,
    Record,
    Step,
    applied,
    freed,
    noted,
    parse_record,
    remember,
)
from medusa_sync.errors import ProductFailedError
from tests.unit.builders import DESIRED_PRODUCTS, as_json, desired_product, record_1, with_fields

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
TEXTS = st.text(max_size=60) | st.from_regex(r"#[0-9a-f]{12}", fullmatch=True)
LATE = st.sets(st.sampled_from(["price", "stock", "sku"]))
UNIQUE = st.sets(st.sampled_from(["sku", "barcode"]), min_size=1)
STEPS = st.sampled_from(list(Step))
OF_VARIANT = {name for name, field in FIELDS.items() if field.is_of_variant}
KEPT = 8


def parsed(record: Any) -> Record | None:
    """A record as it is parsed from the store."""
    return parse_record({RECORD_KEY: as_json(record)})


def note(
    record: Record | None, desired: DesiredProduct, late: set[str], step: Step = Step.UPDATE, at: int = 0
) -> Record:
    values = {name: (desired.fields[name],) for name in late}
    return noted(record, desired, values, step, variant="variant_01", at=at)


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


@given(DESIRED_PRODUCTS, st.booleans())
def test_an_applied_record_survives_the_store(
    desired: DesiredProduct,
    drafted: bool,  # noqa: FBT001 - drawn
) -> None:
    record = structs.replace(applied(desired, variant="variant_01"), drafted=drafted)
    assert parsed(record) == record
    assert record.changed(desired) == []


@given(DESIRED_PRODUCTS, DESIRED_PRODUCTS, LATE, STEPS, st.integers(0, 2**40))
def test_a_note_survives_the_store(
    before: DesiredProduct, after: DesiredProduct, late: set[str], step: Step, at: int
) -> None:
    record = note(applied(before), after, late, step, at)
    assert parsed(record) == record
    assert record.pending is not None


@given(DESIRED_PRODUCTS, UNIQUE)
def test_a_note_of_freed_values_survives_the_store(desired: DesiredProduct, names: set[str]) -> None:
    record = freed(applied(desired), desired, names, at=1)
    assert parsed(record) == record


@given(JSON | st.fixed_dictionaries({"fields": JSON}, optional={"version": JSON, "pending": JSON}))
def test_anything_else_under_our_key_is_not_a_record(value: Any) -> None:
    version = value.get("version") if isinstance(value, dict) else None
    if isinstance(version, int) and version > VERSION:
        with pytest.raises(ProductFailedError):
            parse_record({RECORD_KEY: value})
        return
    record = parse_record({RECORD_KEY: value})
    assert record is None or record.fields.keys() <= value["fields"].keys()


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


# --- the first version ----------------------------------------------------------------------------------


@given(DESIRED_PRODUCTS, st.booleans())
def test_a_product_of_the_first_version_is_up_to_date(
    desired: DesiredProduct,
    drafted: bool,  # noqa: FBT001 - drawn
) -> None:
    record = parsed(record_1(desired, drafted=drafted))
    assert record == structs.replace(applied(desired), drafted=drafted)
    assert record.changed(desired) == []


@given(DESIRED_PRODUCTS)
def test_a_pending_creation_of_the_first_version_is_pending(desired: DesiredProduct) -> None:
    record = parsed(record_1(desired, pending="creation"))
    assert record is not None
    assert record.pending is not None
    assert record.pending.step is Step.CREATION
    assert record.pending.fields.keys() == OF_VARIANT
    assert set(record.changed(desired)) == {name for name in OF_VARIANT if desired.fields[name] is not None}
    for name in OF_VARIANT:
        assert record.applied(name, desired.currency) is None
        assert record.sent(name, desired.currency) == (remember(desired.fields[name]),)
        assert record.base(name, desired.currency) == remember(desired.fields[name])


@given(DESIRED_PRODUCTS)
def test_pending_stock_of_the_first_version_is_pending(desired: DesiredProduct) -> None:
    record = parsed(record_1(desired, pending="stock"))
    assert record is not None
    assert record.pending == Pending(Step.UPDATE, {"stock": (desired.fields["stock"],)}, desired.currency)
    assert record.changed(desired) == ([] if desired.fields["stock"] is None else ["stock"])


# --- changes of the source ------------------------------------------------------------------------------


@given(DESIRED_PRODUCTS, DESIRED_PRODUCTS)
def test_fields_with_other_values_have_changed(before: DesiredProduct, after: DesiredProduct) -> None:
    differ = [name for name in FIELDS if before.fields[name] != after.fields[name]]
    assert sorted(applied(before).changed(after)) == sorted(differ)


def test_a_new_currency_changes_the_price() -> None:
    before = desired_product()
    assert applied(before).changed(structs.replace(before, currency="eur")) == ["price"]


@given(DESIRED_PRODUCTS, st.sampled_from(list(FIELDS)))
def test_a_field_that_is_absent_from_the_record_counts_as_none(desired: DesiredProduct, name: str) -> None:
    """A release that adds a field to the table does not rewrite the records of products without it."""
    record = applied(desired)
    absent = structs.replace(record, fields={key: record.fields[key] for key in FIELDS if key != name})
    assert absent.changed(desired) == ([] if desired.fields[name] is None else [name])


# --- notes ----------------------------------------------------------------------------------------------


@given(DESIRED_PRODUCTS, DESIRED_PRODUCTS, LATE)
def test_a_note_marks_only_what_commits_with_the_product_row_as_applied(
    before: DesiredProduct, after: DesiredProduct, late: set[str]
) -> None:
    record, currency = applied(before), before.currency
    now = note(record, after, late)
    for name in FIELDS:
        expected = record.fields[name] if name in late else remember(after.fields[name])
        assert now.applied(name, currency) == expected
        assert now.sent(name, currency) == ((remember(after.fields[name]),) if name in late else ())
    assert now.variant == "variant_01"


@given(DESIRED_PRODUCTS, LATE)
def test_the_note_of_a_creation_has_no_late_field_as_applied(desired: DesiredProduct, late: set[str]) -> None:
    record = note(None, desired, late, Step.CREATION, at=7)
    assert record.fields.keys() == FIELDS.keys() - late
    assert record.pending == Pending(
        Step.CREATION, {name: (remember(desired.fields[name]),) for name in late}, desired.currency, 7
    )
    for name in late:
        assert record.base(name, desired.currency) == remember(desired.fields[name])


@given(st.lists(st.integers(0, 11), min_size=1, max_size=15))
def test_a_note_keeps_what_earlier_runs_sent_newest_last(prices: list[int]) -> None:
    desired = desired_product(price=1_000)
    record = applied(desired)
    for price in prices:
        record = note(record, with_fields(desired, price=price), {"price"})
    newest_last = list(dict.fromkeys(reversed(prices)))[::-1]
    assert record.applied("price", desired.currency) == 1_000
    assert record.sent("price", desired.currency) == tuple(newest_last[-KEPT:])


@given(DESIRED_PRODUCTS, DESIRED_PRODUCTS, UNIQUE)
def test_freed_values_stay_applied(before: DesiredProduct, after: DesiredProduct, names: set[str]) -> None:
    record = applied(before, variant="variant_01")
    now = freed(record, after, names, at=7)
    assert structs.replace(now, pending=None) == record
    assert now.pending is not None
    assert (now.pending.step, now.pending.at) == (Step.UPDATE, 7)
    assert now.pending.fields == {
        name: tuple(dict.fromkeys([None, remember(after.fields[name])])) for name in names
    }


@given(DESIRED_PRODUCTS, LATE, UNIQUE, STEPS)
def test_freed_values_keep_an_earlier_note(
    desired: DesiredProduct, late: set[str], names: set[str], step: Step
) -> None:
    earlier = note(applied(desired), with_fields(desired, price=3, stock=4, sku="NEW"), late, step)
    now = freed(earlier, desired, names, at=7)
    assert now.pending is not None
    assert now.pending.step is step
    for name in FIELDS:
        sent = earlier.sent(name, desired.currency)
        assert now.sent(name, desired.currency)[: len(sent)] == sent
        assert now.applied(name, desired.currency) == earlier.applied(name, desired.currency)


def test_values_can_be_freed_without_a_record() -> None:
    desired = desired_product(sku="ONE")
    record = freed(None, desired, ["sku"], at=7)
    assert record.fields == {}
    assert record.sent("sku", desired.currency) == (None, "ONE")


@given(DESIRED_PRODUCTS, LATE)
def test_an_applied_price_keeps_its_currency_until_another_is_acknowledged(
    before: DesiredProduct, late: set[str]
) -> None:
    after = structs.replace(with_fields(before, price=5), currency="eur")
    record = note(applied(before), after, {*late, "price"})
    assert record.applied("price", "usd") == before.fields["price"]
    assert record.applied("price", "eur") is None
    assert (record.sent("price", "eur"), record.sent("price", "usd")) == ((5,), ())
    assert "price" in record.changed(after)


@given(DESIRED_PRODUCTS, LATE)
def test_a_price_that_is_not_sent_is_applied_in_the_new_currency(
    before: DesiredProduct, late: set[str]
) -> None:
    after = structs.replace(before, currency="eur")
    assert note(applied(before), after, late - {"price"}).applied("price", "eur") == before.fields["price"]


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.place is not Place.PRICE])
def test_only_prices_have_a_currency(name: str) -> None:
    record = Record({name: "a"}, currency="usd", pending=Pending(Step.UPDATE, {name: ("b",)}, "usd"))
    assert (record.applied(name, "eur"), record.sent(name, "eur")) == ("a", ("b",))
