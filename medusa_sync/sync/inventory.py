"""Decides what a change writes to inventory items, which are not part of a product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from medusa_sync.core.change import Change, Create, Update
from medusa_sync.core.fields import FIELDS, SKU, STOCK
from medusa_sync.core.product import Value
from medusa_sync.core.record import remember
from medusa_sync.core.stored import StoredItem, StoredVariant, WrittenProduct, WrittenVariant
from medusa_sync.core.view import stock_level


class LevelChange(Struct, frozen=True):
    """A stock level to write for a variant at our location.

    Attributes:
        item_id: the inventory item; None if the store creates it together with the product.
        variant_id: None for a new product, which has a single variant.
        exists: the item has a level at the location.
    """

    external_id: str
    quantity: int
    item_id: str | None
    variant_id: str | None
    exists: bool


def level_changes(
    changes: Iterable[Change], location_id: str | None, items: Mapping[str, StoredItem]
) -> list[LevelChange]:
    """The levels to write.

    Args:
        changes: what is written.
        location_id: where stock is kept; None if the store has no location.
        items: inventory items that new products use, by external id.
    """
    found = []
    for change in changes:
        quantity = _new_quantity(change)
        if location_id is None or quantity is None:
            continue
        own = change.desired.external_id
        if isinstance(change, Create):
            item = items.get(own)
            exists = item is not None and location_id in item.location_ids
            found.append(LevelChange(own, quantity, item.id if item else None, None, exists))
        elif change.variant is not None:
            exists = stock_level(change.variant, location_id) is not None
            found.append(LevelChange(own, quantity, item_id_of(change.variant), change.variant.id, exists))
    return found


class ItemRename(Struct, frozen=True):
    """An inventory item, its SKU and its new SKU."""

    item_id: str
    sku: str | None
    new_sku: str | None


def item_rename(update: Update) -> ItemRename | None:
    """The rename of the inventory item after its variant got another SKU; Medusa does not do it.

    An item keeps an SKU that the merchant gave it. `Items.rename` may have cleared one that has none. An
    adoption does not change items.
    """
    record, currency, wanted = update.record, update.desired.currency, update.desired.fields[SKU]
    change = next((each for each in update.changes if each.field == SKU), None)
    sent = record.sent(SKU, currency) if record else ()
    applied = record.applied(SKU, currency) if record else None
    if update.variant is None or update.adopted:
        return None
    # If the store undid a write only in part, the variant has the new SKU and the record does not say so.
    is_new = record is not None and applied != remember(wanted) and update.variant.sku == wanted
    if not (change or sent or is_new):
        return None
    link = next(iter(update.variant.inventory_items), None)
    if link is None or link.inventory is None:
        return None
    ours: set[Value] = {None, *sent, applied}
    if change is not None:
        ours.add(remember(change.stored))
    if link.inventory.sku == wanted or remember(link.inventory.sku) not in ours:
        return None
    return ItemRename(link.inventory_item_id, link.inventory.sku, None if wanted is None else str(wanted))


def values_to_release(updates: Sequence[Update]) -> list[tuple[Update, tuple[str, ...]]]:
    """The updates of products whose unique values other products get, with the fields to free.

    The store refuses a value that another product has, even if the same call takes it away there.
    """
    unique = {name for name, field in FIELDS.items() if field.unique}
    taken = {
        (change.field, change.planned)
        for update in updates
        for change in update.changes
        if change.field in unique and change.planned is not None
    }
    found = []
    for update in updates:
        held = ((change.field, change.stored) for change in update.changes)
        fields = tuple(name for name, value in held if (name, value) in taken)
        if fields:
            found.append((update, fields))
    return found


def stocked_variant(level: LevelChange, written: WrittenProduct) -> WrittenVariant | None:
    """The variant of a level, in the response to the write of its product."""
    return next((each for each in written.variants if level.variant_id in {None, each.id}), None)


def item_id_of(variant: StoredVariant | WrittenVariant) -> str | None:
    return variant.inventory_items[0].inventory_item_id if variant.inventory_items else None


def _new_quantity(change: Change) -> int | None:
    if isinstance(change, Create):
        value = change.desired.fields[STOCK]
    else:
        value = next((each.planned for each in change.changes if each.field == STOCK), None)
    return value if isinstance(value, int) else None
