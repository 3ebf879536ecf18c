"""Finds the ids of terms such as categories and tags, and creates those that are missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from medusa_sync.core.fields import CATEGORIES, COLLECTION, TAGS, TYPE
from medusa_sync.core.stored import StoredCategory, StoredCollection, StoredTag, StoredType
from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.stop import InFlight, Stop

_AT_ONCE = 8  # creations at the same time; Medusa has no batch call for terms
_MAY_EXIST = (StoreRefusedError, AmbiguousWriteError)  # this call or another run may have created it

_Find = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
_Create = Callable[[str], Awaitable[StoredCategory | StoredTag | StoredType | StoredCollection]]

Needs = Mapping[str, Sequence[str]]
"""Values of terms, by field."""


class Taxonomy:
    """Remembers the ids of terms; each is looked up once and created once.

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
        self._titles: dict[str, str] = {}  # of collections, by handle
        slots = asyncio.Semaphore(_AT_ONCE)
        ways: Mapping[str, tuple[_Find, _Create]] = {
            CATEGORIES: (self._find_categories, self._create_category),
            TAGS: (self._find_tags, api.create_tag),
            TYPE: (self._find_types, api.create_type),
            COLLECTION: (self._find_collections, self._create_collection),
        }
        self._terms = {
            name: _Terms(find, create, slots, self._in_flight, stop) for name, (find, create) in ways.items()
        }

    def begin(self, needs: Needs, titles: Mapping[str, str] = {}) -> None:
        """Start to find and create what products will need; errors are raised where the ids are asked for.

        Args:
            needs: terms.
            titles: of collections, by handle.
        """
        self._titles.update(titles)
        # Every batch needs a category, so they are created first.
        found = self._terms[CATEGORIES].begin(needs.get(CATEGORIES, ()))
        for name, keys in needs.items():
            if name != CATEGORIES:
                self._terms[name].begin(keys, after=found)

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

    async def _find_types(self, values: Sequence[str]) -> Mapping[str, str]:
        return {each.value: each.id for each in await self._api.types(values)}

    async def _find_collections(self, handles: Sequence[str]) -> Mapping[str, str]:
        return {each.handle: each.id for each in await self._api.collections(handles)}

    async def _create_collection(self, handle: str) -> StoredCollection:
        return await self._api.create_collection(handle, self._titles.get(handle) or handle)


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
