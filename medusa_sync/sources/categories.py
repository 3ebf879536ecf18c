"""The display names of categories."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterable
from pathlib import Path

from msgspec import Struct

from medusa_sync.errors import SourceError
from medusa_sync.sources.decoding import decode
from medusa_sync.sources.text import one_line

logger = logging.getLogger(__name__)


class Category(Struct):
    """A category of `GET /products/categories`, or of a file of that shape."""

    slug: str
    name: str


async def names_by_slug(categories: Awaitable[Iterable[Category]]) -> dict[str, str]:
    """Names by slug; empty if they cannot be read, because a name can be made of the slug."""
    try:
        return {category.slug: one_line(category.name) or "" for category in await categories}
    except SourceError as error:
        logger.warning("new categories are named after their slugs: %s", error)
        return {}


async def names_in(path: Path) -> dict[str, str]:
    """The names in a file."""

    def read() -> list[Category]:
        try:
            body = path.read_bytes()
        except OSError as error:
            raise SourceError(f"{path}: the file cannot be read ({error.strerror})") from error
        return decode(body, list[Category], f"{path}: the file", "a list of categories")

    return await names_by_slug(asyncio.to_thread(read))
