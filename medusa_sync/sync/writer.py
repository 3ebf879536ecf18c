"""Sends changes to the store, each product together with the note of what is being sent."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

from msgspec import structs

from medusa_sync.core.change import Change, Create, Update, needed_terms, placed_categories
from medusa_sync.core.fields import SKU
from medusa_sync.core.interrupted import with_late_note
from medusa_sync.core.note import creation_note, final_record, update_note
from medusa_sync.core.pending import freed
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Record, applied
from medusa_sync.core.stored import StoredItem, WrittenProduct, WrittenVariant
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.payload import Ids, create_body, distinct_images_body, release_body, update_body
from medusa_sync.medusa.placement import Placement
from medusa_sync.medusa.taxonomy import Taxonomy
from medusa_sync.sync.acknowledger import Complete
from medusa_sync.sync.health import Health
from medusa_sync.sync.intents import Intents
from medusa_sync.sync.inventory import ItemRename, Release, Values, by_key, item_renames, level_changes
from medusa_sync.sync.items import Items, Written
from medusa_sync.sync.late import LateRequests
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.sales import Sales, sale_prices
from medusa_sync.sync.variant_writer import VariantWriter


class Writer:
    """Writes changes; every method may raise StoreRefusedError, AmbiguousWriteError or StoreError.

    Args:
        api: of the store.
        taxonomy: ids of terms.
        placement: of new and adopted products.
        items: of the store.
        sales: of the source.
        ledger: notified of products that are about to be sent.
        intents: the outcomes of what is sent.
        health: notified of writes that succeed.
        status: of new products, `published` or `draft`.

    Attributes:
        items: inventory items.
        sales: sale prices.
        late: requests that may still be delivered.
        note_times: when the notes of this run were made, as they say.
        released: the notes of products whose values may be free, by external id. If the store fails, it may
            undo the note and not the rest.
    """

    def __init__(
        self,
        api: AdminApi,
        taxonomy: Taxonomy,
        placement: Placement,
        items: Items,
        sales: Sales,
        ledger: Ledger,
        intents: Intents,
        health: Health,
        *,
        status: str,
    ) -> None:
        self._api = api
        self._taxonomy = taxonomy
        self._placement = placement
        self.items = items
        self.sales = sales
        self._ledger = ledger
        self._intents = intents
        self._health = health
        self._variants = VariantWriter(api, keeps_stock=placement.location_id is not None)
        self._status = status
        self.late = LateRequests(api)
        self.note_times: set[float] = set()
        self.released: dict[str, Record] = {}

    async def prepare(self, changes: Sequence[Change]) -> bool:
        """Find or create the terms that changes need; returns whether any was unknown."""
        needs = needed_terms(changes)
        if self._taxonomy.has(needs):
            return False
        await self._taxonomy.ids(needs)
        return True

    def forget(self, changes: Sequence[Change]) -> None:
        """Look up the terms that changes need again the next time."""
        self._taxonomy.forget(needed_terms(changes))

    async def release(self, handed: Sequence[tuple[Update, Release]]) -> None:
        """Free the unique values that variants of a batch take from one another."""
        self._begin(update for update, _ in handed)
        now = self._next_time()
        bodies = []
        for update, fields in handed:
            late = {
                key: {name: (None, value) for name, value in values.items()} for key, values in fields.items()
            }
            record = freed(
                update.record,
                late,
                update.desired.currency,
                titles=update.options.pending_titles,
                newest=update.stored.newest_variant,
                at=now,
            )
            bodies.append(release_body(update, fields, record))
            self.released[update.desired.external_id] = record
        await self._api.edit_products(bodies)
        for update, _ in handed:
            del self.released[update.desired.external_id]

    async def free_items(self, updates: Sequence[Update], taken: Values) -> None:
        """Take SKUs from inventory items whose variants have given them up; they get their new ones later."""
        renames = [
            structs.replace(rename, new_sku=None)
            for update in updates
            for rename in item_renames(update).values()
            if (SKU, rename.sku) in taken
        ]
        with self.late.may_change([update.desired.external_id for update in updates]):
            await self.items.rename(renames)

    async def update(
        self, updates: Sequence[Update], items: Mapping[str, StoredItem]
    ) -> tuple[list[Complete], list[DesiredProduct]]:
        """Write updates, with stock levels and the SKUs of inventory items.

        Args:
            updates: of products.
            items: unused inventory items for new variants, by SKU.

        Returns:
            What is complete, and the products whose variants the store refused; of those, only the product
            row is written.
        """
        for update in updates:
            self._ledger.watch_variants(update.desired.external_id, update.dropped.keys())
        ids = await self._taxonomy.ids(needed_terms(updates))
        await self._taxonomy.activate_categories(placed_categories(updates))
        renames = {update.desired.external_id: item_renames(update) for update in updates}
        now = self._next_time()
        notes = {
            own: update_note(update, renamed_items=renames[own], now=now)
            for update in updates
            if (own := update.desired.external_id) and (update.has_changes or update.placed)
        }
        items = {**items, **await self.items.link(updates)}
        written = await self._write_rows(updates, notes, ids)
        options: dict[str, dict[str, str]] = {}  # ids of new ones by external id
        refused: list[DesiredProduct] = []

        async def change(update: Update) -> list[WrittenVariant]:
            variants, options[update.desired.external_id] = await self._variants.change(update)
            return variants

        async def add(update: Update) -> list[WrittenVariant]:
            return await self._variants.add(update, items)

        await self._write_apart(change, updates, written, refused)
        # New variants may get SKUs that items have until they are renamed.
        taken = await self._rename_items(updates, refused, renames)
        await self._write_apart(add, updates, written, refused)
        for update in updates:
            if not update.writes_variants_apart:  # a killed run may have left option values
                await self._variants.remove_unused_values(update)
        complete = [update for update in updates if update.desired not in refused]
        levels = level_changes(complete, self._placement.location_id, items)
        await self.items.write_levels(levels, written)
        await self._write_sales(complete, written)
        if notes:
            self._health.succeeded(updates[-1].stored.id)
        return [
            self._updated(
                update,
                notes.get(update.desired.external_id),
                written,
                options.get(update.desired.external_id, {}),
                [each for each in renames[update.desired.external_id].values() if each in taken],
            )
            for update in complete
        ], refused

    async def _rename_items(
        self,
        updates: Sequence[Update],
        refused: Sequence[DesiredProduct],
        renames: Mapping[str, Mapping[str, ItemRename]],
    ) -> set[ItemRename]:
        """Returns the renames to an SKU that is taken."""
        written = [update.desired.external_id for update in updates if update.desired not in refused]
        with self.late.may_change([external_id for external_id, own in renames.items() if own]):
            return await self.items.rename([each for own in written for each in renames[own].values()])

    async def _write_rows(
        self, updates: Sequence[Update], notes: Mapping[str, Record], ids: Ids
    ) -> dict[str, tuple[str, dict[str, WrittenVariant]]]:
        """Write the product rows with their notes; returns the variants in the response."""
        sent = {each.desired.external_id: each for each in updates if each.desired.external_id in notes}
        if not sent:
            return {}
        self._begin(sent.values())
        bodies = [
            update_body(update, notes[external_id], placement=self._placement, ids=ids)
            for external_id, update in sent.items()
        ]
        products = await self._api.update_products(bodies)
        if sent.keys() - {product.external_id for product in products}:
            raise AmbiguousWriteError("the response lacks products")
        self._intents.begin(sent)
        if repeated := [body for each in products if (body := distinct_images_body(each)) is not None]:
            await self._api.edit_products(repeated)
        return {
            external_id: (product.id, by_key(sent[external_id], product.variants))
            for product in products
            if (external_id := product.external_id) in sent
        }

    async def _write_apart(
        self,
        write: Callable[[Update], Awaitable[list[WrittenVariant]]],
        updates: Sequence[Update],
        written: dict[str, tuple[str, dict[str, WrittenVariant]]],
        refused: list[DesiredProduct],
    ) -> None:
        """Write options or variants after the product rows.

        Args:
            write: writes those of one product.
            updates: of products. If there is only one, its refusal is raised.
            written: the variants that were written; those of `write` are added.
            refused: the products for which the store refused that; they are added and left out.
        """
        for update in updates:
            if not update.writes_variants_apart or update.desired in refused:
                continue
            try:
                variants = await write(update)
            except StoreRefusedError:
                if len(updates) == 1:
                    raise
                refused.append(update.desired)
                continue
            _, known = written[update.desired.external_id]
            known.update(by_key(update, variants))

    async def create(
        self, creates: Sequence[Create], unused_items: Mapping[str, StoredItem]
    ) -> tuple[list[Complete], list[DesiredProduct]]:
        """Create products, with their stock levels.

        Args:
            creates: the products.
            unused_items: inventory items to use again, by SKU.

        Returns:
            What is complete, and the products with many variants of which the store refused some.
        """
        ids = await self._taxonomy.ids(needed_terms(creates))
        self._begin(creates)
        now = self._next_time()
        notes = {create.desired.external_id: creation_note(create.desired, now=now) for create in creates}
        bodies = [
            create_body(
                create,
                notes[create.desired.external_id],
                status=self._status,
                placement=self._placement,
                ids=ids,
                items=unused_items,
            )
            for create in creates
        ]
        with_options = any(create.desired.options for create in creates)
        products = await self._api.create_products(bodies, with_options=with_options)
        created = {product.external_id: product for product in products}
        if any(external_id not in created for external_id in notes):
            raise AmbiguousWriteError("the response lacks products")
        written: dict[str, tuple[str, dict[str, WrittenVariant]]] = {}
        refused: list[DesiredProduct] = []
        for create in creates:
            product = created[create.desired.external_id]
            try:
                later = await self._variants.complete(create, product.id, unused_items)
            except StoreRefusedError:
                if len(creates) == 1:
                    raise
                refused.append(create.desired)
                continue
            variants = by_key(create, [*product.variants, *later])
            written[create.desired.external_id] = (product.id, variants)
        complete = [create for create in creates if create.desired.external_id in written]
        levels = level_changes(complete, self._placement.location_id, unused_items)
        await self.items.write_levels(levels, written)
        await self._write_sales(complete, written)
        self._health.succeeded(products[-1].id)
        return [
            self._created(
                create,
                created[create.desired.external_id],
                written[create.desired.external_id][1],
                notes[create.desired.external_id],
            )
            for create in complete
        ], refused

    async def _write_sales(self, changes: Sequence[Change], written: Written) -> None:
        """Write the sale prices of all variants in one call; they have the same currency."""
        sold = {change.desired.external_id: sale_prices(change, written) for change in changes}
        amounts = {variant_id: amount for own in sold.values() for variant_id, amount in own.items()}
        on_sale = [own for own, prices in sold.items() if prices]
        with self.late.may_change(on_sale, unless_responded=True):
            await self.sales.write(amounts, changes[0].desired.currency if changes else "")

    def _next_time(self) -> float:
        now = round(time.time(), 3)
        self.note_times.add(now)
        return now

    def _begin(self, changes: Iterable[Change]) -> None:
        for change in changes:
            conflicts = change.conflicts if isinstance(change, Update) else ()
            self._ledger.begin(change.desired.external_id, conflicts)

    def _updated(
        self,
        update: Update,
        note: Record | None,
        written: Written,
        options: Mapping[str, str],
        taken: Collection[ItemRename],
    ) -> Complete:
        _, variants = written.get(update.desired.external_id, ("", {}))
        new = {
            each.desired.key: variants[each.desired.key].id
            for each in update.variants
            if each.is_new and each.desired.key in variants
        }
        record = final_record(update, new=new, added_options=options)
        return Complete(
            update.desired,
            update.stored.id,
            (update.stored.record, note or update.stored.record),
            with_late_note(record, update, now=time.time()),
            self._intents.take(update.desired.external_id),
            is_acknowledged=note is not None and note.pending is None and not update.placed,
            refused=tuple(taken),
        )

    def _created(
        self,
        create: Create,
        product: WrittenProduct,
        variants: Mapping[str, WrittenVariant],
        note: Record,
    ) -> Complete:
        record = applied(
            create.desired,
            variants={key: variant.id for key, variant in variants.items()},
            options={option.title: option.id for option in product.options},
        )
        outcome = self._intents.take(create.desired.external_id)
        return Complete(create.desired, product.id, (note,), record, outcome, is_new=True)
