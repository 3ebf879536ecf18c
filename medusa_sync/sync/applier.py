"""Applies batches of changes so that none is lost or doubled, whatever the store or the network does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from http import HTTPStatus

from medusa_sync.errors import AmbiguousWriteError, StoreError, StoreRefusedError
from medusa_sync.http import retries
from medusa_sync.medusa.api import AdminApi, Level
from medusa_sync.medusa.payload import Ids, create_body, record_body, release_body, update_body
from medusa_sync.medusa.references import Places, References
from medusa_sync.models import Change, Create, Outcome, Pending, Result, StoredProduct, Update
from medusa_sync.plan import record_of
from medusa_sync.stop import Stop
from medusa_sync.sync.handover import handed_on
from medusa_sync.sync.planner import UNFINISHED, Planner
from medusa_sync.sync.stock import (
    LateLevel,
    existing_levels,
    item_id_of,
    late_levels,
    renamed_items,
    stocked_variant,
)
from medusa_sync.sync.tally import outcome_of

logger = logging.getLogger(__name__)

_LOST_AT_THE_MOST = 3  # single products in a row that fail without a refusal


class Applier:
    """Writes to the store.

    Args:
        api: of the store.
        planner: plans again what a failure has left open.
        references: ids of categories and tags.
        places: where new products go.
        status: of new products, `published` or `draft`.
        max_retries: how many times a batch whose end is unknown is planned and sent again.
        settle: called with the outcome of every product.
        stop: no attempt is repeated once it is set.
    """

    def __init__(
        self,
        api: AdminApi,
        planner: Planner,
        references: References,
        places: Places,
        *,
        status: str,
        max_retries: int,
        settle: Callable[[Outcome], None],
        stop: Stop,
    ) -> None:
        self._api = api
        self._planner = planner
        self._references = references
        self._places = places
        self._status = status
        self._attempts = max_retries + 1
        self._settle = settle
        self._stop = stop
        self._lost_in_a_row = 0

    async def apply(self, changes: Sequence[Change]) -> None:
        """Bring a batch to its end: every product of it is settled.

        Raises:
            StoreError: the store went away; what is not settled may or may not be stored.
        """
        aims = {change.desired.external_id: outcome_of(change) for change in changes}
        await self._apply(_Batch(list(changes), aims))

    async def _apply(self, batch: _Batch, *, last_try: bool = False) -> None:
        try:
            async for attempt in retries(AmbiguousWriteError, self._attempts):
                with attempt:
                    if attempt.num > 1:
                        await self._look_again(batch, patient=True)
                    await self._write(batch.changes)
        except (StoreRefusedError, AmbiguousWriteError) as error:
            if self._stop.is_set:
                raise
            await self._halve(batch, error, last_try=last_try)
        else:
            self._lost_in_a_row = 0
            for change in batch.changes:
                self._settle(batch.aims[change.desired.external_id])

    async def _look_again(self, batch: _Batch, *, patient: bool) -> None:
        """Ask the store what it has carried out: that counts as done, the rest stays in the batch.

        Raises:
            AmbiguousWriteError: the store is still at work, and the caller is patient.
        """
        logger.info("looking again at %d products", len(batch.changes))
        planned = await self._planner.plan_again(
            [change.desired for change in batch.changes],
            {change.desired.external_id: _sent_fields(change) for change in batch.changes},
        )
        outcomes = [entry for entry in planned if isinstance(entry, Outcome)]
        if patient and any(outcome.reason == UNFINISHED for outcome in outcomes):
            raise AmbiguousWriteError(UNFINISHED)
        batch.changes = [entry for entry in planned if not isinstance(entry, Outcome)]
        for outcome in outcomes:
            arrived = outcome.result is Result.UNCHANGED
            self._settle(batch.aims[outcome.external_id or ""] if arrived else outcome)

    async def _halve(
        self, batch: _Batch, error: StoreRefusedError | AmbiguousWriteError, *, last_try: bool
    ) -> None:
        """The store takes all of a batch or nothing and does not say which product it dislikes: halve it."""
        refused = batch.changes
        await self._look_again(batch, patient=False)
        if len(batch.changes) > 1:
            logger.info("halving a batch of %d: %s", len(batch.changes), error)
            half = len(batch.changes) // 2
            for part in (batch.changes[:half], batch.changes[half:]):
                await self._apply(_Batch(part, batch.aims))
        elif batch.changes != refused and not last_try:
            await self._apply(batch, last_try=True)  # such as a handle that another run has just taken
        else:
            for change in batch.changes:
                desired = change.desired
                self._settle(Outcome(desired.external_id, desired.title, Result.FAILED, str(error)))
            if isinstance(error, AmbiguousWriteError):
                self._count_lost(error)

    def _count_lost(self, error: AmbiguousWriteError) -> None:
        """One product that no write brings in may be at fault itself; several in a row mean the store is."""
        self._lost_in_a_row += 1
        if self._lost_in_a_row >= _LOST_AT_THE_MOST:
            raise StoreError(f"The store fails every write: {error}", hint="See the log of the store.")

    async def _write(self, changes: Sequence[Change]) -> None:
        """Creations and updates never share a call: when one half is refused, Medusa undoes the other,
        and an update that is undone loses the prices of its variants.
        """
        if levels := existing_levels(changes, self._places.location_id):
            await self._api.write_levels(create=[], update=levels)
        updates = [change for change in changes if isinstance(change, Update)]
        await self._take_away(handed_on(updates))
        for item_id, sku in renamed_items(updates).items():
            await self._rename(item_id, sku)
        ids = Ids(
            await self._references.category_ids(_members(changes, "categories")),
            await self._references.tag_ids(_members(changes, "tags")),
        )
        adopted = [change for change in updates if change.adopted]
        await self._references.activate_categories(_wanted_categories(adopted))
        if updates:
            await self._update(updates, ids)
        if creates := [change for change in changes if isinstance(change, Create)]:
            await self._create(creates, ids)

    async def _take_away(self, handed: Sequence[tuple[Update, Collection[str]]]) -> None:
        """What the products of a batch hand on is free before it is given to the next one."""
        for item_id in renamed_items(update for update, fields in handed if "sku" in fields):
            await self._rename(item_id, None)
        if handed:
            await self._api.update_products([release_body(update, fields) for update, fields in handed])

    async def _rename(self, item_id: str, sku: str | None) -> None:
        try:
            await self._api.rename_inventory_item(item_id, sku)
        except StoreRefusedError as error:
            if error.status != HTTPStatus.BAD_REQUEST:
                raise
            # Another item has that SKU. The old one would only serve others: the product itself goes on.
            logger.warning("the inventory item %s keeps its SKU, %r is refused: %s", item_id, sku, error)

    async def _update(self, updates: Sequence[Update], ids: Ids) -> None:
        late = late_levels(updates, self._places.location_id)
        stocked = {level.external_id for level in late}
        bodies = []
        for update in updates:
            pending = Pending.STOCK if update.desired.external_id in stocked else None
            record = record_of(update.desired, pending=pending)
            bodies.append(update_body(update, record, places=self._places, ids=ids))
        products = await self._api.update_products(bodies)
        unfinished = [update for update in updates if update.desired.external_id in stocked]
        if unfinished:
            await self._finish(unfinished, products, late, made_whole=False)

    async def _create(self, creates: Sequence[Create], ids: Ids) -> None:
        if halves := [create.replaces for create in creates if create.replaces]:
            await self._api.delete_products(halves)
        bodies = []
        for create in creates:
            record = record_of(create.desired, pending=Pending.CREATION)
            bodies.append(create_body(create, record, status=self._status, places=self._places, ids=ids))
        products = await self._api.create_products(bodies)
        late = late_levels(creates, self._places.location_id)
        await self._finish(creates, products, late, made_whole=True)

    async def _finish(
        self,
        changes: Sequence[Change],
        products: Iterable[StoredProduct],
        late: Sequence[LateLevel],
        *,
        made_whole: bool,
    ) -> None:
        """Write the stock levels that can only follow their products, and take back that they are pending.

        The records said so in the call that wrote the products: a run that dies in between leaves that word.
        """
        written = {product.external_id: product for product in products}
        if late:
            await self._write_late_levels(late, written, made_whole=made_whole)
        await self._api.update_products(
            [
                record_body(written[change.desired.external_id].id, record_of(change.desired))
                for change in changes
            ]
        )

    async def _write_late_levels(
        self,
        waiting: Iterable[LateLevel],
        written: Mapping[str | None, StoredProduct],
        *,
        made_whole: bool,
    ) -> None:
        """Create levels; `made_whole`: the store makes the items of what was written by itself."""
        levels = []
        try:
            for level in waiting:
                product = written.get(level.external_id)
                variant = stocked_variant(level, product) if product else None
                item_id = level.item_id or (item_id_of(variant) if variant else None)
                if item_id is None and product and variant and not made_whole:
                    item_id = await self._api.give_inventory_item(product.id, variant)
                if item_id is None:  # the store is still at work on a batch that a client gave up on
                    raise AmbiguousWriteError(
                        f"{level.external_id}: the store has not made its inventory item yet"
                    )
                levels.append(Level(item_id, level.location_id, level.quantity))
            await self._api.write_levels(create=levels, update=[])
        except StoreRefusedError as error:
            # The products are in, so this is no refusal of the batch: another run was quicker with a level.
            raise AmbiguousWriteError(str(error)) from error


class _Batch:
    """What of a batch is still open, and what each of its products comes to when it is applied."""

    def __init__(self, changes: list[Change], aims: Mapping[str, Outcome]) -> None:
        self.changes = changes
        self.aims = aims


def _sent_fields(change: Change) -> Collection[str]:
    if isinstance(change, Create):
        return change.desired.fields
    return [difference.field for difference in change.differences]


def _wanted_categories(changes: Iterable[Change]) -> list[str]:
    wanted = (change.desired.fields["categories"] for change in changes)
    return [handle for handles in wanted if isinstance(handles, tuple) for handle in handles]


def _members(changes: Iterable[Change], name: str) -> list[str]:
    """The members of a set that a batch refers to."""
    members: list[str] = []
    for change in changes:
        if isinstance(change, Create):
            values = [change.desired.fields[name]]
        else:
            values = [difference.after for difference in change.differences if difference.field == name]
        members += [member for value in values if isinstance(value, tuple) for member in value]
    return members
