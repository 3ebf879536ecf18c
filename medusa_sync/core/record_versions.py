"""Reads records of all versions: stores may still hold the earlier ones."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

import msgspec
from msgspec import Struct, structs

from medusa_sync.core.product import Value
from medusa_sync.core.record import ONLY, RECORD_KEY, VERSION, Pending, Record, Step, VariantRecord
from medusa_sync.errors import ProductFailedError

_OF_VARIANT = frozenset({"sku", "barcode", "price", "stock"})
_LEVEL = frozenset({"stock"})


class _Pending2(Struct, frozen=True):
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
    pending: _Pending2 | None = None


class _Pending1(StrEnum):
    CREATION = "creation"
    STOCK = "stock"


class _Record1(Struct, frozen=True):
    """The first version, whose `fields` are what was sent, complete or not."""

    fields: dict[str, Value]
    currency: str = ""
    pending: _Pending1 | None = None
    drafted: bool = False


def _parse_1(raw: Any) -> Record2:
    """Parse a record of version 1.

    Raises:
        msgspec.ValidationError: it is no such record.
    """
    old = msgspec.convert(raw, _Record1)
    new = Record2(fields=old.fields, currency=old.currency, drafted=old.drafted)
    if old.pending is None:
        return new
    is_creation = old.pending is _Pending1.CREATION
    late = _OF_VARIANT if is_creation else _LEVEL
    sent: dict[str, tuple[Value, ...]] = {
        name: (value,) for name, value in old.fields.items() if name in late
    }
    fields = {name: value for name, value in old.fields.items() if name not in late}
    pending = _Pending2("creation" if is_creation else "update", sent, old.currency)
    return structs.replace(new, fields=fields, pending=pending)


AnyRecord = Record | Record2
"""A record of a version that has a number."""


def parse_record(metadata: Mapping[str, Any] | None) -> Record | None:
    """Parse the record of a stored product; None if there is none or it is not a record.

    Raises:
        ProductFailedError: a newer version of this tool wrote it.
    """
    raw = (metadata or {}).get(RECORD_KEY)
    version = raw.get("version", 1) if isinstance(raw, dict) else 1
    if isinstance(version, int) and version > VERSION:
        raise ProductFailedError(
            f"its record has version {version}, this medusa-sync reads up to {VERSION}; upgrade medusa-sync"
        )
    try:
        return upgraded(_parse_1(raw) if version == 1 else msgspec.convert(raw, AnyRecord))
    except msgspec.ValidationError:  # something else wrote under our key
        return None


def upgraded(old: AnyRecord) -> Record:
    """The record in its current form; in version 2, a product had one variant."""
    if isinstance(old, Record):
        return old
    own, of_variant = dict[str, Value](), dict[str, Value]()
    for name, value in old.fields.items():
        if value is not None:
            (of_variant if name in _OF_VARIANT else own)[name] = value
    pending = None
    if (note := old.pending) is not None:
        sent = {ONLY: note.fields} if note.fields else {}
        pending = Pending(Step(note.step), sent, currency=note.currency, at=note.at)
    variants = {ONLY: VariantRecord(old.variant, of_variant)}
    return Record(own, old.currency, variants=variants, drafted=old.drafted, pending=pending)
