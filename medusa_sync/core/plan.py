"""Pure planning: what the source wants, what was last applied, what the store holds -> changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any, Protocol, TypeVar

from msgspec import json, structs

from medusa_sync.core.change import Conflict, FieldChange, Update
from medusa_sync.core.fields import FIELDS, SKU, Merge, Place
from medusa_sync.core.merge import Verdict, merge_field
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import METADATA, DesiredProduct, Value
from medusa_sync.core.record import Record, Step, parse_record, remember, remember_text
from medusa_sync.core.stored import StoredLevel, StoredPrice, StoredProduct, StoredVariant
from medusa_sync.errors import ProductFailedError

SETTLE_S = 10
"""Seconds after which a write is checked although the store may still be working on it."""
LATE_S = 120
"""Seconds after which a write is not expected to arrive any more, even if its client is gone."""

_HANDLE_LENGTH = 200
_CREATED_TOGETHER_S = 60  # between a product and its own variant; a batch takes a few seconds


def without_stock(desired: DesiredProduct) -> DesiredProduct:
    """What the source can want from a store that has no stock location."""
    return structs.replace(desired, fields={**desired.fields, "stock": None})


def plan_update(
    desired: DesiredProduct,
    stored: StoredProduct,
    *,
    location_id: str | None,
    on_conflict: OnConflict = OnConflict.SOURCE,
    overwrite: bool = False,
    adopt: bool = False,
) -> Update:
    """Decide what to send so that the store follows the source.

    Args:
        desired: what the source wants now.
        stored: the product with its details.
        location_id: where stock is kept; None if the store keeps none.
        on_conflict: which value wins if source and merchant have both changed a field.
        overwrite: compare with what the store holds now, not with what was last applied.
        adopt: take the product over: everything that the source owns gets the source's value.

    Raises:
        ProductFailedError: the record of the product cannot be used.
    """
    record = None if adopt else parse_record(stored.metadata)
    variant = owned_variant(desired, stored, record, adopt=adopt)
    view = StoreView(desired, stored, variant, location_id)
    changes: list[FieldChange] = []
    conflicts: list[Conflict] = []
    if variant is None and (record is None or record.changed(desired)):
        conflicts.append(Conflict("variant", None, _name_of_variant(desired, record), OnConflict.STORE))
    for name, wanted in desired.fields.items():
        if not view.is_owned(name, record):
            continue
        before = view.value(name)
        verdict, after = merge_field(
            name, wanted, before, record, desired.currency, restore=overwrite or adopt
        )
        if verdict is Verdict.CONFLICT:
            conflicts.append(Conflict(name, before, wanted, on_conflict))
        if verdict is Verdict.KEEP or (verdict is Verdict.CONFLICT and on_conflict is OnConflict.STORE):
            continue
        applied = record.applied(name, desired.currency) if record else None
        changes.append(FieldChange(name, before, after, _spelt_out(applied, before, wanted), wanted))
    if record and record.drafted and stored.status == "draft":
        changes.append(FieldChange("status", "draft", "published", "draft", "published"))
    pending = record.pending if record else None
    return Update(
        desired,
        stored,
        record,
        variant,
        tuple(changes),
        tuple(conflicts),
        adopted=adopt,
        placed=adopt or (pending is not None and pending.step is Step.ADOPTION),
    )


def _name_of_variant(desired: DesiredProduct, record: Record | None) -> Value:
    return (record.variant if record else "") or desired.fields["sku"] or desired.title


def _spelt_out(applied: Value, *known: Value) -> Value:
    """The last applied value, with the text in place of its digest if store or source still has it."""
    members = (member for value in known for member in (value if isinstance(value, tuple) else (value,)))
    texts = {remember_text(member): member for member in members if isinstance(member, str)}
    if isinstance(applied, tuple):
        return tuple(texts.get(member, member) for member in applied)
    return texts.get(applied, applied) if isinstance(applied, str) else applied


# --- the store's side -----------------------------------------------------------------------------------


class StoreView:
    """A stored product seen through the fields that the source owns."""

    def __init__(
        self,
        desired: DesiredProduct,
        stored: StoredProduct,
        variant: StoredVariant | None,
        location_id: str | None,
    ) -> None:
        self._desired = desired
        self._stored = stored
        self._variant = variant
        self._location_id = location_id

    def value(self, name: str) -> Value:
        """What the store holds in a field; None for nothing."""
        stored, variant = self._stored, self._variant
        match FIELDS[name].place:
            case Place.METADATA:
                return _plain((stored.metadata or {}).get(name.removeprefix(METADATA)))
            case Place.VARIANT:
                return getattr(variant, name) or None if variant else None
            case Place.PRICE:
                price = owned_price(variant, self._desired.currency) if variant else None
                return price.amount if price else None
            case Place.LEVEL:
                level = stock_level(variant, self._location_id) if variant else None
                return level.stocked_quantity if level else None
            case Place.PRODUCT:
                return _SETS[name](stored) if name in _SETS else _plain(getattr(stored, name))

    def is_owned(self, name: str, record: Record | None) -> bool:
        """Whether the source decides about a field: it has a value now, or had one the last time."""
        field = FIELDS[name]
        if field.is_of_variant and self._variant is None:
            return False
        wanted = self._desired.fields[name]
        applied = record.applied(name, self._desired.currency) if record else None
        if field.merge is Merge.FOLLOW:
            given_up = applied is not None and not (self._variant and self._variant.manage_inventory)
            return wanted is not None and not given_up
        sent = record.sent(name, self._desired.currency) if record else ()
        return wanted is not None or applied is not None or any(value is not None for value in sent)


_SETS = {
    "categories": lambda stored: tuple(category.handle for category in stored.categories),
    "tags": lambda stored: tuple(tag.value for tag in stored.tags),
    "images": lambda stored: tuple(image.url for image in stored.images),
}


def owned_variant(
    desired: DesiredProduct, stored: StoredProduct, record: Record | None, *, adopt: bool = False
) -> StoredVariant | None:
    """The variant that carries the source's price and SKU; None if the merchant deleted it.

    The record names it, unless it is of an older version or its creation was interrupted. Then it is the
    variant with our SKU or barcode, else the one that was created together with the product. When a product
    is adopted without such a variant, it is the oldest.
    """
    variants = sorted(stored.variants, key=lambda variant: variant.id)  # ids are ULIDs: they sort by age
    if record is not None and record.variant:
        return next((variant for variant in variants if variant.id == record.variant), None)
    for name in ("sku", "barcode"):
        ours = {remember(desired.fields[name])}
        if record is not None:
            ours |= {record.fields.get(name), *record.sent(name, desired.currency)}
        for variant in variants:
            value = getattr(variant, name)
            if value and remember_text(value) in ours:
                return variant
    if adopt:
        return next(iter(variants), None)
    return next((variant for variant in variants if _created_together(stored, variant)), None)


def _created_together(stored: StoredProduct, variant: StoredVariant) -> bool:
    if not stored.created_at or not variant.created_at:
        return False
    between = datetime.fromisoformat(variant.created_at) - datetime.fromisoformat(stored.created_at)
    return abs(between.total_seconds()) <= _CREATED_TOGETHER_S


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
    """A value in comparable form: an empty text is nothing; anything but a plain value is JSON."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str | int | float) else json.encode(value).decode()


