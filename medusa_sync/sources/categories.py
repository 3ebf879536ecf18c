"""The display names of categories."""

from __future__ import annotations

from msgspec import Struct

from medusa_sync.errors import SourceError
from medusa_sync.sources.decoding import decode
from medusa_sync.sources.text import one_line


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
