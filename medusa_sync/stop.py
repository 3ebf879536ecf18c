"""The stop token of a run: set once, checked by everything that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from medusa_sync.errors import MedusaSyncError

GRACE_S = 10.0
"""Seconds that requests in progress have to finish once the token is set."""


class Stop:
    """Set by signals, the time limit and fatal errors. Then nothing new starts and nothing is retried.

    Attributes:
        reason: why the run ends; None as long as it continues.
    """

    def __init__(self) -> None:
        self.reason: MedusaSyncError | None = None
        self._event = asyncio.Event()
        self._callbacks: list[Callable[[], object]] = []

    @property
    def is_set(self) -> bool:
        return self.reason is not None

    def set(self, reason: MedusaSyncError) -> None:
        """End the run; only the first reason counts."""
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
        """Return True after `seconds`, or False as soon as the token is set."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return True
        return False
