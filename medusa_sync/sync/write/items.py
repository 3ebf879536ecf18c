"""Writes inventory items and stock levels, which are not part of a product."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from http import HTTPStatus
from itertools import chain
from typing import Any

from msgspec import structs

from medusa_sync.core.change import Change, VariantChange
from medusa_sync.core.fields import SKU, TITLE, WEIGHT
from medusa_sync.core.inventory import (
    ItemRename,
    LevelChange,
    StoredItem,
    Swap,
    item_renames,
    level_changes,
    swaps,
    tracked_again,
)
from medusa_sync.core.kinds.stock import location_of, stock_of, tracks
from medusa_sync.core.product import DesiredVariant
from medusa_sync.core.product_options import DEFAULT
from medusa_sync.core.stored import StoredLevel, StoredVariant
from medusa_sync.core.unique import Owners
from medusa_sync.errors import AmbiguousWriteError, KnownRefusalError, StoreRefusedError
from medusa_sync.medusa.decode import WITH_VARIANTS
from medusa_sync.medusa.operations import CREATE_ITEMS, RENAME_ITEMS, Body, new_id
from medusa_sync.medusa.resources import ITEMS
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Group, Job, Place

logger = logging.getLogger(__name__)

_ENDED = frozenset({Place.ACKNOWLEDGEMENT, Place.LEDGER})

_Wanted = dict[str, tuple[Job, DesiredVariant]]  # new variants with their jobs, by SKU


class Items:
    """The inventory items of stored and new variants.

    Those of new variants exist before them, so that their stock needs no call of its own. Without the bulk
    route, or if another item has the SKU, the store creates the item together with its variant, or refuses
    the variant.

    Every method may raise AmbiguousWriteError or StoreError.

    Args:
        context: of the run.
        accepts: whether the store will create a product, so that its items can be created before its batch.
    """

    def __init__(self, context: Context, accepts: Callable[[Job], bool]) -> None:
        self._accepts = accepts
        self._context = context
        self._api = context.api
        self._stop = context.stop
        self._expected: _Wanted = {}
        # Items for variants that do not exist yet, by SKU; an earlier run may have created them.
        self._made: dict[str, tuple[Job, StoredItem]] = {}
        self._creating = asyncio.Lock()  # batches wait for each other instead of creating an item twice

    async def link(self, jobs: Group) -> None:
        """Give variants that are tracked again the unused items with their SKUs, and unlink deleted items."""
        for job in jobs:
            await self._unlink_deleted(job)
        for job, change, variant, item in await self._with_sku_of_tracked_again(jobs):
            if not item.users:
                self._context.left_over.add(item, change.desired, job.change)
                await self._api.link_item(job.change.stored.id, variant.id, item.id)
                job.attempt.items = {**job.attempt.items, str(item.sku): item}

    async def refusals(self, jobs: Group, is_in_use: Callable[[StoredItem], bool]) -> dict[Job, str]:
        """Why variants that are tracked again cannot have items with their SKUs; for a dry run."""
        found = await self._with_sku_of_tracked_again(jobs)
        for job, change, _, item in found:
            if not is_in_use(item):
                self._context.left_over.add(item, change.desired, job.change)
        return {job: item.use for job, _, _, item in found if is_in_use(item)}

    async def _with_sku_of_tracked_again(
        self, jobs: Group
    ) -> list[tuple[Job, VariantChange, StoredVariant, StoredItem]]:
        variants = {
            sku: (job, change, variant) for job in jobs for change, variant, sku in tracked_again(job.change)
        }
        found = await self._api.find(ITEMS, "sku", list(variants))
        return [(*variants[str(item.sku)], item) for item in found]

    async def share(self, jobs: Group) -> None:
        """Link variants to the items that they share from now on, and unlink those that do not any more.

        Items that no variant uses then are deleted before, unless stock of them is reserved, or is at a
        location that the source does not name.
        """
        await self._give(jobs, _wanted(jobs, only_shared=True))
        wanted = {job: swaps(job.change, _shared_item(job)) for job in jobs}
        old = [each.old for each in chain(*wanted.values()) if each.old and each.new]
        items = await self._api.find(ITEMS, "id", old)
        items += await self._api.find(
            ITEMS, "sku", [job.external_id for job in jobs]
        )  # not tracked for a while
        for job, own in wanted.items():
            for item in items:
                if _is_spare(item, own, job):
                    with suppress(StoreRefusedError):  # stock was reserved meanwhile
                        await self._api.delete_item(item.id)
            if own:
                await self._api.swap_items(job.attempt.product_id, own)
            shared = [each for each in job.change.variants if each.stored and (each.joins or each.leaves)]
            job.wrote(change for each in shared for change in each.reported if stock_of({change.field: None}))
            self._made.pop(job.external_id, None)

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
        links = {link.inventory_item_id for each in variants for link in each.inventory_items}
        try:
            found = await self._api.find(ITEMS, "id", sorted(links))
        except StoreRefusedError:  # a role hides them
            return set()
        items = [item for item in found if item.reserved_quantity]
        users = [{each.id for each in item.users} for item in items]
        return {own for using in users if using <= ids for own in using}

    async def restore(self, job: Job, variant_ids: Collection[str]) -> None:
        """Unlink variants from items that the store linked them to again when it did not delete them."""
        before = {each.id: each.inventory_items for each in job.change.removed.values()}
        for product in await self._api.find(WITH_VARIANTS, "id", [job.attempt.product_id]):
            revived = [
                Swap(each.id, link.inventory_item_id, None)
                for each in product.variants
                if each.id in variant_ids
                for link in each.inventory_items
                if link.inventory_item_id not in {own.inventory_item_id for own in before[each.id]}
            ]
            if revived:
                await self._api.swap_items(job.attempt.product_id, revived)

    async def rename(self, jobs: Group) -> None:
        """Give items the SKUs of their variants; one whose SKU another item has is left without an SKU.

        It gets its SKU with a later write of its product, if it is free by then.
        """
        renames = [rename for job in jobs for rename in item_renames(job.change).values()]
        taken = {rename.new_sku for rename in renames if rename.new_sku is not None}
        ids = {rename.item_id for rename in renames}  # another run may have used what this one has created
        self._made = {sku: made for sku, made in self._made.items() if made[1].id not in ids}
        # The store refuses an SKU that another item has, even if the same call takes it away there.
        await self._set([structs.replace(each, new_sku=None) for each in renames if each.sku in taken])
        left = [each for each in renames if each.new_sku is not None or each.sku not in taken]
        refused = await self._set(left)
        kept = [each for each in refused if each.sku is not None and each.sku not in taken]
        await self._set([structs.replace(each, new_sku=None) for each in kept])
        for each in refused:
            words = "inventory item %s has no SKU now: the store refuses %r", each.item_id, each.new_sku
            logger.warning(*words, extra={"event": "inventory_item_without_sku"})

    async def _set(self, renames: Sequence[ItemRename]) -> list[ItemRename]:
        """Rename items; returns the renames that the store refuses because of the SKU."""
        if renames and self._stop.is_set:
            raise AmbiguousWriteError("the run ended before all inventory items were renamed")
        bodies = [{"id": rename.item_id, "sku": rename.new_sku} for rename in renames]
        results = await self._api.bulk.run(RENAME_ITEMS, bodies)
        refused = []
        for rename, result in zip(renames, results, strict=True):
            if not isinstance(result, str):
                if result.status != HTTPStatus.BAD_REQUEST:  # not because of the SKU
                    raise AmbiguousWriteError(str(result), status=result.status)
                refused.append(rename)
        return refused

    async def write_levels(self, jobs: Group) -> None:
        """Write the stock levels of all variants in one call."""
        create: list[dict[str, Any]] = []
        update: list[dict[str, Any]] = []
        for job in jobs:
            ids = dict[str, str]()  # by key: a variant has stock at several locations, and one item
            for change in level_changes(job.change, job.attempt.items):
                if change.key not in ids:
                    ids[change.key] = await self._item_id(job, change)
                level = {"location_id": change.location_id, "stocked_quantity": change.quantity}
                level["inventory_item_id"] = ids[change.key]
                (update if change.exists else create).append(level)
        if create or update:
            await self._api.write_levels(create=create, update=update)

    async def _item_id(self, job: Job, change: LevelChange) -> str:
        """The item of a variant; a variant without one gets it here, as newer stores do themselves.

        If an unused item with its SKU exists, the variant gets that one.
        """
        variant = job.attempt.variants.get(change.key)
        item_id = change.item_id or (variant.item_id if variant else None)
        if item_id is not None:
            return item_id
        if variant is None or change.is_new:
            raise AmbiguousWriteError(f"{job.external_id}: the store has not made its inventory item yet")
        items = await self._api.find(ITEMS, "sku", [variant.sku]) if variant.sku else []
        if items and items[0].use:
            raise KnownRefusalError(items[0].use, status=HTTPStatus.BAD_REQUEST)
        body = {"sku": variant.sku} if variant.sku else {}
        item_id = items[0].id if items else await self._api.create_item(body)
        await self._api.link_item(job.attempt.product_id, variant.id, item_id)
        return item_id

    def expect(self, jobs: Group) -> None:
        """Create the items of these jobs too when some are needed and the store will accept these jobs."""
        if (
            self._api.bulk.is_available and not self._context.is_dry_run
        ):  # else it would only keep the jobs in memory
            self._expected = {**_wanted(jobs), **self._expected}

    async def give(self, jobs: Group) -> None:
        """Give jobs the items of their new variants; those that do not exist are created if possible."""
        await self._give(jobs, _wanted(jobs))

    async def _give(self, jobs: Group, wanted: _Wanted) -> None:
        if not wanted:
            return
        async with self._creating:
            if not (self._stop.is_set or wanted.keys() <= self._made.keys()):
                expected = {sku: each for sku, each in self._expected.items() if each[0].place is Place.QUEUE}
                ahead = {sku: each for sku, each in expected.items() if self._accepts(each[0])}
                self._expected = {sku: each for sku, each in expected.items() if sku not in ahead}
                missing = {**wanted, **ahead}
                await self._create({sku: each for sku, each in missing.items() if sku not in self._made})
        items: dict[str, StoredItem] = {}
        for sku, (job, _) in wanted.items():
            if sku in self._made:
                owner, item = self._made[sku]  # perhaps for a product that was refused
                items[sku] = item if owner is job else structs.replace(item, is_new=False)
        for job in jobs:  # most share one dict: a batch may have thousands of items
            job.attempt.items = {**job.attempt.items, **items} if job.attempt.items else items

    async def others(self, owners: Owners) -> Owners:
        """What a look-up has found, without the items that this run has created and no other run has used."""
        used = {owner.id for known in owners.by_value.values() for owner in known if owner.item}
        async with self._creating:  # what is being created now is not left over
            self._made = {sku: made for sku, made in self._made.items() if made[1].id not in used}
            others = {sku: item for sku, item in owners.unused.items() if sku not in self._made}
        return structs.replace(owners, unused=others)

    async def linked(self, jobs: Group) -> None:
        """Forget the items of variants that exist now."""
        for job in jobs:
            for each in job.change.new_items:
                self._made.pop(str(each.fields.get(SKU)), None)

    async def remove_unused(self) -> None:
        """Delete the items of variants that were not created, so that they do not keep their SKUs."""
        unused = {
            sku: item.id
            for sku, (job, item) in self._made.items()
            if item.is_new and job.place in _ENDED and not job.attempts  # the store is not creating it
        }
        if not unused or self._stop.is_set:
            return
        for item in await self._api.find(ITEMS, "sku", list(unused)):
            if item.id in unused.values() and not item.users:
                try:
                    await self._api.delete_item(item.id)
                except (StoreRefusedError, AmbiguousWriteError) as error:
                    words = "inventory item %s may be left without a variant: %s", item.id, error
                    logger.warning(*words, extra={"event": "inventory_item_kept"})

    async def _create(self, wanted: _Wanted) -> None:
        """Create items. Those that an interrupted or another run has left, without a variant, are used.

        Without the bulk route, the store creates them with their variants, but for those that several share.
        """
        if self._api.bulk.is_available:
            await self._create_in_bulk(wanted)
        if not self._api.bulk.is_available:
            shared = {sku: each for sku, each in wanted.items() if sku == each[0].external_id}
            missing = {sku: each for sku, each in shared.items() if sku not in self._made}
            taken = await self._find(missing)
            for sku, (job, variant) in missing.items():
                if sku not in taken:
                    body = {name: each for name, each in _body(job.change, variant).items() if name != "id"}
                    self._keep(job, await self._api.create_item(body), body)

    async def _create_in_bulk(self, wanted: _Wanted) -> None:
        bodies = [_body(job.change, variant) for job, variant in wanted.values()]

        async def free(refused: Sequence[Body]) -> list[Body | None]:
            taken = await self._find({body["sku"]: wanted[body["sku"]] for body in refused})
            return [None if body["sku"] in taken else body for body in refused]

        results = await self._api.bulk.run(CREATE_ITEMS, bodies, revise=free)
        for body, result in zip(bodies, results, strict=True):
            if isinstance(result, str) and result:
                self._keep(wanted[body["sku"]][0], result, body)

    async def _find(self, wanted: _Wanted) -> set[str]:
        """Find items that exist, for those that can have them; returns the SKUs that are taken."""
        found = await self._api.find(ITEMS, "sku", list(wanted))
        for item in found:
            job, variant = wanted[str(item.sku)]
            is_own = all(each.product and each.product.id == job.attempt.product_id for each in item.users)
            if is_own if item.sku == job.external_id else not item.use:
                self._made[str(item.sku)] = job, item
                self._context.left_over.add(item, variant, job.change)
        return {str(item.sku) for item in found}

    def _keep(self, job: Job, item_id: str, body: Body) -> None:
        """Keep an item that was created."""
        sku, levels = body["sku"], tuple(StoredLevel(**each) for each in body["location_levels"])
        self._made[sku] = job, StoredItem(item_id, sku, 0, (), levels, is_new=True)


def _body(change: Change, variant: DesiredVariant) -> Body:
    """What Medusa would give the item (`create-product-variants`), and the stock."""
    title = variant.fields.get(TITLE, DEFAULT)
    levels = [
        {"location_id": change.locations[location_of(name)], "stocked_quantity": quantity}
        for name, quantity in stock_of(variant.fields).items()
    ]
    body = {
        "id": new_id("iitem"),
        "sku": variant.fields[SKU],
        "title": title,
        "description": title,
        "location_levels": levels,
    }
    return {**body, WEIGHT: variant.fields[WEIGHT]} if WEIGHT in variant.fields else body


def _shared_item(job: Job) -> str:
    """The id of the item that variants share.

    Raises:
        AmbiguousWriteError: the store has none, and has not created it.
    """
    made = job.attempt.items.get(job.external_id)
    item_id = job.change.shared_item or (made.id if made else None)
    if item_id is None:
        raise AmbiguousWriteError(
            f"{job.external_id}: the store has no inventory item {job.external_id!r} for it"
        )
    return item_id


def _is_spare(item: StoredItem, swapped: Sequence[Swap], job: Job) -> bool:
    """Whether no variant needs an item any more if some get the shared one."""
    if item.id == _shared_item(job) or not (item.users or item.sku == job.external_id):
        return False
    leaving = {each.variant_id: each.locations for each in swapped if each.new}
    users = {each.id for each in item.users}
    if item.reserved_quantity or not users <= leaving.keys():
        return False
    ours = frozenset().union(*(leaving[own] for own in users)) if users else job.change.locations.values()
    return all(each.location_id in ours or not each.stocked_quantity for each in item.location_levels)


def _wanted(jobs: Group, *, only_shared: bool = False) -> _Wanted:
    """The new variants that have an SKU and stock and no unused item, with their jobs, by SKU.

    The item that variants share is one, too.
    """
    found: _Wanted = {}
    for job in jobs:
        for variant in job.change.new_items:
            if only_shared and variant.fields.get(SKU) != job.external_id:
                continue
            sku = variant.fields.get(SKU)
            if sku is not None and sku not in job.attempt.items and tracks(variant.fields):
                found.setdefault(str(sku), (job, variant))
    return found
