"""The price lists of a store, which have sale prices."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from msgspec import Struct, structs

from medusa_sync.core.entities import Entity
from medusa_sync.core.stored import StoredPrice
from medusa_sync.medusa.client import MedusaClient
from medusa_sync.medusa.lists import List, walk

_MANY_PRICES = 1_000


class _ListedPriceList(Entity, frozen=True):
    description: str | None


class _PriceSet(Struct):
    variant: Entity | None = None


class ListPrice(StoredPrice, frozen=True):
    """A price in a price list, with its variant; without one, the variant was deleted."""

    price_set: _PriceSet | None = None
    price_rules: tuple[Any, ...] = ()

    @property
    def variant_id(self) -> str:
        return self.price_set.variant.id if self.price_set and self.price_set.variant else ""


class _WrittenPrices(Struct):
    created: list[ListPrice]


_PRICE_LISTS = List("/admin/price-lists", "price_lists", _ListedPriceList, "id,description")
_PRICES = List(
    "",
    "prices",
    ListPrice,
    "id,amount,currency_code,min_quantity,max_quantity,price_rules.attribute,price_set.variant.id",
)


class PriceLists(Struct, frozen=True):
    """Reads raise what `MedusaClient.get` raises, writes what `post` raises.

    A list is found by its description, because merchants rename lists, and Medusa 2.13 refuses metadata.
    """

    client: MedusaClient

    async def find(self, description: str) -> list[str]:
        """The ids of the lists with a description, oldest first."""
        lists = walk(self.client, _PRICE_LISTS)
        return [each.id async for each in lists if each.description == description]

    async def create(self, title: str, description: str) -> None:
        """Create an active list of sale prices."""
        body = {"title": title, "description": description, "type": "sale", "status": "active"}
        await self.client.send(_PRICE_LISTS.path, {**body, "prices": []})

    async def delete(self, list_id: str) -> None:
        """Delete a list with its prices."""
        await self.client.delete(f"{_PRICE_LISTS.path}/{list_id}")

    async def prices(self, list_id: str) -> AsyncIterator[ListPrice]:
        """The prices of a list that apply to any quantity and have no rules, oldest first."""
        list_ = structs.replace(_PRICES, path=f"{_PRICE_LISTS.path}/{list_id}/prices")
        async for each in walk(self.client, list_, size=_MANY_PRICES):
            if each.variant_id and each.is_plain and not each.price_rules:
                yield each

    async def write(
        self,
        list_id: str,
        *,
        create: Sequence[dict[str, Any]],
        update: Sequence[dict[str, Any]],
        delete: Sequence[str],
    ) -> list[ListPrice]:
        """Change prices of a list in one call; returns those that were created."""
        body = {"create": create, "update": update, "delete": delete}
        path, query = f"{_PRICE_LISTS.path}/{list_id}/prices/batch", [("fields", _PRICES.fields)]
        written = await self.client.post(path, body, _WrittenPrices, query=query)
        return [each for each in written.created if each.variant_id]
