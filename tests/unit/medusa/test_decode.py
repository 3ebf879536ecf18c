"""What is absent from a response is unknown, not empty."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import Raw, json

from medusa_sync.core.stored import StoredProduct, Unreadable
from medusa_sync.errors import StoreError
from medusa_sync.medusa.decode import decode_product, tree_of

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
CREATION = {"medusa_sync": {"version": 2, "fields": {}, "pending": {"step": "creation"}}}


def decoded(product: dict[str, Any]) -> StoredProduct | Unreadable:
    return decode_product(Raw(json.encode(product)), StoredProduct, tree_of(FIELDS))


def without_one_field(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every way to leave one field out of JSON, with the path of the field."""
    if isinstance(value, list):
        for index, member in enumerate(value):
            for field, changed in without_one_field(member, path):
                yield field, [*value[:index], changed, *value[index + 1 :]]
    elif isinstance(value, dict):
        for name, member in value.items():
            field = f"{path}.{name}".lstrip(".")
            yield field, {key: kept for key, kept in value.items() if key != name}
            if name != "rules":
                yield from (
                    (found, {**value, name: part}) for found, part in without_one_field(member, field)
                )


def test_a_whole_response_is_a_product() -> None:
    product = decoded(PRODUCT)
    assert isinstance(product, StoredProduct)
    price = product.variants[0].prices[0]
    assert (price.amount, price.rules) == (5, {"region_id": "reg_1"})


@pytest.mark.parametrize(
    ("field", "product"),
    [
        (field, product)
        for field, product in without_one_field(PRODUCT)
        if field not in {"id", "external_id", "shipping_profile"}
    ],
)
def test_a_product_that_lacks_a_field_cannot_be_read(field: str, product: dict[str, Any]) -> None:
    assert decoded(product) == Unreadable("prod_1", "dummyjson:1", f"the response lacks {field}")


@pytest.mark.parametrize("field", ["id", "external_id"])
def test_a_product_that_is_not_named_is_an_error_of_the_store(field: str) -> None:
    with pytest.raises(StoreError, match=f"without its id or external id.*`{field}`"):
        decoded({name: value for name, value in PRODUCT.items() if name != field})


def test_a_product_without_a_shipping_profile_lacks_nothing() -> None:
    product = decoded({name: value for name, value in PRODUCT.items() if name != "shipping_profile"})
    assert isinstance(product, StoredProduct)
    assert product.shipping_profile is None


def test_below_null_nothing_is_lacking() -> None:
    product = decoded(
        {**PRODUCT, "variants": [{**VARIANT, "inventory_items": [{**ITEM, "inventory": None}]}]}
    )
    assert isinstance(product, StoredProduct)
    assert product.variants[0].inventory_items[0].inventory is None


def test_a_product_in_creation_may_have_no_prices_yet() -> None:
    bare = {name: value for name, value in VARIANT.items() if name != "prices"}
    product = decoded({**PRODUCT, "variants": [bare], "metadata": CREATION})
    assert isinstance(product, StoredProduct)
    assert product.variants[0].prices == ()


def test_a_value_of_another_type_cannot_be_read() -> None:
    product = decoded({**PRODUCT, "title": 5})
    assert isinstance(product, Unreadable)
    assert "$.title" in product.reason


@pytest.mark.parametrize(
    ("shown", "weight"), [("0.5", 0.5), ("3", 3), (0.5, 0.5), (3, 3), (None, None), ("1e-7", 1e-7)]
)
def test_measures_are_numbers_also_if_the_store_shows_text(shown: object, weight: float | None) -> None:
    product = decoded({**PRODUCT, "weight": shown})
    assert isinstance(product, StoredProduct)
    assert product.weight == weight


def test_a_measure_that_is_no_number_cannot_be_read() -> None:
    assert isinstance(decoded({**PRODUCT, "weight": "heavy"}), Unreadable)
