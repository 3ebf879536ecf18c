"""Pauses before an operation is tried again, and between requests of a limited rate."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from random import uniform
from time import monotonic
from typing import TypeVar

from msgspec import Struct

from medusa_sync.stop import Stop

_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 10.0

T = TypeVar("T")


async def retry(
    operation: Callable[[int], Awaitable[T]],
    *,
    on: type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool | float],
    attempts: int,
    stop: Stop,
) -> T:
    """Call `operation` until it succeeds, with pauses in between.

    Args:
        operation: takes the number of the attempt, starting at 1.
        on: the errors to retry. A function can return the seconds to wait instead of True.
        attempts: maximum.
        stop: once it is set, pauses end and no attempt follows.

    Raises:
        Exception: the error of the last attempt.
    """
    attempt = 1
    while True:
        try:
            return await operation(attempt)
        except Exception as error:
            wait = isinstance(error, on) if isinstance(on, type | tuple) else on(error)
            if wait is False or attempt >= attempts:
                raise
            if not await stop.sleep(pause(attempt) if wait is True else wait):
                raise
        attempt += 1


def pause(attempt: int) -> float:
    """Return the seconds to wait after an attempt: doubled each time, and random to spread clients out."""
    longest = min(2 * _FIRST_WAIT_S * 2 ** (attempt - 1), _LONGEST_WAIT_S)
    return uniform(longest / 2, longest)  # noqa: S311 - no secret


class Rate(Struct, frozen=True):
    """How many requests may begin in how many seconds."""

    requests: int
    seconds: float


class Pace:
    """Keeps requests within a rate; None is unlimited."""

    def __init__(self, rate: Rate | None, stop: Stop) -> None:
        self._rate = rate
        self._stop = stop
        self._begun = deque[float](maxlen=rate.requests if rate else 0)  # when the latest requests began

    async def begin(self) -> None:
        """Wait until the next request may begin."""
        if self._rate is None:
            return
        now = monotonic()
        is_full = len(self._begun) == self._rate.requests
        begin = max(now, self._begun[0] + self._rate.seconds) if is_full else now
        self._begun.append(begin)
        if begin > now:
            await self._stop.sleep(begin - now)
