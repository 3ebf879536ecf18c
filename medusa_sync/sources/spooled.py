"""A source that is read to its end before its first product is used."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from msgspec import structs

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Page, Rejected, Source, checked
from medusa_sync.sources.received import Received
from medusa_sync.spool import Spool


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
