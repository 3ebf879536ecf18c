"""Changes the options of products, in the ways of Medusa up to 2.16 and since 2.17."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from medusa_sync.core.stored import StoredOption
from medusa_sync.http import Query
from medusa_sync.medusa.client import MedusaClient

_ID_ONLY: Query = [("fields", "id")]


class OptionApi:
    """The options of products; every method raises what `MedusaClient.post` raises.

    Since 2.17, an option is an entity that may belong to several products; before, it is part of its product.
    """

    def __init__(self, client: MedusaClient) -> None:
        self._client = client

    async def add(self, product_id: str, title: str, values: Sequence[str], *, are_entities: bool) -> None:
        """Add an option that no other product has."""
        path = f"/admin/products/{product_id}/options"
        option: dict[str, Any] = {"title": title, "values": values}
        if are_entities:  # without `is_exclusive`, the option would be shared by the whole store
            path, option = f"{path}/batch", {"add": [{**option, "is_exclusive": True}]}
        await self._client.post(path, option, dict[str, Any], query=_ID_ONLY)

    async def rename(self, product_id: str, option: StoredOption, title: str) -> None:
        """Rename an option; its variants keep their values."""
        if option.is_exclusive is None:
            await self._replace(product_id, option, title, [each.value for each in option.values])
        else:
            path = f"/admin/product-options/{option.id}"
            await self._client.post(path, {"title": title}, dict[str, Any], query=_ID_ONLY)

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
        path = f"/admin/products/{product_id}/options/batch"
        await self._client.post(path, body, dict[str, Any], query=_ID_ONLY)

    async def _replace(
        self, product_id: str, option: StoredOption, title: str, values: Sequence[str]
    ) -> None:
        path = f"/admin/products/{product_id}/options/{option.id}"
        body = {"title": title, "values": values}
        await self._client.post(path, body, dict[str, Any], query=_ID_ONLY)
