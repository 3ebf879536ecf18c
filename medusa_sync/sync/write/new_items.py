"""Creates the inventory items of new variants."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence

from msgspec import structs

from medusa_sync.core.fields import WEIGHT
from medusa_sync.core.inventory import ItemPlan, StoredItem
from medusa_sync.core.kinds.options import DEFAULT
from medusa_sync.core.stored import StoredLevel
from medusa_sync.core.unfinished import POLL_S, POLLS, is_being_created
from medusa_sync.core.unique import Owners
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.operations import CREATE_ITEMS, Body, new_id
from medusa_sync.medusa.resources import ITEMS
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Group, Job, Place

logger = logging.getLogger(__name__)

_ENDED = frozenset({Place.ACKNOWLEDGEMENT, Place.LEDGER})

_Wanted = dict[str, tuple[Job, ItemPlan]]  # new items with their jobs, by SKU


class NewItems:
    """The inventory items of new variants.

    They exist before the variants, so that their stock needs no call of its own. Without the bulk route, or
    if another item has the SKU, the store creates the item together with its variant, or refuses the variant.

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

    def expect(self, jobs: Group) -> None:
        """Create the items of these jobs too when some are needed and the store will accept these jobs."""
        if (
            self._api.bulk.is_available and not self._context.is_dry_run
        ):  # else it would only keep the jobs in memory
            self._expected = {**_wanted(jobs), **self._expected}

    async def give(self, jobs: Group, *, only_shared: bool = False) -> None:
        """Give jobs the items of their new variants; those that do not exist are created if possible.

        With `only_shared`, only those that variants share.
        """
        wanted = _wanted(jobs, only_shared=only_shared)
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
                maker, item = self._made[sku]  # perhaps for a product that was refused
                items[sku] = item if maker is job else structs.replace(item, is_new=False)
        for job in jobs:  # most share one dict: a batch may have thousands of items
            job.attempt.items = {**job.attempt.items, **items} if job.attempt.items else items

    async def others(self, owners: Owners) -> Owners:
        """What a look-up has found, without the items that this run has created and no other run has used."""
        used = {owner.id for known in owners.by_value.values() for owner in known if owner.item}
        async with self._creating:  # what is being created now is not left over
            self.forget_items(used)
            others = {
                sku: item
                for sku, item in owners.unused.items()
                if sku not in self._made and not is_being_created(item, now=time.time())
            }
        return structs.replace(owners, unused=others)

    async def linked(self, jobs: Group) -> None:
        """Forget the items of variants that exist now."""
        for job in jobs:
            for plan in job.change.items:
                if plan.is_new:
                    self.forget(str(plan.sku))

    def forget(self, sku: str) -> None:
        """Forget an item that variants use now."""
        self._made.pop(sku, None)

    def forget_items(self, ids: Collection[str | None]) -> None:
        """Forget items with these ids."""
        self._made = {sku: made for sku, made in self._made.items() if made[1].id not in ids}

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
            shared = {sku: each for sku, each in wanted.items() if each[1].is_shared}
            missing = {sku: each for sku, each in shared.items() if sku not in self._made}
            taken = await self._find(missing)
            for sku, (job, plan) in missing.items():
                if sku not in taken:
                    body = {name: each for name, each in _body(plan).items() if name != "id"}
                    self._keep(job, await self._api.create_item(body), body)

    async def _create_in_bulk(self, wanted: _Wanted) -> None:
        bodies = [_body(plan) for _, plan in wanted.values()]

        async def free(refused: Sequence[Body]) -> list[Body | None]:
            taken = await self._find({body["sku"]: wanted[body["sku"]] for body in refused})
            return [None if body["sku"] in taken else body for body in refused]

        answers = await self._api.bulk.run(CREATE_ITEMS, bodies, revise=free)
        for body, answer in zip(bodies, answers, strict=True):
            if isinstance(answer, str) and answer:
                self._keep(wanted[body["sku"]][0], answer, body)

    async def _find(self, wanted: _Wanted) -> set[str]:
        """Find items that exist, for those that can have them; returns the SKUs that are taken."""
        found = await self._finished(list(wanted))
        for item in found:
            job, plan = wanted[str(item.sku)]
            is_own = all(each.product and each.product.id == job.attempt.product_id for each in item.users)
            if is_own if plan.is_shared else item.is_free:
                self._made[str(item.sku)] = job, item
                self._context.remarks.left_over.add(item, plan)
        return {str(item.sku) for item in found}

    async def _finished(self, skus: Sequence[str]) -> Sequence[StoredItem]:
        """Items with these SKUs, once the store has created them to the end for another run."""
        for _ in range(POLLS):
            found = await self._api.find(ITEMS, "sku", skus)
            if not any(is_being_created(item, now=time.time()) for item in found):
                return found
            await self._stop.sleep(POLL_S)
        raise AmbiguousWriteError(
            "the store has not finished an inventory item yet; the next run checks it again"
        )

    def _keep(self, job: Job, item_id: str, body: Body) -> None:
        """Keep an item that was created."""
        sku, levels = body["sku"], tuple(StoredLevel(**each) for each in body["location_levels"])
        self._made[sku] = job, StoredItem(item_id, sku, 0, (), levels, is_new=True)


def _body(plan: ItemPlan) -> Body:
    """What Medusa would give the item (`create-product-variants`), and the stock."""
    title = DEFAULT if plan.title is None else plan.title
    levels = [
        {"location_id": location_id, "stocked_quantity": quantity}
        for location_id, quantity in plan.levels.items()
    ]
    body = {
        "id": new_id("iitem"),
        "sku": plan.sku,
        "title": title,
        "description": title,
        "location_levels": levels,
    }
    return body if plan.weight is None else {**body, WEIGHT: plan.weight}


def _wanted(jobs: Group, *, only_shared: bool = False) -> _Wanted:
    """The new items that have an SKU and stock, and for which no unused one was found, by SKU."""
    found: _Wanted = {}
    for job in jobs:
        for plan in job.change.items:
            is_wanted = plan.is_new and plan.levels and (plan.is_shared or not only_shared)
            if is_wanted and plan.sku is not None and plan.sku not in job.attempt.items:
                found.setdefault(plan.sku, (job, plan))
    return found
