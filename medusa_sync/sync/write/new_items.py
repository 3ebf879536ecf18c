"""Creates the inventory items of new variants, with their stock, in one call for many products."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from msgspec import Struct, structs

from medusa_sync.core.change import Change, new_variants
from medusa_sync.core.claims import Holders
from medusa_sync.core.fields import SKU, STOCK, TITLE, WEIGHT
from medusa_sync.core.options import DEFAULT
from medusa_sync.core.product import DesiredVariant
from medusa_sync.core.stored_variant import StoredItem, StoredLevel
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.ids import new_id
from medusa_sync.medusa.operations import CREATE_ITEMS
from medusa_sync.stop import Stop

logger = logging.getLogger(__name__)

_Owner = tuple[str, str]  # the external id of a product, and the key of one of its variants


class _Made(Struct, frozen=True):
    """An item for a variant that does not exist yet; an earlier run may have created it."""

    owner: _Owner
    item: StoredItem


class NewItems:
    """Items that exist before their variants, so that their stock needs no call of its own.

    Without the bulk route, or if another item has the SKU, the store creates the item together with its
    variant, or refuses the variant.

    Args:
        api: of the store.
        location_id: where stock is kept; None if the store has no location.
        stop: nothing more is created or deleted once it is set.
    """

    def __init__(self, api: AdminApi, location_id: str | None, stop: Stop) -> None:
        self._api = api
        self._location_id = location_id
        self._stop = stop
        self._expected: dict[str, tuple[_Owner, DesiredVariant]] = {}  # by SKU
        self._made: dict[str, _Made] = {}  # by SKU
        self._refused: set[str] = set()  # external ids
        self._creating = asyncio.Lock()  # batches wait for each other instead of creating an item twice

    def expect(self, changes: Iterable[Change], known: Collection[str]) -> None:
        """Create the items of these changes too when some are needed the next time; see `of`."""
        for sku, wanted in _all_wanted(changes, known).items():
            self._expected.setdefault(sku, wanted)

    async def of(self, changes: Iterable[Change], known: Collection[str]) -> dict[str, StoredItem]:
        """The items of new variants by SKU; those that do not exist are created if that is possible.

        Args:
            changes: of products.
            known: SKUs of items that the variants get instead.

        Raises:
            AmbiguousWriteError: some may have been created.
            StoreError: the store is unavailable.
        """
        wanted = _all_wanted(changes, known) if self._location_id is not None else {}
        if not wanted or not self._api.bulk.is_available:
            return {}
        async with self._creating:
            if not wanted.keys() <= self._made.keys() and not self._stop.is_set:
                missing = {**wanted, **self._expected}
                self._expected = {}
                await self._create({sku: each for sku, each in missing.items() if sku not in self._made})
        items: dict[str, StoredItem] = {}
        for sku, (owner, _) in wanted.items():
            if (made := self._made.get(sku)) is not None:  # perhaps for a product that was refused
                items[sku] = made.item if made.owner == owner else structs.replace(made.item, is_new=False)
        return items

    async def others(self, holders: Holders) -> Holders:
        """What a look-up has found, without the items that this run has created."""
        async with self._creating:  # what is being created now is not left over
            others = {sku: item for sku, item in holders.unused.items() if sku not in self._made}
        return structs.replace(holders, unused=others)

    def linked(self, changes: Iterable[Change]) -> None:
        """Forget the items of variants that exist now."""
        for sku in _all_wanted(changes, ()):
            self._made.pop(sku, None)

    def give_up(self, external_id: str) -> None:
        """Take note that the store has refused a product; it is not creating it."""
        self._refused.add(external_id)

    async def remove_unused(self) -> None:
        """Delete the items of products that the store refused, so that they do not keep their SKUs.

        Raises:
            StoreError: the store is unavailable.
        """
        unused = {
            sku: made.item.id
            for sku, made in self._made.items()
            if made.item.is_new and made.owner[0] in self._refused
        }
        if not unused or self._stop.is_set:
            return
        for item in await self._api.items.by_sku(list(unused)):
            if item.id in unused.values() and not item.users:
                try:
                    await self._api.items.delete(item.id)
                except (StoreRefusedError, AmbiguousWriteError) as error:
                    words = "inventory item %s may be left without a variant: %s", item.id, error
                    logger.warning(*words, extra={"event": "inventory_item_kept"})

    async def _create(self, wanted: Mapping[str, tuple[_Owner, DesiredVariant]]) -> None:
        """Create items. Those that an interrupted or another run has left, without a variant, are used."""
        bodies = [self._body(variant) for _, variant in wanted.values()]
        refused = await self._api.bulk.attempt(CREATE_ITEMS, bodies)
        if refused and self._api.bulk.is_available:
            found = await self._api.items.by_sku([body["sku"] for body in refused])
            taken = {str(item.sku): item for item in found}
            self._made.update(
                (sku, _Made(wanted[sku][0], item)) for sku, item in taken.items() if not item.use
            )
            free = [body for body in refused if body["sku"] not in taken]
            refused = [body for body in refused if body["sku"] in taken]
            refused += await self._api.bulk.attempt(CREATE_ITEMS, free)
        left_out = {body["sku"] for body in refused}
        at = (StoredLevel(self._location_id or ""),)
        for body in bodies:
            if (sku := body["sku"]) not in left_out:
                self._made[sku] = _Made(wanted[sku][0], StoredItem(body["id"], sku, 0, (), at, is_new=True))

    def _body(self, variant: DesiredVariant) -> dict[str, Any]:
        """What Medusa would give the item (`create-product-variants`), and the stock."""
        title = variant.fields.get(TITLE, DEFAULT)
        level = {"location_id": self._location_id, "stocked_quantity": variant.fields[STOCK]}
        body = {
            "id": new_id("iitem"),
            "sku": variant.fields[SKU],
            "title": title,
            "description": title,
            "location_levels": [level],
        }
        return {**body, WEIGHT: variant.fields[WEIGHT]} if WEIGHT in variant.fields else body


def _all_wanted(
    changes: Iterable[Change], known: Collection[str]
) -> dict[str, tuple[_Owner, DesiredVariant]]:
    """The new variants that have an SKU and stock, with their owners, by SKU, without known SKUs."""
    found: dict[str, tuple[_Owner, DesiredVariant]] = {}
    for change in changes:
        for variant in new_variants(change):
            sku = variant.fields.get(SKU)
            if sku is not None and sku not in known and isinstance(variant.fields.get(STOCK), int):
                owner = change.desired.external_id, variant.key
                found.setdefault(str(sku), (owner, variant))
    return found
