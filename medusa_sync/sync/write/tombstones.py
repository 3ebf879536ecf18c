"""Finds out which products the merchant deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.stored import Tombstone
from medusa_sync.medusa.api import AdminApi


class Tombstones:
    """What deleted products have left in the store; it is read only for products that would be created."""

    def __init__(self, api: AdminApi) -> None:
        self._api = api
        self._ahead: dict[str, bool] = {}  # what `look_ahead` found, by external id
        self._all: set[str] | None = None  # all of them, if they cannot be looked up
        self._has_looked_up = False

    async def look_ahead(self, new: Sequence[DesiredProduct]) -> set[str]:
        """Read the tombstones of many products; `deleted` uses each result once.

        Raises:
            StoreError: the store cannot be read.
        """
        found = await self._read(new)
        self._ahead.update((each.external_id, each.external_id in found) for each in new)
        return found

    async def deleted(self, new: Sequence[DesiredProduct]) -> set[str]:
        """The external ids of the products that the merchant deleted.

        Raises:
            StoreError: the store cannot be read.
        """
        known = {
            each.external_id: self._ahead.pop(each.external_id)
            for each in new
            if each.external_id in self._ahead
        }
        found = await self._read([each for each in new if each.external_id not in known])
        return found | {external_id for external_id, is_deleted in known.items() if is_deleted}

    async def _read(self, new: Sequence[DesiredProduct]) -> set[str]:
        external_ids = [product.external_id for product in new]
        if not external_ids:
            return set()
        if not self._has_looked_up:  # this shows whether look-ups come from the index
            await self._api.look_up(external_ids[:1])
            self._has_looked_up = True
        if not self._api.may_lag:
            return _deleted_by_merchant(await self._api.tombstones(external_ids))
        if self._all is None:
            self._all = _deleted_by_merchant(await self._api.tombstones())
        return self._all.intersection(external_ids)


def _deleted_by_merchant(tombstones: Iterable[Tombstone]) -> set[str]:
    """The external ids whose newest deletion was not by this tool."""
    newest: dict[str, Tombstone] = {}
    for each in tombstones:
        known = newest.setdefault(each.external_id or "", each)
        if _age(known) < _age(each):
            newest[each.external_id or ""] = each
    return {external_id for external_id, each in newest.items() if not each.is_ours}


def _age(tombstone: Tombstone) -> tuple[str, str]:
    return tombstone.deleted_at or "", tombstone.id
