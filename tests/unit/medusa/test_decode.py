"""Decoding of stored products: absent fields are unknown, not empty."""

from typing import Any

import pytest
from msgspec import Raw, json, structs

from medusa_sync.core.record import RECORD_KEY, VERSION, Pending, Write, applied
from medusa_sync.core.stored import StoredProduct, Unreadable
from medusa_sync.errors import StoreError
from medusa_sync.medusa.decode import decode_product, tree_of
from tests.unit.builders import as_json, desired_product

FIELDS = (
    "id,external_id,metadata,title,weight,tags.id,tags.value,sales_channels.id,shipping_profile.id,"
    "variants.id,variants.sku,variants.price_set.prices.id,variants.price_set.prices.amount,"
    "variants.price_set.prices.currency_code,variants.price_set.prices.price_rules.attribute,"
    "variants.price_set.prices.price_rules.value,"
    "variants.inventory_items.inventory_item_id,variants.inventory_items.inventory.sku"
)
PRICE = {"id": "price_1", "amount": 5, "currency_code": "usd", "rules": {"region_id": "reg_1"}}
ITEM = {"inventory_item_id": "iitem_1", "inventory": {"sku": "JUG"}}
VARIANT = {"id": "variant_1", "sku": "JUG", "prices": [PRICE], "inventory_items": [ITEM]}
PRODUCT = {
    "id": "prod_1",
    "external_id": "dummyjson:1",
    "metadata": None,
    "title": "Jug",
    "weight": 1,
    "tags": [{"id": "ptag_1", "value": "blue"}],
    "sales_channels": [],
    "shipping_profile": {"id": "sp_1"},
    "variants": [VARIANT, VARIANT],
}
CREATION = {RECORD_KEY: as_json(structs.replace(applied(desired_product()), pending=Pending(Write.CREATION)))}
EARLIER = {RECORD_KEY: {"version": 2, "fields": {}, "pending": {"step": "creation"}}}


def decoded(product: dict[str, Any]) -> StoredProduct | Unreadable:
    return decode_product(Raw(json.encode(product)), tree_of(FIELDS))


def without(value: Any, path: str) -> Any:
    """JSON without one field, which is at a path; lists are looked through."""
    name, _, rest = path.partition(".")
    if isinstance(value, list):
        return [without(value[0], path), *value[1:]]
    if not rest:
        return {key: kept for key, kept in value.items() if key != name}
    return {**value, name: without(value[name], rest)}


REQUIRED = [
    *(
        "metadata",
        "title",
        "weight",
        "sales_channels",
        "shipping_profile.id",
        "tags",
        "tags.id",
        "tags.value",
    ),
    *("variants", "variants.id", "variants.sku", "variants.inventory_items"),
    *(f"variants.prices.{name}" for name in ("id", "amount", "currency_code", "rules")),
    *(f"variants.inventory_items.{name}" for name in ("inventory_item_id", "inventory", "inventory.sku")),
]


@pytest.mark.parametrize("field", REQUIRED)
def test_a_product_without_a_requested_field_is_unreadable(field: str) -> None:
    reason = f"the response lacks {field}"
    assert decoded(without(PRODUCT, field)) == Unreadable("prod_1", "dummyjson:1", reason)


@pytest.mark.parametrize("field", ["id", "external_id"])
def test_a_product_without_its_ids_is_an_error_of_the_store(field: str) -> None:
    with pytest.raises(StoreError, match=f"without its id or external id.*`{field}`"):
        decoded(without(PRODUCT, field))


NEWER = {RECORD_KEY: {"version": VERSION + 1, "fields": {}, "unknown": 1}}
UPGRADE = f"its record has version {VERSION + 1}, this medusa-sync reads up to {VERSION}; upgrade medusa-sync"
WRONG: dict[str, list[Any]] = {
    "title": [5, None, []],
    "weight": ["heavy"],
    "metadata": ["text", 1, []],
    "variants": [None, "none", 7, [None], ["none"], [[]], [{}, None]],
}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        *((field, value, field) for field, values in WRONG.items() for value in values),
        ("metadata", NEWER, UPGRADE),
    ],
)
def test_a_value_of_another_type_is_unreadable(field: str, value: Any, reason: str) -> None:
    product = decoded({**PRODUCT, field: value})
    assert isinstance(product, Unreadable)
    assert reason in product.reason


BARE = without(VARIANT, "prices")
APPLIED = applied(desired_product())
RECORD = as_json(APPLIED)


@pytest.mark.parametrize(
    ("metadata", "variants", "is_complete"),
    [
        (CREATION, [BARE], [True]),  # its creation is pending
        # Filtered lists of stores with the index engine leave out the prices of all variants, or of none.
        (None, [BARE, {**VARIANT, "prices": []}, VARIANT], [False, True, True]),
        *((metadata, [BARE, BARE], None) for metadata in (None, {RECORD_KEY: RECORD}, EARLIER)),
    ],
)
def test_prices_may_be_absent_if_that_means_that_there_are_none(
    metadata: Any, variants: list[Any], is_complete: list[bool] | None
) -> None:
    product = decoded({**PRODUCT, "variants": variants, "metadata": metadata})
    if is_complete is None:
        assert product == Unreadable("prod_1", "dummyjson:1", "the response lacks variants.prices")
    else:
        assert isinstance(product, StoredProduct)
        assert [each.is_complete for each in product.variants] == is_complete


@pytest.mark.parametrize(
    ("changes", "attributes"),
    [
        ({}, {"title": "Jug", "record": None, "pending": None}),
        *(({"weight": str(weight)}, {"weight": weight}) for weight in (0.5, 3, 1e-7)),
        *(({"weight": weight}, {"weight": weight}) for weight in (0.5, 3, None)),
        ({"shipping_profile": None}, {"shipping_profile": None}),
        ({"metadata": {RECORD_KEY: RECORD, "mine": 1}}, {"record": APPLIED, "metadata": {"mine": 1}}),
        ({"metadata": {RECORD_KEY: "gone"}}, {"record": None}),
        *(({"external_id": own, "metadata": NEWER}, {"metadata": NEWER}) for own in (None, "")),
    ],
)
def test_what_is_read(changes: dict[str, Any], attributes: dict[str, Any]) -> None:
    """A missing link and fields below null are not required; a product without a source may be adopted."""
    unlinked = {**VARIANT, "inventory_items": [{**ITEM, "inventory": None}]}
    product = decoded({**without(PRODUCT, "shipping_profile"), "variants": [VARIANT, unlinked], **changes})
    assert isinstance(product, StoredProduct)
    assert {name: getattr(product, name) for name in attributes} == attributes
    assert product.variants[0].prices[0].rules == {"region_id": "reg_1"}
    assert product.variants[1].inventory_items[0].inventory is None
