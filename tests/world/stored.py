"""A stored product, with its fields by owner."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from tests.world.shop import Shop
from tests.world.wanted import (
    CUSTOMS,
    LOCALES,
    METADATA,
    OTHER_PRICES,
    OTHER_SOURCE,
    PRICES,
    PROFILE,
    RARE_TEXTS,
    TEXTS,
    TEXTS_OF_VARIANTS,
)

GONE_REGION = re.compile("reg_[0-9A-Z]{26}")  # other regions are called by their names
_MEASURES = ("weight", "width", "height", "length")


@dataclass(frozen=True)
class StoredVariant:
    """One variant; `others` are fields that only the merchant owns, and ids that no run may change."""

    id: str
    owned: dict[str, Any]  # fields that the source owns
    values: dict[str, str]  # by id of the option
    others: dict[str, Any]
    items: list[tuple[str | None, list[int]]]  # the SKU of each, and its levels at our location
    is_managed: bool
    summary: tuple[Any, ...]  # what must stay if it is the merchant's, besides the values of options
    rank: int = 0

    @property
    def lacks_prices(self) -> bool:
        """It was not created, or not deleted, to the end: the source names a price of each variant."""
        return self.owned["price"] is None

    def flaws(self, *, item_follows: bool) -> list[str]:
        """Problems of a managed variant, whose item may have to have its SKU, whatever the source says."""
        if [len(levels) for _, levels in self.items] != [1]:
            return [f"its inventory items with their levels are {self.items}, expected one of each"]
        sku, _ = self.items[0]
        if item_follows and sku != self.owned["sku"]:
            return [f"the SKU of its inventory item is {sku!r}, expected {self.owned['sku']!r}"]
        return []


@dataclass(frozen=True)
class Stored:
    """One product; `others` are fields that only the merchant owns, and ids that no run may change."""

    id: str
    status: str
    owned: dict[str, Any]  # fields that the source owns
    others: dict[str, Any]
    options: dict[str, str]  # titles by id, the oldest first
    values: dict[str, set[str]]  # of all options, by their ids
    variants: dict[str, StoredVariant]  # by id, the oldest first

    @property
    def identity(self) -> dict[str, Any]:
        """Ids and other things that a change of the source must not change."""
        ids = ("ids of prices", "ids of items", "ids of levels")
        return {
            "id": self.id,
            "status": self.status,
            **{name: self.others[name] for name in ("handle", "sales channels", "shipping profile")},
            "variants": {key: [each.others[name] for name in ids] for key, each in self.variants.items()},
        }

    @property
    def untouched(self) -> dict[str, Any]:
        """What no run may change in a product of the merchant; stock of its parts may be the source's."""
        variants = {
            key: {
                "owned": {name: value for name, value in each.owned.items() if not name.startswith("stock")},
                "others": {name: each.others[name] for name in ("other prices", "ids of items")},
                "is managed": each.is_managed,
            }
            for key, each in self.variants.items()
        }
        return {**asdict(self), "variants": variants}

    @property
    def restorable(self) -> dict[str, Any]:
        """What an undo restores: all but stock, and the ids of what is created again."""
        variants = {
            key: {
                "owned": {name: value for name, value in each.owned.items() if not name.startswith("stock")},
                "values": {self.options[own]: value for own, value in each.values.items()},
                "other prices": each.others["other prices"],
                "skus of items": [sku for sku, _ in each.items],
            }
            for key, each in self.variants.items()
        }
        values = {self.options[own]: sorted(each) for own, each in self.values.items()}
        return {**asdict(self), "options": values, "values": None, "variants": variants}


def stored_in(shop: Shop) -> dict[str, Stored]:
    """All products by external id, or by id if they have none; fails if one is stored twice."""
    sales: dict[str, list[float]] = {}
    for price in chain(shop.sale_prices(), shop.sale_prices(OTHER_SOURCE)):
        sales.setdefault(price["variant_id"], []).append(price["amount"])
    products, found = shop.products(), {}
    for product in products:
        found[product["external_id"] or product["id"]] = stored_of(
            product, shop.locations, sales, is_available=shop.is_available, source_of=shop.source_of
        )
    assert len(found) == len(products), "a product is stored twice"
    return found


