"""What is stored apart from products: sale prices in a list of the source, and texts in rows of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Raw

from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.steps import Step
from medusa_sync.core.stored import StoredProduct, Unreadable
from medusa_sync.medusa.lists import List
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Send
from medusa_sync.sync.write.sales import Sales
from medusa_sync.sync.write.texts import Texts


class Apart:
    """Reads it with the details of products, and writes it after them.

    Reads may raise StoreError, writes what a step may raise.
    """

    def __init__(self, context: Context) -> None:
        self._api = context.api
        self._sales = Sales(context)
        self.steps: Sequence[Send] = (
            (Step.SALE_PRICES, self._sales.write),
            (Step.TEXTS, Texts(context).write),
        )

    async def read(
        self,
        wanted: Iterable[DesiredProduct],
        key: str,
        values: Sequence[str],
        list_: List[Raw] | None = None,
    ) -> list[StoredProduct | Unreadable]:
        """Products by `id` or `external_id` with their details; `wanted` is what the source wants."""
        return await self._sales.read(wanted, await self._api.details(key, values, list_))

    async def remove_copies(self) -> bool:
        """Remove what two runs have stored twice; returns whether nothing is left of it."""
        return await self._sales.remove_copies()
