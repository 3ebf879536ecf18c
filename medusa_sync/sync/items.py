"""Writes inventory items and stock levels, which are not part of a product."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence
from http import HTTPStatus

from msgspec import structs

from medusa_sync.core.stored import StoredProduct, WrittenProduct
from medusa_sync.errors import AmbiguousWriteError, StoreError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi, Level
from medusa_sync.stop import Stop
from medusa_sync.sync.inventory import ItemRename, LevelChange, item_id_of, stocked_variant

logger = logging.getLogger(__name__)

_AT_ONCE = 4  # there is no bulk call for inventory items


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

    async def rename(self, renames: Collection[ItemRename]) -> set[ItemRename]:
        """Give inventory items the SKUs of their variants; returns those whose SKU is taken by another item.

        Raises:
            AmbiguousWriteError: some may not be renamed.
            StoreError: the store is unavailable.
        """
        taken = {rename.new_sku for rename in renames}
        in_the_way = [rename for rename in renames if rename.sku in taken]
        await self._send([structs.replace(rename, new_sku=None) for rename in in_the_way])
        return await self._send(renames)

    async def rename_again(self, renames: Collection[ItemRename]) -> set[ItemRename]:
        """Try refused renames again: other batches may have freed the SKUs since.

        Returns:
            The renames that the next run has to do.
        """
        try:
            refused = await self.rename(renames)
            held = await self._held_by_pending(refused)
            # An old SKU would keep the item of another product from getting it.
            await self._send([structs.replace(rename, new_sku=None) for rename in refused - held])
        except (AmbiguousWriteError, StoreError) as error:
            logger.warning("the next run renames %d inventory items: %s", len(renames), error)
            return set(renames)
        for rename in refused - held:
            logger.warning(
                "inventory item %s has no SKU now: another item has %r", rename.item_id, rename.new_sku
            )
        return held

    async def write_levels(
        self, changes: Sequence[LevelChange], written: Iterable[WrittenProduct], *, are_new: bool
    ) -> None:
        """Write stock levels.

        Args:
            changes: the levels.
            written: the response to the write of their products.
            are_new: the products are new, so the store makes their inventory items.

        Raises:
            AmbiguousWriteError: some may not be written.
            StoreError: the store is unavailable.
        """
        if not changes:
            return
        products = {product.external_id: product for product in written}
        create: list[Level] = []
        update: list[Level] = []
        try:
            for change in changes:
                item_id = await self._item_id(change, products.get(change.external_id), is_new=are_new)
                level = Level(item_id, self._location_id, change.quantity)
                (update if change.exists else create).append(level)
            await self._api.write_levels(create=create, update=update)
        except StoreRefusedError as error:
            # The products are written, so the batch is not refused: another run may have written a level.
            raise AmbiguousWriteError(str(error), responded=True) from error

    async def _item_id(self, change: LevelChange, product: WrittenProduct | None, *, is_new: bool) -> str:
        variant = stocked_variant(change, product) if product else None
        item_id = change.item_id or (item_id_of(variant) if variant else None)
        if item_id is None and product and variant and not is_new:
            item_id = await self._api.give_inventory_item(product.id, variant)
        if item_id is None:
            raise AmbiguousWriteError(f"{change.external_id}: the store has not made its inventory item yet")
        return item_id

    async def _send(self, renames: Iterable[ItemRename]) -> set[ItemRename]:
        slots = asyncio.Semaphore(_AT_ONCE)
        refused = set()

        async def send(rename: ItemRename) -> None:
            async with slots:
                if self._stop.is_set:
                    raise AmbiguousWriteError("the run ended before all inventory items were renamed")
                try:
                    await self._api.rename_inventory_item(rename.item_id, rename.new_sku)
                except StoreRefusedError as error:
                    if error.status != HTTPStatus.BAD_REQUEST:  # the products are written nevertheless
                        raise AmbiguousWriteError(str(error), responded=True) from error
                    refused.add(rename)

        # Wait for all of them: one that is abandoned could undo what is written later.
        results = await asyncio.gather(*map(send, renames), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return refused

    async def _held_by_pending(self, renames: Collection[ItemRename]) -> set[ItemRename]:
        """The renames to an SKU that an incomplete product still has to release."""
        skus = {rename.new_sku: rename for rename in renames if rename.new_sku is not None}
        items = await self._api.items_by_sku(list(skus)) if skus else []
        product_ids = {product_id for item in items for product_id in item.product_ids}
        details = await self._api.details("id", list(product_ids))
        pending = {stored.id for stored in details if isinstance(stored, StoredProduct) and stored.pending}
        return {skus[str(item.sku)] for item in items if pending & set(item.product_ids)}
