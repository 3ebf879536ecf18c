"""Deletes products of ours, so that it is known later that it was not the merchant."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from medusa_sync.core.record import Record
from medusa_sync.core.stored import StoredSummary
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import record_body


async def delete_noted(api: AdminApi, ids: Sequence[str]) -> None:
    """Note in the records of products that this tool deletes them, then delete them.

    Raises:
        StoreRefusedError, AmbiguousWriteError, StoreError: some may not be deleted.
    """
    bodies = [
        record_body(each.id, structs.replace(each.record or Record(), deleted=True))
        for each in await api.summaries(ids)
        if isinstance(each, StoredSummary)
    ]
    if bodies:
        await api.edit_products(bodies)
    await api.delete_products(ids)
