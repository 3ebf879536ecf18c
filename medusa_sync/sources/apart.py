"""Runs code of another package apart: in a thread with an event loop of its own.

What blocks there delays no signal and no time limit. A thread that does not end is left behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from threading import Thread
from typing import Self, TypeVar

CLEAN_UP_S = 2.0
"""Seconds that the code has to close what it has opened, if nobody waits for its results any more."""

T = TypeVar("T")


class EndedError(Exception):
    """The code has ended its thread."""


class Apart:
    """A thread, which begins with the first call. The context ends it."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)

    async def call(self, function: Callable[[], Awaitable[T]]) -> T:
        """The result of a function. It raises what `all_of` does."""

        async def results() -> AsyncGenerator[tuple[T], None]:
            yield (await function(),)

        async with aclosing(self.all_of(results)) as found:
            return (await anext(found))[0]

    async def all_of(self, generator: Callable[[], AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
        """What a generator yields, each once it is wanted.

        Raises:
            EndedError: the code has called `sys.exit()`, or has cancelled itself.
            Exception: raised by the code.
        """
        here, there = asyncio.get_running_loop(), self._started()
        arrived = asyncio.Queue[T | None]()  # None is the end
        wanted = asyncio.Semaphore(0)

        def send(each: T | None) -> None:
            with suppress(RuntimeError):  # the run has ended before the thread
                here.call_soon_threadsafe(arrived.put_nowait, each)

        async def work() -> None:
            # One task for all: in several, a time limit or a group of tasks around a `yield` would fail.
            try:
                async with aclosing(generator()) as found:
                    async for each in found:
                        send(each)
                        await wanted.acquire()
            except (SystemExit, KeyboardInterrupt) as error:
                raise EndedError(f"it ended the process: {error!r}") from error
            finally:
                send(None)

        working = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), there))
        try:
            while (each := await arrived.get()) is not None:
                yield each
                there.call_soon_threadsafe(wanted.release)
            await asyncio.wait([working])
        finally:
            if not working.done():
                working.cancel()
                await _end_of(arrived)
        if working.cancelled():
            raise EndedError("it cancelled itself, or ended the process in another task")
        working.result()

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            # Python does not wait for the end of a daemon.
            Thread(target=_serve, args=(self._loop, self._end), daemon=True).start()
        return self._loop


def _serve(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        cancels = False
        while not end.is_set():
            with suppress(SystemExit, KeyboardInterrupt, asyncio.CancelledError):  # by any task of the code
                runner.run(_serving(end, cancels=cancels))
            cancels = True


async def _serving(end: asyncio.Event, *, cancels: bool) -> None:
    for task in asyncio.all_tasks() - {asyncio.current_task()} if cancels else ():
        task.cancel()
    await end.wait()


async def _end_of(arrived: asyncio.Queue[T | None]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(CLEAN_UP_S):
            while await arrived.get() is not None:
                pass
