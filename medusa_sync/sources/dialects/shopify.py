"""Shopify's product CSV, with the old and the new names of its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from medusa_sync.sources.dialects.base import Column, Dialect, Row, ignored
from medusa_sync.sources.dialects.cells import (
    NAME,
    VALUE,
    amount,
    code,
    count,
    distinct,
    flag,
    option_names,
    option_values,
    parts,
    path,
    present,
    unquoted,
)
from medusa_sync.sources.text import shortened

_FIRST = "of the first row"
_COLUMNS = (
    Column("handle", ("Handle", "URL handle"), "id, handle", "unchanged; on every row of the product"),
    Column("title", ("Title",), "title", _FIRST),
    Column("description", ("Body (HTML)", "Description"), "description", f"{_FIRST}; the HTML is kept"),
    Column("vendor", ("Vendor",), "brand", _FIRST),
    Column(
        "category",
        ("Product Category",),
        "categories",
        f"{_FIRST}; one path, such as `Apparel & Accessories > Jewelry`; `Uncategorized` is ignored",
    ),
    Column("type", ("Type", "Custom Product Type"), "type", _FIRST),
    Column("tags", ("Tags",), "tags", f"{_FIRST}; separated by commas"),
    Column("published", ("Published", "Published on online store"), "status", f"{_FIRST}; false is `draft`"),
    Column(
        "status",
        ("Status",),
        "status",
        f"{_FIRST}; draft, archived and unlisted are `draft`; active is that of `--status`",
    ),
    Column(
        NAME,
        ("Option{n} Name",),
        "options",
        "names on the first row; `Title` with the only value `Default Title` is ignored",
    ),
    Column(VALUE, ("Option{n} Value",), "variants[].options"),
    Column("sku", ("Variant SKU", "SKU"), "variants[].sku", "identifies the variant"),
    Column("barcode", ("Variant Barcode", "Barcode"), "variants[].barcode", "without a leading apostrophe"),
    Column("grams", ("Variant Grams", "Weight value (grams)"), "variants[].weight", "in grams; 0 is ignored"),
    Column("price", ("Variant Price", "Price"), "variants[].price", "in `--currency`"),
    Column("compare_at_price", ("Variant Compare At Price", "Compare-at price"), "variants[].compareAtPrice"),
    Column(
        "tracker",
        ("Variant Inventory Tracker", "Inventory tracker"),
        "variants[].stock",
        "if it is empty, the stock is not tracked, and the quantity is ignored",
    ),
    Column(
        "quantity",
        ("Variant Inventory Qty", "Inventory quantity"),
        "variants[].stock",
        "a negative one is 0: more were sold than there were. Without it, inventory is not managed",
    ),
    Column("image", ("Image Src", "Product image URL"), "images", "of all rows, each once"),
    Column("position", ("Image Position",), "images", "their order; those without one are last"),
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


_STATUSES = ("active", "draft", "archived", "unlisted")


def _source_id(row: Row) -> str:
    return row["handle"]


def _product(rows: Sequence[Row]) -> Mapping[str, Any]:
    first = rows[0]
    variants = [row for row in rows if row is first or _is_variant(row)]
    names = _option_names(rows)
    category = path(first["category"])
    return present(
        id=first["handle"],
        handle=first["handle"],
        title=first["title"],
        description=first["description"],
        brand=first["vendor"],
        categories=[category] if category and category != ["Uncategorized"] else [],
        type=first["type"],
        tags=parts(first["tags"], ","),
        status=_status(first),
        images=_images(rows),
        options=list(names.values()),
        variants=[_variant(row, names) for row in variants],
    )


def _is_variant(row: Row) -> bool:
    """Whether a row after the first one has a variant; otherwise it has another image."""
    return bool(row["price"] or row["sku"] or row.series(VALUE))


def _option_names(rows: Sequence[Row]) -> Mapping[str, str]:
    """The names of the options by number; none if the product has the only option of Shopify's own."""
    names = option_names(rows)
    values = {value for row in rows for value in row.series(VALUE).values()}
    return {} if set(names.values()) <= {"Title"} and values <= {"Default Title"} else names


def _variant(row: Row, names: Mapping[str, str]) -> Mapping[str, Any]:
    price = amount(row, "price")
    if price is None:
        name = shortened(row["sku"] or " / ".join(row.series(VALUE).values()))
        raise row.error("price", f"is empty (variant {name})" if name else "is empty")
    return present(
        sku=code(row, "sku"),
        barcode=unquoted(code(row, "barcode")),
        price=price,
        compareAtPrice=amount(row, "compare_at_price"),
        stock=_stock(row),
        weight=amount(row, "grams") or None,
        options=option_values(row, names) if names else {},
    )


def _stock(row: Row) -> int | None:
    quantity = count(row, "quantity")
    is_tracked = bool(row["tracker"]) or "tracker" not in row.header.names
    return max(quantity, 0) if quantity is not None and is_tracked else None


def _images(rows: Sequence[Row]) -> list[str]:
    placed = [(count(row, "position"), row["image"]) for row in rows if row["image"]]
    return distinct(image for _, image in sorted(placed, key=lambda each: (each[0] is None, each[0] or 0)))


def _status(row: Row) -> str | None:
    """`draft`, none, or a status that is not Shopify's; then a new product is a draft too."""
    status = row["status"].lower()
    if status and status not in _STATUSES:
        return row["status"]
    return "draft" if status not in {"", "active"} or flag(row, "published") is False else None


SHOPIFY = Dialect(
    "Shopify",
    _COLUMNS,
    ("handle", "title", "price"),
    "a product by its handle, a variant by its SKU, or else by its option values",
    _source_id,
    _product,
)
