"""Receives signals: a run is notified of them, and a loop waits for them."""

from __future__ import annotations

import asyncio
import os
import select
import signal
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Self

from medusa_sync.errors import InterruptedRunError
from medusa_sync.stop import Stop

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_MOST_IGNORED = 2

Listener = Callable[[signal.Signals], object]


class Signals:
    """Handles signals inside its context; only works in the main thread.

    A signal that arrives while there is no listener is kept for the next listener and for `wait`. A second
    stop signal without a listener ends the process. `others` are handled besides `STOP_SIGNALS`.
    """

    def __init__(self, *others: signal.Signals) -> None:
        self._numbers = (*STOP_SIGNALS, *others)
        self._kept: deque[signal.Signals] = deque()
        self._listener: Listener | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        # A handler can always write to a pipe; it could deadlock on the lock of an event.
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._before = {number: signal.signal(number, self._on_signal) for number in self._numbers}
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._reader)
        os.close(self._writer)

    @contextmanager
    def notify(self, listener: Listener) -> Iterator[None]:
        """Call the listener with each stop signal, also with the kept ones; `wait` still returns them."""
        signal.pthread_sigmask(signal.SIG_BLOCK, self._numbers)  # so that none is missed or reported twice
        earlier = tuple(self._kept)
        self._listener = listener
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._numbers)
        for number in earlier:
            if number in STOP_SIGNALS:
                listener(number)
        try:
            yield
        finally:
            self._listener = None

    def wait(self, seconds: float) -> signal.Signals | None:
        """Sleep until a signal arrives and return it; return None after `seconds`."""
        if not self._kept:
            select.select([self._reader], [], [], seconds)
        with suppress(BlockingIOError):  # empty
            os.read(self._reader, select.PIPE_BUF)
        return self._kept.popleft() if self._kept else None

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        received = signal.Signals(number)
        stops = received in STOP_SIGNALS
        if stops and self._listener is None and any(each in STOP_SIGNALS for each in self._kept):
            # The program has not reacted to the first one.
            signal.signal(received, signal.SIG_DFL)
            signal.raise_signal(received)
        self._kept.append(received)
        with suppress(BlockingIOError):  # a full pipe wakes `wait` too
            os.write(self._writer, b"\0")
        if stops and self._listener is not None:
            self._listener(received)


@contextmanager
def ending(signals: Signals, stop: Stop) -> Iterator[None]:
    """The first signal sets the stop token, the second one cancels all tasks.

    If something blocks the loop, such as a pipe that nobody reads, the third one ends the process.
    """
    loop = asyncio.get_running_loop()
    arrived: list[signal.Signals] = []
    received: list[signal.Signals] = []

    def wake(number: signal.Signals) -> None:
        arrived.append(number)
        if len(arrived) - len(received) > _MOST_IGNORED:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        loop.call_soon_threadsafe(end, number)  # the only call that wakes a loop from a signal handler

    def end(number: signal.Signals) -> None:
        received.append(number)
        if len(received) == 1:
            stop.set(InterruptedRunError(f"Interrupted by {number.name}", signal_number=number))
            return
        for task in asyncio.all_tasks():
            task.cancel()

    try:
        with signals.notify(wake):
            yield
    except asyncio.CancelledError:
        if not received:
            raise
        message = "Stopped immediately by a second signal"
        raise InterruptedRunError(message, signal_number=received[-1]) from None
