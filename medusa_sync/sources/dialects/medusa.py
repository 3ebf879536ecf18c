"""The product CSV of Medusa 2: the template of its import, and its exports."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from medusa_sync.redact import shortened
from medusa_sync.sources.dialects import cells
from medusa_sync.sources.dialects.base import Dialect, Row
from medusa_sync.sources.dialects.cells import VARIANT, Fields, distinct, present

_NAME, _VALUE = "Variant Option {n} Name", "Variant Option {n} Value"
_EXTERNAL_ID, _HANDLE = "Product External Id", "Product Handle"
_IS_ID = re.compile(r"(pcol|ptyp|pcat|ptag)_[0-9A-Za-z]+")
_NO_OPTION = {"Default option": "Default option value", "Default": "Default"}  # of the admin, of this tool


def _name(row: Row, key: str) -> str:
    return "" if _IS_ID.fullmatch(row[key]) else row[key]


def _names(row: Row, key: str) -> list[str]:
    return distinct(_name(row, each) for each in row.series(key).values())


def _prices(row: Row, key: str) -> Mapping[str, Any]:
    found = cells.prices(row, key)
    if not found:
        name = shortened(row["Variant SKU"] or row["Variant Title"])
        raise row.error("price", f"is empty (variant {name})" if name else "is empty")
    return found


_COLUMNS = cells.columns_of(
    "medusa",
    status=lambda row, key: row[key].lower(),
    name=_name,
    names=_names,
    paths=lambda row, key: [cells.path(name) for name in _names(row, key)],
    prices=_prices,
)


_PRODUCT, _VARIANT = Fields(cells.targets(_COLUMNS)), Fields(cells.targets(_COLUMNS, VARIANT))


def _product(rows: Sequence[Row]) -> Mapping[str, Any]:
    options = [cells.options([row], _NAME, _VALUE)[1][0] for row in rows]  # their numbers may differ
    if len(rows) == 1 and options[0].items() <= _NO_OPTION.items():
        options = [{}]
    more = {
        "id": rows[0].source_id,
        "options": distinct(name for values in options for name in values),
        "variants": [
            present(**_VARIANT.of(row) | {"options": values})
            for row, values in zip(rows, options, strict=True)
        ],
    }
    return present(**_PRODUCT.of(rows[0]) | more)


MEDUSA = Dialect(
    "Medusa",
    _COLUMNS,
    (_HANDLE, "Product Title", "Variant Price {currency}"),
    "a product by its external id, else its handle, else its id; a variant by its id, else its SKU, else its "
    "option values",
    (_EXTERNAL_ID, _HANDLE, "Product Id"),
    _product,
    _HANDLE,
)
