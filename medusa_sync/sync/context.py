"""What all parts of a run work with: its options, and everything that they share."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from msgspec import Struct, field

from medusa_sync.core.ids import Shard, external_id_of, source_id_of
from medusa_sync.core.policy import OnMissing, Share
from medusa_sync.core.record import Dropped
from medusa_sync.core.selection import PlanOptions
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.placement import UNKNOWN, Placement, PlacementOptions, find_placement
from medusa_sync.sources.base import Source
from medusa_sync.stop import Stop
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.read.scan import Scan
from medusa_sync.sync.read.source import Delivery

if TYPE_CHECKING:
    from medusa_sync.sync.remove.removals import Removals


class SyncOptions(Struct, frozen=True):
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
        shard: the part of the products to sync; None for all.
    """

    job: str
    source_name: str
    source_url: str
    store_url: str
    wanted: PlacementOptions
    status: str
    plan: PlanOptions
    on_missing: OnMissing
    max_removals: Share
    dry_run: bool
    batch_size: int
    concurrency: int
    max_retries: int
    limit: int | None
    max_duration_s: float | None
    max_changes: Share | None = None
    shard: Shard | None = None

    @property
    def prunes(self) -> bool:
        """Whether products are removed; with a limit, those beyond it are not missing."""
        return self.on_missing is not OnMissing.KEEP and self.limit is None

    @property
    def removable(self) -> Collection[Dropped]:
        """The states of dropped variants that are removed; if variants are not synced, some may be back."""
        if not self.prunes or not self.plan.selection.has_variants:
            return ()
        return tuple(Dropped) if self.on_missing is OnMissing.DELETE else (Dropped.KEPT, Dropped.REMOVED)


class Context(Struct):
    """The run, its store and its source.

    Attributes:
        delivery: what the source has delivered.
        ledger: gets the outcomes.
        stop: once it is set, nothing new is sent.
        scan: of the store before the run.
        removals: finds what will be removed at the end; None if nothing is.
        placement: of new products, once it was read.
        removed_products: external ids of products that a dry run has removed, although the store has them.
        removed_variants: ids of dropped variants that the final pass removes, by external id of the product.
        is_final: all products have been written, except those that waited for others, or for removals.
        another_run_creates: products of this source, and may use what was found to be unused.
        failures: products in a row whose writes failed without a refusal.
    """

    api: AdminApi
    options: SyncOptions
    source: Source
    delivery: Delivery
    ledger: Ledger
    stop: Stop
    scan: Scan
    removals: Removals | None = None
    placement: Placement = UNKNOWN
    removed_products: set[str] = field(default_factory=set)
    removed_variants: dict[str, Collection[str]] = {}
    is_final: bool = False
    another_run_creates: bool = False
    failures: int = 0

    async def find_placement(self) -> None:
        """Read where new products belong, once.

        Raises:
            StoreError: the store cannot be read, or lacks what the settings name.
        """
        if self.placement is UNKNOWN:
            self.placement = await find_placement(self.api, self.options.wanted)

    def is_ours(self, external_id: str | None) -> bool:
        """Whether an external id is one of this source."""
        return source_id_of(self.options.source_name, external_id) is not None

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing is sent."""
        return self.options.dry_run

    @property
    def unrecorded(self) -> list[str]:
        """External ids of products that the source did not deliver, and that are kept without a record."""
        missing = (own for own in sorted(self.scan.unrecorded) if own not in self.delivery)
        return [external_id_of(self.options.source_name, own) for own in missing]

    @property
    def deletes(self) -> bool:
        """Whether what the source no longer has is deleted, and not only drafted."""
        return self.options.on_missing is OnMissing.DELETE
