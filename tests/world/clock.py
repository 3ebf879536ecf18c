"""Time and chance of the package, which follow from a seed."""

import asyncio
import os
import random
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

START = 1_790_000_000.0


class Clock:
    """The clock of this machine, which shows the time of the event loop, and may be wrong."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.error = 0.0

    def __call__(self) -> float:
        """In seconds since 1970."""
        return self.true() + self.error

    def true(self) -> float:
        """The right time."""
        return START + self._loop.time()


@contextmanager
def simulated(loop: asyncio.AbstractEventLoop) -> Iterator[tuple[Clock, random.Random]]:
    """Let the clock show simulated time, and draw ids of the package from the dice."""
    clock, ids, before = Clock(loop), random.Random(0), random.getstate()
    try:
        with (
            patch.object(time, "time", clock),
            patch.object(secrets, "randbits", ids.getrandbits),
            patch.object(os, "urandom", random.Random(0).randbytes),  # of forms with files
        ):
            yield clock, ids
    finally:
        random.setstate(before)
