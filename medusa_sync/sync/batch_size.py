"""How many products go into a write request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import TypeVar

T = TypeVar("T")

FIRST = 15  # of the job that this tool replaced
_MOST = 200  # requests of more products are not faster, and block the store for longer
# The size stops growing after so many batches that were not faster: one of them may have waited for its tags.
_SLOWER = 2


class BatchSize:
    """A fixed number, or one that is chosen while the run measures its batches.

    The chosen number doubles while the time per product falls. If the store refuses a batch or does not
    respond, it halves for the rest of the run, but not below the first one.

    Attributes:
        current: of the next batch.
    """

    def __init__(self, fixed: int | None) -> None:
        self.current = fixed or FIRST
        self._is_fixed = fixed is not None
        self._most = _MOST
        self._fastest = inf  # seconds per product
        self._slower = 0

    def measured(self, size: int, seconds: float, *, has_failed: bool) -> None:
        """Take into account how long a batch took, and whether a write was refused or its response lost."""
        if self._is_fixed:
            return
        if has_failed:
            self.current = self._most = max(self.current // 2, FIRST)
        elif size == self.current < self._most:
            if seconds / size < self._fastest:
                self._fastest, self._slower = seconds / size, 0
                self.current = min(2 * self.current, self._most)
                return
            self._slower += 1
            if self._slower == _SLOWER:
                self._most = self.current


def parts(products: Sequence[T], size: int) -> Iterator[list[T]]:
    """Products in parts of a size; the last one may have fewer."""
    return (list(products[start : start + size]) for start in range(0, len(products), size))
