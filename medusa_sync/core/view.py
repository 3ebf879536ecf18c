"""Reads the values of fields from a stored product."""

from __future__ import annotations

from typing import Any

from msgspec import json

from medusa_sync.core.fields import FIELDS, METADATA, OPTION, OTHER_PRICE, PRICE, VARIANT_FIELDS, Merge, Place
from medusa_sync.core.options import OptionPlan
from medusa_sync.core.product import Value
from medusa_sync.core.stored import StoredLevel, StoredPrice, StoredProduct, StoredVariant


def product_value(stored: StoredProduct, name: str) -> Value:
    """The stored value of a field of a product; None if there is none."""
    field = FIELDS[name]
    if field.place is Place.METADATA:
        return _plain((stored.metadata or {}).get(name.removeprefix(METADATA)))
    value = getattr(stored, name)
    if field.merge is Merge.UNION:
        return tuple(getattr(member, field.member) for member in value)
    if field.is_term:
        return _plain(getattr(value, field.member)) if value else None
    return _plain(value)


def current_value(
    stored: StoredVariant, name: str, options: OptionPlan, currency: str, location_id: str | None
) -> Value:
    """The stored value of a field of a variant, also of an option; None if there is none.

    Args:
        stored: the variant.
        name: of the field.
        options: of the product.
        currency: of the field `price`.
        location_id: where the stock is; None if the store keeps none.
    """
    if VARIANT_FIELDS[name].place is not Place.OPTION:
        return variant_value(stored, name, currency, location_id)
    option_id = options.ids.get(name.removeprefix(OPTION))
    return stored.value_of(option_id) if option_id else None


def variant_value(variant: StoredVariant, name: str, currency: str, location_id: str | None) -> Value:
    """The stored value of a field of a variant that is not an option; None if there is none.

    Args:
        variant: of a product.
        name: of the field.
        currency: of the field `price`.
        location_id: where the stock is; None if the store keeps none.
    """
    match VARIANT_FIELDS[name].place:
        case Place.PRICE:
            price = owned_price(variant, price_currency(name, currency))
            return price.amount if price else None
        case Place.LEVEL:
            level = stock_level(variant, location_id) if variant.manage_inventory else None
            return level.stocked_quantity if level else None
        case Place.SALE:
            sale = next((each for each in variant.sale_prices if each.currency_code == currency), None)
            return sale.amount if sale else None
        case Place.METADATA:
            return _plain((variant.metadata or {}).get(name.removeprefix(METADATA)))
        case _:
            return _plain(getattr(variant, name))


def price_currency(name: str, currency: str) -> str:
    """The currency of a price field; `currency` is that of the field `price`."""
    return currency if name == PRICE else name.removeprefix(OTHER_PRICE)


def owned_price(variant: StoredVariant, currency: str) -> StoredPrice | None:
    """The price in a currency that applies to any quantity and has no rules."""
    plain = (
        price
        for price in variant.prices
        if price.currency_code == currency
        and price.min_quantity is None
        and price.max_quantity is None
        and not price.rules
    )
    return next(plain, None)


def stock_level(variant: StoredVariant, location_id: str | None) -> StoredLevel | None:
    return next((level for level in stock_levels(variant) if level.location_id == location_id), None)


def stock_levels(variant: StoredVariant) -> tuple[StoredLevel, ...]:
    links = variant.inventory_items[:1]
    return next((link.inventory.location_levels for link in links if link.inventory), ())


def _plain(value: Any) -> Value:
    """A comparable value: None for an empty text, JSON for an object or a list."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str | int | float) else json.encode(value).decode()
