"""Finds the ids of terms such as categories and tags, and creates those that are missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from http import HTTPStatus

from medusa_sync.core.fields import CATEGORIES, COLLECTION, TAGS, TYPE
from medusa_sync.core.product import Category, DesiredProduct
from medusa_sync.core.stored import StoredCategory, StoredCollection
from medusa_sync.errors import KnownRefusalError
from medusa_sync.medusa.categories import Categories
from medusa_sync.medusa.term_api import TermApi
from medusa_sync.medusa.terms import Create, Find, Term, Terms
from medusa_sync.stop import InFlight, Stop

_AT_ONCE = 8  # creations at the same time; Medusa has no batch call for terms

Needs = Mapping[str, Sequence[str]]
"""Values of terms, by field."""


class Taxonomy:
    """Remembers the ids of terms; each is looked up once and created once.

    Args:
        api: of the terms.
        category_names: reads the names of categories from the source; called when one has to be created.
        stop: nothing more is created once it is set.
    """

    def __init__(
        self, api: TermApi, category_names: Callable[[], Awaitable[Mapping[str, str]]], stop: Stop
    ) -> None:
        self._api = api
        self._category_names = category_names
        self._names: asyncio.Future[Mapping[str, str]] | None = None
        self._inactive: dict[str, str] = {}
        self._obstacles: dict[str, str] = {}  # why categories cannot be created, by slug
        self._in_flight = InFlight(stop)
        self._titles: dict[str, str] = {}  # of collections, by handle
        self._categories: dict[str, Category] = {}  # of category paths, by handle
        slots = asyncio.Semaphore(_AT_ONCE)
        ways: Mapping[str, tuple[Find, Create]] = {
            TAGS: (self._find_tags, _flat(api.create_tag)),
            TYPE: (self._find_types, _flat(api.create_type)),
            COLLECTION: (self._find_collections, _flat(self._create_collection)),
        }
        self._terms = {
            name: Terms(find, create, slots, self._in_flight, stop) for name, (find, create) in ways.items()
        }
        self._terms[CATEGORIES] = Terms(
            self._find_categories, self._create_category, slots, self._in_flight, stop, self._parent_of
        )

    def begin(self, needs: Needs, products: Iterable[DesiredProduct] = ()) -> None:
        """Start to find and create what products will need; errors are raised where the ids are asked for.

        Args:
            needs: terms.
            products: that need them.
        """
        for product in products:
            self._titles.update(product.names)
            for handle, category in product.categories.items():
                self._categories.setdefault(handle, category)
        # Every batch needs a category, so they are created first.
        begun = self._terms[CATEGORIES].begin(needs.get(CATEGORIES, ()))
        for name, keys in needs.items():
            if name != CATEGORIES:
                self._terms[name].begin(keys, after=begun)

    async def finish(self) -> None:
        """Wait until everything that began has ended."""
        await self._in_flight.finish()

    def has(self, needs: Needs) -> bool:
        """Whether the ids of all of these are known."""
        return all(self._terms[name].has(keys) for name, keys in needs.items())

    def forget(self, needs: Needs) -> None:
        """Look these up again the next time, because the store refused a product that refers to them."""
        for name, keys in needs.items():
            for key in self._terms[name].forget(keys):
                if name == CATEGORIES:
                    self._inactive.pop(key, None)

    async def ids(self, needs: Needs) -> Mapping[str, Mapping[str, str]]:
        """Ids by field and value; terms that are missing are created.

        Raises:
            StoreRefusedError: the store refuses a term.
            AmbiguousWriteError: a term may have been created.
            StoreError: the store cannot be reached.
        """
        return {name: await self._terms[name].ids(keys) for name, keys in needs.items()}

    async def activate_categories(self, handles: Iterable[str]) -> None:
        """Activate those of these categories that were inactive when found; raises the same errors."""
        for handle in handles:
            category_id = self._inactive.get(handle)
            if category_id is not None:
                await self._api.activate_category(category_id)
                self._inactive.pop(handle, None)

    async def _find_categories(self, handles: Sequence[str]) -> Mapping[str, str]:
        known = Categories(await self._api.categories(handles))
        found = {slug: category for slug in handles if (category := known.get(slug)) is not None}
        self._inactive.update((slug, each.id) for slug, each in found.items() if not each.is_active)
        obstacles = {slug: known.obstacle(slug, self._parent_of) for slug in handles}
        self._obstacles |= {slug: reason for slug, reason in obstacles.items() if reason is not None}
        return {slug: each.id for slug, each in found.items()}

    def _parent_of(self, handle: str) -> str | None:
        category = self._categories.get(handle)
        return None if category is None else category.parent

    async def _create_category(self, handle: str, parent_id: str | None) -> StoredCategory:
        obstacle = self._obstacles.pop(handle, None)
        if obstacle is not None:
            raise KnownRefusalError(obstacle, status=HTTPStatus.BAD_REQUEST)
        return await self._api.create_category(handle, await self._name_of(handle), parent_id)

    async def _name_of(self, handle: str) -> str:
        category = self._categories.get(handle)
        if category is not None:
            return category.name
        if self._names is None:
            self._names = asyncio.ensure_future(self._category_names())
        return (await self._names).get(handle) or handle.replace("-", " ").title()

    async def _find_tags(self, values: Sequence[str]) -> Mapping[str, str]:
        return {each.value: each.id for each in await self._api.tags(values)}

    async def _find_types(self, values: Sequence[str]) -> Mapping[str, str]:
        return {each.value: each.id for each in await self._api.types(values)}

    async def _find_collections(self, handles: Sequence[str]) -> Mapping[str, str]:
        return {each.handle: each.id for each in await self._api.collections(handles)}

    async def _create_collection(self, handle: str) -> StoredCollection:
        return await self._api.create_collection(handle, self._titles.get(handle) or handle)


def _flat(create: Callable[[str], Awaitable[Term]]) -> Create:
    """Creates terms that are below no other."""
    return lambda key, _parent_id: create(key)
