"""A source of another package: what is wrong with it is said with the name of the package."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, aclosing, redirect_stdout
from typing import Any, Self

from medusa_sync.errors import MedusaSyncError, SettingsError, SourceError
from medusa_sync.plug_ins import package_of, plug_in
from medusa_sync.sources.apart import Apart
from medusa_sync.sources.base import Item, ItemSource, PageOf, PageOfItems, SourceOf
from medusa_sync.sources.text import one_line

logger = logging.getLogger(__name__)

_SUBJECT = "--source (SYNC_PRODUCTS_SOURCE):"
_HINT = (
    "Nothing was removed. If nothing is wrong with what it reads, report this to its author, with the "
    "traceback that --verbose logs."
)


class PluggedSource(ItemSource):
    """The source that an installed package has for a URL.

    All of its code runs apart, so that it cannot keep a run from ending. In the context, what it prints goes
    to stderr, because stdout has the result.

    Raises:
        SettingsError: no package has one.
    """

    def __init__(self, url: str, *, has_map: bool) -> None:
        try:
            self._entry = plug_in(url)
        except ValueError as error:
            raise SettingsError([f"{_SUBJECT} {error}"]) from error
        self._url = url
        self._has_map = has_map
        self._package, self._scheme = package_of(self._entry), self._entry.name
        self._apart = Apart()
        self._stack = ExitStack()
        self._source: ItemSource | None = None

    def __enter__(self) -> Self:
        self._stack.enter_context(redirect_stdout(sys.stderr))
        self._stack.enter_context(self._apart)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    async def pages(self, limit: int | None) -> AsyncGenerator[PageOfItems, None]:
        count, total, number = 0, None, 0
        # A map may leave items out.
        wanted = None if self._has_map else limit
        try:
            async with aclosing(self._apart.all_of(lambda: self._own_pages(wanted))) as pages:
                async for page in pages:
                    count, total, number = count + len(page.rows), page.total, number + 1
                    yield page
        except MedusaSyncError:
            raise
        except Exception as error:
            logger.debug("traceback of the package", exc_info=True, extra={"event": "traceback"})
            message = f"the package {self._package} failed while it read {self._scheme}://: {error!r}"
            raise SourceError(message, hint=_HINT) from error
        finally:
            # Pages can shift; by default, a package says that they do not.
            self.in_one_piece = self.in_one_piece and number <= 1
        if limit is None and count < (total or 0):
            raise SourceError(f"the source ended after {count} of {total} products", hint=_HINT)

    async def category_names(self) -> Mapping[str, str]:
        try:
            return await self._apart.call(self._own_names)
        except Exception as error:  # noqa: BLE001 - a name can be made of the slug
            words = "new categories are named after their slugs: the package %s failed: %r"
            logger.warning(words, self._package, error, extra={"event": "category_names_missing"})
            return {}

    # --- apart

    async def _own_pages(self, limit: int | None) -> AsyncGenerator[PageOfItems, None]:
        source = self._opened()
        async with aclosing(source.pages(limit)) as pages:
            async for page in pages:
                _check(page)
                self._describe(source)
                yield page
        self._describe(source)

    def _describe(self, source: ItemSource) -> None:
        self.format, self.in_one_piece = str(source.format) or self._scheme, bool(source.in_one_piece)

    async def _own_names(self) -> Mapping[str, str]:
        names = await self._opened().category_names()
        if not all(isinstance(each, str) for item in names.items() for each in item):
            raise TypeError("its `category_names` returns something else than texts by texts")
        return {slug: one_line(name) or "" for slug, name in names.items()}

    def _opened(self) -> ItemSource:
        if self._source is not None:
            return self._source
        try:
            source = self._entry.load()(self._url)
        except MedusaSyncError:
            raise
        except (Exception, SystemExit) as error:
            problem = f"the package {self._package} cannot open {self._scheme}://: {error!r}"
            raise SettingsError([f"{_SUBJECT} {problem}"]) from error
        if not isinstance(source, SourceOf):
            problem = f"the package {self._package} returns {type(source).__name__}, not an ItemSource"
            raise SettingsError([f"{_SUBJECT} {problem}"])
        self._source = source
        return source


def _check(page: Any) -> None:
    """A run must not mistake anything else for products that are missing."""
    rows: Any = page.rows if isinstance(page, PageOf) else None
    is_page = isinstance(rows, tuple) and all(map(_is_item, rows))
    if not (is_page and isinstance(page.total, int | None)):
        raise TypeError("its `pages` sends something else than PageOfItems with a tuple of Item")


def _is_item(each: Any) -> bool:
    texts = (each.place, each.problem, *each.unused) if isinstance(each, Item) else (None,)
    return all(isinstance(text, str) for text in texts)
