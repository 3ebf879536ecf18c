"""Work ahead: the next item is fetched while the caller is busy with this one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")


async def prefetch(items: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """The same items in the same order; what `items` raises is raised in its place."""
    pulled = asyncio.create_task(_pull(items))
    try:
        while next_item := await pulled:
            pulled = asyncio.create_task(_pull(items))
            yield next_item[0]
    finally:
        pulled.cancel()
        await asyncio.gather(pulled, return_exceptions=True)
        await items.aclose()


async def _pull(items: AsyncGenerator[T, None]) -> tuple[T] | None:
    """The next item, or None after the last one."""
    async for item in items:
        return (item,)
    return None
