"""Pure: what a change means for inventory items, kept apart from products: their levels and SKUs.

Levels that exist are written before the product's record, so that a run that dies in between sends them once
more. A level that does not exist yet can only follow its product: it is *late*.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from medusa_sync.medusa.api import Level
from medusa_sync.models import Change, Create, StoredProduct, StoredVariant, Update, Value
from medusa_sync.plan import stock_level


class LateLevel(Struct, frozen=True):
    """A level to create.

    Attributes:
        item_id: the inventory item, or None when writing the product makes it.
        variant_id: of a product that stands in the store already; a new one has a single variant.
    """

    external_id: str
    location_id: str
    quantity: int
    item_id: str | None = None
    variant_id: str | None = None


def existing_levels(changes: Iterable[Change], location_id: str | None) -> list[Level]:
    """The levels that exist and change."""
    levels = []
    for change in changes:
        quantity = _new_quantity(change)
        if isinstance(change, Create) or quantity is None:
            continue
        level = stock_level(change.variant, location_id)
        if level is not None:
            levels.append(
                Level(change.variant.inventory_items[0].inventory_item_id, level.location_id, quantity)
            )
    return levels


def renamed_items(updates: Iterable[Update]) -> dict[str, str | None]:
    """The new SKUs of inventory items. Medusa leaves an item its old one, which no other could have then; one
    that the merchant has given the item stays, and an adoption does not ask for each of its items.
    """
    return {
        link.inventory_item_id: difference.after if isinstance(difference.after, str) else None
        for update in updates
        for difference in update.differences
        if difference.field == "sku" and not update.adopted
        for link in update.variant.inventory_items[:1]
        if link.inventory and link.inventory.sku in {difference.before, difference.applied}
    }


def late_levels(changes: Iterable[Change], location_id: str | None) -> list[LateLevel]:
    """The levels to create."""
    levels = []
    for change in changes:
        quantity = _new_quantity(change)
        if location_id is None or quantity is None:
            continue
        own = change.desired.external_id
        if isinstance(change, Create):
            levels.append(LateLevel(own, location_id, quantity))
        elif stock_level(change.variant, location_id) is None:
            levels.append(
                LateLevel(own, location_id, quantity, item_id_of(change.variant), change.variant.id)
            )
    return levels


def stocked_variant(level: LateLevel, written: StoredProduct) -> StoredVariant | None:
    """The variant that a level belongs to, as the store holds it once its product is written."""
    return next((each for each in written.variants if level.variant_id in {None, each.id}), None)


def item_id_of(variant: StoredVariant) -> str | None:
    return variant.inventory_items[0].inventory_item_id if variant.inventory_items else None


def _new_quantity(change: Change) -> int | None:
    if isinstance(change, Create):
        return _whole(change.desired.fields["stock"])
    values = (difference.after for difference in change.differences if difference.field == "stock")
    return _whole(next(values, None))


def _whole(value: Value) -> int | None:
    return value if isinstance(value, int) else None
