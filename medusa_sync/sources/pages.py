"""An API that delivers pages of JSON, such as that of DummyJSON."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import partial
from http import HTTPStatus
from os import SEEK_END
from urllib.parse import quote

from medusa_sync import http
from medusa_sync.errors import SourceError
from medusa_sync.http import Download, HttpClient, Rate
from medusa_sync.sources.base import Page, Source
from medusa_sync.sources.categories import Category, names_by_slug
from medusa_sync.sources.decoding import decode
from medusa_sync.sources.delivered import MappingOptions, deliver
from medusa_sync.sources.formats import GZIP, HEAD, ZSTD, is_html, recognise
from medusa_sync.sources.linked_pages import linked_pages
from medusa_sync.sources.numbered_pages import numbered_pages
from medusa_sync.sources.page_requests import PageRequests

RATE = Rate(100, 10)  # DummyJSON allows no more


class HttpSource:
    """An API.

    The first response decides how the source is read, and what proves that it was read to its end:

    - It names the next page, in a `Link` header with `rel="next"` or in its member `next`: pages are
      followed as they name each other. The last one names none. If it has a `total`, so many products came.
    - It has a `total`: pages are requested by `limit` and `skip`. So many products came. If more come, the
      end is that of a source without a total.
    - It has neither: pages are requested in the same way. The last one is empty or has nothing new. If a
      source sends the same page again, with as many products as were requested, it may have more, so that
      is an error. A source that ignores `skip` and has a smaller page size of its own is not recognized.
    - It is not JSON: it is read as a file, with the proof of its format.

    Args:
        http: a client for the source.
        url: of the products, such as `https://dummyjson.com/products`; its query is sent with each request.
        mapping: options of the mapping.
        read_file: creates a source of a response that is not JSON; None if that is an error.
    """

    def __init__(
        self,
        http: HttpClient,
        url: str,
        mapping: MappingOptions,
        *,
        read_file: Callable[[Download], Source] | None = None,
    ) -> None:
        self._api = PageRequests(http, url)
        self._deliver = partial(deliver, options=mapping)
        self._read_file = read_file
        self._file: Source | None = None
        self._is_dummyjson = True
        self._format = ""

    @property
    def format(self) -> str:
        return self._format if self._file is None else self._file.format

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        first = await self._api.first(limit, most=http.MAX_RESPONSE_BYTES)
        if self._read_file is not None and not _is_json(first):
            if first.file.seek(0, SEEK_END) > http.MAX_RESPONSE_BYTES:  # too long for a page, not for a file
                first.file.close()
                first = await self._api.first(limit, most=http.MAX_DOWNLOAD_BYTES)
            first.file.seek(0)
            self._file = self._read_file(first)
            pages = self._file.pages(limit)
        else:
            page = self._api.read(first)
            self._format = "JSON pages"
            self._is_dummyjson = page.is_dummyjson and page.next_url is None
            form = numbered_pages if page.next_url is None else linked_pages
            pages = form(self._api, page, limit, self._deliver)
        async with aclosing(pages):
            async for each in pages:
                yield each

    async def category_names(self) -> Mapping[str, str]:
        if self._file is not None:
            return await self._file.category_names()
        return await names_by_slug(self._categories()) if self._is_dummyjson else {}

    async def _categories(self) -> list[Category]:
        url = f"{self._api.url}/categories"
        response = await self._api.get(url, self._api.query)
        return decode(response.body, list[Category], f"{url}: the response", "a list of categories")

    async def has(self, source_id: str) -> bool | None:
        """Whether DummyJSON has a product; None for other APIs, which may not have a URL for each product."""
        if self._file is not None:
            return await self._file.has(source_id)
        if not self._is_dummyjson:
            return None
        url = f"{self._api.url}/{quote(source_id, safe='')}"
        response = await self._api.send(url, self._api.query)
        if response.status == HTTPStatus.OK:
            return True
        # DummyJSON's 404 for a product is JSON; its 404 for an unknown path is HTML.
        if response.status == HTTPStatus.NOT_FOUND and response.body.lstrip().startswith(b"{"):
            return False
        raise SourceError(
            f"{url}: cannot tell whether the source has the product ({self._api.describe(response)})",
            hint="Nothing was removed. The source must return 404 and JSON for an unknown product.",
        )


def _is_json(first: Download) -> bool:
    """Whether a response is a page. HTML is none, but the message that it is not JSON is the right one."""
    head = first.file.read(HEAD)
    first.file.seek(0)
    if not head or is_html(head):
        return True
    if head.startswith((GZIP, ZSTD)):
        return False
    try:
        return recognise(head, first.url, first.content_type) == "json"
    except SourceError:  # it is raised again when it is read
        return False
