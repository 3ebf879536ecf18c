"""Shopify's product CSV, with the old and the new names of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from medusa_sync.sources.dialects.base import Column, Dialect, Row, ignored
from medusa_sync.sources.dialects.cells import (
    VARIANT,
    amount,
    code,
    count,
    distinct,
    fields,
    flag,
    option_names,
    option_values,
    path,
    present,
    split_at,
    text,
    texts,
)
from medusa_sync.sources.text import shortened

NAME, VALUE = "Option{n} Name", "Option{n} Value"
_FIRST = "of the first row"
_STATUSES = ("active", "draft", "archived", "unlisted")


def _category(row: Row, key: str) -> list[list[str]]:
    category = path(row[key])
    return [category] if category and category != ["Uncategorized"] else []


def _price(row: Row, key: str) -> int | float:
    price = amount(row, key)
    if price is None:
        name = shortened(row["Variant SKU"] or " / ".join(row[each] for each in row.series(VALUE).values()))
        raise row.error(key, f"is empty (variant {name})" if name else "is empty")
    return price


def _stock(row: Row, key: str) -> int | None:
    quantity = count(row, key)
    tracker = "Variant Inventory Tracker"
    is_tracked = bool(row[tracker]) or tracker not in row.header.names
    return max(quantity, 0) if quantity is not None and is_tracked else None


def _status(row: Row, key: str) -> str | None:
    """`draft`, none, or a status that is not Shopify's; then a new product is a draft too."""
    status = row[key].lower()
    if status and status not in _STATUSES:
        return row[key]
    return "draft" if status not in {"", "active"} or flag(row, "Published") is False else None


_COLUMNS = (
    Column(("Handle", "URL handle"), "id, handle", "unchanged; on every row of the product", text),
    Column(("Title",), "title", _FIRST, text),
    Column(("Body (HTML)", "Description"), "description", f"{_FIRST}; the HTML is kept", text),
    Column(("Vendor",), "brand", _FIRST, text),
    Column(
        ("Product Category",),
        "categories",
        f"{_FIRST}; one path, such as `Apparel & Accessories > Jewelry`; `Uncategorized` is ignored",
        _category,
    ),
    Column(("Type", "Custom Product Type"), "type", _FIRST, text),
    Column(("Tags",), "tags", f"{_FIRST}; separated by commas", split_at(",")),
    Column(
        ("Status",),
        "status",
        f"{_FIRST}; draft, archived and unlisted are `draft`; active is that of `--status`",
        _status,
    ),
    Column(("Published", "Published on online store"), "status", f"{_FIRST}; false is `draft`"),
    Column(("Image Src", "Product image URL"), "images", "of all rows, each once"),
    Column(("Image Position",), "images", "their order; those without one are last"),
    Column(("Variant SKU", "SKU"), "variants[].sku", "identifies the variant", code),
    Column(
        ("Variant Barcode", "Barcode"),
        "variants[].barcode",
        "without a leading apostrophe",
        lambda row, key: code(row, key).removeprefix("'"),
    ),
    Column(("Variant Price", "Price"), "variants[].price", "in `--currency`", _price),
    Column(("Variant Compare At Price", "Compare-at price"), "variants[].compareAtPrice", read=amount),
    Column(
        ("Variant Inventory Qty", "Inventory quantity"),
        "variants[].stock",
        "a negative one is 0: more were sold than there were. Without it, inventory is not managed",
        _stock,
    ),
    Column(
        ("Variant Inventory Tracker", "Inventory tracker"),
        "variants[].stock",
        "if it is empty, the stock is not tracked, and the quantity is ignored",
    ),
    Column(
        ("Variant Grams", "Weight value (grams)"),
        "variants[].weight",
        "in grams; 0 is ignored",
        lambda row, key: amount(row, key) or None,
    ),
    Column(
        (NAME,), "options", "names on the first row; `Title` with the only value `Default Title` is ignored"
    ),
    Column((VALUE,), "variants[].options"),
    ignored("not synced; images belong to products", "Variant Image", "Variant image URL"),
    ignored("Medusa has no text for an image", "Image Alt Text"),
    ignored("not synced", "Variant Inventory Policy", "Continue selling when out of stock"),
    ignored("not synced", "Variant Requires Shipping", "Requires shipping"),
    ignored("belongs to Shopify", "Variant Fulfillment Service", "Fulfillment service"),
    ignored("belongs to Shopify", "Option{n} Linked To", "{name} (product.metafields.{name})"),
    ignored("taxes are set up in the store", "Variant Taxable", "Charge tax", "Variant Tax Code", "Tax code"),
    ignored("only how Shopify shows the grams", "Variant Weight Unit", "Weight unit for display"),
    ignored("private", "Cost per item"),
    ignored("a market is not a currency", "Price / {name}", "Compare At Price / {name}"),
    ignored("the store has its own markets", "Included / {name}"),
    ignored("Medusa has gift cards of its own", "Gift Card"),
    ignored("Medusa has no such field", "SEO Title", "SEO Description", "Unit Price {name}"),
    ignored("not of this store", "Google Shopping / {name}"),
)


def _product(rows: Sequence[Row]) -> Mapping[str, Any]:
    first = rows[0]
    names = _option_names(rows)
    variants = [
        present(
            **fields(_COLUMNS, row, VARIANT) | {"options": option_values(row, VALUE, names) if names else {}}
        )
        for row in rows
        if row is first or row["Variant Price"] or row["Variant SKU"] or row.series(VALUE)
    ]  # other rows only have an image
    more = {"images": _images(rows), "options": list(names.values()), "variants": variants}
    return present(**fields(_COLUMNS, first) | more)


def _option_names(rows: Sequence[Row]) -> Mapping[str, str]:
    """The names of the options by number; none if the product has the only option of Shopify's own."""
    names = option_names(rows, NAME)
    values = {value for row in rows for value in texts(row, VALUE)}
    return {} if set(names.values()) <= {"Title"} and values <= {"Default Title"} else names


def _images(rows: Sequence[Row]) -> list[str]:
    placed = [(count(row, "Image Position"), row["Image Src"]) for row in rows if row["Image Src"]]
    return distinct(image for _, image in sorted(placed, key=lambda each: (each[0] is None, each[0] or 0)))


SHOPIFY = Dialect(
    "Shopify",
    _COLUMNS,
    ("Handle", "Title", "Variant Price"),
    "a product by its handle, a variant by its SKU, or else by its option values",
    lambda row: row["Handle"],
    _product,
)
