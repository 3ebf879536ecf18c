"""Pages that name the next one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any
from urllib.parse import urldefrag

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Page, Row
from medusa_sync.sources.json_page import JsonPage
from medusa_sync.sources.page_requests import PageRequests, cancel, ended_early

MAX_PAGES = 10_000  # otherwise they could go on forever


async def linked_pages(
    api: PageRequests, page: JsonPage, limit: int | None, to_row: Callable[[Any], Row]
) -> AsyncGenerator[Page, None]:
    """The first page and all that follow, up to one that names no other.

    Raises:
        SourceError: a page cannot be read, is at another host or was read before, or the last one comes
            before the total of the source.
    """
    position = 0
    named = set[str]()
    while True:
        rows = [*map(to_row, page.products[: None if limit is None else limit - position])]
        position += len(rows)
        url = page.next_url if position != limit else None
        request = None
        if url is not None:
            _remember(api.url, urldefrag(url).url, named)
            request = api.begin_next(url)  # while the caller works on this page
        try:
            yield Page(tuple(rows), page.total)
            if request is None:
                break
            page = await request
        finally:
            await cancel([request] if request is not None else [])
    if position < (page.total or 0) and position != limit:
        raise ended_early(api.url, position, page.total or 0)


def _remember(source: str, url: str, named: set[str]) -> None:
    if url in named:
        raise SourceError(
            f"{source}: the pages of the source form a loop: one of them names a page that was named before",
            hint="No product was removed. The source is broken: its last page must not name a next one.",
        )
    if len(named) + 1 >= MAX_PAGES:
        raise SourceError(
            f"{source}: the source does not end: it has more than {MAX_PAGES} pages",
            hint="No product was removed. Ask the source for larger pages in the query of --source.",
        )
    named.add(url)
