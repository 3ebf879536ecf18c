"""Reads a source once, and remembers which products it delivered."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Rejected, Row, Source, Unchecked
from medusa_sync.sync.ids import IdSet

MAX_PRODUCTS = 1_000_000  # a source whose total grows with every page would never end

_REPEATED = "id: the source delivered it twice; the first one counts"


class Delivery:
    """The pages of a source, without duplicates.

    It contains the id of each product that the source delivered, valid or not.

    Attributes:
        total: how many products the source says it has; None if it does not say.
        error: why reading ended early; None if the source was complete.
    """

    def __init__(self, source: Source, *, source_url: str, limit: int | None) -> None:
        self.total: int | None = None
        self.error: SourceError | None = None
        self._source = source
        self._source_url = source_url
        self._limit = limit
        self._valid = IdSet()
        self._rejected = IdSet()
        self._rows = 0

    async def pages(self) -> AsyncGenerator[list[Row | Unchecked], None]:
        """The rows of each page. If the source fails, the pages end and `error` is set."""
        try:
            async with aclosing(self._source.pages(self._limit)) as pages:
                async for page in pages:
                    if page.beyond_total and all(row.source_id in self for row in page.rows):
                        return
                    rows = self._accept(page.rows)
                    self.total = page.total
                    yield rows
        except SourceError as error:
            self.error = error

    def __contains__(self, source_id: str | None) -> bool:
        return source_id is not None and (source_id in self._valid or source_id in self._rejected)

    async def has(self, source_id: str) -> bool:
        """Whether the source has a product now; if only its pages can tell, whether it was delivered.

        Raises:
            SourceError: the source gives no clear response.
        """
        has = await self._source.has(source_id)
        return source_id in self if has is None else has

    def _accept(self, rows: Sequence[Row | Unchecked]) -> list[Row | Unchecked]:
        self._rows += len(rows)
        if self._rows > MAX_PRODUCTS:
            raise SourceError(
                f"{self._source_url}: the source does not end: it has sent more than {MAX_PRODUCTS} products",
                hint="Check its paging, or read only its first products with --limit (SYNC_PRODUCTS_LIMIT).",
            )
        ids = [row.source_id for row in rows if row.source_id is not None]
        if len(ids) > 1 and all(source_id in self for source_id in ids):
            raise SourceError(
                f"{self._source_url}: the source repeats itself: it sent a page with nothing new",
                hint="It seems to ignore `skip`; a source must support paging by `limit` and `skip`.",
            )
        return [self._remember(row) for row in rows]

    def _remember(self, row: Row | Unchecked) -> Row | Unchecked:
        if isinstance(row, Rejected):
            if row.source_id is not None:
                self._rejected.add(row.source_id)
        elif not self._valid.add(row.source_id):
            return Rejected(row.external_id, row.source_id, row.title, _REPEATED)
        return row
