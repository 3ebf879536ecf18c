"""What all parts of a run share."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field, structs

from medusa_sync.core.ids import external_id_of, source_id_of
from medusa_sync.core.inventory import LeftOverStock
from medusa_sync.core.kits import KeptStock
from medusa_sync.core.policy import Delay, OnMissing
from medusa_sync.core.selection import PlanOptions
from medusa_sync.errors import StoreMismatchError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.placement import UNKNOWN, Placement, find_placement
from medusa_sync.stop import Stop, all_done
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.mode import Mode
from medusa_sync.sync.read.scan import Scan
from medusa_sync.sync.read.source import Delivery
from medusa_sync.sync.run_options import SyncOptions

if TYPE_CHECKING:
    from medusa_sync.core.entities import Region

NO_TRANSLATIONS = "none; MEDUSA_FF_TRANSLATION=true switches translations on"


class Context(Struct):
    """The run and its store.

    Attributes:
        mode: what the run is for, with its source.
        delivery: what the source has delivered.
        ledger: gets the outcomes.
        stop: once it is set, nothing new is sent.
        scan: of the store before the run.
        placement: of new products, once it was read.
        regions: of the store, once they were read.
        removed_products: external ids of products that a dry run has removed, although the store has them.
        removed_variants: ids of dropped variants that the final pass removes, by external id of the product.
        missing_since: the mark of the variants that the final pass finds to be missing; 0 for no mark.
        is_final: all products have been written, except those that waited for others, or for removals.
        another_run_creates: products of this source, and may use what was found to be unused.
        plan: how to decide; without texts in locales that the store lacks, once these were read.
        locales: of the store, once they were read.
        hidden_locales: why the store does not show them.
        other_locales: that the source has, and the store does not.
        kept_stock: the stock of kits that is not written.
        left_over: stock elsewhere of unused inventory items that variants get.
        failures: products in a row whose writes failed without a refusal.
        is_map_edited: the products of the source were written with another content of the map.
    """

    api: AdminApi
    options: SyncOptions
    mode: Mode
    delivery: Delivery
    ledger: Ledger
    stop: Stop
    scan: Scan
    placement: Placement = UNKNOWN
    regions: Sequence[Region] | None = None
    removed_products: set[str] = field(default_factory=set)
    removed_variants: dict[str, Collection[str]] = {}
    missing_since: float = 0
    is_final: bool = False
    another_run_creates: bool = False
    kept_stock: KeptStock = field(default_factory=KeptStock)
    left_over: LeftOverStock = field(default_factory=LeftOverStock)
    failures: int = 0
    locales: Collection[str] | None = None
    hidden_locales: StoreRefusedError | None = None
    other_locales: set[str] = field(default_factory=set)
    is_map_edited: bool = False
    plan: PlanOptions = PlanOptions()

    def __post_init__(self) -> None:
        self.plan = self.options.plan

    async def find_locales(self) -> None:
        """Read the locales that texts may have, once; texts in others stay, also in records."""
        if self.locales is None:
            try:
                self.locales = await self.api.locales()
            except StoreRefusedError as error:
                self.locales, self.hidden_locales = (), error
            self.plan = structs.replace(self.plan, selection=self.plan.selection.in_locales(self.locales))

    async def check_locales(self) -> None:
        """Check that the store has the locales of `--only`: with a wrong one, nothing would ever be stale.

        Raises:
            StoreError: the store lacks one of them, or does not show its locales.
        """
        if not (named := self.plan.selection.named_locales):
            return
        await self.find_locales()
        if self.hidden_locales is not None:
            raise self.hidden_locales
        if missing := sorted(named.difference(self.locales or ())):
            has = ", ".join(sorted(self.locales or ())) or NO_TRANSLATIONS
            hint = "Add it in the admin (Settings > Store), or correct --only (SYNC_PRODUCTS_ONLY)."
            raise StoreMismatchError(f"The store has no locale {missing[0]!r}, only: {has}", hint=hint)

    async def find_placement(self, *, regions: bool = False, locales: bool = False) -> None:
        """Read where new products belong, and the regions and locales of the store if asked for, each once.

        Raises:
            StoreError: the store cannot be read, or lacks what the settings name.
        """
        reads: tuple[Awaitable[object], ...] = (
            *([self._read_placement()] if self.placement is UNKNOWN else ()),
            *([self.find_regions()] if regions else ()),
            *([self.find_locales()] if locales else ()),
        )
        await all_done(*reads)
        if self.placement.regions is not self.regions:
            self.placement = structs.replace(self.placement, regions=self.regions)

    async def _read_placement(self) -> None:
        needs_currency = self.mode.wants_all  # otherwise, each product says in which its prices are
        try:
            self.placement = await find_placement(
                self.api, self.options.wanted, needs_currency=needs_currency
            )
        except StoreMismatchError as error:
            raise StoreMismatchError(str(error), hint=self.mode.hint or error.hint) from error

    async def find_regions(self) -> None:
        """Read the regions of the store, once."""
        if self.regions is None:
            self.regions = await self.api.regions()

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
        missing = (source_id for source_id in sorted(self.scan.unrecorded) if source_id not in self.delivery)
        return [external_id_of(self.options.source_name, source_id) for source_id in missing]

    @property
    def delay(self) -> Delay:
        """How long something has to be missing before it is removed, at the time of the store."""
        return self.scan.delay

    @property
    def deletes(self) -> bool:
        """Whether what the source no longer has is deleted, and not only drafted."""
        return self.options.on_missing is OnMissing.DELETE
