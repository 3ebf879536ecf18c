"""Inventory items and their stock levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from medusa_sync.core.stored import StoredItem
from medusa_sync.http import Query
from medusa_sync.medusa import responses
from medusa_sync.medusa.client import MedusaClient
from medusa_sync.medusa.lists import find

_PATH = "/admin/inventory-items"
_ID_ONLY: Query = [("fields", "id")]


class Level(Struct, frozen=True):
    """The stock of an inventory item at a stock location."""

    inventory_item_id: str
    location_id: str
    stocked_quantity: int


class ItemApi:
    """The inventory of a store. Reads raise what `MedusaClient.get` raises, writes what `post` raises."""

    def __init__(self, client: MedusaClient) -> None:
        self._client = client

    async def by_sku(self, skus: Sequence[str]) -> list[StoredItem]:
        """Inventory items that have one of these SKUs, whether a variant uses them or not."""
        found = await find(self._client, responses.ITEMS, "sku", skus)
        return [item.stored() for item in found]

    async def write_levels(self, *, create: Sequence[Level], update: Sequence[Level]) -> None:
        body = {"create": create, "update": update}
        await self._client.post(f"{_PATH}/location-levels/batch", body, dict[str, Any])

    async def create(self, sku: str | None) -> str:
        """Create an inventory item without stock; returns its id."""
        body = {"sku": sku} if sku else {}
        response = await self._client.post(_PATH, body, responses.Item, query=_ID_ONLY)
        return response.inventory_item.id

    async def delete(self, item_id: str) -> None:
        """Delete an inventory item with its levels."""
        await self._client.delete(f"{_PATH}/{item_id}")

    async def link(self, product_id: str, variant_id: str, item_id: str) -> None:
        """Give a variant an inventory item that exists."""
        path = f"/admin/products/{product_id}/variants/{variant_id}/inventory-items"
        link = {"inventory_item_id": item_id, "required_quantity": 1}
        await self._client.post(path, link, dict[str, Any], query=_ID_ONLY)
