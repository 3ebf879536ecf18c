"""Shopify's product CSV, with the old and the new names of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from medusa_sync.redact import shortened
from medusa_sync.sources.dialects import cells
from medusa_sync.sources.dialects.base import Dialect, Row
from medusa_sync.sources.dialects.cells import VARIANT, Fields, present

_NAME, _VALUE = "Option{n} Name", "Option{n} Value"
_TRACKER = "Variant Inventory Tracker"
_POLICIES = {"continue": True, "true": True, "deny": False, "false": False}  # of what is out of stock
_STATUSES = ("active", "draft", "archived", "unlisted")


def _category(row: Row, key: str) -> list[list[str]]:
    category = cells.path(row[key])
    return [category] if category and category != ["Uncategorized"] else []


def _price(row: Row, key: str) -> Any:
    price = cells.price(row, key)
    if price is None:
        name = shortened(row["Variant SKU"] or " / ".join(row[each] for each in row.series(_VALUE).values()))
        raise row.error(key, f"is empty (variant {name})" if name else "is empty")
    return price


def _is_tracked(row: Row) -> bool:
    return bool(row[_TRACKER]) or _TRACKER not in row.header.names


def _stock(row: Row, key: str) -> int | None:
    quantity = cells.count(row, key)
    return max(quantity, 0) if quantity is not None and _is_tracked(row) else None


def _backorder(row: Row, key: str) -> bool | None:
    return _POLICIES.get(row[key].lower()) if _is_tracked(row) else None


def _status(row: Row, key: str) -> str | None:
    """`draft`, `active`, none, or a status that is not Shopify's; then a new product is a draft too."""
    status = row[key].lower()
    if status and status not in _STATUSES:
        return row[key]
    is_published = cells.flag(row, "Published")
    if status not in {"", "active"} or is_published is False:
        return "draft"
    return "active" if status or is_published else None


_COLUMNS = cells.columns_of(
    "shopify",
    category=_category,
    tags=lambda row, key: cells.parts(row[key], ","),
    status=_status,
    code=lambda row, key: row[key].removeprefix("'"),  # so that a spreadsheet keeps zeros
    variant_price=_price,
    stock=_stock,
    backorder=_backorder,
    grams=lambda row, key: cells.amount(row, key) or None,
)


_PRODUCT, _VARIANT = Fields(cells.targets(_COLUMNS)), Fields(cells.targets(_COLUMNS, VARIANT))


def _product(rows: Sequence[Row]) -> Mapping[str, Any]:
    options, values = cells.options(rows, _NAME, _VALUE, ("Title", "Default Title"))
    variants = [
        present(**_VARIANT.of(row) | {"options": own})
        for row, own in zip(rows, values, strict=True)
        if row is rows[0] or row["Variant Price"] or row["Variant SKU"] or row.series(_VALUE)
    ]  # other rows only have an image
    placed = [(cells.count(row, "Image Position"), row["Image Src"]) for row in rows if row["Image Src"]]
    images = [image for _, image in sorted(placed, key=lambda each: (each[0] is None, each[0] or 0))]
    more = {"images": cells.distinct(images), "options": options, "variants": variants}
    return present(**_PRODUCT.of(rows[0]) | more)


SHOPIFY = Dialect(
    "Shopify",
    _COLUMNS,
    ("Handle", "Title", "Variant Price"),
    "a product by its handle, a variant by its SKU, or else by its option values",
    ("Handle",),
    _product,
)
