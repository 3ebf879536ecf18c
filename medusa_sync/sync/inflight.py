"""Work that is not to be cut off: whoever waits for it may be cancelled, the work itself is not."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class InFlight:
    """Tasks that run to their end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        """Keep of what has ended only the errors, for `finish`."""
        if not task.cancelled() and task.exception() is None:
            self._tasks.discard(task)

    async def finish(self) -> None:
        """Wait until everything has ended, even when cancelled meanwhile.

        Raises:
            CancelledError: this call was cancelled meanwhile, or a task was.
            Exception: what a task has raised.
        """
        cancelled: asyncio.CancelledError | None = None
        while self._tasks:
            try:
                done, self._tasks = await asyncio.wait(self._tasks)
            except asyncio.CancelledError as error:
                cancelled = error
                continue
            for task in done:
                task.result()
        if cancelled is not None:
            raise cancelled
