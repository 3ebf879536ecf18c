"""The ids of the products that a source has sent so far, and a source of which all or nothing is used."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from msgspec import structs

from medusa_sync.core.ids import IdSet
from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Delivered, Page, Rejected, checked
from medusa_sync.spool import Spool

_REPEATED = "id: duplicate; the first product with this id is used"


class Received:
    """The ids of the products of a source, valid or not."""

    def __init__(self) -> None:
        self.valid = 0  # products, without duplicates
        self._ids = IdSet()

    def __contains__(self, source_id: str | None) -> bool:
        return source_id in self._ids

    def add(self, row: Delivered) -> Delivered:
        """The next row; it is rejected if it is a duplicate."""
        is_new = row.source_id is not None and self._ids.add(row.source_id)
        if isinstance(row, Rejected):
            return row
        self.valid += is_new
        return row if is_new else Rejected(row.external_id, row.source_id, row.title, _REPEATED)


async def all_or_nothing(
    pages: AsyncGenerator[Page, None], name: str, *, min_products: int
) -> AsyncGenerator[Page, None]:
    """The pages, which are kept in a temporary file until all of them have been read.

    Raises:
        SourceError: reading them fails, or there are too few valid products, without duplicates.
    """
    received, first_rejected = Received(), None
    spool = Spool[Page]()
    async with aclosing(pages):
        async for page in pages:
            rows = tuple(map(checked, page.rows))
            spool.add(structs.replace(page, rows=rows))
            rejected = [row for row in map(received.add, rows) if isinstance(row, Rejected)]
            first_rejected = first_rejected or next(iter(rejected), None)
    if received.valid < min_products:
        reason = f"; the first one that is not valid: {first_rejected.reason}" if first_rejected else ""
        raise SourceError(
            f"{name}: the source has {received.valid} valid products, fewer than {min_products}{reason}",
            hint=(
                "Nothing was written. Check the source. If it is right, lower --min-products "
                "(SYNC_PRODUCTS_MIN_PRODUCTS)."
            ),
        )
    del received
    for page in spool:
        yield page