# --- writes that were interrupted -----------------------------------------------------------------------


def is_pending(stored: StoredProduct) -> bool:
    """Whether a write of a product has not been acknowledged."""
    try:
        record = parse_record(stored.metadata)
    except ProductFailedError:  # a newer version wrote it
        return False
    return record is not None and record.pending is not None


def is_incomplete(stored: StoredProduct) -> bool:
    """Whether the store has not finished creating a product.

    It commits the parts in this order: product, variant, inventory item, price. A product with further
    variants or a stock level was complete before.
    """
    record = parse_record(stored.metadata)
    pending = record.pending if record else None
    if pending is None or pending.step is not Step.CREATION or len(stored.variants) > 1:
        return False
    return not any(variant.prices or _levels(variant) for variant in stored.variants)


def is_in_progress(desired: DesiredProduct, stored: StoredProduct, *, now: float) -> bool:
    """Whether the store may still be working on a write that another run has sent."""
    record = parse_record(stored.metadata)
    pending = record.pending if record else None
    if record is None or pending is None or abs(now - pending.at) >= SETTLE_S:  # clocks differ
        return False
    if is_incomplete(stored):
        return True
    return _lacks_price(desired, stored, record)


def may_change(update: Update, *, now: float) -> bool:
    """Whether something that was sent earlier may still arrive and undo what the store has now.

    The store continues a write whose client was killed, and a request may be delivered late. Until then the
    product is not acknowledged.
    """
    pending = update.record.pending if update.record else None
    return (
        pending is not None
        and abs(now - pending.at) < LATE_S
        and not update.changes
        and (SKU in pending.fields or _lacks_price(update.desired, update.stored, update.record))
    )


