"""Reads stale products from the store and plans what to do about them."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import TypeVar

from msgspec import Raw, structs

from medusa_sync.core.announced import Announced
from medusa_sync.core.change import Change, creation
from medusa_sync.core.fields import kind_of
from medusa_sync.core.kinds.status import STATUS
from medusa_sync.core.outcome import Result
from medusa_sync.core.product import DesiredProduct, Withheld, without_values
from medusa_sync.core.recorded import is_recorded, with_note
from medusa_sync.core.selection import Selection
from medusa_sync.core.stored import StoredProduct, Unreadable, by_external_id
from medusa_sync.core.undo import Undone, plan_change
from medusa_sync.core.unfinished import is_in_progress, is_incomplete
from medusa_sync.core.unique import keeping
from medusa_sync.errors import AmbiguousWriteError, ProductFailedError, StoreRefusedError
from medusa_sync.medusa.decode import details_of
from medusa_sync.medusa.lists import List
from medusa_sync.sync.context import Context
from medusa_sync.sync.write.apart import Apart
from medusa_sync.sync.write.gate import Gate
from medusa_sync.sync.write.job import Group, Job
from medusa_sync.sync.write.job_places import Places
from medusa_sync.sync.write.unique_values import UniqueValues

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Planner:
    """Reads and decides; it never writes. Every method may raise StoreError."""

    def __init__(
        self, context: Context, places: Places, apart: Apart, values: UniqueValues, gate: Gate
    ) -> None:
        self._context = context
        self._places = places
        self._api = context.api
        self._apart = apart
        self._values = values
        self._gate = gate

    async def read(self, jobs: Sequence[Job]) -> Group:
        """Read the details of products and plan updates; a product that the store lacks gets no plan.

        Returns:
            Those that the store may still be working on; they are not planned.
        """
        in_progress: Group = []
        asked = [job.external_id for job in jobs if self._api.may_lag or not job.is_absent]
        details = by_external_id(await self.details(jobs, "external_id", asked))
        for job in jobs:
            copies, job.attempt.error, job.creation.replaces = details.get(job.external_id, []), None, ""
            if not copies and self._context.is_dry_run and job.plan is not None and not job.is_new:
                copies = [self._values.foreseen.product(job.plan.stored)]  # it would have been claimed
            if not (copies or job.is_absent):
                job.forget_update(self._context.ledger)
            job.is_absent = False  # another attempt reads it again
            try:
                if self._plan(job, readable(copies)):
                    in_progress.append(job)
            except ProductFailedError as error:
                ids = ", ".join(copy.id for copy in copies)
                self._places.end(job, Result.FAILED, f"{ids}: {error}")
        return in_progress

    async def details(
        self, jobs: Sequence[Job], key: str, asked: Sequence[str], list_: List[Raw] | None = None
    ) -> list[StoredProduct | Unreadable]:
        """Read products; in a dry run, with the values that they would have by now."""
        found = await self._apart.read([job.desired for job in jobs], key, asked, list_)
        if not self._context.is_dry_run:
            return found
        return [
            each if isinstance(each, Unreadable) else self._values.foreseen.product(each) for each in found
        ]

    def _plan(self, job: Job, copies: Sequence[StoredProduct]) -> bool:
        """Plan a job that the store has, unless it may still be working on it; returns whether it may."""
        obstacle = job.desired.obstacle(copies) if isinstance(job.desired, Undone) else None
        if obstacle is not None:
            self._places.end(job, *obstacle)
        elif len(copies) > 1:
            ids = ", ".join(copy.id for copy in copies)
            reason = f"the store holds it {len(copies)} times ({ids}); remove all but one in the admin"
            self._places.end(job, Result.FAILED, reason)
        elif copies:
            [stored] = copies
            pending, is_unfinished = stored.pending, False
            if pending is not None:
                is_unfinished = is_incomplete(stored)
                may_be_writing = is_unfinished and job.creation.is_sent
                may_be_writing |= is_in_progress(job.desired, stored, pending, now=time.time())
                if may_be_writing and pending.at != job.note_at:
                    return True
            if is_unfinished:
                job.take(creation(job.desired, stored.handle))
                job.creation.replaces = stored.id
            else:
                self._update(job, stored)
        return False

    def _update(self, job: Job, stored: StoredProduct) -> None:
        history, selection = job.history, None
        is_known = stored.record in history.records
        if job.plan is not None and is_known:  # what this run has noted itself was not interrupted
            selection = job.plan.selection.whole
            job.is_written |= job.plan.is_creation  # the store created it, although it refused the call
        if not self._context.is_final:
            history.records.append(stored.record)
        elif not is_known:  # another run may have brought some back
            self._context.removed_variants.pop(job.external_id, None)
        stored = with_note(stored, job.attempt.note)
        update = self.change_of(job.desired, stored, selection)
        _explain(job, update)
        self._context.remarks.kits.add(update)
        left = (name for name, is_same in update.newer.items() if not is_same)
        self._context.remarks.newer.add(job.external_id, left)
        blocked = update.blocked
        reasons = "; ".join(filter(None, [blocked, *history.kept.values()]))
        job.take_again(structs.replace(update, blocked=reasons or None))
        may_write = self._context.plan.update or stored.pending is not None  # what was begun is completed
        if may_write and self._waits(job.change):
            self._places.defer(job)
        elif may_write and blocked:
            self._places.end(job, Result.FAILED, reasons)
        elif is_recorded(job.change):
            self._places.complete(job)
        elif not may_write:
            self._places.end(job, Result.SKIPPED)

    def _waits(self, change: Change) -> bool:
        """Whether a change hides or removes something: a guard counts that when all was read."""
        context, removable = self._context, self._context.settings.removable
        if context.is_final:
            return False
        hides = change.hides and context.mode.wants_all
        return hides or bool(
            removable and change.removable(removable, context.delay, deletes=context.deletes)
        )

    async def again(self, jobs: Group) -> None:
        """Read products after their rows and options were written, and plan what is left of the variants.

        Raises:
            AmbiguousWriteError: another run has written one that loses variants.
        """
        found = await self.details(jobs, "id", [job.attempt.product_id for job in jobs], _list_for(jobs))
        read = {each.id: each for each in found}
        for job in jobs:
            product_id, before = job.attempt.product_id, job.change
            stored = read.get(product_id)
            if not isinstance(stored, StoredProduct):
                message = stored.reason if stored else f"{product_id} was deleted while it was written"
                job.attempt.error = StoreRefusedError(message, status=HTTPStatus.NOT_FOUND)
                continue
            try:
                noted = with_note(stored, job.attempt.note)
                update = self.change_of(keeping(before, noted), noted, before.selection)
            except ProductFailedError as error:
                job.attempt.error = error
                continue
            if update.blocked:
                job.attempt.error = ProductFailedError(update.blocked)
                continue
            if isinstance(before, Announced):
                self._take_announced(job, before, update)
                continue
            job.plan = structs.replace(  # the merchant may have edited the product meanwhile
                update,
                own_changes=before.own_changes,
                own_conflicts=before.own_conflicts,
                removed=before.removed,
                blocked=before.blocked,
            )
            if job.change.removed and stored.record not in job.history.records:
                raise AmbiguousWriteError(f"another run has written {product_id} meanwhile")
            self._context.ledger.decided(job.external_id, job.change.conflicts)
            if reason := self._gate.refusal(job, has_begun=True):
                job.attempt.error = ProductFailedError(reason)  # the next attempt skips it

    def _take_announced(self, job: Job, before: Announced, update: Change) -> None:
        """Take the plan of a product whose note was sent before it was read; it may need more than that."""
        if not before.foresees(update):
            message = f"{update.stored.id} was changed since it was written last"
            job.attempt.error = StoreRefusedError(message, status=HTTPStatus.CONFLICT)
            return
        self._context.remarks.kits.add(update)
        job.take(update)
        self._context.ledger.decided(job.external_id, update.conflicts)

    def change_of(
        self,
        product: DesiredProduct,
        stored: StoredProduct,
        selection: Selection | None = None,
    ) -> Change:
        """Plan what is sent for a stored product."""
        if selection is None:
            selection = self._context.mode.selection(self._context.plan.selection, stored.record)
        change = self._planned(product, stored, selection)
        if change.hides and self._context.keeps_shown:
            change = self._planned(product, stored, selection.without(STATUS))
        return change

    def _planned(self, product: DesiredProduct, stored: StoredProduct, selection: Selection) -> Change:
        return plan_change(
            product,
            stored,
            structs.replace(self._context.plan, selection=selection),
            removed_ids=self._context.removed_variants.get(product.external_id, ()),
            deletes=self._context.deletes,
        )

    def without(self, change: Change, withheld: Sequence[Withheld], later: Collection[str] = ()) -> Change:
        """Plan a change without values that variants do not get, and without some of the new variants."""
        desired = without_values(change.desired, withheld, later)
        if change.handle is not None:
            return creation(desired, change.handle)
        update = self.change_of(desired, change.stored, change.selection)
        return structs.replace(update, removed=change.removed, blocked=change.blocked)


def _explain(job: Job, update: Change) -> None:
    """Log the decisions about a product when it is planned first."""
    for each in update.decisions if job.plan is None else ():
        own = job.external_id
        logger.debug("%s: %s", own, each, extra={"event": "decision", "external_id": own})


def _list_for(jobs: Sequence[Job]) -> List[Raw] | None:
    """What is read of announced changes; None for everything."""
    announced = [job.change for job in jobs if isinstance(job.change, Announced)]
    if len(announced) < len(jobs):
        return None
    return details_of(frozenset(kind_of(name) for change in announced for name in change.foreseen))


def readable(copies: Sequence[T | Unreadable]) -> list[T]:
    """The copies; raises ProductFailedError if one of them cannot be read."""
    readable = []
    for copy in copies:
        if isinstance(copy, Unreadable):
            raise ProductFailedError(copy.reason)
        readable.append(copy)
    return readable
