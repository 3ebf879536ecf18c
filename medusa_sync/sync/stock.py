"""Pure: the stock levels that come with a change, which Medusa keeps apart from products.

Levels that exist are written before the product's record, so that a run that dies in between sends them once
more. A level that does not exist yet can only follow its product: it is *late*.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from medusa_sync.medusa.api import Level
from medusa_sync.models import Change, Create, StoredProduct, StoredVariant, Update, Value
from medusa_sync.plan import owned_variant, read_record, stock_level


class LateLevel(Struct, frozen=True):
    """A level to create.

    Attributes:
        item_id: the inventory item, or None when writing the product makes it.
    """

    external_id: str
    quantity: int
    item_id: str | None


def existing_levels(changes: Iterable[Change], location_id: str | None) -> list[Level]:
    """The levels that exist and change."""
    levels = []
    for change in changes:
        quantity = _new_quantity(change)
        if isinstance(change, Create) or quantity is None:
            continue
        variant = _variant(change.stored)
        level = stock_level(variant, location_id)
        if level is not None:
            levels.append(Level(variant.inventory_items[0].inventory_item_id, level.location_id, quantity))
    return levels


def own_late_level(change: Change, location_id: str | None) -> list[LateLevel]:
    """The level of a product itself, if it has to be created."""
    quantity = _new_quantity(change)
    if location_id is None or quantity is None:
        return []
    own = change.desired.external_id
    if isinstance(change, Create):
        return [LateLevel(own, quantity, None)]
    variant = _variant(change.stored)
    return [] if stock_level(variant, location_id) else [LateLevel(own, quantity, _item_id(variant))]


def late_levels(change: Change, location_id: str | None) -> list[LateLevel]:
    """The levels to create: the product's own, and those that an interrupted batch has left out."""
    mates = change.unstocked if isinstance(change, Update) and location_id is not None else ()
    promised = ((mate, _promised(mate)) for mate in mates)
    late = [
        LateLevel(mate.external_id or "", quantity, _item_id(_variant(mate)))
        for mate, quantity in promised
        if quantity is not None
    ]
    return late + own_late_level(change, location_id)


def made_item(written: StoredProduct) -> str | None:
    """The inventory item that writing a product has made."""
    items = (item.inventory_item_id for variant in written.variants for item in variant.inventory_items)
    return next(items, None)


def _new_quantity(change: Change) -> int | None:
    if isinstance(change, Create):
        return _whole(change.desired.fields["stock"])
    values = (difference.after for difference in change.differences if difference.field == "stock")
    return _whole(next(values, None))


def _promised(stored: StoredProduct) -> int | None:
    record = read_record(stored.metadata)
    return _whole(record.fields.get("stock")) if record else None


def _variant(stored: StoredProduct) -> StoredVariant:
    return owned_variant(stored, read_record(stored.metadata))


def _item_id(variant: StoredVariant) -> str | None:
    return variant.inventory_items[0].inventory_item_id if variant.inventory_items else None


def _whole(value: Value) -> int | None:
    return value if isinstance(value, int) else None