def stored_of(
    product: dict[str, Any],
    locations: Mapping[str, str],
    sales: Mapping[str, Sequence[float]],
    *,
    is_available: bool = False,
    source_of: Callable[[str], str] = str,
) -> Stored:
    """Read a product of the Admin API.

    Args:
        product: as the API shows it.
        locations: ids of the stock locations that the source names, by field.
        sales: amounts in the price lists of the sources, by variant.
        is_available: its stock is what no order has reserved.
        source_of: the URL at the source of an image of the store.
    """
    free = _available if is_available else _on_hand
    metadata = {key: value for key, value in (product["metadata"] or {}).items() if key != "medusa_sync"}
    owned = {
        **{name: product[name] for name in ("title", "subtitle", "description", "status", "discountable")},
        "thumbnail": product["thumbnail"] and source_of(product["thumbnail"]),
        PROFILE: (product.get("shipping_profile") or {}).get("name"),
        **{name: product[name] for name in CUSTOMS},
        "type": (product["type"] or {}).get("value"),
        "collection": (product["collection"] or {}).get("handle"),
        **{name: _number(product[name]) for name in _MEASURES},
        "tags": tuple(sorted(tag["value"] for tag in product["tags"])),
        "categories": tuple(sorted(category["handle"] for category in product["categories"])),
        "images": tuple(
            source_of(image["url"]) for image in sorted(product["images"], key=lambda image: image["rank"])
        ),
        "sales_channels": tuple(sorted(channel["name"] for channel in product["sales_channels"])),
        **_texts(product, (*TEXTS, *RARE_TEXTS)),
        **{name: metadata.pop(name, None) for name in (*METADATA, "review_count")},
    }
    options = sorted(product["options"], key=lambda option: option["id"])
    variants = sorted(product["variants"], key=lambda variant: variant["id"])
    others = {
        "handle": product["handle"],
        "own metadata": metadata,
        "sales channels": sorted(channel["id"] for channel in product["sales_channels"]),
        "shipping profile": (product.get("shipping_profile") or {}).get("id"),
        "inactive categories": [each["handle"] for each in product["categories"] if not each["is_active"]],
    }
    return Stored(
        product["id"],
        product["status"],
        owned,
        others,
        {option["id"]: option["title"] for option in options},
        {option["id"]: {value["value"] for value in option["values"]} for option in options},
        {each["id"]: _variant(each, locations, sales.get(each["id"], ()), free) for each in variants},
    )


def _on_hand(level: Mapping[str, Any]) -> int:
    return int(level["stocked_quantity"])


def _available(level: Mapping[str, Any]) -> int:
    return int(level["stocked_quantity"] - level["reserved_quantity"])


def _variant(
    variant: dict[str, Any],
    locations: Mapping[str, str],
    sales: Sequence[float],
    free: Callable[[Mapping[str, Any]], int],
) -> StoredVariant:
    prices = variant.get("prices", [])  # a run may have been killed before there was a set of prices
    items = [link["inventory"] for link in variant["inventory_items"] or () if link.get("inventory")]
    levels = [level for item in items for level in item["location_levels"]]
    at = {name: [each for each in levels if each["location_id"] == own] for name, own in locations.items()}
    here = at.pop("stock")
    elsewhere = [level for level in levels if level["location_id"] not in locations.values()]
    owned = {
        **{name: variant[name] for name in ("title", "sku", "barcode", "ean", *CUSTOMS)},
        "weight": _number(variant["weight"]),
        "allow_backorder": variant["allow_backorder"],
        **_texts(variant, TEXTS_OF_VARIANTS),
        **{
            name: _only([each["amount"] for each in prices if each["field"] == name])
            for name in PRICES.values()
        },
        "sale_price": _only(list(sales)),
        "stock": _only([free(level) for level in here]),
        **{name: _only([free(level) for level in own]) for name, own in at.items()},
    }
    values = {value["option_id"]: value["value"] for value in variant["options"]}
    others = {
        "other prices": sorted(_price(each) for each in prices if each["field"] not in PRICES.values()),
        "levels elsewhere": {level["location_id"]: level["stocked_quantity"] for level in elsewhere},
        "ids of prices": sorted(each["id"] for each in prices if each["field"] not in OTHER_PRICES),
        **{
            f"id of {name}": _only([each["id"] for each in prices if each["field"] == name])
            for name in OTHER_PRICES
        },
        "ids of items": sorted(item["id"] for item in items),
        "ids of levels": sorted(level["id"] for level in (*here, *elsewhere)),
    }
    by_item = [
        (item["sku"], [each["stocked_quantity"] for each in item["location_levels"] if each in here])
        for item in items
    ]
    all_prices = tuple(sorted(_price(each) for each in prices))
    summary = (variant["id"], variant["title"], variant["sku"], all_prices)
    return StoredVariant(
        *(variant["id"], owned, values, others, by_item, variant["manage_inventory"], summary),
        variant["variant_rank"] or 0,
    )


def _texts(owner: dict[str, Any], names: Sequence[str]) -> dict[str, str | None]:
    """The texts of a product or of a variant in each locale."""
    known = {each["locale_code"]: each["translations"] for each in owner.get("translations", ())}
    return {
        f"translation.{locale}.{name}": known.get(locale, {}).get(name) or None
        for locale in LOCALES
        for name in names
    }


def _number(value: Any) -> Any:
    """Medusa up to 2.14 returns measurements as text."""
    return float(value) if isinstance(value, str) else value


def _price(price: dict[str, Any]) -> tuple[str, float]:
    return price["field"], price["amount"]


def _only(values: list[Any]) -> Any:
    """The only member, or all of them if there are several."""
    return values[0] if len(values) == 1 else values or None
