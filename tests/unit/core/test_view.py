"""Which values of a stored product, price and stock level are the source's."""

import pytest

from medusa_sync.core.stored import StoredInventory, StoredInventoryItem, StoredLevel, StoredPrice
from medusa_sync.core.view import owned_price, price_currency, product_value, stock_level, variant_value
from tests.unit.builders import CURRENCY, LOCATION, desired_product, stored_product, stored_variant
from tests.unit.shirts import held, shirt, size


@pytest.mark.parametrize(
    "other",
    [
        StoredPrice("other", "eur", 1),
        StoredPrice("other", "usd", 1, min_quantity=10),
        StoredPrice("other", "usd", 1, max_quantity=10),
        StoredPrice("other", "usd", 1, rules={"region_id": "reg_1"}),
    ],
    ids=["currency", "from-a-quantity", "up-to-a-quantity", "rules"],
)
def test_the_owned_price_has_the_currency_and_no_conditions(other: StoredPrice) -> None:
    plain, desired = StoredPrice("plain", "usd", 2), desired_product()
    assert owned_price(stored_variant(desired, prices=(other, plain)), "usd") == plain
    assert owned_price(stored_variant(desired, prices=(other,)), "usd") is None


def at(location_id: str, quantity: int) -> tuple[StoredInventoryItem, ...]:
    return (StoredInventoryItem("iitem_01", StoredInventory((StoredLevel(location_id, quantity),), "SKU")),)


def test_stock_is_the_level_at_the_stock_location() -> None:
    variant = stored_variant(desired_product(stock=5), inventory_items=at("sloc_other", 100))
    assert stock_level(variant, LOCATION) is None
    assert stock_level(variant, "sloc_other") == StoredLevel("sloc_other", 100)


def test_an_item_without_inventory_has_no_level() -> None:
    variant = stored_variant(desired_product(), inventory_items=(StoredInventoryItem("iitem_01"),))
    assert stock_level(variant, LOCATION) is None


def test_a_missing_value_is_none() -> None:
    stored = stored_product(desired_product(), description="", metadata=None)
    assert [product_value(stored, name) for name in ("description", "metadata.brand")] == [None, None]
    bare = stored_variant(desired_product(), sku="", barcode=None, prices=(), inventory_items=())
    names = ("sku", "barcode", "weight", "price", "price.eur", "stock")
    assert [variant_value(bare, name, CURRENCY, LOCATION) for name in names] == [None] * len(names)


def test_every_value_of_a_variant_but_its_options_is_read() -> None:
    desired = shirt(size("S", barcode="1", weight=2, prices={"eur": 18, "gbp": 17}, title="Small"))
    [variant] = desired.variants
    stored = held(desired, variant)
    for name, value in variant.fields.items():
        if name != "option.Size":
            assert variant_value(stored, name, "usd", LOCATION) == value


@pytest.mark.parametrize("currency", ["usd", "eur"])
def test_the_price_is_in_the_currency_of_the_product_and_other_prices_name_theirs(currency: str) -> None:
    assert (price_currency("price", currency), price_currency("price.gbp", currency)) == (currency, "gbp")
