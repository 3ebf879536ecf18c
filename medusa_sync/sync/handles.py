"""Finds free handles for new products; a handle is unique in a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from medusa_sync.core.handle import handle_candidates
from medusa_sync.core.product import DesiredProduct
from medusa_sync.errors import StoreRefusedError
from medusa_sync.medusa.api import AdminApi


class Handles:
    """Handles that were chosen for new products, so that no other batch chooses them."""

    def __init__(self, api: AdminApi) -> None:
        self._api = api
        self._owners: dict[str, str] = {}  # external id by handle
        self._assigned: dict[str, str] = {}  # handle by external id
        self._ahead: dict[str, Mapping[str, str | None]] = {}  # what a look-up ahead found, by handle

    async def look_ahead(self, new: Sequence[DesiredProduct]) -> None:
        """Look up the handles that products will probably get; `assign` uses each result once.

        If the store refuses that, `assign` looks up the handles of each batch, to isolate the culprit.

        Raises:
            StoreError: the store cannot be read.
        """
        handles: dict[str, None] = {}
        for product in new:
            handles[next(handle for handle in handle_candidates(product) if handle not in handles)] = None
        with suppress(StoreRefusedError):
            owners = await self._api.handles(list(handles)) if handles else {}
            self._ahead.update(dict.fromkeys(handles, owners))

    async def assign(self, new: Sequence[DesiredProduct]) -> dict[str, str]:
        """Choose a free handle for each product, by external id; earlier products get the better ones.

        Raises:
            StoreError: the store cannot be read.
        """
        for product in new:
            self.release(product.external_id)
        assigned: dict[str, str] = {}
        waiting = [(product.external_id, handle_candidates(product)) for product in new]
        while waiting:
            proposals = {
                external_id: next(handle for handle in candidates if self._claim(handle, external_id))
                for external_id, candidates in waiting
            }
            owners = await self._owners_of(list(proposals.values()))
            taken = {
                external_id
                for external_id, handle in proposals.items()
                if handle in owners and owners[handle] != external_id
            }
            for external_id in taken:
                self.release(external_id)
            assigned.update(proposals)
            waiting = [
                (external_id, candidates) for external_id, candidates in waiting if external_id in taken
            ]
        return assigned

    async def _owners_of(self, handles: Sequence[str]) -> Mapping[str, str | None]:
        known = {handle: found for handle in handles if (found := self._ahead.pop(handle, None)) is not None}
        unknown = [handle for handle in handles if handle not in known]
        owners = await self._api.handles(unknown) if unknown else {}
        return owners | {handle: found[handle] for handle, found in known.items() if handle in found}

    def release(self, external_id: str) -> None:
        """Forget the handle of a product that has its outcome."""
        handle = self._assigned.pop(external_id, None)
        if handle is not None:
            del self._owners[handle]
            self._ahead.pop(handle, None)  # the product may have it now

    def _claim(self, handle: str, external_id: str) -> bool:
        if self._owners.setdefault(handle, external_id) != external_id:
            return False
        self._assigned[external_id] = handle
        return True
