"""The price list with the sale prices of a source."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from msgspec import Struct, structs

from medusa_sync.core.stored import SalePrice
from medusa_sync.medusa import responses
from medusa_sync.medusa.client import MedusaClient
from medusa_sync.medusa.lists import walk

_PATH = responses.PRICE_LISTS.path
_PAGE_SIZE = 1_000


class ListedPrice(Struct, frozen=True):
    """A sale price and its variant."""

    price: SalePrice
    variant_id: str


class PriceLists:
    """Price lists; reads raise what `MedusaClient.get` raises, writes what `post` raises.

    A list is found by its description, because merchants rename lists, and Medusa 2.13 refuses metadata.
    """

    def __init__(self, client: MedusaClient) -> None:
        self._client = client

    async def find(self, description: str) -> list[str]:
        """The ids of the lists with a description, oldest first."""
        lists = walk(self._client, responses.PRICE_LISTS)
        return [each.id async for each in lists if each.description == description]

    async def create(self, title: str, description: str) -> None:
        """Create an active list of sale prices."""
        body = {
            "title": title,
            "description": description,
            "type": "sale",
            "status": "active",
            "prices": [],
        }
        await self._client.post(_PATH, body, dict[str, Any], query=[("fields", "id")])

    async def delete(self, list_id: str) -> None:
        """Delete a list with its prices."""
        await self._client.delete(f"{_PATH}/{list_id}")

    async def prices(self, list_id: str, *, newest_first: bool = False) -> AsyncIterator[ListedPrice]:
        """The prices of a list by age; later pages are read only if they are asked for."""
        list_ = structs.replace(responses.PRICES, path=f"{_PATH}/{list_id}/prices")
        async for each in walk(self._client, list_, size=_PAGE_SIZE, newest_first=newest_first):
            if (listed := _listed(each)) is not None:
                yield listed

    async def write(
        self,
        list_id: str,
        *,
        create: Sequence[dict[str, Any]],
        update: Sequence[dict[str, Any]],
        delete: Sequence[str],
    ) -> list[ListedPrice]:
        """Change prices of a list in one call; returns those that were created."""
        body = {"create": create, "update": update, "delete": delete}
        path, query = f"{_PATH}/{list_id}/prices/batch", [("fields", responses.PRICES.fields)]
        written = await self._client.post(path, body, responses.WrittenPrices, query=query)
        return [listed for each in written.created if (listed := _listed(each)) is not None]


def _listed(price: responses.ListPrice) -> ListedPrice | None:
    """The price; None if its variant was deleted."""
    variant = price.price_set.variant if price.price_set else None
    if variant is None:
        return None
    return ListedPrice(SalePrice(price.id, price.amount, price.currency_code), variant.id)
