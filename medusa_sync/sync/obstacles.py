"""Finds products whose categories cannot be created, without creating them."""

from __future__ import annotations

from collections.abc import Iterable

from medusa_sync.core.change import Change, needed_terms
from medusa_sync.core.fields import CATEGORIES
from medusa_sync.core.product import Category
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.terms import Categories


class Obstacles:
    """Remembers which categories cannot be created; each is looked up once."""

    def __init__(self, api: AdminApi) -> None:
        self._api = api
        self._reasons: dict[str, str | None] = {}  # by slug
        self._paths: dict[str, Category] = {}

    async def of(self, changes: Iterable[Change]) -> dict[str, str]:
        """The reasons why the store would refuse changes, by external id.

        Raises:
            StoreError: the store cannot be read.
        """
        needed: dict[str, list[str]] = {}
        for change in changes:
            needed[change.desired.external_id] = needed_terms([change])[CATEGORIES]
            for slug, category in change.desired.categories.items():
                self._paths.setdefault(slug, category)
        new = {slug for slugs in needed.values() for slug in slugs if slug not in self._reasons}
        if new:
            known = Categories(await self._api.terms.categories([*new, *self._paths]))
            self._reasons |= {slug: known.obstacle(slug, self._parent_of) for slug in new}
        return {
            own: reason
            for own, slugs in needed.items()
            if (reason := next(filter(None, map(self._reasons.get, slugs)), None)) is not None
        }

    def _parent_of(self, slug: str) -> str | None:
        category = self._paths.get(slug)
        return None if category is None else category.parent
