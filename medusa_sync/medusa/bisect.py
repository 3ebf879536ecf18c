"""Divides what is written together, and bisects what the store refuses: it does not say because of what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

from medusa_sync.errors import StoreRefusedError

T = TypeVar("T")


async def isolate(
    refused: list[T],
    attempt: Callable[[list[T]], Awaitable[list[T]]],
    alone: Callable[[T], Awaitable[object]],
) -> None:
    """Attempt parts of what the store has refused together, until each thing has been accepted or was alone.

    Usually a single thing is the reason. It takes few attempts to find it, and one for all that follow it; if
    these are refused too, each half of them is attempted.

    Args:
        refused: what the store has refused.
        attempt: returns what the store refuses together of what it gets.
        alone: is called with each thing that is refused by itself.
    """
    following: list[T] = []
    while len(refused) > 1:
        first, second = _halves(refused)
        left = await attempt(first)
        refused, following = (left, second + following) if left else (second, following)
    for thing in refused:
        await alone(thing)
    refused = await attempt(following) if following else []
    for half in _halves(refused) if len(refused) > 1 else ():
        await isolate(await attempt(half), attempt, alone)
    if len(refused) == 1:
        await alone(refused[0])


async def in_halves(
    things: Sequence[T],
    write: Callable[[Sequence[T]], Awaitable[None]],
    failed: Callable[[T, Exception], None],
    errors: tuple[type[Exception], ...] = (StoreRefusedError,),
) -> None:
    """Write things together, and isolate what the store refuses. One that fails does not affect the others.

    `write` raises one of the errors if the store refuses something; it may be called again for things that
    it has written already. `failed` is called with each thing that is refused alone.
    """

    async def attempt(part: Sequence[T]) -> list[T]:
        try:
            await write(part)
        except errors as error:
            if len(part) > 1:
                return list(part)
            failed(part[0], error)
        return []

    if things and (refused := await attempt(things)):
        await isolate(refused, attempt, lambda thing: attempt([thing]))


def _halves(things: Sequence[T]) -> tuple[list[T], list[T]]:
    middle = len(things) // 2
    return list(things[:middle]), list(things[middle:])


def parts(things: Sequence[T], size: int) -> Iterator[list[T]]:
    """Things in parts of a size; the last one may have fewer."""
    return (list(things[start : start + size]) for start in range(0, len(things), size))
