"""Plans of updates of products without variants at the source."""

from struct import pack, unpack
from typing import Any

import pytest
from hypothesis import given
from msgspec import structs

from medusa_sync.core.fields import FIELDS, Merge
from medusa_sync.core.note import is_recorded
from medusa_sync.core.policy import ConflictPolicy, OnConflict
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import NO_RECORD, ONLY, Pending, Step
from medusa_sync.core.stored import StoredProduct, StoredValue
from tests.unit.builders import (
    DESIRED_PRODUCTS,
    applied_ids,
    desired_product,
    stored_metadata,
    stored_product,
    stored_variant,
    with_fields,
    with_record,
)
from tests.unit.shirts import planned

SETS = [name for name, field in FIELDS.items() if field.merge is Merge.UNION]
EVERY_FIELD = [*FIELDS, "sku", "barcode", "price", "stock"]
STORE = ConflictPolicy(OnConflict.STORE)

Step3 = tuple[str, Value, Value]


def steps(desired: DesiredProduct, stored: StoredProduct, **how: Any) -> list[Step3]:
    """The planned changes: field, stored value, planned value."""
    return [(each.field, each.stored, each.planned) for each in planned(desired, stored, **how).changes]


# --- what changes ---------------------------------------------------------------------------------------


@given(DESIRED_PRODUCTS)
def test_a_store_that_holds_the_desired_values_is_up_to_date(desired: DesiredProduct) -> None:
    update = planned(desired, stored_product(desired))
    assert (is_recorded(update), update.conflicts) == (True, ())
    assert steps(desired, with_record(stored_product(desired), None)) == []
    assert steps(desired, stored_product(desired), overwrite=True) == []


@pytest.mark.parametrize("name", sorted({*EVERY_FIELD} - {"stock"}))
def test_a_field_that_the_source_never_had_belongs_to_the_merchant(name: str) -> None:
    nothing: Value = () if name in SETS else None
    desired = with_fields(desired_product(brand="Copperdell"), **{name: nothing})
    stored = with_record(stored_product(desired_product(brand="Ours")), applied_ids(desired))
    assert [step for step in steps(desired, stored, overwrite=True) if step[0] == name] == []


@pytest.mark.parametrize(
    ("before", "after", "edit", "changes"),
    [
        pytest.param({"title": "Jug"}, {"title": "Copper"}, {"title": "Copper"}, [], id="same change"),
        pytest.param({"weight": 0}, {"weight": 2}, {}, [("weight", 0, 2)], id="zero is a value"),
        pytest.param(
            {"weight": 1.23456789},
            {"weight": 2},
            {"weight": unpack("f", pack("f", 1.23456789))[0]},
            [("weight", unpack("f", pack("f", 1.23456789))[0], 2)],
            id="rounded by Medusa",
        ),
        pytest.param(
            {"price": 1}, {"price": 2}, {"status": "draft"}, [("price", 1, 2)], id="draft of the merchant"
        ),
        pytest.param({"stock": None}, {"stock": 5}, {}, [("stock", None, 5)], id="new stock"),
        pytest.param(
            {"stock": 9},
            {"stock": 20},
            {"variants": (stored_variant(desired_product(stock=4)),)},
            [("stock", 4, 20)],
            id="orders lower the stock",
        ),
        pytest.param(
            {"stock": 5},
            {"stock": 9},
            {"variants": (stored_variant(desired_product(), manage_inventory=False, inventory_items=()),)},
            [],
            id="stock that the merchant stopped managing",
        ),
    ],
)
def test_what_is_no_conflict(
    before: dict[str, Any], after: dict[str, Any], edit: dict[str, Any], changes: list[Step3]
) -> None:
    stored = stored_product(desired_product(**before), **edit)
    update = planned(desired_product(**after), stored, on_conflict=STORE)
    assert (steps(desired_product(**after), stored), update.conflicts) == (changes, ())
    assert not is_recorded(update)


def test_metadata_that_is_not_plain_is_reported_as_json() -> None:
    before, after = desired_product(brand="Copperdell"), desired_product(brand="Elmsworthy")
    stored = stored_product(before, metadata=stored_metadata(before) | {"brand": {"name": "Ours"}})
    assert steps(after, stored) == [("metadata.brand", '{"name":"Ours"}', "Elmsworthy")]


def test_a_digest_is_replaced_by_its_text_if_one_side_still_has_it() -> None:
    one, two, three = ("x" * 50, "y" * 50, "z" * 50)
    before, after = (desired_product(description=text) for text in (one, two))
    [change] = planned(after, stored_product(before)).changes
    assert change.applied == one
    [change] = planned(after, stored_product(before, description=three)).changes
    assert str(change.applied).startswith("#")
    tagged, more = (desired_product(tags=tags) for tags in ([one], [one, two]))
    [change] = planned(more, stored_product(tagged)).changes
    assert change.applied == (one,)


@pytest.mark.parametrize("how", [{"overwrite": True}, {"adopt": True}], ids=["overwrite", "adopt"])
def test_drift_is_reverted_if_asked(how: dict[str, Any]) -> None:
    desired = desired_product(title="Jug", tags=["jugs", "copper"])
    tags = tuple(StoredValue(f"id of {tag}", tag) for tag in ("ours", "copper"))
    edited = stored_product(desired, title="Our Jug", tags=tags)
    update = planned(desired, edited, **how)
    after = {change.field: change.planned for change in update.changes}
    assert after == {"title": "Jug", "tags": ("ours", "copper", "jugs")}
    assert (update.conflicts, update.adopted) == ((), "adopt" in how)
    assert (update.record is NO_RECORD) == ("adopt" in how)


def test_an_unknown_field_in_the_record_is_ignored() -> None:
    """An older version reads the records of a newer one that added a field, or the merchant edited them."""
    before, after = desired_product(price=1), desired_product(price=2)
    record = applied_ids(before)
    [variant] = record.variants.values()
    extended = structs.replace(
        record,
        fields={**record.fields, "unheard_of": "x"},
        variants={ONLY: structs.replace(variant, fields={**variant.fields, "unheard_of": 1})},
        pending=Pending(Step.UPDATE, {ONLY: {"unheard_of": (1,)}}, currency="usd"),
    )
    assert steps(after, with_record(stored_product(before), extended)) == [("price", 1, 2)]
