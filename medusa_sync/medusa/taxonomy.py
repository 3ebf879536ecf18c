"""Finds the ids of categories and tags, and creates those that are missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from medusa_sync.core.stored import StoredCategory, StoredTag
from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.stop import InFlight, Stop

_AT_ONCE = 8  # creations at the same time; Medusa has no batch call for tags and categories
_MAY_EXIST = (StoreRefusedError, AmbiguousWriteError)  # this call or another run may have created it

_Find = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
_Create = Callable[[str], Awaitable[StoredCategory | StoredTag]]


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
        self._category_names = category_names
        self._names: asyncio.Future[Mapping[str, str]] | None = None
        self._inactive: dict[str, str] = {}
        self._in_flight = InFlight(stop)
        slots = asyncio.Semaphore(_AT_ONCE)
        self._categories = _Terms(self._find_categories, self._create_category, slots, self._in_flight, stop)
        self._tags = _Terms(self._find_tags, api.create_tag, slots, self._in_flight, stop)

    def begin(self, categories: Iterable[str], tags: Iterable[str]) -> None:
        """Start to find and create what products will need; errors are raised where the ids are asked for."""
        found = self._categories.begin(categories)
        self._tags.begin(tags, after=found)  # every batch needs a category, so they are created first

    async def finish(self) -> None:
        """Wait until everything that began has ended."""
        await self._in_flight.finish()

    def has(self, categories: Iterable[str], tags: Iterable[str]) -> bool:
        """Whether the ids of all of these are known."""
        return self._categories.has(categories) and self._tags.has(tags)

    def forget(self, categories: Iterable[str], tags: Iterable[str]) -> None:
        """Look these up again the next time, because the store refused a product that refers to them."""
        for handle in self._categories.forget(categories):
            self._inactive.pop(handle, None)
        self._tags.forget(tags)

    async def category_ids(self, handles: Iterable[str]) -> Mapping[str, str]:
        """Ids of categories by handle; those that are missing are created.

        Raises:
            StoreRefusedError: the store refuses a category.
            AmbiguousWriteError: a category may have been created.
            StoreError: the store cannot be reached.
        """
        return await self._categories.ids(handles)

    async def tag_ids(self, values: Iterable[str]) -> Mapping[str, str]:
        """Ids of tags by value; raises the same errors as `category_ids`."""
        return await self._tags.ids(values)

    async def activate_categories(self, handles: Iterable[str]) -> None:
        """Activate those of these categories that were inactive when found; raises the same errors."""
        for handle in handles:
            category_id = self._inactive.get(handle)
            if category_id is not None:
                await self._api.activate_category(category_id)
                self._inactive.pop(handle, None)

    async def _find_categories(self, handles: Sequence[str]) -> Mapping[str, str]:
        found = await self._api.categories(handles)
        self._inactive.update((each.handle, each.id) for each in found if not each.is_active)
        return {each.handle: each.id for each in found}

    async def _create_category(self, handle: str) -> StoredCategory:
        if self._names is None:
            self._names = asyncio.ensure_future(self._category_names())
        name = (await self._names).get(handle) or handle.replace("-", " ").title()
        return await self._api.create_category(handle, name)

    async def _find_tags(self, values: Sequence[str]) -> Mapping[str, str]:
        return {each.value: each.id for each in await self._api.tags(values)}


class _Terms:
    """The ids of one kind, by key. Several batches may wait for the same id.

    Args:
        find: returns the ids of those that exist.
        create: creates one.
        slots: for creations.
        in_flight: runs what begins.
        stop: nothing more is created once it is set.
    """

    def __init__(
        self, find: _Find, create: _Create, slots: asyncio.Semaphore, in_flight: InFlight, stop: Stop
    ) -> None:
        self._find = find
        self._create = create
        self._slots = slots
        self._stop = stop
        self._ids: dict[str, asyncio.Future[str]] = {}
        self._in_flight = in_flight

    def begin(self, keys: Iterable[str], *, after: asyncio.Event | None = None) -> asyncio.Event:
        """Start to find and create ids.

        Args:
            keys: those that are known or under way are left out.
            after: creations wait for it.

        Returns:
            An event that is set when all have been looked up. Creations that wait for it come after these.
        """
        new = [key for key in dict.fromkeys(keys) if key not in self._ids]
        found = asyncio.Event()
        if new:
            loop = asyncio.get_running_loop()
            self._ids.update((key, loop.create_future()) for key in new)
            self._in_flight.begin(self._resolve({key: self._ids[key] for key in new}, found, after))
        else:
            found.set()
        return found

    def has(self, keys: Iterable[str]) -> bool:
        return all(key in self._ids and self._ids[key].done() for key in keys)

    def forget(self, keys: Iterable[str]) -> list[str]:
        """Forget those that are known; returns them."""
        forgotten = [key for key in set(keys) if key in self._ids and self._ids[key].done()]
        for key in forgotten:
            del self._ids[key]
        return forgotten

    async def ids(self, keys: Iterable[str]) -> Mapping[str, str]:
        wanted = list(dict.fromkeys(keys))
        while True:
            self.begin(wanted)
            futures = {key: self._ids[key] for key in wanted}
            if futures:
                await asyncio.wait(futures.values())  # does not cancel them if this call is cancelled
            tried = [future for future in futures.values() if not future.cancelled()]
            errors = [error for each in tried if (error := each.exception()) is not None]
            for error in sorted(errors, key=lambda error: isinstance(error, _MAY_EXIST)):
                raise error
            if len(tried) == len(futures):
                return {key: future.result() for key, future in futures.items()}
            # Otherwise some were not tried, because the store failed for another key.

    async def _resolve(
        self,
        wanted: Mapping[str, asyncio.Future[str]],
        are_found: asyncio.Event,
        after: asyncio.Event | None,
    ) -> None:
        """Find the ids, and create what is missing."""
        try:
            found = await self._find(list(wanted))
            for key, term_id in found.items():
                wanted[key].set_result(term_id)
            are_found.set()
            if after is not None:
                await after.wait()
            await self._create_all({key: wanted[key] for key in wanted if key not in found})
        except BaseException as error:
            for key, future in wanted.items():
                self._fail(key, future, error)
            if not isinstance(error, MedusaSyncError):
                raise
        finally:
            are_found.set()

    async def _create_all(self, missing: Mapping[str, asyncio.Future[str]]) -> None:
        """Create what is missing; once the store fails, nothing more is tried."""
        has_failed = False

        async def create(key: str, future: asyncio.Future[str]) -> None:
            nonlocal has_failed
            async with self._slots:
                if has_failed:
                    del self._ids[key]
                    future.cancel()
                    return
                try:
                    future.set_result(await self._created(key))
                except MedusaSyncError as error:
                    self._fail(key, future, error)
                    if not isinstance(error, StoreRefusedError):
                        has_failed = True

        creations = (create(key, future) for key, future in missing.items())
        for result in await asyncio.gather(*creations, return_exceptions=True):
            if result is not None:
                raise result

    async def _created(self, key: str) -> str:
        if self._stop.reason is not None:
            raise self._stop.reason
        try:
            return (await self._create(key)).id
        except _MAY_EXIST:
            found = await self._find([key])
            if key not in found:
                raise
            return found[key]

    def _fail(self, key: str, future: asyncio.Future[str], error: BaseException) -> None:
        """Raise the error to those that wait; the next one looks the key up again."""
        if not future.done():
            future.set_exception(error)
            future.exception()  # nobody has to wait for it
            self._ids.pop(key, None)
