"""Brings the items of a product together, wherever they are in a source, for a map that asks for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING

import msgspec
from msgspec import structs

from medusa_sync.sources import base
from medusa_sync.sources.base import Item, PageOfItems
from medusa_sync.sources.groups import MAX_SIZE, Groups, Part

if TYPE_CHECKING:
    from medusa_sync.sources.maps.program import Program


async def gathered(
    grouping: Program, pages: AsyncGenerator[PageOfItems, None]
) -> AsyncGenerator[PageOfItems, None]:
    """Each group as an item that is an array, in the order of their first items.

    `grouping` gives the group of an item; one without a group is in that of the item before it.
    """
    group: str | None = None
    with Groups() as groups:
        async with grouping, aclosing(pages):
            async for page in pages:
                problems = iter([item.problem for item in page.rows])
                items = [structs.replace(item, problem="") for item in page.rows]
                async with aclosing(grouping.made_of(items)) as made:
                    async for item, found, error in made:
                        problem = next(problems) or error
                        if found and found[0] not in (None, ""):
                            group = msgspec.json.encode(found[0]).decode()
                        own = None if error else group
                        groups.add(own, item.place, body=bytes(item.body), problem=problem)
        whole = (_whole(parts) for _, parts in groups)
        for _ in range(0, len(groups) or 1, base.PAGE_SIZE):
            yield PageOfItems(tuple(islice(whole, base.PAGE_SIZE)), len(groups))


def _whole(parts: Iterable[Part]) -> Item:
    """All items of a group, or why it is rejected."""
    bodies: list[bytes] = []
    place = problem = ""
    size = 0
    for part in parts:
        place, size = place or part.place, size + len(part.body)
        problem = problem or (part.problem and f"{part.place}: {part.problem}")
        if size <= MAX_SIZE:
            bodies.append(part.body)
    if size > MAX_SIZE:
        problem = problem or f"it has more than {MAX_SIZE:,} characters"
    return Item(msgspec.Raw(b"[" + b",".join(bodies) + b"]"), place, problem=problem)
