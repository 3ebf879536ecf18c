"""Decoding of stored products: absent fields are unknown, not empty."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import Raw, json, structs

from medusa_sync.core.record import RECORD_KEY, VERSION, Pending, Step, applied
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
CREATION = {RECORD_KEY: as_json(structs.replace(applied(desired_product()), pending=Pending(Step.CREATION)))}
CREATION_2 = {RECORD_KEY: {"version": 2, "fields": {}, "pending": {"step": "creation"}}}


def decoded(product: dict[str, Any]) -> StoredProduct | Unreadable:
    return decode_product(Raw(json.encode(product)), tree_of(FIELDS))


def _without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: kept for key, kept in value.items() if key != name}


def without_one_field(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every way to leave one field out of JSON, with the path of the field."""
    if isinstance(value, list):
        for index, member in enumerate(value):
            for field, changed in without_one_field(member, path):
                yield field, [*value[:index], changed, *value[index + 1 :]]
    elif isinstance(value, dict):
        for name, member in value.items():
            field = f"{path}.{name}".lstrip(".")
            yield field, _without(value, name)
            if name != "rules":
                yield from (
                    (found, {**value, name: part}) for found, part in without_one_field(member, field)
                )


def test_a_complete_response_is_decoded() -> None:
    product = decoded(PRODUCT)
    assert isinstance(product, StoredProduct)
    price = product.variants[0].prices[0]
    assert (price.amount, price.rules) == (5, {"region_id": "reg_1"})


@pytest.mark.parametrize(
    ("field", "product"),
    [
        (field, product)
        for field, product in without_one_field(PRODUCT)
        if field not in {"id", "external_id", "shipping_profile", "variants.prices"}
    ],
)
def test_a_product_without_a_requested_field_is_unreadable(field: str, product: dict[str, Any]) -> None:
    assert decoded(product) == Unreadable("prod_1", "dummyjson:1", f"the response lacks {field}")


@pytest.mark.parametrize("field", ["id", "external_id"])
def test_a_product_without_its_ids_is_an_error_of_the_store(field: str) -> None:
    with pytest.raises(StoreError, match=f"without its id or external id.*`{field}`"):
        decoded(_without(PRODUCT, field))


def test_a_missing_link_and_fields_below_null_are_not_required() -> None:
    bare = {**VARIANT, "inventory_items": [{**ITEM, "inventory": None}]}
    product = decoded({**_without(PRODUCT, "shipping_profile"), "variants": [bare]})
    assert isinstance(product, StoredProduct)
    assert product.shipping_profile is None
    assert product.variants[0].inventory_items[0].inventory is None


BARE = _without(VARIANT, "prices")


@pytest.mark.parametrize("metadata", [CREATION, CREATION_2], ids=["current", "second version"])
def test_a_product_whose_creation_is_pending_may_have_no_prices(metadata: Any) -> None:
    product = decoded({**PRODUCT, "variants": [BARE], "metadata": metadata})
    assert isinstance(product, StoredProduct)
    assert (product.variants[0].prices, product.variants[0].has_price_set) == ((), True)


def test_a_variant_without_prices_next_to_one_with_prices_is_incomplete() -> None:
    """Filtered lists of stores with the index engine leave out the prices of all variants, or of none."""
    product = decoded({**PRODUCT, "variants": [BARE, {**VARIANT, "prices": []}, VARIANT]})
    assert isinstance(product, StoredProduct)
    assert [each.has_price_set for each in product.variants] == [False, True, True]


@pytest.mark.parametrize("metadata", [None, {RECORD_KEY: as_json(applied(desired_product()))}])
def test_a_product_without_any_prices_is_unreadable(metadata: Any) -> None:
    product = decoded({**PRODUCT, "variants": [BARE, BARE], "metadata": metadata})
    assert product == Unreadable("prod_1", "dummyjson:1", "the response lacks variants.prices")


WRONG: dict[str, list[Any]] = {
    "title": [5],
    "weight": ["heavy"],
    "metadata": ["text", 1, []],
    "variants": [None, "none", 7, [None], ["none"], [[]], [{}, None]],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in WRONG.items() for value in values]
)
def test_a_value_of_another_type_is_unreadable(field: str, value: Any) -> None:
    product = decoded({**PRODUCT, field: value})
    assert isinstance(product, Unreadable)
    assert field in product.reason


@pytest.mark.parametrize(
    ("shown", "weight"), [("0.5", 0.5), ("3", 3), (0.5, 0.5), (3, 3), (None, None), ("1e-7", 1e-7)]
)
def test_measurements_as_text_become_numbers(shown: object, weight: float | None) -> None:
    product = decoded({**PRODUCT, "weight": shown})
    assert isinstance(product, StoredProduct)
    assert product.weight == weight


# --- the record -----------------------------------------------------------------------------------------

NEWER = {RECORD_KEY: {"version": VERSION + 1, "fields": {}, "unknown": 1}}


def test_the_record_is_parsed_and_taken_out_of_the_metadata() -> None:
    record = applied(desired_product())
    product = decoded({**PRODUCT, "metadata": {RECORD_KEY: as_json(record), "mine": 1}})
    assert isinstance(product, StoredProduct)
    assert (product.record, product.metadata) == (record, {"mine": 1})


@pytest.mark.parametrize("metadata", [None, {}, {"mine": 1}, {RECORD_KEY: None}, {RECORD_KEY: "gone"}])
def test_without_a_readable_record_there_is_none(metadata: Any) -> None:
    product = decoded({**PRODUCT, "metadata": metadata})
    assert isinstance(product, StoredProduct)
    assert (product.record, product.pending) == (None, None)


def test_a_product_with_a_record_of_a_newer_version_is_unreadable() -> None:
    product = decode_product(Raw(json.encode({**PRODUCT, "metadata": NEWER})), tree_of("id,metadata"))
    assert isinstance(product, Unreadable)
    assert product.external_id == "dummyjson:1"
    assert product.reason == (
        f"its record has version {VERSION + 1}, this medusa-sync reads up to {VERSION}; upgrade medusa-sync"
    )


@pytest.mark.parametrize("external_id", [None, ""])
def test_the_newer_record_of_a_product_that_can_be_adopted_is_ignored(external_id: str | None) -> None:
    product = decoded({**PRODUCT, "external_id": external_id, "metadata": NEWER})
    assert isinstance(product, StoredProduct)
    assert (product.record, product.metadata) == (None, NEWER)
