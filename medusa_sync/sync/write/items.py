"""Writes inventory items and stock levels, which are not part of a product."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from http import HTTPStatus

from msgspec import structs

from medusa_sync.core.change import Update
from medusa_sync.core.inventory import ItemRename, LevelChange, tracked_again
from medusa_sync.core.stored_variant import StoredItem, StoredVariant
from medusa_sync.errors import AmbiguousWriteError, KnownRefusalError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.operations import RENAME_ITEMS
from medusa_sync.medusa.resources import Level
from medusa_sync.stop import Stop

logger = logging.getLogger(__name__)

Written = Mapping[str, tuple[str, Mapping[str, StoredVariant]]]
"""The ids of products, and their variants by key, by external id."""


class Items:
    """The inventory items of a store.

    Args:
        api: of the store.
        location_id: where stock is kept; None if the store has no location.
        stop: once it is set, nothing new is sent.
    """

    def __init__(self, api: AdminApi, location_id: str | None, stop: Stop) -> None:
        self._api = api
        self._location_id = location_id or ""
        self._stop = stop

    async def rename(self, renames: Collection[ItemRename], *, is_final: bool) -> set[ItemRename]:
        """Give inventory items the SKUs of their variants.

        Args:
            renames: what is wanted.
            is_final: no other item will give up its SKU, so an item whose SKU is taken is left without one:
                another product may need its old SKU.

        Returns:
            Those whose SKU is taken by another item.

        Raises:
            AmbiguousWriteError: some may not be renamed.
            StoreError: the store cannot be read, or is unavailable.
        """
        if not renames:
            return set()
        own = {rename.item_id for rename in renames}
        skus = [rename.new_sku for rename in renames if rename.new_sku is not None]
        found = await self._api.items.by_sku(skus) if skus else []
        taken = {item.sku for item in found if item.id not in own}
        free = [rename for rename in renames if rename.new_sku not in taken]
        given = {rename.new_sku for rename in free}
        await self.clear(rename for rename in renames if rename.sku in given)
        refused = {rename for rename in renames if rename.new_sku in taken} | await self._send(free)
        if not is_final:
            return refused
        for rename in refused:
            logger.warning(
                "inventory item %s has no SKU now: another item has %r",
                rename.item_id,
                rename.new_sku,
                extra={"event": "inventory_item_without_sku"},
            )
        await self.clear(rename for rename in refused if rename.sku is not None)
        return set()

    async def link(self, updates: Iterable[Update]) -> dict[str, StoredItem]:
        """Give variants that get stock the unused items with their SKUs; returns these items by SKU.

        Raises:
            AmbiguousWriteError: some may not be linked.
            StoreError: the store is unavailable.
        """
        variants = {str(variant.sku): (own, variant) for own, variant in tracked_again(updates)}
        found = await self._api.items.by_sku(list(variants)) if variants else []
        unused = {str(item.sku): item for item in found if not item.users}
        for sku, item in unused.items():
            product_id, variant = variants[sku]
            await self._api.items.link(product_id, variant.id, item.id)
        return unused

    async def give(self, product_id: str, variant: StoredVariant) -> str:
        """Give a variant an inventory item, as newer stores do themselves; returns its id.

        If an unused item with its SKU exists, the variant gets that one.

        Raises:
            StoreRefusedError: another variant has the SKU.
            AmbiguousWriteError: the result is unknown.
        """
        items = await self._api.items.by_sku([variant.sku]) if variant.sku else []
        if items and items[0].use:
            raise KnownRefusalError(items[0].use, status=HTTPStatus.BAD_REQUEST)
        item_id = items[0].id if items else await self._api.items.create(variant.sku)
        await self._api.items.link(product_id, variant.id, item_id)
        return item_id

    async def write_levels(self, changes: Sequence[LevelChange], written: Written) -> None:
        """Write stock levels.

        Args:
            changes: the levels.
            written: the variants in the responses to the writes of their products.

        Raises:
            AmbiguousWriteError: some may not be written.
            StoreError: the store is unavailable.
        """
        if not changes:
            return
        create: list[Level] = []
        update: list[Level] = []
        try:
            for change in changes:
                item_id = await self._item_id(change, written)
                level = Level(item_id, self._location_id, change.quantity)
                (update if change.exists else create).append(level)
            await self._api.items.write_levels(create=create, update=update)
        except StoreRefusedError as error:
            # The products are written, so the batch is not refused: another run may have written a level.
            raise AmbiguousWriteError(str(error), status=error.status) from error

    async def _item_id(self, change: LevelChange, written: Written) -> str:
        product_id, variants = written.get(change.external_id, ("", {}))
        variant = variants.get(change.key)
        item_id = change.item_id or (variant.item_id if variant else None)
        if item_id is None and variant and not change.is_new:
            item_id = await self.give(product_id, variant)
        if item_id is None:
            raise AmbiguousWriteError(f"{change.external_id}: the store has not made its inventory item yet")
        return item_id

    async def clear(self, renames: Iterable[ItemRename]) -> None:
        """Take SKUs from inventory items, so that others can have them."""
        await self._send([structs.replace(rename, new_sku=None) for rename in renames])

    async def _send(self, renames: Iterable[ItemRename]) -> set[ItemRename]:
        sent = list(renames)
        if sent and self._stop.is_set:
            raise AmbiguousWriteError("the run ended before all inventory items were renamed")
        bodies = [{"id": rename.item_id, "sku": rename.new_sku} for rename in sent]
        refused = set()
        for rename, result in zip(sent, await self._api.bulk.run(RENAME_ITEMS, bodies), strict=True):
            if not isinstance(result, str):
                if result.status != HTTPStatus.BAD_REQUEST:  # the products are written all the same
                    raise AmbiguousWriteError(str(result), status=result.status)
                refused.add(rename)
        return refused
