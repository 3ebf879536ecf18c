"""What interrupted writes may have left in the store."""

from __future__ import annotations

from msgspec import structs

from medusa_sync.core.change import Change
from medusa_sync.core.fields import OPTIONS, SKU, VARIANT_FIELDS, Part
from medusa_sync.core.options import OptionPlan
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import IN_CURRENCY, NO_RECORD, Pending, Record, Step, remember
from medusa_sync.core.stored import StoredProduct
from medusa_sync.core.variants import fields_as_sent, match_variants

SETTLE_S = 10  # the store may still be working on a younger write, so the run waits for it
LATE_S = 120  # after this, an earlier write can no longer arrive


def is_incomplete(stored: StoredProduct) -> bool:
    """Whether the store has not finished creating a product.

    The store commits the product first, then the variants, the inventory items and the prices. A product with
    more variants than were sent was complete once.
    """
    record, pending = stored.record, stored.pending
    if record is None or pending is None or pending.step is not Step.CREATION:
        return False
    shows_prices = any(variant.shows_prices for variant in stored.variants)
    return len(stored.variants) <= len(record.variants) and not shows_prices


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


def sends_nothing_new(update: Change) -> bool:
    """Whether an update only repeats what an interrupted write has sent."""
    record = update.record
    # The fields of the product are committed together with the note, so a difference is something new.
    has_new = update.removed or any(each.field != OPTIONS for each in update.own_changes)
    if record.pending is None or has_new or not set(update.desired.options).issubset(record.option_ids):
        return False
    sent = fields_as_sent(record)
    for each in update.variants:
        own = sent.get(each.desired.key, {})
        if each.is_new and own != {name: remember(value) for name, value in each.desired.fields.items()}:
            return False
        if any(remember(change.desired) != own.get(change.field) for change in each.changes):
            return False
    return True


def with_late_note(record: Record, update: Change, *, now: float, is_lost: bool) -> Record:
    """The record of a complete update; a note stays in it if a request may be delivered late.

    Such a request undoes what the store holds. It is one of this run whose response was lost (`is_lost`), or,
    if this run has sent nothing, of an earlier write: the store continues it after its client was killed. A
    creation writes SKUs before prices, so they have arrived if the product is complete.
    """
    if is_lost:  # an item may still get an earlier SKU, so later runs check it
        skus: dict[str, dict[str, tuple[Value, ...]]] = {
            key: {SKU: (own.fields.get(SKU),)} for key, own in record.variants.items()
        }
        return structs.replace(record, pending=Pending(Step.UPDATE, skus, currency=record.currency, at=now))
    pending = update.record.pending
    if pending is None or update.has_changes or update.placed or abs(now - pending.at) >= LATE_S:
        return record
    renames = pending.step is not Step.CREATION and any(SKU in sent for sent in pending.variants.values())
    if not (renames or _lacks_price(update.desired, update.stored)):
        return record
    # Only SKUs and prices are written by requests of their own, which may be delivered late.
    variants = {
        key: late
        for key, sent in pending.variants.items()
        if (late := {name: values for name, values in sent.items() if name == SKU or _is_price(name)})
    }
    note = structs.replace(pending, step=Step.UPDATE, variants=variants, options={})
    return structs.replace(record, pending=note)


def _lacks_price(desired: DesiredProduct, stored: StoredProduct) -> bool:
    """Whether a price that was sent last is not in the store."""
    record = stored.record or NO_RECORD
    owned = match_variants(desired, stored, record, OptionPlan()).stored
    others = IN_CURRENCY if record.pending and record.pending.currency != desired.currency else ()
    return any(
        remember(variant.value(name, desired.currency)) != sent[-1]
        for key, fields in record.sent.items()
        if (variant := owned.get(key)) is not None
        for name, sent in fields.items()
        if _is_price(name) and name not in others and sent
    )


def _is_price(name: str) -> bool:
    return VARIANT_FIELDS.knows(name) and VARIANT_FIELDS[name].part in {Part.PRICE, Part.SALE}
