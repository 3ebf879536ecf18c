"""What a run does, and to which store."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from medusa_sync.core.ids import Shard
from medusa_sync.core.kinds.copying import Copying
from medusa_sync.core.placement import PlacementSettings
from medusa_sync.core.policy import NONE_REJECTED, Delay, OnMissing, Share
from medusa_sync.core.record import Dropped
from medusa_sync.core.selection import PlanSettings


class RunSettings(Struct, frozen=True):
    """What a run does, and to which store.

    Attributes:
        source_name: the prefix of external ids.
        source_url: as it is shown, without secrets.
        store_url: as it is shown.
        status: of new products, `published` or `draft`.
        max_removals: how many products a run may remove.
        max_changes: how many products of the source in the store a run may update or remove; None for all.
        batch_size: products in a write request.
        concurrency: batches at the same time.
        limit: the number of products to sync, the first ones of the source; None for all.
        max_duration_s: seconds after which nothing new starts; None for no limit.
        products: the source ids of those that are synced, and no others; None for all.
        shard: the part of the products to sync; None for all.
        delay: until what is missing is removed.
        max_rejected: how many rejected products are no problem.
        saves_plan: what a dry run finds is kept, to be approved.
        copying: images to the store; None if none are copied.
    """

    job: str
    source_name: str
    source_url: str
    store_url: str
    wanted: PlacementSettings
    status: str
    plan: PlanSettings
    on_missing: OnMissing
    max_removals: Share
    dry_run: bool
    batch_size: int
    concurrency: int
    max_retries: int
    limit: int | None
    max_duration_s: float | None
    max_changes: Share | None = None
    products: frozenset[str] | None = None
    shard: Shard | None = None
    delay: Delay = Delay()
    max_rejected: Share = NONE_REJECTED
    saves_plan: bool = False
    copying: Copying | None = None

    @property
    def prunes(self) -> bool:
        """Whether products are removed; with a limit, or if some are chosen, the others are not missing."""
        return self.on_missing is not OnMissing.KEEP and self.limit is None and self.products is None

    @property
    def removable(self) -> Collection[Dropped]:
        """The states of dropped variants that are removed; if variants are not synced, some may be back."""
        if not self.prunes or not self.plan.selection.has_variants:
            return ()
        return tuple(Dropped) if self.on_missing is OnMissing.DELETE else (Dropped.KEPT, Dropped.REMOVED)
