"""A file of the shape of DummyJSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Raw, Struct

from medusa_sync.errors import SourceError
from medusa_sync.sources.base import Page
from medusa_sync.sources.categories import Category, names_by_slug
from medusa_sync.sources.decoding import decode
from medusa_sync.sources.delivered import deliver

PAGE_SIZE = 1_000
MAX_FILE_BYTES = 512 * 1024 * 1024

T = TypeVar("T")


class FileSource:
    """A file with the JSON of `GET /products?limit=0`.

    If there is a `categories.json` beside it, it holds the JSON of `GET /products/categories`.
    """

    def __init__(self, path: Path, *, source_name: str, currency: str, sale_prices: bool = False) -> None:
        self._path = path
        self._deliver = partial(deliver, source_name=source_name, currency=currency, sale_prices=sale_prices)

    async def pages(self, limit: int | None) -> AsyncGenerator[Page, None]:
        content = await _load(self._path, _File, "a file of products", undecoded=_RawFile)
        count = len(content.products)
        total = count if content.total is None else content.total
        if count < total:
            raise SourceError(
                f"{self._path}: the file has {count} of {total} products",
                hint="Write the file under another name, rename it when it is complete, and run again.",
            )
        products = content.products[:limit]
        for start in range(0, len(products) or 1, PAGE_SIZE):
            yield Page(tuple(map(self._deliver, products[start : start + PAGE_SIZE])), total)

    async def category_names(self) -> Mapping[str, str]:
        path = self._path.with_name("categories.json")
        return (
            await names_by_slug(_load(path, list[Category], "a list of categories")) if path.exists() else {}
        )

    async def has(self, source_id: str) -> bool | None:  # noqa: ARG002 - the interface's
        return None


async def _load(path: Path, type_: type[T], what: str, *, undecoded: type[T] | None = None) -> T:
    body = await asyncio.to_thread(_read, path)
    return decode(body, type_, f"{path}: the file", what, undecoded=undecoded)


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


class _File(Struct):
    products: list[Any]
    total: Annotated[int, Meta(ge=0)] | None = None


class _RawFile(_File):
    products: list[Raw]
