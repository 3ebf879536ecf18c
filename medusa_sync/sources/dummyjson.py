"""DummyJSON's API, or a file of the same shape."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import msgspec
from msgspec import Meta, Raw, Struct

from medusa_sync.errors import SourceError
from medusa_sync.http import HttpClient, Query, Rate, describe_response
from medusa_sync.sources import lenient
from medusa_sync.sources.base import Page
from medusa_sync.sources.mapping import readable, to_row
from medusa_sync.sources.text import one_line

logger = logging.getLogger(__name__)

PAGE_SIZE = 1_000
RATE = Rate(100, 10)  # DummyJSON allows no more
MAX_FILE_BYTES = 512 * 1024 * 1024
SAMPLE = Path(__file__).with_name("sample") / "products.json"
"""The catalogue that comes with the package."""

_PREFETCHED = 3  # pages that are requested at the same time, once the total is known
_CHECK_URL = (
    "Check --source (SYNC_PRODUCTS_SOURCE): it must be the URL of the products, such as "
    "https://dummyjson.com/products."
)

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
        self._to_row = partial(to_row, source_name=source_name, currency=currency, sale_prices=sale_prices)

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
                yield Page(tuple(map(self._to_row, products)), page.total, beyond_total)
                if is_last:
                    return
        finally:
            await _cancel(requests.values())

    def _request(self, skip: int, limit: int | None) -> asyncio.Task[_Page]:
        size = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - skip)
        query = [*self._query, ("limit", size), ("skip", skip)]
        return asyncio.create_task(self._get(self._url, query, _Page, "a page of products"))

    async def category_names(self) -> Mapping[str, str]:
        url = f"{self._url}/categories"
        return await _names(self._get(url, self._query, list[_Category], "a list of categories"))

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

    async def _get(self, url: str, query: Query, type_: type[T], what: str) -> T:
        response = await self._http.send("GET", url, query=query, repeatable=True)
        if response.status != HTTPStatus.OK:
            raise SourceError(f"{url}: {describe_response(response, self._http.redactor)}", hint=_CHECK_URL)
        return _decode(response.body, type_, f"{url}: the response", what)


async def _cancel(requests: Iterable[asyncio.Task[_Page]]) -> None:
    cancelled = list(requests)
    for request in cancelled:
        request.cancel()
    await asyncio.gather(*cancelled, return_exceptions=True)


class FileSource:
    """A file with the JSON of `GET /products?limit=0`.

    If there is a `categories.json` beside it, it holds the JSON of `GET /products/categories`.
    """

    def __init__(self, path: Path, *, source_name: str, currency: str, sale_prices: bool = False) -> None:
        self._path = path
        self._to_row = partial(to_row, source_name=source_name, currency=currency, sale_prices=sale_prices)

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        content = await _load(self._path, _File, "a file of products")
        count = len(content.products)
        total = count if content.total is None else content.total
        if count < total:
            raise SourceError(
                f"{self._path}: the file has {count} of {total} products",
                hint="Write the file under another name, rename it when it is complete, and run again.",
            )
        products = content.products[:limit]
        for start in range(0, len(products) or 1, PAGE_SIZE):
            yield Page(tuple(map(self._to_row, products[start : start + PAGE_SIZE])), total)

    async def category_names(self) -> Mapping[str, str]:
        path = self._path.with_name("categories.json")
        return await _names(_load(path, list[_Category], "a list of categories")) if path.exists() else {}

    async def has(self, source_id: str) -> bool | None:  # noqa: ARG002 - the interface's
        return None


class _Page(Struct):
    products: list[Any]
    total: Annotated[int, Meta(ge=0)]


class _File(Struct):
    products: list[Any]
    total: Annotated[int, Meta(ge=0)] | None = None


class _Category(Struct):
    slug: str
    name: str


class _RawPage(_Page):
    products: list[Raw]


class _RawFile(_File):
    products: list[Raw]


_UNDECODED: Mapping[type[Any], type[Any]] = {_Page: _RawPage, _File: _RawFile}
"""The products are decoded one at a time, which takes less memory."""


async def _names(categories: Awaitable[Iterable[_Category]]) -> dict[str, str]:
    """Names by slug; empty if they cannot be read, because a name can be made of the slug."""
    try:
        return {category.slug: one_line(category.name) or "" for category in await categories}
    except SourceError as error:
        logger.warning(
            "new categories are named after their slugs: %s", error, extra={"event": "category_names_missing"}
        )
        return {}


async def _load(path: Path, type_: type[T], what: str) -> T:
    return _decode(await asyncio.to_thread(_read, path), type_, f"{path}: the file", what)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SourceError(
                f"{path}: the file is larger than {MAX_FILE_BYTES // 2**20} MB",
                hint="Serve the catalogue at a URL instead: a URL is read in pages.",
            )
        return path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"{path}: the file cannot be read ({error.strerror})",
            hint="Set --source (SYNC_PRODUCTS_SOURCE) to a URL or to the path of a readable JSON file.",
        ) from error


def _decode(body: bytes, type_: type[T], subject: str, what: str) -> T:
    """Decode with msgspec, or leniently if that fails, so that only one product is rejected.

    Raises:
        SourceError: neither can decode it.
    """
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        body.decode()  # products are decoded later, so check here that all of it is UTF-8
        decoded: T = msgspec.json.decode(body, type=_UNDECODED.get(type_, type_))
        return decoded
    try:
        return msgspec.convert(lenient.decode(body), type_)
    except RecursionError as error:
        raise SourceError(f"{subject} is nested too deeply to be {what}", hint=_CHECK_URL) from error
    except msgspec.ValidationError as error:
        raise SourceError(f"{subject} is not {what}: {readable(error)}", hint=_CHECK_URL) from error
    except ValueError as error:  # not JSON, or not UTF-8
        kind = "is HTML, not JSON" if body.lstrip()[:1] == b"<" else f"is not complete JSON ({error})"
        raise SourceError(f"{subject} {kind}", hint=_CHECK_URL) from error
