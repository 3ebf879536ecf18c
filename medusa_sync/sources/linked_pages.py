"""Pages that name the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any
from urllib.parse import urldefrag, urljoin

from medusa_sync.errors import SourceError
from medusa_sync.response import origin
from medusa_sync.sources.base import Delivered, Page
from medusa_sync.sources.json_page import JsonPage
from medusa_sync.sources.page_requests import PageRequests, cancel, ended_early

MAX_PAGES = 10_000  # otherwise they could go on forever
MAX_EMPTY = 100  # in a row

_BROKEN = "Nothing was removed. The source is broken: each page must name the next one, and the last none."


async def linked_pages(
    api: PageRequests, page: JsonPage, limit: int | None, deliver: Callable[[Any], Delivered]
) -> AsyncGenerator[Page, None]:
    """The first page and all that follow, up to one that names no other.

    Raises:
        SourceError: a page cannot be read, is at another host or was read before, too many are empty, or the
            last one comes before the total of the source.
    """
    position = empty = 0
    named = set[str]()
    while True:
        rows = [*map(deliver, page.products[: None if limit is None else limit - position])]
        position += len(rows)
        empty = 0 if rows else empty + 1
        if empty == MAX_EMPTY and page.next_url is not None:
            raise SourceError(
                f"{api.url}: the source does not end: it has sent {empty} empty pages that name a next one",
                hint=_BROKEN,
            )
        request = None
        if page.next_url is not None and position != limit:  # requested while the caller works on this page
            request = asyncio.create_task(_follow(api, page, named))
        try:
            yield Page(tuple(rows), page.total)
            if request is None:
                break
            page = await request
        finally:
            await cancel([request] if request is not None else [])
    if position < (page.total or 0) and position != limit:
        raise ended_early(api.url, position, page.total or 0)


async def _follow(api: PageRequests, page: JsonPage, named: set[str]) -> JsonPage:
    """Request the next page, whose URL is added to those that pages have named."""
    try:
        url = urldefrag(urljoin(page.url, page.next_url or "")).url
        origin(url)
    except ValueError as error:
        raise SourceError(f"{api.url}: the URL of the next page is invalid", hint=_BROKEN) from error
    if url in named:
        raise SourceError(
            f"{api.url}: the pages form a loop: one names an earlier page",
            hint=_BROKEN,
        )
    if len(named) + 1 >= MAX_PAGES:
        raise SourceError(
            f"{api.url}: the source does not end: it has more than {MAX_PAGES} pages",
            hint="No product was removed. Ask for larger pages in the query of --source.",
        )
    named.add(url)
    return await api.follow(url)
