"""Looks up which variants and inventory items of the store have the unique values that changes need."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Collection, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

from medusa_sync.core.change import Change
from medusa_sync.core.fields import VARIANT_FIELDS
from medusa_sync.core.stored import OwningVariant, StoredItem
from medusa_sync.errors import StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.sync.claims import (
    Decision,
    Hold,
    Owner,
    Owners,
    Value,
    claims,
    decide,
    item_owners,
    owners_of,
)

T = TypeVar("T")


class Collisions:
    """Finds products that the store would refuse because others have their SKUs or barcodes.

    Args:
        api: of the store.
        source_name: the prefix of external ids.
        removed: ids of variants that a dry run has removed.
    """

    def __init__(self, api: AdminApi, source_name: str, *, removed: Collection[str] = ()) -> None:
        self._api = api
        self._removed = removed
        self._prefix = f"{source_name}:"

    def is_ours(self, external_id: str | None) -> bool:
        """Whether a product is one of the source."""
        return external_id is not None and external_id.startswith(self._prefix)

    def decide(
        self, changes: Iterable[Change], owners: Owners, *, freed: Collection[Hold] = (), is_last: bool
    ) -> Decision:
        """Decide which changes have to give way; see `claims.decide`."""
        return decide(changes, owners, is_ours=self.is_ours, freed=freed, is_last=is_last)

    async def owners(self, changes: Iterable[Change]) -> Owners:
        """What has the values that changes need, as far as the store shows it.

        Raises:
            StoreError: the store cannot be read.
        """
        wanted = [claim for change in changes for claim in claims(change)]
        values = {
            name: list(dict.fromkeys(claim.value for claim in wanted if claim.field == name))
            for name, field in VARIANT_FIELDS.items()
            if field.unique
        }
        skus = list(dict.fromkeys(claim.value for claim in wanted if claim.makes_item))
        # The store has no list with both, so they are read concurrently.
        items, variants = await asyncio.gather(
            self._items(skus), asyncio.gather(*(self._variants(name, own) for name, own in values.items()))
        )
        found: defaultdict[Value, list[Owner]] = defaultdict(list)
        for name, own in zip(values, variants, strict=True):
            for value, owner in owners_of(name, own):
                if owner.id not in self._removed:
                    found[value].append(owner)
        for value, owner in item_owners(items):
            if owner.variant_id not in self._removed:
                found[value].append(owner)
        return found

    async def _items(self, skus: Sequence[str]) -> list[StoredItem]:
        return await _shown(self._api.items.by_sku(skus)) if skus else []

    async def _variants(self, name: str, values: Sequence[str]) -> list[OwningVariant]:
        return await _shown(self._api.variants_with(name, values)) if values else []


async def _shown(reading: Awaitable[list[T]]) -> list[T]:
    """What the store shows; a role may hide a list, and then only a write shows what is taken."""
    with suppress(StoreRefusedError):
        return await reading
    return []
