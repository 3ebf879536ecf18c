"""The categories of a store, by what the source calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from medusa_sync.core.stored import ListedCategory, recorded_slug


class Categories:
    """Finds categories by slug: by the one in their record, else by their handle.

    A category that this tool created stays the same one if the merchant gives it another name, handle or
    parent. Its old handle may then be that of another category.

    Args:
        found: categories of the store, the oldest first.
    """

    def __init__(self, found: Iterable[ListedCategory]) -> None:
        self._recorded: dict[str, ListedCategory] = {}
        self._others: dict[str, ListedCategory] = {}
        self._by_handle: dict[str, ListedCategory] = {}
        for each in found:
            slug = recorded_slug(each.metadata)
            self._by_handle[each.handle] = each
            if slug is None:
                self._others[each.handle] = each
            else:
                self._recorded.setdefault(slug, each)

    def get(self, slug: str) -> ListedCategory | None:
        """The category that the source calls so; None if it has to be created."""
        return self._recorded.get(slug) or self._others.get(slug)

    def obstacle(self, slug: str, parent_of: Callable[[str], str | None]) -> str | None:
        """Why a category cannot be created, or one above it; None if it exists or can be."""
        own: str | None = slug
        while own is not None and self.get(own) is None:
            other = self._by_handle.get(own)
            if other is not None:
                return (
                    f"its category {own!r} cannot be created: {other.name!r} ({other.id}) has this handle, "
                    f"but is {recorded_slug(other.metadata)!r} at the source; change one of the two"
                )
            own = parent_of(own)
        return None
