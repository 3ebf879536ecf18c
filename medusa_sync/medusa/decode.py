"""What is asked of stored products, and how they are decoded.

Products are decoded one at a time, so that one that cannot be read does not affect the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar

from msgspec import Raw, Struct, ValidationError, convert, json

from medusa_sync.core.fields import FIELDS, KINDS, UNIQUE, VARIANT_FIELDS
from medusa_sync.core.kinds.base import Kind
from medusa_sync.core.kinds.copies import by_record
from medusa_sync.core.record import RECORD_KEY, Record
from medusa_sync.core.record_form import can_be_sent_back, parse_record
from medusa_sync.core.stored import Identified, StoredProduct, StoredVariant, UnownedProduct, Unreadable
from medusa_sync.errors import ProductFailedError, StoreError
from medusa_sync.http import Query
from medusa_sync.medusa.lists import List

T = TypeVar("T")
Tree = Mapping[str, Any]
"""Names of fields, each with a tree of the fields below it."""

_ABSENT = Raw(b"")  # a field that the response does not have, which is not the same as null


class Scanned(Identified, frozen=True):
    """A product of a scan, decoded as far as most products need it."""

    metadata: Raw = _ABSENT
    status: str = ""


class MaybeDeleted(Scanned, frozen=True):
    """A product that may be deleted."""

    deleted_at: str | None = None

    @property
    def is_by_us(self) -> bool:
        """Whether this tool was about to delete it, also if a newer version of it was."""
        decoded = json.decode(self.metadata) if self.metadata is not _ABSENT else None
        record = decoded.get(RECORD_KEY) if isinstance(decoded, dict) else None
        return isinstance(record, dict) and record.get("deleted") is True


def _paths(kinds: Collection[Kind]) -> Iterator[str]:
    """What fields of these kinds are read from."""
    for table, prefix in ((FIELDS, ""), (VARIANT_FIELDS, "variants.")):
        for kind, path in table.paths:
            if kind in kinds and (prefix or not kind.of_items):
                yield f"{prefix}{path}"


def _below(path: str, names: str) -> str:
    return ",".join(f"{path}.{name}" for name in names.split())


def _products(type_: type[T], fields: str, query: Query = ()) -> List[T]:
    return List("/admin/products", "products", type_, fields, query)


_SUMMARY = "id,external_id,metadata"

SCANNED = _products(Scanned, f"{_SUMMARY},status")
WITH_STATUS = _products(Raw, f"{_SUMMARY},title,handle,status")


def _with_fields(others: str, kinds: Collection[Kind]) -> List[Raw]:
    identity = f"{_SUMMARY},handle,variants.id,{_below('options', 'id title is_exclusive')}{others}"
    return _products(Raw, ",".join(dict.fromkeys((*identity.split(","), *_paths(kinds)))))


@lru_cache(1_000)
def details_of(kinds: frozenset[Kind]) -> List[Raw]:
    """What only fields of these kinds are read from; nothing may be concluded about others."""
    return _with_fields("", kinds)


IDENTITY = details_of(frozenset())

_IN_DETAILS = f",status,shipping_profile.id,{_below('options', 'values.id values.value')}"
ALL_DETAILS = _with_fields(_IN_DETAILS, KINDS)
_EVERYWHERE = [kind for kind in KINDS if kind.decided_by is None]  # some stores lack the others
DETAILS = _with_fields(_IN_DETAILS, _EVERYWHERE)
WITH_DELETED = _products(MaybeDeleted, f"{_SUMMARY},deleted_at", (("with_deleted", "true"),))
HANDLES = _products(StoredProduct, "id,external_id,title,handle")
UNOWNED = _products(UnownedProduct, "id,external_id,title,handle,metadata,variants.id,variants.sku")
WITH_VARIANTS = _products(
    StoredProduct,
    "id,external_id,options.id,options.title,variants.id,variants.sku,"
    "variants.inventory_items.inventory_item_id,variants.options.option_id,variants.options.value",
)
OWNERS = List(
    "/admin/product-variants",
    "variants",
    StoredVariant,
    f"id,{','.join(UNIQUE)},product.id,product.external_id,product.title",
)

_ABSENT_IF_NONE = frozenset(
    {
        "shipping_profile",  # Medusa leaves out links instead of returning null
        "is_exclusive",  # up to Medusa 2.16, every option belongs to one product
    }
)
_MEASURES = tuple(field.name for field in FIELDS.values() if field.kind.is_measure)


@lru_cache(64)  # products are looked up many times, with few choices of fields
def tree_of(fields: str) -> Tree:
    """The fields that a response must have if the request asked for these."""
    tree: dict[str, Any] = {}
    for path in fields.split(","):
        branch, shown = tree, path
        for kind in KINDS:
            shown = kind.shown_at(shown)
        for name in shown.split("."):
            branch = branch.setdefault(name, {})
    return tree


def summary(product: Scanned) -> StoredProduct | Unreadable:
    """A scanned product with its record: the quick way, without a detour over a dict."""
    if product.metadata is _ABSENT:
        return Unreadable(product.id, product.external_id, "the response lacks metadata")
    try:
        return StoredProduct(
            product.id, product.external_id, _record_in(product.metadata), status=product.status
        )
    except ProductFailedError as error:
        return Unreadable(product.id, product.external_id, str(error))


def unshown_items(raw: Raw) -> list[str]:
    """The ids of inventory items that variants are linked to and the response does not show."""
    return [
        link["inventory_item_id"]
        for each in _variants(json.decode(raw))
        for link in _links(each)
        if not link.keys() & {"inventory"}
    ]


def decode_product(
    raw: Raw, asked: Tree, *, deleted_items: Collection[str] = ()
) -> StoredProduct | Unreadable:
    """Decode a product and its record.

    A field that was asked for and is absent is unknown, not empty: roles can hide fields, and filtered lists
    of stores with the index engine leave some out.

    Args:
        raw: JSON.
        asked: the fields that it must have.
        deleted_items: ids of inventory items that are deleted; links to them are told apart.

    Raises:
        StoreError: its id or external id is missing.
    """
    product = json.decode(raw)
    try:
        identity = convert(product, Identified)
    except ValidationError as error:
        raise StoreError(
            f"The store lists a product without its id or external id ({error})",
            hint="Let the role of the API key read all fields of products.",
        ) from error
    metadata, record = product.get("metadata"), None
    try:
        record = parse_record(metadata)
    except ProductFailedError as error:
        if identity.external_id:  # an adoption starts a new record
            return Unreadable(identity.id, identity.external_id, str(error))
    else:
        if isinstance(metadata, dict):
            product["has_old_record"] = not can_be_sent_back(metadata.pop(RECORD_KEY, None))
    creates = record is not None and record.pending is not None and record.pending.creates
    for kind in VARIANT_FIELDS.kinds:
        kind.complete(_variants(product), asked.get("variants", ()), creates=creates)
    _take_dead_links(product, deleted_items)
    lacking = _lacking(product, asked)
    if lacking is not None:
        return Unreadable(identity.id, identity.external_id, f"the response lacks {lacking}")
    for measured in (product, *_variants(product)):
        for name in _MEASURES:
            if isinstance(measured.get(name), str):  # up to Medusa 2.14, they are text
                with suppress(ValueError):
                    measured[name] = float(measured[name])
    try:
        product["record"] = record
        return by_record(convert(product, StoredProduct))
    except ValidationError as error:
        return Unreadable(identity.id, identity.external_id, f"the response cannot be read: {error}")


class _Unheard(Struct, tag_field="version", tag=0):
    """Nothing has this version: in a union with it, records without a version are not read as ours."""


class _Metadata(Struct):
    medusa_sync: Record | _Unheard | None = None


def _record_in(metadata: Raw) -> Record | None:
    """The record in the metadata of a product; None if there is none."""
    with suppress(ValidationError):
        record = json.decode(metadata, type=_Metadata).medusa_sync
        return record if isinstance(record, Record) else None
    return parse_record(json.decode(metadata))


def _variants(product: dict[str, Any]) -> list[dict[str, Any]]:
    """The variants, without malformed entries."""
    variants = product.get("variants")
    return [each for each in variants if isinstance(each, dict)] if isinstance(variants, list) else []


def _links(variant: dict[str, Any]) -> list[dict[str, Any]]:
    """The links to inventory items that have an id."""
    links = variant.get("inventory_items")
    known = [each for each in links if isinstance(each, dict)] if isinstance(links, list) else []
    return [each for each in known if isinstance(each.get("inventory_item_id"), str)]


def _take_dead_links(product: dict[str, Any], deleted_items: Collection[str]) -> None:
    """Tell links to deleted inventory items apart."""
    for variant in _variants(product) if deleted_items else ():
        links = _links(variant)
        dead = [each for each in links if each["inventory_item_id"] in deleted_items]
        if dead:
            variant["deleted_items"] = [each["inventory_item_id"] for each in dead]
            variant["inventory_items"] = [each for each in links if each not in dead]


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