def _lacks_price(desired: DesiredProduct, stored: StoredProduct, record: Record | None) -> bool:
    """Whether the price that was sent last is not in the store."""
    variant = owned_variant(desired, stored, record)
    if record is None or variant is None:
        return False
    view = StoreView(desired, stored, variant, None)
    return any(
        sent and remember(view.value(name)) != sent[-1]
        for name, field in FIELDS.items()
        if field.place is Place.PRICE and (sent := record.sent(name, desired.currency))
    )


def surviving_copy(copies: Sequence[StoredProduct]) -> tuple[StoredProduct, list[StoredProduct]] | None:
    """Which of several products with one external id stays, and which ones are removed.

    Two runs that do not know of each other may create a product twice. An acknowledged copy wins over one
    whose creation is pending, then the older one wins. Only pending copies that nobody has touched are
    removed; None if that leaves more than one.

    Args:
        copies: with their details.
    """
    acknowledged = [copy for copy in copies if not _is_pending_creation(copy)]
    if len(acknowledged) > 1:
        return None
    survivor = acknowledged[0] if acknowledged else min(copies, key=lambda copy: copy.id)
    losers = [copy for copy in copies if copy.id != survivor.id]
    return (survivor, losers) if all(map(_is_untouched, losers)) else None


def _is_pending_creation(stored: StoredProduct) -> bool:
    record = parse_record(stored.metadata)
    return record is not None and record.pending is not None and record.pending.step is Step.CREATION


def _is_untouched(stored: StoredProduct) -> bool:
    """Whether a copy whose creation is pending holds only what was sent with its creation."""
    record = parse_record(stored.metadata)
    if record is None or record.pending is None or len(stored.variants) > 1:
        return False
    sent = {name: (value,) for name, value in record.fields.items()} | record.pending.fields
    desired = DesiredProduct(stored.external_id or "", 0, record.pending.currency, dict.fromkeys(sent))
    view = StoreView(desired, stored, next(iter(stored.variants), None), None)
    return all(
        FIELDS[name].place is Place.LEVEL or _equals(name, remember(view.value(name)), values)
        for name, values in sent.items()
        if name in FIELDS
    )


def _equals(name: str, held: Value, values: Sequence[Value]) -> bool:
    if FIELDS[name].merge is Merge.UNION:
        return any(set(_tuple(held)) == set(_tuple(value)) for value in values)
    return held is None or any(FIELDS[name].same(held, value) for value in values)


def _tuple(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


class _Stored(Protocol):
    @property
    def external_id(self) -> str | None: ...


P = TypeVar("P", bound=_Stored)


def by_external_id(products: Sequence[P]) -> Mapping[str, list[P]]:
    groups: dict[str, list[P]] = {}
    for product in products:
        groups.setdefault(product.external_id or "", []).append(product)
    return groups


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
