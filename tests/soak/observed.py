"""A stored product, with its fields by owner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.e2e.shop import Shop

_METADATA = (
    *("brand", "rating", "review_count", "discount_percentage", "warranty_information"),
    *("shipping_information", "return_policy", "minimum_order_quantity", "availability_status"),
)

Sales = Mapping[str, Sequence[float]]
"""The amounts in the price list of the source, by id of the variant."""


@dataclass(frozen=True)
class StoredVariant:
    """One variant.

    Attributes:
        owned: fields that the source owns.
        values: its option values by id of the option.
        others: fields that only the merchant owns, and ids that no run may change.
        items: its inventory items, with SKU and the levels at our location.
        summary: what must stay if it is the merchant's.
    """

    id: str
    owned: dict[str, Any]
    values: dict[str, str]
    others: dict[str, Any]
    items: list[tuple[str | None, list[int]]]
    summary: tuple[Any, ...]

    def flaws(self, *, item_follows: bool) -> list[str]:
        """Problems of a managed variant that do not depend on the source.

        Args:
            item_follows: the item must have the SKU of the variant.
        """
        if [len(levels) for _, levels in self.items] != [1]:
            return [f"its inventory items with their levels are {self.items}, expected one of each"]
        sku, _ = self.items[0]
        if item_follows and sku != self.owned["sku"]:
            return [f"the SKU of its inventory item is {sku!r}, expected {self.owned['sku']!r}"]
        return []


@dataclass(frozen=True)
class Stored:
    """One product.

    Attributes:
        owned: fields that the source owns.
        others: fields that only the merchant owns, and ids that no run may change.
        options: titles by id, the oldest first.
        values: the values of all options.
        variants: by id, the oldest first.
    """

    id: str
    status: str
    owned: dict[str, Any]
    others: dict[str, Any]
    options: dict[str, str]
    values: set[str]
    variants: dict[str, StoredVariant]


def sales_of(shop: Shop) -> Sales:
    found: dict[str, list[float]] = {}
    for price in shop.sale_prices():
        found.setdefault(price["variant_id"], []).append(price["amount"])
    return found


def stored_of(product: dict[str, Any], location_id: str, sales: Sales) -> Stored:
    """Read a product of the Admin API."""
    metadata = {key: value for key, value in (product["metadata"] or {}).items() if key != "medusa_sync"}
    owned = {
        "title": product["title"],
        "description": product["description"],
        "thumbnail": product["thumbnail"],
        **{name: product[name] for name in ("weight", "width", "height", "length")},
        "tags": tuple(sorted(tag["value"] for tag in product["tags"])),
        "categories": tuple(sorted(category["handle"] for category in product["categories"])),
        "images": tuple(image["url"] for image in sorted(product["images"], key=lambda image: image["rank"])),
        **{name: metadata.pop(name, None) for name in _METADATA},
    }
    others = {
        "subtitle": product["subtitle"],
        "own metadata": metadata,
        "sales channels": sorted(channel["id"] for channel in product["sales_channels"]),
        "shipping profile": (product["shipping_profile"] or {}).get("id"),
        "handle": product["handle"],
    }
    options = sorted(product["options"], key=lambda option: option["id"])
    variants = sorted(product["variants"], key=lambda variant: variant["id"])
    return Stored(
        product["id"],
        product["status"],
        owned,
        others,
        {option["id"]: option["title"] for option in options},
        {value["value"] for option in options for value in option["values"]},
        {each["id"]: _variant(each, location_id, sales.get(each["id"], ())) for each in variants},
    )


def _variant(variant: dict[str, Any], location_id: str, sales: Sequence[float]) -> StoredVariant:
    prices = variant.get("prices", [])  # a run may have been killed before there was a set of prices
    items = [link["inventory"] for link in variant["inventory_items"] if link["inventory"]]
    levels = [level for item in items for level in item["location_levels"]]
    here = [level for level in levels if level["location_id"] == location_id]
    owned = {
        **{name: variant[name] for name in ("title", "sku", "barcode", "weight")},
        "price": _only([each["amount"] for each in prices if _is_plain(each, "usd")]),
        "price.eur": _only([each["amount"] for each in prices if _is_plain(each, "eur")]),
        "sale_price": _only(list(sales)),
        "stock": _only([level["stocked_quantity"] for level in here]),
    }
    values = {value["option_id"]: value["value"] for value in variant["options"]}
    others = {
        "other prices": sorted(_price(each) for each in prices if each["min_quantity"] is not None),
        "levels elsewhere": {
            level["location_id"]: level["stocked_quantity"] for level in levels if level not in here
        },
        "ids of prices": sorted(each["id"] for each in prices if not _is_plain(each, "eur")),
        "id of the price in euros": _only([each["id"] for each in prices if _is_plain(each, "eur")]),
        "ids of items": sorted(item["id"] for item in items),
        "ids of levels": sorted(level["id"] for level in levels),
    }
    by_item = [
        (
            item["sku"],
            [
                level["stocked_quantity"]
                for level in item["location_levels"]
                if level["location_id"] == location_id
            ],
        )
        for item in items
    ]
    all_prices = tuple(sorted(_price(each) for each in prices))
    summary = (variant["id"], variant["title"], variant["sku"], tuple(sorted(values.values())), all_prices)
    return StoredVariant(variant["id"], owned, values, others, by_item, summary)


def _is_plain(price: dict[str, Any], currency: str) -> bool:
    return price["currency_code"] == currency and price["min_quantity"] is None


def _price(price: dict[str, Any]) -> tuple[str, int, float]:
    return price["currency_code"], price["min_quantity"] or 0, price["amount"]


def _only(values: list[Any]) -> Any:
    """The only member, or all of them if there are several."""
    return values[0] if len(values) == 1 else values or None
