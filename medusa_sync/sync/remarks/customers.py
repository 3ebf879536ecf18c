"""Reads what would keep customers from buying the products of a run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from medusa_sync.codes import Note
from medusa_sync.core.names import Names
from medusa_sync.errors import StoreError
from medusa_sync.stop import all_done
from medusa_sync.sync.context import Context


async def find_obstacles(context: Context) -> Sequence[Note]:
    """What would keep customers from buying, if the store shows it: a role may hide some of it."""
    offer, names = context.remarks.offer, context.names

    async def read(sort: Names) -> None:
        nonlocal names
        known = names.of(sort)
        if not (names.has(sort) and known.fields == sort.fields):
            with suppress(StoreError):
                shown = await context.api.all_of(sort)
                names = names.having(sort.having(shown))  # others may have been read meanwhile

    await all_done(*map(read, offer.sorts))
    if offer.is_empty:
        offer.add_default(context.placement, context.settings.wanted.currency)
    return tuple(offer.obstacles(names))
