"""Sends changes to the store, each product together with the note of what is being sent."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence

from medusa_sync.core.change import (
    Change,
    Create,
    Update,
    added_members,
    needed_categories,
    placed_categories,
)
from medusa_sync.core.fields import TAGS
from medusa_sync.core.note import creation_note, sku_note, update_note
from medusa_sync.core.record import Record, applied, freed
from medusa_sync.core.stored import StoredItem, StoredSummary, WrittenProduct
from medusa_sync.errors import AmbiguousWriteError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import (
    Ids,
    create_body,
    distinct_images_body,
    record_body,
    release_body,
    update_body,
)
from medusa_sync.medusa.placement import Placement
from medusa_sync.medusa.taxonomy import Taxonomy
from medusa_sync.sync.acknowledger import Complete
from medusa_sync.sync.health import Health
from medusa_sync.sync.intents import Intents
from medusa_sync.sync.inventory import ItemRename, item_rename, level_changes
from medusa_sync.sync.items import Items
from medusa_sync.sync.ledger import Ledger


class Writer:
    """Writes changes; every method may raise StoreRefusedError, AmbiguousWriteError or StoreError.

    Args:
        api: of the store.
        taxonomy: ids of categories and tags.
        placement: of new and adopted products.
        items: the inventory items of the store.
        ledger: notified of products that are about to be sent.
        intents: the outcomes of what is sent.
        health: notified of writes that succeed.
        status: of new products, `published` or `draft`.
    """

    def __init__(
        self,
        api: AdminApi,
        taxonomy: Taxonomy,
        placement: Placement,
        items: Items,
        ledger: Ledger,
        intents: Intents,
        health: Health,
        *,
        status: str,
    ) -> None:
        self._api = api
        self._taxonomy = taxonomy
        self._placement = placement
        self._items = items
        self._ledger = ledger
        self._intents = intents
        self._health = health
        self._status = status
        self._unclear: set[str] = set()  # external ids of products whose item may or may not be renamed

    async def prepare(self, changes: Sequence[Change]) -> bool:
        """Find or create the categories and tags that changes need; returns whether any was unknown."""
        if self._taxonomy.has(needed_categories(changes), added_members(changes, TAGS)):
            return False
        await self._ids(changes)
        return True

    def forget(self, changes: Sequence[Change]) -> None:
        """Look up the categories and tags that changes need again the next time."""
        self._taxonomy.forget(needed_categories(changes), added_members(changes, TAGS))

    async def release(self, handed: Sequence[tuple[Update, Collection[str]]]) -> None:
        """Free the unique values that products of a batch take from one another."""
        self._begin(update for update, _ in handed)
        now = int(time.time())
        await self._api.edit_products(
            [
                release_body(update, names, freed(update.record, update.desired, names, at=now))
                for update, names in handed
            ]
        )

    async def update(self, updates: Sequence[Update]) -> list[Complete]:
        """Write updates, with stock levels and the SKUs of inventory items."""
        ids = await self._ids(updates)
        await self._taxonomy.activate_categories(placed_categories(updates))
        levels = level_changes(updates, self._placement.location_id, {})
        renames = {
            update.stored.id: rename for update in updates if (rename := item_rename(update)) is not None
        }
        now = int(time.time())
        notes = {
            update.stored.id: update_note(update, renames_item=update.stored.id in renames, now=now)
            for update in updates
            if update.changes or update.placed
        }
        written: list[WrittenProduct] = []
        if notes:
            sent = [update for update in updates if update.stored.id in notes]
            self._begin(sent)
            bodies = [
                update_body(update, notes[update.stored.id], placement=self._placement, ids=ids)
                for update in sent
            ]
            written = await self._api.update_products(bodies)
            if repeated := [body for each in written if (body := distinct_images_body(each)) is not None]:
                await self._api.edit_products(repeated)
        await self._items.write_levels(levels, written, are_new=False)
        try:
            refused = await self._items.rename(renames.values())
        except AmbiguousWriteError:
            self._unclear |= {each.desired.external_id for each in updates if each.stored.id in renames}
            raise
        if notes:
            self._health.succeeded(next(reversed(notes)))
        return [
            self._updated(update, notes.get(update.stored.id), renames.get(update.stored.id), refused)
            for update in updates
        ]

    async def create(
        self, creates: Sequence[Create], unused_items: Mapping[str, StoredItem]
    ) -> list[Complete]:
        """Create products, with their stock levels.

        Args:
            creates: the products.
            unused_items: inventory items to use again, by external id.
        """
        ids = await self._ids(creates)
        self._begin(creates)
        now = int(time.time())
        notes = {create.desired.external_id: creation_note(create.desired, now=now) for create in creates}
        bodies = [
            create_body(
                create,
                notes[create.desired.external_id],
                status=self._status,
                placement=self._placement,
                ids=ids,
                item=unused_items.get(create.desired.external_id),
            )
            for create in creates
        ]
        products = await self._api.create_products(bodies)
        levels = level_changes(creates, self._placement.location_id, unused_items)
        await self._items.write_levels(levels, products, are_new=True)
        written = {product.external_id: product for product in products}
        if any(external_id not in written for external_id in notes):
            raise AmbiguousWriteError("the response lacks products")
        self._health.succeeded(products[-1].id)
        return [
            self._created(create, written[create.desired.external_id], notes[create.desired.external_id])
            for create in creates
        ]

    async def note_unclear(self) -> None:
        """Note the SKUs of items again if the response to a rename was lost.

        The request may be delivered late and undo what was written after it. A later run checks the item.
        """
        if not self._unclear:
            return
        at = int(time.time())
        found = await self._api.look_up(sorted(self._unclear))
        records = {each.id: each.record for each in found if isinstance(each, StoredSummary)}
        bodies = [
            record_body(product_id, sku_note(record, now=at))
            for product_id, record in records.items()
            if record is not None and record.pending is None
        ]
        if bodies:
            await self._api.edit_products(bodies)

    async def _ids(self, changes: Sequence[Change]) -> Ids:
        return Ids(
            await self._taxonomy.category_ids(needed_categories(changes)),
            await self._taxonomy.tag_ids(added_members(changes, TAGS)),
        )

    def _begin(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self._ledger.begin(change.desired.external_id)

    def _updated(
        self, update: Update, note: Record | None, rename: ItemRename | None, refused: Collection[ItemRename]
    ) -> Complete:
        return Complete(
            update.desired,
            update.stored.id,
            (update.record, note or update.record),
            applied(update.desired, variant=update.variant_id),
            self._intents.take(update.desired.external_id),
            is_acknowledged=note is not None and note.pending is None and not update.placed,
            refused=rename if rename in refused else None,
        )

    def _created(self, create: Create, product: WrittenProduct, note: Record) -> Complete:
        variant_id = product.variants[0].id if product.variants else ""
        record = applied(create.desired, variant=variant_id)
        outcome = self._intents.take(create.desired.external_id)
        return Complete(create.desired, product.id, (note,), record, outcome, is_new=True)
