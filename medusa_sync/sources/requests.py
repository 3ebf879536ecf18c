"""Requests to an API: their URLs, and what a response is that is no page."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

from msgspec import structs

from medusa_sync import http
from medusa_sync.errors import SourceError
from medusa_sync.http import HttpClient
from medusa_sync.response import Download, Response, describe_response, origin
from medusa_sync.sources import base
from medusa_sync.sources.base import CHECK_SOURCE, ONE_PAGE
from medusa_sync.sources.json_files import read_page
from medusa_sync.sources.json_page import JsonPage
from medusa_sync.sources.text import fold, is_count

_SMALLER = (250, 100, 50)  # sizes of pages, if a larger one is refused
_TOO_LARGE = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 422})
# Folded names, such as `page[number]`, `pagination[page]` and Magento's `searchCriteria[currentPage]`:
_PAGE = ("page", "pagenumber", "paginationpage", "currentpage", "searchcriteriacurrentpage")
_OFFSET = ("offset", "pageoffset", "paginationstart")
_FILTERS = (  # of products; sent for the variations of one, they would leave some out
    "after before modified_after modified_before include exclude offset search search_sku slug sku "
    "stock_status on_sale min_price max_price"
)
_ELSEWHERE = (
    "Set --source (SYNC_PRODUCTS_SOURCE) to the scheme, host and port of the pages: pages elsewhere are not "
    "read, because they would get the credentials of the source."
)
_HINTS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: (
        "Set SYNC_PRODUCTS_SOURCE_AUTHORIZATION to the value of the Authorization header, "
        "such as 'Bearer ...'."
    ),
    HTTPStatus.FORBIDDEN: "Check SYNC_PRODUCTS_SOURCE_AUTHORIZATION, and what these credentials may read.",
}


class Requests:
    """Requests to one API.

    The query of the URL is sent with each request, except for `skip`. A `limit` in it is the size of pages if
    it is smaller than ours: some servers refuse larger ones. With an `offset` in it, that is sent in place of
    `skip`. With a `page` in it, pages are counted, and the rest of the query is sent as it is. Both may have
    other names.

    Attributes:
        url: of the products, without its query.
        is_page: the URL says which page it is.
        is_numbered: pages are requested by their number.
        start: the number of the first page, or the position of its first product.
        number: of the first page.
        size: of pages, as they are requested; 0 if it is not known.

    Args:
        as_items: a page without a list of items is one item.
    """

    def __init__(
        self, http: HttpClient, url: str, size: int = 0, size_name: str = "limit", *, as_items: bool = False
    ) -> None:
        parts = urlsplit(url)
        self.url = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        self._given = parts.query
        self._query = [
            (unquote_plus(part.partition("=")[0]), part) for part in parts.query.split("&") if part
        ]
        page, number = self._whole(*_PAGE)
        offset, _ = self._whole(*_OFFSET)
        skip, _ = self._whole("skip")
        _, limit = self._whole("limit")
        self.is_page = bool(page or offset or skip)
        self.is_numbered = bool(page)
        self.start = number if page else 0
        self.number = number if page else 1
        self.size = size if page else min(base.PAGE_SIZE, limit or base.PAGE_SIZE)
        self._size_name = size_name
        self._position = page or offset or "skip"
        self._ours = _PAGE if page else ("limit", "skip", *(_OFFSET if offset else ()))
        self._http = http
        self._as_items = as_items

    def counted(self, size_name: str, largest: int, path: str = "") -> Requests:
        """Requests for numbered pages of the largest size, or of a smaller one that the URL has.

        With a path, they are to an address below that of the products, without filters.
        """
        _, size = self._whole(fold(size_name))
        size = min(largest, size or largest)
        left_out = {"page", "limit", "skip", size_name, *(_FILTERS.split() if path else ())}
        others = [part for name, part in self._query if name not in left_out]
        url = f"{self.url.rstrip('/')}/{path}" if path else self.url
        return Requests(self._http, f"{url}?{'&'.join([*others, 'page=1'])}", size, size_name)

    # --- queries

    def at(self, position: int, size: int | None = None) -> str:
        """The query of the page with this number, or of the one that begins at this position."""
        return self.sized(f"{self._position}={position}", size)

    def sized(self, page: str, size: int | None = None) -> str:
        """The query of a page, with the size that pages have, if it is known."""
        size = self.size if size is None else size
        return f"{self._size_name}={size}&{page}" if size else page

    def _query_of(self, page: str = "") -> str:
        """The query of the URL, with what says which page it is."""
        own = [part for name, part in self._query if fold(name) not in self._ours]
        return "&".join([*own, page] if page else own)

    def _whole(self, *names: str) -> tuple[str, int]:
        """A parameter of the URL that is a whole number, as it is written; empty and 0 if there is none."""
        parts = [part.partition("=") for name, part in self._query if fold(name) in names]
        name, _, value = parts[-1] if parts else ("", "", "")
        return (name, int(value)) if is_count(value) else ("", 0)

    # --- requests

    async def first(self, limit: int | None) -> Download | Response:
        """Request the first page, with at most as many products as the limit; it may be a file.

        Return a response if our parameters may be the reason. For a map, the URL is requested as it is given
        then, because OData may refuse them.

        Raises:
            SourceError: the server wants other credentials, or the request fails.
        """
        self.size = min(self.size, limit or self.size)
        smaller = [each for each in _SMALLER if each < self.size]
        for size in (self.size, *smaller, *([0] if self._as_items else [])):
            self.size = size
            query = self._query_of(self.at(self.start)) if size else self._given
            got = await self._http.download(self.url, query=query, limit=http.MAX_RESPONSE_BYTES)
            if not isinstance(got, Response) or got.status not in _TOO_LARGE:
                break
        if isinstance(got, Response) and got.status == HTTPStatus.UNAUTHORIZED:
            raise self.refusal(got)
        return got

    async def as_given(self) -> Download:
        """Request a file: the URL without our parameters, because it may be signed.

        Raises:
            SourceError: there is no response, or its status is not 200.
        """
        got = await self._http.download(self.url, query=self._given, headers={"accept": "*/*"})
        if isinstance(got, Response):
            raise self.refusal(got)
        if got.error is None and got.head.next_url is not None:
            reason = "the file is one page of several: its Link header names the next one"
            got = structs.replace(got, error=self.error(reason, ONE_PAGE))
        return got

    def read(self, first: Download | Response) -> JsonPage:
        if isinstance(first, Response):
            raise self.refusal(first)
        with first.file:
            body = first.file.read(http.MAX_RESPONSE_BYTES + 1)
        if len(body) > http.MAX_RESPONSE_BYTES:
            hint = "The source seems to ignore `limit`. A URL that ends in .json is read as one long file."
            raise self.error(f"the response is longer than {http.MAX_RESPONSE_BYTES // 2**20} MB", hint)
        if first.error is not None:
            raise first.error
        return read_page(structs.replace(first.head, body=body), self.url, as_item=self._as_items)

    async def page(self, query: str) -> JsonPage:
        """Request a page by its part of the query."""
        return await self._page(self.url, self._query_of(query))

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
            raise self.error(f"the next page has another scheme, host or port: {host}", _ELSEWHERE)
        return await self._page(urlunsplit((here.scheme, here.netloc, there.path, "", "")), there.query)

    async def _page(self, url: str, query: str) -> JsonPage:
        response = await self._http.send("GET", url, query=query, repeatable=True)
        if response.status != HTTPStatus.OK:
            raise self.refusal(response, url)
        return read_page(response, url, as_item=self._as_items)

    async def ask(self, name: str) -> Response:
        """Request an address below that of the products; a slash at the end is kept."""
        slash = "/" if self.url.endswith("/") else ""
        url = f"{self.url.rstrip('/')}/{quote(name, safe='')}{slash}"
        return await self._http.send("GET", url, query=self._query_of(), repeatable=True)

    def error(self, problem: str, hint: str = CHECK_SOURCE) -> SourceError:
        return SourceError(f"{self.url}: {problem}", hint=hint)

    def refusal(self, response: Response, url: str = "") -> SourceError:
        """The error for a response with another status than 200."""
        reason = f"{url or self.url}: {describe_response(response, self._http.redactor)}"
        return SourceError(reason, hint=_HINTS.get(response.status, CHECK_SOURCE))
