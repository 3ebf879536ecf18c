"""Pure: decodes stored products one at a time, so that one that cannot be used does not affect the others.

A field that was asked for and is absent is unknown, not empty: roles can hide fields, and filtered lists of
stores with the index engine leave some out.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar

from msgspec import Raw, Struct, ValidationError, convert, json

from medusa_sync.core.fields import FIELDS
from medusa_sync.core.record import Step, parse_record
from medusa_sync.core.stored import Unreadable
from medusa_sync.errors import ProductFailedError, StoreError

T = TypeVar("T")
Tree = dict[str, Any]
"""Names of fields, each with a tree of the fields below it."""

_LEFT_OUT_IF_NONE = frozenset({"shipping_profile"})  # Medusa does not answer null for what is linked
_MEASURES = tuple(field.name for field in FIELDS.values() if field.single_precision)


def tree_of(fields: str) -> Tree:
    """What a response has to have if it was asked for these fields."""
    tree: Tree = {}
    for path in fields.split(","):
        branch = tree
        for name in _as_shown(path).split("."):
            branch = branch.setdefault(name, {})
    return tree


def _as_shown(path: str) -> str:
    """Prices are asked for by another name than they are shown by; their rules are shown as one mapping."""
    path = path.replace("variants.price_set.prices.", "variants.prices.")
    prices, is_rule, _ = path.partition(".price_rules.")
    return f"{prices}.rules" if is_rule else path


def decode_product(raw: Raw, type_: type[T], asked: Tree) -> T | Unreadable:
    """Decode a product.

    Args:
        raw: JSON.
        type_: what to decode it into.
        asked: the fields that it has to have.

    Raises:
        StoreError: it does not even say which product it is.
    """
    product = json.decode(raw)
    try:
        identity = convert(product, _Identity)
    except ValidationError as error:
        raise StoreError(f"The store lists a product without its id or external id ({error})") from error
    if "prices" in asked.get("variants", {}):
        _complete_prices(product)
    lacking = _lacking(product, asked)
    if lacking is not None:
        return Unreadable(identity.id, identity.external_id, f"the response lacks {lacking}")
    for name in _MEASURES:
        if isinstance(product.get(name), str):  # up to Medusa 2.14
            with suppress(ValueError):
                product[name] = float(product[name])
    try:
        return convert(product, type_)
    except ValidationError as error:
        return Unreadable(identity.id, identity.external_id, f"the response cannot be read: {error}")


class _Identity(Struct):
    id: str
    external_id: str | None


def _complete_prices(product: dict[str, Any]) -> None:
    """A variant shows no prices until the store has made its price set, the last step of its creation."""
    variants = product.get("variants")
    if isinstance(variants, list) and _is_being_created(product.get("metadata")):
        for variant in variants:
            variant.setdefault("prices", [])


def _is_being_created(metadata: Mapping[str, Any] | None) -> bool:
    try:
        record = parse_record(metadata)
    except ProductFailedError:  # reported when the product is planned
        return False
    return record is not None and record.pending is not None and record.pending.step is Step.CREATION


def _lacking(shown: Mapping[str, Any], asked: Tree) -> str | None:
    """The path of the first field that was asked for and is absent."""
    for name, below in asked.items():
        if name not in shown:
            if name in _LEFT_OUT_IF_NONE:
                continue
            return name
        value = shown[name]
        for member in value if isinstance(value, list) else [value]:
            if isinstance(member, dict) and (path := _lacking(member, below)) is not None:
                return f"{name}.{path}"
    return None
