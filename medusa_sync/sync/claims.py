"""Decides which products get the SKUs and barcodes that they want; no two variants of a store share one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from medusa_sync.core.change import Change, Create, Update, new_variants
from medusa_sync.core.fields import BARCODE, SKU, STOCK, VARIANT_FIELDS
from medusa_sync.core.handle import slug_of
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.stored import OwningVariant, StoredItem
from medusa_sync.sync.inventory import item_id_of, item_renames

Value = tuple[str, str]
"""A unique field and its value."""

Hold = tuple[str, str, str]
"""A unique field, its value, and the id of the variant or inventory item that has it."""

_UNIQUE = tuple(name for name, field in VARIANT_FIELDS.items() if field.unique)
_NAMES = {SKU: "SKU", BARCODE: "barcode"}


class Claim(Struct, frozen=True):
    """A unique value that a change gives to a variant.

    Attributes:
        makes_item: the store creates an inventory item with this SKU.
    """

    field: str
    value: str
    makes_item: bool = False


class Owner(Struct, frozen=True):
    """What has a unique value in the store.

    Attributes:
        id: of the variant, or of the inventory item; empty for a product that gets the value in this run.
        product_id: of the variant; empty for an inventory item that no variant uses, and for such a product.
        external_id: of the product.
        title: of the product.
        is_item: it is an inventory item, which is in the way of new ones only.
        variant_id: what uses an inventory item.
        reserved: how much of the stock of an inventory item is reserved.
    """

    id: str
    product_id: str
    external_id: str | None
    title: str
    is_item: bool = False
    variant_id: str = ""
    reserved: int | float = 0


Owners = Mapping[Value, Sequence[Owner]]


class Repeats:
    """The unique values that the products of a run want, as hashes, which take little memory."""

    def __init__(self) -> None:
        self._wanted: set[int] = set()

    def add(self, product: DesiredProduct) -> bool:
        """Add the values of a product; returns whether an earlier one wants one of them too."""
        own = {
            hash((name, variant.fields[name]))
            for variant in product.variants
            for name in _UNIQUE
            if name in variant.fields
        }
        if product.handle is not None:
            own.add(hash(slug_of(product)))
        is_repeated = not self._wanted.isdisjoint(own)
        self._wanted |= own
        return is_repeated


class Decision(Struct):
    """Which changes are rejected and which wait.

    Attributes:
        rejected: reasons by external id.
        waiting: external ids of those whose values other products of the source may give up later.
    """

    rejected: dict[str, str] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)

    def __contains__(self, external_id: object) -> bool:
        return external_id in self.rejected or external_id in self.waiting


def claims(change: Change) -> list[Claim]:
    """The unique values that a change gives to variants."""
    found = [
        Claim(name, str(variant.fields[name]), makes_item=name == SKU and STOCK in variant.fields)
        for variant in new_variants(change)
        for name in _UNIQUE
        if name in variant.fields
    ]
    if isinstance(change, Update):
        found += [
            Claim(each.field, str(each.planned))
            for variant in change.variants
            for each in variant.changes
            if each.field in _UNIQUE and each.planned is not None
        ]
    return found


def given_up(change: Change) -> Iterator[Hold]:
    """What variants and inventory items of a product lose by a change."""
    if isinstance(change, Create):
        return
    for variant in change.variants:
        if variant.stored is None:
            continue
        for each in variant.changes:
            if each.field in _UNIQUE and each.stored is not None:
                yield each.field, str(each.stored), variant.stored.id
    for rename in item_renames(change).values():
        if rename.sku is not None:
            yield SKU, rename.sku, rename.item_id
    # A variant that the source dropped keeps its values, unless another variant of the product gets them.
    wanted = {(claim.field, claim.value) for claim in claims(change)}
    for stored in change.dropped.values():
        for name in _UNIQUE:
            value = getattr(stored, name)
            if (name, value) in wanted:
                yield name, value, stored.id
                if name == SKU and (item_id := item_id_of(stored)) is not None:
                    yield name, value, item_id


def owners_of(field: str, variants: Iterable[OwningVariant]) -> Iterator[tuple[Value, Owner]]:
    """The variants that have values of a unique field."""
    for each in variants:
        value, product = getattr(each, field), each.product
        if value is not None and product is not None:
            yield (field, value), Owner(each.id, product.id, product.external_id, product.title)


def item_owners(items: Iterable[StoredItem]) -> Iterator[tuple[Value, Owner]]:
    """The inventory items that no new variant can have, by their SKUs."""
    for item in items:
        users = ((user.id, user.product) for user in item.users if user.product is not None)
        for variant_id, product in users:
            yield (
                (SKU, str(item.sku)),
                Owner(
                    item.id,
                    product.id,
                    product.external_id,
                    product.title,
                    is_item=True,
                    variant_id=variant_id,
                ),
            )
        if not item.users and item.reserved_quantity:
            reserved = item.reserved_quantity
            yield (SKU, str(item.sku)), Owner(item.id, "", None, "", is_item=True, reserved=reserved)


def decide(
    changes: Iterable[Change],
    owners: Owners,
    *,
    is_ours: Callable[[str | None], bool],
    freed: Collection[Hold] = frozenset(),
    is_last: bool = True,
) -> Decision:
    """Decide which changes are rejected or wait; the first of two that want the same value gets it.

    A change that is rejected or waits frees no values.

    Args:
        changes: in the order in which they get what they want.
        owners: what has the values in the store.
        is_ours: whether an external id is one of the source.
        freed: what other products of this run give up.
        is_last: no other product of the source will give up anything.
    """
    left = {change.desired.external_id: change for change in changes}
    decision = Decision()
    while True:
        free = {hold for change in left.values() for hold in given_up(change)}.union(freed)
        kept = {
            own: found for own, change in left.items() if (found := _kept(change, owners, free)) is not None
        }
        for own, (claim, owner) in kept.items():
            if is_last or not is_ours(owner.external_id):
                decision.rejected[own] = _taken(claim, owner, left[own])
            else:
                decision.waiting.add(own)
        again = {} if kept else dict(_repeated(left.values(), owners))
        for own, reason in again.items():
            if is_last:
                decision.rejected[own] = reason
            else:
                decision.waiting.add(own)
        if not kept and not again:
            return decision
        left = {own: change for own, change in left.items() if own not in decision}


def _kept(change: Change, owners: Owners, free: Collection[Hold]) -> tuple[Claim, Owner] | None:
    """A value that a change does not get, and what keeps it."""
    for claim in claims(change):
        for owner in owners.get((claim.field, claim.value), ()):
            in_the_way = claim.makes_item or not owner.is_item
            if in_the_way and not _is_own(owner, change) and (claim.field, claim.value, owner.id) not in free:
                return claim, owner
    return None


def _is_own(owner: Owner, change: Change) -> bool:
    """Whether an owner is part of a copy of the product, or of a variant, that is deleted first."""
    if owner.external_id != change.desired.external_id:
        return False
    if isinstance(change, Create) or owner.product_id != change.stored.id:
        return True
    return bool({owner.id, owner.variant_id} & {each.replaces for each in change.variants if each.replaces})


def _repeated(changes: Collection[Change], owners: Owners) -> Iterator[tuple[str, str]]:
    """The changes that want a value which another one gets, with the reasons.

    The one whose product has the value already gets it, else the first one.
    """
    first: dict[Value, Change] = {}
    for change in changes:
        for claim in claims(change):
            value = claim.field, claim.value
            if any(owner.external_id == change.desired.external_id for owner in owners.get(value, ())):
                first[value] = change
    for change in changes:
        wanted = {(claim.field, claim.value): claim for claim in claims(change)}
        lost = next((value for value in wanted if first.get(value, change) is not change), None)
        if lost is not None:
            desired = first[lost].desired
            reason = _reason(wanted[lost], f"{desired.external_id} {desired.title!r}")
            yield change.desired.external_id, reason
            continue
        first.update(dict.fromkeys(wanted, change))


def _taken(claim: Claim, owner: Owner, change: Change) -> str:
    if owner.is_item and not owner.product_id:
        return _reason(claim, f"the inventory item {owner.id}, which has {owner.reserved:g} reserved")
    if isinstance(change, Update) and owner.product_id == change.stored.id:
        return _reason(claim, f"another variant of this product ({owner.id})")
    item = f"the inventory item {owner.id} of " if owner.is_item else ""
    external_id = f"{owner.external_id} " if owner.external_id else ""
    product_id = f" ({owner.product_id})" if owner.product_id else ""
    return _reason(claim, f"{item}{external_id}{owner.title!r}{product_id}")


def _reason(claim: Claim, owner: str) -> str:
    return f"its {_NAMES[claim.field]} {claim.value!r} belongs to {owner}; change one of the two"
