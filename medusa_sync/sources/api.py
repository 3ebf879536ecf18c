"""A URL that sends pages of JSON, such as that of DummyJSON, or a file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Struct, structs

from medusa_sync.errors import SourceError
from medusa_sync.http import HttpClient
from medusa_sync.response import Download, Response
from medusa_sync.retry import Rate
from medusa_sync.sources.base import Item, ItemSource, PageOfItems
from medusa_sync.sources.formats import GZIP, HEAD, ZSTD, named, recognise
from medusa_sync.sources.json_page import JsonPage
from medusa_sync.sources.maps import BuiltIn, recognised
from medusa_sync.sources.paging import LINK, OFFSET, cancel, kind_of, read_pages
from medusa_sync.sources.requests import Requests
from medusa_sync.sources.text import decode_json, one_line

logger = logging.getLogger(__name__)

_CHILDREN_AT_ONCE = 4
_FILES = frozenset({"ndjson", "csv", "xml", "xlsx"})  # formats that are not delivered in pages
_LARGEST_PAGE = (
    "The same URL is answered without `limit` and `skip`. If the source has a largest page, name its size in "
    "the URL, such as ?limit=100. If it has `offset` in place of `skip`, add offset=0."
)
_HOST = "dummyjson.com"
_RATE = Rate(100, 10)  # more are refused


def rate_of(url: str) -> Rate | None:
    """How many requests a source allows; None if that is not known."""
    return _RATE if urlsplit(url).hostname == _HOST else None


class _Category(Struct):
    slug: str
    name: str


def names_by_slug(body: bytes) -> dict[str, str]:
    """The names in the response to `GET /products/categories`; empty if the body is something else."""
    with suppress(msgspec.MsgspecError, ValueError, RecursionError):
        categories = msgspec.convert(decode_json(body), list[_Category])
        return {category.slug: one_line(category.name) or "" for category in categories}
    return {}


class ApiSource(ItemSource):
    """What a URL sends: pages of an API, or a file.

    The first response decides how the source is read, and what proves that it was read to its end (see
    docs/apis.md). If it is not JSON, or the server refuses the request, the URL is requested as it is given,
    and read as a file, with the proof of its format. A URL that ends like a file is requested so at once; it
    may turn out to be a page of a known API. With a map, all items are wanted, whatever the limit is.
    """

    def __init__(self, http: HttpClient, url: str, *, format_: str = "auto", has_map: bool = False) -> None:
        self._api = Requests(http, url, as_items=has_map and format_ == "json")
        self._given_format = format_
        self._is_file = format_ in _FILES or bool(named(urlsplit(url).path))
        self._has_map = has_map
        self._is_dummyjson = True  # until a response shows that it is not

    async def pages(self, limit: int | None) -> AsyncGenerator[PageOfItems, None]:
        first = known = None
        wanted = None if self._has_map else limit
        got = await (self._api.as_given() if self._is_file else self._api.first(wanted))
        if self._is_file or (self._given_format == "auto" and not _is_page(got)):
            from medusa_sync.sources.files import open_download, read_items  # a URL with pages needs none

            self.in_one_piece, self._is_dummyjson = True, False
            file = got if self._is_file and isinstance(got, Download) else await self._file_instead_of(got)
            items = read_items(open_download(file), self._given_format, self, as_items=self._has_map)
            is_first = True
            async with aclosing(items) as pages:
                async for page in pages:
                    known = recognised(page.rows) if is_first else None
                    is_page = is_first and self._api.is_page and self.format == "JSON"
                    if is_page or (known is not None and known.size_name):
                        break
                    is_first = False
                    yield page
                else:
                    return
        else:
            first = self._api.read(got)
            known = recognised(map(Item, first.items))
        async with aclosing(self._pages_from(first, known, wanted)) as pages:
            async for page in pages:
                yield page

    async def _pages_from(
        self, first: JsonPage | None, known: BuiltIn | None, limit: int | None
    ) -> AsyncGenerator[PageOfItems, None]:
        """The pages of an API; it may be recognised by the fields of its items."""
        api = self._api
        if known is not None and known.size_name and (first is None or not api.is_numbered):
            api, first = api.counted(known.size_name, known.largest), None
        first = first or await api.page(api.at(api.start))
        self.format = "JSON pages"
        kind = kind_of(api, first)
        self.in_one_piece = first.next_url is None and (kind is LINK or first.count == first.total)
        self._is_dummyjson = first.is_dummyjson and kind is OFFSET
        at_once = asyncio.Semaphore(_CHILDREN_AT_ONCE)
        async with aclosing(read_pages(api, first, None if known else limit)) as pages:
            async for page in pages:
                if known is None or not known.children:
                    yield page
                    continue
                tasks = [asyncio.create_task(self._complete(item, known, at_once)) for item in page.rows]
                try:
                    items = await asyncio.gather(*tasks)
                finally:
                    await cancel(tasks)
                yield structs.replace(page, rows=tuple(items))

    async def _complete(self, item: Item, known: BuiltIn, at_once: asyncio.Semaphore) -> Item:
        """Put items that are at an address of their own in place of their ids."""
        product, name = item.decoded, known.children
        ids = product.get(name)
        if not isinstance(ids, list) or not ids or isinstance(ids[0], dict):
            return item
        path = f"{quote(str(product.get('id')), safe='')}/{name}"
        api = self._api.counted(known.size_name, known.largest, path)
        children: list[Any] = []
        async with at_once, aclosing(read_pages(api, await api.page(api.at(1)), None)) as pages:
            async for page in pages:
                children += [each.decoded for each in page.rows]
        return Item(product | {name: children}, item.place)

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
        raise self._api.error("the response is JSON only without `limit` and `skip`")

    async def category_names(self) -> Mapping[str, str]:
        if not self._is_dummyjson:
            return {}
        try:
            response = await self._api.ask("categories")
        except SourceError as error:  # a name can be made of the slug
            words = "new categories are named after their slugs: %s", error
            logger.warning(*words, extra={"event": "category_names_missing"})
            return {}
        return names_by_slug(response.body) if response.status == HTTPStatus.OK else {}


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
