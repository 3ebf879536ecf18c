"""Uploads files to the store, several in a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.http import Upload
from medusa_sync.medusa.api import AdminApi, StoredFile

_AT_ONCE = 2  # requests; with more of them, fewer files wait, and Medusa checks the API key in each
_TOGETHER = 10  # files in a request


class _Group:
    """Files that wait for the same request."""

    def __init__(self) -> None:
        self.files: list[Upload] = []
        self.bytes = 0

    def add(self, file: Upload, size: int) -> int:
        """Add a file; returns its place."""
        self.files.append(file)
        self.bytes += size
        return len(self.files) - 1


class Uploads:
    """Uploads all files that wait together, as soon as a request may begin.

    Args:
        api: of the store.
        most_bytes: of the files in a request, if there are several.
        has_ended: whether nothing more is to be sent.
        lose: called with how many files an upload without a usable response may have left in the store.
    """

    def __init__(
        self,
        api: AdminApi,
        most_bytes: int,
        *,
        has_ended: Callable[[], bool],
        lose: Callable[[int], None],
    ) -> None:
        self._api = api
        self._most_bytes = most_bytes
        self._has_ended = has_ended
        self._lose = lose
        self._requests = asyncio.Semaphore(_AT_ONCE)
        self._waiting: tuple[_Group, asyncio.Task[list[StoredFile]]] | None = None

    async def upload(self, file: Upload, size: int) -> StoredFile | None:
        """Upload a file with others, or alone if the store does not take these; None if the run has ended.

        Raises:
            StoreRefusedError: the store does not take it.
            AmbiguousWriteError: it may have left a file behind.
            StoreError: the store is unavailable.
        """
        if self._waiting is None or not self._has_room(self._waiting[0], size):
            group = _Group()
            self._waiting = group, asyncio.create_task(self._together(group))
        group, sent = self._waiting
        place = group.add(file, size)
        if files := await sent:
            return files[place]
        async with self._requests:
            return None if self._has_ended() else await self._alone(file)

    def _has_room(self, group: _Group, size: int) -> bool:
        return len(group.files) < _TOGETHER and group.bytes + size <= self._most_bytes

    async def _together(self, group: _Group) -> list[StoredFile]:
        """Upload the files of a group; returns nothing if each of them is to go alone."""
        async with self._requests:
            if self._waiting is not None and self._waiting[0] is group:
                self._waiting = None
            if len(group.files) == 1 or self._has_ended():
                return []
            try:
                return await self._api.upload(group.files)
            except StoreRefusedError:
                return []
            except AmbiguousWriteError:
                self._lose(len(group.files))
                return []

    async def _alone(self, file: Upload) -> StoredFile:
        """Upload a file; once more if the response was lost."""

        async def attempt(_number: int) -> StoredFile:
            try:
                return (await self._api.upload([file]))[0]
            except AmbiguousWriteError:
                self._lose(1)
                raise

        return await self._api.client.retry(attempt, on=AmbiguousWriteError)
