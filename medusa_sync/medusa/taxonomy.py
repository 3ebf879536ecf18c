"""Finds the ids of categories and tags, and creates those that are missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from medusa_sync.core.stored import StoredCategory, StoredTag
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.stop import Stop

_AT_ONCE = 4  # creations at the same time; Medusa has no batch call for tags and categories
_MAY_EXIST = (StoreRefusedError, AmbiguousWriteError)  # this call or another run may have created it


class Taxonomy:
    """Remembers the ids of categories and tags; each is looked up once and created once.

    Args:
        api: of the store.
        category_names: reads the names of categories from the source; called when one has to be created.
        stop: nothing more is created once it is set.
    """

    def __init__(
        self, api: AdminApi, category_names: Callable[[], Awaitable[Mapping[str, str]]], stop: Stop
    ) -> None:
        self._api = api
        self._stop = stop
        self._category_names = category_names
        self._names: asyncio.Future[Mapping[str, str]] | None = None
        self._categories: dict[str, str] = {}
        self._inactive: dict[str, str] = {}
        self._tags: dict[str, str] = {}
        self._lock = asyncio.Lock()  # concurrent batches must not create the same thing twice

    def has(self, categories: Iterable[str], tags: Iterable[str]) -> bool:
        """Whether the ids of all of these are known."""
        return set(categories) <= self._categories.keys() and set(tags) <= self._tags.keys()

    async def forget(self, categories: Iterable[str], tags: Iterable[str]) -> None:
        """Look these up again the next time, because the store refused a product that refers to them."""
        async with self._lock:  # another batch may be looking them up
            for handle in categories:
                self._categories.pop(handle, None)
                self._inactive.pop(handle, None)
            for value in tags:
                self._tags.pop(value, None)

    async def category_ids(self, handles: Iterable[str]) -> Mapping[str, str]:
        """Ids of categories by handle; those that are missing are created.

        Raises:
            StoreRefusedError: the store refuses a category.
            AmbiguousWriteError: a category may have been created.
            StoreError: the store cannot be reached.
        """

        async def find(missing: Sequence[str]) -> Mapping[str, str]:
            found = await self._api.categories(missing)
            self._inactive.update(
                (category.handle, category.id) for category in found if not category.is_active
            )
            return {category.handle: category.id for category in found}

        async def create(handle: str) -> StoredCategory:
            if self._names is None:
                self._names = asyncio.ensure_future(self._category_names())
            name = (await self._names).get(handle) or handle.replace("-", " ").title()
            return await self._api.create_category(handle, name)

        return await self._ensure(self._categories, handles, find, create)

    async def activate_categories(self, handles: Iterable[str]) -> None:
        """Activate those of these categories that `category_ids` found inactive; raises the same errors."""
        for handle in handles:
            category_id = self._inactive.get(handle)
            if category_id is not None:
                await self._api.activate_category(category_id)
                self._inactive.pop(handle, None)

    async def tag_ids(self, values: Iterable[str]) -> Mapping[str, str]:
        """Ids of tags by value; raises the same errors as `category_ids`."""

        async def find(missing: Sequence[str]) -> Mapping[str, str]:
            return {tag.value: tag.id for tag in await self._api.tags(missing)}

        return await self._ensure(self._tags, values, find, self._api.create_tag)

    async def _ensure(
        self,
        known: dict[str, str],
        keys: Iterable[str],
        find: Callable[[Sequence[str]], Awaitable[Mapping[str, str]]],
        create: Callable[[str], Awaitable[StoredCategory | StoredTag]],
    ) -> Mapping[str, str]:
        async with self._lock:
            missing = [key for key in dict.fromkeys(keys) if key not in known]
            if missing:
                known.update(await find(missing))
            absent = [key for key in missing if key not in known]
            for start in range(0, len(absent), _AT_ONCE):
                if self._stop.reason is not None:
                    raise self._stop.reason
                part = absent[start : start + _AT_ONCE]
                results = await asyncio.gather(*(create(key) for key in part), return_exceptions=True)
                failures = [result for result in results if isinstance(result, BaseException)]
                known.update(
                    (key, result.id)
                    for key, result in zip(part, results, strict=True)
                    if not isinstance(result, BaseException)
                )
                fatal = [each for each in failures if not isinstance(each, _MAY_EXIST)]
                if failures and not fatal:
                    known.update(await find([key for key in part if key not in known]))
                if fatal or any(key not in known for key in part):
                    raise (fatal or failures)[0]
            return dict(known)
