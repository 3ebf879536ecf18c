"""What a store has besides products: the lists of terms, inventory items and options."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct

from medusa_sync.core.inventory import StoredItem
from medusa_sync.core.stored import StoredCollection, StoredOption, StoredValue
from medusa_sync.medusa.client import MedusaClient
from medusa_sync.medusa.lists import List

TAGS = List("/admin/product-tags", "product_tags", StoredValue, "id,value")
TYPES = List("/admin/product-types", "product_types", StoredValue, "id,value")
COLLECTIONS = List("/admin/collections", "collections", StoredCollection, "id,handle")


# --- inventory items ---


ITEMS = List(
    "/admin/inventory-items",
    "inventory_items",
    StoredItem,
    "id,sku,reserved_quantity,location_levels.location_id,location_levels.stocked_quantity,"
    "location_levels.reserved_quantity,"
    "variants.id,variants.product.id,variants.product.external_id,variants.product.title",
)


# --- options ---


class OptionApi(Struct, frozen=True):
    """The options of products; every method raises what `MedusaClient.post` raises.

    Since 2.17, an option is an entity that may belong to several products; before, it is part of its product,
    and `is_exclusive` is None.
    """

    client: MedusaClient

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
