"""How many products go into a write request."""

from __future__ import annotations

from math import inf

_FIRST = 15  # of the job that this tool replaced
_MOST = 200  # requests of more products are not faster, and block the store for longer


class BatchSize:
    """A fixed number, or one that is chosen while the run measures its batches.

    The chosen number doubles while the time per product falls. It halves for the rest of the run if the store
    refuses a batch or does not respond.

    Args:
        fixed: None to choose.

    Attributes:
        current: of the next batch.
    """

    def __init__(self, fixed: int | None) -> None:
        self.current = fixed or _FIRST
        self._is_fixed = fixed is not None
        self._most = _MOST
        self._fastest = inf  # seconds per product

    def measured(self, size: int, seconds: float, *, has_failed: bool) -> None:
        """Take the result of a batch into account.

        Args:
            size: products in the batch.
            seconds: that it took.
            has_failed: the store refused a write, or its response was lost.
        """
        if self._is_fixed:
            return
        if has_failed:
            self._most = max(min(size, self.current) // 2, 1)
            self.current = min(self.current, self._most)
        elif size == self.current < self._most:
            if seconds / size < self._fastest:
                self._fastest = seconds / size
                self.current = min(2 * self.current, self._most)
            else:
                self._most = self.current
