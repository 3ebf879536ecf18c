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
    Pending,
    Record,
    Step,
    VariantRecord,
    applied,
    parse_record,
    remember,
)
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


APPLIED: Final = applied(JUG, variants={ONLY: "variant_01"})
AT: Final = 1_700_000_000
SENT: Final[dict[str, tuple[Value, ...]]] = {
    "sku": ("KIT-7",),
    "barcode": ("2001000000071",),
    "price": (9.99,),
    "stock": (12,),
}
LATER: Final[dict[str, tuple[Value, ...]]] = {"price": (12.5,), "stock": (3,)}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param(JUG_2, APPLIED, id="full"),
        pytest.param(BARE_2, applied(BARE), id="bare"),
        pytest.param(JUG_2 | {"drafted": True}, structs.replace(APPLIED, drafted=True), id="drafted"),
        pytest.param(
            CREATED_2,
            structs.replace(
                APPLIED,
                variants={ONLY: VariantRecord()},
                pending=Pending(Step.CREATION, {ONLY: SENT}, {}, "usd", AT),
            ),
            id="pending creation",
        ),
        pytest.param(
            UPDATED_2,
            structs.replace(APPLIED, pending=Pending(Step.UPDATE, {ONLY: LATER}, {}, "usd", AT)),
            id="pending update",
        ),
        pytest.param(
            IMAGES_2,
            structs.replace(APPLIED, pending=Pending(Step.UPDATE, {}, {}, "usd", AT)),
            id="pending images",
        ),
    ],
)
def test_a_record_of_the_second_version_is_read(record: Any, expected: Record) -> None:
    assert parsed(record) == expected


@pytest.mark.parametrize(("record", "desired"), [(JUG_2, JUG), (BARE_2, BARE)], ids=["full", "bare"])
def test_a_product_of_the_second_version_is_up_to_date(record: Any, desired: DesiredProduct) -> None:
    assert ALL.is_up_to_date(parsed(record), desired)
    assert planned(desired, with_record(stored_product(desired), record)).is_up_to_date


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
    assert record.content == applied(desired).content


@given(DESIRED_PRODUCTS)
def test_a_pending_write_of_the_first_version_is_pending(desired: DesiredProduct) -> None:
    created, stocked = (parsed(record_1(desired, pending=pending)) for pending in ("creation", "stock"))
    sent: dict[str, tuple[Value, ...]] = {name: (remember(all_fields(desired)[name]),) for name in OF_VARIANT}
    assert created.pending == Pending(Step.CREATION, {ONLY: sent}, {}, desired.currency)
    assert not ALL.is_up_to_date(structs.replace(created, pending=None), desired)
    stock = all_fields(desired)["stock"]
    assert stocked.pending == Pending(Step.UPDATE, {ONLY: {"stock": (stock,)}}, {}, desired.currency)
    assert (stocked.content == applied(desired).content) == (stock is None)
