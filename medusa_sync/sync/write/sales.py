"""The sale prices of a source, which are in a price list of their own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import structs

from medusa_sync.core.kinds.sales import SalePrices, have_sales, sale_prices
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.stored import StoredPrice, StoredProduct, StoredVariant, Unreadable
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.price_lists import PriceLists
from medusa_sync.retry import retry
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.job import Group

logger = logging.getLogger(__name__)

_ATTEMPTS = 4  # to remove copies
_FAILURES = (StoreRefusedError, AmbiguousWriteError)


class Sales:
    """Reads the price list once, when a product with a sale price is compared or written.

    Reads may raise StoreError, writes AmbiguousWriteError too: the products are written already.
    """

    def __init__(self, context: Context) -> None:
        source_name = context.settings.source_name
        self._lists = PriceLists(context.api.client)
        self._stop = context.stop
        self._title = f"Sale prices of {source_name}"
        self._description = (
            f"Sale prices of the source {source_name}, written by medusa-sync. Keep this text."
        )
        self._list_ids: list[str] = []  # the oldest first; another run may create one at the same time
        self._prices: dict[str, list[StoredPrice]] | None = None  # by variant, the oldest first
        self._has_created = False  # a price since the copies were removed
        self._is_dry_run = context.is_dry_run
        self._loading = asyncio.Lock()

    async def read(
        self, wanted: Iterable[DesiredProduct], stored: list[StoredProduct | Unreadable]
    ) -> list[StoredProduct | Unreadable]:
        """Add the sale prices to stored products, if any of them has some, or gets some from the source."""
        if not have_sales(wanted, [each for each in stored if isinstance(each, StoredProduct)]):
            return stored
        prices = await self._load()

        def with_prices(variant: StoredVariant) -> StoredVariant:
            return structs.replace(variant, sale_prices=_oldest(prices.get(variant.id, ())))

        return [
            structs.replace(each, variants=tuple(map(with_prices, each.variants)))
            if isinstance(each, StoredProduct)
            else each
            for each in stored
        ]

    async def write(self, jobs: Group) -> None:
        """Set the sale prices of all variants in one call."""
        sold = [sale_prices(job.change, job.attempt.variants) for job in jobs]
        amounts = {key: amount for prices in sold for key, amount in prices.items()}
        try:
            await self._write(amounts)
        except _FAILURES:
            self._prices, self._list_ids = None, []  # read again what arrived
            raise

    async def _write(self, amounts: SalePrices) -> None:
        prices = await self._load()
        create: list[dict[str, Any]] = []
        update: list[dict[str, Any]] = []
        delete: list[str] = []
        for (variant_id, currency), amount in amounts.items():
            known = [each for each in prices.get(variant_id, ()) if each.currency_code == currency]
            wanted = {"variant_id": variant_id, "currency_code": currency, "amount": amount}
            if amount is None:
                delete += [each.id for each in known]
            elif known:
                update.append({"id": known[0].id, **wanted})
            else:
                create.append(wanted)
        if not (create or update or delete):
            return
        async with self._loading:
            list_id = await self._find_list(create_it=True)
        self._has_created |= bool(create)
        created = await self._lists.write(list_id, create=create, update=update, delete=delete)
        gone = set(delete)
        changed = {each["id"]: each["amount"] for each in update}
        for variant_id, _ in amounts:
            prices[variant_id] = [
                structs.replace(each, amount=changed.get(each.id, each.amount))
                for each in prices.get(variant_id, ())
                if each.id not in gone
            ]
        for listed in created:
            prices.setdefault(listed.variant_id, []).append(listed)

    async def remove_copies(self) -> bool:
        """Remove younger copies of prices, which two runs have created; returns whether none is left."""
        if self._has_created or (not self._is_dry_run and _copies(self._prices or {})):
            try:
                await retry(self._remove_copies, on=_FAILURES, attempts=_ATTEMPTS, stop=self._stop)
            except _FAILURES as error:
                words = "some sale prices may be stored twice until the next run: %s", error
                logger.warning(*words, extra={"event": "sale_prices_doubtful"})
                return False
            self._has_created = False
        return True

    async def _remove_copies(self, _attempt: int) -> None:
        self._prices = None
        if copies := _copies(await self._load()):
            self._prices = None
            list_id = await self._find_list(create_it=False)
            await self._lists.write(list_id, create=(), update=(), delete=copies)

    async def _load(self) -> dict[str, list[StoredPrice]]:
        async with self._loading:
            if self._prices is None:
                prices: dict[str, list[StoredPrice]] = {}
                list_id = await self._find_list(create_it=False)
                if list_id:
                    async for listed in self._lists.prices(list_id):  # by age
                        prices.setdefault(listed.variant_id, []).append(listed)
                self._prices = prices
            return self._prices

    async def _find_list(self, *, create_it: bool) -> str:
        """The id of the list; empty if there is none and it is not created.

        If two runs create it at the same time, the older one stays; only a run that writes deletes the other.
        """
        if not self._list_ids:
            self._list_ids = await self._lists.find(self._description)
            if not self._list_ids and create_it:
                await self._lists.create(self._title, self._description)
                self._list_ids = await self._lists.find(self._description)
        while create_it and len(self._list_ids) > 1:
            await self._lists.delete(self._list_ids.pop())
        return self._list_ids[0] if self._list_ids else ""


def _oldest(prices: Iterable[StoredPrice]) -> tuple[StoredPrice, ...]:
    """The oldest price in each currency; the others are copies, which another run has created."""
    found: dict[str, StoredPrice] = {}
    for each in prices:
        found.setdefault(each.currency_code, each)
    return tuple(found.values())


def _copies(prices: Mapping[str, Sequence[StoredPrice]]) -> list[str]:
    """The ids of all copies among the prices of variants."""
    found: list[str] = []
    for known in prices.values():
        oldest = _oldest(known)
        found += [each.id for each in known if each not in oldest]
    return found
