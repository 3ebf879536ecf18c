"""Code of another package runs in a thread, and ends with the run."""

import asyncio
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from time import monotonic, sleep

import pytest

from medusa_sync.sources import apart
from medusa_sync.sources.apart import Apart, EndedError

pytestmark = pytest.mark.anyio

QUICK_S = 5.0


class Code:
    """A generator, and what became of it."""

    def __init__(self) -> None:
        self.yielded = 0
        self.tasks = set[object]()
        self.is_closed = False

    async def numbers(self) -> AsyncGenerator[int, None]:
        try:
            async with asyncio.timeout(60):  # it must end in the task in which it began
                for number in range(3):
                    self.tasks.add(asyncio.current_task())
                    self.yielded += 1
                    yield number
        finally:
            await asyncio.sleep(0.01)
            self.is_closed = True


async def test_everything_arrives_from_one_task_of_another_thread() -> None:
    code = Code()
    with Apart() as thread:
        assert [each async for each in thread.all_of(code.numbers)] == [0, 1, 2]
        assert [each async for each in thread.all_of(code.numbers)] == [0, 1, 2]
    assert (len(code.tasks), code.is_closed) == (2, True)
    assert asyncio.current_task() not in code.tasks


async def test_it_is_not_ahead_of_its_reader() -> None:
    code = Code()
    with Apart() as thread:
        async with aclosing(thread.all_of(code.numbers)) as found:
            assert await anext(found) == 0
            await asyncio.sleep(0.05)
            assert code.yielded == 1
        assert code.is_closed, "the reader waits for that"


async def test_a_reader_that_is_cancelled_waits_for_the_end() -> None:
    is_closed = threading.Event()

    async def endless() -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            is_closed.set()

    with Apart() as thread:
        found = thread.all_of(endless)
        assert await anext(found) == 1
        reading = asyncio.ensure_future(anext(found))
        await asyncio.sleep(0.05)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert is_closed.is_set()


async def test_code_that_does_not_end_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "CLEAN_UP_S", 0.1)
    end = threading.Event()

    async def stubborn() -> int:
        while not end.is_set():
            sleep(0.01)  # noqa: ASYNC251 - that is the fault
        return 7

    started = monotonic()
    try:
        with Apart() as thread, pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await thread.call(stubborn)
        assert monotonic() - started < QUICK_S
    finally:
        end.set()


async def test_what_it_raises_arrives() -> None:
    async def seven() -> int:
        return 7

    async def broken() -> int:
        raise ValueError("oops")

    async def left() -> int:
        sys.exit(3)

    with Apart() as thread:
        with pytest.raises(ValueError, match="oops"):
            await thread.call(broken)
        with pytest.raises(EndedError, match=r"SystemExit\(3\)"):
            await thread.call(left)
        assert await thread.call(seven) == 7


async def test_another_task_that_ends_the_process_ends_what_is_under_way() -> None:
    async def ended() -> int:
        asyncio.get_running_loop().call_soon(sys.exit)
        await asyncio.sleep(60)
        return 7

    async def seven() -> int:
        return 7

    with Apart() as thread:
        for _ in range(50):
            with pytest.raises(EndedError, match="in another task"):
                await asyncio.wait_for(thread.call(ended), QUICK_S)
            assert await asyncio.wait_for(thread.call(seven), QUICK_S) == 7
