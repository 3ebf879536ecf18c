"""Writes in progress finish, but not for longer than the grace once the run has to end."""

import asyncio

import pytest

from medusa_sync import stop as stop_module
from medusa_sync.errors import InterruptedRunError
from medusa_sync.stop import InFlight, Stop

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("short_grace")]

INTERRUPTED = InterruptedRunError("Interrupted", signal_number=15)
WITHIN_S = 1


class Write:
    """A write that ends when the test says so, or never."""

    def __init__(self) -> None:
        self.end = asyncio.Event()
        self.is_cancelled = False

    async def __call__(self) -> None:
        try:
            await self.end.wait()
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise


async def test_a_cancelled_caller_does_not_interrupt_a_write() -> None:
    in_flight, write = InFlight(Stop()), Write()
    in_flight.begin(write())
    caller = asyncio.create_task(in_flight.finish())
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.sleep(2 * stop_module.GRACE_S)
    assert not caller.done()
    write.end.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert not write.is_cancelled


@pytest.mark.parametrize("when", [0, 1])
@pytest.mark.parametrize("lasts", [0.5, None])
async def test_a_write_that_hangs_is_abandoned_after_the_grace(when: float, lasts: float | None) -> None:
    """Times in units of the grace: when the run is stopped, and how long the write lasts after that."""
    stop, write = Stop(), Write()
    in_flight = InFlight(stop)
    in_flight.begin(write())
    loop = asyncio.get_running_loop()
    loop.call_later(when * stop_module.GRACE_S, stop.set, INTERRUPTED)
    if lasts:
        loop.call_later((when + lasts) * stop_module.GRACE_S, write.end.set)
    async with asyncio.timeout(WITHIN_S):
        await in_flight.finish()
    await asyncio.sleep(stop_module.GRACE_S)
    assert write.is_cancelled is (lasts is None)
    late = Write()
    in_flight.begin(late())
    async with asyncio.timeout(WITHIN_S):
        await in_flight.finish()
    assert late.is_cancelled, "one that begins later gets no time"
