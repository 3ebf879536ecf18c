"""Signals: a run is told of them while it lasts, a loop takes them while it sleeps."""

from __future__ import annotations

import os
import select
import signal
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, Self

ENDING = (signal.SIGINT, signal.SIGTERM)

Listener = Callable[[signal.Signals], None]


class Signals:
    """Takes signals as long as it is entered; only in the main thread.

    A signal that comes while nobody listens or waits is kept, so that none is lost between two runs; a second
    one then ends the process.

    Args:
        others: which are taken beside `ENDING`.
    """

    def __init__(self, *others: signal.Signals) -> None:
        self._numbers = (*ENDING, *others)
        self._kept: deque[signal.Signals] = deque()
        self._listener: Listener | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        # A handler may write to a pipe at any moment, where the lock of an event could be held already.
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._before = {number: signal.signal(number, self._on_signal) for number in self._numbers}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._reader)
        os.close(self._writer)

    @contextmanager
    def told_to(self, listener: Listener) -> Iterator[None]:
        """Tell of every signal of `ENDING`, one that came before included; it is kept nevertheless."""
        signal.pthread_sigmask(signal.SIG_BLOCK, self._numbers)  # none comes in between
        before = tuple(self._kept)
        self._listener = listener
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._numbers)
        for number in before:
            if number in ENDING:
                listener(number)
        try:
            yield
        finally:
            self._listener = None

    def wait(self, seconds: float) -> signal.Signals | None:
        """Sleep until a signal comes; returns it, or None after so many seconds without one."""
        if not self._kept:
            select.select([self._reader], [], [], seconds)
        with suppress(BlockingIOError):  # empty
            os.read(self._reader, select.PIPE_BUF)
        return self._kept.popleft() if self._kept else None

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        taken = signal.Signals(number)
        if self._listener is None and taken in ENDING and any(each in ENDING for each in self._kept):
            # Nobody has taken the first one: whatever is going on, it does not end by itself.
            signal.signal(taken, signal.SIG_DFL)
            signal.raise_signal(taken)
        self._kept.append(taken)
        with suppress(BlockingIOError):  # full, which wakes as well
            os.write(self._writer, b"\0")
        if self._listener is not None and taken in ENDING:
            self._listener(taken)
