"""The source: DummyJSON's pages, or a file of the same shape, decoded one product at a time."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import msgspec
from msgspec import Meta, Struct

from medusa_sync.core.idset import IdSet
from medusa_sync.core.result import Outcome, Result
from medusa_sync.errors import SourceError
from medusa_sync.http import HttpClient, Query, describe_answer
from medusa_sync.sources.mapping import external_id, one_line
from medusa_sync.sources.schema import SourceProduct

logger = logging.getLogger(__name__)

PAGE_SIZE = 100
MAX_PRODUCTS = 1_000_000  # a source whose total grows with every page would never end
MAX_FILE_BYTES = 512 * 1024 * 1024

_LONGEST_INT = 20  # digits
_TITLE_LENGTH = 200
_REPEATED = "id: the source delivered it twice; the first one counts"
_CHECK_URL = (
    "Check --source (SYNC_PRODUCTS_SOURCE); it is the address of the products, such as "
    "https://dummyjson.com/products."
)

T = TypeVar("T")
Row = SourceProduct | Outcome  # a product, or why it is rejected


class Page(Struct, frozen=True):
    """Rows as they were delivered.

    Attributes:
        total: how many products the source says it has; None where it does not say.
    """

    rows: tuple[Row, ...]
    total: int | None


class Source(Protocol):
    def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        """All products in the order of the source, or the first `limit` of them.

        Raises:
            SourceError: the source is unavailable, malformed, or ends short of its own total.
        """

    async def category_names(self) -> Mapping[str, str]:
        """Display names by slug, of the categories that the source names."""

    def has_delivered(self, source_id: int) -> bool:
        """Whether a product was among the pages, valid or not."""

    async def has(self, source_id: int) -> bool:
        """Ask the source for one product.

        Raises:
            SourceError: it does not say.
        """


class HttpSource:
    """DummyJSON's API.

    Args:
        http: a client for the source.
        url: of the products, such as `https://dummyjson.com/products`; its own query is kept.
        source_name: the prefix of external ids.
    """

    def __init__(self, http: HttpClient, url: str, *, source_name: str) -> None:
        parts = urlsplit(url)
        self._http = http
        self._url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        query = parse_qsl(parts.query, keep_blank_values=True)
        self._query: Query = [(key, value) for key, value in query if key not in {"limit", "skip"}]
        self._rows = RowReader(source_name)

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        ask = self._ask(0, limit)
        position = 0
        before: list[Any] = []
        try:
            while True:
                page = await ask
                if limit is not None:  # which the source may have ignored
                    del page.products[limit - position :]
                if position > page.total and not self._rows.has_new(page.products, before):
                    return
                before = page.products
                position += len(page.products)
                if not page.products and position < page.total and position != limit:
                    raise SourceError(
                        f"{self._url}: the source ended after {position} of {page.total} products",
                        hint="Nothing was taken for gone. Run again; if it stays so, the source is broken.",
                    )
                # A total that is too small is no end: then only a page without anything new is.
                more = bool(page.products) and position not in {page.total, limit}
                if more:  # fetched while the caller works on this page
                    ask = self._ask(position, limit)
                yield Page(self._rows.read(page.products, self._url), page.total)
                if not more:
                    return
        finally:
            ask.cancel()
            await asyncio.gather(ask, return_exceptions=True)

    def _ask(self, skip: int, limit: int | None) -> asyncio.Task[_Page]:
        size = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - skip)
        query = [*self._query, ("limit", size), ("skip", skip)]
        return asyncio.create_task(self._get(self._url, query, _Page, "a page of products"))

    async def category_names(self) -> Mapping[str, str]:
        url = f"{self._url}/categories"
        return await _names(self._get(url, self._query, list[_Category], "a list of categories"))

    def has_delivered(self, source_id: int) -> bool:
        return self._rows.has_delivered(source_id)

    async def has(self, source_id: int) -> bool:
        url = f"{self._url}/{source_id}"
        answer = await self._http.send("GET", url, query=self._query, repeatable=True)
        if answer.status == HTTPStatus.OK:
            return True
        # Only the JSON of DummyJSON: a page that nobody knows is answered with 404 as well, in HTML.
        if answer.status == HTTPStatus.NOT_FOUND and answer.body.lstrip().startswith(b"{"):
            return False
        said = describe_answer(answer, self._http.redactor)
        raise SourceError(
            f"{url}: the source does not say whether it has the product ({said})",
            hint="Nothing was removed: that needs a source which answers 404 for what it does not have.",
        )

    async def _get(self, url: str, query: Query, type_: type[T], what: str) -> T:
        answer = await self._http.send("GET", url, query=query, repeatable=True)
        if answer.status != HTTPStatus.OK:
            raise SourceError(f"{url}: {describe_answer(answer, self._http.redactor)}", hint=_CHECK_URL)
        return _decode(answer.body, type_, f"{url}: the answer", what)


SAMPLE = Path(__file__).with_name("sample") / "products.json"
"""The catalogue that comes with the package."""


class FileSource:
    """A file that holds what `GET /products?limit=0` would answer; a `categories.json` beside it is read as
    `GET /products/categories`.

    Args:
        path: of the file.
        source_name: the prefix of external ids.
    """

    def __init__(self, path: Path, *, source_name: str) -> None:
        self._path = path
        self._rows = RowReader(source_name)

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        content = _decode(
            await asyncio.to_thread(_read, self._path), _File, f"{self._path}: it", "a file of products"
        )
        delivered = len(content.products)
        if content.total is not None and delivered < content.total:
            raise SourceError(
                f"{self._path}: the file holds {delivered} of {content.total} products",
                hint="Write the file whole (to another name, then rename it) and run again.",
            )
        products = content.products[:limit]
        for start in range(0, len(products) or 1, PAGE_SIZE):
            rows = self._rows.read(products[start : start + PAGE_SIZE], str(self._path))
            yield Page(rows, content.total if content.total is not None else delivered)

    async def category_names(self) -> Mapping[str, str]:
        path = self._path.with_name("categories.json")
        return await _names(self._categories(path)) if path.exists() else {}

    def has_delivered(self, source_id: int) -> bool:
        return self._rows.has_delivered(source_id)

    async def has(self, source_id: int) -> bool:
        return self.has_delivered(source_id)

    async def _categories(self, path: Path) -> list[_Category]:
        return _decode(
            await asyncio.to_thread(_read, path), list[_Category], f"{path}: it", "a list of categories"
        )


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SourceError(f"{path}: the file is larger than {MAX_FILE_BYTES // 2**20} MB")
        return path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"{path}: the file cannot be read ({error.strerror})",
            hint="Give --source (SYNC_PRODUCTS_SOURCE) a URL or the path of a readable JSON file.",
        ) from error


class _Page(Struct):
    products: list[Any]
    total: Annotated[int, Meta(ge=0)]


class _File(Struct):
    products: list[Any]
    total: Annotated[int, Meta(ge=0)] | None = None


class _Category(Struct):
    slug: str
    name: str


async def _names(categories: Awaitable[Iterable[_Category]]) -> dict[str, str]:
    """Names by slug, or none: a name that is made of the slug does as well."""
    try:
        return {category.slug: one_line(category.name) or "" for category in await categories}
    except SourceError as error:
        logger.warning("no names for the new categories: %s", error)
        return {}


def _number(digits: str) -> int | float:
    """Python refuses to read very long whole numbers, which would cost the whole page as well."""
    return int(digits) if len(digits) <= _LONGEST_INT else float(digits)


def _decode(body: bytes, type_: type[T], subject: str, what: str) -> T:
    """Decode; where that fails, with the standard library, which is slower but passes NaN and lone surrogates
    on, so that they cost one product and not its whole page.

    Raises:
        SourceError: it is something else.
    """
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(body, type=type_)
    try:
        return msgspec.convert(json.loads(body, parse_int=_number), type_)
    except RecursionError as error:
        raise SourceError(f"{subject} is nested too deeply to be {what}", hint=_CHECK_URL) from error
    except msgspec.ValidationError as error:
        raise SourceError(f"{subject} is not {what}: {_reason(error)}", hint=_CHECK_URL) from error
    except ValueError as error:  # of json, and of bytes that are no UTF-8
        kind = "is HTML, not JSON" if body.lstrip()[:1] == b"<" else f"is not whole JSON ({error})"
        raise SourceError(f"{subject} {kind}", hint=_CHECK_URL) from error


class RowReader:
    """Turns delivered rows into products or rejections, and knows which ids were delivered before."""

    def __init__(self, source_name: str) -> None:
        self._source_name = source_name
        self._taken = IdSet()
        self._rejected_ids: set[int] = set()
        self._rows = 0

    def has_delivered(self, source_id: int) -> bool:
        return source_id in self._taken or source_id in self._rejected_ids

    def has_new(self, rows: list[Any], before: list[Any]) -> bool:
        """Whether any row was not delivered before; rows without an id are compared with the page before."""
        ids = [_id_of(row) for row in rows]
        if None in ids and rows == before[: len(rows)]:
            return False
        return any(source_id is None or not self.has_delivered(source_id) for source_id in ids)

    def read(self, rows: list[Any], origin: str) -> tuple[Row, ...]:
        known = len(self._taken)
        ids = [source_id for row in rows if (source_id := _id_of(row)) is not None]
        is_repeated = len(ids) > 1 and all(self.has_delivered(source_id) for source_id in ids)
        result = tuple(self._row(row) for row in rows)
        self._rows += len(rows)
        if self._rows > MAX_PRODUCTS:
            raise SourceError(
                f"{origin}: the source does not end: it delivered more than {MAX_PRODUCTS} products"
            )
        if is_repeated:
            raise SourceError(
                f"{origin}: the source repeats itself: no product of the page is new after {known} products",
                hint="It seems to ignore `skip`; a source needs paging by `limit` and `skip`.",
            )
        return result

    def _row(self, row: Any) -> Row:
        try:
            product = msgspec.convert(row, SourceProduct)
        except msgspec.ValidationError as error:
            return self._rejected(row, _reason(error))
        if product.id in self._taken:
            return self._rejected(row, _REPEATED)
        self._taken.add(product.id)
        return product

    def _rejected(self, row: Any, reason: str) -> Outcome:
        source_id, title = _id_of(row), row.get("title") if isinstance(row, dict) else None
        if source_id is not None:
            self._rejected_ids.add(source_id)
        return Outcome(
            None if source_id is None else external_id(self._source_name, source_id),
            title[:_TITLE_LENGTH] if isinstance(title, str) else "",
            Result.REJECTED,
            reason,
        )


def _id_of(row: Any) -> int | None:
    source_id = row.get("id") if isinstance(row, dict) else None
    return source_id if isinstance(source_id, int) and not isinstance(source_id, bool) else None


def _reason(error: msgspec.ValidationError) -> str:
    """Msgspec's message with the path of the field first, as in `price: Expected float, got str`."""
    message, _, path = str(error).replace("`", "").partition(" - at ")
    field = path.removeprefix("$").removeprefix(".")
    return f"{field}: {message}" if field else message
