"""Finds and creates the terms of one kind, such as tags or categories, each of them once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Protocol

from msgspec import Struct

from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError, StoreRefusedError
from medusa_sync.stop import InFlight, Stop

_MAY_EXIST = (StoreRefusedError, AmbiguousWriteError)  # this call or another run may have created it


class Term(Protocol):
    @property
    def id(self) -> str: ...


Find = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
"""Returns the ids of those that exist."""

Create = Callable[[str, str | None], Awaitable[Term]]
"""Creates a term below another one whose id is given; None if it is below no other."""


def _without_parent(_key: str) -> None:
    return None


class _Search(Struct, frozen=True):
    """Terms that are looked up together.

    Attributes:
        wanted: those that are needed.
        futures: ids of these and of the terms above them that were not known.
        parents: ids of the terms directly above these.
    """

    wanted: Sequence[str]
    futures: Mapping[str, asyncio.Future[str]]
    parents: Mapping[str, asyncio.Future[str]]


class Terms:
    """The ids of one kind, by key. Several batches may wait for the same id.

    Args:
        find: returns the ids of those that exist.
        create: creates one.
        slots: for creations.
        in_flight: runs what begins.
        stop: nothing more is created once it is set.
        parent_of: returns the key of the term above another one, if there is one. It is looked up with the
            term, and created first if both are missing.
    """

    def __init__(
        self,
        find: Find,
        create: Create,
        slots: asyncio.Semaphore,
        in_flight: InFlight,
        stop: Stop,
        parent_of: Callable[[str], str | None] = _without_parent,
    ) -> None:
        self._find = find
        self._create = create
        self._parent_of = parent_of
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
            An event that is set when all have been looked up and no creation waits for a slot.
        """
        new = [key for key in dict.fromkeys(keys) if key not in self._ids]
        begun = asyncio.Event()
        if new:
            above = chain.from_iterable(map(self._above, new))
            asked = [key for key in dict.fromkeys([*new, *above]) if key not in self._ids]
            loop = asyncio.get_running_loop()
            self._ids.update((key, loop.create_future()) for key in asked)
            parents = {
                key: self._ids[parent] for key in asked if (parent := self._parent_of(key)) is not None
            }
            search = _Search(new, {key: self._ids[key] for key in asked}, parents)
            self._in_flight.begin(self._resolve(search, begun, after))
        else:
            begun.set()
        return begun

    def _above(self, key: str) -> Iterator[str]:
        """The keys of the terms above another one, the nearest first."""
        parent = self._parent_of(key)
        while parent is not None:
            yield parent
            parent = self._parent_of(parent)

    def has(self, keys: Iterable[str]) -> bool:
        return all(key in self._ids and self._ids[key].done() for key in keys)

    def forget(self, keys: Iterable[str]) -> list[str]:
        """Forget those that are known, and the terms above them; returns what was forgotten."""
        named = set(chain.from_iterable((key, *self._above(key)) for key in keys))
        forgotten = [key for key in named if key in self._ids and self._ids[key].done()]
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
            # Otherwise some were not tried, because the store failed for another key or did not need them.

    async def _resolve(self, search: _Search, begun: asyncio.Event, after: asyncio.Event | None) -> None:
        """Find the ids, and create what is missing."""
        try:
            found = await self._find(list(search.futures))
            for key, term_id in found.items():
                search.futures[key].set_result(term_id)
            missing = self._missing(search, found)
            for key, future in search.futures.items():
                if key not in missing and key not in found:
                    self._leave(key, future)
            if after is not None:
                await after.wait()
            await self._create_all(missing, search.parents, begun)
        except BaseException as error:
            for key, future in search.futures.items():
                self._fail(key, future, error)
            if not isinstance(error, MedusaSyncError):
                raise
        finally:
            begun.set()

    def _missing(self, search: _Search, found: Mapping[str, str]) -> dict[str, asyncio.Future[str]]:
        """What has to be created: a missing term that is only above others that exist is not needed."""
        missing: dict[str, asyncio.Future[str]] = {}
        for key in search.wanted:
            for each in (key, *self._above(key)):
                if each in found or each in missing or each not in search.futures:  # or under way
                    break
                missing[each] = search.futures[each]
        return missing

    async def _create_all(
        self,
        missing: Mapping[str, asyncio.Future[str]],
        parents: Mapping[str, asyncio.Future[str]],
        begun: asyncio.Event,
    ) -> None:
        """Create what is missing, from the top; once the store fails, nothing more is tried."""
        has_failed = False
        waiting = set(missing)

        async def create(key: str, future: asyncio.Future[str]) -> None:
            nonlocal has_failed
            parent = parents.get(key)
            if parent is not None:
                await asyncio.wait([parent])
            async with self._slots:
                waiting.discard(key)
                if not waiting:
                    begun.set()
                not_tried = parent is not None and parent.cancelled()
                try:
                    parent_id = None if parent is None or not_tried else parent.result()
                    if has_failed or not_tried:
                        self._leave(key, future)
                    else:
                        future.set_result(await self._created(key, parent_id))
                except MedusaSyncError as error:
                    self._fail(key, future, error)
                    self.forget(self._above(key))  # the one above it may be gone
                    if not isinstance(error, StoreRefusedError):
                        has_failed = True
                except BaseException as error:
                    self._fail(key, future, error)  # those below it wait for it
                    raise

        creations = (create(key, future) for key, future in missing.items())
        for result in await asyncio.gather(*creations, return_exceptions=True):
            if result is not None:
                raise result

    async def _created(self, key: str, parent_id: str | None) -> str:
        if self._stop.reason is not None:
            raise self._stop.reason
        try:
            return (await self._create(key, parent_id)).id
        except _MAY_EXIST:
            found = await self._find([key])
            if key not in found:
                raise
            return found[key]

    def _leave(self, key: str, future: asyncio.Future[str]) -> None:
        """Cancel this key; the next request for it looks it up again."""
        del self._ids[key]
        future.cancel()

    def _fail(self, key: str, future: asyncio.Future[str], error: BaseException) -> None:
        """Fail this key; the next request for it looks it up again."""
        if not future.done():
            future.set_exception(error)
            future.exception()  # nobody has to wait for it
            self._ids.pop(key, None)
