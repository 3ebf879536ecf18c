"""A product of the source on its way to its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from msgspec import Struct, structs

from medusa_sync.core.change import Change, Create, Update
from medusa_sync.core.claims import Hold, Holders
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Record
from medusa_sync.core.result import Outcome, Result, combined, outcome_of
from medusa_sync.core.stored import StoredProduct
from medusa_sync.errors import MedusaSyncError
from medusa_sync.sync.ledger import Ledger


class Place(Enum):
    """Where a job is; it is in exactly one place."""

    QUEUE = auto()
    FINAL_PASS = auto()  # it waits for unique values that other products may give up
    ACKNOWLEDGEMENT = auto()
    LEDGER = auto()


NOTHING = Outcome(None, "", Result.UNCHANGED)


class Refusal(Struct, frozen=True):
    """What the store refused, and why."""

    change: Change | None
    error: MedusaSyncError


class Job(Struct, eq=False):
    """A stale product.

    Attributes:
        desired: what the source wants.
        number: its place in the source.
        is_absent: it was just looked up and not found, so it is planned without another look-up.
        place: where it is.
        plan: what this attempt writes, without what is withheld.
        planned: its outcome once the attempt is complete.
        sent: the outcome of everything that may have arrived; None if nothing was sent.
        arrived: what is written of a product of which a part waits for the removal of variants.
        is_written: something has certainly arrived.
        is_being_created: it was sent to be created, so an incomplete product may become complete.
        attempts: how many times the result of a write was unknown.
        polls: how many times the store was still working on it.
        refusal: of an earlier attempt, with this product alone.
        error: why the store refused a part of it in this attempt.
        holders: what has the unique values that it wants; None if they were not looked up.
        is_released: it has given up the values that others in its group get.
        gives_up: the unique values that its variants and inventory items lose.
        is_refused: the store has refused it before, perhaps because of another one in its group.
        leftover: what an interrupted creation or deletion has left of it.
        product_id: in the store.
        before: its record before this attempt.
        note: the record that was sent with its row; None if the row was not sent.
        note_at: the time of a note whose response has arrived; the store is not working on it.
        variant_ids: of new variants, by key.
        option_ids: of the options of a new product, by name.
        lacks_item_sku: an inventory item did not get its SKU, because another one has it.
        may_be_late: a request that renames an item or sets a sale price may still be delivered.
    """

    desired: DesiredProduct
    number: int
    is_absent: bool = False
    place: Place = Place.QUEUE
    plan: Change | None = None
    planned: Outcome = NOTHING
    sent: Outcome | None = None
    arrived: Outcome | None = None
    is_written: bool = False
    is_being_created: bool = False
    attempts: int = 0
    polls: int = 0
    refusal: Refusal | None = None
    error: MedusaSyncError | None = None
    holders: Holders | None = None
    is_released: bool = False
    gives_up: frozenset[Hold] = frozenset()
    is_refused: bool = False
    leftover: StoredProduct | None = None
    product_id: str = ""
    before: Record | None = None
    note: Record | None = None
    note_at: float = 0
    variant_ids: Mapping[str, str] = {}
    option_ids: Mapping[str, str] = {}
    lacks_item_sku: bool = False
    may_be_late: bool = False

    @property
    def external_id(self) -> str:
        return self.desired.external_id

    @property
    def change(self) -> Change:
        """The plan of a job that has one."""
        if self.plan is None:
            raise TypeError(f"{self.external_id} is not planned")
        return self.plan

    @property
    def update(self) -> Update:
        """The plan, if it is an update."""
        if not isinstance(self.plan, Update):
            raise TypeError(f"{self.external_id} is not updated")
        return self.plan

    @property
    def create(self) -> Create:
        """The plan, if it is a creation."""
        if not isinstance(self.plan, Create):
            raise TypeError(f"{self.external_id} is not created")
        return self.plan

    def take(self, change: Change) -> None:
        """Take the plan of an attempt."""
        self.plan = change
        self.planned = combined(self.sent, outcome_of(change))

    def begin(self, ledger: Ledger) -> None:
        """Take note that what is sent now may arrive."""
        conflicts = self.plan.conflicts if isinstance(self.plan, Update) else ()
        ledger.begin(self.external_id, conflicts)
        self.sent = self.planned

    def replan(self, update: Update) -> None:
        """Take what is left after the row was written: the merchant may have edited the product meanwhile."""
        left = {(each.variant, each.field) for each in update.changes}
        gone = {(each.variant, each.field) for each in self.update.changes} - left
        row = {"own_changes": self.update.own_changes, "own_conflicts": self.update.own_conflicts}
        self.plan = structs.replace(update, **row)
        changes = tuple(each for each in self.planned.changes if (each.variant, each.field) not in gone)
        before = structs.replace(self.planned, changes=changes)
        self.planned = self.sent = combined(before, outcome_of(self.plan))

    def take_back(self, ledger: Ledger) -> None:
        """Take note that the store refused what was sent; the row of an update may have arrived."""
        if not self.is_written:
            self.sent = None
            ledger.take_back(self.external_id)
        elif self.sent is not None and isinstance(self.plan, Update):
            row = {each.field for each in self.plan.own_changes}
            changes = tuple(each for each in self.sent.changes if not each.variant and each.field in row)
            self.sent = structs.replace(self.sent, changes=changes) if changes else None

    def outcome(self, found: Outcome) -> Outcome:
        """The outcome of a product for which nothing is left to be done."""
        if self.sent is None or found.result is not Result.UNCHANGED:
            return found
        return structs.replace(self.sent, held=found.held, withheld=found.withheld, blocked=found.blocked)


Group = list[Job]
"""Jobs that are written together."""
