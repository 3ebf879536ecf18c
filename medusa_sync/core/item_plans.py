"""Plans the inventory items of a product: which variants use each, its SKU, and its stock.

a variant                                          uses
-------------------------------------------------  -----------------------------------------------------------
whose stock becomes, or stays, `shared`            the item that variants of its product share
that shared it, and gets stock of its own          the unused item with its SKU, or a new one
that has no item, and gets stock                   the same
that is created with stock                         the same; a new one is created before the variant
that has an item                                   that one
that is a kit                                      those of the merchant, which are not changed

An item has the SKU of its variant, and one that several share has the external id of their product, which no
variant wants. An item keeps an SKU that the merchant gave it, and does not get one that the merchant gave its
variant, but for an undo, which knows only what its variant had. An adoption does not rename items.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from medusa_sync.core.fields import SKU, TITLE, WEIGHT
from medusa_sync.core.inventory import ItemPlan, Move
from medusa_sync.core.kinds.stock import SHARED, is_shared, location_of, stock_of, tracks
from medusa_sync.core.product import DesiredVariant
from medusa_sync.core.remembered import remember
from medusa_sync.core.stored import StoredVariant
from medusa_sync.core.value import Value

if TYPE_CHECKING:  # a change has these plans
    from medusa_sync.core.change import Change


def plan_items(change: Change) -> tuple[ItemPlan, ...]:
    """The items that a change writes, gives to variants or takes from them, and the one that they share."""
    entries = {
        each.desired.key: _Entry(each.desired, each.stored, each.new_values)
        for each in change.variants
        if each.stored is not None or each.is_new
    }
    dropped = {
        key: entries.get(key, _Entry(DesiredVariant(key, "", {}), stored, {}))
        for key, stored in change.dropped.items()
    }
    going = [
        *(each for key, each in entries.items() if key not in dropped),
        *(each for each in dropped.values() if each.leaves),
    ]
    planned = {each.stored.id for each in going if each.stored is not None}
    left = {each.item_id for each in change.stored.variants if each.id not in planned}
    # The first plan of an item names it: that of a variant that the source has, if there is one.
    found = (
        *(_own(change, each, left) for key, each in entries.items() if key not in dropped),
        _shared(change, [each for each in entries.values() if each.shares]),
        *(_own(change, each, left) for each in dropped.values()),
    )
    return tuple(_named_once(each for each in found if each is not None))


class _Entry(Struct, frozen=True):
    """A variant: what the source wants, what the store has, and what its fields get."""

    desired: DesiredVariant
    stored: StoredVariant | None
    values: Mapping[str, Value]

    @property
    def _has_shared(self) -> bool:
        return self.stored is not None and self.stored.shares_item

    @property
    def leaves(self) -> bool:
        """Whether it gets stock of its own instead of the one that it shares."""
        return self._has_shared and not is_shared(self.values) and bool(tracks(self.values))

    @property
    def shares(self) -> bool:
        """Whether it uses the item that variants share, until it is not tracked any more."""
        return is_shared(self.values) or (self._has_shared and not self.leaves)


def _named_once(plans: Iterable[ItemPlan]) -> Iterator[ItemPlan]:
    """The plans, of which only the first one of an item renames it."""
    renamed = set[str | None]()
    for plan in plans:
        is_first = not (plan.is_renamed and plan.item_id in renamed)
        if plan.is_renamed:
            renamed.add(plan.item_id)
        yield plan if is_first else structs.replace(plan, sku=plan.stored_sku)


def _levels(change: Change, values: Mapping[str, Value]) -> dict[str, int]:
    """The quantities among the values of fields, by id of the stock location.

    A plan may name a location that was removed since; then its product is not written.
    """
    ids = change.locations
    return {
        ids[location]: quantity
        for name, quantity in stock_of(values).items()
        if isinstance(quantity, int) and (location := location_of(name)) in ids
    }


def _named(change: Change, names: Iterable[str]) -> frozenset[str]:
    """The ids of the stock locations that fields name."""
    ids = map(change.locations.get, map(location_of, stock_of(dict.fromkeys(names))))
    return frozenset(own for own in ids if own is not None)


def _text(sku: Value) -> str | None:
    return None if sku is None else str(sku)


# --- the item of one variant ---


def _own(change: Change, entry: _Entry, left: Collection[str | None]) -> ItemPlan | None:
    """What changes of the item that only one variant uses; None if nothing does.

    Args:
        change: of the product.
        entry: the variant.
        left: ids of the items that variants keep for which nothing is planned.
    """
    desired, stored, values = entry.desired, entry.stored, entry.values
    if entry.shares or (stored.is_kit if stored is not None else not tracks(values)):
        return None
    sku = _text(values.get(SKU, stored.sku if stored is not None else None))
    is_available = change.names.is_available
    plan = ItemPlan(desired.key, None, sku, levels=_levels(change, values), is_available=is_available)
    if stored is None:
        title, weight = desired.fields.get(TITLE), desired.fields.get(WEIGHT)
        return structs.replace(
            plan, named=_named(change, desired.fields), is_new=True, title=title, weight=weight
        )
    if entry.leaves or (sku and not stored.inventory_items and tracks(values)):
        move = Move(stored.id, stored.item_id)
        return structs.replace(plan, named=_named(change, desired.fields), moves=(move,))
    follows = _follows(change, entry, sku, left) and _is_ours(change, desired.key, stored)
    plan = structs.replace(
        plan,
        item_id=stored.item_id,
        sku=sku if follows else stored.item_sku,
        stored_sku=stored.item_sku,
        stored_levels=_stored_levels(stored, is_available=is_available),
    )
    return plan if plan.levels or plan.is_renamed else None


def _stored_levels(stored: StoredVariant, *, is_available: bool) -> dict[str, int | float | None]:
    return {each.location_id: each.quantity(is_available=is_available) for each in stored.location_levels}


def _follows(change: Change, entry: _Entry, sku: str | None, left: Collection[str | None]) -> bool:
    """Whether an item gets the SKU of its variant: not if the merchant set it, or one without a plan uses it.

    An interrupted run may have sent the SKU of a dropped variant without its item.
    """
    key, stored = entry.desired.key, entry.stored
    if stored is None:
        return False
    if key in change.dropped:
        pending = change.record.pending_values.get(key, {}).get(SKU, ())
        if not entry.values or remember(stored.sku) in pending:
            return remember(stored.sku) in pending
    is_left = stored.item_id in left and stored.item_sku == change.desired.external_id
    return not is_left and sku == entry.desired.fields.get(SKU)


def _is_ours(change: Change, key: str, stored: StoredVariant, others: Iterable[Value] = ()) -> bool:
    """Whether the item of a variant may get another SKU: it has none that the merchant gave it."""
    link, history = next(iter(stored.inventory_items), None), change.record.history(SKU, key)
    if change.adopted or link is None or link.inventory is None:
        return False
    known = {history.applied, *history.pending, remember(stored.sku), remember(change.desired.external_id)}
    return remember(link.sku) in {None, *known, *others}


# --- the item that variants share ---


def _shared(change: Change, sharing: list[_Entry]) -> ItemPlan | None:
    """What changes of the item that variants share; None if there is none."""
    desired, item_id = change.desired, change.shared_item
    users = [each for each in change.stored.variants if item_id and each.item_id == item_id]
    joining = [each for each in sharing if is_shared(each.values)]
    if not (users or joining):
        return None
    plan = ItemPlan(
        *("", item_id, desired.external_id),
        moves=tuple(
            Move(each.stored.id, each.stored.item_id, _locations(change, each.desired.key))
            for each in joining
            if each.stored is not None
        ),
        named=_named(change, desired.fields),
        is_shared=True,
        is_available=change.names.is_available,
    )
    if item_id is None:
        return structs.replace(plan, levels=_levels(change, desired.fields), is_new=True, title=desired.title)
    stored_sku = users[0].item_sku if users else None
    plan = structs.replace(
        plan,
        sku=stored_sku,
        stored_sku=stored_sku,
        levels=_levels(change, {each.field: each.planned for each in change.own_changes}),
        stored_levels=_stored_levels(users[0], is_available=plan.is_available) if users else {},
    )
    skus = _skus(change)
    for each in sharing:
        key, stored = each.desired.key, each.stored
        if stored is not None and stored.item_id == item_id and _is_ours(change, key, stored, skus):
            return structs.replace(plan, key=key, sku=desired.external_id)
    return plan


def of_renamed_items(change: Change) -> dict[str, dict[str, tuple[Value, ...]]]:
    """The SKUs of variants whose inventory items a later call renames, by key and field.

    An item that variants share gets the external id of the product, which is no SKU of any of them.
    """
    withheld = {each.key for each in change.withheld if each.field == SKU}
    return {  # the new one may be the merchant's
        item.key: {SKU: (item.stored_sku if item.key in withheld else item.sku,)}
        for item in change.items
        if item.is_renamed and not item.is_shared
    }


def _skus(change: Change) -> set[Value]:
    """The SKUs that variants of a product have, had or should have, also dropped ones."""
    wanted = {remember(each.fields.get(SKU)) for each in change.desired.variants}
    dropped = {remember(each.sku) for each in change.dropped.values()}
    return wanted | dropped | {each.fields.get(SKU) for each in change.record.variants.values()}


def _locations(change: Change, key: str) -> frozenset[str]:
    """Ids of the stock locations at which a variant has, may have, or would get stock of the source."""
    record = change.record
    applied, pending = record.variant(key).fields, record.pending_values.get(key, {})
    names = {*stock_of(change.desired.fields)}
    names |= {name for name, value in stock_of(applied).items() if value != SHARED}
    names |= {name for name, values in stock_of(pending).items() if {*values} - {SHARED, None}}
    if SHARED in {*applied.values(), *chain(*stock_of(pending).values())}:
        names |= stock_of({**record.fields, **record.pending_fields}).keys()
    known = (record.locations, change.locations)  # the default location may be another one now
    return frozenset(own for name in names for ids in known if (own := ids.get(location_of(name))))
