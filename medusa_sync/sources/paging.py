"""How each kind of API is asked for its next page, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any
from urllib.parse import urldefrag, urljoin

from msgspec import Struct

from medusa_sync.core.ids import IdSet
from medusa_sync.response import origin
from medusa_sync.sources.base import Item, PageOfItems
from medusa_sync.sources.delivery import named
from medusa_sync.sources.json_page import JsonPage
from medusa_sync.sources.requests import Requests

MAX_PRODUCTS = 1_000_000  # one whose total grows with every page would never end
MAX_PAGES = 10_000  # of those that name the next one: they could go on forever
MAX_EMPTY = 100  # in a row

_PREFETCHED = 3  # pages that are requested at the same time, once the total is known
_FIRST = "Set page=1 in the query of --source, or read only some products with --limit (SYNC_PRODUCTS_LIMIT)."
_COUNTED = "If it has `page` or `offset` in its place, add page=1 or offset=0 to the query of --source."
_UNNAMED = "Nothing was removed. The next page must be named in a `Link` header or a field `next`."
_BROKEN = "Nothing was removed. The source is broken: each page must name the next one, and the last none."


# --- kinds ----------------------------------------------------------------------------------------------


class Position(Struct, frozen=True):
    """How far an API was read: the latest page, its number, and how many items came so far, or are wanted."""

    page: JsonPage
    number: int
    offset: int
    limit: int | None


class Kind(Struct, frozen=True):
    """A kind of paging (see docs/apis.md).

    Attributes:
        following: what to request next, as far as it is known; nothing after the last page.
        is_counted: the source can be asked for any page. If it ignores that, it sends the same page again.
    """

    following: Callable[[Requests, Position], Sequence[str]]
    is_counted: bool


def _offsets(api: Requests, at: Position) -> Sequence[str]:
    count, total = at.page.count, at.page.total or 0
    if not count or at.offset == at.page.total:
        return []
    end = total if at.limit is None else min(total, at.limit)
    # If the total is too small or missing, only a page with nothing new is the end.
    return [*map(api.at, range(at.offset, end, count)[:_PREFETCHED] or [at.offset])]


def _numbers(api: Requests, at: Position) -> Sequence[str]:
    pages, following = at.page.pages, at.number + 1
    is_last = pages is None and (at.page.is_last or at.offset == at.page.total)
    if is_last or (at.number >= pages if pages else not at.page.count):
        return []
    return [*map(api.at, range(following, max(following, pages or 0) + 1)[:_PREFETCHED])]


def _cursors(api: Requests, at: Position) -> Sequence[str]:
    return [api.sized(at.page.token)] if at.page.token else []


OFFSET = Kind(_offsets, is_counted=True)
NUMBER = Kind(_numbers, is_counted=True)
LINK = Kind(lambda _, at: [at.page.next_url] if at.page.next_url else [], is_counted=False)
CURSOR = Kind(_cursors, is_counted=False)


def kind_of(api: Requests, first: JsonPage) -> Kind:
    """The kind of an API, by the URL and the first response."""
    if api.is_numbered:
        return NUMBER
    if first.next_url is not None:
        return LINK
    if first.token:
        return CURSOR
    return LINK if first.is_item and not api.is_page else OFFSET


# --- reading --------------------------------------------------------------------------------------------


async def read_pages(api: Requests, first: JsonPage, limit: int | None) -> AsyncGenerator[PageOfItems, None]:
    """The first page and all that follow, until there are as many items as the limit.

    Raises:
        SourceError: a page cannot be read, the source repeats itself, it begins after its first page, or it
            ends before its total, or perhaps before its end.
    """
    kind = kind_of(api, first)
    if limit is None and kind is NUMBER and api.number > 1:
        raise api.error(f"the URL begins at page {api.number}, so the products before it are missing", _FIRST)
    reading, ahead, page = _Reading(api, kind, limit), _Ahead(api, kind), first
    try:
        while True:
            items = reading.items(page)
            if await reading.is_over(page, [*map(_identity, items)]):
                return
            following = reading.following(page)
            await ahead.request(following, page)
            if items or following or not reading.is_early(page):
                yield PageOfItems(items, page.total)
            if not following:
                reading.check_end(page)
                return
            page = await ahead.take(following[0])
            reading.number += 1
    finally:
        await ahead.close()


class _Reading:
    """Checks that an API goes on from page to page, and ends at its end.

    Attributes:
        number: of the page.
        position: how many items came so far.
    """

    def __init__(self, api: Requests, kind: Kind, limit: int | None) -> None:
        self._api, self._kind, self._limit = api, kind, limit
        self.number, self.position = api.number, 0
        self._empty = 0  # pages in a row
        self._seen = IdSet()
        self._previous: tuple[JsonPage, list[str]] = JsonPage([]), []

    def items(self, page: JsonPage) -> tuple[Item, ...]:
        return tuple(Item(each, f"item {n} of page {self.number}") for n, each in enumerate(page.items, 1))

    async def is_over(self, page: JsonPage, ids: list[str]) -> bool:
        """Whether a page has nothing new because the one before was the last.

        Raises:
            SourceError: it has nothing new although there must be more.
        """
        is_new = sum(map(self._seen.add, ids)) > 0
        previous, self._previous = self._previous, (page, ids)
        if is_new:
            return False
        is_open = self._kind is OFFSET or (self._kind is NUMBER and page.pages is None)
        if is_open and self.position > (page.total or 0):
            await _check_end(self._api, page, ids, *previous)
            return True
        if page.count > 1:
            hint = f"Its pages form a loop, or it ignores `skip`. {_COUNTED}"
            raise self._api.error("the source repeats itself: it sent a page with nothing new", hint)
        return False

    def following(self, page: JsonPage) -> Sequence[str]:
        """What to request after this page; nothing after the last one, or if there are enough items.

        Raises:
            SourceError: the source goes on forever.
        """
        self.position += page.count
        at = Position(page, self.number, self.position, self._limit)
        following = [] if self._is_enough else self._kind.following(self._api, at)
        self._empty = 0 if page.count or not following else self._empty + 1
        _check_length(self._api, self.position, self._empty)
        return following

    @property
    def _is_enough(self) -> bool:
        return self._limit is not None and self.position >= self._limit

    def is_early(self, last: JsonPage) -> bool:
        """Whether the source ended before its total."""
        return not self._is_enough and self.position < (last.total or 0)

    def check_end(self, last: JsonPage) -> None:
        """Check that nothing is missing after the last page.

        Raises:
            SourceError: the source says that there is more.
        """
        if self.is_early(last):
            hint = _COUNTED if last.is_item else "Run again; if it happens again, the source is broken."
            problem = f"the source ended after {self.position} of {last.total} products"
            raise self._api.error(problem, f"No product was removed. {hint}")
        has_more = last.has_more or (last.pages or 0) > self.number
        if has_more and not (self._is_enough or self._kind.is_counted or last.total):
            raise self._api.error("the source says that there are more, but not at which URL", _UNNAMED)


class _Ahead:
    """Pages that are requested while the caller works on the one before."""

    def __init__(self, api: Requests, kind: Kind) -> None:
        self._api, self._kind = api, kind
        self._requests: dict[str, asyncio.Task[JsonPage]] = {}
        self._named = set[str]()  # by the pages so far

    async def request(self, following: Sequence[str], page: JsonPage) -> None:
        """Request what follows this page, and nothing else any more."""
        await cancel([self._requests.pop(key) for key in self._requests.keys() - set(following)])
        for key in following:
            if key not in self._requests:
                self._requests[key] = asyncio.create_task(self._page(key, page))

    async def take(self, key: str) -> JsonPage:
        return await self._requests.pop(key)

    async def close(self) -> None:
        await cancel(self._requests.values())

    async def _page(self, key: str, before: JsonPage) -> JsonPage:
        """Request a page: by its part of the query, or by its URL if the page before names it."""
        if self._kind.is_counted:
            return await self._api.page(key)
        if self._kind is LINK:
            try:
                key = urldefrag(urljoin(before.url, key)).url
                origin(key)
            except ValueError as error:
                raise self._api.error("the URL of the next page is invalid", _BROKEN) from error
        if key in self._named:
            raise self._api.error("the pages form a loop: one names an earlier page", _BROKEN)
        if len(self._named) + 1 >= MAX_PAGES:
            hint = "No product was removed. Ask for larger pages in the query of --source."
            raise self._api.error(f"the source does not end: it has more than {MAX_PAGES} pages", hint)
        self._named.add(key)
        return await (self._api.linked(key) if self._kind is LINK else self._api.page(key))


def _identity(item: Item) -> str:
    """What tells an item from others: its id, else a digest of its contents."""
    source_id, _ = named(item)
    return blake2b(item.body, digest_size=16).hexdigest() if source_id is None else source_id


def _check_length(api: Requests, position: int, empty: int) -> None:
    """Check that the source does not go on forever."""
    endless = "the source does not end: it has sent"
    if position > MAX_PRODUCTS:
        hint = "Check its paging, or read only its first products with --limit (SYNC_PRODUCTS_LIMIT)."
        raise api.error(f"{endless} more than {MAX_PRODUCTS} products", hint)
    if empty == MAX_EMPTY:
        raise api.error(f"{endless} {empty} empty pages that name a next one", _BROKEN)


async def _check_end(
    api: Requests, page: JsonPage, ids: Sequence[str], previous: JsonPage, previous_ids: Sequence[str]
) -> None:
    """Check that a source that sends the page before again, or an empty one, has no others."""
    if ids != previous_ids[: len(ids)]:
        return
    if page.items and page.total is None and previous.count == (api.size or previous.count):
        # A static file has as many, whatever the size of a page is.
        smaller = await api.page(api.at(api.start, api.size - 1)) if api.size > 1 else JsonPage([])
        if [*map(_identity, map(Item, smaller.items))] != previous_ids:
            hint = "It seems to ignore which page is requested, so it may have more products."
            raise api.error(f"the source sent the same {previous.count} products again", hint)
    if previous.has_more or (page.items and (previous.pages or 0) > 1):
        hint = f"No product was removed. It seems to ignore `skip`. {_COUNTED}"
        raise api.error("the source says that it has more products, but does not send them", hint)


async def cancel(requests: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel requests, and wait until they have ended."""
    cancelled = list(requests)
    for request in cancelled:
        request.cancel()
    await asyncio.gather(*cancelled, return_exceptions=True)
