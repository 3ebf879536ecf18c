"""JSON pages over HTTP, as DummyJSON delivers them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from msgspec import Meta, Raw, Struct

from medusa_sync.errors import SourceError
from medusa_sync.http import HttpClient, Query, Rate, describe_response
from medusa_sync.sources.base import Page
from medusa_sync.sources.categories import Category, names_by_slug
from medusa_sync.sources.decoding import CHECK_SOURCE, decode
from medusa_sync.sources.delivered import deliver

PAGE_SIZE = 1_000
RATE = Rate(100, 10)  # DummyJSON allows no more

_PREFETCHED = 3  # pages that are requested at the same time, once the total is known

T = TypeVar("T")


class HttpSource:
    """DummyJSON's API.

    Args:
        http: a client for the source.
        url: of the products, such as `https://dummyjson.com/products`; its query is sent with each request.
        source_name: the prefix of external ids.
        currency: of the prices.
        sale_prices: discounts become sale prices.
    """

    def __init__(
        self, http: HttpClient, url: str, *, source_name: str, currency: str, sale_prices: bool = False
    ) -> None:
        parts = urlsplit(url)
        self._http = http
        self._url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        query = parse_qsl(parts.query, keep_blank_values=True)
        self._query: Query = [(key, value) for key, value in query if key not in {"limit", "skip"}]
        self._deliver = partial(deliver, source_name=source_name, currency=currency, sale_prices=sale_prices)

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        position = 0
        previous: list[Any] = []
        requests = {0: self._request(0, limit)}  # by position
        try:
            while True:
                page = await requests.pop(position)
                products = page.products[: None if limit is None else limit - position]
                beyond_total = position > page.total
                if beyond_total and products == previous[: len(products)]:  # `skip` is ignored
                    return
                previous = products
                position += len(products)
                if not products and position < page.total and position != limit:
                    raise SourceError(
                        f"{self._url}: the source ended after {position} of {page.total} products",
                        hint="No product was removed. Run again; if it happens again, the source is broken.",
                    )
                # If the total is too small, only a page with nothing new is the end.
                is_last = not products or position in {page.total, limit}
                if not is_last:  # requested while the caller works on this page
                    end = page.total if limit is None else min(page.total, limit)
                    following = range(position, end, len(products))[:_PREFETCHED] or [position]
                    await _cancel(requests.pop(each) for each in set(requests).difference(following))
                    requests |= {
                        each: self._request(each, limit) for each in following if each not in requests
                    }
                yield Page(tuple(map(self._deliver, products)), page.total, beyond_total)
                if is_last:
                    return
        finally:
            await _cancel(requests.values())

    def _request(self, skip: int, limit: int | None) -> asyncio.Task[_Page]:
        size = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - skip)
        query = [*self._query, ("limit", size), ("skip", skip)]
        return asyncio.create_task(
            self._get(self._url, query, _Page, "a page of products", undecoded=_RawPage)
        )

    async def category_names(self) -> Mapping[str, str]:
        url = f"{self._url}/categories"
        return await names_by_slug(self._get(url, self._query, list[Category], "a list of categories"))

    async def has(self, source_id: str) -> bool:
        url = f"{self._url}/{quote(source_id, safe='')}"
        response = await self._http.send("GET", url, query=self._query, repeatable=True)
        if response.status == HTTPStatus.OK:
            return True
        # DummyJSON's 404 for a product is JSON; its 404 for an unknown path is HTML.
        if response.status == HTTPStatus.NOT_FOUND and response.body.lstrip().startswith(b"{"):
            return False
        described = describe_response(response, self._http.redactor)
        raise SourceError(
            f"{url}: cannot tell whether the source has the product ({described})",
            hint="Nothing was removed. The source must return 404 and JSON for an unknown product.",
        )

    async def _get(
        self, url: str, query: Query, type_: type[T], what: str, *, undecoded: type[T] | None = None
    ) -> T:
        response = await self._http.send("GET", url, query=query, repeatable=True)
        if response.status != HTTPStatus.OK:
            raise SourceError(f"{url}: {describe_response(response, self._http.redactor)}", hint=CHECK_SOURCE)
        return decode(response.body, type_, f"{url}: the response", what, undecoded=undecoded)


async def _cancel(requests: Iterable[asyncio.Task[_Page]]) -> None:
    cancelled = list(requests)
    for request in cancelled:
        request.cancel()
    await asyncio.gather(*cancelled, return_exceptions=True)


class _Page(Struct):
    products: list[Any]
    total: Annotated[int, Meta(ge=0)]


class _RawPage(_Page):
    products: list[Raw]  # decoded one at a time, which takes less memory
