"""What interrupted writes may have left in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from medusa_sync.core.change import FieldChange, Update
from medusa_sync.core.fields import FIELDS, OPTIONS, SKU, VARIANT_FIELDS, Field, Merge, Place
from medusa_sync.core.merge import members
from medusa_sync.core.options import OptionPlan
from medusa_sync.core.pending import as_sent
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import Record, Step, VariantRecord, remember
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.variants import match_variants
from medusa_sync.core.view import product_value, stock_levels, variant_value

SETTLE_S = 10  # the store may still be working on a younger write, so the run waits for it
LATE_S = 120  # after this, an earlier write can no longer arrive


def is_incomplete(stored: StoredProduct) -> bool:
    """Whether the store has not finished creating a product.

    The store commits the product first, then the variants, the inventory items and the prices. A product with
    more variants than were sent or with a stock level was complete once.
    """
    if stored.record is None or not _is_pending_creation(stored):
        return False
    if len(stored.variants) > len(stored.record.variants):
        return False
    return not any(variant.prices or stock_levels(variant) for variant in stored.variants)


def is_half_deleted(stored: StoredProduct) -> bool:
    """Whether the store has not finished a deletion by this tool: it deletes the inventory items first."""
    if stored.record is None or not stored.record.deleted:
        return False
    managed = (variant for variant in stored.variants if variant.manage_inventory)
    return any(all(link.inventory is None for link in variant.inventory_items) for variant in managed)


def is_in_progress(desired: DesiredProduct, stored: StoredProduct, *, now: float) -> bool:
    """Whether the store may still be working on a write that another run sent."""
    if stored.pending is None or abs(now - stored.pending.at) >= SETTLE_S:  # abs: clocks differ
        return False
    return is_incomplete(stored) or _lacks_price(desired, stored)


def may_change(update: Update, *, now: float) -> bool:
    """Whether a product is only kept open because an earlier write may still arrive."""
    record = update.stored.record
    is_recorded = record is not None and not record.differs_from(update.desired)
    return is_recorded and not update.has_changes and _awaits_late_write(update, now=now)


def sends_nothing_new(update: Update) -> bool:
    """Whether an update only repeats what an interrupted write has sent."""
    record, noted = update.record, update.stored.record
    if record is None or noted is None or record.pending is None:
        return False
    sent = as_sent(record)

    def are_sent(changes: Iterable[FieldChange], fields: Mapping[str, Value]) -> bool:
        return all(remember(change.desired) == fields.get(change.field) for change in changes)

    own = [each for each in update.own_changes if each.field != OPTIONS]
    if not are_sent(own, sent.fields) or not set(update.desired.options).issubset(noted.option_ids):
        return False
    return all(
        variant.desired.key in record.pending.variants
        if variant.is_new
        else are_sent(variant.changes, sent.variants.get(variant.desired.key, VariantRecord()).fields)
        for variant in update.variants
    )


def with_late_note(record: Record, update: Update, *, now: float) -> Record:
    """The record of a complete update; if nothing was sent, the note of an earlier write may have to stay."""
    pending = update.record.pending if update.record else None
    is_written = update.has_changes or update.placed
    if pending is None or is_written or not _awaits_late_write(update, now=now):
        return record
    variants = {
        key: {name: values for name, values in sent.items() if _may_arrive_late(name)}
        for key, sent in pending.variants.items()
    }
    variants = {key: sent for key, sent in variants.items() if sent}
    note = structs.replace(pending, step=Step.UPDATE, variants=variants, options={})
    return structs.replace(record, pending=note)


def _may_arrive_late(name: str) -> bool:
    """Whether a field is written by a request of its own, which may be delivered late."""
    return name == SKU or (
        VARIANT_FIELDS.knows(name) and VARIANT_FIELDS[name].place in {Place.PRICE, Place.SALE}
    )


def _awaits_late_write(update: Update, *, now: float) -> bool:
    """Whether an earlier write may still arrive and undo what the store holds now.

    The store continues a write after its client was killed, and a request may be delivered late. Until then,
    the note stays.
    """
    pending = update.record.pending if update.record else None
    return (
        pending is not None
        and abs(now - pending.at) < LATE_S
        and (
            any(SKU in sent for sent in pending.variants.values())
            or _lacks_price(update.desired, update.stored)
        )
    )


def _lacks_price(desired: DesiredProduct, stored: StoredProduct) -> bool:
    """Whether a price that was sent last is not in the store."""
    record = stored.record
    if record is None or record.pending is None:
        return False
    owned = match_variants(desired, stored, record, OptionPlan()).stored
    return any(
        remember(variant_value(variant, name, desired.currency, None)) != sent[-1]
        for key, fields in record.pending.variants.items()
        if (variant := owned.get(key)) is not None
        for name in filter(VARIANT_FIELDS.knows, fields)
        if VARIANT_FIELDS[name].place in {Place.PRICE, Place.SALE}
        and (sent := record.variant_history(key, name, desired.currency).sent)
    )


def surviving_copy(copies: Sequence[StoredProduct]) -> tuple[StoredProduct, list[StoredProduct]] | None:
    """Decide which of several products with the same external id stays.

    Two runs on different machines may both create a product. An acknowledged copy wins over one whose
    creation is pending, then the oldest wins. Only pending copies that nobody has edited are removed.

    Returns:
        The copy that stays and those to remove; None if more than one has to stay.
    """
    acknowledged = [copy for copy in copies if not _is_pending_creation(copy)]
    if len(acknowledged) > 1:
        return None
    survivor = acknowledged[0] if acknowledged else min(copies, key=lambda copy: copy.id)
    losers = [copy for copy in copies if copy.id != survivor.id]
    return (survivor, losers) if all(map(_is_untouched, losers)) else None


def _is_pending_creation(stored: StoredProduct) -> bool:
    return stored.pending is not None and stored.pending.step is Step.CREATION


def _is_untouched(stored: StoredProduct) -> bool:
    """Whether a copy whose creation is pending holds only what its creation sent."""
    record, pending = stored.record, stored.pending
    if record is None or pending is None or len(stored.variants) > len(record.variants):
        return False
    return all(
        _is_one_of(FIELDS[name], remember(product_value(stored, name)), (value,))
        for name, value in record.fields.items()
        if FIELDS.knows(name)
    ) and all(_was_sent(variant, record) for variant in stored.variants)


def _was_sent(variant: StoredVariant, record: Record) -> bool:
    """Whether a variant holds what was sent for one of the variants of a product."""
    currency = record.pending.currency if record.pending else ""
    return any(
        all(
            _is_one_of(field, remember(variant_value(variant, name, currency, None)), values)
            for name, values in fields.items()
            if VARIANT_FIELDS.knows(name)
            and (field := VARIANT_FIELDS[name]).place in {Place.VARIANT, Place.PRICE}
        )
        for fields in (record.pending.variants.values() if record.pending else ())
    )


def _is_one_of(field: Field, held: Value, values: Sequence[Value]) -> bool:
    """Whether the store holds one of the values that were sent; a field may be missing until it commits."""
    if field.merge is Merge.UNION:
        return any(set(members(held)) == set(members(value)) for value in values)
    return held is None or any(field.same(held, value) for value in values)
