"""The stop token of a run, and tasks that end soon after it is set."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

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


T = TypeVar("T")


async def all_done(*work: Awaitable[T]) -> list[T]:
    """Wait until all of these are done, even if one of them fails; then raise the first error."""
    results = []
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
        results.append(result)
    return results


class InFlight:
    """Tasks that complete, or are cancelled `GRACE_S` seconds after the stop token was set."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._tasks: set[asyncio.Task[None]] = set()
        self._grace_is_over = False
        stop.on_set(self._allow_grace)

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        if self._grace_is_over:  # it still starts, so that it can clean up
            asyncio.get_running_loop().call_soon(task.cancel)

    async def finish(self) -> None:
        """Wait until every task has ended, even if this call is cancelled.

        Raises:
            CancelledError: this call was cancelled, or a task was before the token was set.
            Exception: raised by a task.
        """
        cancelled: asyncio.CancelledError | None = None
        while self._tasks:
            try:
                done, _ = await asyncio.wait(self._tasks)
            except asyncio.CancelledError as error:
                cancelled = error
                continue
            self._tasks -= done
            for task in done:
                if not (task.cancelled() and self._stop.is_set):
                    task.result()
        if cancelled is not None:
            raise cancelled

    def _forget(self, task: asyncio.Task[None]) -> None:
        """Keep only the tasks that raised, for `finish`."""
        if not task.cancelled() and task.exception() is None:
            self._tasks.discard(task)

    def _allow_grace(self) -> None:
        asyncio.get_running_loop().call_later(GRACE_S, self._abandon)

    def _abandon(self) -> None:
        self._grace_is_over = True
        for task in self._tasks:
            task.cancel()
