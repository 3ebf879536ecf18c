"""The columns of this tool: its own shape of a product, in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from medusa_sync.sources.dialects.base import Column, Dialect, Row
from medusa_sync.sources.dialects.cells import (
    NAME,
    VALUE,
    amount,
    code,
    count,
    distinct,
    json_object,
    option_names,
    option_values,
    parts,
    path,
    present,
)

_LIST = "separated by `|`"
_TEXTS = (
    Column("title", ("title", "name"), "title"),
    Column("handle", ("handle", "slug"), "handle"),
    Column("subtitle", ("subtitle",), "subtitle"),
    Column("description", ("description",), "description"),
    Column("status", ("status",), "status"),
    Column("brand", ("brand", "vendor"), "brand"),
    Column("type", ("type",), "type"),
    Column("collection", ("collection",), "collection"),
    Column("category", ("category",), "category", "the handle of one category"),
    Column("thumbnail", ("thumbnail",), "thumbnail"),
    Column("material", ("material",), "material"),
    Column("origin_country", ("origin_country",), "originCountry"),
    Column("hs_code", ("hs_code",), "hsCode"),
    Column("mid_code", ("mid_code",), "midCode"),
    Column("warranty_information", ("warranty_information",), "warrantyInformation"),
    Column("shipping_information", ("shipping_information",), "shippingInformation"),
    Column("return_policy", ("return_policy",), "returnPolicy"),
    Column("availability_status", ("availability_status",), "availabilityStatus"),
)
_VARIANT = "of the variant, or of a product without variants"
_COLUMNS = (
    Column("id", ("id", "product_id"), "id", "on every row of the product"),
    *_TEXTS,
    Column("categories", ("categories",), "categories", f"paths such as `Apparel > Shirts`, {_LIST}"),
    Column("tags", ("tags",), "tags", _LIST),
    Column(
        "images",
        ("images", "image", "image_url", "image{n}", "image{n}_url"),
        "images",
        f"{_LIST}; of all rows, each once",
        repeats=True,
    ),
    Column("width", ("width",), "dimensions.width"),
    Column("height", ("height",), "dimensions.height"),
    Column("depth", ("depth", "length"), "dimensions.depth"),
    Column("rating", ("rating",), "rating"),
    Column("discount_percentage", ("discount_percentage",), "discountPercentage"),
    Column("minimum_order_quantity", ("minimum_order_quantity",), "minimumOrderQuantity"),
    Column("metadata", ("metadata",), "metadata", "a JSON object"),
    Column(
        "price",
        ("price", "price_{currency}"),
        "price, prices",
        f"`price` is in `--currency`, `price_eur` in euros; {_VARIANT}",
    ),
    Column("compare_at_price", ("compare_at_price",), "compareAtPrice", _VARIANT),
    Column("sku", ("sku",), "sku", _VARIANT),
    Column("barcode", ("barcode", "gtin", "ean"), "barcode", _VARIANT),
    Column("stock", ("stock", "quantity", "inventory"), "stock", _VARIANT),
    Column("weight", ("weight",), "weight", _VARIANT),
    Column("variant_id", ("variant_id",), "variants[].id"),
    Column("variant_title", ("variant_title",), "variants[].title"),
    Column(NAME, ("option{n}_name",), "options", "on each row, or on the first one of the product"),
    Column(VALUE, ("option{n}_value",), "variants[].options"),
)


def _source_id(row: Row) -> str:
    return row["id"]


def _product(rows: Sequence[Row]) -> Mapping[str, Any]:
    first = rows[0]
    has_variants = any(row["variant_id"] or row.series(VALUE) for row in rows)
    if len(rows) > 1 and not has_variants:
        raise rows[1].error("id", "is that of the row before it, but there is no variant_id and no option")
    return {
        **(_variants(rows) if has_variants else _without_variants(first)),
        **present(
            id=first["id"],
            **{column.field: first[column.key] for column in _TEXTS},
            categories=[path(text) for text in parts(first["categories"], "|")],
            tags=parts(first["tags"], "|"),
            images=distinct(
                url for row in rows for text in row.series("images").values() for url in parts(text, "|")
            ),
            dimensions=present(**{key: amount(first, key) for key in ("width", "height", "depth")}),
            rating=amount(first, "rating"),
            discountPercentage=amount(first, "discount_percentage"),
            minimumOrderQuantity=count(first, "minimum_order_quantity"),
            metadata=json_object(first, "metadata"),
        ),
    }


def _variants(rows: Sequence[Row]) -> dict[str, Any]:
    names = option_names(rows)
    variants = [
        present(
            id=code(row, "variant_id"),
            title=row["variant_title"],
            barcode=code(row, "barcode"),
            options=option_values(row, names),
            **_goods(row),
        )
        for row in rows
    ]
    return present(options=list(names.values()), variants=variants)


def _without_variants(row: Row) -> dict[str, Any]:
    return present(meta=present(barcode=code(row, "barcode")), **_goods(row))


def _goods(row: Row) -> dict[str, Any]:
    """What a variant has, or a product without variants."""
    price, stock = amount(row, "price"), count(row, "stock")
    prices = {code: amount(row, f"price {code}", text) for code, text in row.series("price").items()}
    if price is None and not prices:
        raise row.error("price", "is empty")
    if stock is not None and stock < 0:
        raise row.error("stock", f"is {stock}, which is negative")
    return present(
        sku=code(row, "sku"),
        price=price,
        prices=prices,
        compareAtPrice=amount(row, "compare_at_price"),
        stock=stock,
        weight=amount(row, "weight"),
    )


OWN = Dialect(
    "medusa-sync",
    _COLUMNS,
    ("id", "title", "price"),
    "a product by its id; a variant by its variant_id, else its SKU, else its option values",
    _source_id,
    _product,
)
