"""Finds the inventory item that variants of a stored product share, and which of them leave it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct, structs

from medusa_sync.core.fields import SHARED, STOCK, stock_of, tracks
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.record import Record
from medusa_sync.core.stored import StoredVariant
from medusa_sync.core.variants import Matches


class SharedStock(Struct, frozen=True):
    """The inventory item that variants share, or will share.

    Attributes:
        item_id: None if there is none yet.
        record: what was last applied; the last applied stock goes with the item.
        matches: which stored variant is which, and whether it shares its stock.
    """

    item_id: str | None
    record: Record
    matches: Matches


def find_shared(
    desired: DesiredProduct, record: Record, matches: Matches, drafted: Collection[str]
) -> SharedStock:
    """Find the item of a stored product, and the variants that share it until now.

    It is the item that most of those have which share their stock according to the record: the merchant may
    have given others items of their own. If none do, it is that of the first variant that will. If none
    will any more, the first of those that get their own stock keeps the item.

    Args:
        desired: what the source wants.
        record: with the keys that the source uses now.
        matches: which stored variant is which.
        drafted: the keys of dropped variants that cannot be sold any more.
    """
    known = {key: each for key, each in {**matches.stored, **matches.dropped}.items() if each is not None}
    wanted = [each.key for each in desired.variants if each.shares_stock]
    tracked = {key: each for key, each in known.items() if each.item_id}
    numbers = Counter(each.item_id for each in tracked.values())
    before = [  # an interrupted run may have given it an item of its own
        key
        for key, each in tracked.items()
        if _was_shared(record, key) and (numbers[each.item_id] > 1 or each.item_sku == desired.external_id)
    ]
    items = {key: tracked[key].item_id for key in before or wanted if key in tracked}
    if not items:
        if stock_of(desired.fields) != stock_of(record.fields):  # it is needed again, if it was deleted
            for key in record.variants.keys() & {*wanted}:
                if key in known and known[key].manage_inventory:
                    record = _with_stock(record, key, {})
        return SharedStock(None, record, matches)
    counts, skus = Counter(items.values()), {own: known[key].item_sku for key, own in items.items()}
    item_id = max(counts, key=lambda own: (counts[own], skus[own] == desired.external_id))
    users = [key for key, each in known.items() if each.item_id == item_id]
    if wanted:
        record = _with_stock_of(record, [key for key in users if not _was_shared(record, key)])
    else:
        keepers = [each.key for each in desired.variants if each.key in users and tracks(each.fields)]
        keepers = keepers or (users if {*users} <= {*drafted} else [])
        users = [key for key in users if key not in keepers[:1]]
        if keepers and _was_shared(record, keepers[0]) and not stock_of(record.pending_fields):
            record = _with_stock(record, keepers[0], stock_of(record.fields))
    return SharedStock(item_id, record, _marked(matches, users) if before else matches)


def _was_shared(record: Record, key: str) -> bool:
    """Whether a variant shares, or may share, the stock of its product."""
    pending = record.pending_values.get(key, {}).get(STOCK, ())
    return SHARED in {record.variant(key).fields.get(STOCK), *pending}


def _with_stock_of(record: Record, keys: Sequence[str]) -> Record:
    """The record with the last applied stock of the first of these variants as that of the product."""
    if not keys or stock_of({**record.fields, **record.pending_values.get(keys[0], {})}):
        return record
    fields = {**record.fields, **stock_of(record.variant(keys[0]).fields)}
    return structs.replace(record, fields=fields)


def _with_stock(record: Record, key: str, stock: Mapping[str, Value]) -> Record:
    """The record with another last applied stock of a variant."""
    entry = record.variant(key)
    fields = {name: value for name, value in entry.fields.items() if name not in stock_of(entry.fields)}
    variants = {**record.variants, key: structs.replace(entry, fields={**fields, **stock})}
    return structs.replace(record, variants=variants)


def _marked(matches: Matches, keys: Collection[str]) -> Matches:
    """The variants, of which those with these keys share their stock."""

    def shared(key: str, variant: StoredVariant) -> StoredVariant:
        return structs.replace(variant, shares_stock=key in keys)

    stored = {key: each and shared(key, each) for key, each in matches.stored.items()}
    dropped = {key: shared(key, each) for key, each in matches.dropped.items()}
    return structs.replace(matches, stored=stored, dropped=dropped)
