"""Products of the source on their way to their outcomes; each is in exactly one place.

The life of a job:

what happened                                place            what it has since then
-------------------------------------------  ---------------  ------------------------------------------------
it was found to be stale                     QUEUE            what the source wants
it is not in the store, and planned ahead    QUEUE            a plan, a handle, the holders of what it wants
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

from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto

from msgspec import Struct, structs

from medusa_sync.core.approval import approved
from medusa_sync.core.change import Change, FieldChange
from medusa_sync.core.fields import VARIANT
from medusa_sync.core.inventory import StoredItem
from medusa_sync.core.note import final_record, is_recorded
from medusa_sync.core.product import DesiredProduct, PlanLine, Withheld
from medusa_sync.core.record import Record
from medusa_sync.core.result import (
    Action,
    Changes,
    Outcome,
    Result,
    Written,
    arrived,
    gained,
    outcome_of,
    with_changes,
    written,
)
from medusa_sync.core.since import digest, variant_digest
from medusa_sync.core.stored import StoredVariant
from medusa_sync.core.unique import Holders
from medusa_sync.errors import AmbiguousWriteError, MedusaSyncError, StoreRefusedError
from medusa_sync.medusa.operations import new_product_id
from medusa_sync.sync.context import Context
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.remarks.offer import Offer


class Place(Enum):
    """Where a job is; it is in exactly one place."""

    QUEUE = auto()
    FINAL_PASS = auto()  # it waits for unique values of other products, or for the removal of variants
    ACKNOWLEDGEMENT = auto()
    LEDGER = auto()


class Job(Struct, eq=False):
    """A stale product.

    Attributes:
        desired: what the source wants.
        number: its place in the source.
        is_absent: it was just looked up and not found, so it is planned without another look-up.
        place: where it is.
        plan: what this attempt writes, without what is withheld. A product that was read and not found has
            none, unless its creation was planned together with others and not attempted yet.
        changed: what this run has changed, as the last read and the responses since then show it.
        gain: the write that made it one of the source; None if no earlier plan did.
        is_written: something has arrived, or may have.
        is_being_created: it was sent to be created, so an incomplete product may become complete.
        attempts: how many times the result of a write was unknown.
        polls: how many times the store was still working on it.
        refused: the plan that the store refused for this product alone.
        refusal: why.
        holders: what has the unique values that it wants; None if they were not looked up.
        is_refused: the store has refused it before, perhaps because of another one in its group.
        note_at: the time of a note whose response has arrived; the store is not working on it.
        records: those that this run has read before the final pass, or sent.
        deleted: ids of dropped variants that are deleted.
        kept: why dropped variants are not removed although the guards allow it, by id.
        handle: that was chosen for it, if it is new; no other one gets it.
        withheld_handle: what the source wants instead; None if it gets that.
        replaces: id of the incomplete product that an interrupted creation left; empty if there is none.
        generation: of its id, if it is new; the id of a deleted product cannot be used again.
        titles: of its options when it was read first, by id.
        shared_item: id of the inventory item that its variants shared then.

    What `begin` sets, or an attempt to write it:
        error: why the store refused a part of it.
        product_id: in the store.
        before: its record before this attempt.
        note: the record that was sent with its row; None if the row was not sent.
        items: inventory items that new variants get, by SKU.
        written: its variants as they were read after they were written, by key.
        option_ids: of the options of a new product, by name.
    """

    desired: DesiredProduct
    number: int
    is_absent: bool = False
    place: Place = Place.QUEUE
    plan: Change | None = None
    changed: Changes = {}
    gain: Action | None = None
    is_written: bool = False
    is_being_created: bool = False
    attempts: int = 0
    polls: int = 0
    refused: Change | None = None
    refusal: MedusaSyncError | None = None
    holders: Holders | None = None
    is_refused: bool = False
    note_at: float = 0
    records: list[Record | None] = []
    deleted: set[str] = set()
    kept: dict[str, str] = {}
    handle: str = ""
    withheld_handle: Withheld | None = None
    replaces: str = ""
    generation: int = 0
    titles: Mapping[str, str] | None = None
    shared_item: str = ""
    error: MedusaSyncError | None = None
    product_id: str = ""
    before: Record | None = None
    note: Record | None = None
    items: Mapping[str, StoredItem] = {}
    written: Mapping[str, StoredVariant] = {}
    option_ids: Mapping[str, str] = {}

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
        return new_product_id(self.external_id, self.generation)

    @property
    def change(self) -> Change:
        """The plan of a job that has one."""
        if self.plan is None:
            raise TypeError(f"{self.external_id} is not planned")
        return self.plan

    def begin(self) -> None:
        """Begin an attempt to write the plan."""
        stored = self.change.stored
        self.error, self.note, self.written, self.option_ids = None, None, {}, {}
        self.product_id, self.before = stored.id, stored.record
        self.items = self.holders.unused if self.holders else {}

    def take(self, change: Change) -> None:
        """Take another plan."""
        if self.titles is None:
            self.titles = {option.id: option.title for option in change.stored.options}
            self.shared_item = change.shared_item or ""
        self.plan, self.changed = change, arrived(self.changed, change)

    def take_again(self, change: Change) -> None:
        """Take the plan after a read, which shows how much has arrived of what was sent before."""
        if self.is_written and self.plan is not None:
            self.wrote(() if self.plan.is_creation else self.plan.changes)
        self.take(change)

    def wrote(self, changes: Iterable[FieldChange]) -> None:
        """Take note of changes that have arrived, or of which the next read shows whether they have."""
        self.is_written, self.gain = True, self.gain or gained(self.change)
        self.changed = with_changes(self.changed, changes)

    def accept(self, result: str | StoreRefusedError | AmbiguousWriteError) -> bool:
        """Take the result of a part of it; returns whether it was written. If not, the job gets the error.

        Raises:
            AmbiguousWriteError: it may have been written.
        """
        if isinstance(result, AmbiguousWriteError):
            raise result
        self.error = None if isinstance(result, str) else result
        return self.error is None

    def forget_update(self, ledger: Ledger) -> None:
        """Forget the plan of an earlier attempt, and what it changed of a product that is gone now."""
        if self.plan is not None and not self.plan.is_creation:
            self.changed, self.is_written = {}, False
            ledger.take_back(self.external_id)
        self.plan = None

    def outcome(self) -> Outcome:
        """The outcome of a product whose plan is carried out."""
        changes = with_changes(self.changed, self.change.changes)
        found = outcome_of(self.change, changes.values(), self.gain or gained(self.change))
        withheld = (*found.withheld, *filter(None, [self.withheld_handle]))
        return structs.replace(found, written=self.written_parts(), withheld=withheld)

    def written_parts(self) -> Written | None:
        """What was written of it, as far as it is known."""
        if self.plan is None:
            return None
        found = written(self.plan, self.plan.stored.id or self.product_id, self.titles or {}, self.written)
        return structs.replace(found, recorded=self._recorded(), shared_item=self.shared_item)

    def _recorded(self) -> Mapping[str | None, str]:
        """What is recorded of a product, or of variants, that this run has created."""
        if (self.gain or gained(self.change)) is Action.CREATE:
            return {None: digest(final_record(self.change))}
        changes = with_changes(self.changed, self.change.changes).values()
        new = {each.key for each in changes if each.key and each.field == VARIANT and each.stored is None}
        variants = final_record(self.change).variants if new else {}
        return {key: variant_digest(variants[key]) for key in new & variants.keys()}


Group = list[Job]
"""Jobs that are written together."""


def still_queued(jobs: Group) -> Group:
    """The jobs that are left to be done."""
    return [job for job in jobs if job.place is Place.QUEUE]


class Places:
    """Moves jobs to the final pass and to the ledger; `settled` gets those with a handle when they end.

    Attributes:
        offer: what the planned products offer to customers.
        waiting: for the final pass, in the order in which they began to wait.
    """

    def __init__(self, context: Context, settled: Callable[[Job, Outcome], None]) -> None:
        self._context = context
        self._settled = settled
        self.offer = Offer()
        self.waiting: dict[Job, None] = {}

    def defer(self, job: Job) -> None:
        """Let a job wait for the final pass."""
        job.place = Place.FINAL_PASS
        self.waiting[job] = None

    def begin_final_pass(self) -> Group:
        """Take the jobs that wait for the final pass, in the order of the source."""
        jobs, self.waiting = sorted(self.waiting, key=lambda job: job.number), {}
        self._context.is_final = True
        for job in jobs:
            job.place, job.attempts = Place.QUEUE, 0
            job.holders, job.refusal, job.is_refused = None, None, False
            if job.is_new and not job.replaces:  # what had its handle may be removed now
                job.is_absent, job.plan = True, None
        return jobs

    def complete(self, job: Job) -> None:
        """Enter a job in the ledger whose plan is carried out, or would be."""
        self.offer.add(job.change, self._context.placement.sales_channel_id)
        outcome = job.outcome()
        if outcome.blocked:
            failed = {"result": Result.FAILED, "reason": outcome.blocked, "blocked": None}
            outcome = structs.replace(outcome, **failed)
        elif self._context.options.saves_plan and not is_recorded(job.change):
            self._context.ledger.plan_line(_line(job, outcome, self._context.placement.ids))
        self._settle(job, outcome)

    def end(self, job: Job, result: Result, reason: str = "") -> None:
        """Enter a job in the ledger that is not written, or only in part."""
        changes = tuple(job.changed.values())
        outcome = Outcome.of(job.desired, result, reason)
        action = Action.UPDATE if changes else None
        parts = job.written_parts() if changes else None
        self._settle(job, structs.replace(outcome, changes=changes, action=action, written=parts))

    def _settle(self, job: Job, outcome: Outcome) -> None:
        job.place = Place.LEDGER
        self.waiting.pop(job, None)
        if job.handle:
            self._settled(job, outcome)
        self._context.ledger.settle(outcome)


def _line(job: Job, outcome: Outcome, placement: tuple[str | None, ...]) -> PlanLine:
    """The line of a plan for a job that a dry run has planned to its end."""
    change = job.change
    made = with_changes(job.changed, change.changes).values()
    product = structs.replace(change.desired, handle=change.handle or change.desired.handle)
    record = job.records[0] if job.records else change.stored.record  # not as a dry run foresees it
    return PlanLine(approved(change, made, outcome.action, placement, record), product)
