"""Marks the records of products that are drafted, deleted or missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs

from medusa_sync.core.stored import Unreadable
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import record_body


async def mark_records(
    api: AdminApi, ids: Sequence[str], marks: Mapping[str, float], fields: Mapping[str, str] = {}
) -> dict[str, str]:
    """Mark the records of products, and write some fields; returns why products are left, by id."""
    bodies, left = [], {}
    for stored in await api.summaries("id", ids):
        if isinstance(stored, Unreadable):
            left[stored.id] = stored.reason
        elif stored.record is None:
            left[stored.id] = "it has no record of medusa-sync"
        else:
            bodies.append({**record_body(stored.id, structs.replace(stored.record, **marks)), **fields})
    if bodies:
        await api.edit_products(bodies)
    return left


async def delete_marked(api: AdminApi, ids: Sequence[str]) -> dict[str, str]:
    """Note in the records of products that this tool deletes them, not the merchant; then delete them.

    Returns:
        By id, why a product is left: without a record that can be read, it may be the merchant's.

    Raises:
        StoreRefusedError, AmbiguousWriteError, StoreError: some may not be deleted.
    """
    left = await mark_records(api, ids, {"deleted": True})
    if deleted := [product_id for product_id in ids if product_id not in left]:
        await api.delete_products(deleted)
    return left
