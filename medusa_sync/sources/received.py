"""Which products a source has sent so far, and whether these are enough."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing

from msgspec import structs

from medusa_sync.core.ids import IdSet
from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Delivered, Page, Rejected, Source, checked
from medusa_sync.spool import Spool

MAX_PRODUCTS = 1_000_000  # of an API: one whose total grows with every page would never end

_REPEATED = "id: duplicate; the first product with this id is used"


class Received:
    """The ids of the products of a source, valid or not."""

    def __init__(self, source_url: str) -> None:
        self._source_url = source_url
        self._valid = IdSet()
        self._rejected = IdSet()
        self._rows = 0

    def __contains__(self, source_id: str | None) -> bool:
        return source_id is not None and (source_id in self._valid or source_id in self._rejected)

    @property
    def valid(self) -> int:
        """The number of valid products, without duplicates."""
        return len(self._valid)

    def add(self, page: Page) -> list[Delivered] | None:
        """Return the rows of the next page, with duplicates rejected; None if the source has ended.

        Raises:
            SourceError: the source repeats itself, or does not end.
        """
        ids = [row.source_id for row in page.rows]
        if self._has_ended(ids, beyond_total=page.beyond_total, of_file=page.of_file):
            return None
        return [self._remember(row) for row in page.rows]

    def add_items(self, ids: Collection[str], *, beyond_total: bool) -> bool:
        """Add the identities of items that are not products yet; False if the source has ended.

        Raises:
            SourceError: the source repeats itself, or does not end.
        """
        if self._has_ended(ids, beyond_total=beyond_total, of_file=False):
            return False
        for each in ids:
            self._valid.add(each)
        return True

    def _has_ended(self, ids: Collection[str | None], *, beyond_total: bool, of_file: bool) -> bool:
        """Whether a page with these ids is only sent because the source has ended.

        Raises:
            SourceError: the source repeats itself, or does not end.
        """
        if beyond_total and all(source_id in self for source_id in ids):
            return True
        self._rows += len(ids)
        if self._rows > MAX_PRODUCTS and not of_file:
            raise SourceError(
                f"{self._source_url}: the source does not end: it has sent more than {MAX_PRODUCTS} products",
                hint="Check its paging, or read only its first products with --limit (SYNC_PRODUCTS_LIMIT).",
            )
        known = [source_id for source_id in ids if source_id is not None]
        if len(known) > 1 and all(source_id in self for source_id in known):
            raise SourceError(
                f"{self._source_url}: the source repeats itself: it sent a page with nothing new",
                hint="It seems to ignore `skip`, or its pages form a loop.",
            )
        return False

    def _remember(self, row: Delivered) -> Delivered:
        if isinstance(row, Rejected):
            if row.source_id is not None:
                self._rejected.add(row.source_id)
        elif row.source_id in self._rejected or not self._valid.add(row.source_id):
            return Rejected(row.external_id, row.source_id, row.title, _REPEATED)
        return row


class SpooledSource:
    """Keeps all pages of another source in a temporary file, and then delivers them.

    If the other source fails, or has too few valid products, no page is delivered.

    Args:
        source: the other one.
        url: of the source, for messages.
        min_products: how many valid products it must have, without duplicates.
    """

    def __init__(self, source: Source, url: str, *, min_products: int) -> None:
        self._source = source
        self._url = url
        self._min_products = min_products

    @property
    def format(self) -> str:
        return self._source.format

    @property
    def notes(self) -> Sequence[str]:
        return self._source.notes

    @property
    def in_one_piece(self) -> bool:
        return self._source.in_one_piece

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        received, first_rejected = Received(self._url), None
        spool = Spool[Page]()
        async with aclosing(self._source.pages(limit)) as pages:
            async for page in pages:
                page = structs.replace(page, rows=tuple(map(checked, page.rows)))  # noqa: PLW2901 - the same page
                rows = received.add(page)
                if rows is None:
                    break
                spool.add(page)
                rejected = (row for row in rows if isinstance(row, Rejected))
                first_rejected = first_rejected or next(rejected, None)
        if received.valid < self._min_products:
            raise self._too_few(received.valid, first_rejected)
        del received
        for page in spool:
            yield page

    async def category_names(self) -> Mapping[str, str]:
        return await self._source.category_names()

    async def has(self, source_id: str) -> bool | None:
        return await self._source.has(source_id)

    def _too_few(self, valid: int, rejected: Rejected | None) -> SourceError:
        reason = f"; the first one that is not valid: {rejected.reason}" if rejected is not None else ""
        return SourceError(
            f"{self._url}: the source has {valid} valid products, fewer than {self._min_products}{reason}",
            hint=(
                "Nothing was written. Check the source. If it is right, lower --min-products "
                "(SYNC_PRODUCTS_MIN_PRODUCTS)."
            ),
        )
