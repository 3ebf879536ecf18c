"""The columns of this tool: its own shape of a product, in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from medusa_sync.sources.dialects.base import Column, Dialect, Row
from medusa_sync.sources.dialects.cells import (
    VARIANT,
    amount,
    code,
    count,
    distinct,
    fields,
    json_object,
    option_names,
    option_values,
    parts,
    path,
    present,
    prices,
    split_at,
    text,
)

NAME, VALUE = "option{n}_name", "option{n}_value"
_LIST = "separated by `|`"
_EITHER = "of the variant, or of a product without variants"


def _price(row: Row, key: str) -> int | float | None:
    if not row[key] and not row.series(key):
        raise row.error(key, "is empty")
    return amount(row, key)


def _stock(row: Row, key: str) -> int | None:
    stock = count(row, key)
    if stock is not None and stock < 0:
        raise row.error(key, f"is {stock}, which is negative")
    return stock


_PRODUCT = (
    Column(("id", "product_id"), "id", "on every row of the product", text),
    Column(("title", "name"), "title", read=text),
    Column(("handle", "slug"), "handle", read=text),
    Column(("subtitle",), "subtitle", read=text),
    Column(("description",), "description", read=text),
    Column(("status",), "status", read=text),
    Column(("brand", "vendor"), "brand", read=text),
    Column(("type",), "type", read=text),
    Column(("collection",), "collection", read=text),
    Column(("category",), "category", "the handle of one category", text),
    Column(("thumbnail",), "thumbnail", read=text),
    Column(("material",), "material", read=text),
    Column(("origin_country",), "originCountry", read=text),
    Column(("hs_code",), "hsCode", read=text),
    Column(("mid_code",), "midCode", read=text),
    Column(("warranty_information",), "warrantyInformation", read=text),
    Column(("shipping_information",), "shippingInformation", read=text),
    Column(("return_policy",), "returnPolicy", read=text),
    Column(("availability_status",), "availabilityStatus", read=text),
    Column(
        ("categories",),
        "categories",
        f"paths such as `Apparel > Shirts`, {_LIST}",
        lambda row, key: [path(each) for each in parts(row[key], "|")],
    ),
    Column(("tags",), "tags", _LIST, split_at("|")),
    Column(
        ("images", "image", "image_url", "image{n}", "image{n}_url"),
        "images",
        f"{_LIST}; of all rows, each once",
        repeats=True,
    ),
    Column(("width",), "dimensions.width", read=amount),
    Column(("height",), "dimensions.height", read=amount),
    Column(("depth", "length"), "dimensions.depth", read=amount),
    Column(("rating",), "rating", read=amount),
    Column(("discount_percentage",), "discountPercentage", read=amount),
    Column(("minimum_order_quantity",), "minimumOrderQuantity", read=count),
    Column(("metadata",), "metadata", "a JSON object", json_object),
)
_GOODS = (  # of a variant, or of a product without variants
    Column(("sku",), "sku", _EITHER, code),
    Column(
        ("price", "price_{currency}"),
        "price, prices",
        f"`price` is in `--currency`, `price_eur` in euros; {_EITHER}",
    ),
    Column(("compare_at_price",), "compareAtPrice", _EITHER, amount),
    Column(("stock", "quantity", "inventory"), "stock", _EITHER, _stock),
    Column(("weight",), "weight", _EITHER, amount),
)
_VARIANT = (
    Column(("variant_id",), "variants[].id", read=code),
    Column(("variant_title",), "variants[].title", read=text),
    Column(("barcode", "gtin", "ean"), "variants[].barcode, meta.barcode", _EITHER, code),
    Column((NAME,), "options", "on each row, or on the first one of the product"),
    Column((VALUE,), "variants[].options"),
)


def _product(rows: Sequence[Row]) -> Mapping[str, Any]:
    first = rows[0]
    has_variants = any(row["variant_id"] or row.series(VALUE) for row in rows)
    if len(rows) > 1 and not has_variants:
        raise rows[1].error("id", "is that of the row before it, but there is no variant_id and no option")
    images = distinct(
        url for row in rows for each in row.series("images").values() for url in parts(row[each], "|")
    )
    of_variants = (
        _variants(rows)
        if has_variants
        else {"meta": present(barcode=code(first, "barcode")), **_goods(first)}
    )
    return present(**of_variants, **(fields(_PRODUCT, first) | {"images": images}))


def _variants(rows: Sequence[Row]) -> dict[str, Any]:
    names = option_names(rows, NAME)
    variants = [
        present(
            **fields(_VARIANT, row, VARIANT) | {"options": option_values(row, VALUE, names)},
            **_goods(row),
        )
        for row in rows
    ]
    return {"options": list(names.values()), "variants": variants}


def _goods(row: Row) -> dict[str, Any]:
    return fields(_GOODS, row) | {"price": _price(row, "price"), "prices": prices(row, "price")}


OWN = Dialect(
    "medusa-sync",
    (*_PRODUCT, *_GOODS, *_VARIANT),
    ("id", "title", "price"),
    "a product by its id; a variant by its variant_id, else its SKU, else its option values",
    lambda row: row["id"],
    _product,
)
