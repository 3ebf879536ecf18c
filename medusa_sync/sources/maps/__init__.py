"""The maps that come with this tool, and the items that they are for (see docs/maps.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from medusa_sync.sources.base import Item


class BuiltIn(Struct, frozen=True):
    """A map in this folder: a jq program in the file `<name>.jq`.

    Attributes:
        what: the source that it is for.
        fits: whether an item has the fields of that source, so that it cannot be a product of our own format.
        size_name: for an API that counts its pages: the parameter for their size; empty for others.
        largest: the largest size that it accepts.
        children: a member with ids, each item of which is at an address of its own below that of the product.
        codes: columns of a table with ids, SKUs or barcodes.
    """

    name: str
    what: str
    fits: Callable[[Mapping[str, Any]], bool]
    size_name: str = ""
    largest: int = 0
    children: str = ""
    codes: tuple[str, ...] = ()


def _is_shopify(item: Mapping[str, Any]) -> bool:
    options = item.get("options")
    is_theirs = isinstance(options, list) and options and all(isinstance(each, dict) for each in options)
    return bool(is_theirs) and item.keys() >= {"title", "handle", "body_html", "variants"}


def _is_fakestore(item: Mapping[str, Any]) -> bool:
    rating = item.get("rating")
    return isinstance(rating, dict) and "rate" in rating and item.keys() >= {"id", "title", "price", "image"}


BUILT_IN: tuple[BuiltIn, ...] = (
    BuiltIn("shopify-json", "Shopify's `/products.json`", _is_shopify, "limit", 250),
    BuiltIn(
        "woocommerce-json",
        "WooCommerce's `/wp-json/wc/v3/products`",
        lambda item: (
            "title" not in item and item.keys() >= {"id", "name", "permalink", "regular_price", "type"}
        ),
        "per_page",
        100,
        "variations",
    ),
    BuiltIn(
        "woocommerce-csv",
        "the CSV export of WooCommerce",
        lambda item: item.keys() >= {"ID", "Type", "SKU", "Name", "Published", "Regular price"},
        codes=("SKU", "Parent", "GTIN, UPC, EAN, or ISBN"),
    ),
    BuiltIn("fakestore", "`https://fakestoreapi.com/products`", _is_fakestore),
)


def recognised(items: Iterable[Item]) -> BuiltIn | None:
    """The map for a source, by the fields of its first object; None if it needs none."""
    item = next(filter(None, (each.decoded for each in items)), {})
    return next((each for each in BUILT_IN if each.fits(item)), None)
