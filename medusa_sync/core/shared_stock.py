"""Finds the inventory item that variants of a stored product share, and which of them leave it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain

from msgspec import Struct, structs

from medusa_sync.core.kinds.stock import SHARED, STOCK, besides_stock, is_shared, stock_of, tracks, was_shared
from medusa_sync.core.kits import kits
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Record
from medusa_sync.core.selection import Selection
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.value import Value
from medusa_sync.core.variants import Matches


class SharedItem(Struct, frozen=True):
    """The inventory item that variants share, or will share.

    Attributes:
        item_id: None if there is none yet.
        record: what was last applied; the last applied stock goes with the item.
        matches: which stored variant is which, whether it shares its stock, and whether it is a kit.
        is_kit: the item is the merchant's.
    """

    item_id: str | None
    record: Record
    matches: Matches
    is_kit: bool = False


def find_shared(
    desired: DesiredProduct,
    stored: StoredProduct,
    record: Record,
    matches: Matches,
    drafted: Collection[str],
    *,
    selection: Selection,
) -> SharedItem:
    """Find the item of a stored product, and the variants that share it until now.

    It is the item that most of those have which share their stock until now: the merchant may have given
    others items of their own. If none do, it is that of the first variant that will. If none will any more,
    the one that had it already keeps it, else the first one that gets its own stock; if several do, it stays
    with dropped variants that use it.

    Args:
        desired: what the source wants.
        stored: the product.
        record: with the keys that the source uses now.
        matches: which stored variant is which.
        drafted: the keys of dropped variants that cannot be sold any more.
        selection: if stock is not synced, the variants go on as they are.
    """
    external_id, known, is_synced = desired.external_id, _known(matches), selection.has(STOCK)
    recorded = set(filter(partial(was_shared, record), known))
    kept = kits(stored, known, recorded, matches.dropped, external_id)
    tracked = _tracked(known, kept)
    before = _sharing(tracked, recorded, external_id)
    wanted = [each.key for each in desired.variants if is_synced and is_shared(each.fields)]
    item_id = _most_used([tracked[key] for key in before or wanted if key in tracked], external_id)
    if item_id is None:
        record = _needed_again(record, desired, known, {*wanted} - kept)
        item_id = _item_of_kits([known[key] for key in known if key in kept], external_id)
        return SharedItem(item_id, record, _marked(matches, (), kept), is_kit=item_id is not None)
    users = [key for key in tracked if tracked[key].item_id == item_id]
    if wanted:
        own = [key for key in users if not was_shared(record, key)]
        if not any(record.variant(key).fields.get(STOCK) == SHARED for key in users):
            record = _without_stock(record)  # what was applied to the product was stock of another item
        record = _with_stock_of(record, sorted(own, key=lambda key: record.variant(key).dropped is not None))
        record = _left_behind(record, desired, {*users}.difference(wanted))
    elif is_synced:
        users, record = _split(record, users, _keeper(desired, record, matches, users, drafted))
        record = _left_behind(record, desired, users)
    return SharedItem(item_id, record, _marked(matches, users if before else (), kept))


def _known(matches: Matches) -> dict[str, StoredVariant]:
    """The variants that the store has, by key."""
    found = {**matches.stored, **matches.dropped}
    return {key: each for key, each in found.items() if each is not None}


def _tracked(known: Mapping[str, StoredVariant], kept: Collection[str]) -> dict[str, StoredVariant]:
    """The variants with inventory items of the source, by key."""
    return {key: each for key, each in known.items() if each.item_id and key not in kept}


def _sharing(tracked: Mapping[str, StoredVariant], recorded: Collection[str], external_id: str) -> list[str]:
    """The keys of the variants that share an item: each shows two of three signs.

    An interrupted run may have given a variant that is recorded to share it an item of its own.
    """
    numbers = Counter(each.item_id for each in tracked.values())
    return [
        key
        for key, each in tracked.items()
        if (key in recorded) + (numbers[each.item_id] > 1) + (each.item_sku == external_id) > 1
    ]


def _most_used(variants: Iterable[StoredVariant], external_id: str) -> str | None:
    """The item that most of these variants have; of several, the one that was named after the product."""
    skus = dict[str, str | None]()
    counts = Counter[str]()
    for each in variants:
        if each.item_id:
            counts[each.item_id] += 1
            skus[each.item_id] = each.item_sku
    return max(counts, key=lambda own: (counts[own], skus[own] == external_id), default=None)


def _item_of_kits(variants: Iterable[StoredVariant], external_id: str) -> str | None:
    """The item of kits that was named after the product."""
    links = chain.from_iterable(each.inventory_items for each in variants)
    return next((link.inventory_item_id for link in links if link.sku == external_id), None)


def _needed_again(
    record: Record, desired: DesiredProduct, known: Mapping[str, StoredVariant], wanted: Collection[str]
) -> Record:
    """The record if the stock changes that variants share: they get their item again if it was deleted."""
    if stock_of(desired.fields) == stock_of(record.fields):
        return record
    for key in record.variants.keys() & wanted:
        if key in known and known[key].manage_inventory:
            record = _with_stock(record, key, {})
    return record


def _split(record: Record, users: Sequence[str], keeper: str | None) -> tuple[list[str], Record]:
    """The variants that leave the item, and the record, in which its last applied stock is the keeper's."""
    if keeper is not None and was_shared(record, keeper) and not stock_of(record.pending_fields):
        record = _with_stock(record, keeper, stock_of(record.fields))
    return [key for key in users if key != keeper], record


