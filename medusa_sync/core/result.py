"""What was done: the outcome of a product, and the result of a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from medusa_sync.core.change import Conflict, FieldChange
from medusa_sync.core.product import DesiredProduct


class Result(StrEnum):
    """What became of a product. Each product that the source delivered has exactly one."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"  # the source's fault: it is not sent
    FAILED = "failed"  # refused by the store, or by this tool
    UNCONFIRMED = "unconfirmed"  # sent, but the response was lost: it may have been written
    NOT_ATTEMPTED = "not_attempted"  # the run ended before it was sent
    REMOVED = "removed"  # from the store, because the source no longer has it


class Action(StrEnum):
    """What was done to a product in the store."""

    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    DRAFT = "draft"
    DELETE = "delete"


class Outcome(Struct, frozen=True):
    """The end of a product of the source, or of one that was removed from the store.

    Attributes:
        action: None when nothing was done to it.
        reason: why it was rejected, failed, is unconfirmed or was not attempted.
    """

    external_id: str | None
    title: str
    result: Result
    reason: str = ""
    changes: tuple[FieldChange, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    action: Action | None = None

    @classmethod
    def of(cls, product: DesiredProduct, result: Result, reason: str = "") -> Outcome:
        return cls(product.external_id, product.title, result, reason)


class Status(StrEnum):
    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    LOCKED = "locked"


class Requests(Struct):
    """How many requests went over the wire, repeats included."""

    source: int = 0
    store_reads: int = 0
    store_writes: int = 0
    retries: int = 0


class StoreState(Struct, frozen=True):
    """What the store holds at the end of a run.

    Attributes:
        products: all products of the store.
        owned: those of them that belong to products of the source that this run has seen.
    """

    products: int
    owned: int


class RunResult(Struct, frozen=True):
    """One run, whole: the report prints nothing that is not in here.

    Attributes:
        duration_s: seconds.
        source_total: how many products the source says it has; None where it did not say.
        seen: how many it delivered: the sum of `counts` without what was removed.
        store_url: None where no store was compared.
        store: None where it could not be asked as well.
        counts: by `Result`.
        conflicts: how many fields both sides had changed.
        not_compared: valid products of a dry run without credentials, which nothing was compared with.
        problems: products that were rejected, failed or are unconfirmed.
        not_completed: products without an outcome when a run ended early: unconfirmed or not attempted.
        changes: what was created, updated and removed, and what had conflicts.
        notes: what a person should know although nothing is wrong with a product.
        error: what ended the run early, if anything did.
    """

    job: str
    dry_run: bool
    status: Status
    exit_code: int
    started_at: datetime
    duration_s: float
    source_url: str
    source_total: int | None
    seen: int
    store_url: str | None
    store: StoreState | None
    counts: Mapping[Result, int]
    conflicts: int
    not_compared: int
    requests: Requests
    problems: tuple[Outcome, ...]
    not_completed: tuple[Outcome, ...]
    changes: Collection[Outcome]
    notes: tuple[str, ...]
    error: str
    hint: str
