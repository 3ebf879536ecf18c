"""What a store has besides products: inventory items, options, terms and price lists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

from msgspec import Struct, structs

from medusa_sync.core.stored import StoredCategory, StoredOption, StoredValue
from medusa_sync.core.stored_variant import StoredItem, StoredPrice
from medusa_sync.http import Query
from medusa_sync.medusa import responses
from medusa_sync.medusa.client import MedusaClient
from medusa_sync.medusa.lists import find, walk

_ID_ONLY: Query = [("fields", "id")]
_MANY_CATEGORIES = 2_000
_MANY_PRICES = 1_000
_ITEMS = responses.ITEMS.path
_PRICE_LISTS = responses.PRICE_LISTS.path


class _Resource:
    """A part of a store. Reads raise what `MedusaClient.get` raises, writes what `post` raises."""

    def __init__(self, client: MedusaClient) -> None:
        self._client = client

    async def _post(self, path: str, body: Any) -> None:
        await self._client.post(path, body, dict[str, Any], query=_ID_ONLY)


class Level(Struct, frozen=True):
    """The stock of an inventory item at a stock location."""

    inventory_item_id: str
    location_id: str
    stocked_quantity: int


class ItemApi(_Resource):
    """The inventory of a store."""

    async def by_sku(self, skus: Sequence[str]) -> list[StoredItem]:
        """Inventory items that have one of these SKUs, whether a variant uses them or not."""
        return await find(self._client, responses.ITEMS, "sku", skus)

    async def write_levels(self, *, create: Sequence[Level], update: Sequence[Level]) -> None:
        body = {"create": create, "update": update}
        await self._client.post(f"{_ITEMS}/location-levels/batch", body, dict[str, Any])

    async def create(self, sku: str | None) -> str:
        """Create an inventory item without stock; returns its id."""
        body = {"sku": sku} if sku else {}
        response = await self._client.post(_ITEMS, body, responses.Item, query=_ID_ONLY)
        return response.inventory_item.id

    async def delete(self, item_id: str) -> None:
        """Delete an inventory item with its levels."""
        await self._client.delete(f"{_ITEMS}/{item_id}")

    async def link(self, product_id: str, variant_id: str, item_id: str) -> None:
        """Give a variant an inventory item that exists."""
        path = f"/admin/products/{product_id}/variants/{variant_id}/inventory-items"
        await self._post(path, {"inventory_item_id": item_id, "required_quantity": 1})


class OptionApi(_Resource):
    """The options of products.

    Since 2.17, an option is an entity that may belong to several products; before, it is part of its product.
    """

    async def add(self, product_id: str, title: str, values: Sequence[str], *, are_entities: bool) -> None:
        """Add an option that no other product has."""
        path = f"/admin/products/{product_id}/options"
        option: dict[str, Any] = {"title": title, "values": values}
        if are_entities:  # without `is_exclusive`, the option would be shared by the whole store
            path, option = f"{path}/batch", {"add": [{**option, "is_exclusive": True}]}
        await self._post(path, option)

    async def rename(self, product_id: str, option: StoredOption, title: str) -> None:
        """Rename an option; its variants keep their values."""
        if option.is_exclusive is None:
            await self._replace(product_id, option, title, [each.value for each in option.values])
        else:
            await self._post(f"/admin/product-options/{option.id}", {"title": title})

    async def change_values(
        self,
        product_id: str,
        option: StoredOption,
        title: str,
        *,
        add: Sequence[str],
        remove: Collection[str],
    ) -> None:
        """Add values to an option, and remove values that no variant has.

        Args:
            product_id: of the product.
            option: as it was read.
            title: that it has now.
            add: values.
            remove: values.
        """
        if option.is_exclusive is None:
            kept = [each.value for each in option.values if each.value not in remove]
            await self._replace(product_id, option, title, list(dict.fromkeys([*kept, *add])))
            return
        ids = [each.id for each in option.values if each.value in remove]
        change = {"product_option_id": option.id, "add": [{"value": value} for value in add], "remove": ids}
        await self._change(product_id, {"update": [change]})

    async def remove(self, product_id: str, option: StoredOption) -> None:
        """Remove an option from a product and, up to Medusa 2.16, from its variants.

        Since 2.17, an option that variants use is removed by an update of the product and all its variants.
        """
        if option.is_exclusive is None:
            await self._client.delete(f"/admin/products/{product_id}/options/{option.id}")
        else:
            await self._change(product_id, {"remove": [option.id]})

    async def _change(self, product_id: str, body: dict[str, Any]) -> None:
        await self._post(f"/admin/products/{product_id}/options/batch", body)

    async def _replace(
        self, product_id: str, option: StoredOption, title: str, values: Sequence[str]
    ) -> None:
        path = f"/admin/products/{product_id}/options/{option.id}"
        await self._post(path, {"title": title, "values": values})


class TermApi(_Resource):
    """What products refer to: categories, tags, types and collections."""

    async def categories(self, slugs: Sequence[str]) -> list[StoredCategory]:
        """Categories that the source calls so, or that have one of these handles; the oldest first.

        Medusa does not search metadata, so all of them are read: shops have few, and one request lists many.
        """
        if not slugs:
            return []
        found = walk(self._client, responses.CATEGORIES, size=_MANY_CATEGORIES)
        wanted = set(slugs)
        return [each async for each in found if not wanted.isdisjoint((each.handle, each.recorded_slug))]

    async def tags(self, values: Sequence[str]) -> list[StoredValue]:
        """Tags that have one of these values."""
        return await find(self._client, responses.TAGS, "value", values)

    async def activate_category(self, category_id: str) -> None:
        path = f"{responses.CATEGORIES.path}/{category_id}"
        await self._client.post(path, {"is_active": True}, dict[str, Any])


class ListedPrice(Struct, frozen=True):
    """A sale price and its variant."""

    price: StoredPrice
    variant_id: str


class PriceLists(_Resource):
    """Price lists.

    A list is found by its description, because merchants rename lists, and Medusa 2.13 refuses metadata.
    """

    async def find(self, description: str) -> list[str]:
        """The ids of the lists with a description, oldest first."""
        lists = walk(self._client, responses.PRICE_LISTS)
        return [each.id async for each in lists if each.description == description]

    async def create(self, title: str, description: str) -> None:
        """Create an active list of sale prices."""
        body = {"title": title, "description": description, "type": "sale", "status": "active"}
        await self._post(_PRICE_LISTS, {**body, "prices": []})

    async def delete(self, list_id: str) -> None:
        """Delete a list with its prices."""
        await self._client.delete(f"{_PRICE_LISTS}/{list_id}")

    async def prices(self, list_id: str, *, newest_first: bool = False) -> AsyncIterator[ListedPrice]:
        """The prices of a list by age; later pages are read only if they are asked for."""
        list_ = structs.replace(responses.PRICES, path=f"{_PRICE_LISTS}/{list_id}/prices")
        async for each in walk(self._client, list_, size=_MANY_PRICES, newest_first=newest_first):
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
        path, query = f"{_PRICE_LISTS}/{list_id}/prices/batch", [("fields", responses.PRICES.fields)]
        written = await self._client.post(path, body, responses.WrittenPrices, query=query)
        return [listed for each in written.created if (listed := _listed(each)) is not None]


def _listed(price: responses.ListPrice) -> ListedPrice | None:
    """The price; None if its variant was deleted."""
    variant = price.price_set.variant if price.price_set else None
    if variant is None:
        return None
    return ListedPrice(StoredPrice(price.id, price.currency_code, price.amount), variant.id)
