"""Reads big pages of the whole store, to see which products are up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import count, islice
from math import inf
from typing import Self

from medusa_sync.core.product import DesiredProduct
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.decode import Scanned, summary
from medusa_sync.medusa.lists import Page
from medusa_sync.sync.read.overview import Overview
from medusa_sync.sync.settings import RunSettings

PAGE_SIZE = 2_000  # 3 to 7 times cheaper per product than look-ups by id
LOOK_UP = 200  # products in a look-up; about 300 external ids fit into a request line

_AT_ONCE = 4
_PAGE_COST = 2  # a page costs as much as two look-ups


class Scan:
    """Reads the pages.

    A scan can only prove that a product is up to date: while others write, products move between pages. So a
    product that it does not show is looked up by its external id, unless one page showed the whole store. A
    stale product is read again before it is written.

    Attributes:
        size: how many products the store had when the scan began.
        is_complete: all pages were read.
        overview: what the pages show.
    """

    def __init__(self, api: AdminApi, settings: RunSettings) -> None:
        self.size = 0
        self.is_complete = False
        self.overview = Overview(settings)
        self._api = api
        self._first_page: asyncio.Task[None]
        self._step = 0
        self._is_ready = False
        self._is_snapshot = False  # one response showed the whole store

    async def __aenter__(self) -> Self:
        self._first_page = asyncio.create_task(self._begin())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._first_page.cancel()
        await asyncio.gather(self._first_page, return_exceptions=True)

    @property
    def is_empty(self) -> bool:
        """Whether the store certainly had no products when the scan began."""
        return self._is_snapshot and not self.size

    @property
    def may_adopt(self) -> bool:
        """Whether the store may have products without an external id."""
        return self.overview.has_others or not self._is_snapshot

    @property
    def may_have_plain_ids(self) -> bool:
        """Whether it may have external ids without the name of a source."""
        return self.overview.has_plain_ids or not self._is_snapshot

    async def begun(self) -> None:
        """Wait for the first page.

        Raises:
            StoreError: the store is unavailable, or refuses the credentials.
        """
        await asyncio.shield(self._first_page)

    async def ready(self, wanted: int | None) -> None:
        """Wait for all pages, or only for the first if it is cheaper to look up the wanted products.

        Args:
            wanted: how many products the source has; None if it does not say, or if all pages are needed.

        Raises:
            StoreError: the store is unavailable, or refuses the credentials.
        """
        await self.begun()
        if self._is_ready:
            return
        self._is_ready = True
        look_ups = inf if wanted is None else -(-wanted // LOOK_UP)
        if not self.is_complete and self._pages_left() * _PAGE_COST <= look_ups:
            await self._read_rest()

    async def complete(self) -> None:
        """Read the pages that `ready` has left out.

        Raises:
            StoreError: the store cannot be read.
        """
        if not self.is_complete:
            await self._read_rest()

    def lacks(self, product: DesiredProduct) -> bool:
        """Whether the store certainly did not have the product when the scan began."""
        return self._is_snapshot and product.source_id not in self.overview.source_ids

    async def hidden(self, absent: Sequence[DesiredProduct]) -> list[DesiredProduct]:
        """Return the products that the store has although a look-up did not find them: its index may lag.

        Raises:
            StoreError: the store cannot be read.
        """
        if not self._api.may_lag:
            return []
        await self.complete()
        return [product for product in absent if product.source_id in self.overview.source_ids]

    async def _begin(self) -> None:
        page = await self._api.scan(0, PAGE_SIZE)
        self.overview.delay = self.overview.delay.at(self._api.client.store_time)
        self.size, self._step = page.count or 0, len(page.entries)  # the server may limit the size of a page
        self._is_snapshot = page.is_last
        self._take(page)

    async def _read_rest(self) -> None:
        offsets = count(self._step, self._step)
        expected = islice(offsets, self._pages_left())
        readers = [asyncio.create_task(self._read(expected)) for _ in range(_AT_ONCE)]
        try:
            await asyncio.gather(*readers)
        finally:
            for reader in readers:
                reader.cancel()
        while not self.is_complete:
            await self._read(islice(offsets, 1))

    def _pages_left(self) -> int:
        """How many pages follow the first one, according to the store; the last one is not full."""
        return self.size // self._step

    async def _read(self, offsets: Iterator[int]) -> None:
        for offset in offsets:
            self._take(await self._api.scan(offset, PAGE_SIZE))

    def _take(self, page: Page[Scanned]) -> None:
        self.is_complete = self.is_complete or page.is_last
        for product in map(summary, page.entries):  # one at a time takes less memory
            self.overview.add(product)
