"""The outcome of a product and the result of a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, structs

from medusa_sync.core.change import Change, Conflict, FieldChange, withheld_earlier
from medusa_sync.core.fields import VARIANT
from medusa_sync.core.ids import Shard
from medusa_sync.core.product import DesiredProduct, Withheld


class Result(StrEnum):
    """What happened to a product. Each product that the source delivered has exactly one result."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"  # a setting says that it is not written
    REJECTED = "rejected"  # invalid at the source; not sent
    FAILED = "failed"  # refused by the store or by this tool
    UNCONFIRMED = "unconfirmed"  # written, response lost
    NOT_ATTEMPTED = "not_attempted"  # the run ended before it was sent
    REMOVED = "removed"  # an orphan


class Action(StrEnum):
    """The write that a product got."""

    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    DRAFT = "draft"
    DELETE = "delete"


class Outcome(Struct, frozen=True):
    """The single outcome of a product in a run.

    Attributes:
        reason: why it is skipped, rejected, failed, unconfirmed or not attempted.
        held: prices that were not written, because they would move too far.
        withheld: unique values that variants do not get, because something else has them.
        action: None if nothing was written.
        blocked: why a part of the product is not written; None for the final outcome.
    """

    external_id: str | None
    title: str
    result: Result
    reason: str = ""
    changes: tuple[FieldChange, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    action: Action | None = None
    held: tuple[FieldChange, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    blocked: str | None = None

    @property
    def newly_withheld(self) -> tuple[Withheld, ...]:
        """The values that were not withheld before; the others are only counted."""
        return tuple(each for each in self.withheld if each.is_new)

    @classmethod
    def of(cls, product: DesiredProduct, result: Result, reason: str = "") -> Outcome:
        return cls(product.external_id, product.title, result, reason)


def outcome_of(change: Change) -> Outcome:
    """Return the outcome that a change has once it is applied."""
    action: Action | None = Action.UPDATE
    if change.is_creation or change.adopted:
        action = Action.CREATE if change.is_creation else Action.ADOPT
    elif not change.has_changes:  # the store holds the desired values already
        action = None
    not_synced = (each for each in withheld_earlier(change.record) if not change.selection.has(each.field))
    return Outcome(
        change.desired.external_id,
        change.desired.title,
        Result.CREATED if change.is_creation else Result.UPDATED if action else Result.UNCHANGED,
        changes=() if change.is_creation else change.changes,
        conflicts=change.conflicts,
        action=action,
        held=change.held,
        withheld=(*change.withheld, *not_synced),
        blocked=change.blocked,
    )


def combined(first: Outcome | None, later: Outcome) -> Outcome:
    """The outcome of a product that was sent in several attempts."""
    earlier = first.conflicts if first else ()
    conflicts = tuple({(each.variant, each.field): each for each in (*earlier, *later.conflicts)}.values())
    if first is None or first.result is Result.UNCHANGED:
        return structs.replace(later, conflicts=conflicts)
    new = {each.variant for each in first.changes if each.field == VARIANT and each.stored is None}
    fields = {(each.variant, each.field): each for each in later.changes if each.variant not in new}
    # Variants do not get withheld values, and may have lost what they had before.
    kept = {(each.variant, each.field): each.stored for each in later.withheld}
    for change in first.changes:
        key = change.variant, change.field
        planned = kept.get(key, fields.get(key, change).planned)
        if key not in kept or planned != change.stored:
            fields[key] = structs.replace(change, planned=planned)
    if first.action is Action.UPDATE and not fields:
        return structs.replace(later, conflicts=conflicts)
    return structs.replace(
        first,
        changes=tuple(fields.values()),
        conflicts=conflicts,
        held=later.held,
        withheld=later.withheld,
        blocked=later.blocked,
    )


class Status(StrEnum):
    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    LOCKED = "locked"


class Requests(Struct):
    """The number of requests that were sent, with retries."""

    source: int = 0
    store_reads: int = 0
    store_writes: int = 0
    retries: int = 0


class StoreState(Struct, frozen=True):
    """The number of products in the store at the end of a run.

    Attributes:
        products: all of them.
        owned: those of products that the source delivered in this run.
    """

    products: int
    owned: int


class RunResult(Struct, frozen=True, kw_only=True):
    """Everything that reports say about a run.

    Attributes:
        source_format: what was detected, such as `JSON pages`; empty if nothing was.
        source_total: how many products the source says it has; None if it does not say.
        seen: how many products it delivered: the sum of `counts` and `not_compared`, without removed ones.
        store_url: None if no store was compared.
        store: None if no store was compared, or if it could not be read at the end.
        counts: of products, by `Result`.
        conflicts: the number of conflicts.
        held: the number of products with prices that were held back.
        withheld: the number of unique values that variants do not have, because something else has them.
        not_compared: valid products of a dry run without credentials.
        shard: the part of the products that was synced; None for all.
        problems: products that are rejected, failed, unconfirmed or not attempted.
        not_completed: products that were open when the run ended early: unconfirmed or not attempted.
        changes: products that were created, updated or removed, or had conflicts or prices that were held
            back.
        skipped: products that are skipped for a reason of their own.
        notes: remarks about the run that are not about one product.
        error: what ended the run early; empty if nothing did.
    """

    job: str
    dry_run: bool
    status: Status
    exit_code: int
    started_at: datetime
    duration_s: float
    source_url: str
    source_format: str
    source_total: int | None
    seen: int
    store_url: str | None
    store: StoreState | None
    counts: Mapping[Result, int]
    conflicts: int
    not_compared: int
    requests: Requests
    problems: Collection[Outcome]
    not_completed: tuple[Outcome, ...]
    changes: Collection[Outcome]
    notes: tuple[str, ...]
    error: str
    hint: str
    held: int = 0
    withheld: int = 0
    skipped: Collection[Outcome] = ()
    shard: Shard | None = None
