"""Brings the items of a product together, wherever they are in a source, for a map that asks for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Raw, structs

from medusa_sync.sources import base
from medusa_sync.sources.base import Item, PageOfItems
from medusa_sync.sources.groups import Groups

if TYPE_CHECKING:
    from medusa_sync.sources.maps.program import Program


async def gathered(
    grouping: Program, pages: AsyncGenerator[PageOfItems, None]
) -> AsyncGenerator[PageOfItems, None]:
    """Each group as an item that is an array, in the order of their first items.

    `grouping` gives the group of an item, and others that belong to it; one without a group is in that of the
    item before it.
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
                        group = found[0] if found else group
                        problem = problem and f"{item.place}: {problem}"
                        own = None if error else group
                        groups.add(own, item.place, body=bytes(item.body), problem=problem)
                        for other in () if error else found[1:]:
                            groups.join(found[0], other)
        whole = (Item(Raw(b"[%b]" % b",".join(each.bodies)), each.place, each.problem) for each in groups)
        while rows := tuple(islice(whole, base.PAGE_SIZE)):
            yield PageOfItems(rows, None)
