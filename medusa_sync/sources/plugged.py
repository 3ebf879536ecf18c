"""A source of another package: what is wrong with it is said with the name of the package."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from medusa_sync.errors import MedusaSyncError, SettingsError, SourceError
from medusa_sync.plug_ins import package_of, plug_in
from medusa_sync.sources.base import Item, ItemSource, PageOf, PageOfItems, SourceOf

logger = logging.getLogger(__name__)

_HINT = (
    "Nothing was removed. If nothing is wrong with what it reads, report this to its author, with the "
    "traceback that --verbose logs."
)


class PluggedSource(ItemSource):
    """The source that an installed package has for a URL.

    Raises:
        SettingsError: no package has one, or the package is broken.
    """

    def __init__(self, url: str, *, has_map: bool) -> None:
        self._has_map = has_map
        subject = "--source (SYNC_PRODUCTS_SOURCE):"
        try:
            entry = plug_in(url)
        except ValueError as error:
            raise SettingsError([f"{subject} {error}"]) from error
        self._package, self._scheme = package_of(entry), entry.name
        try:
            source = entry.load()(url)
        except MedusaSyncError:
            raise
        except Exception as error:
            problem = f"the package {self._package} cannot open {self._scheme}://: {error!r}"
            raise SettingsError([f"{subject} {problem}"]) from error
        if not isinstance(source, SourceOf):
            problem = f"the package {self._package} returns {type(source).__name__}, not an ItemSource"
            raise SettingsError([f"{subject} {problem}"])
        self._source: ItemSource = source

    async def pages(self, limit: int | None) -> AsyncGenerator[PageOfItems, None]:
        count, total = 0, None
        try:
            # A map may leave items out.
            async with aclosing(self._source.pages(None if self._has_map else limit)) as pages:
                async for page in pages:
                    _check(page)
                    count, total = count + len(page.rows), page.total
                    yield page
        except MedusaSyncError:
            raise
        except Exception as error:
            logger.debug("traceback of the package", exc_info=True, extra={"event": "traceback"})
            message = f"the package {self._package} failed while it read {self._scheme}://: {error!r}"
            raise SourceError(message, hint=_HINT) from error
        finally:
            self.format = self._source.format or self._scheme
            self.in_one_piece = self._source.in_one_piece
        if limit is None and count < (total or 0):
            raise SourceError(f"the source ended after {count} of {total} products", hint=_HINT)

    async def category_names(self) -> Mapping[str, str]:
        return await self._source.category_names()


def _check(page: Any) -> None:
    """A run must not mistake anything else for products that are missing."""
    is_page = isinstance(page, PageOf) and all(isinstance(each, Item) for each in page.rows)
    if not (is_page and isinstance(page.total, int | None)):
        raise TypeError("its `pages` sends something else than PageOfItems with a tuple of Item")
