"""Finds the ids of categories, tags, types and collections, and creates those that are missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from msgspec import Struct, field

from medusa_sync.core.fields import CATEGORIES, COLLECTION, TAGS, TYPE
from medusa_sync.core.product import Category, DesiredProduct
from medusa_sync.core.stored import StoredCategory, category_metadata
from medusa_sync.errors import AmbiguousWriteError, KnownRefusalError, MedusaSyncError, StoreRefusedError
from medusa_sync.medusa import operations
from medusa_sync.medusa.bulk import Bulk
from medusa_sync.medusa.ids import new_id
from medusa_sync.medusa.operations import Operation
from medusa_sync.medusa.resources import TermApi
from medusa_sync.stop import Stop

Needs = Mapping[str, Collection[str]]
"""Keys of terms by field: the values of tags and types, the handles of collections and categories."""


class Categories:
    """Finds categories by slug: by the one in their record, else by their handle.

    A category that this tool created stays the same one if the merchant gives it another name, handle or
    parent. Its old handle may then be that of another category.

    Args:
        found: categories of the store, the oldest first.
    """

    def __init__(self, found: Iterable[StoredCategory]) -> None:
        self._recorded: dict[str, StoredCategory] = {}
        self._others: dict[str, StoredCategory] = {}
        self._by_handle: dict[str, StoredCategory] = {}
        for each in found:
            slug = each.recorded_slug
            self._by_handle[each.handle] = each
            if slug is None:
                self._others[each.handle] = each
            else:
                self._recorded.setdefault(slug, each)

    def get(self, slug: str) -> StoredCategory | None:
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
                    f"but is {other.recorded_slug!r} at the source; change one of the two"
                )
            own = parent_of(own)
        return None


_UNKNOWN_ID = "x" * 31  # as long as those of the store


class _Kind(Struct):
    """The terms of one kind.

    Attributes:
        operation: creates them.
        prefix: of their ids.
        ids: of those that are known, by key.
        expected: keys that products of later batches need, in order.
        stale: keys whose ids may be wrong, because the store refused what refers to them.
        errors: why keys of the latest search have no id.
    """

    operation: Operation
    prefix: str
    ids: dict[str, str] = field(default_factory=dict)
    expected: dict[str, None] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)
    errors: dict[str, MedusaSyncError] = field(default_factory=dict)


class Terms:
    """Remembers the ids of terms. Those of many products are found and created together.

    Args:
        api: of the terms.
        bulk: creates them.
        category_names: reads the names of categories from the source; called when one has to be created.
        stop: nothing more is created once it is set.
        creates: terms that are missing are created; otherwise it is only checked whether they can be.
    """

    def __init__(
        self,
        api: TermApi,
        bulk: Bulk,
        category_names: Callable[[], Awaitable[Mapping[str, str]]],
        stop: Stop,
        *,
        creates: bool = True,
    ) -> None:
        self._creates = creates
        self._api = api
        self._bulk = bulk
        self._category_names = category_names
        self._stop = stop
        self._kinds = {
            TAGS: _Kind(operations.CREATE_TAGS, "ptag"),
            TYPE: _Kind(operations.CREATE_TYPES, "ptyp"),
            COLLECTION: _Kind(operations.CREATE_COLLECTIONS, "pcol"),
            CATEGORIES: _Kind(operations.CREATE_CATEGORIES, "pcat"),
        }
        self._searching = asyncio.Lock()  # batches wait for each other instead of creating a term twice
        self._names: Mapping[str, str] | None = None
        self._inactive: dict[str, str] = {}
        self._obstacles: dict[str, str] = {}  # why categories cannot be created, by handle
        self._titles: dict[str, str] = {}  # of collections, by handle
        self._categories: dict[str, Category] = {}  # of category paths, by handle

    def expect(self, needs: Needs, products: Iterable[DesiredProduct] = ()) -> None:
        """Find and create these terms too when ids are needed the next time.

        Args:
            needs: terms.
            products: that need them.
        """
        for product in products:
            self._titles.update(product.names)
            for handle, category in product.categories.items():
                self._categories.setdefault(handle, category)
        for name, keys in needs.items():
            self._kinds[name].expected.update(dict.fromkeys(keys))

    def has(self, needs: Needs) -> bool:
        """Whether the ids of all of these are known."""
        kinds = [(self._kinds[name], keys) for name, keys in needs.items()]
        return all(key in kind.ids and key not in kind.stale for kind, keys in kinds for key in keys)

    def forget(self, needs: Needs) -> None:
        """Look these up again the next time, because the store refused a product that refers to them."""
        for name, keys in needs.items():  # a search that is running needs their ids until it ends
            self._kinds[name].stale.update(each for key in keys for each in (key, *self._above(name, key)))

    async def ids(self, needs: Needs) -> Mapping[str, Mapping[str, str]]:
        """Ids by field and key; terms that are missing are created.

        Raises:
            StoreRefusedError: the store refuses a term.
            AmbiguousWriteError: a term may have been created.
            StoreError: the store cannot be reached.
        """
        may_exist = (StoreRefusedError, AmbiguousWriteError)  # other errors end the run
        while not self.has(needs):  # another batch may forget an id meanwhile
            async with self._searching:
                await asyncio.gather(*(self._search(name, needs.get(name, ())) for name in self._kinds))
            kinds = [(self._kinds[name], keys) for name, keys in needs.items()]
            missing = [(kind, key) for kind, keys in kinds for key in keys if key not in kind.ids]
            errors = [kind.errors[key] for kind, key in missing if key in kind.errors]
            for error in sorted(errors, key=lambda each: isinstance(each, may_exist)):
                raise error
        return {name: {key: self._kinds[name].ids[key] for key in keys} for name, keys in needs.items()}

    async def activate_categories(self, handles: Iterable[str]) -> None:
        """Activate those of these categories that were inactive when found; raises the same errors."""
        for handle in handles:
            category_id = self._inactive.get(handle)
            if category_id is not None:
                await self._api.activate_category(category_id)
                self._inactive.pop(handle, None)

    async def _search(self, name: str, wanted: Iterable[str]) -> None:
        """Find the ids of one kind, and create what is missing."""
        kind = self._kinds[name]
        for key in kind.stale:
            kind.ids.pop(key, None)
        keys = [key for key in dict.fromkeys([*wanted, *kind.expected]) if key not in kind.ids]
        kind.expected, kind.stale, kind.errors = {}, set(), {}
        if not keys:
            return
        try:
            kind.ids.update(await self._find(name, [*keys, *self._unknown_above(name, keys)]))
            # One that is only above others that exist is not needed.
            missing = [key for key in keys if key not in kind.ids]
            missing += self._unknown_above(name, missing)
            while missing:
                ready = [key for key in missing if self._parent_of(name, key) not in missing]
                await self._create(name, ready)
                missing = [key for key in missing if key not in ready]
        except MedusaSyncError as error:
            kind.errors = dict.fromkeys(keys, error) | kind.errors

    async def _create(self, name: str, keys: Sequence[str]) -> None:
        """Create terms of one level; for those that are refused, the reason is kept."""
        if self._stop.reason is not None:
            raise self._stop.reason
        kind, operation = self._kinds[name], self._kinds[name].operation
        refused: dict[str, MedusaSyncError] = {}
        bodies: list[dict[str, Any]] = []
        for key in keys:
            parent = self._parent_of(name, key)
            if name == CATEGORIES and (obstacle := self._obstacles.pop(key, None)):
                refused[key] = KnownRefusalError(obstacle, status=HTTPStatus.BAD_REQUEST)
            elif parent is not None and parent not in kind.ids:
                refused[key] = kind.errors[parent]
            elif not self._creates:
                kind.ids[key] = _UNKNOWN_ID
            else:
                bodies.append(
                    {"id": new_id(kind.prefix), operation.key: key, **await self._details(name, key)}
                )
        for body, result in zip(bodies, await self._bulk.run(operation, bodies), strict=True):
            if isinstance(result, str):
                kind.ids[body[operation.key]] = result
            else:
                refused[body[operation.key]] = result
        for key, error in refused.items():
            kind.errors[key] = error
            kind.stale.update(self._above(name, key))

    async def _details(self, name: str, key: str) -> dict[str, Any]:
        """The fields of a new term besides its id and its key."""
        if name == COLLECTION:
            return {"title": self._titles.get(key) or key}
        if name != CATEGORIES:
            return {}
        details = {"name": await self._name_of(key), "is_active": True, "metadata": category_metadata(key)}
        parent = self._parent_of(name, key)
        return details if parent is None else {**details, "parent_category_id": self._kinds[name].ids[parent]}

    async def _name_of(self, handle: str) -> str:
        category = self._categories.get(handle)
        if category is not None:
            return category.name
        if self._names is None:
            self._names = await self._category_names()
        return self._names.get(handle) or handle.replace("-", " ").title()

    async def _find(self, name: str, keys: Sequence[str]) -> dict[str, str]:
        """The ids of those that exist."""
        if name != CATEGORIES:
            return await self._bulk.existing(self._kinds[name].operation, keys)
        known = Categories(await self._api.categories(keys))
        found = {slug: category for slug in keys if (category := known.get(slug)) is not None}
        for slug in keys:
            self._inactive.pop(slug, None)
        self._inactive.update((slug, each.id) for slug, each in found.items() if not each.is_active)
        obstacles = {slug: known.obstacle(slug, lambda own: self._parent_of(name, own)) for slug in keys}
        self._obstacles = {slug: reason for slug, reason in obstacles.items() if reason is not None}
        return {slug: each.id for slug, each in found.items()}

    def _parent_of(self, name: str, key: str) -> str | None:
        """The key of the term above another one; only categories have one."""
        category = self._categories.get(key) if name == CATEGORIES else None
        return None if category is None else category.parent

    def _above(self, name: str, key: str) -> Iterator[str]:
        """The keys of the terms above another one, the nearest first."""
        parent = self._parent_of(name, key)
        while parent is not None:
            yield parent
            parent = self._parent_of(name, parent)

    def _unknown_above(self, name: str, keys: Iterable[str]) -> list[str]:
        """The terms above these up to the first one that is known, without these."""
        found: dict[str, None] = {}
        for key in keys:
            for parent in self._above(name, key):
                if parent in self._kinds[name].ids:
                    break
                found[parent] = None
        return [key for key in found if key not in set(keys)]
