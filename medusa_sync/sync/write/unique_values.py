"""Looks up which variants and inventory items have the unique values that changes need."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress

from medusa_sync.core.change import Change
from medusa_sync.core.fields import SKU, UNIQUE, UniqueValue
from medusa_sync.core.handles import slug_of
from medusa_sync.core.inventory import StoredItem
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.stored import StoredVariant
from medusa_sync.core.unique import (
    Decision,
    Owner,
    Owners,
    Slot,
    claims,
    decide,
    owners_of,
    to_clear,
)
from medusa_sync.errors import StoreRefusedError
from medusa_sync.medusa.resources import ITEMS
from medusa_sync.stop import all_done
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.foreseen import Foreseen
from medusa_sync.sync.write.job import Group, Job


class UniqueValues:
    """The SKUs and barcodes of a store, and what the products of this run do with them.

    Attributes:
        foreseen: what a dry run would have written so far.
        to_clear: the fields that are cleared now, before anything else is written in the final pass.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._wanted: set[int] = set()  # hashes, which take little memory
        self._given_up: set[UniqueValue] = set()  # before the final pass
        self.to_clear: set[Slot] = set()
        self.foreseen = Foreseen(context)

    def is_repeated(self, product: DesiredProduct) -> bool:
        """Whether an earlier product of the run wants one of the values, or the handle, of this one."""
        hashes = set(map(hash, product.unique_values))
        if product.handle is not None:
            hashes.add(hash(slug_of(product)))
        is_repeated = not self._wanted.isdisjoint(hashes)
        self._wanted |= hashes
        return is_repeated

    async def owners(self, changes: Iterable[Change]) -> Owners:
        """What has the values that changes need, as far as the store shows it."""
        wanted = [claim for change in changes for claim in claims(change)]
        skus = list(dict.fromkeys(each.value for each in wanted if each.with_item))
        values = dict.fromkeys(claim.unique for claim in wanted)
        # The store has no list with both, so they are read concurrently.
        api = self._context.api
        items, owners = asyncio.create_task(self._items(skus)), asyncio.create_task(api.owners(values))
        await all_done(items, owners)
        return self.foreseen.owners(owners_of(owners.result(), items.result()), values)

    async def _items(self, skus: Sequence[str]) -> list[StoredItem]:
        """Inventory items with these SKUs; none if a role hides them: a write then shows what is taken."""
        with suppress(StoreRefusedError):
            return await self._context.api.find(ITEMS, SKU, skus)
        return []

    def decide(self, jobs: Sequence[Job]) -> Decision:
        """Decide which jobs have to give way; see `unique.decide`."""
        changes, is_final = [job.change for job in jobs], self._context.is_final
        decision = decide(
            changes,
            self._known(jobs),
            is_ours=self._context.is_ours,
            given_up=() if is_final else self._given_up,
            is_final=is_final,
        )
        if not is_final:
            for change in changes:
                self._given_up.update(
                    (each.field, str(each.stored))
                    for variant in change.variants
                    for each in variant.changes
                    if each.field in UNIQUE
                )
        return decision

    def begin_clearing(self, jobs: Group) -> Group:
        """Choose the fields that are cleared before jobs are written that wait for values of one another.

        Returns:
            The jobs that lose them.
        """
        updates = [job for job in jobs if job.plan is not None and not job.is_new]
        new = (job.desired.unique_values for job in jobs if job not in updates)
        wanted = {(name, str(value)) for values in new for name, value in values}
        self.to_clear = to_clear([job.change for job in updates], self._known(updates), wanted)
        ids = {variant_id for _, variant_id in self.to_clear}
        return [job for job in updates if not ids.isdisjoint(each.id for each in _stored(job.change))]

    def _known(self, jobs: Sequence[Job]) -> Owners:
        """What has the values that jobs want: what the look-ups have found, and what these jobs show."""
        owners: defaultdict[UniqueValue, dict[str, Owner]] = defaultdict(dict)
        for job in jobs:
            found = job.owners.by_value if job.owners else {}
            for claim in claims(job.change):
                owners[claim.unique].update((each.id, each) for each in found.get(claim.unique, ()))
        for stored in (job.change.stored for job in jobs):
            for each in stored.variants:
                for name in UNIQUE:
                    if (value := getattr(each, name)) is not None:
                        owners[name, value][each.id] = Owner(each.id, stored, each.id)
        return Owners({value: [*by_id.values()] for value, by_id in owners.items()})


def _stored(change: Change) -> Iterable[StoredVariant]:
    """The variants that the store has before a change."""
    return [*change.stored.variants, *change.removed.values()]
