"""Pure three-way planning: what the source wants, what it last applied, what the store holds -> changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from hashlib import blake2b
from itertools import count
from struct import pack
from typing import Any

import msgspec
from msgspec import json, structs

from medusa_sync.errors import ProductFailedError
from medusa_sync.models import (
    DIGEST,
    METADATA,
    RECORD_KEY,
    SETS,
    Conflict,
    DesiredProduct,
    Difference,
    OnConflict,
    Pending,
    Record,
    StoredLevel,
    StoredPrice,
    StoredProduct,
    StoredVariant,
    Update,
    Value,
)

_SHORT = 40  # characters that are remembered as they are; what is longer is remembered as a digest
_HANDLE_LENGTH = 200
_MEASURES = frozenset({"weight", "length", "height", "width"})


# --- the record -----------------------------------------------------------------------------------------


def remember(value: Value) -> Value:
    """The form in which the record keeps a value: short values as they are, long texts as a digest."""
    if isinstance(value, str):
        return _remember_text(value)
    if isinstance(value, tuple):
        return tuple(_remember_text(member) for member in value)
    return value


def _remember_text(text: str) -> str:
    if len(text) <= _SHORT and not DIGEST.fullmatch(text):
        return text
    return "#" + blake2b(text.encode(), digest_size=6).hexdigest()


def record_of(desired: DesiredProduct, *, pending: Pending | None = None) -> Record:
    """The record of a product to which everything that the source wants was applied."""
    fields = {name: remember(value) for name, value in desired.fields.items()}
    return Record(fields=fields, currency=desired.currency, pending=pending)


def read_record(metadata: Mapping[str, Any] | None) -> Record | None:
    """The record in a product's metadata, or None when there is none that can be read."""
    try:
        return msgspec.convert((metadata or {}).get(RECORD_KEY), Record)
    except msgspec.ValidationError:  # someone else wrote under our key: as good as no record
        return None


# --- changes --------------------------------------------------------------------------------------------


def changed_fields(desired: DesiredProduct, record: Record | None) -> tuple[str, ...]:
    """The fields that the source has changed since it was last applied; all of them without a record."""
    if record is None:
        return tuple(desired.fields)
    moved = record.currency != desired.currency
    return tuple(
        name
        for name, value in desired.fields.items()
        if name not in record.fields or remember(value) != record.fields[name] or (moved and name == "price")
    )


def without_stock(desired: DesiredProduct) -> DesiredProduct:
    """What the source can want of a store that keeps no stock anywhere."""
    return structs.replace(desired, fields={**desired.fields, "stock": None})


def plan_update(
    desired: DesiredProduct,
    stored: StoredProduct,
    *,
    location_id: str | None,
    on_conflict: OnConflict = OnConflict.SOURCE,
    overwrite: bool = False,
    adopt: bool = False,
    doubtful: Collection[str] = (),
) -> Update:
    """What has to be sent so that the store follows the source.

    Args:
        desired: what the source wants now.
        stored: the product with its details.
        location_id: where stock is kept; None when the store keeps none.
        on_conflict: whose value counts where both sides have changed a field.
        overwrite: compare with what the store holds now, not with what was last applied.
        adopt: the product is taken over: everything that the source owns becomes the source's.
        doubtful: fields that were sent, without a word on whether they have arrived.

    Raises:
        ProductFailedError: the product has no variant.
    """
    record = None if adopt else read_record(stored.metadata)
    sku = remember(desired.fields["sku"]) if adopt else record.fields.get("sku") if record else None
    variant = owned_variant(stored, sku)
    view = StoreView(stored, variant, desired, location_id)
    changed = set(desired.fields if overwrite or adopt else changed_fields(desired, record)) | set(doubtful)
    if record and record.pending and view.value("stock") is None:  # its level never came
        changed.add("stock")
    differences: list[Difference] = []
    conflicts: list[Conflict] = []
    for name, wanted in desired.fields.items():
        before = view.value(name)
        applied = _applied(name, record, desired)
        after = _merged(wanted, before, applied, restore=overwrite or adopt) if name in SETS else wanted
        if name not in changed or _same(name, before, after) or not view.is_owned(name, applied):
            continue
        # Orders lower the stock all the time: that is no edit which the source would have to respect.
        edited = name not in SETS and name != "stock" and not _same(name, remember(before), applied)
        if edited and not (overwrite or adopt):
            conflicts.append(Conflict(name, before, wanted, on_conflict))
            if on_conflict == OnConflict.STORE:
                continue
        differences.append(Difference(name, before, after, _spelt_out(applied, before, wanted), wanted))
    if record and record.drafted and stored.status == "draft":
        differences.append(Difference("status", "draft", "published", "draft", "published"))
    return Update(desired, stored, variant, tuple(differences), tuple(conflicts), adopted=adopt)


def _same(name: str, before: Value, after: Value) -> bool:
    """Whether the store cannot hold `after` any better: Medusa keeps measures in single precision."""
    if name in _MEASURES and isinstance(before, int | float) and isinstance(after, int | float):
        return pack("f", before) == pack("f", after)
    return before == after


def _applied(name: str, record: Record | None, desired: DesiredProduct) -> Value:
    """What the source last applied to a field; a price in another currency says nothing about this one."""
    if record is None or (name == "price" and record.currency != desired.currency):
        return None
    return record.fields.get(name)


