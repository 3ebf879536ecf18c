"""The result of a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from medusa_sync.codes import Note
from medusa_sync.core.ids import Shard
from medusa_sync.core.kept import TakenBack
from medusa_sync.core.outcome import Outcome, Result
from medusa_sync.core.product import DesiredProduct
from medusa_sync.errors import EXIT_PARTIAL
from medusa_sync.spool import Spool


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


class Planned(Struct, frozen=True):
    """What a dry run would write: lines with external id and action, and names of categories by slug."""

    lines: Spool[tuple[str, str, bytes]]
    category_names: dict[str, str]


class RunResult(Struct, frozen=True, kw_only=True):
    """Everything that reports say about a run.

    Attributes:
        undoes: it undid another run.
        took_back: that run; None if it undid none.
        new_rejected: how many of the rejected products were not rejected by the run before; None if it is not
            known.
        last_new_rejected: Unix time of the last run with new rejected products; 0 if there was none.
        run_id: of the log; empty if it is not a run of the command.
        source_name: the prefix of external ids.
        source_format: what was detected, such as `JSON pages`; empty if nothing was.
        source_total: how many products the source says it has; None if it does not say.
        seen: how many products it delivered: the sum of `counts` and `not_compared`, without removed ones.
        store_url: None if no store was compared.
        store: None if no store was compared, or if it could not be read at the end.
        counts: of products, by `Result`.
        conflicts: the number of conflicts.
        held: the number of products with prices over the limit.
        withheld: the number of unique values that variants do not have, because something else has them.
        not_compared: valid products of a dry run without credentials.
        first: some of these, in the order of the source.
        shard: the part of the products that was synced; None for all.
        problems: products that are rejected, failed, unconfirmed or not attempted.
        not_completed: products that were open when the run ended early: unconfirmed or not attempted.
        changes: products that were created, updated or removed, or had conflicts or prices that were held
            back.
        skipped: products that are skipped for a reason of their own.
        withheld_before: products with values that were withheld before the run, with nothing else of them.
        plan: what a dry run would write, to be saved; None if nothing is compared, or it is not asked for.
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
    notes: tuple[Note, ...]
    error: str
    hint: str
    held: int = 0
    withheld: int = 0
    skipped: Collection[Outcome] = ()
    withheld_before: Collection[Outcome] = ()
    plan: Planned | None = None
    shard: Shard | None = None
    first: tuple[DesiredProduct, ...] = ()
    source_name: str = ""
    undoes: bool = False
    took_back: TakenBack | None = None
    run_id: str = ""
    new_rejected: int | None = None
    last_new_rejected: float = 0

    @property
    def is_complete(self) -> bool:
        """Whether it wrote all it could: at most, products of the source are invalid."""
        only_rejected = len(self.problems) == self.counts.get(Result.REJECTED, 0)
        is_whole = only_rejected and not (self.not_completed or self.held or self.error)
        return not self.exit_code or (is_whole and self.exit_code == EXIT_PARTIAL)

    @property
    def is_needed_later(self) -> bool:
        """Whether it has written to products, or may have, or has undone a run that needed nothing."""
        if self.dry_run:
            return False
        is_other = bool(self.counts.get(Result.UNCONFIRMED)) or (self.took_back and self.took_back.is_whole)
        return is_other or any(each.action is not None for each in self.changes)
