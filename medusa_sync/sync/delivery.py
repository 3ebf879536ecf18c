"""Reads a source once, and remembers which products it delivered."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Delivered, Source
from medusa_sync.sources.received import Received


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
        self._limit = limit
        self._received = Received(source_url)

    async def pages(self) -> AsyncGenerator[list[Delivered], None]:
        """The rows of each page. If the source fails, the pages end and `error` is set."""
        try:
            async with aclosing(self._source.pages(self._limit)) as pages:
                async for page in pages:
                    rows = self._received.add(page)
                    if rows is None:
                        return
                    self.total = page.total
                    yield rows
        except SourceError as error:
            self.error = error

    def __contains__(self, source_id: str | None) -> bool:
        return source_id in self._received

    async def has(self, source_id: str) -> bool:
        """Whether the source has a product now; if only its pages can tell, whether it was delivered.

        Raises:
            SourceError: the source gives no clear response.
        """
        has = await self._source.has(source_id)
        return source_id in self if has is None else has
