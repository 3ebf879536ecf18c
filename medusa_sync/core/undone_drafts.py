"""Gives variants that a run has drafted the stock back that they shared, if the run is undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import structs

from medusa_sync.core.change import VariantChange
from medusa_sync.core.field_changes import Conflict
from medusa_sync.core.kinds.stock import SHARED, STOCK, besides_stock, counts_available, is_shared, stock_of
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.product import DesiredVariant
from medusa_sync.core.record import Pending, Record, VariantRecord, Write
from medusa_sync.core.stored import StoredProduct

if TYPE_CHECKING:
    from medusa_sync.core.undo import Undone

_NO_STOCK = "it has no stock of its own to set to 0; --on-missing delete removes it"
_ALONE = "no variant has the stock that it shared; set its stock in the admin"


def drafted(undone: Undone) -> set[str]:
    """The ids of the variants that the run has drafted: it changes no other stock that can be undone."""
    return {each.key for each in undone.variants if stock_of(each.fields)}


def why_not_drafted(record: Record, variant_id: str) -> str:
    """Why a variant that the run created is not drafted; empty if its stock can be set to 0."""
    entries = (each for each in record.variants.values() if each.id == variant_id)
    return "" if any({*stock_of(each.fields).values()} - {SHARED} for each in entries) else _NO_STOCK


def counted(undone: Undone, record: Record) -> Undone:
    """A product that is undone, with how its stock was counted."""
    if drafted(undone):  # the changes of the run show it
        return undone
    return structs.replace(undone, is_available=counts_available(record))


def rejoined(undone: Undone, stored: StoredProduct, record: Record) -> Undone:
    """A product that is undone, with what the stock of its variants was."""
    return _sharing(_rejoining(undone, stored, record), stored, record)


def _rejoining(undone: Undone, stored: StoredProduct, record: Record) -> Undone:
    """With the variants that drafted ones shared their stock with, or the one that has kept their item."""
    joining = {each.key: each for each in undone.variants if is_shared(each.fields)}
    if not joining:
        return undone
    names = {each.id: each.called(each.id) for each in stored.variants if each.id not in undone.created}
    entries = {each.id: each for each in record.variants.values() if each.id in names}
    users = _users_of_shared(undone, stored, entries)
    if not users:
        return _alone(undone, joining)
    before, after = {each.key: each for each in undone.variants}, {**undone.after.variants}
    for key in users:
        known = after[key].fields if key in after else {}
        before[key] = before.get(key, DesiredVariant(key, names[key], {})).changed({STOCK: SHARED})
        after[key] = VariantRecord(key, {**known, **stock_of(entries[key].fields)})
    values = undone.after.pending_values
    pending = {key: {**values.get(key, {}), STOCK: (SHARED,)} for key in (*joining, *users)}
    noted = structs.replace(undone.after.pending or Pending(Write.UPDATE), variants={**values, **pending})
    return structs.replace(
        undone,
        variants=tuple(before[key] for key in dict.fromkeys((*users, *before))),  # theirs is the item
        after=structs.replace(undone.after, variants=after, pending=noted),
    )


def _users_of_shared(
    undone: Undone, stored: StoredProduct, entries: Mapping[str, VariantRecord]
) -> list[str]:
    """The ids of the variants that share their stock, else of those that have kept the item.

    One that a kit has kept apart stays so, if others have the item that was shared before the run.
    """
    having = [each.id for each in stored.variants if each.item_id and each.item_id == undone.shared_item]
    if users := [key for key, each in entries.items() if each.fields.get(STOCK) == SHARED]:
        return [key for key in users if key in having] or users
    return [key for key in having if key in entries and entries[key].dropped is None]


def _alone(undone: Undone, joining: Mapping[str, DesiredVariant]) -> Undone:
    """Without the stock that drafted variants shared, which is listed."""
    variants = (each.changed({STOCK: None}) if each.key in joining else each for each in undone.variants)
    after = {**undone.after.variants}
    for key in joining:
        after[key] = VariantRecord(key, besides_stock(after[key].fields))
    lost = (
        Conflict(STOCK, None, SHARED, OnConflict.STORE, each.name, key, _ALONE)
        for key, each in joining.items()
    )
    return structs.replace(
        undone,
        variants=tuple(variants),
        after=structs.replace(undone.after, variants=after),
        lost=(*undone.lost, *lost),
    )


def _sharing(undone: Undone, stored: StoredProduct, record: Record) -> Undone:
    """With what variants share: without it, the item that they share looks like that of one of them.

    A dropped variant may share it with the one that has kept it, whose record has a number.
    """
    ids = {each.id for each in record.variants.values() if each.fields.get(STOCK) == SHARED}
    items = {each.item_id for each in stored.variants if each.id in ids and each.item_id}
    sharing = ids | {each.id for each in stored.variants if each.item_id in items}
    shared = {key: {STOCK: SHARED} for key in sharing}
    variants = tuple(
        structs.replace(each, fields={**shared.get(each.key, {}), **each.fields}) for each in undone.variants
    )
    after = {
        key: structs.replace(each, fields={**shared.get(key, {}), **each.fields})
        for key, each in undone.after.variants.items()
    }
    return structs.replace(undone, variants=variants, after=structs.replace(undone.after, variants=after))


def without_edited(variant: VariantChange) -> VariantChange:
    """Without the stock of a drafted variant that has got another one since."""
    got = [each for each in variant.changes if each.stored and stock_of({each.field: None})]
    kept = [Conflict(each.field, each.stored, each.desired, OnConflict.STORE, each.variant) for each in got]
    changes = tuple(each for each in variant.changes if each not in got)
    return structs.replace(variant, changes=changes, conflicts=(*variant.conflicts, *kept))
