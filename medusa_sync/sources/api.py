"""An API that sends pages of JSON, such as that of DummyJSON."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

import msgspec
from msgspec import Struct, structs

from medusa_sync import http
from medusa_sync.errors import SourceError
from medusa_sync.http import Download, HttpClient, Rate
from medusa_sync.response import Response, describe_response, origin
from medusa_sync.sources import paging
from medusa_sync.sources.base import CHECK_SOURCE, Item, PageOfParts, Part, PartSource
from medusa_sync.sources.formats import GZIP, HEAD, ZSTD, named, recognise
from medusa_sync.sources.maps import BuiltIn, recognised
from medusa_sync.sources.paging import NUMBER, OFFSET, JsonPage, Kind, decode, identity, kind_of, read_pages
from medusa_sync.sources.text import decode_json, one_line

logger = logging.getLogger(__name__)

_SMALLER = (250, 100, 50)  # sizes of pages, if a larger one is refused
_TOO_LARGE = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 422})
_CHILDREN_AT_ONCE = 4
_FILES = frozenset({"ndjson", "csv", "xml"})  # formats that are not delivered in pages
_LARGEST_PAGE = (
    "The same URL is answered without `limit` and `skip`. If the source has a largest page, name its size in "
    "the URL, such as ?limit=100."
)
_ELSEWHERE = (
    "Set --source (SYNC_PRODUCTS_SOURCE) to the scheme, host and port of the pages: pages elsewhere are not "
    "read, because they would get the credentials of the source."
)
_ONE_PAGE = "Nothing was removed. Pages are followed only from a URL that does not end like a file."
_HINTS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "Set SYNC_PRODUCTS_SOURCE_AUTHORIZATION to the value of the header.",
    HTTPStatus.FORBIDDEN: "Check SYNC_PRODUCTS_SOURCE_AUTHORIZATION, and what these credentials may read.",
}
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
    try:
        categories = decode(body, list[_Category], "the response", "a list of categories")
    except SourceError:
        return {}
    return {category.slug: one_line(category.name) or "" for category in categories}


class ApiSource:
    """What a URL sends: pages of an API, or a file.

    The first response decides how the source is read, and what proves that it was read to its end: see the
    table `KINDS`. If it is not JSON, or the server refuses the request, the URL is requested as it is given,
    and read as a file, with the proof of its format. A URL that ends like a file is requested so at once; it
    may turn out to be a page of a known API.

    Args:
        http: a client for the source.
        url: of the products, such as `https://dummyjson.com/products`.
        format_: a value of `--source-format`.
        has_map: all items are wanted, whatever the limit is.
    """

    def __init__(self, http: HttpClient, url: str, *, format_: str = "auto", has_map: bool = False) -> None:
        self._api = _Requests(http, url)
        self._given_format = format_
        self._has_map = has_map
        self._is_file = format_ in _FILES or bool(named(urlsplit(url).path))
        self._file: PartSource | None = None
        self._is_dummyjson = True
        self._is_whole = False
        self._format = ""

    @property
    def format(self) -> str:
        return self._format if self._file is None else self._file.format

    @property
    def in_one_piece(self) -> bool:
        return self._is_whole if self._file is None else self._file.in_one_piece

    async def pages(self, limit: int | None) -> AsyncGenerator[PageOfParts, None]:
        self._file = None
        wanted = None if self._has_map else limit
        if self._is_file:
            pages = self._pages_of_file(await self._api.as_given())
        else:
            first = await self._api.first(wanted)
            if self._given_format == "auto" and not _is_page(first):
                pages = self._pages_of_file(await self._file_instead_of(first))
            else:
                pages = self._pages_from(self._api.read(first), wanted)
        async with aclosing(pages):
            async for each in pages:
                yield each

    async def _pages_of_file(self, download: Download) -> AsyncGenerator[PageOfParts, None]:
        from medusa_sync.sources.files import FileSource, open_download  # a URL with pages does not need it

        self._file = FileSource(
            partial(open_download, download), format_=self._given_format, as_items=self._has_map
        )
        known, is_first = None, True
        async with aclosing(self._file.pages(None)) as pages:
            async for page in pages:
                known = recognised(page.rows) if is_first else None
                if known is not None and known.pages is not None:
                    break
                is_first = False
                yield page
        if is_first and known is not None:
            self._file = None
            async with aclosing(self._numbered_pages(known)) as pages:
                async for page in pages:
                    yield page

    def _pages_from(self, first: JsonPage, limit: int | None) -> AsyncGenerator[PageOfParts, None]:
        known = recognised(map(Item, first.items))
        if known is not None and known.pages is not None and not self._api.is_numbered:
            return self._numbered_pages(known)
        kind = NUMBER if self._api.is_numbered else kind_of(first)
        wanted = None if known is not None else limit
        return self._read(kind, first, wanted, known, size=self._api.size, number=self._api.number)

    async def _numbered_pages(self, known: BuiltIn) -> AsyncGenerator[PageOfParts, None]:
        """The pages of an API that is recognised by the fields of its items."""
        name, size = known.pages or ("limit", paging.PAGE_SIZE)
        size = self._api.counts_by(name, size)
        first = await self._api.page(paging.number_query(name, size, 1))
        async with aclosing(self._read(NUMBER, first, None, known, size=size, size_name=name)) as pages:
            async for page in pages:
                yield page

    async def _read(
        self, kind: Kind, first: JsonPage, limit: int | None, known: BuiltIn | None, **how: Any
    ) -> AsyncGenerator[PageOfParts, None]:
        self._format = "JSON pages"
        self._is_dummyjson = first.is_dummyjson and kind is OFFSET
        self._is_whole = first.next_url is None and len(first.items) == first.total
        at_once = asyncio.Semaphore(_CHILDREN_AT_ONCE)
        async with aclosing(read_pages(self._api, kind, first, limit, **how)) as pages:
            async for page in pages:
                if known is None or not known.children:
                    yield page
                    continue
                tasks = [asyncio.create_task(self._complete(part, known, at_once)) for part in page.rows]
                try:
                    parts = await asyncio.gather(*tasks)
                finally:
                    await paging.cancel(tasks)
                yield structs.replace(page, rows=tuple(parts))

    async def _complete(self, part: Part, known: BuiltIn, at_once: asyncio.Semaphore) -> Part:
        """Put items that are at an address of their own in place of their ids."""
        item, name = _decoded(part), known.children
        ids = item.get(name)
        if not isinstance(part, Item) or not isinstance(ids, list) or not ids or isinstance(ids[0], dict):
            return part
        api = self._api.below(f"{quote(str(item.get('id')), safe='')}/{name}")
        size_name, largest = known.pages or ("limit", paging.PAGE_SIZE)
        size = api.counts_by(size_name, largest)
        children: list[Any] = []
        async with at_once:
            first = await api.page(paging.number_query(size_name, size, 1))
            async with aclosing(
                read_pages(api, NUMBER, first, None, size=size, size_name=size_name)
            ) as pages:
                async for page in pages:
                    children += map(_decoded, page.rows)
        return Item(item | {name: children}, part.place)

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
            response = await self._api.ask("categories")
        except SourceError as error:  # a name can be made of the slug
            words = "new categories are named after their slugs: %s", error
            logger.warning(*words, extra={"event": "category_names_missing"})
            return {}
        return names_by_slug(response.body) if response.status == HTTPStatus.OK else {}

    async def has(self, source_id: str) -> bool | None:
        """Whether the source has a product at its own URL; None if it does not answer as DummyJSON does."""
        if self._file is not None or not self._is_dummyjson:
            return None
        response = await self._api.ask(source_id)
        if response.status == HTTPStatus.OK and identity(msgspec.Raw(response.body)) == source_id:
            return True
        # DummyJSON's 404 for a product is JSON; its 404 for an unknown path is HTML.
        if response.status == HTTPStatus.NOT_FOUND and response.body.lstrip().startswith(b"{"):
            return False
        return None


def _decoded(part: Part) -> dict[str, Any]:
    """The object that an item is; empty if it is none."""
    value = part.value if isinstance(part, Item) else None
    try:
        value = decode_json(bytes(value)) if isinstance(value, msgspec.Raw) else value
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


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


class _Requests:
    """Requests to one API.

    Args:
        http: a client for the source.
        url: of the products; its query is sent with each request, except for `skip`. A `limit` in it is the
            size of pages if it is smaller than ours: some servers refuse larger ones. With a `page` in it,
            pages are counted, and the rest of the query is sent as it is.

    Attributes:
        url: without its query.
        is_numbered: the URL has the number of the first page.
        number: of the first page.
        size: of pages; 0 if the URL is sent as it is.
    """

    def __init__(self, http: HttpClient, url: str) -> None:
        self._given = url
        parts = urlsplit(url)
        self.url = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        self._query = [part for part in parts.query.split("&") if part]
        page = self._whole("page")
        self.is_numbered = page is not None
        self.number = 1 if page is None else page
        self.size = 0 if self.is_numbered else min(paging.PAGE_SIZE, self._whole("limit") or paging.PAGE_SIZE)
        self._ours = {"page"} if self.is_numbered else {"limit", "skip"}
        self._http = http

    def counts_by(self, name: str, size: int) -> int:
        """Request pages by their numbers, in this size or in a smaller one that the URL has."""
        self._ours = {"page", "limit", "skip", name}
        return min(size, self._whole(name) or size)

    def below(self, path: str) -> _Requests:
        """Requests to an address below that of the products, with the same query."""
        return _Requests(self._http, f"{self.url.rstrip('/')}/{path}?{'&'.join(self._own())}")

    async def first(self, limit: int | None) -> Download | Response:
        """Request the first page; it may be a file. Return a response if our parameters may be the reason.

        Raises:
            SourceError: the server wants other credentials, or the request fails.
        """
        if self.is_numbered:
            return await self._first(f"page={self.number}")
        got = await self._first(paging.offset_query(self.size, 0, limit))
        for size in _SMALLER:
            if not isinstance(got, Response) or got.status not in _TOO_LARGE:
                break
            if size < min(self.size, limit or self.size):
                self.size = size
                got = await self._first(paging.offset_query(size, 0, limit))
        return got

    async def _first(self, query: str) -> Download | Response:
        got = await self._http.download(self.url, query=self._with(query), limit=http.MAX_RESPONSE_BYTES)
        if isinstance(got, Response) and got.status == HTTPStatus.UNAUTHORIZED:
            raise self.refusal(got)
        return got

    async def as_given(self) -> Download:
        """Request a file: the URL without our parameters, because it may be signed.

        Raises:
            SourceError: there is no response, or its status is not 200.
        """
        query = urlsplit(self._given).query
        got = await self._http.download(self.url, query=query, headers={"accept": "*/*"})
        if isinstance(got, Response):
            raise self.refusal(got)
        if got.error is None and got.head.next_url is not None:
            reason = f"{self.url}: the file is one page of several: its Link header names the next one"
            got = structs.replace(got, error=SourceError(reason, hint=_ONE_PAGE))
        return got

    def read(self, first: Download | Response) -> JsonPage:
        """Decode the first page."""
        if isinstance(first, Response):
            raise self.refusal(first)
        with first.file:
            body = first.file.read(http.MAX_RESPONSE_BYTES + 1)
        if len(body) > http.MAX_RESPONSE_BYTES:
            raise SourceError(
                f"{self.url}: the response is longer than {http.MAX_RESPONSE_BYTES // 2**20} MB",
                hint="The source seems to ignore `limit`. A URL that ends in .json is read as one long file.",
            )
        if first.error is not None:
            raise first.error
        return _decoded_page(self.url, structs.replace(first.head, body=body))

    async def page(self, query: str) -> JsonPage:
        return await self._page(self.url, self._with(query))

    async def linked(self, url: str) -> JsonPage:
        """Request a page that another one named.

        An API behind a proxy may name it with `http`, because it does not know that the proxy uses HTTPS. The
        page is requested with the scheme of the source.

        Raises:
            SourceError: it is elsewhere, so it could get the credentials; or the request fails.
        """
        there, here = urlsplit(url), urlsplit(self.url)
        scheme, *place = origin(url)
        own_scheme, *own_place = origin(self.url)
        if scheme not in {"http", own_scheme} or place != own_place:
            host = f"{there.scheme}://{there.netloc.rpartition('@')[2]}"
            raise SourceError(
                f"{self.url}: the next page has another scheme, host or port: {host}", hint=_ELSEWHERE
            )
        return await self._page(urlunsplit((here.scheme, here.netloc, there.path, "", "")), there.query)

    async def ask(self, name: str) -> Response:
        """Request an address below that of the products; a slash at the end is kept."""
        slash = "/" if self.url.endswith("/") else ""
        url = f"{self.url.rstrip('/')}/{quote(name, safe='')}{slash}"
        return await self._http.send("GET", url, query="&".join(self._own()), repeatable=True)

    def refusal(self, response: Response, url: str = "") -> SourceError:
        """The error for a response with another status than 200."""
        hint = _HINTS.get(response.status, CHECK_SOURCE)
        return SourceError(
            f"{url or self.url}: {describe_response(response, self._http.redactor)}", hint=hint
        )

    def _own(self) -> list[str]:
        """The query without what says which page it is."""
        return [part for part in self._query if _name(part) not in self._ours]

    def _with(self, paging: str) -> str:
        return "&".join([*self._own(), paging])

    def _whole(self, name: str) -> int | None:
        """A parameter of the URL that is a whole number."""
        values = [part.partition("=")[2] for part in self._query if _name(part) == name]
        return int(values[-1]) if values and values[-1].isdecimal() else None

    async def _page(self, url: str, query: str) -> JsonPage:
        response = await self._http.send("GET", url, query=query, repeatable=True)
        if response.status != HTTPStatus.OK:
            raise self.refusal(response, url)
        return _decoded_page(url, response)


def _decoded_page(url: str, response: Response) -> JsonPage:
    page = paging.decode_page(response.body, f"{url}: the response")
    total, pages = (response.headers.get(name, "") for name in ("x-wp-total", "x-wp-totalpages"))
    if total.isdecimal() and pages.isdecimal():
        page = structs.replace(page, total=int(total), pages=max(int(pages), 1))
    return structs.replace(page, next_url=response.next_url or page.next_url, url=response.url)


def _name(part: str) -> str:
    """The name of a parameter, decoded."""
    return unquote_plus(part.partition("=")[0])
