"""Maps category paths to nested categories (see docs/mapping.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from medusa_sync.core.handle import slug
from medusa_sync.core.product import Category
from medusa_sync.sources.text import one_line

_MAX_HANDLE = 1_000  # characters; PostgreSQL cannot index texts of a few thousand


class InvalidCategoryError(Exception):
    """A product is rejected because of a category path; the message is the reason."""


def nested(paths: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], Mapping[str, Category]]:
    """The handles of the last categories of these paths, and all categories of the paths by handle.

    Raises:
        InvalidCategoryError: the handle of a category would be too long.
    """
    leaves: dict[str, None] = {}
    categories: dict[str, Category] = {}
    for path in paths:
        on_path = _on_path(tuple(path))
        for handle, category in on_path:
            categories.setdefault(handle, category)
        leaves.update(dict.fromkeys(handle for handle, _ in on_path[-1:]))
    return tuple(leaves), categories


@lru_cache(maxsize=4096)  # many products share a path, and slugs are slow
def _on_path(path: tuple[str, ...]) -> tuple[tuple[str, Category], ...]:
    """The categories of a path from the top; a name without letters and digits is left out.

    The handle of a category has the slugs of its whole path, so that two branches can have the same name.
    """
    found: list[tuple[str, Category]] = []
    above: str | None = None
    for name in filter(None, map(one_line, path)):
        own = slug(name)
        if not own:
            continue
        handle = f"{above}-{own}" if above else own
        if len(handle) > _MAX_HANDLE:
            raise InvalidCategoryError(f"categories: the path to {name!r} is too long")
        found.append((handle, Category(name, above)))
        above = handle
    return tuple(found)
