"""Records of earlier versions: a store that one of them synced is quiet."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json, structs

from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import (
    ONLY,
    RECORD_KEY,
    History,
    Pending,
    Record,
    Step,
    VariantRecord,
    applied,
    remember,
)
from medusa_sync.core.record_versions import parse_record
from medusa_sync.core.selection import ALL
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import (
    DESIRED_PRODUCTS,
    all_fields,
    as_json,
    desired_product,
    record_1,
    stored_product,
    with_record,
)
from tests.unit.shirts import planned

OF_VARIANT = ("sku", "barcode", "price", "stock")


def parsed(record: Any) -> Record:
    """A record as it is parsed from the store."""
    found = parse_record({RECORD_KEY: as_json(record)})
    assert found is not None
    return found


def written(record: str, *more: str) -> Any:
    """The JSON that an earlier version wrote."""
    return json.decode("".join((record, *more)))


JUG: Final = desired_product(
    7,
    title="Copper Jug",
    subtitle="For milk",
    description="Holds a litre, pours well, and looks better with every year.",
    category="kitchen",
    price=9.99,
    rating=4.31,
    stock=12,
    tags=["jugs", "copper"],
    sku="KIT-7",
    weight=3,
    dimensions={"width": 10.5, "height": 20, "depth": 30.25},
    reviews=[{}, {}],
    meta={"barcode": "2001000000071"},
    images=["https://cdn.example/1.webp"],
    thumbnail=ABSENT,
    brand="Copperdell",
    discountPercentage=ABSENT,
    warrantyInformation=ABSENT,
    shippingInformation=ABSENT,
    returnPolicy=ABSENT,
    minimumOrderQuantity=ABSENT,
    availabilityStatus=ABSENT,
)
BARE: Final = structs.replace(
    JUG,
    fields={name: () if isinstance(value, tuple) else None for name, value in JUG.fields.items()}
    | {"title": "Bare"},
    variants=(structs.replace(JUG.variants[0], fields={"price": 1}),),
)

# --- the second version ---------------------------------------------------------------------------------

OF_JUG: Final = (
    '"title":"Copper Jug","subtitle":"For milk","description":"#9b9af3804204",'
    '"thumbnail":"https://cdn.example/1.webp","weight":3,"length":30.25,"height":20,"width":10.5,'
    '"origin_country":null,"hs_code":null,"mid_code":null,"material":null,"categories":["kitchen"],'
    '"tags":["jugs","copper"],"images":["https://cdn.example/1.webp"],"metadata.brand":"Copperdell",'
    '"metadata.rating":4.31,"metadata.review_count":2,"metadata.discount_percentage":null,'
    '"metadata.warranty_information":null,"metadata.shipping_information":null,'
    '"metadata.return_policy":null,"metadata.minimum_order_quantity":null,'
    '"metadata.availability_status":null'
)
UNIQUE: Final = ',"sku":"KIT-7","barcode":"2001000000071"'
REST: Final = '},"currency":"usd","variant":"variant_01"'

JUG_2: Final = written(f'{{"version":2,"fields":{{{OF_JUG}{UNIQUE},"price":9.99,"stock":12{REST}}}')
BARE_2: Final = written(
    '{"version":2,"fields":{"title":"Bare","subtitle":null,"description":null,"thumbnail":null,"weight":null,',
    '"length":null,"height":null,"width":null,"origin_country":null,"hs_code":null,"mid_code":null,',
    '"material":null,"categories":[],"tags":[],"images":[],"sku":null,"barcode":null,"price":1,"stock":null,',
    '"metadata.brand":null,"metadata.rating":null},"currency":"usd"}',
)
CREATED_2: Final = written(
    f'{{"version":2,"fields":{{{OF_JUG}}},"currency":"usd","pending":{{"step":"creation","fields":{{',
    '"sku":["KIT-7"],"barcode":["2001000000071"],"price":[9.99],"stock":[12]},',
    '"currency":"usd","at":1700000000}}',
)
UPDATED_2: Final = written(
    f'{{"version":2,"fields":{{{OF_JUG}{UNIQUE},"price":9.99,"stock":12{REST},"pending":{{',
    '"step":"update","fields":{"price":[12.5],"stock":[3]},"currency":"usd","at":1700000000}}',
)
IMAGES_2: Final = written(
    f'{{"version":2,"fields":{{{OF_JUG}{UNIQUE},"price":9.99,"stock":12{REST},'
    '"pending":{"step":"update","currency":"usd","at":1700000000}}'
)


@pytest.mark.parametrize(
    ("record", "desired", "variant"),
    [
        (JUG_2, JUG, VariantRecord("variant_01", dict(JUG.variants[0].fields))),
        (BARE_2, BARE, VariantRecord("", {"price": 1})),
    ],
    ids=["full", "bare"],
)
def test_a_product_of_the_second_version_is_up_to_date(
    record: Any, desired: DesiredProduct, variant: VariantRecord
) -> None:
    now = parsed(record)
    assert now.variants == {ONLY: variant}
    assert ALL.is_up_to_date(now, desired)
    assert planned(desired, with_record(stored_product(desired), record)).is_up_to_date
    assert parsed(record | {"drafted": True}) == structs.replace(now, drafted=True)


def test_a_pending_creation_of_the_second_version_is_pending() -> None:
    record = parsed(CREATED_2)
    sent: dict[str, tuple[Value, ...]] = {
        "sku": ("KIT-7",),
        "barcode": ("2001000000071",),
        "price": (9.99,),
        "stock": (12,),
    }
    assert record.pending == Pending(Step.CREATION, {ONLY: sent}, {}, "usd", 1_700_000_000)
    assert record.variants == {ONLY: VariantRecord()}


def test_a_pending_update_of_the_second_version_is_pending() -> None:
    record = parsed(UPDATED_2)
    assert record.variant_history(ONLY, "price", "usd") == History(9.99, (12.5,), 9.99)
    assert record.variant_history(ONLY, "stock", "usd") == History(12, (3,), 12)
    assert record.variant_history(ONLY, "sku", "usd") == History("KIT-7", (), "KIT-7")
    assert record.variants[ONLY].id == "variant_01"
    images = parsed(IMAGES_2)
    assert images.pending == Pending(Step.UPDATE, {}, {}, "usd", 1_700_000_000)
    assert not ALL.is_up_to_date(images, JUG)


@pytest.mark.parametrize(
    "record",
    [
        {"version": 2},
        {"version": 2, "fields": []},
        {"version": 2, "fields": {}, "pending": {"step": "unheard of"}},
        {"version": 2, "fields": {}, "variant": None},
        {"version": 0, "fields": {}},
        {"version": "2", "fields": {}},
    ],
    ids=str,
)
def test_what_no_version_wrote_is_not_a_record(record: Any) -> None:
    assert parse_record({RECORD_KEY: record}) is None


# --- the first version ----------------------------------------------------------------------------------


@given(DESIRED_PRODUCTS, st.booleans())
def test_a_product_of_the_first_version_is_up_to_date(
    desired: DesiredProduct,
    drafted: bool,  # noqa: FBT001 - drawn
) -> None:
    record = parsed(record_1(desired, drafted=drafted))
    assert record == structs.replace(applied(desired), drafted=drafted)
    assert record.holds_same(applied(desired))


@given(DESIRED_PRODUCTS)
def test_a_pending_creation_of_the_first_version_is_pending(desired: DesiredProduct) -> None:
    record = parsed(record_1(desired, pending="creation"))
    assert record.pending is not None
    assert record.pending.step is Step.CREATION
    assert record.pending.variants.keys() == {ONLY}
    assert record.pending.variants[ONLY].keys() == set(OF_VARIANT)
    assert not ALL.is_up_to_date(structs.replace(record, pending=None), desired)
    for name in OF_VARIANT:
        value = remember(all_fields(desired)[name])
        assert record.variant_history(ONLY, name, desired.currency) == History(None, (value,), value)


@given(DESIRED_PRODUCTS)
def test_pending_stock_of_the_first_version_is_pending(desired: DesiredProduct) -> None:
    record = parsed(record_1(desired, pending="stock"))
    stock = all_fields(desired)["stock"]
    assert record.pending == Pending(Step.UPDATE, {ONLY: {"stock": (stock,)}}, {}, desired.currency)
    assert record.holds_same(applied(desired)) == (stock is None)
