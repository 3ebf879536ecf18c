"""Which products a source has sent so far."""

from __future__ import annotations

from medusa_sync.core.ids import IdSet
from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Delivered, Page, Rejected

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
        if page.beyond_total and all(row.source_id in self for row in page.rows):
            return None
        self._rows += len(page.rows)
        if self._rows > MAX_PRODUCTS and not page.of_file:
            raise SourceError(
                f"{self._source_url}: the source does not end: it has sent more than {MAX_PRODUCTS} products",
                hint="Check its paging, or read only its first products with --limit (SYNC_PRODUCTS_LIMIT).",
            )
        ids = [row.source_id for row in page.rows if row.source_id is not None]
        if len(ids) > 1 and all(source_id in self for source_id in ids):
            raise SourceError(
                f"{self._source_url}: the source repeats itself: it sent a page with nothing new",
                hint="It seems to ignore `skip`, or its pages form a loop.",
            )
        return [self._remember(row) for row in page.rows]

    def _remember(self, row: Delivered) -> Delivered:
        if isinstance(row, Rejected):
            if row.source_id is not None:
                self._rejected.add(row.source_id)
        elif row.source_id in self._rejected or not self._valid.add(row.source_id):
            return Rejected(row.external_id, row.source_id, row.title, _REPEATED)
        return row
