"""Hides products that the source no longer shows, unless they are too many."""

from __future__ import annotations

from collections.abc import Sequence

from medusa_sync.core.value import counted
from medusa_sync.errors import PruneGuardError
from medusa_sync.sync.context import Context
from medusa_sync.sync.remove.orphans import listed


async def refusal(context: Context, names: Sequence[str]) -> PruneGuardError | None:
    """Why the products with these names stay visible; None if they may be hidden.

    Raises:
        StoreError: the store cannot be read.
    """
    if not names:
        return None
    await context.scan.complete()
    owned, allowed = context.scan.overview.owned_size, context.settings.max_removals
    if allowed.allows(len(names), owned):
        return None
    context.keeps_shown = True
    reason = (
        f"{len(names):,} of {counted(owned)} would be hidden, because the source no longer shows them; "
        f"--max-removals is {allowed}. None was hidden."
    )
    hint = "Check their status at the source. If it is right, run once with --max-removals 100%."
    return PruneGuardError("\n".join([reason, *listed(names, len(names))]), hint=hint)
