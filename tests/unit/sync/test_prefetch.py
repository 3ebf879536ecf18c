"""One item is fetched ahead."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from medusa_sync.sync.read.compare import prefetch

pytestmark = pytest.mark.anyio


class Numbers:
    """Counts to `end`, and records what was requested and whether it was closed."""

    def __init__(self, end: int, *, breaks: bool = False) -> None:
        self.requested: list[int] = []
        self.closed = False
        self._end = end
        self._breaks = breaks

    async def __call__(self) -> AsyncGenerator[int, None]:
        try:
            for number in range(self._end):
                self.requested.append(number)
                await asyncio.sleep(0)
                yield number
            if self._breaks:
                raise ValueError("broken")
        finally:
            self.closed = True


async def test_items_keep_their_order() -> None:
    assert [number async for number in prefetch(Numbers(5)())] == [0, 1, 2, 3, 4]
    assert [number async for number in prefetch(Numbers(0)())] == []


async def test_only_one_item_is_fetched_ahead() -> None:
    numbers = Numbers(5)
    ahead = prefetch(numbers())
    async for number in ahead:
        for _ in range(10):
            await asyncio.sleep(0)
        assert numbers.requested == list(range(min(number + 2, 5)))
    assert numbers.closed


async def test_error_follows_the_items_before_it() -> None:
    numbers = Numbers(2, breaks=True)
    ahead = prefetch(numbers())
    assert [await anext(ahead), await anext(ahead)] == [0, 1]
    with pytest.raises(ValueError, match="broken"):
        await anext(ahead)
    assert numbers.closed


async def test_closing_early_leaves_nothing_running() -> None:
    numbers = Numbers(5)
    running = asyncio.all_tasks()
    ahead = prefetch(numbers())
    assert await anext(ahead) == 0
    await ahead.aclose()
    assert numbers.closed
    assert asyncio.all_tasks() == running
