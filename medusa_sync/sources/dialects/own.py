"""The columns of this tool: its own shape of a product, in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from medusa_sync.core.currencies import CURRENCIES
from medusa_sync.sources.dialects import cells
from medusa_sync.sources.dialects.base import Dialect, Row
from medusa_sync.sources.dialects.cells import VARIANT, Fields, present

_IDS = ("variant_id", "variant_ean", "variant_upc")
_NAME, _VALUE = "option{n}_name", "option{n}_value"


def tags(text: str) -> list[str]:
    return cells.parts(text, "|" if "|" in text else ",")


def paths(text: str) -> list[list[str]]:
    return [cells.path(each) for each in cells.parts(text, "|")]


_COLUMNS = cells.columns_of(
    "own",
    tags=lambda row, key: tags(row[key]),
    paths=lambda row, key: paths(row[key]),
)
_TARGETS = cells.targets(_COLUMNS)
_PRICES = ("price", "prices", "compareAtPrice", "salePrice")
_OF_GOODS = frozenset({*_PRICES, "sku", "stock", "allowBackorder", "weight"})
_GOODS = Fields([each for each in _TARGETS if each.field in _OF_GOODS])
"""Of a variant, or of a product without variants."""
_PRODUCT = Fields([each for each in _TARGETS if each.field not in {*_OF_GOODS, "options", "meta"}])
_VARIANT = Fields(cells.targets(_COLUMNS, VARIANT))
_TRANSLATED = ("title", "subtitle", "description", "material")


def _product(rows: Sequence[Row]) -> Mapping[str, Any]:
    first = rows[0]
    if any(any(map(row.__getitem__, _IDS)) or row.series(_VALUE) for row in rows):
        options, values = cells.options(rows, _NAME, _VALUE)
        variants = [
            present(**_VARIANT.of(row) | {"options": own} | _goods(row) | _texts(row, "variant_"))
            for row, own in zip(rows, values, strict=True)
        ]
        of_variants: dict[str, Any] = {"options": options, "variants": variants}
    elif len(rows) == 1:
        of_variants = {"meta": present(barcode=first["barcode"]), **_goods(first)}
    else:
        how = "variants need option1_name (Size), option1_value (S), or variant_id"
        raise rows[1].error("id", f"is that of {rows[0].place}: {how}")
    cells_of_images = (row[key] for row in rows for key in row.series("images").values())
    images = cells.distinct(url for each in cells_of_images for url in cells.urls(each))
    return present(**of_variants | _PRODUCT.of(first) | {"images": images} | _texts(first))


def _texts(row: Row, of: str = "") -> dict[str, Any]:
    """The texts in other locales."""
    found: dict[str, dict[str, str]] = {}
    for name in _TRANSLATED:
        for locale, key in row.series(f"{of}{name}.{{locale}}").items():
            found.setdefault(locale, {})[name] = row[key]
    return {"translations": found}


def _goods(row: Row) -> dict[str, Any]:
    if not row["price"] and not row.series("price"):
        raise row.error("price", "is empty")
    price, code = cells.price(row, "price"), row["currency"].lower()
    prices = cells.prices(row, "price")
    if code in CURRENCIES and not isinstance(price, dict):
        if price is not None and prices.get(code, price) != price:
            raise row.error("price", f"is {price}, but that in {code} is {prices[code]}")
        price, prices = None, {code: price, **prices}
    elif code and code not in CURRENCIES:
        row.leave_out("currency")
    return _GOODS.of(row) | {"price": price, "prices": prices, "stock": _stock(row)}


def _stock(row: Row) -> dict[str, int] | int | None:
    """The stock at locations; that of the column `stock` alone, or with the empty name."""
    keys = {"": "stock", **row.series("stock")}
    found = {name: count for name, key in keys.items() if (count := cells.count(row, key)) is not None}
    for name, count in found.items():
        if count < 0:
            raise row.error(keys[name], f"is {count}, which is negative")
    return found if found.keys() - {""} else found.get("")


OWN = Dialect(
    "medusa-sync",
    _COLUMNS,
    ("id", "title", "price"),
    "a product by its id; a variant by its variant_id, else its SKU, else its option values",
    ("id",),
    _product,
    is_own=True,
)
