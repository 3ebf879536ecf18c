"""Sends changes to the store, each product together with the note of what is being sent."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from msgspec import structs

from medusa_sync.core.change import Change, Create, Update, needed_terms, new_variants, placed_categories
from medusa_sync.core.fields import SKU
from medusa_sync.core.interrupted import with_late_note
from medusa_sync.core.note import creation_note, final_record, freed, update_note
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Record, applied
from medusa_sync.core.stored import StoredItem, WrittenProduct, WrittenVariant
from medusa_sync.core.withheld import with_withheld
from medusa_sync.errors import AmbiguousWriteError, StoreRefusedError
from medusa_sync.medusa.api import AdminApi
from medusa_sync.medusa.bulk import Refusal
from medusa_sync.medusa.operations import CREATE_PRODUCTS, UPDATE_VARIANTS, Body
from medusa_sync.medusa.payload import (
    Ids,
    create_body,
    distinct_images_body,
    new_product_id,
    new_variant_id,
    record_body,
    release_bodies,
    update_body,
)
from medusa_sync.medusa.placement import Placement
from medusa_sync.medusa.terms import Terms
from medusa_sync.sync.acknowledger import Complete
from medusa_sync.sync.health import Health
from medusa_sync.sync.intents import Intents
from medusa_sync.sync.inventory import ItemRename, Release, Values, by_key, item_renames, level_changes
from medusa_sync.sync.items import Items, Written
from medusa_sync.sync.late import LateRequests
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.new_items import NewItems
from medusa_sync.sync.sales import Sales, sale_prices
from medusa_sync.sync.variant_writer import (
    Refusals,
    VariantWriter,
    certain_refusals,
    is_created_in_parts,
    new_ids,
    writes_variants,
)

C = TypeVar("C", Create, Update)

_GENERATIONS = 20  # of the id of a product that is replaced


class Writer:
    """Writes changes; every method may raise StoreRefusedError, AmbiguousWriteError or StoreError.

    Args:
        api: of the store.
        terms: finds and creates categories and the like.
        placement: of new and adopted products.
        items: of the store.
        new_items: of new variants.
        sales: of the source.
        ledger: notified of products that are about to be sent.
        intents: the outcomes of what is sent.
        health: notified of writes that succeed.
        again: reads products whose rows are written, and plans again what is left.
        status: of new products, `published` or `draft`.

    Attributes:
        items: inventory items.
        new_items: inventory items of new variants.
        sales: sale prices.
        late: requests that may still be delivered.
        finished_notes: times of the notes of this run; the store is not working on what they announce.
    """

    def __init__(
        self,
        api: AdminApi,
        terms: Terms,
        placement: Placement,
        items: Items,
        new_items: NewItems,
        sales: Sales,
        ledger: Ledger,
        intents: Intents,
        health: Health,
        again: Callable[[Sequence[Update]], Awaitable[list[Update]]],
        *,
        status: str,
    ) -> None:
        self._api = api
        self._terms = terms
        self._placement = placement
        self.items = items
        self.new_items = new_items
        self.sales = sales
        self._ledger = ledger
        self._intents = intents
        self._health = health
        self._again = again
        self._variants = VariantWriter(api, keeps_stock=placement.location_id is not None)
        self._status = status
        self.late = LateRequests(api)
        self.finished_notes: set[float] = set()
        self._generations: dict[str, int] = {}  # of the ids of new products, by external id

    async def prepare(self, changes: Sequence[Change]) -> bool:
        """Find or create the terms that changes need; returns whether any was unknown."""
        needs = needed_terms(changes)
        if self._terms.has(needs):
            return False
        await self._terms.ids(needs)
        return True

    def forget(self, changes: Sequence[Change]) -> None:
        """Look up the terms that changes need again the next time."""
        self._terms.forget(needed_terms(changes))

    async def release(self, handed: Sequence[tuple[Update, Release]]) -> None:
        """Free the unique values that variants of a batch take from one another."""
        self._begin(update for update, _ in handed)
        now = self._update_time()
        notes: list[dict[str, Any]] = []
        bodies: list[dict[str, Any]] = []
        for update, fields in handed:
            late = {
                key: {name: (None, value) for name, value in values.items()} for key, values in fields.items()
            }
            record = freed(
                update.record,
                late,
                update.desired.currency,
                titles=update.options.pending_titles,
                at=now,
            )
            notes.append(record_body(update.stored.id, record))
            bodies += release_bodies(update, fields)
        await self._api.edit_products(notes)
        for result in await self._api.bulk.run(UPDATE_VARIANTS, bodies):
            if not isinstance(result, str):
                raise result

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
        ids = await self._terms.ids(needed_terms(updates))
        await self._terms.activate_categories(placed_categories(updates))
        renames = {update.desired.external_id: item_renames(update) for update in updates}
        now = self._update_time()
        notes = {
            own: update_note(update, renamed_items=renames[own], now=now, new=new_ids(update))
            for update in updates
            if (own := update.desired.external_id) and (update.has_changes or update.placed)
        }
        items = {**items, **await self.items.link(updates)}
        await self._write_rows(updates, notes, ids)
        refused: Refusals = {}
        left = await self._change_options(updates, refused)
        refused |= await self._variants.change(_without(left, refused))
        # New variants may get SKUs that items have until they are renamed.
        taken = await self._rename_items(_without(left, refused), renames)
        items |= await self.new_items.of(_without(left, refused), items)
        refused |= await self._variants.add(_without(left, refused), items)
        if refused and len(updates) == 1:
            raise next(iter(refused.values()))
        complete = _without(left, refused)
        before = {update.desired.external_id: update.stored.record for update in updates}
        for update in complete:  # a killed run may have left option values
            await self._variants.remove_unused_values(update, before[update.desired.external_id])
        self.new_items.linked(complete)
        levels = level_changes(complete, self._placement.location_id, items)
        without_item = {level.external_id for level in levels if level.item_id is None}
        unknown = {
            update.stored.id: update
            for update in complete
            if update.desired.external_id in without_item or new_variants(update)
        }
        written = await self._by_key(unknown, await self._api.written(list(unknown)))
        await self.items.write_levels(levels, written)
        await self._write_sales(complete, written)
        if notes:
            self._health.succeeded(updates[-1].stored.id)
        return [
            self._updated(
                update,
                before[update.desired.external_id],
                notes.get(update.desired.external_id),
                written,
                [each for each in renames[update.desired.external_id].values() if each in taken],
            )
            for update in complete
        ], [update.desired for update in updates if update.desired.external_id in refused]

    async def _change_options(self, updates: Sequence[Update], refused: Refusals) -> list[Update]:
        """Write options, then read again and plan what is left of the variants.

        Nothing lies between this reading and the write of variants, which replaces their lists of prices.

        Args:
            updates: of products whose rows are written.
            refused: the products of which the store refused a part; they are added.

        Returns:
            All updates that are not refused.
        """
        apart = [update for update in updates if writes_variants(update)]
        if not apart:
            return list(updates)
        refused |= await self._variants.replace(apart)
        refused |= await self._variants.change_options(_without(apart, refused))
        found = {each.desired.external_id: each for each in await self._again(_without(apart, refused))}
        planned = {update.desired.external_id: update for update in updates}
        for update in _without(apart, refused):
            own = update.desired.external_id
            if own in found:  # its row is written already
                row = {"own_changes": update.own_changes, "own_conflicts": update.own_conflicts}
                planned[own] = structs.replace(found[own], **row)
                self._intents.replan(update, planned[own])
                self._begin([planned[own]])
            else:
                message = f"{update.stored.id} was deleted while it was written"
                refused[own] = StoreRefusedError(message, status=HTTPStatus.NOT_FOUND)
        return _without(list(planned.values()), refused)

    async def _by_key(self, changes: Mapping[str, Change], found: Mapping[str, WrittenProduct]) -> Written:
        """The variants of changed products by key, as they were read after the write."""
        copies = await self._variants.remove_copies(found)
        written: dict[str, tuple[str, Mapping[str, WrittenVariant]]] = {}
        for product_id, change in changes.items():
            variants_found = found[product_id].variants if product_id in found else ()
            left = [each for each in variants_found if each.id not in copies]
            # Of two that are the same, the other run deletes the younger one.
            variants = by_key(change, sorted(left, key=lambda each: each.id, reverse=True))
            external_id = change.desired.external_id
            if any(each.key not in variants for each in new_variants(change)):
                raise AmbiguousWriteError(f"{external_id}: the store does not show its new variants yet")
            written[external_id] = product_id, variants
        return written

    async def _rename_items(
        self, updates: Sequence[Update], renames: Mapping[str, Mapping[str, ItemRename]]
    ) -> set[ItemRename]:
        """Returns the renames to an SKU that is taken."""
        wanted = [each for update in updates for each in renames[update.desired.external_id].values()]
        with self.late.may_change([external_id for external_id, own in renames.items() if own]):
            return await self.items.rename(wanted) if wanted else set()

    async def _write_rows(self, updates: Sequence[Update], notes: Mapping[str, Record], ids: Ids) -> None:
        """Write the product rows with their notes."""
        sent = {each.desired.external_id: each for each in updates if each.desired.external_id in notes}
        if not sent:
            return
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

    async def create(
        self, creates: Sequence[Create], unused_items: Mapping[str, StoredItem]
    ) -> tuple[list[Complete], Refusals]:
        """Create products, with their stock levels.

        Args:
            creates: the products.
            unused_items: inventory items to use again, by SKU.

        Returns:
            What is complete, and why the store refused the other products, or some of their variants.
        """
        items = {**unused_items, **await self.new_items.of(creates, unused_items)}
        self._begin(creates)
        now = round(time.time(), 3)
        notes = {create.desired.external_id: creation_note(create.desired, now=now) for create in creates}
        created, refused = await self._create_rows(creates, notes, items)
        self.finished_notes.add(now)
        by_id = {created[own]: create for create in creates if (own := create.desired.external_id) in created}
        refused |= await self._variants.complete(by_id, items)
        complete = {own: create for own, create in by_id.items() if create.desired.external_id not in refused}
        self.new_items.linked(complete.values())
        levels = level_changes(complete.values(), self._placement.location_id, items)
        without_item = {level.external_id for level in levels if level.item_id is None}
        unknown = {
            product_id: create
            for product_id, create in complete.items()
            if not self._knows_variants(product_id, create) or create.desired.external_id in without_item
        }
        found = await self._api.written(list(unknown))
        written = {
            **{
                create.desired.external_id: (own, _first_variants(own, create))
                for own, create in complete.items()
            },
            **await self._by_key(unknown, found),
        }
        await self.items.write_levels(levels, written)
        await self._write_sales(list(complete.values()), written)
        if complete:
            self._health.succeeded(next(iter(complete)))
        return [
            self._created(create, written[own], found.get(product_id), notes[own])
            for product_id, create in complete.items()
            if (own := create.desired.external_id)
        ], refused

    async def _create_rows(
        self, creates: Sequence[Create], notes: Mapping[str, Record], items: Mapping[str, StoredItem]
    ) -> tuple[dict[str, str], Refusals]:
        """Create products; returns their ids, and why the others are refused, by external id."""
        ids = await self._terms.ids(needed_terms(creates))

        def body(create: Create) -> dict[str, Any]:
            own = create.desired.external_id
            return create_body(
                create,
                self._new_id(own),
                notes[own],
                status=self._status,
                placement=self._placement,
                ids=ids,
                items=items,
            )

        async def revise(bodies: Sequence[Body]) -> Sequence[Body]:
            refused = [by_external_id[each["external_id"]] for each in bodies]
            return list(map(body, refused)) if await self._find_free_ids(refused) else bodies

        by_external_id = {create.desired.external_id: create for create in creates}
        for own, create in by_external_id.items():
            self._generations.setdefault(own, _generation_after(create))
        results = await self._api.bulk.run(CREATE_PRODUCTS, list(map(body, creates)), revise=revise)
        created: dict[str, str] = {}
        failed: dict[str, Refusal] = {}
        for own, result in zip(by_external_id, results, strict=True):
            if isinstance(result, str):
                created[own] = result
            else:
                failed[own] = result
        return created, certain_refusals(failed)

    def _new_id(self, external_id: str) -> str:
        return new_product_id(external_id, self._generations[external_id])

    def _knows_variants(self, product_id: str, create: Create) -> bool:
        """Whether the ids of all variants of a new product are known: the ordinary route gives others."""
        return product_id == self._new_id(create.desired.external_id) and not is_created_in_parts(create)

    async def _find_free_ids(self, creates: Sequence[Create]) -> bool:
        """Give products that were deleted before the ids of their next generation; returns whether any was.

        Raises:
            StoreRefusedError: another run has created some of them meanwhile.
        """
        left, has_found = {create.desired.external_id for create in creates}, False
        while left:
            ids = {self._new_id(own): own for own in left}
            taken = await self._api.taken_ids(list(ids))
            if not all(taken.values()):
                message = "another run has created some of these products"
                raise StoreRefusedError(message, status=HTTPStatus.CONFLICT)
            left = {ids[product_id] for product_id in taken}
            has_found |= bool(left)
            for own in left:
                self._generations[own] += 1
        return has_found

    async def _write_sales(self, changes: Sequence[Change], written: Written) -> None:
        """Write the sale prices of all variants in one call; they have the same currency."""
        sold = {change.desired.external_id: sale_prices(change, written) for change in changes}
        amounts = {variant_id: amount for own in sold.values() for variant_id, amount in own.items()}
        on_sale = [own for own, prices in sold.items() if prices]
        with self.late.may_change(on_sale, unless_responded=True):
            await self.sales.write(amounts, changes[0].desired.currency if changes else "")

    def _update_time(self) -> float:
        now = round(time.time(), 3)
        self.finished_notes.add(now)  # a lost response is reported, and removes it again
        return now

    def _begin(self, changes: Iterable[Change]) -> None:
        for change in changes:
            conflicts = change.conflicts if isinstance(change, Update) else ()
            self._ledger.begin(change.desired.external_id, conflicts)

    def _updated(
        self,
        update: Update,
        before: Record | None,
        note: Record | None,
        written: Written,
        taken: Collection[ItemRename],
    ) -> Complete:
        _, variants = written.get(update.desired.external_id, ("", {}))
        new = {each.desired.key: variants[each.desired.key].id for each in update.variants if each.is_new}
        record = with_late_note(final_record(update, new=new), update, now=time.time())
        is_final = note.pending is None and not update.placed if note else record == before
        return Complete(
            update.desired,
            update.stored.id,
            (before, note or before),
            record,
            self._intents.take(update.desired.external_id),
            is_acknowledged=is_final,
            refused=tuple(taken),
        )

    def _created(
        self,
        create: Create,
        written: tuple[str, Mapping[str, WrittenVariant]],
        found: WrittenProduct | None,
        note: Record,
    ) -> Complete:
        product_id, variants = written
        record = applied(
            create.desired,
            variants={key: variant.id for key, variant in variants.items()},
            options={option.title: option.id for option in (found.options if found else ())},
        )
        record = with_withheld(record, create.withheld, None)
        outcome = self._intents.take(create.desired.external_id)
        return Complete(create.desired, product_id, (note,), record, outcome)


def _generation_after(create: Create) -> int:
    """The generation of a new product; the id of one that it replaces cannot be used again."""
    own = create.desired.external_id
    earlier = (number for number in range(_GENERATIONS) if new_product_id(own, number) == create.replaces)
    return next(earlier, -1) + 1 if create.replaces else 0


def _first_variants(product_id: str, create: Create) -> dict[str, WrittenVariant]:
    """The variants that were created together with a product, by key."""
    return {
        each.key: WrittenVariant(new_variant_id(product_id, each.key), None, ())
        for each in create.desired.variants
    }


def _without(changes: Sequence[C], refused: Collection[str]) -> list[C]:
    return [change for change in changes if change.desired.external_id not in refused]
