"""What a store has besides products: the lists of terms, inventory items, options and price lists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

from msgspec import Struct, structs

from medusa_sync.core.entities import Entity
from medusa_sync.core.inventory import StoredItem
from medusa_sync.core.stored import StoredCategory, StoredCollection, StoredOption, StoredPrice, StoredValue
from medusa_sync.medusa.client import MedusaClient
from medusa_sync.medusa.lists import List, walk

_MANY_PRICES = 1_000

TAGS = List("/admin/product-tags", "product_tags", StoredValue, "id,value")
TYPES = List("/admin/product-types", "product_types", StoredValue, "id,value")
COLLECTIONS = List("/admin/collections", "collections", StoredCollection, "id,handle")
CATEGORIES = List(
    "/admin/product-categories",
    "product_categories",
    StoredCategory,
    "id,handle,is_active,name,metadata",
)


class _Resource(Struct, frozen=True):
    """A part of a store. Reads raise what `MedusaClient.get` raises, writes what `post` raises."""

    client: MedusaClient


TRANSLATIONS = List("/admin/translations", "translations", Entity, "id")


# --- inventory items ---


ITEMS = List(
    "/admin/inventory-items",
    "inventory_items",
    StoredItem,
    "id,sku,reserved_quantity,location_levels.location_id,location_levels.stocked_quantity,"
    "variants.id,variants.product.id,variants.product.external_id,variants.product.title",
)


# --- options ---


class OptionApi(_Resource, frozen=True):
    """The options of products.

    Since 2.17, an option is an entity that may belong to several products; before, it is part of its product,
    and `is_exclusive` is None.
    """

    async def add(self, product_id: str, title: str, values: Sequence[str], *, are_entities: bool) -> None:
        """Add an option that no other product has."""
        option = {"title": title, "values": values}
        if are_entities:  # without `is_exclusive`, the option would be shared by the whole store
            await self._change(product_id, {"add": [{**option, "is_exclusive": True}]})
        else:
            await self.client.send(f"/admin/products/{product_id}/options", option)

    async def rename(self, product_id: str, option: StoredOption, title: str) -> None:
        """Rename an option; its variants keep their values."""
        if option.is_exclusive is None:
            await self._replace(product_id, option, title, [each.value for each in option.values])
        else:
            await self.client.send(f"/admin/product-options/{option.id}", {"title": title})

    async def change_values(
        self,
        product_id: str,
        option: StoredOption,
        title: str,
        *,
        add: Sequence[str],
        remove: Collection[str],
    ) -> None:
        """Add values to an option, which has this title now, and remove values that no variant has."""
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
            await self.client.delete(f"/admin/products/{product_id}/options/{option.id}")
        else:
            await self._change(product_id, {"remove": [option.id]})

    async def _change(self, product_id: str, body: dict[str, Any]) -> None:
        await self.client.send(f"/admin/products/{product_id}/options/batch", body)

    async def _replace(
        self, product_id: str, option: StoredOption, title: str, values: Sequence[str]
    ) -> None:
        path = f"/admin/products/{product_id}/options/{option.id}"
        await self.client.send(path, {"title": title, "values": values})


# --- price lists ---


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


class PriceLists(_Resource, frozen=True):
    """Price lists.

    A list is found by its description, because merchants rename lists, and Medusa 2.13 refuses metadata.
    """

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
