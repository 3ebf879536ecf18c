"""Looks up which variants and inventory items have the unique values that changes need."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

from medusa_sync.core.change import Change
from medusa_sync.core.fields import UNIQUE
from medusa_sync.core.ids import source_id_of
from medusa_sync.core.inventory import StoredItem
from medusa_sync.core.product import DesiredProduct, slug_of
from medusa_sync.core.stored import StoredProduct
from medusa_sync.core.unique import Decision, Hold, Holders, Owner, UniqueValue, claims, decide, holders_of
from medusa_sync.errors import StoreRefusedError
from medusa_sync.medusa.resources import ITEMS
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Job

T = TypeVar("T")


class UniqueValues:
    """The SKUs and barcodes of a store, and what the products of this run do with them.

    Attributes:
        freed: what products have given up since it was looked up.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._wanted: set[int] = set()  # hashes, which take little memory
        self.freed: set[Hold] = set()
        self._given: dict[UniqueValue, Owner] = {}

    def is_repeated(self, product: DesiredProduct) -> bool:
        """Whether an earlier product of the run wants one of the values, or the handle, of this one."""
        own = set(map(hash, product.unique_values))
        if product.handle is not None:
            own.add(hash(slug_of(product)))
        is_repeated = not self._wanted.isdisjoint(own)
        self._wanted |= own
        return is_repeated

    async def holders(self, changes: Iterable[Change]) -> Holders:
        """What has the values that changes need, as far as the store shows it."""
        wanted = [claim for change in changes for claim in claims(change)]
        values = {
            name: list(dict.fromkeys(claim.value for claim in wanted if claim.field == name))
            for name in UNIQUE
        }
        skus = list(dict.fromkeys(each.value for each in wanted if each.with_item))
        # The store has no list with both, so they are read concurrently.
        api = self._context.api
        items, variants = await asyncio.gather(
            _shown(api.find(ITEMS, "sku", skus)),
            asyncio.gather(*(_shown(api.variants_with(name, own)) for name, own in values.items())),
        )
        return holders_of(dict(zip(values, variants, strict=True)), items)

    def decide(self, jobs: Sequence[Job]) -> Decision:
        """Decide which jobs have to give way; see `unique.decide`."""
        owners: dict[UniqueValue, tuple[Owner, ...]] = {}
        unused: dict[str, StoredItem] = {}
        for job in jobs:
            holders = job.holders or Holders()
            unused |= holders.unused
            for claim in claims(job.change):
                value = claim.unique
                given = (self._given[value],) if value in self._given else ()
                removed = self._context.removed_products
                kept = (each for each in holders.owners.get(value, ()) if each.external_id not in removed)
                if found := (*kept, *given):
                    owners[value] = found
        return decide(
            [job.change for job in jobs],
            Holders(owners, unused),
            is_ours=lambda own: source_id_of(self._context.options.source_name, own) is not None,
            freed=self.freed,
            is_final=self._context.is_final,
        )

    def free(self, holds: Iterable[Hold]) -> None:
        """Take note that products have given up values since they were looked up."""
        self.freed.update(holds)

    def give(self, jobs: Iterable[Job]) -> None:
        """Take note of the values that jobs get later, or would get, so that no other one gets them."""
        for job in jobs:
            product = StoredProduct("", job.external_id, title=job.desired.title)
            self._given.update(
                (claim.unique, Owner("", product, claim.stored_id)) for claim in claims(job.change)
            )


async def _shown(reading: Awaitable[list[T]]) -> list[T]:
    """What the store shows; a role may hide a list, and then only a write shows what is taken."""
    with suppress(StoreRefusedError):
        return await reading
    return []
