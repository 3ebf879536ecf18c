"""The inventory items of a store, which are not part of a product, and what a change writes to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from msgspec import Struct

from medusa_sync.codes import Note
from medusa_sync.core.change import Change, VariantChange
from medusa_sync.core.entities import Entity
from medusa_sync.core.fields import SKU
from medusa_sync.core.kinds.stock import SHARED, location_of, stock_of, tracks
from medusa_sync.core.product import DesiredVariant
from medusa_sync.core.record import remember
from medusa_sync.core.stored import StoredLevel, StoredVariant
from medusa_sync.core.value import Value

_LISTED = 10  # SKUs in a note


class StoredItem(Entity, frozen=True):
    """An inventory item.

    Attributes:
        variants: those that use it; None for deleted ones.
        is_new: this run created it, with its stock.
    """

    sku: str | None
    reserved_quantity: int | float
    variants: tuple[StoredVariant | None, ...]
    location_levels: tuple[StoredLevel, ...]
    is_new: bool = False

    @property
    def users(self) -> tuple[StoredVariant, ...]:
        return tuple(variant for variant in self.variants if variant is not None)

    @property
    def use(self) -> str:
        """Why a variant without an item cannot take this one; empty if it can."""
        name = f"its SKU {self.sku!r} is taken: the inventory item {self.id}"
        if self.users:
            users = [each.product.id for each in self.users if each.product] or [
                each.id for each in self.users
            ]
            return f"{name} belongs to {', '.join(users)}; change one of the SKUs"
        if self.reserved_quantity:
            return f"{name} has {self.reserved_quantity:g} reserved; change one of the SKUs"
        return ""


class LeftOverStock(Struct):
    """Stock at locations that the source does not name, of unused items that variants get.

    Attributes:
        found: quantities by SKU.
    """

    found: dict[str, int | float] = {}

    def add(self, item: StoredItem, variant: DesiredVariant, change: Change) -> None:
        """Add an item that a variant gets."""
        named = {change.locations[location_of(name)] for name in stock_of(variant.fields)}
        others = (
            each.stocked_quantity or 0 for each in item.location_levels if each.location_id not in named
        )
        if quantity := sum(others):
            self.found[str(item.sku)] = quantity

    def add_new(self, change: Change, unused: Mapping[str, StoredItem]) -> None:
        """Add the unused items that new variants get; these are by SKU."""
        for each in change.new_variants if unused else ():
            item = unused.get(str(each.fields.get(SKU)))
            if item is not None and tracks(each.fields) and not each.shares_stock:
                self.add(item, each, change)

    @property
    def note(self) -> Note:
        left = max(len(self.found) - _LISTED, 0)
        names = [f"{quantity:g} of {sku!r}" for sku, quantity in self.found.items()][:_LISTED]
        more = f" and {left:,} more" if left else ""
        return Note(
            "left_over_stock",
            "Inventory items that no variant used, and that variants use now, have stock at locations which "
            f"the source does not name: {', '.join(names)}{more}. Customers can buy it. If it does not "
            "exist, set it to 0 in the admin.",
        )


class LevelChange(Struct, frozen=True):
    """A stock level to write.

    Attributes:
        key: of the variant; `ONLY` for the item that several share.
        item_id: the inventory item; None if the store creates it together with the variant.
        exists: the item has a level at the location.
        is_new: the store creates the variant.
    """

    key: str
    location_id: str
    quantity: int
    item_id: str | None
    exists: bool
    is_new: bool


def level_changes(change: Change, items: Mapping[str, StoredItem]) -> list[LevelChange]:
    """The levels to write.

    Args:
        change: what is written.
        items: unused inventory items that variants get, by SKU.
    """
    found: list[LevelChange] = []
    for each in (*change.variants, *change.shared):
        key, stored = each.desired.key, None if each.leaves else each.stored
        sku = each.new_values.get(SKU, stored.sku if stored else None)
        item = None if stored and stored.inventory_items else items.get(str(sku))
        if item is not None and item.is_new:  # it was created for a new variant, with the stock of that one
            if each.is_new:
                continue
            item = None
        item_id, owner = item.id if item else stored.item_id if stored else None, item or stored
        known = {level.location_id for level in owner.location_levels} if owner else set()
        for name, quantity in stock_of(each.new_values).items():
            if isinstance(quantity, int):
                location_id = change.locations[location_of(name)]
                exists = location_id in known
                found.append(LevelChange(key, location_id, quantity, item_id, exists, each.is_new))
    return found


def tracked_again(update: Change) -> list[tuple[VariantChange, StoredVariant, str]]:
    """The variants without an inventory item that get stock, and the SKU that they have then.

    A variant that was not tracked for a while has left its item, and the store does not create a second one
    with the same SKU.
    """
    return [
        (each, each.stored, str(sku))
        for each in update.variants
        if each.stored is not None and not each.stored.inventory_items
        if (sku := each.new_values.get(SKU, each.stored.sku)) and tracks(each.new_values) and not each.joins
    ]


class Swap(Struct, frozen=True):
    """A variant that gets another inventory item.

    Attributes:
        old: id of the item that it has; None if it has none.
        new: id of the shared item; None if it gets an item of its own later.
        locations: ids of the stock locations at which its item has stock of the source.
    """

    variant_id: str
    old: str | None
    new: str | None
    locations: frozenset[str] = frozenset()


def swaps(update: Change, shared_item: str | None) -> list[Swap]:
    """The variants that begin or cease to share an inventory item."""
    wanted = [
        Swap(
            *(each.stored.id, each.stored.item_id, shared_item if each.joins else None),
            _locations(update, each.desired.key),
        )
        for each in update.variants
        if each.stored is not None and (each.joins or each.leaves)
    ]
    return [each for each in wanted if each.old != each.new]


def _locations(update: Change, key: str) -> frozenset[str]:
    """Ids of the stock locations at which a variant has, may have, or would get stock of the source."""
    record = update.record
    applied, pending = record.variant(key).fields, record.pending_values.get(key, {})
    names = {*stock_of(update.desired.fields)}
    names |= {name for name, value in stock_of(applied).items() if value != SHARED}
    names |= {name for name, values in stock_of(pending).items() if {*values} - {SHARED, None}}
    if SHARED in {*applied.values(), *chain(*stock_of(pending).values())}:
        names |= stock_of({**record.fields, **record.pending_fields}).keys()
    known = (record.locations, update.locations)  # the default location may be another one now
    return frozenset(own for name in names for ids in known if (own := ids.get(location_of(name))))


class ItemRename(Struct, frozen=True):
    """An inventory item, its SKU and its new SKU."""

    item_id: str
    sku: str | None
    new_sku: str | None


def item_renames(update: Change) -> dict[str, ItemRename]:
    """The inventory items that do not have the SKUs of their variants, by key; Medusa does not do it.

    An item keeps an SKU that the merchant gave it. An adoption does not change items.
    """
    if update.adopted:
        return {}
    record, renames, renamed = update.record, dict[str, ItemRename](), set[str]()
    external_id, of_product = update.desired.external_id, _skus(update)
    for key, stored, new in _item_skus(update):
        link, history = next(iter(stored.inventory_items), None), record.history(SKU, key)
        if link is None or link.inventory is None:
            continue
        sku, ours = link.sku, {None, *history.pending, history.applied, remember(stored.sku)}
        ours |= {remember(external_id), *(of_product if new == external_id else ())}
        if sku != new and remember(sku) in ours and link.inventory_item_id not in renamed:
            renamed.add(link.inventory_item_id)
            renames[key] = ItemRename(link.inventory_item_id, sku, None if new is None else str(new))
    return renames


def _item_skus(update: Change) -> Iterator[tuple[str, StoredVariant, Value]]:
    """The SKUs that the items of variants should have, by key of the variant.

    One that several share, or that dropped variants use too, has the external id, which no variant wants. An
    item does not get an SKU that the merchant gave its variant.
    """
    external_id, record = update.desired.external_id, update.record
    leaving = {each.desired.key for each in update.variants if each.leaves}
    staying = {each.item_id for key, each in update.dropped.items() if key not in leaving}
    for each in update.variants:
        key, stored = each.desired.key, each.stored
        if stored is None or stored.is_kit or each.leaves:
            continue
        if each.joins or stored.shares_stock:
            if stored.item_id == update.shared_item:
                yield key, stored, external_id
        elif stored.item_id in staying and stored.item_sku == external_id:
            continue
        elif (new := each.new_values.get(SKU, stored.sku)) == each.desired.fields.get(SKU):
            yield key, stored, new
    for key, stored in update.dropped.items():  # an interrupted run may have changed only the variant
        pending = record.pending_values.get(key, {}).get(SKU, ())
        if remember(stored.sku) in pending and not (stored.shares_stock or stored.is_kit):
            yield key, stored, stored.sku


def _skus(update: Change) -> set[Value]:
    """The SKUs that variants of a product have, had or should have, also dropped ones."""
    wanted = {remember(each.fields.get(SKU)) for each in update.desired.variants}
    dropped = {remember(each.sku) for each in update.dropped.values()}
    return wanted | dropped | {each.fields.get(SKU) for each in update.record.variants.values()}
