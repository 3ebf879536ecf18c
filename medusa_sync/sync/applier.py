"""Applies batches: read details, plan, note and write, settle, acknowledge.

read details -> plan -> note + write -> settle -> acknowledge -> outcome
                           | refused: bisect, each half from "read details"
                           | unknown: reconcile, the rest from "read details"
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from medusa_sync.core.change import Change, Create, Update, new_variants
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.result import Outcome, Result
from medusa_sync.errors import AmbiguousWriteError, KnownRefusalError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.retry import pause
from medusa_sync.stop import Stop
from medusa_sync.sync.acknowledger import Acknowledger, Complete
from medusa_sync.sync.batch import Batch, Refusal, parts
from medusa_sync.sync.batch_size import BatchSize
from medusa_sync.sync.claims import Repeats, claims
from medusa_sync.sync.collisions import Collisions
from medusa_sync.sync.deferred import Deferred
from medusa_sync.sync.health import Health
from medusa_sync.sync.intents import Intents
from medusa_sync.sync.inventory import Values, values_to_release, values_wanted
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.planner import Planner
from medusa_sync.sync.read.compare import Stale, absent
from medusa_sync.sync.remove.orphans import delete_noted
from medusa_sync.sync.writer import Writer

logger = logging.getLogger(__name__)

C = TypeVar("C", Create, Update, Change)

_POLL_S = 0.5  # between two reads of a product that the store is still working on
_POLLS = 20
_REFUSED = frozenset({Result.REJECTED, Result.FAILED})


class Applier:
    """Takes batches to their outcomes. Each step returns the batches that are left to do.

    Args:
        api: of the store.
        planner: reads and plans.
        collisions: finds values that other products have.
        writer: writes changes.
        intents: the outcomes of what is sent.
        acknowledger: takes complete products.
        ledger: notified of products that are sent, and of those that the store refused.
        health: decides whether the store itself fails.
        stop: once it is set, nothing is retried or bisected.
        batch_size: of batches that are formed here.
        settle: called with the outcome of every product.
        max_retries: how many times a batch is reconciled.
    """

    def __init__(
        self,
        api: AdminApi,
        planner: Planner,
        collisions: Collisions,
        writer: Writer,
        intents: Intents,
        acknowledger: Acknowledger,
        ledger: Ledger,
        health: Health,
        stop: Stop,
        batch_size: BatchSize,
        *,
        settle: Callable[[Outcome], None],
        max_retries: int,
    ) -> None:
        self._api = api
        self._planner = planner
        self._collisions = collisions
        self._repeats = Repeats()
        self._acknowledger = acknowledger
        self._ledger = ledger
        self._health = health
        self._stop = stop
        self._batch_size = batch_size
        self._settled = settle
        self._writer = writer
        self._intents = intents
        self._attempts = max_retries + 1
        self._postponed: list[Complete] = []  # their inventory items have to be renamed later
        self._deferred = Deferred()
        self._freed: set[str] = set()  # external ids of products that have given up what others get

    async def apply(self, products: Sequence[Stale]) -> bool:
        """Take products to their outcomes. If the run is stopped, some do not get one.

        Returns:
            Whether every write succeeded at the first attempt.

        Raises:
            StoreError: the store is unavailable.
        """
        # Before anything is awaited, so in the order of the source.
        repeated = [each for each in products if self._repeats.add(each.desired)]
        self._deferred.repeat(each.desired for each in repeated)
        first = [each for each in products if each not in repeated] if repeated else products
        if not first:
            return True
        return await self._apply([Batch([each.desired for each in first], absent=absent(first))])

    async def _apply(self, batches: Iterable[Batch]) -> bool:
        left = [*batches]
        has_failed = False
        while left and not self._stop.is_set:
            batch = left.pop(0)
            try:
                again = await self._read_and_write(batch)
            except StoreRefusedError as error:
                has_failed, again = True, await self._bisect(batch, error)
            except AmbiguousWriteError as error:
                has_failed, again = True, await self._reconcile(batch, error)
            left = [*batch.apart, *again, *left]
            batch.apart = []
        return not has_failed

    async def finish(self) -> None:
        """Acknowledge what is complete.

        Raises:
            StoreError: the store is unavailable.
        """
        deferred, outcomes = self._deferred.release(again=not self._stop.is_set)
        for outcome in outcomes:
            self._settled(outcome)
        if deferred:
            await self._apply_last(deferred)
        if self._postponed:
            await self._rename_postponed()
        await self._writer.sales.remove_copies(self._stop)
        await self._acknowledger.flush()
        await self._writer.new_items.remove_unused()
        await self._writer.late.note()

    async def _apply_last(self, products: Sequence[DesiredProduct]) -> None:
        """Write products that get values of one another; in several batches, all values are freed first."""
        if len(products) <= self._batch_size.current:
            await self._apply([Batch(list(products), is_last=True)])
            return
        everything = Batch(list(products), is_last=True)
        reading = await self._planner.read(products)
        updates = await self._without_collisions(everything, reading.updates)
        taken = values_wanted(updates)
        givers = [update.desired for update, _ in values_to_release(updates, taken)]
        await self._apply(self._batches(givers, only_frees=taken))
        failed = {each.external_id for each in givers} - self._freed
        left = [each for each in everything.products if each.external_id not in failed]
        stored = {update.desired.external_id for update in updates}
        updated = [each for each in left if each.external_id in stored]
        others = [each for each in left if each.external_id not in stored]  # they get what updates give up
        for part in (updated, others):
            await self._apply(self._batches(part, is_last=True))

    def _batches(
        self, products: Sequence[DesiredProduct], *, is_last: bool = False, only_frees: Values | None = None
    ) -> list[Batch]:
        return [
            Batch(list(part), is_last=is_last, only_frees=only_frees)
            for part in parts(products, self._batch_size.current)
        ]

    async def _rename_postponed(self) -> None:
        postponed, self._postponed = self._postponed, []
        refused = [rename for each in postponed for rename in each.refused]
        left = await self._writer.items.rename_again(refused)
        for each in postponed:
            if not left.isdisjoint(each.refused):  # it stays pending, so the next run tries again
                self._settled(each.outcome)
        await self._acknowledge([each for each in postponed if left.isdisjoint(each.refused)])

    # --- read, plan, write ---

    async def _read_and_write(self, batch: Batch) -> list[Batch]:
        """Returns the same batch if other requests came first, so that all its details have to be read."""
        batch.planned = []
        absent, batch.absent = batch.absent, frozenset()
        reading = await self._planner.read(
            batch.products,
            created=batch.created,
            absent=absent,
            finished=self._writer.finished_notes,
        )
        self._settle(batch, reading.outcomes)
        if batch.only_frees is not None:
            await self._free(batch, self._plan(batch, reading.updates), batch.only_frees)
            return []
        updates = reading.updates
        if batch.is_last or batch.lacks_values or _is_checked_first(batch, updates):
            updates = await self._without_collisions(batch, updates)
        updates = self._plan(batch, updates)
        if not batch.released and (handed := values_to_release(updates)):
            await self._writer.release(handed)
            batch.released = True
            return [batch]
        if await self._writer.prepare(updates):
            return [batch]
        await self._update(batch, updates)
        if self._stop.is_set:
            return []
        planned = await self._planner.plan_new(reading.new, reading.incomplete)
        self._settle(batch, [each for each in planned if isinstance(each, Outcome)])
        changes = [each for each in planned if not isinstance(each, Outcome)]
        if batch.is_last or batch.lacks_values:
            changes = await self._without_collisions(batch, changes)
        changes = self._plan(batch, changes)
        adoptions = [each for each in changes if isinstance(each, Update)]
        if await self._writer.prepare(adoptions):
            return [batch]
        await self._update(batch, adoptions)
        await self._create(batch, [each for each in changes if isinstance(each, Create)])
        return await self._wait_for(batch, reading.in_progress)

    def _plan(self, batch: Batch, changes: Sequence[C]) -> list[C]:
        """Note what will be sent; a single product that was refused is not sent a second time unchanged."""
        batch.planned += changes
        refusal = batch.refusal
        if refusal is not None and batch.planned == refusal.changes:
            failed = [Outcome.of(each.desired, Result.FAILED, refusal.reason) for each in changes]
            self._settle(batch, failed)
            return []
        for change in changes:
            self._intents.add(change)
        return list(changes)

    async def _free(self, batch: Batch, updates: Sequence[Update], taken: Values) -> None:
        """Free the values that products of other batches get."""
        if handed := values_to_release(updates, taken):
            await self._writer.release(handed)
        await self._writer.free_items(updates, taken)
        self._freed |= {each.external_id for each in batch.products}

    async def _update(self, batch: Batch, updates: Sequence[Update]) -> None:
        """Products whose variants the store refuses get a batch of their own."""
        if not updates:
            return
        written, refused = await self._writer.update(updates, batch.unused_items)
        batch.set_apart(refused)
        await self._finish(batch, written)

    async def _create(self, batch: Batch, creates: Sequence[Create]) -> None:
        """Products of which the store refuses some variants get a batch of their own."""
        if not creates:
            return
        if incomplete := [create.replaces for create in creates if create.replaces]:
            await delete_noted(self._api, incomplete)
            if batch.items is None:  # the store does not delete items that were not linked yet
                batch.items = await self._writer.new_items.others(creates)
        await self._writer.prepare(creates)
        if self._stop.is_set:
            return
        batch.created |= {create.desired.external_id for create in creates}
        written, refused = await self._writer.create(creates, batch.unused_items)
        await self._finish(batch, written)
        for create in creates:
            if (error := refused.get(create.desired.external_id)) is not None:
                batch.drop([create.desired.external_id])
                batch.apart += await self._bisect(batch.alone(create), error)

    async def _without_collisions(self, batch: Batch, changes: Sequence[C]) -> list[C]:
        """Settle or hold back changes that want unique values of other products; returns the others."""
        batch.checked |= {each.desired.external_id for each in changes}
        owners = await self._collisions.owners(changes)
        decision = self._collisions.decide(changes, owners, is_last=batch.is_last)
        products = {each.external_id: each for each in batch.products}
        for own in decision.waiting:
            self._intents.drop(own)
            self._deferred.wait([products[own]])
        batch.drop(decision.waiting)
        self._settle(
            batch,
            [Outcome.of(products[own], Result.REJECTED, reason) for own, reason in decision.rejected.items()],
        )
        planned: list[C] = []
        for change in changes:
            own = change.desired.external_id
            if own in decision:
                continue
            withheld = decision.withheld.get(own)
            left = self._planner.without(change, list(withheld.values())) if withheld else change
            batch.lacks_values |= withheld is not None
            if isinstance(left, Outcome):
                self._settle(batch, [left])
            else:
                planned.append(left)
        return planned

    async def _finish(self, batch: Batch, written: Sequence[Complete]) -> None:
        """Settle what is final, and hand over the rest to be acknowledged."""
        batch.drop(each.desired.external_id for each in written)
        self._postponed += [each for each in written if each.refused]
        await self._acknowledge([each for each in written if not each.refused])

    async def _acknowledge(self, complete: Sequence[Complete]) -> None:
        for each in complete:
            if each.is_acknowledged:
                self._settled(each.outcome)
        await self._acknowledger.add([each for each in complete if not each.is_acknowledged])

    # --- failed writes ---

    async def _bisect(self, batch: Batch, error: StoreRefusedError) -> list[Batch]:
        """The store refused a batch and does not say which product is the cause: split it."""
        for product in batch.products:
            if self._intents.withdraw(product.external_id):
                self._ledger.take_back(product.external_id)
        if self._stop.is_set:
            return []
        left = {each.external_id for each in batch.products}
        planned = [each for each in batch.planned if each.desired.external_id in left]
        is_checked = all(each.desired.external_id in batch.checked for each in planned)
        may_collide = batch.only_frees is None and not isinstance(error, KnownRefusalError)
        if may_collide and (batch.is_last or not is_checked):
            await self._without_collisions(batch, planned)
            if len(batch.products) < len(left) or batch.lacks_values:
                return [batch] if batch.products else []
            if len(left) == 1 and not is_checked and any(map(claims, planned)):
                return [batch]  # another batch may have freed what it wants in the meantime
        if batch.items is None and any(map(new_variants, batch.planned)):
            batch.items = await self._writer.new_items.others(batch.planned)
            if batch.items:
                return [batch]
        # The merchant may have deleted a term.
        self._writer.forget(batch.planned)
        if len(batch.products) > 1:
            logger.info("bisecting a batch of %d: %s", len(batch.products), error, extra={"event": "bisect"})
            return batch.split()
        if isinstance(error, KnownRefusalError):
            self._settle(batch, [Outcome.of(each, Result.REJECTED, str(error)) for each in batch.products])
            return []
        if batch.refusal is None:  # the new plan may differ, for example in the handle
            batch.refusal = Refusal(batch.planned, str(error))
            return [batch]
        self._settle(batch, [Outcome.of(each, Result.FAILED, str(error)) for each in batch.products])
        return []

    async def _reconcile(self, batch: Batch, error: AmbiguousWriteError) -> list[Batch]:
        """It is not known what arrived: read the products again, and plan and send the rest."""
        self._writer.finished_notes.clear()  # the store may still be working on this write
        if self._stop.is_set:
            return []
        batch.tries += 1
        if batch.tries < self._attempts:
            logger.info(
                "reconciling %d products: %s", len(batch.products), error, extra={"event": "reconcile"}
            )
            await self._stop.sleep(pause(batch.tries))
            return [batch]
        if len(batch.products) > 1:
            return batch.split()
        result = Result.FAILED if error.responded else Result.UNCONFIRMED
        self._settle(batch, [Outcome.of(each, result, str(error)) for each in batch.products])
        await self._health.lost(error)
        return []

    async def _wait_for(self, batch: Batch, products: Sequence[DesiredProduct]) -> list[Batch]:
        """Give the store time to finish products that it is still working on."""
        if not products:
            return []
        if batch.polls >= _POLLS:
            reason = "the store has not finished it yet; the next run checks it again"
            self._settle(batch, [Outcome.of(each, Result.UNCONFIRMED, reason) for each in products])
            return []
        await self._stop.sleep(_POLL_S)
        return [
            Batch(
                list(products),
                polls=batch.polls + 1,
                created=batch.created,
                items=batch.items,
                is_last=batch.is_last,
            )
        ]

    def _settle(self, batch: Batch, outcomes: Iterable[Outcome]) -> None:
        """Settle products; one that was sent and is up to date now gets the outcome of what was sent."""
        settled = []
        for outcome in outcomes:
            own = outcome.external_id or ""
            if outcome.result in _REFUSED and not batch.tries:
                self._writer.new_items.give_up(own)
            intended = self._intents.drop(own)
            settled.append(own)
            if self._deferred.takes(batch, outcome):
                continue
            arrived = intended is not None and outcome.result is Result.UNCHANGED
            self._settled(intended if intended is not None and arrived else outcome)
        batch.drop(settled)


def _is_checked_first(batch: Batch, updates: Sequence[Update]) -> bool:
    """Whether values are wanted that others may have: variants are written after the rows of products."""
    is_checked = all(update.desired.external_id in batch.checked for update in updates)
    return not is_checked and any(map(claims, updates))
