"""Reads the values of fields from a stored product."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct, json

from medusa_sync.core.fields import FIELDS, METADATA, Merge, Place
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import remember, remember_text
from medusa_sync.core.stored import StoredLevel, StoredPrice, StoredProduct, StoredVariant

_CREATED_TOGETHER_S = 60  # between a product and its first variant; a batch takes a few seconds


class StoreView(Struct, frozen=True):
    """The fields of a stored product.

    Attributes:
        variant: the owned variant; None if there is none.
        currency: of the price.
        location_id: where the stock is; None if the store keeps none.
    """

    stored: StoredProduct
    variant: StoredVariant | None
    currency: str
    location_id: str | None

    def value(self, name: str) -> Value:
        """The stored value of a field; None if there is none."""
        field, variant = FIELDS[name], self.variant
        match field.place:
            case Place.METADATA:
                return _plain((self.stored.metadata or {}).get(name.removeprefix(METADATA)))
            case Place.VARIANT:
                return getattr(variant, name) or None if variant else None
            case Place.PRICE:
                price = owned_price(variant, self.currency) if variant else None
                return price.amount if price else None
            case Place.LEVEL:
                level = stock_level(variant, self.location_id) if variant else None
                return level.stocked_quantity if level else None
            case Place.PRODUCT:
                value = getattr(self.stored, name)
                if field.merge is Merge.UNION:
                    return tuple(getattr(member, field.member) for member in value)
                return _plain(value)


def owned_variant(
    desired: DesiredProduct, stored: StoredProduct, *, adopt: bool = False
) -> StoredVariant | None:
    """The variant that has the source's price and SKU; None if the merchant deleted it.

    The record names it, unless the record has an older version or the creation was interrupted. Then it is
    the variant with our SKU or barcode, or else the one that was created together with the product.

    Args:
        desired: what the source wants.
        stored: the product.
        adopt: ignore the record; if no variant has our SKU or barcode, take the oldest.
    """
    record = None if adopt else stored.record
    variants = sorted(stored.variants, key=lambda variant: variant.id)  # ids are ULIDs: they sort by age
    if record is not None and record.variant:
        return next((variant for variant in variants if variant.id == record.variant), None)
    for name in (field.name for field in FIELDS.values() if field.place is Place.VARIANT and field.unique):
        ours = {remember(desired.fields[name])}
        if record is not None:
            ours |= {record.fields.get(name), *record.sent(name, desired.currency)}
        for variant in variants:
            value = getattr(variant, name)
            if value and remember_text(value) in ours:
                return variant
    if adopt:
        return next(iter(variants), None)
    return next((variant for variant in variants if _created_together(stored, variant)), None)


def _created_together(stored: StoredProduct, variant: StoredVariant) -> bool:
    if not stored.created_at or not variant.created_at:
        return False
    between = datetime.fromisoformat(variant.created_at) - datetime.fromisoformat(stored.created_at)
    return abs(between.total_seconds()) <= _CREATED_TOGETHER_S


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
