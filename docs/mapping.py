"""The table of docs/mapping.md that shows each field in every format (`make docs`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from medusa_sync.sources.dialects import DIALECTS
from medusa_sync.sources.dialects.base import Dialect
from medusa_sync.sources.dialects.own import OWN

VARIANT = "variants[]."
FIELDS: Mapping[str, tuple[str, ...]] = {
    "external_id": ("id",),
    "title": ("title", f"{VARIANT}title"),
    "subtitle": ("subtitle",),
    "description": ("description",),
    "handle": ("handle",),
    "status": ("status",),
    "thumbnail": ("thumbnail", f"{VARIANT}image"),
    "images": ("images",),
    "categories": ("category", "categories"),
    "tags": ("tags",),
    "sales_channels": ("salesChannels",),
    "type": ("type",),
    "collection": ("collection",),
    "weight": ("weight", f"{VARIANT}weight"),
    "length": ("dimensions.depth",),
    "width": ("dimensions.width",),
    "height": ("dimensions.height",),
    "origin_country": ("originCountry",),
    "hs_code": ("hsCode",),
    "mid_code": ("midCode",),
    "material": ("material",),
    "translation": ("translations", f"{VARIANT}translations"),
    "metadata": (
        *(
            "metadata",
            f"{VARIANT}metadata",
            "brand",
            "rating",
            "reviews",
            "discountPercentage",
            "warrantyInformation",
        ),
        *("shippingInformation", "returnPolicy", "minimumOrderQuantity", "availabilityStatus"),
    ),
    "variants": ("options", f"{VARIANT}id", f"{VARIANT}options"),
    "sku": ("sku", f"{VARIANT}sku"),
    "barcode": ("meta.barcode", f"{VARIANT}barcode"),
    "price": ("price", "prices", f"{VARIANT}price", f"{VARIANT}prices"),
    "sale_price": ("compareAtPrice", "salePrice", f"{VARIANT}compareAtPrice", f"{VARIANT}salePrice"),
    "stock": ("stock", f"{VARIANT}stock"),
}
"""Fields of our own format by the field that they become: those of `--only`, and three others."""


WOOCOMMERCE: Mapping[str, tuple[str, ...]] = {
    "external_id": ("SKU", "ID"),
    "title": ("Name",),
    "description": ("Description", "Short description"),
    "status": ("Published",),
    "images": ("Images",),
    "categories": ("Categories",),
    "tags": ("Tags",),
    "weight": ("Weight ({unit})",),
    "length": ("Length ({unit})",),
    "width": ("Width ({unit})",),
    "height": ("Height ({unit})",),
    "metadata": ("Attribute {n} name", "Attribute {n} value(s)"),
    "variants": ("Parent", "Attribute {n} name", "Attribute {n} value(s)"),
    "sku": ("SKU",),
    "barcode": ("GTIN, UPC, EAN, or ISBN",),
    "price": ("Regular price", "Sale price"),
    "sale_price": ("Sale price",),
    "stock": ("Stock", "In stock?"),
}
"""Columns of WooCommerce's export, which a map reads."""


def by_format() -> str:
    """A row for each field in the store, with its names in each format that has it."""
    rows = []
    for name, own in FIELDS.items():
        others = {each.name: _columns(each, own) for each in DIALECTS if each is not OWN}
        names = {"JSON": own, **others, "WooCommerce": WOOCOMMERCE.get(name, ())}
        if any(others.values()) and own == (name,):
            names["JSON"] = ()
        lines = (f"{format_}: {_code(found)}" for format_, found in names.items() if found)
        rows.append(f"| `{name}` | {'<br>'.join(lines)} |\n")
    return "| in the store | at the source |\n| --- | --- |\n" + "".join(rows)


def _columns(dialect: Dialect, own: Iterable[str]) -> list[str]:
    """The first names of the columns that become one of these fields."""
    names = {*own, *(name.removeprefix("meta.") for name in own)}
    return [
        column.key
        for column in dialect.columns
        if not names.isdisjoint(map(_root, filter(None, column.field.split(", "))))
    ]


def _root(field: str) -> str:
    return "metadata" if field.startswith("metadata.") else field


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
