"""What interrupted writes may have left in the store."""

from __future__ import annotations

from collections.abc import Sequence

from medusa_sync.core.change import Update
from medusa_sync.core.fields import FIELDS, SKU, Merge, Place
from medusa_sync.core.merge import members
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import Step, remember
from medusa_sync.core.stored import StoredProduct
from medusa_sync.core.view import StoreView, owned_variant, stock_levels

SETTLE_S = 10  # the store may still be working on a younger write, so it is waited for
LATE_S = 120  # an older write does not arrive any more


def is_incomplete(stored: StoredProduct) -> bool:
    """Whether the store has not finished creating a product.

    The store commits the product first, then the variant, the inventory item and the price. A product with
    several variants or with a stock level was complete once.
    """
    if not _is_pending_creation(stored) or len(stored.variants) > 1:
        return False
    return not any(variant.prices or stock_levels(variant) for variant in stored.variants)


def is_in_progress(desired: DesiredProduct, stored: StoredProduct, *, now: float) -> bool:
    """Whether the store may still be working on a write that another run sent."""
    if stored.pending is None or abs(now - stored.pending.at) >= SETTLE_S:  # abs: clocks differ
        return False
    return is_incomplete(stored) or _lacks_price(desired, stored)


def may_change(update: Update, *, now: float) -> bool:
    """Whether an earlier write may still arrive and undo what the store holds now.

    The store continues a write after its client was killed, and a request may be delivered late. Until then,
    the product is not acknowledged.
    """
    pending = update.record.pending if update.record else None
    return (
        pending is not None
        and abs(now - pending.at) < LATE_S
        and not update.changes
        and (SKU in pending.fields or _lacks_price(update.desired, update.stored))
    )


def _lacks_price(desired: DesiredProduct, stored: StoredProduct) -> bool:
    """Whether the price that was sent last is not in the store."""
    record, variant = stored.record, owned_variant(desired, stored)
    if record is None or variant is None:
        return False
    view = StoreView(stored, variant, desired.currency, None)
    return any(
        sent and remember(view.value(name)) != sent[-1]
        for name, field in FIELDS.items()
        if field.place is Place.PRICE and (sent := record.sent(name, desired.currency))
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
    if stored.record is None or stored.pending is None or len(stored.variants) > 1:
        return False
    sent = {name: (value,) for name, value in stored.record.fields.items()} | stored.pending.fields
    view = StoreView(stored, next(iter(stored.variants), None), stored.pending.currency, None)
    return all(
        FIELDS[name].place is Place.LEVEL or _is_one_of(name, remember(view.value(name)), values)
        for name, values in sent.items()
        if name in FIELDS
    )


def _is_one_of(name: str, held: Value, values: Sequence[Value]) -> bool:
    """Whether the store holds one of the values that were sent; a field may be missing until it commits."""
    if FIELDS[name].merge is Merge.UNION:
        return any(set(members(held)) == set(members(value)) for value in values)
    return held is None or any(FIELDS[name].same(held, value) for value in values)
