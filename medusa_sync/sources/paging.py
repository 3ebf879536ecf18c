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
from medusa_sync.sources.json_page import JsonPage
from medusa_sync.sources.mapping import named
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
    if limit is None and kind is NUMBER and api.number > 1 and (first.total or first.pages):
        raise api.error(f"the URL begins at page {api.number}, so the products before it are missing", _FIRST)
    page, number, position, empty = first, api.number, 0, 0
    seen, previous, named = IdSet(), (JsonPage([]), list[str]()), set[str]()
    requests: dict[str, asyncio.Task[JsonPage]] = {}
    try:
        while True:
            total = page.total or 0
            items = tuple(Item(each, f"item {n} of page {number}") for n, each in enumerate(page.items, 1))
            ids = [*map(_identity, items)]
            is_new = sum(map(seen.add, ids)) > 0
            is_open = kind is OFFSET or (kind is NUMBER and page.pages is None)
            if not is_new and is_open and position > total:
                await _check_end(api, page, ids, *previous)
                return
            if not is_new and page.count > 1:
                hint = f"Its pages form a loop, or it ignores `skip`. {_COUNTED}"
                raise api.error("the source repeats itself: it sent a page with nothing new", hint)
            position += page.count
            is_enough = limit is not None and position >= limit
            following = [] if is_enough else kind.following(api, Position(page, number, position, limit))
            is_end = not following and not is_enough
            is_early = is_end and position < total
            empty = 0 if page.count or not following else empty + 1
            _check_length(api, position, empty)
            for key in requests.keys() - set(following):
                await cancel([requests.pop(key)])
            for key in following:  # requested while the caller works on this page
                if key not in requests:
                    requests[key] = asyncio.create_task(_request(api, kind, key, page, named))
            if items or not is_early:
                yield PageOfItems(items, page.total)
            if is_early:
                hint = _COUNTED if page.is_item else "Run again; if it happens again, the source is broken."
                problem = f"the source ended after {position} of {total} products"
                raise api.error(problem, f"No product was removed. {hint}")
            if is_end and not kind.is_counted and not total and (page.has_more or (page.pages or 0) > number):
                raise api.error("the source says that there are more, but not at which URL", _UNNAMED)
            if not following:
                return
            previous = page, ids
            page, number = await requests.pop(following[0]), number + 1
    finally:
        await cancel(requests.values())


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


async def _request(api: Requests, kind: Kind, key: str, page: JsonPage, named: set[str]) -> JsonPage:
    """Request a page: by its part of the query, or by its URL if the page before names it."""
    if kind.is_counted:
        return await api.page(key)
    if kind is LINK:
        try:
            key = urldefrag(urljoin(page.url, key)).url
            origin(key)
        except ValueError as error:
            raise api.error("the URL of the next page is invalid", _BROKEN) from error
    if key in named:
        raise api.error("the pages form a loop: one names an earlier page", _BROKEN)
    if len(named) + 1 >= MAX_PAGES:
        hint = "No product was removed. Ask for larger pages in the query of --source."
        raise api.error(f"the source does not end: it has more than {MAX_PAGES} pages", hint)
    named.add(key)
    return await (api.linked(key) if kind is LINK else api.page(key))


async def cancel(requests: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel requests, and wait until they have ended."""
    cancelled = list(requests)
    for request in cancelled:
        request.cancel()
    await asyncio.gather(*cancelled, return_exceptions=True)
