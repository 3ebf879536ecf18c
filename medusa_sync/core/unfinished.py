"""What interrupted writes may have left in the store."""

from __future__ import annotations

from medusa_sync.core.entities import made_at
from medusa_sync.core.fields import FIELDS, kind_of
from medusa_sync.core.inventory import StoredItem
from medusa_sync.core.kinds.sales import IN_CURRENCY
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import NO_RECORD, Pending, Write
from medusa_sync.core.remembered import remember
from medusa_sync.core.stored import StoredProduct
from medusa_sync.core.value import members
from medusa_sync.core.variants import match_variants

SETTLE_S = 10  # the store may still be working on a younger write, so the run waits for it
POLL_S = 0.5  # between two reads of what the store is still working on
POLLS = round(SETTLE_S / POLL_S)


def is_incomplete(stored: StoredProduct) -> bool:
    """Whether the store has not finished creating a product.

    The store commits the product first, then the variants, the inventory items and the prices. A product with
    more variants than were sent was complete once.
    """
    record, pending = stored.record, stored.pending
    if record is None or pending is None or pending.step is not Write.CREATION:
        return False
    return len(stored.variants) <= len(record.variants) and not stored.shows_last_part


def is_in_progress(desired: DesiredProduct, stored: StoredProduct, pending: Pending, *, now: float) -> bool:
    """Whether the store may still be working on a write that another run sent."""
    is_young = abs(now - pending.at) < SETTLE_S  # abs: clocks differ
    return is_young and (
        is_incomplete(stored) or _lacks_link(stored, pending) or _lacks_amount(desired, stored)
    )


def is_being_created(item: StoredItem, *, now: float) -> bool:
    """Whether the store may not have written the stock of an item yet: if that fails, the item is deleted."""
    return item.is_free and not item.location_levels and abs(now - made_at(item.id)) < SETTLE_S


def _lacks_link(stored: StoredProduct, pending: Pending) -> bool:
    """Whether something that the product was linked to last is not linked: all links are removed first."""
    for name, values in pending.fields.items():
        if FIELDS[name].kind.of_items:
            continue
        sent = members(values[-1])
        linked = members(remember(stored.value(name, sent)))
        if not {*sent} <= {*linked}:
            return True
    return False


def _lacks_amount(desired: DesiredProduct, stored: StoredProduct) -> bool:
    """Whether a price that was sent last is not in the store."""
    record = stored.record or NO_RECORD
    owned = match_variants(desired, stored, record).stored
    others = IN_CURRENCY if record.pending and record.pending.currency != desired.currency else ()
    return any(
        remember(variant.value(name, desired.meanings())) != pending[-1]
        for key, fields in record.pending_values.items()
        if (variant := owned.get(key)) is not None
        for name, pending in fields.items()
        if kind_of(name).is_amount and name not in others and pending
    )
