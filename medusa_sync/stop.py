"""The stop token of a run: set once, checked by everything that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from medusa_sync.errors import MedusaSyncError

GRACE_S = 10.0
"""Seconds that requests in progress get to finish after the token was set."""


class Stop:
    """Signals, the time limit and fatal errors set it. Then nothing new starts and nothing is retried.

    Attributes:
        reason: why the run has to end; None while it may go on.
    """

    def __init__(self) -> None:
        self.reason: MedusaSyncError | None = None
        self._event = asyncio.Event()
        self._callbacks: list[Callable[[], object]] = []

    @property
    def is_set(self) -> bool:
        return self.reason is not None

    def set(self, reason: MedusaSyncError) -> None:
        """Stop the run; only the first reason counts."""
        if self.reason is None:
            self.reason = reason
            self._event.set()
            for callback in self._callbacks:
                callback()

    def on_set(self, callback: Callable[[], object]) -> None:
        """Call `callback` once when the token is set, or now if it already is."""
        if self.is_set:
            callback()
        else:
            self._callbacks.append(callback)

    async def sleep(self, seconds: float) -> bool:
        """Wait; return False at once if the run has to end, True after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return True
        return False
