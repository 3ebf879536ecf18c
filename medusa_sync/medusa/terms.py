"""Finds the ids of categories, tags, types and collections, and creates missing ones."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol

from msgspec import Struct

from medusa_sync.core.handles import slug
from medusa_sync.core.kinds.links import CATEGORIES, COLLECTION, TAGS, TYPE
from medusa_sync.core.product import Category, DesiredProduct
from medusa_sync.core.stored import StoredCategory, category_metadata
from medusa_sync.errors import AmbiguousWriteError, KnownRefusalError, MedusaSyncError, StoreRefusedError
from medusa_sync.medusa import operations, resources
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.lists import List, walk
from medusa_sync.medusa.operations import Body, new_id
from medusa_sync.stop import Stop, all_done

Needs = Mapping[str, Collection[str]]
"""Keys of terms by field: values of tags and types, handles of collections and categories."""

_Term = tuple[str, str]  # the field and the key


class _Kind(Struct, frozen=True):
    """The terms of a field: what creates them, their list, the field that has the key, the prefix of ids."""

    operation: operations.Operation
    list_: List[Any]
    key: str
    prefix: str


_CATEGORIES = List(
    "/admin/product-categories", "product_categories", StoredCategory, "id,handle,is_active,name,metadata"
)
_KINDS = {
    TAGS: _Kind(operations.CREATE_TAGS, resources.TAGS, "value", "ptag"),
    TYPE: _Kind(operations.CREATE_TYPES, resources.TYPES, "value", "ptyp"),
    COLLECTION: _Kind(operations.CREATE_COLLECTIONS, resources.COLLECTIONS, "handle", "pcol"),
    CATEGORIES: _Kind(
        operations.creates("create-product-categories", _CATEGORIES), _CATEGORIES, "handle", "pcat"
    ),
}
_MANY_CATEGORIES = 2_000
_UNKNOWN_ID = "x" * 31  # as long as those of the store
_MAY_EXIST = (StoreRefusedError, AmbiguousWriteError)  # other errors end the run


class _Listed(Struct):
    """What the list of categories shows about one.

    Attributes:
        handle: that it gets if it is missing.
        inactive_id: its id, if it is inactive.
        taken_by: another category that has the handle of a missing one.
    """

    handle: str
    inactive_id: str = ""
    taken_by: StoredCategory | None = None


class _Source(Protocol):
    async def category_names(self) -> Mapping[str, str]:
        """The names of categories by slug."""


class Terms:
    """Remembers the ids of terms. Those of many products are found and created together.

    Args:
        api: of the store.
        source: is asked for the names of categories when one has to be created.
        stop: nothing more is created once it is set.
        creates: terms that are missing are created; otherwise it is only checked whether they can be.
    """

    def __init__(
        self,
        api: AdminApi,
        source: _Source,
        stop: Stop,
        *,
        creates: bool = True,
    ) -> None:
        self._creates = creates
        self._api = api
        self._source = source
        self._stop = stop
        self._searching = asyncio.Lock()  # batches wait for each other instead of creating a term twice
        self._ids: dict[_Term, str] = {}
        self._expected: dict[_Term, None] = {}  # products of later batches need these
        self._stale: set[_Term] = set()  # the ids may be wrong: the store refused what refers to them
        self._errors: dict[_Term, MedusaSyncError] = {}  # why the latest search found no id
        self._names: Mapping[str, str] | None = None
        self._listed: dict[str, _Listed] = {}  # categories by what the source calls them
        self._named: dict[_Term, Category] = {}  # collections, and categories of paths

    def expect(self, needs: Needs, products: Iterable[DesiredProduct] = ()) -> None:
        """Find and create these terms, which products need, too when ids are needed the next time."""
        for product in products:
            titles = product.names.items()
            self._named.update({(COLLECTION, handle): Category(title) for handle, title in titles})
            for handle, category in product.categories.items():
                self._named.setdefault((CATEGORIES, handle), category)
        self._expected.update(dict.fromkeys(_all(needs)))

    def has(self, needs: Needs) -> bool:
        """Whether the ids of all of these are known."""
        return all(term in self._ids and term not in self._stale for term in _all(needs))

    def forget(self, needs: Needs) -> None:
        """Look these up again the next time, because the store refused a product that refers to them."""
        for name, key in _all(needs):  # a search that is running needs their ids until it ends
            self._stale.update((name, each) for each in (key, *self._above(name, key)))

    async def ids(self, needs: Needs) -> Mapping[str, Mapping[str, str]]:
        """Ids by field and key; terms that are missing are created.

        Raises:
            StoreRefusedError: the store refuses a term.
            AmbiguousWriteError: a term may have been created.
            StoreError: the store cannot be reached.
        """
        while not self.has(needs):  # another batch may forget an id meanwhile
            async with self._searching:
                await self._search(needs)
            missing = [term for term in _all(needs) if term not in self._ids]
            errors = [self._errors[term] for term in missing if term in self._errors]
            for error in sorted(errors, key=lambda each: isinstance(each, _MAY_EXIST)):
                raise error
        return {name: {key: self._ids[name, key] for key in keys} for name, keys in needs.items()}

    async def activate(self, handles: Iterable[str]) -> None:
        """Activate those of these categories that were inactive when found; raises the same errors."""
        for handle in handles:
            listed = self._listed.get(handle)
            if listed is not None and listed.inactive_id:
                await self._api.client.send(f"{_CATEGORIES.path}/{listed.inactive_id}", {"is_active": True})
                listed.inactive_id = ""

    async def _search(self, needs: Needs) -> None:
        for term in self._stale:
            self._ids.pop(term, None)
        missing = [each for each in dict.fromkeys([*_all(needs), *self._expected]) if each not in self._ids]
        self._expected, self._stale, self._errors = {}, set(), {}
        keys = {kind: [key for name, key in missing if name == kind] for kind in _KINDS}
        await all_done(*(self._find_or_create(name, wanted) for name, wanted in keys.items() if wanted))

    async def _find_or_create(self, name: str, keys: Sequence[str]) -> None:
        """Find the ids of terms of one kind, and create those that are missing, a level at a time."""
        try:
            await self._find(name, [*keys, *self._unknown_above(name, keys)])
            # One that is only above others that exist is not needed.
            missing = [key for key in keys if (name, key) not in self._ids]
            missing += self._unknown_above(name, missing)
            while missing:
                ready = [key for key in missing if self._parent_of(name, key) not in missing]
                await self._create(name, ready)
                missing = [key for key in missing if key not in ready]
        except MedusaSyncError as error:
            self._errors = {(name, key): error for key in keys} | self._errors

    async def _find(self, name: str, keys: Sequence[str]) -> None:
        """Remember the ids of those that exist.

        Categories are found by slug: by the one in their record, else by their handle. One that this tool
        created stays the same one if the merchant gives it another name, handle or parent. Its old handle may
        then be that of another category.
        """
        if name != CATEGORIES:
            kind = _KINDS[name]
            found = await self._api.find(kind.list_, kind.key, keys)
            self._ids.update(((name, getattr(each, kind.key)), each.id) for each in found)
            return
        listed = await categories_called(self._api, [*keys, *map(slug, keys)])  # the oldest first
        ours = {each.slug: each for each in reversed(listed) if each.recorded_slug is not None}
        others = {each.slug: each for each in listed if each.recorded_slug is None}
        by_handle = {each.handle: each for each in listed}
        for key, handle in _new_handles(keys, by_handle).items():
            category, other = ours.get(key) or others.get(key), by_handle.get(key)
            known = self._listed[key] = _Listed(handle)
            if category is not None:
                self._ids[name, key] = category.id
                known.inactive_id = "" if category.is_active else category.id
            elif other is not None and slug(other.slug) != slug(key):
                known.taken_by = other

    async def _create(self, name: str, keys: Sequence[str]) -> None:
        """Create terms of one level; for those that are refused, the reason is kept."""
        if self._stop.reason is not None:
            raise self._stop.reason
        kind = _KINDS[name]
        refused: dict[str, MedusaSyncError] = {}
        bodies: list[dict[str, Any]] = []
        sent_as: dict[str, str] = {}  # the keys by the new ids
        for key in keys:
            parent = self._parent_of(name, key)
            if name == CATEGORIES and (other := self._listed[key].taken_by):
                refused[key] = KnownRefusalError(
                    f"its category {key!r} cannot be created: {other.name!r} ({other.id}) has this handle, "
                    f"but is {other.recorded_slug!r} at the source; change one of the two",
                    status=HTTPStatus.BAD_REQUEST,
                )
            elif parent is not None and (name, parent) not in self._ids:
                refused[key] = self._errors[name, parent]
            elif not self._creates:
                self._ids[name, key] = _UNKNOWN_ID
            else:
                term_id = new_id(kind.prefix)
                sent_as[term_id] = key
                bodies.append({"id": term_id, kind.key: key, **await self._details(name, key)})

        async def missing(unwritten: Sequence[Body]) -> list[Body | None]:
            await self._find(name, [sent_as[body["id"]] for body in unwritten])
            return [None if (name, sent_as[body["id"]]) in self._ids else body for body in unwritten]

        answers = await self._api.bulk.run(kind.operation, bodies, revise=missing)
        for key, answer in zip(sent_as.values(), answers, strict=True):
            if not isinstance(answer, str):
                refused[key] = answer
            elif answer:
                self._ids[name, key] = answer
        for key, error in refused.items():
            self._errors[name, key] = error
            self._stale.update((name, each) for each in self._above(name, key))

    async def _details(self, name: str, key: str) -> dict[str, Any]:
        """The fields of a new term besides its id and its key."""
        named = self._named.get((name, key))
        if name == COLLECTION:
            return {"title": (named.name if named is not None else "") or key}
        if name != CATEGORIES:
            return {}
        if named is None and self._names is None:
            self._names = await self._source.category_names()
        known = named.name if named is not None else (self._names or {}).get(key)
        title = known or (key.replace("-", " ").title() if key == slug(key) else key)
        details = {
            "handle": self._listed[key].handle,
            "name": title,
            "is_active": True,
            "metadata": category_metadata(key),
        }
        parent = self._parent_of(name, key)
        return details if parent is None else {**details, "parent_category_id": self._ids[name, parent]}

    def _parent_of(self, name: str, key: str) -> str | None:
        """The key of the term above another one; only categories have one."""
        named = self._named.get((name, key))
        return None if named is None else named.parent

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
                if (name, parent) in self._ids:
                    break
                found[parent] = None
        return [key for key in found if key not in set(keys)]


async def categories_called(api: AdminApi, slugs: Sequence[str]) -> list[StoredCategory]:
    """Categories that the source calls so, or that have one of these handles; the oldest first.

    Medusa does not search metadata, so all of them are read: shops have few, and one request lists many.
    """
    found, wanted = walk(api.client, _CATEGORIES, size=_MANY_CATEGORIES), set(slugs)
    return [each async for each in found if not wanted.isdisjoint((each.handle, each.recorded_slug))]


def _all(needs: Needs) -> list[_Term]:
    return [(name, key) for name, keys in needs.items() for key in keys]


def _new_handles(keys: Sequence[str], existing: Collection[str]) -> dict[str, str]:
    """The handles of new categories: slugs, unless another category has, or gets, the same one."""
    found: dict[str, str] = {}
    used = set(existing)
    for key in keys:
        handle = slug(key)
        others = used if handle == key else used | {*keys} - {key}
        found[key] = next((each for each in (handle, key, f"{handle}-2") if each and each not in others), key)
        used.add(found[key])
    return found
