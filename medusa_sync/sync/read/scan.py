"""Reads big pages of the whole store, to see which products are up to date."""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice
from math import inf
from typing import Self

from medusa_sync.core.change import withheld_earlier
from medusa_sync.core.fields import NEWEST
from medusa_sync.core.ids import IdSet, is_in, source_id_of
from medusa_sync.core.kinds.copies import remain
from medusa_sync.core.product import DesiredProduct, Withheld
from medusa_sync.core.record import Record
from medusa_sync.core.run_settings import SettingsOfRecords
from medusa_sync.core.stored import StoredProduct, Unreadable
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.decode import Scanned, summary
from medusa_sync.medusa.lists import Page
from medusa_sync.sources.base import Unchecked
from medusa_sync.sync.settings import RunSettings

PAGE_SIZE = 2_000  # 3 to 7 times cheaper per product than look-ups by id
LOOK_UP = 200  # products in a look-up; about 300 external ids fit into a request line

_AT_ONCE = 4
_PAGE_COST = 2  # a page costs as much as two look-ups


class Scan:
    """The products of a source in the store.

    A scan can only prove that a product is up to date: while others write, products move between pages. So a
    product that it does not show is looked up by its external id, unless one page showed the whole store. A
    stale product is read again before it is written. Only a hash of each product is kept.

    Attributes:
        size: how many products the store had when the scan began.
        may_adopt: the store may have products without an external id.
        may_have_plain_ids: it may have external ids without the name of a source.
        source_ids: of the products with an external id of the source that the scan saw.
        unrecorded: those of them without a record: the merchant may have created them.
        variants: how many variants of the source they have.
        withheld: values that their variants do not get, by external id.
        recorded_settings: of all records of the source, also those of other shards.
        location: id of the stock location that its stock is at; empty if no record shows it.
        is_complete: all pages were read.
        owners: external ids of the products of the source that have such values.
        statuses: source ids by the status of their products, of those whose records lack newer fields.
        marked: products that are marked as missing, or have variants that are, by external id; each with the
            variants that are removed later, by key, and since when they are missing.
        delay: until what is missing is removed, at the time of the store.
        uncopied: how many products have an image that could not be copied, by its mark.
    """

    def __init__(self, api: AdminApi, settings: RunSettings) -> None:
        self.size = 0
        self.may_adopt = self.may_have_plain_ids = True
        self.source_ids = IdSet()
        self.unrecorded: set[str] = set()
        self.variants = 0
        self.withheld: dict[str, tuple[Withheld, ...]] = {}
        self.recorded_settings = SettingsOfRecords()
        self.location = ""
        self.owners: set[str] = set()
        self.is_complete = False
        self.statuses: dict[str, IdSet] = {}
        self.marked: dict[str, Mapping[str, float]] = {}
        self.delay = settings.delay
        self.uncopied = Counter[str]()
        self._api = api
        self._settings = settings
        self._removable = settings.removable
        self._first_page: asyncio.Task[None]
        self._step = 0
        self._is_ready = False
        self._is_snapshot = False  # one response showed the whole store
        self._up_to_date = array("q")  # hashes of what is applied; sorted when all pages are read
        self._copied: set[str] = set()  # source ids that were seen twice

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
    def owned(self) -> Iterator[str]:
        """Source ids of the products that this tool has written."""
        return (source_id for source_id in self.source_ids if source_id not in self.unrecorded)

    @property
    def owned_size(self) -> int:
        return len(self.source_ids) - len(self.unrecorded)

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
        self._sort()

    async def complete(self) -> None:
        """Read the pages that `ready` has left out.

        Raises:
            StoreError: the store cannot be read.
        """
        if not self.is_complete:
            await self._read_rest()
            self._sort()

    def status(self, product: DesiredProduct) -> str | None:
        """The status of a product whose record lacks newer fields; None if it was not shown."""
        found = (status for status, ids in self.statuses.items() if product.source_id in ids)
        return next(filter(None, found), None)

    def lacks(self, product: DesiredProduct) -> bool:
        """Whether the store certainly did not have the product when the scan began."""
        return self._is_snapshot and product.source_id not in self.source_ids

    async def hidden(self, absent: Sequence[DesiredProduct]) -> list[DesiredProduct]:
        """Return the products that the store has although a look-up did not find them: its index may lag.

        Raises:
            StoreError: the store cannot be read.
        """
        if not self._api.may_lag:
            return []
        await self.complete()
        return [product for product in absent if product.source_id in self.source_ids]

    async def _begin(self) -> None:
        page = await self._api.scan(0, PAGE_SIZE)
        self.delay = self.delay.at(self._api.client.store_time)
        self.size, self._step = page.count or 0, len(page.entries)  # the server may limit the size of a page
        self._is_snapshot = page.is_last
        self.may_adopt = self.may_have_plain_ids = not page.is_last
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

    def _sort(self) -> None:
        self._up_to_date = array("q", sorted(self._up_to_date))

    def shows(self, product: DesiredProduct | Unchecked, content: object) -> bool:
        """Whether the product is certainly up to date.

        Args:
            product: of the source.
            content: of the record that it would get, or the digest of what the source delivered.
        """
        places = dict.fromkeys((self.location, ""))  # some products have no stock there
        is_shown = any(self._has(hash((product.external_id, content, place))) for place in places)
        return is_shown and product.source_id not in self._copied

    def _has(self, wanted: int) -> bool:
        index = bisect_left(self._up_to_date, wanted)
        return index < len(self._up_to_date) and self._up_to_date[index] == wanted

    def _take(self, page: Page[Scanned]) -> None:
        self.is_complete = self.is_complete or page.is_last
        for product in map(summary, page.entries):  # one at a time takes less memory
            external_id = product.external_id or ""
            self.may_adopt |= not external_id
            source_id = source_id_of(self._settings.source_name, external_id)
            if source_id is None:  # not from this source
                self.may_have_plain_ids |= bool(external_id) and ":" not in external_id
                continue
            if isinstance(product, StoredProduct) and product.record is not None:
                self.recorded_settings.add(product.record)
            if not is_in(self._settings.shard, external_id):
                continue  # not in this shard
            is_first = self.source_ids.add(source_id)
            if not is_first:
                self._copied.add(source_id)
            if isinstance(product, Unreadable):  # it has a record
                self.unrecorded.discard(source_id)
            elif product.record is not None:
                self.unrecorded.discard(source_id)
                self._take_record(external_id, product.record)
                if product.record.knows < NEWEST:
                    self.statuses.setdefault(product.status, IdSet()).add(source_id)
            elif is_first:
                self.unrecorded.add(source_id)

    def has_more(self, record: Record) -> bool:
        """Whether a product has a mark to end, or variants to remove or mark that the source has dropped."""
        return bool(record.missing_since) or any(
            each.dropped in self._removable and not self.delay.is_pending(each.missing_since)
            for each in record.variants.values()
        )

    def _take_record(self, external_id: str, record: Record) -> None:
        self.variants += len(record.variants)
        self.uncopied.update(record.copies.failed.keys() if record.copies else ())
        if record.missing_since or any(each.missing_since for each in record.variants.values()):
            self.marked[external_id] = {
                key: each.missing_since
                for key, each in record.variants.items()
                if each.dropped in self._removable and self.delay.is_pending(each.missing_since)
            }
        if record.withheld:
            self.withheld[external_id] = withheld_earlier(record)
            self.owners.update(each.owner_id for each in self.withheld[external_id])
        selection = self._settings.plan.selection
        if remain(record, self._settings.copying, selection):
            return
        if record.is_settled and not self.has_more(record):
            place = record.locations.get("", "") if selection.has_items else ""
            self._up_to_date.append(hash((external_id, selection.of(record).content, place)))
            if record.source:
                self._up_to_date.append(hash((external_id, record.source, place)))
