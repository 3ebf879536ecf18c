"""The columns of this tool: its own shape of a product, in a table."""

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
    option_names,
    option_values,
    parts,
    path,
    present,
    prices,
)

NAME, VALUE = "option{n}_name", "option{n}_value"


def _price(row: Row, key: str) -> int | float | None:
    if not row[key] and not row.series(key):
        raise row.error(key, "is empty")
    return amount(row, key)


def _stock(row: Row, key: str) -> int | None:
    stock = count(row, key)
    if stock is not None and stock < 0:
        raise row.error(key, f"is {stock}, which is negative")
    return stock


_COLUMNS = columns_of(
    "own",
    stock=_stock,
    tags=lambda row, key: parts(row[key], "|"),
    paths=lambda row, key: [path(each) for each in parts(row[key], "|")],
)
_GOODS = tuple(  # of a variant, or of a product without variants
    each for each in _COLUMNS if each.key in {"sku", "price", "compare_at_price", "stock", "weight"}
)
_PRODUCT = tuple(
    each for each in _COLUMNS if each not in _GOODS and each.field != "options" and VARIANT not in each.field
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
            **fields(_COLUMNS, row, VARIANT) | {"options": option_values(row, VALUE, names)},
            **_goods(row),
        )
        for row in rows
    ]
    return {"options": list(names.values()), "variants": variants}


def _goods(row: Row) -> dict[str, Any]:
    return fields(_GOODS, row) | {"price": _price(row, "price"), "prices": prices(row, "price")}


OWN = Dialect(
    "medusa-sync",
    _COLUMNS,
    ("id", "title", "price"),
    "a product by its id; a variant by its variant_id, else its SKU, else its option values",
    lambda row: row["id"],
    _product,
)
