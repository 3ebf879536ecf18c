"""Remembers requests whose response was lost, because they may be delivered late."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from medusa_sync.core.note import sku_note
from medusa_sync.core.stored import StoredSummary
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import record_body

logger = logging.getLogger(__name__)


class LateRequests:
    """Requests to rename items or to create sale prices that may be delivered late.

    They may undo or repeat what was written after them.
    """

    def __init__(self, api: AdminApi) -> None:
        self._api = api
        self._external_ids: set[str] = set()

    @contextmanager
    def may_change(self, external_ids: Collection[str], *, unless_responded: bool = False) -> Iterator[None]:
        """Remember products if the result of a request in this context is unknown.

        Args:
            external_ids: of the products that the requests change.
            unless_responded: ignore writes that got a response, because they cannot arrive late.
        """
        try:
            yield
        except AmbiguousWriteError as error:
            if not (unless_responded and error.responded):
                self._external_ids |= set(external_ids)
            raise

    async def note(self) -> None:
        """Note the products again, so that a later run checks them.

        Raises:
            StoreError: the store is unavailable.
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
        if not bodies:
            return
        try:
            await self._api.edit_products(bodies)
        except (StoreRefusedError, AmbiguousWriteError) as error:
            words = "%d products may not be checked again: %s", len(bodies), error
            logger.warning(*words, extra={"event": "acknowledgement_unconfirmed"})
