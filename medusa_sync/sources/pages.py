"""An API that delivers pages of JSON, such as that of DummyJSON."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from medusa_sync.errors import SourceError
from medusa_sync.http import Download, HttpClient, Rate
from medusa_sync.response import Response
from medusa_sync.sources.base import Page, Source
from medusa_sync.sources.categories import names_by_slug
from medusa_sync.sources.decoding import CHECK_SOURCE
from medusa_sync.sources.delivered import MappingOptions, deliver
from medusa_sync.sources.formats import GZIP, HEAD, ZSTD, recognise
from medusa_sync.sources.linked_pages import linked_pages
from medusa_sync.sources.mapping import usable_id
from medusa_sync.sources.numbered_pages import numbered_pages
from medusa_sync.sources.page_requests import PageRequests
from medusa_sync.sources.schema import Id

logger = logging.getLogger(__name__)

_LARGEST_PAGE = (
    "The same URL is answered without `limit` and `skip`. If the source has a largest page, name its size in "
    "the URL, such as ?limit=100."
)
_HOST = "dummyjson.com"
_RATE = Rate(100, 10)  # more are refused


def rate_of(url: str) -> Rate | None:
    """How many requests a source allows; None if that is not known."""
    return _RATE if urlsplit(url).hostname == _HOST else None


class _Product(Struct):
    id: Id


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
    - It is not JSON, or the server refuses the request: the URL is requested as it is given, and read as a
      file, with the proof of its format.

    Args:
        http: a client for the source.
        url: of the products, such as `https://dummyjson.com/products`; its query is sent with each request.
        mapping: options of the mapping.
        read_file: creates a source of a file; None if a response that is not JSON is an error.
    """

    def __init__(
        self,
        http: HttpClient,
        url: str,
        mapping: MappingOptions,
        *,
        read_file: Callable[[Callable[[], Awaitable[Download]]], Source] | None = None,
    ) -> None:
        self._api = PageRequests(http, url)
        self._deliver = partial(deliver, options=mapping)
        self._read_file = read_file
        self._file: Source | None = None
        self._is_dummyjson = True
        self._is_whole = False
        self._format = ""

    @property
    def format(self) -> str:
        return self._format if self._file is None else self._file.format

    @property
    def in_one_piece(self) -> bool:
        return self._is_whole if self._file is None else self._file.in_one_piece

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        first = await self._api.first(limit)
        if self._read_file is not None and not _is_page(first):
            self._file = self._read_file(partial(self._file_instead_of, first))
            pages = self._file.pages(limit)
        else:
            self._file = None
            page = self._api.read(first)
            self._format = "JSON pages"
            self._is_dummyjson = page.is_dummyjson and page.next_url is None
            self._is_whole = page.next_url is None and len(page.products) == page.total
            form = numbered_pages if page.next_url is None else linked_pages
            pages = form(self._api, page, limit, self._deliver)
        async with aclosing(pages):
            async for each in pages:
                yield each

    async def _file_instead_of(self, first: Download | Response) -> Download:
        """Request the URL as it is given: with our parameters, a server may send a part of a file, or refuse.

        Raises:
            SourceError: it has no file either. A page may not be the only one.
        """
        if isinstance(first, Download):
            first.file.close()
        file = await self._api.as_given()
        if not _is_page(file):
            return file
        file.file.close()
        if isinstance(first, Response):
            raise SourceError(str(self._api.refusal(first)), hint=_LARGEST_PAGE)
        raise SourceError(
            f"{self._api.url}: the response is JSON only without `limit` and `skip`", hint=CHECK_SOURCE
        )

    async def category_names(self) -> Mapping[str, str]:
        if self._file is not None:
            return await self._file.category_names()
        if not self._is_dummyjson:
            return {}
        try:
            response = await self._api.send(self._api.below("categories"), self._api.query)
        except SourceError as error:  # a name can be made of the slug
            words = "new categories are named after their slugs: %s", error
            logger.warning(*words, extra={"event": "category_names_missing"})
            return {}
        return names_by_slug(response.body) if response.status == HTTPStatus.OK else {}

    async def has(self, source_id: str) -> bool | None:
        """Whether the source has a product at its own URL; None if it does not answer as DummyJSON does."""
        if self._file is not None:
            return await self._file.has(source_id)
        if not self._is_dummyjson:
            return None
        response = await self._api.send(self._api.below(source_id), self._api.query)
        if response.status == HTTPStatus.OK and _id_of(response.body) == source_id:
            return True
        # DummyJSON's 404 for a product is JSON; its 404 for an unknown path is HTML.
        if response.status == HTTPStatus.NOT_FOUND and response.body.lstrip().startswith(b"{"):
            return False
        return None


def _id_of(body: bytes) -> str | None:
    """The id of a product; None if the body is something else."""
    try:
        return usable_id(msgspec.json.decode(body, type=_Product).id)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _is_page(got: Download | Response) -> bool:
    """Whether a response is a page: JSON that is not compressed again."""
    if isinstance(got, Response):  # with another status than 200
        return False
    head = got.file.read(HEAD)
    got.file.seek(0)
    if head.startswith((GZIP, ZSTD)):
        return False
    try:
        return recognise(head, got.url, got.content_type) == "json"
    except SourceError:  # it is raised again when it is read
        return False
