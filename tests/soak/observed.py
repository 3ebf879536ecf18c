"""A stored product, with its fields by owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_METADATA = (
    *("brand", "rating", "review_count", "discount_percentage", "warranty_information"),
    *("shipping_information", "return_policy", "minimum_order_quantity", "availability_status"),
)


@dataclass(frozen=True)
class Stored:
    """One product.

    Attributes:
        owned: fields that the source owns.
        others: fields that only the merchant owns, and ids that no run may change.
        items: inventory items of our variant, with SKU and the levels at our location.
    """

    id: str
    status: str
    owned: dict[str, Any]
    others: dict[str, Any]
    items: list[tuple[str | None, list[int]]]

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


def stored_of(product: dict[str, Any], variant_id: str | None, location_id: str) -> Stored:
    """Read a product of the Admin API; if our variant is not known, the product must have only one."""
    variants = product["variants"]
    ours = [each for each in variants if variant_id is None or each["id"] == variant_id][:1]
    variant = ours[0] if ours else {"prices": [], "inventory_items": [], "id": None}
    metadata = {key: value for key, value in (product["metadata"] or {}).items() if key != "medusa_sync"}
    prices = [each for each in variant["prices"] if _is_ours(each)]
    items = [link["inventory"] for link in variant["inventory_items"] if link["inventory"]]
    levels = [level for item in items for level in item["location_levels"]]
    here = [level for level in levels if level["location_id"] == location_id]
    owned = {
        "title": product["title"],
        "description": product["description"],
        "thumbnail": product["thumbnail"],
        **{name: product[name] for name in ("weight", "width", "height", "length")},
        "tags": tuple(sorted(tag["value"] for tag in product["tags"])),
        "categories": tuple(sorted(category["handle"] for category in product["categories"])),
        "images": tuple(image["url"] for image in sorted(product["images"], key=lambda image: image["rank"])),
        "sku": variant.get("sku"),
        "barcode": variant.get("barcode"),
        "price": _only([price["amount"] for price in prices]),
        "stock": _only([level["stocked_quantity"] for level in here]),
        **{name: metadata.pop(name, None) for name in _METADATA},
    }
    others = {
        "subtitle": product["subtitle"],
        "own metadata": metadata,
        "other prices": sorted(_price(each) for each in variant["prices"] if each not in prices),
        "other variants": sorted(
            (each["id"], each["title"], each["sku"], tuple(sorted(_price(price) for price in each["prices"])))
            for each in variants
            if each not in ours
        ),
        "sales channels": sorted(channel["id"] for channel in product["sales_channels"]),
        "shipping profile": (product["shipping_profile"] or {}).get("id"),
        "levels elsewhere": {
            level["location_id"]: level["stocked_quantity"] for level in levels if level not in here
        },
        "handle": product["handle"],
        "id of the variant": variant["id"],
        "ids of prices": sorted(each["id"] for each in variant["prices"]),
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
    return Stored(product["id"], product["status"], owned, others, by_item)


def _is_ours(price: dict[str, Any]) -> bool:
    return price["currency_code"] == "usd" and price["min_quantity"] is None


def _price(price: dict[str, Any]) -> tuple[str, int, float]:
    return price["currency_code"], price["min_quantity"] or 0, price["amount"]


def _only(values: list[Any]) -> Any:
    """The only member, or all of them if there are several."""
    return values[0] if len(values) == 1 else values or None
