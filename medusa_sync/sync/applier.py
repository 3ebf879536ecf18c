"""Applies batches: read details, plan, note and write, settle, acknowledge.

    read details -> plan -> note + write -> settle -> acknowledge -> outcome
                      | refused: bisect, each half from "read details"
                      | unknown: reconcile, the rest from "read details"

The note says in each record what is being sent. So a step that fails just reads again what the store holds.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import TypeVar

from msgspec import Struct, field, structs

from medusa_sync.core.change import Change, Conflict, Create, Update
from medusa_sync.core.fields import FIELDS
from medusa_sync.core.merge import members
from medusa_sync.core.plan import is_pending
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import Record, Step, applied, freed, noted
from medusa_sync.core.result import Outcome, Result
from medusa_sync.core.stored import StoredItem, StoredProduct, WrittenProduct
from medusa_sync.errors import AmbiguousWriteError, StoreError, StoreRefusedError
from medusa_sync.http import pause
from medusa_sync.medusa.api import AdminApi, Level
from medusa_sync.medusa.payload import Ids, create_body, release_body, update_body
from medusa_sync.medusa.taxonomy import Placement, Taxonomy
from medusa_sync.stop import Stop
from medusa_sync.sync.acknowledger import Acknowledger, Complete
from medusa_sync.sync.health import Health
from medusa_sync.sync.inventory import (
    ItemRename,
    LevelChange,
    handed_on,
    item_id_of,
    item_rename,
    level_changes,
    stocked_variant,
)
from medusa_sync.sync.ledger import Ledger, outcome_of
from medusa_sync.sync.planner import Planner

logger = logging.getLogger(__name__)

C = TypeVar("C", Create, Update, Change)

_POLL_S = 0.5  # between two looks at a product that the store is still working on
_POLLS = 20
_RENAMED_AT_ONCE = 4  # there is no bulk call for inventory items


class _Part(Struct):
    """Products of a batch that go through the steps together.

    Attributes:
        products: without those that have been dealt with.
        tries: how many times the result of a write was unknown.
        polls: how many times the store was still working on them.
        created: external ids of products that were sent to be created.
        items: inventory items that the store has already, by SKU; None if nobody has looked.
        planned: the changes that are being written.
        refusal: what was refused and why, if a single product is tried a second time.
        released: unique values that they hand on were taken away already.
    """

    products: list[DesiredProduct]
    tries: int = 0
    polls: int = 0
    created: set[str] = field(default_factory=set)
    items: dict[str, StoredItem] | None = None
    planned: list[Change] = field(default_factory=list)
    refusal: tuple[list[Change], str] | None = None
    released: bool = False

    def drop(self, external_ids: Iterable[str]) -> None:
        gone = set(external_ids)
        self.products = [each for each in self.products if each.external_id not in gone]

    def halves(self) -> list[_Part]:
        half = len(self.products) // 2
        return [
            _Part(products, tries=max(self.tries - 1, 0), created=self.created, items=self.items)
            for products in (self.products[:half], self.products[half:])
        ]

    def item_of(self, product: DesiredProduct) -> StoredItem | None:
        """The inventory item that has the SKU of a new product already."""
        return (self.items or {}).get(str(product.fields["sku"]))


class Applier:
    """Writes to the store.

    Args:
        api: of the store.
        planner: reads and plans.
        taxonomy: ids of categories and tags.
        places: where new products go.
        acknowledger: takes what is complete.
        ledger: knows which products are being written.
        health: decides whether the store itself fails.
        stop: once it is set, nothing is retried or bisected.
        settle: called with the outcome of every product.
        status: of new products, `published` or `draft`.
        max_retries: how many times a batch whose result is unknown is reconciled.
    """

    def __init__(
        self,
        api: AdminApi,
        planner: Planner,
        taxonomy: Taxonomy,
        places: Placement,
        acknowledger: Acknowledger,
        ledger: Ledger,
        health: Health,
        stop: Stop,
        *,
        settle: Callable[[Outcome], None],
        status: str,
        max_retries: int,
    ) -> None:
        self._api = api
        self._planner = planner
        self._taxonomy = taxonomy
        self._places = places
        self._acknowledger = acknowledger
        self._ledger = ledger
        self._health = health
        self._stop = stop
        self._report = settle
        self._status = status
        self._attempts = max_retries + 1
        self._postponed: list[tuple[ItemRename, Complete]] = []
        self._again: list[DesiredProduct] = []  # to be planned again, also from other batches
        self._aims: dict[str, Outcome] = {}  # what was sent for products without an outcome, by external id

    async def apply(self, products: Sequence[DesiredProduct]) -> None:
        """Bring a batch to its outcomes; the outcomes of a stopped run may be missing.

        Raises:
            StoreError: the store is unavailable.
        """
        parts = [_Part(list(products))]
        while parts and not self._stop.is_set:
            part = parts.pop(0)
            parts = [*await self._attempt(part), *parts]
            if self._again:
                parts.append(_Part(self._again))
                self._again = []

    async def finish(self) -> None:
        """Acknowledge what is complete.

        Raises:
            StoreError: the store is unavailable.
        """
        if self._postponed:
            await self._finish_renames()
        self._again += await self._acknowledger.flush()
        while self._again and not self._stop.is_set:
            again, self._again = self._again, []
            await self.apply(again)
            self._again += await self._acknowledger.flush()

    async def _attempt(self, part: _Part) -> list[_Part]:
        """Take a part through all steps; returns what is left of it."""
        try:
            return await self._write(part)
        except StoreRefusedError as error:
            return await self._refused(part, error)
        except AmbiguousWriteError as error:
            return await self._unknown(part, error)

    async def _write(self, part: _Part) -> list[_Part]:
        """Read, plan and write; raises what a write raises."""
        part.planned = []
        reading = await self._planner.read(part.products, created=part.created)
        self._settle(part, reading.outcomes)
        if reading.copies:
            await self._api.delete_products([copy.id for copy in reading.copies])
        updates = self._plan(part, reading.updates)
        if not part.released and (handed := handed_on(updates)):
            await self._release(handed)
            part.released = True
            return [part]
        if not self._taxonomy.has(_categories_of(updates), _members(updates, "tags")):
            await self._ids(updates)  # this may take a while, so what was read is outdated
            return [part]
        await self._update(part, updates)
        if self._stop.is_set:
            return []
        entries = await self._planner.plan_new(self._unblocked(part, reading.new), reading.incomplete)
        self._settle(part, [entry for entry in entries if isinstance(entry, Outcome)])
        changes = self._plan(part, [entry for entry in entries if not isinstance(entry, Outcome)])
        adoptions = [each for each in changes if isinstance(each, Update)]
        if not self._taxonomy.has(_categories_of(adoptions), _members(adoptions, "tags")):
            await self._ids(adoptions)
            return [part]
        await self._update(part, adoptions)
        await self._create(part, [each for each in changes if isinstance(each, Create)])
        return await self._wait_for(part, reading.in_progress)

    def _plan(self, part: _Part, changes: Sequence[C]) -> list[C]:
        """Take down what will be sent. What was refused alone is not sent a second time."""
        part.planned += changes
        if part.refusal is not None and part.planned == part.refusal[0]:
            reason = part.refusal[1]
            self._settle(part, [_problem(each.desired, Result.FAILED, reason) for each in changes])
            return []
        for change in changes:
            own = change.desired.external_id
            self._aims[own] = _combined(self._aims.get(own), outcome_of(change))
        return list(changes)

    def _unblocked(self, part: _Part, new: Sequence[DesiredProduct]) -> list[DesiredProduct]:
        """Settle new products whose SKU an inventory item in use has; returns the others."""
        blocked = {
            product.external_id: _problem(product, Result.FAILED, item.use)
            for product in new
            if (item := part.item_of(product)) is not None and item.use
        }
        self._settle(part, blocked.values())
        return [product for product in new if product.external_id not in blocked]

    # --- updates and creations ---

    async def _update(self, part: _Part, updates: Sequence[Update]) -> None:
        """Write updates, settle them, and hand them over to be acknowledged."""
        if not updates:
            return
        ids = await self._ids(updates)
        placed = [update for update in updates if update.placed]
        await self._taxonomy.activate_categories(_wanted_categories(placed))
        levels = level_changes(updates, self._places.location_id, {})
        renames = {
            update.desired.external_id: rename
            for update in updates
            if (rename := item_rename(update)) is not None
        }
        sent = [update for update in updates if update.changes or update.placed]
        written: list[WrittenProduct] = []
        records = {update.stored.id: _note(update, renames, now=int(time.time())) for update in sent}
        if sent:
            self._begin(sent)
            written = await self._api.update_products(
                [
                    update_body(update, records[update.stored.id], places=self._places, ids=ids)
                    for update in sent
                ]
            )
        await self._write_levels(levels, written, made_by_store=False)
        refused = await self._rename_items(renames.values())
        if sent:
            self._health.succeeded(sent[-1].stored.id)
        finished = [
            update
            for update in sent
            if not update.placed and records[update.stored.id].pending is None  # it was one commit
        ]
        self._settle(part, [self._aim(update.desired) for update in finished])
        done = {update.stored.id for update in finished}
        complete = [
            Complete(
                update.desired,
                update.stored.id,
                (update.record, records.get(update.stored.id, update.record)),
                applied(update.desired, variant=_variant_id(update)),
                self._aim(update.desired),
            )
            for update in updates
            if update.stored.id not in done
        ]
        part.drop(each.desired.external_id for each in complete)
        later = [each for each in complete if renames.get(each.desired.external_id) in refused]
        self._postponed += [(renames[each.desired.external_id], each) for each in later]
        self._again += await self._acknowledger.add([each for each in complete if each not in later])

    async def _create(self, part: _Part, creates: Sequence[Create]) -> None:
        """Write new products, and hand them over to be acknowledged."""
        if not creates:
            return
        if incomplete := [create.replaces for create in creates if create.replaces]:
            await self._api.delete_products(incomplete)
            if part.items is None:  # the store deletes only the items that were linked already
                part.items = await self._items_of(creates)
                free = self._unblocked(part, [create.desired for create in creates])
                creates = [create for create in creates if create.desired in free]
                if not creates:
                    return
        ids = await self._ids(creates)
        if self._stop.is_set:
            return
        self._begin(creates)
        part.created |= {create.desired.external_id for create in creates}
        now = int(time.time())
        notes = {each.desired.external_id: _creation_note(each.desired, now=now) for each in creates}
        items = {
            create.desired.external_id: item
            for create in creates
            if (item := part.item_of(create.desired)) is not None
        }
        products = await self._api.create_products(
            [
                create_body(
                    create,
                    notes[create.desired.external_id],
                    status=self._status,
                    places=self._places,
                    ids=ids,
                    item=items.get(create.desired.external_id),
                )
                for create in creates
            ]
        )
        levels = level_changes(creates, self._places.location_id, items)
        await self._write_levels(levels, products, made_by_store=True)
        written = {product.external_id: product for product in products}
        if any(create.desired.external_id not in written for create in creates):
            raise AmbiguousWriteError("the response lacks products")
        self._health.succeeded(products[-1].id)
        part.drop(create.desired.external_id for create in creates)
        complete = []
        for create in creates:
            own = create.desired.external_id
            variant = written[own].variants[0].id if written[own].variants else ""
            record = applied(create.desired, variant=variant)
            aim = self._aim(create.desired)
            complete.append(
                Complete(create.desired, written[own].id, (notes[own],), record, aim, created=True)
            )
        self._again += await self._acknowledger.add(complete)

    async def _release(self, handed: Sequence[tuple[Update, Collection[str]]]) -> None:
        """Free the unique values that the products of a batch hand on."""
        self._begin([update for update, _ in handed])
        now = int(time.time())
        await self._api.update_products(
            [
                release_body(update, names, freed(update.record, update.desired, names, at=now))
                for update, names in handed
            ]
        )

    async def _rename_items(self, renames: Collection[ItemRename]) -> set[ItemRename]:
        """Give inventory items the SKUs of their variants; returns those whose SKU another item has."""
        taken = {rename.after for rename in renames}
        in_the_way = [rename for rename in renames if rename.before in taken]
        await self._rename([structs.replace(rename, after=None) for rename in in_the_way])
        return await self._rename(renames)

    async def _rename(self, renames: Iterable[ItemRename]) -> set[ItemRename]:
        slots = asyncio.Semaphore(_RENAMED_AT_ONCE)
        refused = set()

        async def rename(each: ItemRename) -> None:
            async with slots:
                if self._stop.is_set:
                    raise AmbiguousWriteError("the run ended before all inventory items were renamed")
                try:
                    await self._api.rename_inventory_item(each.item_id, each.after)
                except StoreRefusedError as error:
                    if error.status != HTTPStatus.BAD_REQUEST:  # the products are written nevertheless
                        raise AmbiguousWriteError(str(error), answered=True) from error
                    refused.add(each)

        # None of them may go on after the others were given up: it would undo what is written then.
        results = await asyncio.gather(*(rename(each) for each in renames), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return refused

    async def _finish_renames(self) -> None:
        """Try the renames again that were refused: by now, other batches may have freed the SKUs."""
        postponed, self._postponed = self._postponed, []
        try:
            refused = await self._rename_items([rename for rename, _ in postponed])
            waiting = await self._held_by_pending(refused)
        except (AmbiguousWriteError, StoreError) as error:
            logger.warning("the next run renames %d inventory items: %s", len(postponed), error)
            waiting = {rename for rename, _ in postponed}
            refused = set()
        for rename in refused - waiting:
            # It would only serve other products: ours is complete.
            logger.warning(
                "inventory item %s keeps its SKU: another item has %r", rename.item_id, rename.after
            )
        for rename, complete in postponed:
            if rename in waiting:  # the product stays pending, so the next run tries again
                self._report(complete.outcome)
        self._again += await self._acknowledger.add(
            [complete for rename, complete in postponed if rename not in waiting]
        )

    async def _held_by_pending(self, renames: Collection[ItemRename]) -> set[ItemRename]:
        """The renames to an SKU that a product which is not complete yet will give up."""
        skus = {rename.after: rename for rename in renames if rename.after is not None}
        items = await self._api.items_by_sku(list(skus)) if skus else []
        product_ids = {product_id for item in items for product_id in item.product_ids}
        details = await self._api.details("id", list(product_ids))
        pending = {
            stored.id for stored in details if isinstance(stored, StoredProduct) and is_pending(stored)
        }
        return {skus[str(item.sku)] for item in items if pending & set(item.product_ids)}

    async def _write_levels(
        self, changes: Sequence[LevelChange], written: Iterable[WrittenProduct], *, made_by_store: bool
    ) -> None:
        """Write stock levels; `made_by_store`: the store makes the inventory items of new products itself."""
        if not changes:
            return
        products = {product.external_id: product for product in written}
        location_id = self._places.location_id or ""
        create: list[Level] = []
        update: list[Level] = []
        try:
            for change in changes:
                product = products.get(change.external_id)
                variant = stocked_variant(change, product) if product else None
                item_id = change.item_id or (item_id_of(variant) if variant else None)
                if item_id is None and product and variant and not made_by_store:
                    item_id = await self._api.give_inventory_item(product.id, variant)
                if item_id is None:
                    raise AmbiguousWriteError(
                        f"{change.external_id}: the store has not made its inventory item yet"
                    )
                (update if change.exists else create).append(Level(item_id, location_id, change.quantity))
            await self._api.write_levels(create=create, update=update)
        except StoreRefusedError as error:
            # The products are written, so the batch is not refused: another run may have written a level.
            raise AmbiguousWriteError(str(error), answered=True) from error

    async def _ids(self, changes: Sequence[Change]) -> Ids:
        """The ids of the categories and tags that changes add; those that are missing are created."""
        return Ids(
            await self._taxonomy.category_ids(_categories_of(changes)),
            await self._taxonomy.tag_ids(_members(changes, "tags")),
        )

    async def _items_of(self, creates: Iterable[Create]) -> dict[str, StoredItem]:
        """The inventory items that have the SKU of a new product already; one without stock needs none."""
        stocked = [each.desired.fields for each in creates if each.desired.fields["stock"] is not None]
        skus = [str(fields["sku"]) for fields in stocked if fields["sku"] is not None]
        return {str(item.sku): item for item in await self._api.items_by_sku(skus)} if skus else {}

    # --- what goes wrong ---

    async def _refused(self, part: _Part, error: StoreRefusedError) -> list[_Part]:
        """The store takes all of a batch or nothing and does not say which product it refuses: bisect."""
        for product in part.products:
            self._aims.pop(product.external_id, None)
            self._ledger.take_back(product.external_id)
        if self._stop.is_set:
            return []
        creates = [change for change in part.planned if isinstance(change, Create)]
        if creates and part.items is None:
            part.items = await self._items_of(creates)
            if part.items:
                return [part]
        # The merchant may have deleted one of them.
        await self._taxonomy.forget(_categories_of(part.planned), _members(part.planned, "tags"))
        if len(part.products) > 1:
            logger.info("bisecting a batch of %d: %s", len(part.products), error)
            return part.halves()
        if part.refusal is None:  # it may be planned otherwise now, such as with another handle
            part.refusal = (part.planned, str(error))
            return [part]
        self._settle(part, [_problem(each, Result.FAILED, str(error)) for each in part.products])
        return []

    async def _unknown(self, part: _Part, error: AmbiguousWriteError) -> list[_Part]:
        """Reconcile: read again what arrived; the rest is planned and sent again."""
        if self._stop.is_set:
            return []
        part.tries += 1
        if part.tries < self._attempts:
            logger.info("reconciling %d products: %s", len(part.products), error)
            await self._stop.sleep(pause(part.tries))
            return [part]
        if len(part.products) > 1:
            return part.halves()
        result = Result.FAILED if error.answered else Result.UNCONFIRMED
        self._settle(part, [_problem(each, result, str(error)) for each in part.products])
        await self._health.lost(error)
        return []

    async def _wait_for(self, part: _Part, products: Sequence[DesiredProduct]) -> list[_Part]:
        """Give the store time to finish what it is working on."""
        if not products:
            return []
        if part.polls >= _POLLS:
            reason = "the store has not finished it yet; the next run checks it again"
            self._settle(part, [_problem(each, Result.UNCONFIRMED, reason) for each in products])
            return []
        await self._stop.sleep(_POLL_S)
        return [_Part(list(products), polls=part.polls + 1, created=part.created, items=part.items)]

    # --- outcomes ---

    def _begin(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self._ledger.begin(change.desired.external_id)

    def _aim(self, product: DesiredProduct) -> Outcome:
        return self._aims.pop(product.external_id)

    def _settle(self, part: _Part, outcomes: Iterable[Outcome]) -> None:
        """A product that needs nothing any more has what was sent for it before."""
        settled = []
        for outcome in outcomes:
            own = outcome.external_id or ""
            aim = self._aims.pop(own, None)
            arrived = aim is not None and outcome.result is Result.UNCHANGED
            self._report(aim if aim is not None and arrived else outcome)
            settled.append(own)
        part.drop(settled)


def _note(update: Update, renames: Mapping[str, object], *, now: int) -> Record:
    """The record that goes with an update: a note if a part of it commits later than the product row."""
    applied_before = update.record.fields if update.record else {}
    late: dict[str, Collection[Value]] = {
        # A value that is overwritten although nothing was applied is not kept if this is interrupted.
        change.field: (change.desired,) if change.field in applied_before else (change.stored, change.desired)
        for change in update.changes
        if change.field in FIELDS and FIELDS[change.field].commits_late
    }
    if update.desired.external_id in renames:
        late["sku"] = (update.desired.fields["sku"],)
    if not late and not update.placed:
        return applied(update.desired, variant=_variant_id(update))
    step = Step.ADOPTION if update.placed else Step.UPDATE
    return noted(update.record, update.desired, late, step, variant=_variant_id(update), at=now)


def _creation_note(desired: DesiredProduct, *, now: int) -> Record:
    late = {name: (value,) for name, value in desired.fields.items() if FIELDS[name].is_of_variant}
    return noted(None, desired, late, Step.CREATION, at=now)


def _variant_id(update: Update) -> str:
    if update.variant is not None:
        return update.variant.id
    return update.record.variant if update.record else ""


def _problem(product: DesiredProduct, result: Result, reason: str) -> Outcome:
    return Outcome(product.external_id, product.title, result, reason)


def _combined(first: Outcome | None, later: Outcome) -> Outcome:
    """What was sent for a product in several steps, as one outcome."""
    if first is None or first.result is Result.UNCHANGED:
        conflicts = first.conflicts if first is not None else ()
        return structs.replace(later, conflicts=_without_repeats((*conflicts, *later.conflicts)))
    fields = {change.field: change for change in later.changes}
    fields |= {
        change.field: structs.replace(change, planned=fields[change.field].planned)
        if change.field in fields
        else change
        for change in first.changes
    }
    return structs.replace(
        first,
        changes=tuple(fields.values()),
        conflicts=_without_repeats((*first.conflicts, *later.conflicts)),
    )


def _without_repeats(conflicts: Iterable[Conflict]) -> tuple[Conflict, ...]:
    return tuple({conflict.field: conflict for conflict in conflicts}.values())


def _wanted_categories(changes: Iterable[Change]) -> list[str]:
    return [handle for change in changes for handle in members(change.desired.fields["categories"])]


def _categories_of(changes: Sequence[Change]) -> list[str]:
    """The categories that changes add, and those of adopted products, which are activated."""
    placed = [each for each in changes if isinstance(each, Update) and each.placed]
    return [*_members(changes, "categories"), *_wanted_categories(placed)]


def _members(changes: Iterable[Change], name: str) -> list[str]:
    """The members that changes add to a set."""
    found: list[str] = []
    for change in changes:
        if isinstance(change, Create):
            found += members(change.desired.fields[name])
        else:
            for each in change.changes:
                if each.field == name:
                    held = members(each.stored)
                    found += [member for member in members(each.planned) if member not in held]
    return found
