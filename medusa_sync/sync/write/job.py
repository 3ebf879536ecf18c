"""Products of the source on their way to their outcomes; each is in exactly one place.

The life of a job:

what happened                                place            what it has since then
-------------------------------------------  ---------------  ------------------------------------------------
it was found to be stale                     QUEUE            what the source wants
it is not in the store, and planned ahead    QUEUE            a plan, a handle, the owners of what it wants
it wants what another one has, or loses      FINAL_PASS       perhaps a plan
variants
its details were read                        QUEUE            a plan of this attempt
nothing is left to do, or it may not be      LEDGER           an outcome
written
a part of it was refused                     QUEUE            an error, until the attempt ends
it was refused alone                         QUEUE            a refusal; the same plan again fails
it is not known what arrived                 QUEUE            one attempt more
everything arrived                           ACKNOWLEDGEMENT  the ids of what was created
it was acknowledged                          LEDGER           an outcome
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from enum import Enum, auto

from msgspec import Struct, field, structs

from medusa_sync.core.announced import Announced
from medusa_sync.core.change import Change
from medusa_sync.core.field_changes import FieldChange
from medusa_sync.core.fields import VARIANT
from medusa_sync.core.inventory import StoredItem
from medusa_sync.core.outcome import (
    Action,
    Changes,
    Outcome,
    Written,
    arrived,
    gained,
    outcome_of,
    with_changes,
    written,
)
from medusa_sync.core.product import DesiredProduct, Withheld
from medusa_sync.core.record import Record
from medusa_sync.core.recorded import final_record
from medusa_sync.core.since import digest, variant_digest
from medusa_sync.core.steps import Step
from medusa_sync.core.stored import StoredVariant
from medusa_sync.core.unique import Owners
from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError, StoreRefusedError
from medusa_sync.medusa.operations import new_product_id
from medusa_sync.sync.ledger import Ledger


class Place(Enum):
    """Where a job is; it is in exactly one place."""

    QUEUE = auto()
    FINAL_PASS = auto()  # it waits for unique values of other products, or for the removal of variants
    ACKNOWLEDGEMENT = auto()
    LEDGER = auto()


class Refusal(Struct, frozen=True):
    """The store refused a plan for this product alone; the same plan again fails."""

    plan: Change | None
    error: MedusaSyncError


class Creation(Struct):
    """What is known about a product that the store does not have.

    Attributes:
        handle: that was chosen for it; no other one gets it.
        withheld_handle: what the source wants instead; None if it gets that.
        replaces: id of the incomplete product that an interrupted creation left; empty if there is none.
        generation: of its id; the id of a deleted product cannot be used again.
        is_sent: so an incomplete product may become complete.
    """

    handle: str = ""
    withheld_handle: Withheld | None = None
    replaces: str = ""
    generation: int = 0
    is_sent: bool = False


class History(Struct):
    """What this run has read of a product, and done to it.

    Attributes:
        records: that were read before the final pass, or sent.
        changed: what this run has changed, as the last read and the responses since then show it.
        gain: the write that made it one of the source; None if no earlier plan did.
        deleted: ids of dropped variants that are deleted.
        kept: why dropped variants are not removed although the guards allow it, by id.
        links: ids of the inventory items that a dropped variant had before this run first tried to delete it,
            by the id of the variant.
        first: the plan of when it was read first, which shows what the store had before the run.
        sends_copies: it refers to copies of images from now on.
    """

    records: list[Record | None] = []
    changed: Changes = {}
    gain: Action | None = None
    deleted: set[str] = set()
    kept: dict[str, str] = {}
    links: dict[str, frozenset[str]] = {}
    first: Change | None = None
    sends_copies: bool = False


class Attempt(Struct):
    """The current attempt to write a product.

    Attributes:
        error: why the store refused a part of it.
        product_id: in the store.
        before: its record before this attempt.
        note: the record that was sent with its row; None if the row was not sent.
        items: inventory items that new variants get, by SKU.
        variants: as they were read after they were written, by key.
    """

    error: MedusaSyncError | None = None
    product_id: str = ""
    before: Record | None = None
    note: Record | None = None
    items: Mapping[str, StoredItem] = {}
    variants: Mapping[str, StoredVariant] = {}


class Job(Struct, eq=False):
    """A stale product.

    Attributes:
        desired: what the source wants.
        number: its place in the source.
        is_absent: it was just looked up and not found, so it is planned without another look-up.
        place: where it is.
        to_copy: how many images may have to be copied, as its record shows it.
        announced: what its record foresees; the first attempt notes that, and reads the product afterwards.
        plan: what this attempt writes, without what is withheld. A product that was read and not found has
            none, unless its creation was planned together with others and not attempted yet.
        owners: what has the unique values that it wants; None if they were not looked up.
        is_written: something has arrived, or may have.
        note_at: the time of a note whose response has arrived; the store is not working on it.
        attempts: how many times it was unknown what a write did.
        polls: how many times the store was still working on it.
        is_refused: the store has refused it before, perhaps because of another one in its group.
        refusal: of the product alone.
        creation: what is known if it is new.
        history: what this run has done to it.
        attempt: the current one; `begin` begins another one.
    """

    desired: DesiredProduct
    number: int
    is_absent: bool = False
    to_copy: int = 0
    place: Place = Place.QUEUE
    announced: Announced | None = None
    plan: Change | None = None
    owners: Owners | None = None
    is_written: bool = False
    note_at: float = 0
    attempts: int = 0
    polls: int = 0
    is_refused: bool = False
    refusal: Refusal | None = None
    creation: Creation = field(default_factory=Creation)
    history: History = field(default_factory=History)
    attempt: Attempt = field(default_factory=Attempt)

    @property
    def external_id(self) -> str:
        return self.desired.external_id

    @property
    def is_new(self) -> bool:
        """Whether the store does not have it, as far as it is known."""
        return self.is_absent if self.plan is None else self.plan.is_creation

    @property
    def new_product_id(self) -> str:
        """The id that the product gets if it is new, unless it is created by the ordinary route."""
        return new_product_id(self.external_id, self.creation.generation)

    @property
    def change(self) -> Change:
        """The plan of a job that has one."""
        if self.plan is None:
            raise TypeError(f"{self.external_id} is not planned")
        return self.plan

    def begin(self) -> None:
        """Begin an attempt to write the plan."""
        stored = self.change.stored
        self.history.sends_copies |= self.change.copies.sends_any
        items = self.owners.unused if self.owners else {}
        self.attempt = Attempt(product_id=stored.id, before=stored.record, items=items)

    def learn(self, found: Callable[[DesiredProduct], DesiredProduct]) -> None:
        """Add what was found out about what the source wants, also to the plan."""
        self.desired = found(self.desired)
        self.plan = structs.replace(self.change, desired=found(self.change.desired))

    def take(self, change: Change) -> None:
        """Take another plan."""
        self.history.first = self.history.first or change
        self.plan, self.history.changed = change, arrived(self.history.changed, change)

    def take_again(self, change: Change) -> None:
        """Take the plan after a read, which shows how much has arrived of what was sent before."""
        if self.is_written and self.plan is not None:
            self.wrote(() if self.plan.is_creation else self.plan.changes)
        self.take(change)

    def wrote(self, changes: Iterable[FieldChange]) -> None:
        """Take note of changes that have arrived, or of which the next read shows whether they have."""
        self.is_written = True
        self.history.gain = self._gain
        self.history.changed = with_changes(self.history.changed, changes)

    @property
    def _gain(self) -> Action | None:
        """The write that makes it one of the source, in this attempt or before."""
        return self.history.gain or gained(self.change)

    def accept(self, answer: str | StoreRefusedError | AmbiguousWriteError) -> bool:
        """Take the answer of a part of it; returns whether it was written. If not, the job gets the error.

        Raises:
            AmbiguousWriteError: it may have been written.
        """
        if isinstance(answer, AmbiguousWriteError):
            raise answer
        self.attempt.error = None if isinstance(answer, str) else answer
        return self.attempt.error is None

    def forget_update(self, ledger: Ledger) -> None:
        """Forget the plan of an earlier attempt, and what it changed of a product that is gone now."""
        if self.plan is not None and not self.plan.is_creation:
            self.history.changed, self.is_written = {}, False
            ledger.take_back(self.external_id)
        self.plan = None

    def outcome(self) -> Outcome:
        """The outcome of a product whose plan is carried out."""
        copies = self.history.sends_copies or bool(self.change.copies.to_copy)  # in a dry run
        found = outcome_of(self.change, self.all_changes, self._gain, gets_copies=copies)
        withheld = (*found.withheld, *filter(None, [self.creation.withheld_handle]))
        return structs.replace(found, written=self.written(), withheld=withheld)

    @property
    def all_changes(self) -> Collection[FieldChange]:
        """What the run has changed once the plan is carried out, and what was applied before the run."""
        changes, first = with_changes(self.history.changed, self.change.changes), self.history.first
        if first is None or first is self.plan:
            return changes.values()
        known = {(each.key, each.field): each.applied for each in first.changes}
        return [structs.replace(each, applied=known.get(own, each.applied)) for own, each in changes.items()]

    def written(self) -> Written | None:
        """What was written of it, as far as it is known."""
        if self.plan is None:
            return None
        product_id = self.plan.stored.id or self.attempt.product_id
        found = written(self.plan, product_id, self.history.first or self.plan, self.attempt.variants)
        return structs.replace(found, recorded=self._recorded())

    def _recorded(self) -> Mapping[str | None, str]:
        """What is recorded of a product, or of variants, that this run has created."""
        if self._gain is Action.CREATE:
            return {None: digest(final_record(self.change))}
        created = (each for each in self.all_changes if each.field == VARIANT and each.stored is None)
        new = {each.key for each in created if each.key}
        variants = final_record(self.change).variants if new else {}
        return {key: variant_digest(variants[key]) for key in new & variants.keys()}


Group = list[Job]
"""Jobs that are written together."""

Send = tuple[Step, Callable[[Group], Awaitable[None]]]
"""Sends what a step is about for the jobs that need it, in one call if there is a bulk route."""


def still_queued(jobs: Group) -> Group:
    """The jobs that are left to be done."""
    return [job for job in jobs if job.place is Place.QUEUE]
