"""Deletes products of ours, so that it is known later that it was not the merchant."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from medusa_sync.core.stored import StoredSummary, Unreadable
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import record_body


async def delete_noted(api: AdminApi, ids: Sequence[str]) -> dict[str, str]:
    """Note in the records of products that this tool deletes them, then delete them.

    Returns:
        By id, why a product is left: without a record that can be read, it may be the merchant's.

    Raises:
        StoreRefusedError, AmbiguousWriteError, StoreError: some may not be deleted.
    """
    stored = await api.summaries(ids)
    left = {each.id: reason for each in stored if (reason := why_kept(each))}
    bodies = [
        record_body(each.id, structs.replace(each.record, deleted=True))
        for each in stored
        if isinstance(each, StoredSummary) and each.record is not None
    ]
    if bodies:
        await api.edit_products(bodies)
    if deleted := [own for own in ids if own not in left]:
        await api.delete_products(deleted)
    return left


def why_kept(stored: StoredSummary | Unreadable) -> str:
    """Why a product is never removed; empty if it can be."""
    if isinstance(stored, Unreadable):
        return stored.reason
    return "" if stored.record is not None else "it has no record of medusa-sync"
