"""The tables of fields."""

from struct import pack, unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.core.fields import FIELDS, VARIANT_FIELDS, Field, Merge, Place
from tests.unit.builders import desired_product
from tests.unit.shirts import shirt, size

MEASUREMENTS = ("weight", "length", "height", "width")
SINGLE = st.floats(0, 1e9, width=32)


def names(**attributes: object) -> set[str]:
    """The fields of products and variants whose rows have these attributes."""
    return {
        name
        for table in (FIELDS, VARIANT_FIELDS)
        for name, field in table.items()
        if all(getattr(field, attribute) == value for attribute, value in attributes.items())
    }


def test_the_table_has_exactly_the_fields_of_a_product() -> None:
    assert set(FIELDS) == set(desired_product().fields)


def test_the_table_of_variants_has_every_field_of_a_variant_but_options_and_other_prices() -> None:
    [variant] = shirt(size("S", barcode="1", weight=1, prices={"eur": 1})).variants
    assert set(variant.fields) == {*VARIANT_FIELDS, "option.Size", "price.eur"} - {"sale_price"}


@pytest.mark.parametrize(
    ("name", "place"),
    [("option.Size", Place.OPTION), ("option.", Place.OPTION), ("price.eur", Place.PRICE)],
)
def test_options_and_prices_of_a_variant_are_fields(name: str, place: Place) -> None:
    assert VARIANT_FIELDS[name] == Field(name, place)


def test_each_key_of_the_metadata_is_a_field() -> None:
    assert FIELDS["metadata.fabric"] == Field("metadata.fabric", Place.METADATA)


@pytest.mark.parametrize("name", ["unheard_of", "option.Size", "price.eur"])
def test_a_product_has_no_other_fields(name: str) -> None:
    with pytest.raises(KeyError):
        FIELDS[name]


@pytest.mark.parametrize("name", ["unheard_of", "subtitle"])
def test_a_variant_has_no_other_fields(name: str) -> None:
    with pytest.raises(KeyError):
        VARIANT_FIELDS[name]


def test_using_a_field_that_is_not_in_the_table_does_not_change_the_table() -> None:
    before = [list(FIELDS), list(VARIANT_FIELDS)]
    assert FIELDS["metadata.another"].name not in FIELDS
    assert VARIANT_FIELDS["option.another"].name not in VARIANT_FIELDS
    assert [list(FIELDS), list(VARIANT_FIELDS)] == before


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


@pytest.mark.parametrize("name", ["price", "price.eur"])
def test_a_price_is_not_rounded(name: str) -> None:
    [rounded] = unpack("f", pack("f", 1.23456789))
    assert not VARIANT_FIELDS[name].same(rounded, 1.23456789)


@given(number=st.floats(0, 1e9))
def test_the_weight_of_a_variant_is_the_same_after_rounding(number: float) -> None:
    [rounded] = unpack("f", pack("f", number))
    assert VARIANT_FIELDS["weight"].same(rounded, number)
