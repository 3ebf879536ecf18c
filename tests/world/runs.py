"""Runs in simulated time: what they are given, what they did, and what must hold for each of them."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medusa_sync import InterruptedRunError, Result, RunResult
from tests.harness.picture_server import PictureServer
from tests.harness.runs import SOURCE_NAME, ListSource, Signal, approved, document, run_once
from tests.world.backends import Backend
from tests.world.expected import Expected
from tests.world.faults import Killed
from tests.world.merging import Left, Rules
from tests.world.network import Machine
from tests.world.wanted import Product, Wanted

GUARDED = 6
"""The exit code of a run that would have changed or removed too much."""
EXIT_CODES = {0, 3, 4, 5, GUARDED, 130, 143}


class Broken(AssertionError):  # noqa: N818 - a finding, not a mistake of the test
    """Something does not hold; `what` is the same for all findings of a kind."""

    def __init__(self, what: str, details: object = "") -> None:
        super().__init__(f"{what}: {details}" if details else what)
        self.what = what


@dataclass(frozen=True)
class Done:
    """A run that can be undone: its document, and what was expected of the store before it."""

    file: Path
    before: Mapping[str, Expected]
    left: Mapping[str, Left]  # the possible sets of products after it
    is_undo: bool
    begins_whole: bool  # else, it may have seen SKUs that another run had cleared, or one that was killed


@dataclass
class Run:
    """A run with its options; `wanted` is what its source delivers, or did when its plan was made."""

    options: dict[str, Any]
    rules: Rules
    rows: list[Product]
    wanted: Mapping[str, Wanted]
    deleted: Sequence[int] = ()  # numbers of products that the source says are deleted
    page_size: int = 30
    ends_after: int | None = None  # the source fails after so many pages
    first_rows: list[Product] | None = None  # of a first reading, while products move between pages
    may_remove: bool = True
    plan: Path | None = None  # that it writes
    undoes: Done | None = None
    is_narrow: bool = False  # it leaves something out that a full run would do
    result: RunResult | None = None  # if it was not killed
    stop: Signal = field(default_factory=Signal)
    pictures: PictureServer | None = None
    source_name: str = SOURCE_NAME

    async def execute(self, store: Backend, machine: Machine) -> RunResult | None:
        """Run on a machine; returns None if it was killed."""
        source = None
        if self.plan is not None:
            source = approved(self.plan)
        elif self.undoes is None:
            sales = self.rules.sale_prices
            source = ListSource(
                [*self.rows, *({"id": each, "deleted": True} for each in self.deleted)],
                self.page_size,
                sale_prices=sales,
                is_available=self.rules.is_available,
                ends_after=self.ends_after,
                first_rows=self.first_rows,
                source_name=self.source_name,
            )
        try:
            self.result = await run_once(
                source, store, transport=machine, stop=self.stop, pictures=self.pictures, **self.options
            )
        except (Killed, InterruptedRunError):
            return None
        check(self.result)
        return self.result

    def may_delete(self, key: str, variant: str, missing_s: float) -> bool:
        """Whether it may delete a product, or a variant, that the source lacks since so many seconds."""
        # Without an error, it says that something was skipped, of a plan, or written over, of an undone run.
        ended = self.result
        is_guarded = self.plan is None and ended and ended.exit_code == GUARDED and ended.error
        if self.rules.on_missing != "delete" or not self.may_remove or is_guarded:
            return False
        if self.undoes is not None:
            return True
        wanted = self.wanted.get(key)
        is_missing = wanted is None if not variant else wanted is not None and variant not in wanted.variants
        if key in self.keys_of_deleted:
            return is_missing
        may_be_there = any(each["id"] is None for each in self.rows)
        return is_missing and not may_be_there and missing_s >= float(self.options.get("remove_after") or 0)

    @property
    def keys_of_deleted(self) -> set[str]:
        return {f"dummyjson:{each}" for each in self.deleted}

    @property
    def keys_left_alone(self) -> set[str]:
        """The products that a plan has certainly not written, not even their record."""
        if self.plan is None or self.result is None:
            return set()
        result = self.result
        written = [each for each in result.changes if each.action is not None]
        may_be_written = (*written, *result.problems, *result.not_completed)
        _, *planned = (json.loads(line) for line in self.plan.read_text().splitlines())
        # Only the record is written if the store has all of it already.
        recorded = {
            each["plan"]["external_id"] for each in planned if each["plan"]["action"] in {"keep", "update"}
        }
        recorded -= {each.external_id for each in result.skipped}  # it is not what was planned
        return self.wanted.keys() - recorded - {each.external_id or "" for each in may_be_written}

    @property
    def is_complete(self) -> bool:
        """Whether it did everything that a full run does."""
        return self.is_clean and not self.is_narrow

    @property
    def is_clean(self) -> bool:
        """Whether nothing was in its way."""
        result = self.result
        return (
            result is not None
            and not result.exit_code
            and all(each.name != "no_locale" for each in result.notes)
        )


async def all_of(runs: Sequence[Run], store: Backend, machines: Sequence[Machine]) -> None:
    """Run at the same time, each on its machine."""
    await asyncio.gather(*(run.execute(store, own) for run, own in zip(runs, machines, strict=True)))


def check(result: RunResult) -> None:
    """What must hold for each run, whatever happened to it."""
    if result.exit_code not in EXIT_CODES:
        raise Broken("exit code", (result.exit_code, result.error, list(result.problems)))
    if result.seen != sum(result.counts.values()) - result.counts.get(Result.REMOVED, 0):
        raise Broken("ledger", (result.seen, result.counts))
    if nameless := [each for each in result.problems if not each.reason]:
        raise Broken("problem without a reason", nameless)
    if "a bug in" in result.error:
        raise Broken("bug", result.error)
    if "sk_fake" in document(result):
        raise Broken("secret in the document")
