"""Holds back prices that would move too far from what the store holds."""

from __future__ import annotations

from collections.abc import Sequence

from medusa_sync.core.change import FieldChange, VariantChange
from medusa_sync.core.fields import PRICE, VARIANT_FIELDS, Place
from medusa_sync.core.policy import PriceLimit
from medusa_sync.core.product import Value
from medusa_sync.core.record import IN_CURRENCY, Record, remember
from medusa_sync.core.stored_variant import StoredVariant


def held_back(
    changes: Sequence[FieldChange], stored: StoredVariant, currency: str, limit: PriceLimit | None
) -> tuple[FieldChange, ...]:
    """The planned prices of a variant that move too far; a price and its sale price stay together.

    Args:
        changes: what is planned for the variant.
        stored: the variant.
        currency: of the field `price`.
        limit: how far a price may move; None for any distance.
    """
    if limit is None:
        return ()
    names = {each.field for each in changes if _moves_too_far(each, stored, currency, limit)}
    if not names.isdisjoint(IN_CURRENCY):
        names |= IN_CURRENCY
    return tuple(each for each in changes if each.field in names)


def _moves_too_far(change: FieldChange, stored: StoredVariant, currency: str, limit: PriceLimit) -> bool:
    place, before, after = VARIANT_FIELDS[change.field].place, change.stored, change.planned
    if place is Place.SALE and before is None:  # until now, customers pay the price
        before = stored.value(PRICE, currency)
    is_price = place in {Place.PRICE, Place.SALE}
    if not is_price or not isinstance(before, int | float) or not isinstance(after, int | float):
        return False
    return not limit.allows(before, after)


def applied_prices(variant: VariantChange, record: Record | None, currency: str) -> dict[str, Value]:
    """What was last applied to the prices of a variant that are held back; None if nothing is known."""
    known: dict[str, Value] = {}
    for each in variant.held:
        history = record.variant_history(variant.desired.key, each.field, currency) if record else None
        known[each.field] = history.applied if history else None
        if history is not None and remember(each.stored) in history.sent:  # it has arrived
            known[each.field] = remember(each.stored)
    return known
