"""Shopify's product CSV, with the old and the new names of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from medusa_sync.sources.dialects.base import Dialect, Row
from medusa_sync.sources.dialects.cells import (
    VARIANT,
    amount,
    code,
    columns_of,
    count,
    distinct,
    fields,
    flag,
    option_names,
    option_values,
    parts,
    path,
    present,
    texts,
)
from medusa_sync.sources.text import shortened

NAME, VALUE = "Option{n} Name", "Option{n} Value"
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


_COLUMNS = columns_of(
    "shopify",
    category=_category,
    tags=lambda row, key: parts(row[key], ","),
    status=_status,
    barcode=lambda row, key: code(row, key).removeprefix("'"),
    price=_price,
    stock=_stock,
    grams=lambda row, key: amount(row, key) or None,
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
