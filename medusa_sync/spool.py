"""Keeps objects on disk, so that memory does not grow with them."""

from __future__ import annotations

import pickle
import weakref
from collections.abc import Callable, Collection, Iterator
from errno import ENOSPC
from io import BytesIO
from os import strerror
from tempfile import TemporaryFile
from typing import IO, Any, TypeVar

_IN_MEMORY = 256 * 1024  # bytes

T = TypeVar("T")


class Spool(Collection[T]):
    """Objects in the order in which they were added; the first ones stay in memory.

    The file has no name: no other program can write to it, and it disappears with the process.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] = BytesIO()
        self._in_memory = True
        self._written = 0
        self._end = 0
        self._unwritten: list[T] = []  # since the disk was full

    def add(self, item: T) -> None:
        if self._unwritten:
            self._unwritten.append(item)
            return
        content = pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
        try:
            if self._in_memory and self._end + len(content) > _IN_MEMORY:
                self._move_to_disk()
            self._file.seek(self._end)
            _write(self._file, content)
        except OSError:
            self._unwritten.append(item)
        else:
            self._written += 1
            self._end += len(content)

    def _move_to_disk(self) -> None:
        # Without a buffer: when the disk is full, buffered data would fail again with each write.
        file: IO[bytes] = TemporaryFile(buffering=0)  # noqa: SIM115 - open as long as the spool
        weakref.finalize(self, file.close)
        self._file.seek(0)
        _write(file, self._file.read())
        self._file, self._in_memory = file, False

    def __len__(self) -> int:
        return self._written + len(self._unwritten)

    def __iter__(self) -> Iterator[T]:
        return (item for _, item in self._placed())

    def _placed(self) -> Iterator[tuple[int, T]]:
        """The objects with their positions in the file; those that are not in it have negative ones."""
        position = 0
        for _ in range(self._written):
            item, following = self._at(position)
            yield position, item
            position = following
        count = len(self._unwritten)
        yield from ((number - count, item) for number, item in enumerate(self._unwritten))

    def _at(self, position: int) -> tuple[T, int]:
        """The object at a position, and the position of the next one."""
        self._file.seek(position)
        item: T = pickle.load(self._file)  # noqa: S301 - written by `add` only
        return item, self._file.tell()

    def sorted(self, key: Callable[[T], Any]) -> Iterator[T]:
        """The objects in the order of a key; only the keys are in memory."""
        places = [(key(item), place) for place, item in self._placed()]
        for _, place in sorted(places):
            yield self._at(place)[0] if place >= 0 else self._unwritten[place]

    def __contains__(self, item: object) -> bool:
        return any(each == item for each in self)


def _write(file: IO[bytes], content: bytes) -> None:
    if file.write(content) != len(content):
        raise OSError(ENOSPC, strerror(ENOSPC))
