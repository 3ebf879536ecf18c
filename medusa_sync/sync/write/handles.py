"""Finds free handles for new products; a handle is unique in a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from medusa_sync.core.product import DesiredProduct, handle_candidates
from medusa_sync.core.stored_variant import OwningProduct
from medusa_sync.errors import StoreRefusedError
from medusa_sync.medusa.api import AdminApi


class Handles:
    """Handles that were chosen for new products, so that no other batch chooses them.

    Args:
        api: of the store.
        is_empty: the store had no products when the run began.
    """

    def __init__(self, api: AdminApi, *, is_empty: bool) -> None:
        self._api = api
        self._is_empty = is_empty
        self._owners: dict[str, str] = {}  # external id by handle
        self._assigned: dict[str, str] = {}  # handle by external id
        self._ahead: dict[str, Mapping[str, OwningProduct]] = {}  # what a look-up ahead found, by handle

    async def look_ahead(self, new: Sequence[DesiredProduct]) -> None:
        """Look up the handles that products will probably get; `assign` uses each result once.

        If the store refuses that, `assign` looks up the handles of each batch, to isolate the culprit.

        Raises:
            StoreError: the store cannot be read.
        """
        handles: dict[str, None] = {}
        for product in new:
            likely = next((handle for handle in handle_candidates(product) if handle not in handles), None)
            handles.update({likely: None} if likely is not None else {})
        is_empty, self._is_empty = self._is_empty, False  # until something is created
        with suppress(StoreRefusedError):
            owners = await self._api.handles(list(handles)) if handles and not is_empty else {}
            self._ahead.update(dict.fromkeys(handles, owners))

    async def assign(self, new: Sequence[DesiredProduct]) -> tuple[dict[str, str], dict[str, str]]:
        """Choose a free handle for each product; earlier products get the better ones.

        Returns:
            Handles by external id, and for products without a free one the reasons.

        Raises:
            StoreError: the store cannot be read.
        """
        for product in new:
            self.release(product.external_id)
        assigned: dict[str, str] = {}
        reasons: dict[str, str] = {}
        waiting = [(product.external_id, handle_candidates(product)) for product in new]
        while waiting:
            proposals: dict[str, str] = {}
            for external_id, candidates in waiting:
                for handle in candidates:
                    if self._claim(handle, external_id):
                        proposals[external_id] = handle
                        break
                    reasons[external_id] = _reason(handle, self._owners[handle])
            owners = await self._owners_of(list(proposals.values()))
            taken = {
                external_id: (handle, owners[handle])
                for external_id, handle in proposals.items()
                if handle in owners and owners[handle].external_id != external_id
            }
            for external_id, (handle, owner) in taken.items():
                self.release(external_id)
                of_store = f"{owner.external_id} " if owner.external_id else ""
                reasons[external_id] = _reason(handle, f"{of_store}{owner.title!r} ({owner.id})")
            assigned.update((own, handle) for own, handle in proposals.items() if own not in taken)
            waiting = [
                (external_id, candidates) for external_id, candidates in waiting if external_id in taken
            ]
        return assigned, {own: reason for own, reason in reasons.items() if own not in assigned}

    async def _owners_of(self, handles: Sequence[str]) -> Mapping[str, OwningProduct]:
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


def _reason(handle: str, owner: str) -> str:
    return f"its handle {handle!r} belongs to {owner}; change one of the two"
