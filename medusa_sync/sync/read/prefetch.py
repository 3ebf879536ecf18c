"""Fetches the next item while the caller works on this one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")


async def prefetch(items: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """The same items in the same order; an error of `items` is raised after the items before it."""
    following = asyncio.create_task(_next(items))
    try:
        while fetched := await following:
            following = asyncio.create_task(_next(items))
            yield fetched[0]
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await items.aclose()


async def _next(items: AsyncGenerator[T, None]) -> tuple[T] | None:
    """The next item, or None after the last one."""
    async for item in items:
        return (item,)
    return None
