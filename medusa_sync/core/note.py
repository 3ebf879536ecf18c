"""The records to send with a write."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import structs

from medusa_sync.core.change import Update, added_members
from medusa_sync.core.fields import FIELDS, IMAGES, SKU
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import Pending, Record, Step, applied, noted


def creation_note(desired: DesiredProduct, *, now: int) -> Record:
    """The note of a new product, whose variant, price and stock commit after the product row."""
    late = {name: (value,) for name, value in desired.fields.items() if FIELDS[name].is_of_variant}
    return noted(None, desired, late, Step.CREATION, at=now)


def update_note(update: Update, *, renames_item: bool, now: int) -> Record:
    """The record to send with an update: a note if its result has to be checked, otherwise the final record.

    Fields that commit late have to be checked, and added images, because another run may add them too.

    Args:
        update: what is written.
        renames_item: a later call gives the inventory item the SKU.
        now: in seconds since 1970.
    """
    before = update.record.fields if update.record else {}
    late: dict[str, Collection[Value]] = {
        # A stored value that was never applied may still be there if the write is interrupted.
        change.field: (change.desired,) if change.field in before else (change.stored, change.desired)
        for change in update.changes
        if change.field in FIELDS and FIELDS[change.field].commits_late
    }
    if renames_item:
        late[SKU] = (update.desired.fields[SKU],)
    if not late and not update.placed and not added_members([update], IMAGES):
        return applied(update.desired, variant=update.variant_id)
    step = Step.ADOPTION if update.placed else Step.UPDATE
    return noted(update.record, update.desired, late, step, variant=update.variant_id, at=now)


def sku_note(record: Record, *, now: int) -> Record:
    """The record of a complete product whose inventory item may still get an earlier SKU."""
    pending = Pending(Step.UPDATE, {SKU: (record.fields.get(SKU),)}, record.currency, now)
    return structs.replace(record, pending=pending)
