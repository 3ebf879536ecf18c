"""The table of fields."""

from struct import pack, unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.fields import FIELDS, Merge, Place
from tests.unit.builders import desired_product

MEASUREMENTS = ("weight", "length", "height", "width")
SINGLE = st.floats(0, 1e9, width=32)


def names(**attributes: object) -> set[str]:
    """The fields whose rows have these attributes."""
    return {
        name
        for name, field in FIELDS.items()
        if all(getattr(field, attribute) == value for attribute, value in attributes.items())
    }


def test_the_table_has_exactly_the_fields_of_a_product() -> None:
    assert set(FIELDS) == set(desired_product().fields)


def test_price_and_stock_commit_after_the_product_row() -> None:
    assert names(commits_late=True) == {"price", "stock"}


def test_the_variant_has_four_fields() -> None:
    assert names(is_of_variant=True) == {"sku", "barcode", "price", "stock"}


def test_skus_and_barcodes_are_unique() -> None:
    assert names(unique=True) == {"sku", "barcode"}


def test_sets_are_merged_and_stock_follows_the_source() -> None:
    assert names(merge=Merge.UNION) == {"tags", "categories", "images"}
    assert names(merge=Merge.FOLLOW) == names(place=Place.LEVEL) == {"stock"}


@given(name=st.sampled_from(MEASUREMENTS), number=st.floats(0, 1e9))
def test_a_measurement_is_the_same_after_rounding(name: str, number: float) -> None:
    [rounded] = unpack("f", pack("f", number))
    assert FIELDS[name].same(rounded, number)


@given(name=st.sampled_from(MEASUREMENTS), one=SINGLE, other=SINGLE)
def test_different_measurements_in_single_precision_are_not_the_same(
    name: str, one: float, other: float
) -> None:
    assert FIELDS[name].same(one, other) == (one == other)


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_none_is_not_the_same_as_zero(name: str) -> None:
    assert FIELDS[name].same(None, None)
    assert not FIELDS[name].same(None, 0)
    assert not FIELDS[name].same(0, None)


def test_a_price_is_not_rounded() -> None:
    [rounded] = unpack("f", pack("f", 1.23456789))
    assert not FIELDS["price"].same(rounded, 1.23456789)
