"""Writes inventory items and stock levels, which are not part of a product."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from medusa_sync.core.fields import kind_of
from medusa_sync.core.inventory import ItemPlan, StoredItem, Swap
from medusa_sync.core.stored import StoredVariant
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.operations import RENAME_ITEMS
from medusa_sync.medusa.resources import ITEMS
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Group, Job
from medusa_sync.sync.write.new_items import NewItems

logger = logging.getLogger(__name__)


class Items:
    """The inventory items of stored variants, and the levels of all.

    Every method may raise AmbiguousWriteError or StoreError.
    """

    def __init__(self, context: Context, new: NewItems) -> None:
        self._context = context
        self._api = context.api
        self._stop = context.stop
        self._new = new
        self._nameless: dict[str, StoredItem] = {}  # items without an SKU that were created, by variant

    async def link(self, jobs: Group) -> None:
        """Give variants that are tracked again the items with their SKUs, and unlink deleted items."""
        for job in jobs:
            await self._unlink_deleted(job)
        for job, plan, item in await self._of_tracked_again(jobs):
            if not item.users:
                self._context.remarks.left_over.add(item, plan)
            for move in plan.moves:
                await self._give(job, move.variant_id, plan.sku, item)

    async def foresee(self, jobs: Group) -> None:
        """Take note of the items that variants which are tracked again would get; for a dry run."""
        for _, plan, item in await self._of_tracked_again(jobs):
            if not item.users:
                self._context.remarks.left_over.add(item, plan)

    async def _of_tracked_again(self, jobs: Group) -> list[tuple[Job, ItemPlan, StoredItem]]:
        """The items with the SKUs of variants that are tracked again: the store does not create others."""
        wanted = {
            str(plan.sku): (job, plan) for job in jobs for plan in job.change.items if plan.is_tracked_again
        }
        found = await self._api.find(ITEMS, "sku", list(wanted))
        return [(*wanted[str(item.sku)], item) for item in found]

    async def _give(self, job: Job, variant_id: str, sku: str | None, found: StoredItem | None) -> str:
        """Give a variant the item with its SKU, or a new one, without an SKU if other variants use that."""
        users = {each.id for each in found.users} if found is not None else set()
        has_it = variant_id in users  # another run has linked it meanwhile
        if found is None or (users and not has_it):
            item = await self._create(variant_id, sku if found is None else None)
            if found is not None:
                _warn(item.id, sku)
        else:
            item = found
        if not has_it:
            await self._api.link_item(job.attempt.product_id, variant_id, item.id)
        if sku:
            job.attempt.items = {**job.attempt.items, sku: item}
        return item.id

    async def _create(self, variant_id: str, sku: str | None) -> StoredItem:
        """Create the item of a variant; one without an SKU only once, because nothing can find it."""
        if not sku and variant_id in self._nameless:
            return self._nameless[variant_id]
        item = StoredItem(await self._api.create_item({"sku": sku} if sku else {}), sku or None, 0, (), ())
        if not sku:
            self._nameless[variant_id] = item
        return item

    async def share(self, jobs: Group) -> None:
        """Link variants to the items that they share from now on, and unlink those that do not any more.

        Items that no variant uses then are deleted before, unless stock of them is reserved, or is at a
        location that the source does not name.
        """
        await self._new.give(jobs, only_shared=True)
        shared = {job: (plan, _shared_item(job, plan)) for job in jobs if (plan := job.change.shared)}
        old = [each.old for plan, item_id in shared.values() for each in plan.swaps(item_id) if each.old]
        unused = {job: _skus_of_unused(job, plan) for job, (plan, _) in shared.items()}
        items = await self._api.find(ITEMS, "id", old)
        items += await self._api.find(ITEMS, "sku", [sku for skus in unused.values() for sku in skus])
        for job, (plan, item_id) in shared.items():
            others = [each for each in items if each.users or each.sku in unused[job]]
            await self._delete_spares(job, plan, [each for each in others if each.id != item_id])
            await self._swap(job, item_id)

    async def _delete_spares(self, job: Job, shared: ItemPlan, items: Sequence[StoredItem]) -> None:
        """Delete the items that no variant needs any more once one is shared."""
        for item in items:
            if shared.spares(item, job.change.locations.values()):
                with suppress(StoreRefusedError):  # stock was reserved meanwhile
                    await self._api.delete_item(item.id)

    async def _swap(self, job: Job, shared_item: str) -> None:
        """Link variants to the shared item, or unlink them from it."""
        plans = [each for each in job.change.items if each.is_swapped]
        if swaps := [each for plan in plans for each in plan.swaps(shared_item)]:
            await self._api.swap_items(job.attempt.product_id, swaps)
        moved = {each.variant_id for plan in plans for each in plan.moves}
        variants = [each for each in job.change.variants if each.stored and each.stored.id in moved]
        job.wrote(own for each in variants for own in each.reported if kind_of(own.field).of_items)
        self._new.forget(job.external_id)

    async def _unlink_deleted(self, job: Job) -> None:
        """Remove links of variants to deleted items, which Medusa restores if it refuses a deletion."""
        dead = [Swap(each.id, own, None) for each in job.change.stored.variants for own in each.deleted_items]
        if dead:
            await self._api.swap_items(job.attempt.product_id, dead)
            words = "%s: variants were unlinked from %d deleted inventory items", job.external_id, len(dead)
            logger.warning(*words, extra={"event": "deleted_items_unlinked"})

    async def reserved(self, variants: Sequence[StoredVariant]) -> set[str]:
        """The ids of the variants among these that the store does not delete: stock of them is reserved."""
        ids = {each.id for each in variants}
        links = {own for each in variants for own in each.item_ids}
        try:
            found = await self._api.find(ITEMS, "id", sorted(links))
        except StoreRefusedError:  # a role hides them
            return set()
        items = [item for item in found if item.reserved_quantity]
        users = [{each.id for each in item.users} for item in items]
        return {own for using in users if using <= ids for own in using}

    async def unlink_given_back(self, variants: Iterable[tuple[Job, StoredVariant]]) -> None:
        """Unlink dropped variants from items that they did not have when this run first deleted them."""
        swaps = dict[Job, list[Swap]]()
        for job, each in variants:
            given_back = each.item_ids - job.history.links.setdefault(each.id, each.item_ids)
            swaps.setdefault(job, []).extend(Swap(each.id, own, None) for own in sorted(given_back))
        for job, wanted in swaps.items():
            if wanted:
                await self._api.swap_items(job.attempt.product_id, wanted)

    async def rename(self, jobs: Group) -> None:
        """Give items the SKUs of their variants; one whose SKU another item has is left without an SKU.

        Each loses its former SKU first, which another one may be waiting for. It gets its own with a later
        write of its product, if that is free by then.
        """
        renames = [plan for job in jobs for plan in job.change.items if plan.is_renamed]
        self._new.forget_items({plan.item_id for plan in renames})  # another run may have used them
        refused = await self._set([(each, each.sku) for each in renames])
        await self._set([(each, None) for each in refused if each.stored_sku is not None])
        for each in await self._set([(each, each.sku) for each in refused]):
            _warn(each.item_id, each.sku)

    async def _set(self, skus: Sequence[tuple[ItemPlan, str | None]]) -> list[ItemPlan]:
        """Give items SKUs; returns those whose SKU the store refuses."""
        if skus and self._stop.is_set:
            raise AmbiguousWriteError("the run ended before all inventory items were renamed")
        bodies = [{"id": plan.item_id, "sku": sku} for plan, sku in skus]
        answers = await self._api.bulk.run(RENAME_ITEMS, bodies)
        refused = []
        for (plan, _), answer in zip(skus, answers, strict=True):
            if not isinstance(answer, str):
                if answer.status != HTTPStatus.BAD_REQUEST:  # not because of the SKU
                    raise AmbiguousWriteError(str(answer), status=answer.status)
                refused.append(plan)
        return refused

    async def write_levels(self, jobs: Group) -> None:
        """Write the stock levels of all variants in one call."""
        create: list[dict[str, Any]] = []
        update: list[dict[str, Any]] = []
        available: list[dict[str, Any]] = []
        for job in jobs:
            for plan in job.change.items:
                item = plan.taken(job.attempt.items)
                if not plan.levels or (item is not None and item.is_new):  # it was created with its stock
                    continue
                item_id = plan.id_among(job.attempt.items) or await self._item_id(job, plan)
                item = plan.taken(job.attempt.items)
                known = {each.location_id for each in item.location_levels} if item else plan.stored_levels
                for location_id, quantity in plan.levels.items():
                    level = {"location_id": location_id, "stocked_quantity": quantity}
                    level["inventory_item_id"] = item_id
                    (update if location_id in known else create).append(level)
                    if plan.is_available and location_id in known:
                        available.append(level)
        await self._add_reserved(available)
        if create or update:
            await self._api.write_levels(create=create, update=update)

    async def _add_reserved(self, levels: Sequence[dict[str, Any]]) -> None:
        """Add what orders have reserved by now."""
        ids = sorted({each["inventory_item_id"] for each in levels})
        found = {each.id: each for each in (await self._api.find(ITEMS, "id", ids) if ids else ())}
        for level in levels:
            if item := found.get(level["inventory_item_id"]):
                reserved = {each.location_id: each.reserved_quantity or 0 for each in item.location_levels}
                level["stocked_quantity"] += reserved.get(level["location_id"], 0)

    async def _item_id(self, job: Job, plan: ItemPlan) -> str:
        """The item of a variant; a variant without one gets it here, as newer stores do themselves.

        One with its SKU that no variant uses is taken.
        """
        variant = None if plan.is_shared else job.attempt.variants.get(plan.key)
        if variant is not None and variant.item_id is not None:
            return variant.item_id
        if variant is None or plan.is_new:
            raise AmbiguousWriteError(f"{job.external_id}: the store has not made its inventory item yet")
        items = await self._api.find(ITEMS, "sku", [variant.sku]) if variant.sku else []
        return await self._give(job, variant.id, variant.sku, items[0] if items else None)


def _warn(item_id: str | None, sku: str | None) -> None:
    words = "inventory item %s has no SKU now: another one has %r", item_id, sku
    logger.warning(*words, extra={"event": "inventory_item_without_sku"})


def _shared_item(job: Job, plan: ItemPlan) -> str:
    """The id of the item that variants share.

    Raises:
        AmbiguousWriteError: the store has none, and has not created it.
    """
    item_id = plan.id_among(job.attempt.items)
    if item_id is None:
        raise AmbiguousWriteError(f"{job.external_id}: the store has no inventory item {plan.sku!r} for it")
    return item_id


def _skus_of_unused(job: Job, plan: ItemPlan) -> list[str]:
    """The SKUs of items that may be left of variants, not tracked so far or not linked by a killed run."""
    joining = {each.variant_id for each in plan.moves if each.old is None}
    stored = (each for each in job.change.stored.variants if each.id in joining)
    return [job.external_id, *(each.sku for each in stored if each.sku is not None)]
