"""What a run has changed, in the order it happened; beyond some of it on disk, so that memory stays flat."""

from __future__ import annotations

import pickle
import weakref
from collections.abc import Collection, Iterator
from tempfile import SpooledTemporaryFile

from medusa_sync.models import Outcome

_IN_MEMORY = 256 * 1024  # bytes


class Journal(Collection[Outcome]):
    """Outcomes, which are added at the end and read from the beginning.

    The file has no name, so that nobody else can put anything into it, and vanishes with the process.
    """

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - lives as long as the result
        weakref.finalize(self, self._file.close)
        self._written = 0
        self._end = 0
        self._unwritten: list[Outcome] = []  # from when on the disk was full

    def add(self, outcome: Outcome) -> None:
        if self._unwritten:
            self._unwritten.append(outcome)
            return
        try:
            self._file.seek(self._end)
            pickle.dump(outcome, self._file, pickle.HIGHEST_PROTOCOL)
            self._file.flush()
        except OSError:
            self._unwritten.append(outcome)
        else:
            self._written += 1
            self._end = self._file.tell()

    def __len__(self) -> int:
        return self._written + len(self._unwritten)

    def __iter__(self) -> Iterator[Outcome]:
        position = 0
        for _ in range(self._written):
            self._file.seek(position)
            outcome: Outcome = pickle.load(self._file)  # noqa: S301 - written above, and by nobody else
            position = self._file.tell()
            yield outcome
        yield from self._unwritten

    def __contains__(self, outcome: object) -> bool:
        return any(each == outcome for each in self)