def _spelt_out(applied: Value, *known: Value) -> Value:
    """What was last applied, with the text in place of its digest where store or source still has it."""
    members = (member for value in known for member in (value if isinstance(value, tuple) else (value,)))
    texts = {_remember_text(member): member for member in members if isinstance(member, str)}
    if isinstance(applied, tuple):
        return tuple(texts.get(member, member) for member in applied)
    return texts.get(applied, applied) if isinstance(applied, str) else applied


def _merged(wanted: Value, before: Value, applied: Value, *, restore: bool) -> tuple[str, ...]:
    """What both sides have made of a set: the source's additions and removals since it was last applied, and
    everything that the merchant has added or removed. `restore` also brings back what of the source's the
    merchant has removed.
    """
    wanted, before, applied = _members(wanted), _members(before), _members(applied)
    kept = tuple(member for member in before if member in wanted or _remember_text(member) not in applied)
    missing = (member for member in wanted if member not in kept)
    return (*kept, *(member for member in missing if restore or _remember_text(member) not in applied))


def _members(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


# --- the store's side -----------------------------------------------------------------------------------


class StoreView:
    """A stored product seen through the fields that the source owns."""

    def __init__(
        self, stored: StoredProduct, variant: StoredVariant, desired: DesiredProduct, location_id: str | None
    ) -> None:
        self._stored = stored
        self._variant = variant
        self._desired = desired
        self._location_id = location_id

    def value(self, name: str) -> Value:
        """What the store holds in a field; None for nothing."""
        stored, variant = self._stored, self._variant
        if name.startswith(METADATA):
            return _plain((stored.metadata or {}).get(name.removeprefix(METADATA)))
        match name:
            case "categories":
                return tuple(category.handle for category in stored.categories)
            case "tags":
                return tuple(tag.value for tag in stored.tags)
            case "images":
                return tuple(dict.fromkeys(image.url for image in stored.images))
            case "sku" | "barcode":
                return getattr(variant, name) or None
            case "price":
                price = owned_price(variant, self._desired.currency)
                return price.amount if price else None
            case "stock":
                level = stock_level(variant, self._location_id)
                return level.stocked_quantity if level else None
            case _:
                value: Value = getattr(stored, name)
                return None if value == "" else value

    def is_owned(self, name: str, applied: Value) -> bool:
        """Whether the source has a say in a field: it has a value now, or had one the last time."""
        wanted = self._desired.fields[name]
        if name == "stock":
            given_up = applied is not None and not self._variant.manage_inventory  # by the merchant
            return wanted is not None and not given_up
        return wanted is not None or applied is not None


def owned_variant(stored: StoredProduct, sku: Value) -> StoredVariant:
    """The variant that carries the source's price and SKU: the one that has the SKU already, else the oldest.

    Args:
        stored: the product.
        sku: that the source last applied, or wants of a product that is taken over; as `remember` gives it.

    Raises:
        ProductFailedError: the product has no variant left.
    """
    if not stored.variants:
        raise ProductFailedError("it has no variant left that could carry price and SKU")
    by_sku = (v for v in stored.variants if sku is not None and v.sku and _remember_text(v.sku) == sku)
    return next(by_sku, None) or min(stored.variants, key=lambda v: v.id)  # ids are ULIDs: they sort by age


def owned_price(variant: StoredVariant, currency: str) -> StoredPrice | None:
    """The plain price in a currency: for any quantity and without rules."""
    plain = (
        price
        for price in variant.prices
        if price.currency_code == currency
        and price.min_quantity is None
        and price.max_quantity is None
        and not price.rules
    )
    return next(plain, None)


def stock_level(variant: StoredVariant, location_id: str | None) -> StoredLevel | None:
    return next((level for level in _levels(variant) if level.location_id == location_id), None)


def _levels(variant: StoredVariant) -> tuple[StoredLevel, ...]:
    links = variant.inventory_items[:1]
    return next((link.inventory.location_levels for link in links if link.inventory), ())


def _plain(value: Any) -> Value:
    """A metadata value in comparable form; what is no plain value is shown as JSON."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str | int | float) else json.encode(value).decode()


def is_half_made(stored: StoredProduct) -> bool:
    """Whether the store never came to the end of creating a product. It commits one part after the other:
    product, variant, inventory item, price. What has further variants or a stock level was whole before.
    """
    record = read_record(stored.metadata)
    if record is None or record.pending != Pending.CREATION or len(stored.variants) > 1:
        return False
    return not any(variant.prices or _levels(variant) for variant in stored.variants)


# --- handles --------------------------------------------------------------------------------------------


def slug_of(desired: DesiredProduct) -> str:
    """The handle that the title gives by itself; empty for a title without letters and digits."""
    return _slug(desired.title)


def _slug(text: str) -> str:
    from slugify import slugify

    return slugify(text, max_length=_HANDLE_LENGTH)


def handle_candidates(desired: DesiredProduct) -> Iterator[str]:
    """Handles in order of preference: the slug of the title, then with the id, then with a number as well."""
    slug = slug_of(desired)
    if slug:
        yield slug
    with_id = f"{slug}-{desired.source_id}" if slug else _slug(desired.external_id)
    yield with_id
    for number in count(2):
        yield f"{with_id}-{number}"
