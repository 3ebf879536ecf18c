"""The earlier versions of the record, which stores may still hold."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

import msgspec
from msgspec import Struct, structs

from medusa_sync.core.product import Value

OF_VARIANT = frozenset({"sku", "barcode", "price", "stock"})
_LEVEL = frozenset({"stock"})


class Pending2(Struct, frozen=True):
    step: Literal["creation", "adoption", "update"]
    fields: dict[str, tuple[Value, ...]] = {}
    currency: str = ""
    at: int = 0


class Record2(Struct, frozen=True, tag_field="version", tag=2):
    """The second version: the fields of the product and of its single variant."""

    fields: dict[str, Value]
    currency: str = ""
    variant: str = ""
    drafted: bool = False
    pending: Pending2 | None = None


class _Pending1(StrEnum):
    CREATION = "creation"
    STOCK = "stock"


class _Record1(Struct, frozen=True):
    """The first version, whose `fields` are what was sent, complete or not."""

    fields: dict[str, Value]
    currency: str = ""
    pending: _Pending1 | None = None
    drafted: bool = False


def parse_1(raw: Any) -> Record2:
    """Parse a record of version 1.

    Raises:
        msgspec.ValidationError: it is no such record.
    """
    old = msgspec.convert(raw, _Record1)
    new = Record2(fields=old.fields, currency=old.currency, drafted=old.drafted)
    if old.pending is None:
        return new
    is_creation = old.pending is _Pending1.CREATION
    late = OF_VARIANT if is_creation else _LEVEL
    sent: dict[str, tuple[Value, ...]] = {
        name: (value,) for name, value in old.fields.items() if name in late
    }
    fields = {name: value for name, value in old.fields.items() if name not in late}
    pending = Pending2("creation" if is_creation else "update", sent, old.currency)
    return structs.replace(new, fields=fields, pending=pending)
