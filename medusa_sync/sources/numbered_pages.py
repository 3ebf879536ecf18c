"""Pages that are requested by `limit` and `skip`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Delivered, Page
from medusa_sync.sources.json_page import JsonPage
from medusa_sync.sources.page_requests import PageRequests, cancel, ended_early

_PREFETCHED = 3  # pages that are requested at the same time, once the total is known


async def numbered_pages(
    api: PageRequests, page: JsonPage, limit: int | None, deliver: Callable[[Any], Delivered]
) -> AsyncGenerator[Page, None]:
    """The first page and all that follow, up to the total, else until a page is empty or has nothing new.

    Raises:
        SourceError: a page cannot be read, or the source ends before its total, or perhaps before its end.
    """
    position = 0
    previous: list[Delivered] = []
    has_more = False
    requests: dict[int, asyncio.Task[JsonPage]] = {}  # by position
    try:
        while True:
            total = page.total or 0
            rows = [*map(deliver, page.products[: None if limit is None else limit - position])]
            beyond_total = position > total
            if beyond_total and _are_same(rows, previous):  # `skip` is ignored, or there are no more
                was_cut_off = len(previous) == api.size(position - len(previous), limit)
                if rows and page.total is None and was_cut_off:
                    raise SourceError(
                        f"{api.url}: the source sent the same {len(previous)} products again",
                        hint="It seems to support `limit` but not `skip`, so it may have more products.",
                    )
                if has_more:
                    raise SourceError(
                        f"{api.url}: the source says that it has more products, but does not send them",
                        hint="No product was removed. It seems not to support `skip`.",
                    )
                return
            previous, has_more = rows, page.has_more
            position += len(rows)
            if not rows and position < total and position != limit:
                raise ended_early(api.url, position, total)
            # If the total is too small or missing, only a page with nothing new is the end.
            is_last = not rows or position in {page.total, limit}
            if not is_last:  # requested while the caller works on this page
                end = total if limit is None else min(total, limit)
                following = range(position, end, len(rows))[:_PREFETCHED] or [position]
                await cancel(requests.pop(each) for each in set(requests).difference(following))
                requests |= {each: api.begin(each, limit) for each in following if each not in requests}
            yield Page(tuple(rows), page.total, beyond_total)
            if is_last:
                return
            page = await requests.pop(position)
    finally:
        await cancel(requests.values())


def _are_same(rows: Sequence[Delivered], previous: Sequence[Delivered]) -> bool:
    """Whether the rows are the first ones of the page before; their contents may have changed."""
    return [row.source_id or row for row in rows] == [row.source_id or row for row in previous[: len(rows)]]
