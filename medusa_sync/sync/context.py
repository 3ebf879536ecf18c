"""What all parts of a run share."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct, field, structs

from medusa_sync.core.fields import kind_of
from medusa_sync.core.ids import external_id_of, source_id_of
from medusa_sync.core.names import Names, StoreNames
from medusa_sync.core.placement import Placement
from medusa_sync.core.policy import Delay, OnMissing
from medusa_sync.core.resolve import DECIDING, can_be_stored
from medusa_sync.core.selection import PlanSettings
from medusa_sync.errors import StoreMismatchError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.vocabulary import Vocabulary
from medusa_sync.stop import Stop, all_done
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.mode import Mode
from medusa_sync.sync.read.scan import Scan
from medusa_sync.sync.read.source import Delivery
from medusa_sync.sync.remarks.collected import Remarks
from medusa_sync.sync.settings import RunSettings

if TYPE_CHECKING:
    from medusa_sync.images import Images


class Context(Struct):
    """The run and its store.

    Attributes:
        mode: what the run is for, with its source.
        delivery: what the source has delivered.
        ledger: gets the outcomes.
        stop: once it is set, nothing new is sent.
        scan: of the store before the run.
        vocabulary: the names of the store, and the placement of new products.
        removed_products: external ids of products that a dry run has removed, although the store has them.
        removed_variants: ids of dropped variants that the final pass removes, by external id of the product.
        keeps_shown: no product is hidden, because the source no longer shows too many.
        is_final: all products have been written, except those that waited for others, or for removals.
        another_run_creates: products of this source, and may use what was found to be unused.
        plan: how to decide; without fields that the store cannot have, once that is known.
        remarks: what is collected for the result.
        failures: products in a row whose writes failed without a refusal.
        edited_programs: those whose content was another one when products of the source were written.
        images: downloads them; None if none are copied.
    """

    api: AdminApi
    settings: RunSettings
    mode: Mode
    delivery: Delivery
    ledger: Ledger
    stop: Stop
    scan: Scan
    vocabulary: Vocabulary
    removed_products: set[str] = field(default_factory=set)
    removed_variants: dict[str, Collection[str]] = {}
    keeps_shown: bool = False
    is_final: bool = False
    another_run_creates: bool = False
    remarks: Remarks = field(default_factory=Remarks)
    failures: int = 0
    edited_programs: Sequence[str] = ()
    images: Images | None = None
    plan: PlanSettings = PlanSettings()

    def __post_init__(self) -> None:
        self.plan = self.settings.plan

    @property
    def placement(self) -> Placement:
        """Where new products go, once it was read."""
        return self.vocabulary.placement

    @property
    def names(self) -> StoreNames:
        """Those of the store, as far as they were read."""
        return self.vocabulary.names

    async def find_names(self, sort: Names) -> None:
        """Read all of a sort of names, once; fields that the store cannot have stay, also in records."""
        if self.names.has(sort):
            return
        await self.vocabulary.read(sort)
        if sort in DECIDING:
            selection = self.plan.selection.within(partial(can_be_stored, names=self.names))
            self.plan = structs.replace(self.plan, selection=selection)

    async def check_only(self) -> None:
        """Check that the store has what `--only` names: otherwise, nothing would ever be stale.

        Raises:
            StoreError: the store lacks it, or does not show what it has.
        """
        fields = sorted(self.plan.selection.named)
        named = [each for name in fields for each in kind_of(name).named_by(name)]
        for sort, name in named:
            await self.find_names(sort)
            self.vocabulary.check_named(sort, name)

    async def find_placement(self, *, creates: bool = False, sorts: Collection[Names] = ()) -> None:
        """Read where products belong, and these sorts of names of the store, each once.

        The shipping profile is read only if a product is created; a plan has it, and a dry run checks it.

        Raises:
            StoreError: the store cannot be read, or lacks what the settings name.
        """
        vocabulary = self.vocabulary
        needs_currency = self.mode.wants_all  # otherwise, each product says in which its prices are
        with self._explained():
            await all_done(
                vocabulary.read_places(),
                *map(self.find_names, dict.fromkeys((*vocabulary.needed_to_place, *sorts))),
            )
            vocabulary.place(needs_currency=needs_currency)
        if creates or self.is_dry_run or self.mode.checks_placement:
            await self.find_profile()

    async def find_profile(self) -> None:
        """Read the shipping profile of new products, once; raises the same errors."""
        with self._explained():
            await self.vocabulary.read_profile()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say what to do if the settings of a plan name what the store lacks."""
        try:
            yield
        except StoreMismatchError as error:
            raise StoreMismatchError(str(error), hint=self.mode.hint or error.hint) from error

    def is_ours(self, external_id: str | None) -> bool:
        """Whether an external id is one of this source."""
        return source_id_of(self.settings.source_name, external_id) is not None

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing is sent."""
        return self.settings.dry_run

    @property
    def unrecorded(self) -> list[str]:
        """External ids of products that the source did not deliver, and that are kept without a record."""
        missing = (
            source_id for source_id in sorted(self.scan.overview.unrecorded) if source_id not in self.delivery
        )
        return [external_id_of(self.settings.source_name, source_id) for source_id in missing]

    @property
    def delay(self) -> Delay:
        """How long something has to be missing before it is removed, at the time of the store."""
        return self.scan.overview.delay

    @property
    def deletes(self) -> bool:
        """Whether what the source no longer has is deleted, and not only drafted."""
        return self.settings.on_missing is OnMissing.DELETE
