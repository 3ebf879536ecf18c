"""The record of a product: it survives the store, and shows what the source has changed."""

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.fields import FIELDS
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import (
    ONLY,
    RECORD_KEY,
    VERSION,
    Dropped,
    Pending,
    Record,
    VariantRecord,
    Write,
    applied,
)
from medusa_sync.core.record_form import parse_record
from medusa_sync.core.remembered import DIGEST, remember
from medusa_sync.core.selection import ALL
from medusa_sync.errors import ProductFailedError
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import DESIRED_PRODUCTS, as_json, desired_product

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
TEXTS = st.text(max_size=60) | st.from_regex(r"#[0-9a-f]{12}", fullmatch=True)
AMOUNTS = st.integers(0, 10**6) | st.floats(0, 1e6)


def shirt(*variants: dict[str, Any], **changes: Any) -> DesiredProduct:
    """A product with these variants."""
    of_single = dict.fromkeys(("sku", "stock", "price", "meta"), ABSENT)
    return desired_product(3, **of_single | {"variants": list(variants)} | changes)


@st.composite
def shirts(draw: st.DrawFn) -> DesiredProduct:
    """A product with up to six variants and two options, whose identities may be ids, SKUs or values."""
    names = draw(st.lists(st.sampled_from(["Size", "Colour", "Länge"]), min_size=1, max_size=2, unique=True))
    one_value = st.sampled_from(["S", "M", "L", "3", "x" * 50])
    rows = []
    for number, values in enumerate(
        draw(st.lists(st.tuples(*(one_value for _ in names)), min_size=1, max_size=6, unique=True))
    ):
        identity = st.sampled_from([number + 100, f"{number}:a,b", "0" * 150 + str(number)])
        more = {
            "id": identity,
            "sku": st.sampled_from([f"SKU {number}", f"{number}" * 50]),
            "barcode": st.uuids().map(str),
            "stock": st.integers(0, 100),
            "weight": AMOUNTS,
            "prices": st.dictionaries(st.sampled_from(["eur", "gbp", "jpy"]), AMOUNTS),
            "title": st.sampled_from(["A shirt", "x" * 50]),
        }
        options = {"price": 20, "options": dict(zip(names, values, strict=True))}
        rows.append(options | draw(st.fixed_dictionaries({}, optional=more)))
    return shirt(*rows, options=draw(st.sampled_from([names, ABSENT])))


ANY_PRODUCT = DESIRED_PRODUCTS | shirts()


def record_of(desired: DesiredProduct) -> Record:
    """The record of a complete product."""
    record = applied(desired)
    variants = {key: structs.replace(each, id=f"variant_{key}") for key, each in record.variants.items()}
    options = tuple(structs.replace(each, id=f"opt_{each.name}") for each in record.options)
    return structs.replace(record, variants=variants, options=options)


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
    if len(one) > 40 or DIGEST.fullmatch(one):
        assert DIGEST.fullmatch(str(remember(one)))
        assert remember(("red", one)) == ("red", remember(one))
    else:
        assert remember(one) == one


# --- parsing --------------------------------------------------------------------------------------------


PENDING = st.builds(
    lambda step, sent, at: Pending(step, {ONLY: sent}, {}, "usd", at),
    st.sampled_from(list(Write)),
    st.dictionaries(
        st.sampled_from(["price", "stock", "sku"]),
        st.lists(st.integers(0, 9) | TEXTS.map(remember), min_size=1, max_size=3).map(tuple),
        min_size=1,
    ),
    st.integers(0, 2**40),
)


@given(ANY_PRODUCT, st.booleans(), st.sampled_from([None, *Dropped]), st.none() | PENDING)
def test_a_record_survives_the_store(
    desired: DesiredProduct,
    drafted: bool,  # noqa: FBT001 - drawn
    dropped: Dropped | None,
    pending: Pending | None,
) -> None:
    """The store sorts the keys of objects, so the options of a product may have another order."""
    record = structs.replace(record_of(desired), drafted=drafted, pending=pending)
    gone = VariantRecord("variant_gone", {"price": 1}, dropped)
    record = structs.replace(record, variants={**record.variants, **({"gone": gone} if dropped else {})})
    read = parsed(record)
    assert read == record
    assert record.content == applied(desired).content
    assert ALL.is_up_to_date(read, desired) == (not drafted and pending is None)


@given(JSON | st.fixed_dictionaries({"fields": JSON}, optional={"version": JSON, "pending": JSON}))
@example({"fields": 1})
@example({"version": VERSION, "fields": {}, "pending": {"step": "unheard of"}})
@example({"version": VERSION - 1, "fields": {}})
@example({"fields": {"title": "Jug"}})
@example({"version": VERSION + 1, "fields": {}, "unheard": "of"})
def test_anything_else_under_our_key_is_no_record_but_a_newer_version_is_an_error(value: Any) -> None:
    version = value.get("version") if isinstance(value, dict) else None
    if isinstance(version, int) and version > VERSION:
        with pytest.raises(ProductFailedError, match=f"version {version}.*upgrade medusa-sync"):
            parse_record({RECORD_KEY: value})
        return
    record = parse_record({RECORD_KEY: value})
    assert record is None or (version == VERSION and record.fields.keys() <= value.get("fields", {}).keys())
    assert parse_record({"mine": value}) is parse_record(None) is None


# --- size -----------------------------------------------------------------------------------------------


def test_the_record_of_2000_variants_is_small() -> None:
    """Long texts are digests; a store reads the record of every product in a quiet run."""
    colour = "a colour with a long name " * 3
    desired = shirt(
        *(
            {
                "id": 4 * 10**13 + size,
                "sku": f"SH-{size}-{colour}",
                "title": f"{size} / {colour}",
                "price": 20,
                "stock": 4,
                "options": {"Size": str(size), "Colour": colour},
            }
            for size in range(2_000)
        )
    )
    record = applied(desired)
    new_id = "variant_01JZ0000000000000000000000"
    variants = {key: structs.replace(each, id=new_id) for key, each in record.variants.items()}
    assert len(msgspec.json.encode(structs.replace(record, variants=variants))) < 420_000


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


@given(DESIRED_PRODUCTS, st.sampled_from(list(FIELDS)))
def test_a_field_that_is_absent_from_the_record_counts_as_none(desired: DesiredProduct, name: str) -> None:
    """A release that adds a field to the table does not rewrite the records of products without it."""
    record = applied(desired)
    absent = structs.replace(record, fields={key: record.fields[key] for key in record.fields if key != name})
    assert ALL.is_up_to_date(absent, desired) == (desired.fields[name] is None)
