"""The display names of categories."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Iterable

from msgspec import Struct

from medusa_sync.errors import SourceError
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
