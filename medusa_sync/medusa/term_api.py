"""What products refer to: categories, tags, types and collections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from medusa_sync.core.stored import ListedCategory, StoredCollection, StoredTag, StoredType, recorded_slug
from medusa_sync.medusa import responses
from medusa_sync.medusa.client import MedusaClient
from medusa_sync.medusa.lists import find, walk

_MANY_CATEGORIES = 2_000


class TermApi:
    """The terms of a store. Reads raise what `MedusaClient.get` raises, writes what `post` raises."""

    def __init__(self, client: MedusaClient) -> None:
        self._client = client

    async def categories(self, slugs: Sequence[str]) -> list[ListedCategory]:
        """Categories that the source calls so, or that have one of these handles; the oldest first.

        Medusa does not search metadata, so all of them are read: shops have few, and one request lists many.
        """
        if not slugs:
            return []
        found = walk(self._client, responses.CATEGORIES, size=_MANY_CATEGORIES)
        wanted = set(slugs)
        return [
            each async for each in found if not wanted.isdisjoint((each.handle, recorded_slug(each.metadata)))
        ]

    async def tags(self, values: Sequence[str]) -> list[StoredTag]:
        """Tags that have one of these values."""
        return await find(self._client, responses.TAGS, "value", values)

    async def types(self, values: Sequence[str]) -> list[StoredType]:
        """Product types that have one of these values."""
        return await find(self._client, responses.TYPES, "value", values)

    async def collections(self, handles: Sequence[str]) -> list[StoredCollection]:
        """Collections that have one of these handles."""
        return await find(self._client, responses.COLLECTIONS, "handle", handles)

    async def activate_category(self, category_id: str) -> None:
        path = f"/admin/product-categories/{category_id}"
        await self._client.post(path, {"is_active": True}, dict[str, Any])
