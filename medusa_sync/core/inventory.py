"""The inventory items of a store, which are not part of a product, and what a change does to one."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct

from medusa_sync.core.entities import Entity
from medusa_sync.core.stored import StoredLevel, StoredVariant
from medusa_sync.core.value import Value


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
    def is_free(self) -> bool:
        """Whether a new variant can take it."""
        return not (self.users or self.reserved_quantity)


class Swap(Struct, frozen=True):
    """A variant that is linked to another inventory item.

    Attributes:
        old: id of the item that it has; None if it has none.
        new: id of the one that it gets; None if it gets none, or gets it later.
    """

    variant_id: str
    old: str | None
    new: str | None


class Move(Struct, frozen=True):
    """A stored variant that begins to use an inventory item.

    Attributes:
        old: id of the item that it has until now; None if it has none.
        locations: ids of the stock locations at which that one has stock of the source; empty if it stays.
    """

    variant_id: str
    old: str | None
    locations: frozenset[str] = frozenset()


class ItemPlan(Struct, frozen=True):
    """What a change does to an inventory item.

    Attributes:
        key: of its variant; of several that share it, of the first stored one that has it, else empty.
        item_id: None if an unused one with its SKU is taken, or if it is created.
        sku: that it has then; None for none.
        stored_sku: that it has until now.
        moves: the stored variants that begin to use it.
        levels: quantities to write, by id of the stock location.
        stored_levels: quantities that it has until now, by id of the stock location.
        is_available: these quantities are without what orders have reserved, which is added.
        named: ids of the stock locations at which the source has stock of it.
        is_shared: the variants that share the stock of their product use it.
        is_new: it is created for new variants, or for those that share it.
        title: of a new one.
        weight: of a new one.
    """

    key: str
    item_id: str | None
    sku: str | None
    stored_sku: str | None = None
    moves: tuple[Move, ...] = ()
    levels: Mapping[str, int] = {}
    stored_levels: Mapping[str, int | float | None] = {}
    named: frozenset[str] = frozenset()
    is_shared: bool = False
    is_new: bool = False
    title: Value = None
    weight: Value = None
    is_available: bool = False

    @property
    def is_renamed(self) -> bool:
        """Whether the item gets another SKU: Medusa does not change it together with its variant."""
        return self.item_id is not None and self.sku != self.stored_sku

    @property
    def is_tracked_again(self) -> bool:
        """Whether its variant has left its item while it was not tracked, so that nothing uses that one."""
        return not self.is_shared and any(each.old is None for each in self.moves)

    @property
    def is_swapped(self) -> bool:
        """Whether variants begin or cease to share an item."""
        return bool(self.moves) and not self.is_tracked_again

    def swaps(self, shared_item: str) -> list[Swap]:
        """What is linked if the shared item has this id; variants that leave it get their own items later."""
        new = shared_item if self.is_shared else None
        return [Swap(each.variant_id, each.old, new) for each in self.moves if each.old != new]

    def taken(self, items: Mapping[str, StoredItem]) -> StoredItem | None:
        """The item that was found or created for it; one for a new variant has the stock of that one."""
        item = items.get(self.sku) if self.item_id is None and self.sku is not None else None
        return None if item is not None and item.is_new and not self.is_new else item

    def id_among(self, items: Mapping[str, StoredItem]) -> str | None:
        """The id of the item; None if it is not known yet."""
        item = self.taken(items)
        return item.id if item is not None else self.item_id

    def spares(self, item: StoredItem, locations: Collection[str]) -> bool:
        """Whether no variant needs another item any more once this one is shared.

        It is kept if stock of it is reserved, or is at a location at which the source has none: of an item
        that no variant uses, at none of these `locations`.
        """
        leaving = {each.variant_id: each.locations for each in self.moves if each.old != self.item_id}
        users = {each.id for each in item.users}
        if item.reserved_quantity or not users <= leaving.keys():
            return False
        ours = frozenset().union(*(leaving[own] for own in users)) if users else locations
        return all(each.location_id in ours or not each.stocked_quantity for each in item.location_levels)
