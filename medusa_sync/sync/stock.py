"""Pure: what a change means for inventory items, kept apart from products: their levels and SKUs.

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
        variant_id: of a product that stands in the store already; a new one has a single variant.
    """

    external_id: str
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
        variant = _variant(change.stored)
        level = stock_level(variant, location_id)
        if level is not None:
            levels.append(Level(variant.inventory_items[0].inventory_item_id, level.location_id, quantity))
    return levels


def renamed_items(changes: Iterable[Change]) -> dict[str, str | None]:
    """The new SKUs of inventory items. Medusa leaves an item its old one, which no other could have then; one
    that the merchant has chosen stays.
    """
    return {
        link.inventory_item_id: difference.after if isinstance(difference.after, str) else None
        for change in changes
        if isinstance(change, Update)
        for difference in change.differences
        if difference.field == "sku" and difference.before is not None
        for link in _variant(change.stored).inventory_items[:1]
        if link.inventory is not None and link.inventory.sku == difference.before
    }


def own_late_level(change: Change, location_id: str | None) -> list[LateLevel]:
    """The level of a product itself, if it has to be created."""
    quantity = _new_quantity(change)
    if location_id is None or quantity is None:
        return []
    own = change.desired.external_id
    if isinstance(change, Create):
        return [LateLevel(own, quantity)]
    variant = _variant(change.stored)
    return [] if stock_level(variant, location_id) else [_late_level(own, quantity, variant)]


def promised_levels(change: Change, location_id: str | None) -> list[LateLevel]:
    """The levels to create that an interrupted batch has left out."""
    mates = change.unstocked if isinstance(change, Update) and location_id is not None else ()
    promised = ((mate, _promised(mate)) for mate in mates)
    return [
        _late_level(mate.external_id or "", quantity, _variant(mate))
        for mate, quantity in promised
        if quantity is not None
    ]


def stocked_variant(level: LateLevel, written: StoredProduct) -> StoredVariant | None:
    """The variant that a level belongs to, as the store holds it once its product is written."""
    return next((each for each in written.variants if level.variant_id in {None, each.id}), None)


def item_id_of(variant: StoredVariant) -> str | None:
    return variant.inventory_items[0].inventory_item_id if variant.inventory_items else None


def _late_level(external_id: str, quantity: int, variant: StoredVariant) -> LateLevel:
    return LateLevel(external_id, quantity, item_id_of(variant), variant.id)


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


def _whole(value: Value) -> int | None:
    return value if isinstance(value, int) else None
