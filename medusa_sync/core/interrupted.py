"""What interrupted writes may have left in the store."""

from __future__ import annotations

from msgspec import structs

from medusa_sync.core.change import Change
from medusa_sync.core.fields import OPTIONS, SKU, VARIANT_FIELDS, Place
from medusa_sync.core.options import OptionPlan
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Record, Step, applied, remember
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


def only_awaits_late_write(update: Change, *, now: float) -> bool:
    """Whether a product is only kept open because an earlier write may still arrive."""
    record = update.stored.record
    is_recorded = record is not None and record.content == applied(update.desired).content
    return is_recorded and not update.has_changes and _awaits_late_write(update, now=now)


def sends_nothing_new(update: Change) -> bool:
    """Whether an update only repeats what an interrupted write has sent."""
    record, noted = update.record, update.stored.record
    if noted is None or record.pending is None:
        return False
    if update.removed:
        return False
    # The fields of the product are committed together with the note, so a difference is something new.
    if any(each.field != OPTIONS for each in update.own_changes):
        return False
    if not set(update.desired.options).issubset(noted.option_ids):
        return False
    sent = fields_as_sent(record)
    for each in update.variants:
        own, wanted = sent.get(each.desired.key), each.desired.fields
        if each.is_new and own != {name: remember(value) for name, value in wanted.items()}:
            return False
        if any(remember(change.desired) != (own or {}).get(change.field) for change in each.changes):
            return False
    return True


def with_late_note(record: Record, update: Change, *, now: float) -> Record:
    """The record of a complete update; if nothing was sent, the note of an earlier write may have to stay."""
    pending = update.record.pending
    is_written = update.has_changes or update.placed
    if pending is None or is_written or not _awaits_late_write(update, now=now):
        return record
    # Only SKUs and prices are written by requests of their own, which may be delivered late.
    variants = {
        key: {name: values for name, values in sent.items() if name == SKU or _is_price(name)}
        for key, sent in pending.variants.items()
    }
    variants = {key: sent for key, sent in variants.items() if sent}
    note = structs.replace(pending, step=Step.UPDATE, variants=variants, options={})
    return structs.replace(record, pending=note)


def _awaits_late_write(update: Change, *, now: float) -> bool:
    """Whether an earlier write may still arrive and undo what the store holds now.

    The store continues a write after its client was killed, and a request may be delivered late. Until then,
    the note stays. A creation writes SKUs before prices, so they have arrived if the product is complete.
    """
    pending = update.record.pending
    if pending is None or abs(now - pending.at) >= LATE_S:
        return False
    renames = pending.step is not Step.CREATION and any(SKU in sent for sent in pending.variants.values())
    return renames or _lacks_price(update.desired, update.stored)


def _lacks_price(desired: DesiredProduct, stored: StoredProduct) -> bool:
    """Whether a price that was sent last is not in the store."""
    record = stored.record
    if record is None or record.pending is None:
        return False
    owned = match_variants(desired, stored, record, OptionPlan()).stored
    return any(
        remember(variant.value(name, desired.currency)) != sent[-1]
        for key, fields in record.pending.variants.items()
        if (variant := owned.get(key)) is not None
        for name in filter(_is_price, fields)
        if (sent := record.variant_history(key, name, desired.currency).sent)
    )


def _is_price(name: str) -> bool:
    return VARIANT_FIELDS.knows(name) and VARIANT_FIELDS[name].place in {Place.PRICE, Place.SALE}
