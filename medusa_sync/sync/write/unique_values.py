"""Looks up which variants and inventory items have the unique values that changes need."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from msgspec import structs

from medusa_sync.core.change import Change
from medusa_sync.core.fields import SKU, UNIQUE, UniqueValue
from medusa_sync.core.handles import slug_of
from medusa_sync.core.inventory import StoredItem, item_renames
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Record
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.unique import (
    Decision,
    Holders,
    Owner,
    Slot,
    claims,
    decide,
    holders_of,
    to_clear,
)
from medusa_sync.core.value import Value
from medusa_sync.stop import all_done
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Group, Job


class UniqueValues:
    """The SKUs and barcodes of a store, and what the products of this run do with them.

    Attributes:
        to_clear: the fields that are cleared now, before anything else is written in the final pass.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._wanted: set[int] = set()  # hashes, which take little memory
        self._given_up: set[UniqueValue] = set()  # before the final pass
        self.to_clear: set[Slot] = set()
        # What a dry run would have written: the values of variants and items, and what has new values.
        self._foreseen: dict[Slot, Value] = {}
        self._gained: dict[UniqueValue, tuple[str, str, str]] = {}  # id of the variant, product, title
        self._records: dict[str, Record] = {}

    def is_repeated(self, product: DesiredProduct) -> bool:
        """Whether an earlier product of the run wants one of the values, or the handle, of this one."""
        hashes = set(map(hash, product.unique_values))
        if product.handle is not None:
            hashes.add(hash(slug_of(product)))
        is_repeated = not self._wanted.isdisjoint(hashes)
        self._wanted |= hashes
        return is_repeated

    async def holders(self, changes: Iterable[Change]) -> Holders:
        """What has the values that changes need, as far as the store shows it."""
        wanted = [claim for change in changes for claim in claims(change)]
        skus = list(dict.fromkeys(each.value for each in wanted if each.with_item))
        values = dict.fromkeys(claim.unique for claim in wanted)
        # The store has no list with both, so they are read concurrently.
        api = self._context.api
        items, owners = asyncio.create_task(api.items(skus)), asyncio.create_task(api.owners(values))
        await all_done(items, owners)
        return self._as_foreseen(holders_of(owners.result(), items.result()), values)

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

    def clear(self, jobs: Group) -> Group:
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

    def _known(self, jobs: Sequence[Job]) -> Holders:
        """What has the values that jobs want: what the look-ups have found, and what these jobs show."""
        owners: defaultdict[UniqueValue, dict[str, Owner]] = defaultdict(dict)
        for job in jobs:
            found = job.holders.owners if job.holders else {}
            for claim in claims(job.change):
                owners[claim.unique].update((each.id, each) for each in found.get(claim.unique, ()))
        for stored in (job.change.stored for job in jobs):
            for each in stored.variants:
                for name in UNIQUE:
                    if (value := getattr(each, name)) is not None:
                        owners[name, value][each.id] = Owner(each.id, stored, each.id)
        return Holders({value: [*by_id.values()] for value, by_id in owners.items()})

    # --- dry runs ---

    def foresee(self, change: Change, record: Record | None = None) -> None:
        """Take note of the values that variants would have after a change, and of its record."""
        desired = change.desired
        if record is not None:
            self._records[change.stored.id] = record
        for each in change.variants:
            variant_id = each.stored.id if each.stored else ""
            for name in UNIQUE:
                value = each.new_values.get(name)
                if variant_id and name in each.new_values:
                    self._foreseen[name, variant_id] = value
                if value is not None:
                    self._gained[name, str(value)] = variant_id, desired.external_id, desired.title
        for stored in change.removed.values():
            self._foreseen.update({(name, stored.id): None for name in UNIQUE})
            if stored.item_id is not None:
                self._foreseen[SKU, stored.item_id] = None
        renames = item_renames(change).values()
        self._foreseen.update({(SKU, rename.item_id): rename.new_sku for rename in renames})

    def _as_foreseen(self, found: Holders, wanted: Collection[UniqueValue]) -> Holders:
        """What would have values that are wanted now."""
        removed, owners = self._context.removed_products, {value: list[Owner]() for value in wanted}
        for unique in self._gained.keys() & wanted:
            variant_id, external_id, title = self._gained[unique]
            owners[unique].append(Owner(variant_id, StoredProduct("", external_id, title=title), variant_id))
        for (name, value), known in found.owners.items():
            owners.setdefault((name, value), []).extend(
                each
                for each in known
                if each.external_id not in removed and self._foreseen.get((name, each.id), value) == value
            )
        return Holders(owners, found.unused)

    def is_in_use(self, item: StoredItem) -> bool:
        """Whether an inventory item would still have its SKU, and variants that use it."""
        removed = self._context.removed_products
        users = (each for each in item.users if not each.product or each.product.external_id not in removed)
        return any(users) and self._foreseen.get((SKU, item.id), item.sku) == item.sku

    def foreseen(self, product: StoredProduct) -> StoredProduct:
        """A product with the values that its variants would have, and its record."""
        if not self._foreseen:
            return product
        seen, variants = self._foreseen, list[StoredVariant]()
        for each in product.variants:
            found = {name: seen[name, each.id] for name in UNIQUE if (name, each.id) in seen}
            variants.append(structs.replace(each, **found) if found else each)
        record = self._records.get(product.id, product.record)
        return structs.replace(product, variants=tuple(variants), record=record)


def _stored(change: Change) -> Iterable[StoredVariant]:
    """The variants that the store has before a change."""
    return [*change.stored.variants, *change.removed.values()]
