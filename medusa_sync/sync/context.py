"""What all parts of a run work with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from medusa_sync.core.ids import external_id_of
from medusa_sync.core.policy import OnMissing
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.placement import Placement, find_placement
from medusa_sync.sources.base import Source
from medusa_sync.stop import Stop
from medusa_sync.sync.health import Health
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.options import SyncOptions
from medusa_sync.sync.read.scan import Scan
from medusa_sync.sync.read.source import Delivery

if TYPE_CHECKING:
    from medusa_sync.sync.remove.removals import Removals


class Context(Struct):
    """The run, its store and its source.

    Attributes:
        delivery: what the source has delivered.
        ledger: gets the outcomes.
        health: decides whether the store itself fails.
        stop: once it is set, nothing new is sent.
        scan: of the store before the run.
        is_dry_run: nothing is sent.
        waits: products that the store may still be writing are waited for; otherwise they are planned too.
        removals: finds what will be removed at the end; None if nothing is.
        found_placement: of new products; None until it is needed.
        removed_products: external ids of products that a dry run has removed, although the store has them.
        removed_variants: ids of such variants.
        completed: external ids of products that only get what an interrupted write has sent; in a dry run.
        is_final: all products have been written, except those that wait for one another.
        is_last: the run has also removed what the source no longer has.
    """

    api: AdminApi
    options: SyncOptions
    source: Source
    delivery: Delivery
    ledger: Ledger
    health: Health
    stop: Stop
    scan: Scan
    is_dry_run: bool
    waits: bool = True
    removals: Removals | None = None
    found_placement: Placement | None = None
    removed_products: set[str] = field(default_factory=set)
    removed_variants: set[str] = field(default_factory=set)
    completed: set[str] = field(default_factory=set)
    is_final: bool = False
    is_last: bool = False

    async def find_placement(self) -> Placement:
        """Read where new products belong, once.

        Raises:
            StoreError: the store cannot be read, or lacks what the settings name.
        """
        if self.found_placement is None:
            self.found_placement = await find_placement(self.api, self.options.wanted)
        return self.found_placement

    @property
    def placement(self) -> Placement:
        """Where new products belong, once it was found."""
        if self.found_placement is None:
            raise RuntimeError("the placement was not read yet")
        return self.found_placement

    @property
    def unrecorded(self) -> list[str]:
        """External ids of products that the source did not deliver, and that are kept without a record."""
        missing = (own for own in sorted(self.scan.unrecorded) if own not in self.delivery)
        return [external_id_of(self.options.source_name, own) for own in missing]

    @property
    def keeps_stock(self) -> bool:
        """Whether the store has a stock location."""
        return self.placement.location_id is not None

    @property
    def deletes(self) -> bool:
        """Whether what the source no longer has is deleted, and not only drafted."""
        return self.options.on_missing is OnMissing.DELETE

    def leaves(self, external_id: str) -> bool:
        """Whether a product of the source will be deleted later in the run."""
        return not self.is_last and self.removals is not None and self.removals.will_delete(external_id)
