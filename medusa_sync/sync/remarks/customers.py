"""Reads what would keep customers from buying the products of a run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from medusa_sync.codes import Note
from medusa_sync.core.entities import NamedEntity
from medusa_sync.core.kinds.channels import SELLING, Channel
from medusa_sync.core.kinds.prices import REGIONS, regions_in
from medusa_sync.core.kinds.stock import LOCATIONS
from medusa_sync.errors import StoreError
from medusa_sync.stop import all_done
from medusa_sync.sync.context import Context
from medusa_sync.sync.remarks.offer import Offer, obstacles


async def find_obstacles(context: Context, offer: Offer | None) -> Sequence[Note]:
    """What would keep customers from buying, if the store shows it: a role may hide some of it.

    Args:
        context: of the run.
        offer: what the planned products offer; None if nothing was planned.
    """
    channels: Sequence[NamedEntity] = ()

    async def read_channels() -> None:
        nonlocal channels
        with suppress(StoreError):
            channels = await context.api.all_of(SELLING)

    async def read_regions() -> None:
        with suppress(StoreError):
            await context.find_names(REGIONS)

    await all_done(read_channels(), read_regions())
    offer, placement = offer or Offer(), context.placement
    if not offer.channels:  # nothing was planned: as a new product would be
        offer.channels.add(placement.sales_channel_id)
        offer.locations.update(filter(None, (placement.location_id,)))
        offer.currencies.add(context.settings.wanted.currency)
    names, shown = context.names, [each for each in channels if isinstance(each, Channel)]
    regions = regions_in(names) if names.has(REGIONS) else None
    return tuple(obstacles(offer, shown, regions, names.of(LOCATIONS).labels))
