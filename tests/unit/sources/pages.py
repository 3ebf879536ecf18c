"""Pages of DummyJSON, and a server that delivers them."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from msgspec import structs
from pytest_httpx import HTTPXMock

from medusa_sync.core.product import DesiredProduct
from medusa_sync.http import HttpClient
from medusa_sync.sources import base
from medusa_sync.sources.base import Delivered, Page, Row, Source
from medusa_sync.sources.delivery import MappingOptions
from medusa_sync.sources.open import open_source
from tests.harness import catalogue
from tests.harness.dummyjson import ABSENT
from tests.unit.builders import CURRENCY, SOURCE_URL

Product = dict[str, Any]
CATALOGUE = catalogue.products(250)
MAPPING: Final = MappingOptions("dummyjson", CURRENCY)
DEEP = b"[" * 100_000


async def pages(source: Source, limit: int | None = None) -> list[Page]:
    """The pages of a source, with checked rows."""
    return [structs.replace(page, rows=tuple(map(checked, page.rows))) async for page in source.pages(limit)]


async def rows(source: Source, limit: int | None = None) -> list[Row]:
    return [checked(row) for page in await pages(source, limit) for row in page.rows]


def checked(delivered: Delivered) -> Row:
    """The product without its digest."""
    row = base.checked(delivered)
    return structs.replace(row, digest="") if isinstance(row, DesiredProduct) else row


def ids(rows: Iterable[Delivered]) -> list[int]:
    return [int(row.source_id) for row in map(base.checked, rows) if isinstance(row, DesiredProduct)]


def page_of(products: list[Any], /, **members: Any) -> Product:
    page = {"products": products, "total": len(products), "skip": 0, "limit": len(products)} | members
    return {name: value for name, value in page.items() if value is not ABSENT}


def body_of(products: list[Any], /, **members: Any) -> bytes:
    """A page as Python writes JSON, with NaN and lone surrogates."""
    return json.dumps(page_of(products, **members)).encode()


def respond_with(
    httpx_mock: HTTPXMock, *responses: bytes | int | Exception | Product | list[Any], **how: Any
) -> None:
    """Respond in turn with a body, a status, a broken connection, or a page."""
    for each in responses:
        match each:
            case bytes():
                httpx_mock.add_response(content=each, **how)
            case int():
                httpx_mock.add_response(each, **how)
            case Exception():
                httpx_mock.add_exception(each, **how)
            case _:
                httpx_mock.add_response(json=each, **how)


def api_source(http: HttpClient, url: str = SOURCE_URL, **options: Any) -> Source:
    @asynccontextmanager
    async def connect() -> AsyncIterator[HttpClient]:
        yield http

    return opened(url, connect, **options)


def file_source(file: Path, body: bytes | None = None, **options: Any) -> Source:
    """The file as a source, written first if there is a body."""
    if body is not None:
        file.write_bytes(body)
    return opened(str(file), **options)


def opened(
    source: str,
    connect: Any = None,
    *,
    format_: str = "auto",
    map_: str | None = None,
    mapping: MappingOptions = MAPPING,
    min_products: int | None = None,
    adjust: str | None = None,
) -> Source:
    """What `open_source` opens, which needs no waiting."""
    opening = open_source(source, format_, connect, mapping, map_, min_products, adjust=adjust)
    _OPENED.append(opening)
    try:
        opening.__aenter__().send(None)
    except StopIteration as done:
        found: Source = done.value
        return found
    raise AssertionError


_OPENED: list[object] = []  # kept until the process ends
PAGE = body_of(CATALOGUE[:3])
