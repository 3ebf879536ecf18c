"""The maps that come with this tool, and the items that they are for (see docs/maps.md)."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from medusa_sync.sources.base import Item
from medusa_sync.sources.dialects.base import Column
from medusa_sync.sources.text import fold

_PLACEHOLDER = re.compile(r"\{[a-z]+\}")


class BuiltIn(Struct, frozen=True):
    """A map in this folder: a jq program in the file `<name>.jq`.

    Attributes:
        what: the source that it is for.
        required: fields that an item of that source has.
        fits: what else must be true of it, so that it cannot be a product of our own format.
        size_name: for an API that counts its pages: the parameter for their size; empty for others.
        largest: the largest size that it accepts.
        children: a member with ids, each item of which is at an address of its own below that of the product.
        codes: columns of a table with ids, SKUs or barcodes.
        marks: fields by which a person recognises that source, because hardly any other has them.
    """

    name: str
    what: str
    required: tuple[str, ...]
    fits: Callable[[Mapping[str, Any]], bool] = lambda _item: True
    size_name: str = ""
    largest: int = 0
    children: str = ""
    codes: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()


def _is_shopify(item: Mapping[str, Any]) -> bool:
    options = item["options"]
    return isinstance(options, list) and bool(options) and all(isinstance(each, dict) for each in options)


def _is_fakestore(item: Mapping[str, Any]) -> bool:
    return isinstance(item["rating"], dict) and "rate" in item["rating"]


def _is_woocommerce(item: Mapping[str, Any]) -> bool:
    types = ("simple", "variable", "grouped", "external")
    return "title" not in item and ("permalink" in item or item["type"] in types)


BUILT_IN: tuple[BuiltIn, ...] = (
    BuiltIn(
        "shopify-json",
        "Shopify's `/products.json`",
        ("title", "handle", "body_html", "options", "variants"),
        _is_shopify,
        "limit",
        250,
        marks=("body_html", "product_type"),
    ),
    BuiltIn(
        "woocommerce-json",
        "WooCommerce's `/wp-json/wc/v3/products`",
        ("id", "name", "type", "regular_price"),
        _is_woocommerce,
        "per_page",
        100,
        "variations",
        marks=("regular_price", "permalink", "stock_status"),
    ),
    BuiltIn(
        "woocommerce-csv",
        "the CSV export of WooCommerce",
        ("Type", "Name", "Published", "Regular price"),
        lambda item: "SKU" in item or "ID" in item,
        codes=("SKU", "Parent", "GTIN, UPC, EAN, or ISBN"),
        marks=("Regular price", "In stock?"),
    ),
    BuiltIn(
        "fakestore",
        "`https://fakestoreapi.com/products`",
        ("id", "title", "price", "image", "rating"),
        _is_fakestore,
    ),
    BuiltIn(
        "wix",
        "the CSV export of Wix Stores",
        ("handleId", "fieldType", "name", "price"),
        codes=("handleId", "sku"),
    ),
    BuiltIn(
        "squarespace",
        "the CSV export of Squarespace",
        ("Product ID [Non Editable]", "Variant ID [Non Editable]", "Title", "Price"),
        codes=("Product ID [Non Editable]", "Variant ID [Non Editable]", "SKU"),
    ),
    BuiltIn("yml", "the YML of Yandex Market", ("@id", "price", "currencyId")),
    BuiltIn("heureka", "the XML of Heureka", ("ITEM_ID", "PRICE_VAT")),
    BuiltIn("ceneo", "the XML of Ceneo", ("@id", "@price", "name")),
    BuiltIn("skroutz", "the XML of Skroutz", ("name", "price_with_vat")),
)


def recognised(items: Iterable[Item]) -> BuiltIn | None:
    """The map for a source, by the fields of its first object; None if it needs none."""
    item = _first(items)
    return next((each for each in BUILT_IN if item.keys() >= {*each.required} and each.fits(item)), None)


def resembled(items: Iterable[Item]) -> str:
    """The source that the first object is like, and what it lacks; empty if it is like none."""
    item = _first(items)
    for each in BUILT_IN:
        missing = [name for name in each.required if name not in item]
        if missing and item.keys() & {*each.marks}:
            return f"{each.what}, but without {', '.join(missing)}"
    return ""


def _first(items: Iterable[Item]) -> dict[str, Any]:
    return next(filter(None, (each.decoded for each in items)), {})


def in_english(columns: Mapping[str, int]) -> dict[str, int]:
    """The columns of a table; those that WooCommerce translates have their English names, too."""
    with Path(__file__).with_name("woocommerce-csv.csv").open(encoding="utf-8", newline="") as table:
        known = [Column(tuple(names)) for names in csv.reader(table)]
    found = dict(columns)
    for name, index in columns.items():
        for column in known:
            if match := column.pattern.fullmatch(fold(name)):
                suffix = match[match.lastindex] if match.lastindex else ""
                found.setdefault(_PLACEHOLDER.sub(suffix, column.key), index)
    return found