def _left_behind(record: Record, desired: DesiredProduct, leaving: Collection[str]) -> Record:
    """The record, in which the stock of variants that get items of their own stays with their former item."""
    for each in desired.variants:
        if each.key in leaving and each.key in record.variants and not was_shared(record, each.key):
            record = _with_stock(record, each.key, {STOCK: SHARED})
    return record


def _keeper(
    desired: DesiredProduct,
    record: Record,
    matches: Matches,
    users: Sequence[str],
    drafted: Collection[str],
) -> str | None:
    """The variant that keeps the item when none shares it any more."""
    keepers = [each.key for each in desired.variants if each.key in users and tracks(each.fields)]
    having = [key for key in keepers if _has_own(record, key)]
    if len(having) == 1:  # others have used it until now, or are back
        return having[0]
    if len(keepers) > 1 and any(key in users and key not in drafted for key in matches.dropped):
        return None
    if not keepers and {*users} <= {*drafted}:
        keepers = [*users]
    return next(iter(keepers), None)


def _has_own(record: Record, key: str) -> bool:
    """Whether a variant that the source has had until now has stock of its own."""
    entry = record.variant(key)
    return entry.dropped is None and bool(tracks(entry.fields)) and not was_shared(record, key)


def _with_stock_of(record: Record, keys: Sequence[str]) -> Record:
    """The record with the last applied stock of the first of these variants as that of the product."""
    if not keys or stock_of({**record.fields, **record.pending_values.get(keys[0], {})}):
        return record
    fields = {**record.fields, **stock_of(record.variant(keys[0]).fields)}
    return structs.replace(record, fields=fields)


def _without_stock(record: Record) -> Record:
    """The record without the last applied stock of the product."""
    return structs.replace(record, fields=besides_stock(record.fields))


def _with_stock(record: Record, key: str, stock: Mapping[str, Value]) -> Record:
    """The record with another last applied stock of a variant."""
    entry = record.variant(key)
    fields = {**besides_stock(entry.fields), **stock}
    variants = {**record.variants, key: structs.replace(entry, fields=fields)}
    return structs.replace(record, variants=variants)


def _marked(matches: Matches, sharing: Collection[str], kept: Collection[str]) -> Matches:
    """The variants, of which some share their stock, and some are kits."""

    def marked(key: str, variant: StoredVariant) -> StoredVariant:
        if not (sharing or kept):
            return variant
        return structs.replace(variant, shares_item=key in sharing, is_kit=key in kept)

    stored = {key: each and marked(key, each) for key, each in matches.stored.items()}
    dropped = {key: marked(key, each) for key, each in matches.dropped.items()}
    return structs.replace(matches, stored=stored, dropped=dropped)
