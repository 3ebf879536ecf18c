"""Decodes stored products one at a time, so that one that cannot be read does not affect the others."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar

from msgspec import DecodeError, Raw, Struct, ValidationError, convert, json

from medusa_sync.core.fields import FIELDS
from medusa_sync.core.record import RECORD_KEY, AnyRecord, Record, parse_record, upgraded
from medusa_sync.core.stored import Unreadable
from medusa_sync.errors import ProductFailedError, StoreError

T = TypeVar("T")
Tree = dict[str, Any]
"""Names of fields, each with a tree of the fields below it."""

_ABSENT_IF_NONE = frozenset(
    {
        "shipping_profile",  # Medusa leaves out links instead of returning null
        "is_exclusive",  # up to Medusa 2.16, every option belongs to one product
    }
)
_MEASURES = tuple(field.name for field in FIELDS.values() if field.single_precision)


def tree_of(fields: str) -> Tree:
    """The fields that a response must have if the request asked for these."""
    tree: Tree = {}
    for path in fields.split(","):
        branch = tree
        for name in _as_shown(path).split("."):
            branch = branch.setdefault(name, {})
    return tree


def _as_shown(path: str) -> str:
    """Responses have prices under another name than requests, and the rules of a price as one object."""
    path = path.replace("variants.price_set.prices.", "variants.prices.")
    prices, is_rule, _ = path.partition(".price_rules.")
    return f"{prices}.rules" if is_rule else path


def decode_product(raw: Raw, type_: type[T], asked: Tree) -> T | Unreadable:
    """Decode a product and its record.

    A field that was asked for and is absent is unknown, not empty: roles can hide fields, and filtered lists
    of stores with the index engine leave some out.

    Args:
        raw: JSON.
        type_: what to decode it into.
        asked: the fields that it must have.

    Raises:
        StoreError: its id or external id is missing.
    """
    product = json.decode(raw)
    try:
        identity = convert(product, _Identity)
    except ValidationError as error:
        raise StoreError(
            f"The store lists a product without its id or external id ({error})",
            hint="Let the role of the API key read all fields of products.",
        ) from error
    try:
        record = _take_record(product)
    except ProductFailedError as error:
        if identity.external_id:
            return Unreadable(identity.id, identity.external_id, str(error))
        record = None  # an adoption starts a new record
    if "prices" in asked.get("variants", {}):
        _complete_prices(product, record)
    lacking = _lacking(product, asked)
    if lacking is not None:
        return Unreadable(identity.id, identity.external_id, f"the response lacks {lacking}")
    for measured in (product, *_variants(product)):
        _read_measures(measured)
    try:
        product["record"] = record
        return convert(product, type_)
    except ValidationError as error:
        return Unreadable(identity.id, identity.external_id, f"the response cannot be read: {error}")


class _Metadata(Struct):
    medusa_sync: AnyRecord | None = None


def decode_record(metadata: Raw) -> Record | None:
    """The record in the metadata of a product; None if there is none.

    Raises:
        ProductFailedError: a newer version of this tool wrote it.
    """
    with suppress(ValidationError):  # no detour over a dict
        record = json.decode(metadata, type=_Metadata).medusa_sync
        return None if record is None else upgraded(record)
    decoded = json.decode(metadata)
    return parse_record(decoded) if isinstance(decoded, dict) else None


class _Mark(Struct):
    deleted: bool = False


class _Marked(Struct):
    medusa_sync: _Mark | None = None


def is_marked_as_deleted(metadata: Raw) -> bool:
    """Whether this tool was about to delete a product, also in a newer version."""
    with suppress(DecodeError):
        mark = json.decode(metadata, type=_Marked).medusa_sync
        return mark is not None and mark.deleted
    return False


class _Identity(Struct):
    id: str
    external_id: str | None


def _take_record(product: dict[str, Any]) -> Record | None:
    """Parse the record of a product and remove it from the metadata."""
    metadata = product.get("metadata")
    if not isinstance(metadata, dict):
        return None
    record = parse_record(metadata)
    metadata.pop(RECORD_KEY, None)
    return record


def _variants(product: dict[str, Any]) -> list[dict[str, Any]]:
    """The variants, without malformed entries."""
    variants = product.get("variants")
    return [each for each in variants if isinstance(each, dict)] if isinstance(variants, list) else []


def _read_measures(measured: dict[str, Any]) -> None:
    """Turn measurements into numbers; up to Medusa 2.14, they are text."""
    for name in _MEASURES:
        if isinstance(measured.get(name), str):
            with suppress(ValueError):
                measured[name] = float(measured[name])


def _complete_prices(product: dict[str, Any], record: Record | None) -> None:
    """Add an empty list to variants without prices: a variant gets its price set last."""
    variants = _variants(product)
    is_shown = any("prices" in variant for variant in variants)
    if is_shown or (record is not None and record.pending):
        for variant in variants:
            if "prices" not in variant:  # or the role may not see prices at all
                variant.update(prices=[], shows_prices=False, has_price_set=not is_shown)


def _lacking(shown: Mapping[str, Any], asked: Tree) -> str | None:
    """The path of the first field that was asked for and is absent."""
    for name, below in asked.items():
        if name not in shown:
            if name in _ABSENT_IF_NONE:
                continue
            return name
        value = shown[name]
        for member in value if isinstance(value, list) else [value]:
            if isinstance(member, dict) and (path := _lacking(member, below)) is not None:
                return f"{name}.{path}"
    return None
