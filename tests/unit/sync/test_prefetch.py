"""The next item is on its way while this one is worked on, and no further one is."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from medusa_sync.sync.prefetch import prefetch

pytestmark = pytest.mark.anyio


class Numbers:
    """Counts to a number; says what was asked for, and whether it was closed."""

    def __init__(self, end: int, *, breaks: bool = False) -> None:
        self.asked: list[int] = []
        self.closed = False
        self._end = end
        self._breaks = breaks

    async def __call__(self) -> AsyncGenerator[int, None]:
        try:
            for number in range(self._end):
                self.asked.append(number)
                await asyncio.sleep(0)
                yield number
            if self._breaks:
                raise ValueError("broken")
        finally:
            self.closed = True


async def test_all_items_come_in_their_order() -> None:
    assert [number async for number in prefetch(Numbers(5)())] == [0, 1, 2, 3, 4]
    assert [number async for number in prefetch(Numbers(0)())] == []


async def test_one_item_is_fetched_ahead_and_no_more() -> None:
    numbers = Numbers(5)
    ahead = prefetch(numbers())
    async for number in ahead:
        for _ in range(10):
            await asyncio.sleep(0)
        assert numbers.asked == list(range(min(number + 2, 5)))
    assert numbers.closed


async def test_an_error_comes_after_the_items_before_it() -> None:
    numbers = Numbers(2, breaks=True)
    ahead = prefetch(numbers())
    assert [await anext(ahead), await anext(ahead)] == [0, 1]
    with pytest.raises(ValueError, match="broken"):
        await anext(ahead)
    assert numbers.closed


async def test_whoever_stops_early_leaves_nothing_running() -> None:
    numbers = Numbers(5)
    running = asyncio.all_tasks()
    ahead = prefetch(numbers())
    assert await anext(ahead) == 0
    await ahead.aclose()
    assert numbers.closed
    assert asyncio.all_tasks() == running
