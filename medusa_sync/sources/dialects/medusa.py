"""The product CSV of Medusa 2: the template of its import, and its exports."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from medusa_sync.sources.dialects.base import Column, Dialect, Row, ignored
from medusa_sync.sources.dialects.cells import (
    NAME,
    VALUE,
    amount,
    code,
    distinct,
    json_object,
    option_values,
    path,
    present,
)
from medusa_sync.sources.text import shortened

_NAMES = "a name; an id of the store that exported it is ignored"
_MEASURES = ("Length", "Width", "Height", "HS Code", "Origin Country", "MID Code", "Material")
_TIMES = ("Created", "Updated", "Deleted")
_COLUMNS = (
    Column("external_id", ("Product External Id",), "id"),
    Column("handle", ("Product Handle",), "handle, id", "the id, if the external id is empty"),
    Column("id", ("Product Id",), "id", "if the external id and the handle are empty"),
    Column("title", ("Product Title",), "title"),
    Column("subtitle", ("Product Subtitle",), "subtitle"),
    Column("description", ("Product Description",), "description"),
    Column("status", ("Product Status",), "status"),
    Column("thumbnail", ("Product Thumbnail",), "thumbnail"),
    Column("weight", ("Product Weight",), "weight"),
    Column("length", ("Product Length",), "dimensions.depth"),
    Column("width", ("Product Width",), "dimensions.width"),
    Column("height", ("Product Height",), "dimensions.height"),
    Column("hs_code", ("Product HS Code",), "hsCode"),
    Column("origin_country", ("Product Origin Country",), "originCountry"),
    Column("mid_code", ("Product MID Code",), "midCode"),
    Column("material", ("Product Material",), "material"),
    Column("collection", ("Product Collection Id",), "collection", _NAMES),
    Column("type", ("Product Type Id",), "type", _NAMES),
    Column(
        "category", ("Product Category {n}",), "categories", f"{_NAMES}; or a path such as `Apparel > Shirts`"
    ),
    Column("tag", ("Product Tag {n}",), "tags", _NAMES),
    Column("image", ("Product Image {n} Url", "Product Image {n}"), "images"),
    Column("metadata", ("Product Metadata",), "metadata", "a JSON object"),
    Column("variant_id", ("Variant Id",), "variants[].id"),
    Column("variant_title", ("Variant Title",), "variants[].title"),
    Column("sku", ("Variant SKU",), "variants[].sku"),
    Column("barcode", ("Variant Barcode",), "variants[].barcode"),
    Column("variant_weight", ("Variant Weight",), "variants[].weight"),
    Column("price", ("Variant Price {currency}",), "variants[].prices", "one of them is in `--currency`"),
    Column(
        NAME,
        ("Variant Option {n} Name",),
        "options",
        "`Default option` with the only value `Default option value` is ignored",
    ),
    Column(VALUE, ("Variant Option {n} Value",), "variants[].options"),
    ignored(
        "a price of a region, and the regions of a store are its own", "Variant Price {name} [{currency}]"
    ),
    ignored("synced for products only", *(f"Variant {name}" for name in _MEASURES), "Variant Metadata"),
    ignored("only the barcode is synced", "Variant UPC", "Variant EAN"),
    ignored("not synced; the file has no stock", "Variant Allow Backorder", "Variant Manage Inventory"),
    ignored("belongs to the store that exported it", "Shipping Profile Id", "Product Sales Channel {n}"),
    ignored(
        "belongs to the store that exported it", "Variant Option {n} Id", "Variant Option {n} Is Exclusive"
    ),
    ignored("belongs to the store that exported it", *(f"Product {name} At" for name in _TIMES)),
    ignored("belongs to the store that exported it", *(f"Variant {name} At" for name in _TIMES)),
    ignored("belongs to the store that exported it", "Variant Product Id"),
    ignored("not synced", "Product Discountable", "Product Is Giftcard"),
    ignored("not synced", "Variant Variant Rank", "Variant Thumbnail", "Variant Image {n}"),
)
_ID = re.compile(r"(pcol|ptyp|pcat|ptag)_[0-9A-Za-z]+")
_NO_OPTION = {"Default option": "Default option value", "Default": "Default"}  # of the admin, of this tool


def _source_id(row: Row) -> str:
    return row["external_id"] or row["handle"] or row["id"]


def _continues(row: Row, first: Row) -> bool:
    """Whether a row has the handle of the product before it, and lacks only the external id."""
    return not row["external_id"] and bool(row["handle"]) and row["handle"] == first["handle"]


def _product(rows: Sequence[Row]) -> Mapping[str, Any]:
    first = rows[0]
    options = [option_values(row, row.series(NAME)) for row in rows]  # their numbers may differ
    if len(rows) == 1 and options[0].items() <= _NO_OPTION.items():
        options = [{}]
    return present(
        id=_source_id(first),
        handle=first["handle"],
        title=first["title"],
        subtitle=first["subtitle"],
        description=first["description"],
        status=first["status"].lower(),
        thumbnail=first["thumbnail"],
        weight=amount(first, "weight"),
        dimensions=present(
            width=amount(first, "width"), height=amount(first, "height"), depth=amount(first, "length")
        ),
        hsCode=first["hs_code"],
        originCountry=first["origin_country"],
        midCode=first["mid_code"],
        material=first["material"],
        collection=_name(first["collection"]),
        type=_name(first["type"]),
        categories=[path(name) for name in _names(first, "category")],
        tags=_names(first, "tag"),
        images=distinct(first.series("image").values()),
        metadata=json_object(first, "metadata"),
        options=distinct(name for values in options for name in values),
        variants=[_variant(row, values) for row, values in zip(rows, options, strict=True)],
    )


def _name(text: str) -> str:
    return "" if _ID.fullmatch(text) else text


def _names(row: Row, key: str) -> list[str]:
    return distinct(map(_name, row.series(key).values()))


def _variant(row: Row, options: Mapping[str, str]) -> Mapping[str, Any]:
    prices = {
        currency: amount(row, f"price {currency}", text) for currency, text in row.series("price").items()
    }
    if not prices:
        name = shortened(row["sku"] or row["variant_title"])
        raise row.error("price", f"is empty (variant {name})" if name else "is empty")
    return present(
        id=code(row, "variant_id"),
        title=row["variant_title"],
        sku=code(row, "sku"),
        barcode=code(row, "barcode"),
        weight=amount(row, "variant_weight"),
        prices=prices,
        options=options,
    )


MEDUSA = Dialect(
    "Medusa",
    _COLUMNS,
    ("handle", "title", "price"),
    "a product by its external id, else its handle, else its id; a variant by its id, else its SKU, else its "
    "option values",
    _source_id,
    _product,
    _continues,
)
