"""Remembers requests whose response was lost, because they may be delivered late."""

from __future__ import annotations

import time
from collections.abc import Iterable

from medusa_sync.core.note import sku_note
from medusa_sync.core.stored import StoredSummary
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import record_body


class LateRequests:
    """Requests to rename items or to create sale prices that may be delivered late.

    They may undo or repeat what was written after them.
    """

    def __init__(self, api: AdminApi) -> None:
        self._api = api
        self._external_ids: set[str] = set()

    def may_change(self, external_ids: Iterable[str]) -> None:
        """Remember products that such a request may change."""
        self._external_ids |= set(external_ids)

    async def note(self) -> None:
        """Note the products again, so that a later run checks them.

        Raises:
            StoreRefusedError, AmbiguousWriteError, StoreError: the notes were not written.
        """
        if not self._external_ids:
            return
        at = round(time.time(), 3)
        found = await self._api.look_up(sorted(self._external_ids))
        records = {each.id: each.record for each in found if isinstance(each, StoredSummary)}
        bodies = [
            record_body(product_id, sku_note(record, now=at))
            for product_id, record in records.items()
            if record is not None and record.pending is None
        ]
        if bodies:
            await self._api.edit_products(bodies)
