"""Which stored variant is which."""

from typing import Any

import pytest
from msgspec import structs

from medusa_sync.core.options import OptionPlan
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import ONLY, Pending, Record, Step, applied, remember
from medusa_sync.core.stored import StoredOptionValue, StoredVariant
from medusa_sync.core.variants import match_variants
from tests.unit.builders import (
    applied_ids,
    desired_product,
    stored_product,
    stored_variant,
    with_fields,
    with_record,
)

OTHER = (StoredOptionValue("opt_01", "Other"),)
OLDER = {"id": "variant_00", "sku": "THEIRS", "barcode": "THEIRS", "options": OTHER}

# --- a product without variants at the source -----------------------------------------------------------


def owned(desired: DesiredProduct, record: Record | None, *variants: StoredVariant, **how: Any) -> str | None:
    """The id of our variant."""
    stored = with_record(stored_product(desired, variants=variants), record)
    matches = match_variants(desired, stored, stored.record, OptionPlan(), **how)
    assert matches.dropped == {}
    variant = matches.stored[ONLY]
    return variant.id if variant else None


def test_our_variant_is_the_one_in_the_record_even_if_its_sku_changed() -> None:
    desired = desired_product()
    theirs = stored_variant(desired, **OLDER)
    renamed = stored_variant(desired, sku="OURS", barcode=None)
    with_our_sku = stored_variant(desired, id="variant_02")
    record = applied_ids(desired)
    assert owned(desired, record, with_our_sku, renamed, theirs) == "variant_01"
    assert owned(desired, record, with_our_sku, theirs) is None


LONG = "x" * 50


@pytest.mark.parametrize("name", ["sku", "barcode"])
@pytest.mark.parametrize("value", ["WANTED", "APPLIED", LONG], ids=["wanted", "applied", "sent"])
def test_without_an_id_in_the_record_our_variant_has_our_sku_or_barcode(name: str, value: str) -> None:
    desired = with_fields(desired_product(sku=None, meta={}), **{name: "WANTED"})
    record = structs.replace(
        applied(with_fields(desired, **{name: "APPLIED"})),
        pending=Pending(Step.UPDATE, {ONLY: {name: (remember(LONG),)}}, currency=desired.currency),
    )
    ours = stored_variant(desired, options=OTHER, **{name: value})
    theirs = stored_variant(desired, **OLDER)
    assert owned(desired, record, ours, theirs) == ours.id
    assert owned(desired, record, theirs) is None


@pytest.mark.parametrize("recorded", [True, False])
def test_without_our_sku_our_variant_has_our_option_value(
    recorded: bool,  # noqa: FBT001 - a parameter
) -> None:
    desired = desired_product(sku=None, meta={})
    ours = stored_variant(desired, id="variant_09", sku="THEIRS")
    theirs = stored_variant(desired, **OLDER)
    record = applied(desired) if recorded else None
    assert owned(desired, record, theirs, ours) == "variant_09"
    assert owned(desired, record, theirs) is None


def test_a_variant_without_a_sku_does_not_match_a_missing_sku() -> None:
    desired = desired_product(sku=None, meta={})
    assert owned(desired, applied(desired), stored_variant(desired, options=OTHER)) is None


def test_in_an_adoption_our_variant_has_the_desired_sku() -> None:
    desired = desired_product()
    ours, other = stored_variant(desired, id="variant_02"), stored_variant(desired, **OLDER)
    assert owned(desired, None, other, ours, adopt=True) == "variant_02"


def test_in_an_adoption_without_our_sku_our_variant_is_the_oldest() -> None:
    desired = desired_product()
    later, oldest = (
        stored_variant(desired, id=f"variant_0{age}", sku="THEIRS", barcode=None, options=OTHER)
        for age in (2, 1)
    )
    assert owned(desired, None, later, oldest, adopt=True) == "variant_01"
    assert owned(desired, None, adopt=True) is None
