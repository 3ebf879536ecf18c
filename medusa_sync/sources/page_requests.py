"""Requests for JSON pages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

from msgspec import structs

from medusa_sync import http
from medusa_sync.errors import SourceError
from medusa_sync.http import Download, HttpClient
from medusa_sync.response import Response, origin
from medusa_sync.sources.download import download
from medusa_sync.sources.json_page import JsonPage, decode_page
from medusa_sync.sources.refusal import refusal

PAGE_SIZE = 1_000

_ELSEWHERE = (
    "Set --source (SYNC_PRODUCTS_SOURCE) to the scheme, host and port of the pages: pages elsewhere are not "
    "read, because they would get the credentials of the source."
)


class PageRequests:
    """Requests to one API.

    Args:
        http: a client for the source.
        url: of the products; its query is sent with each request, except for `skip`. A `limit` in it is the
            size of pages if it is smaller than ours: some servers refuse larger ones.

    Attributes:
        url: without its query.
        query: as it is in the URL, without `limit` and `skip`.
    """

    def __init__(self, http: HttpClient, url: str) -> None:
        self._given = url
        parts = urlsplit(url)
        self.url = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        given = [part for part in parts.query.split("&") if part]
        self.query = "&".join(part for part in given if _name(part) not in {"limit", "skip"})
        asked = next((part.partition("=")[2] for part in reversed(given) if _name(part) == "limit"), "")
        self._size = min(PAGE_SIZE, int(asked) or PAGE_SIZE) if asked.isdecimal() else PAGE_SIZE
        self._http = http

    async def first(self, limit: int | None) -> Download | Response:
        """Request the first page; it may be a file. Return a response if our parameters may be the reason.

        Raises:
            SourceError: the server wants other credentials, or the request fails.
        """
        query = self._paging(0, limit)
        got = await self._http.download(self.url, query=query, limit=http.MAX_RESPONSE_BYTES)
        if isinstance(got, Response) and got.status == HTTPStatus.UNAUTHORIZED:
            raise self.refusal(got)
        return got

    async def as_given(self) -> Download:
        """Request the URL without our parameters."""
        return await download(self._http, self._given)

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
        return self._decode(self.url, structs.replace(first.head, body=body))

    def begin(self, skip: int, limit: int | None) -> asyncio.Task[JsonPage]:
        """Begin to request the products from `skip` on."""
        return asyncio.create_task(self._page(self.url, self._paging(skip, limit)))

    async def follow(self, url: str) -> JsonPage:
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

    async def get(self, url: str, query: str) -> Response:
        """Send a request.

        Raises:
            SourceError: it fails, or the status is not 200.
        """
        response = await self.send(url, query)
        if response.status != HTTPStatus.OK:
            raise refusal(url, response, self._http.redactor)
        return response

    async def send(self, url: str, query: str) -> Response:
        return await self._http.send("GET", url, query=query, repeatable=True)

    def refusal(self, response: Response) -> SourceError:
        return refusal(self.url, response, self._http.redactor)

    def size(self, skip: int, limit: int | None) -> int:
        """The number of products to request."""
        return self._size if limit is None else min(self._size, limit - skip)

    def below(self, name: str) -> str:
        """A URL below that of the products, such as that of one product; a slash at the end is kept."""
        slash = "/" if self.url.endswith("/") else ""
        return f"{self.url.rstrip('/')}/{quote(name, safe='')}{slash}"

    def _paging(self, skip: int, limit: int | None) -> str:
        paging = f"limit={self.size(skip, limit)}&skip={skip}"
        return f"{self.query}&{paging}" if self.query else paging

    async def _page(self, url: str, query: str) -> JsonPage:
        return self._decode(url, await self.get(url, query))

    def _decode(self, url: str, response: Response) -> JsonPage:
        page = decode_page(response.body, f"{url}: the response")
        return structs.replace(page, next_url=response.next_url or page.next_url, url=response.url)


def _name(part: str) -> str:
    """The name of a parameter, decoded."""
    return unquote_plus(part.partition("=")[0])


async def cancel(requests: Iterable[asyncio.Task[JsonPage]]) -> None:
    """Cancel requests, and wait until they have ended."""
    cancelled = list(requests)
    for request in cancelled:
        request.cancel()
    await asyncio.gather(*cancelled, return_exceptions=True)


def ended_early(url: str, position: int, total: int) -> SourceError:
    return SourceError(
        f"{url}: the source ended after {position} of {total} products",
        hint="No product was removed. Run again; if it happens again, the source is broken.",
    )
