"""Reads the products of the store and compares them with those of the source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import httpx

Product = Mapping[str, Any]

_LEVELS = "variants.inventory_items.inventory.location_levels"
_FIELDS = (
    *("id", "external_id", "metadata", "*categories", "*tags", "*sales_channels", "*images"),
    *("variants.id", "variants.sku", "*variants.prices", f"{_LEVELS}.stocked_quantity"),
)
_CURRENCY = "usd"  # of DummyJSON


def stored_products(client: httpx.Client) -> dict[str, Product]:
    """Return the products of the store by their id in the source.

    Raises:
        RuntimeError: a product is stored twice.
    """
    query: dict[str, str | int] = {"limit": 5000, "order": "id", "fields": ",".join(_FIELDS)}
    response = client.get("/admin/products", params=query)
    products = response.raise_for_status().json()["products"]
    by_id = {_source_id(product): product for product in products}
    if len(by_id) < len(products):
        raise RuntimeError(f"{len(products)} products are stored, but only {len(by_id)} different ones")
    return by_id


def right(source: Iterable[Product], stored: Mapping[str, Product], channel_id: str) -> dict[str, int]:
    """Count the products that are stored, and those that have the right price, category and so on."""
    pairs = [(_wanted(product, channel_id), stored.get(str(product["id"]))) for product in source]
    found = [(wanted, _found(product)) for wanted, product in pairs if product is not None]
    names = pairs[0][0]
    counts = {name: sum(wanted[name] == there[name] for wanted, there in found) for name in names}
    return {"stored": len(found), **counts}


def kept(before: Mapping[str, Product], after: Mapping[str, Product]) -> dict[str, int]:
    """Count the products of which all ids of a kind are the same as before."""
    pairs = [(_ids(product), _ids(after[source_id])) for source_id, product in before.items()]
    return {kind: sum(old[kind] == new[kind] for old, new in pairs) for kind in pairs[0][0]}


def _source_id(product: Product) -> str:
    """`external_id` is `1` or `name:1`; the TypeScript job stores the id in the metadata."""
    return str(product["external_id"] or product["metadata"]["external_id"]).rpartition(":")[2]


def _wanted(product: Product, channel_id: str) -> dict[str, object]:
    return {
        "price": [product["price"]],
        "category": [product["category"]],
        "tags": sorted(product["tags"]),
        "SKU": [product["sku"]],
        "stock level": [product["stock"]],
        "sales channel": [channel_id],
    }


def _found(product: Product) -> dict[str, object]:
    variants = product["variants"]
    prices = [price for variant in variants for price in variant["prices"]]
    items = [item["inventory"] for variant in variants for item in variant["inventory_items"]]
    return {
        "price": [price["amount"] for price in prices if price["currency_code"] == _CURRENCY],
        "category": [category["handle"] for category in product["categories"]],
        "tags": sorted(tag["value"] for tag in product["tags"]),
        "SKU": [variant["sku"] for variant in variants],
        "stock level": [level["stocked_quantity"] for item in items for level in item["location_levels"]],
        "sales channel": [channel["id"] for channel in product["sales_channels"]],
    }


def _ids(product: Product) -> dict[str, set[str]]:
    variants = product["variants"]
    return {
        "variants": {variant["id"] for variant in variants},
        "prices": {price["id"] for variant in variants for price in variant["prices"]},
        "images": {image["id"] for image in product["images"]},
    }
