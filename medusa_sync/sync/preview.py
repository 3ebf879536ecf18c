"""Settles the products of a dry run with what a real run would do."""

from __future__ import annotations

from collections.abc import AsyncIterator

from medusa_sync.core.change import Change
from medusa_sync.core.result import Outcome, Result
from medusa_sync.medusa.placement import Placement
from medusa_sync.sync.ledger import Ledger, outcome_of
from medusa_sync.sync.planner import Planner
from medusa_sync.sync.removals import Removals
from medusa_sync.sync.stale import Stale, absent


async def preview(
    planner: Planner,
    placement: Placement,
    removals: Removals,
    ledger: Ledger,
    first: list[Stale],
    rest: AsyncIterator[list[Stale]],
) -> None:
    """Settle every stale product.

    Args:
        planner: reads and plans.
        placement: of the store; its currencies are checked.
        removals: notified of the variants that updates drop.
        ledger: notified of the outcomes.
        first: the first part of the stale products.
        rest: the other parts.

    Raises:
        StoreError: the store cannot be read.
    """
    stale: list[Stale] | None = first
    while stale is not None:
        placement.check_currencies(each.desired for each in stale)
        reading = await planner.read([each.desired for each in stale], absent=absent(stale))
        entries: list[Change | Outcome] = [*reading.outcomes, *reading.updates]
        entries += await planner.plan_new(reading.new, reading.incomplete)
        entries += [
            Outcome(each.external_id, each.title, Result.UNCONFIRMED, "another run is writing it")
            for each in reading.in_progress
        ]
        for each in reading.updates:
            removals.preview(each)
        ledger.watch(each.desired.external_id for each in reading.updates if each.dropped)
        for entry in entries:
            ledger.settle(entry if isinstance(entry, Outcome) else outcome_of(entry))
        stale = await anext(rest, None)
