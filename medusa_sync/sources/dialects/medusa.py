"""The product CSV of Medusa 2: the template of its import, and its exports."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from medusa_sync.sources.dialects.base import Column, Dialect, Row, ignored
from medusa_sync.sources.dialects.cells import (
    VARIANT,
    amount,
    code,
    distinct,
    fields,
    json_object,
    option_names,
    option_values,
    path,
    present,
    prices,
    text,
    texts,
)
from medusa_sync.sources.text import shortened

NAME, VALUE = "Variant Option {n} Name", "Variant Option {n} Value"
_EXTERNAL_ID, _HANDLE, _ID = "Product External Id", "Product Handle", "Product Id"
_NAMES = "a name; an id of the store that exported it is ignored"
_MEASURES = ("Length", "Width", "Height", "HS Code", "Origin Country", "MID Code", "Material")
_TIMES = ("Created", "Updated", "Deleted")
_IS_ID = re.compile(r"(pcol|ptyp|pcat|ptag)_[0-9A-Za-z]+")
_NO_OPTION = {"Default option": "Default option value", "Default": "Default"}  # of the admin, of this tool


def _name(row: Row, key: str) -> str:
    return "" if _IS_ID.fullmatch(row[key]) else row[key]


def _names(row: Row, key: str) -> list[str]:
    return distinct(_name(row, each) for each in row.series(key).values())


def _prices(row: Row, key: str) -> Mapping[str, Any]:
    found = prices(row, key)
    if not found:
        name = shortened(row["Variant SKU"] or row["Variant Title"])
        raise row.error("price", f"is empty (variant {name})" if name else "is empty")
    return found


_COLUMNS = (
    Column((_EXTERNAL_ID,), "id"),
    Column((_HANDLE,), "handle, id", "the id, if the external id is empty", text),
    Column((_ID,), "id", "if the external id and the handle are empty"),
    Column(("Product Title",), "title", read=text),
    Column(("Product Subtitle",), "subtitle", read=text),
    Column(("Product Description",), "description", read=text),
    Column(("Product Status",), "status", read=lambda row, key: row[key].lower()),
    Column(("Product Thumbnail",), "thumbnail", read=text),
    Column(("Product Weight",), "weight", read=amount),
    Column(("Product Width",), "dimensions.width", read=amount),
    Column(("Product Height",), "dimensions.height", read=amount),
    Column(("Product Length",), "dimensions.depth", read=amount),
    Column(("Product HS Code",), "hsCode", read=text),
    Column(("Product Origin Country",), "originCountry", read=text),
    Column(("Product MID Code",), "midCode", read=text),
    Column(("Product Material",), "material", read=text),
    Column(("Product Collection Id",), "collection", _NAMES, _name),
    Column(("Product Type Id",), "type", _NAMES, _name),
    Column(
        ("Product Category {n}",),
        "categories",
        f"{_NAMES}; or a path such as `Apparel > Shirts`",
        lambda row, key: [path(name) for name in _names(row, key)],
    ),
    Column(("Product Tag {n}",), "tags", _NAMES, _names),
    Column(("Product Image {n} Url", "Product Image {n}"), "images", read=texts),
    Column(("Product Metadata",), "metadata", "a JSON object", json_object),
    Column(("Variant Id",), "variants[].id", read=code),
    Column(("Variant Title",), "variants[].title", read=text),
    Column(("Variant SKU",), "variants[].sku", read=code),
    Column(("Variant Barcode",), "variants[].barcode", read=code),
    Column(("Variant Weight",), "variants[].weight", read=amount),
    Column(("Variant Price {currency}",), "variants[].prices", "one of them is in `--currency`", _prices),
    Column((NAME,), "options", "`Default option` with the only value `Default option value` is ignored"),
    Column((VALUE,), "variants[].options"),
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


def _source_id(row: Row) -> str:
    return row[_EXTERNAL_ID] or row[_HANDLE] or row[_ID]


def _continues(row: Row, first: Row) -> bool:
    """Whether a row has the handle of the product before it, and lacks only the external id."""
    return not row[_EXTERNAL_ID] and bool(row[_HANDLE]) and row[_HANDLE] == first[_HANDLE]


def _product(rows: Sequence[Row]) -> Mapping[str, Any]:
    options = [option_values(row, VALUE, option_names([row], NAME)) for row in rows]  # numbers may differ
    if len(rows) == 1 and options[0].items() <= _NO_OPTION.items():
        options = [{}]
    return present(
        **fields(_COLUMNS, rows[0])
        | {
            "id": _source_id(rows[0]),
            "options": distinct(name for values in options for name in values),
            "variants": [
                present(**fields(_COLUMNS, row, VARIANT) | {"options": values})
                for row, values in zip(rows, options, strict=True)
            ],
        }
    )


MEDUSA = Dialect(
    "Medusa",
    _COLUMNS,
    (_HANDLE, "Product Title", "Variant Price {currency}"),
    "a product by its external id, else its handle, else its id; a variant by its id, else its SKU, else its "
    "option values",
    _source_id,
    _product,
    _continues,
)
