"""Decides which products get the SKUs and barcodes that they want."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from msgspec import Struct, field

from medusa_sync.core.change import Change, Create, Update, Withheld
from medusa_sync.core.claims import Claim, Hold, Holders, Owner, Owners, Value, claims, given_up
from medusa_sync.core.fields import BARCODE, SKU
from medusa_sync.core.product import DesiredProduct

_NAMES = {SKU: "SKU", BARCODE: "barcode"}


class Decision(Struct):
    """Which changes are rejected, which wait, and which are written without some values.

    Attributes:
        rejected: reasons by external id.
        waiting: external ids of those whose values other products of the source may give up later.
        withheld: what variants do not get, by external id of the product.
        without_item_sku: keys of variants whose inventory items do not get the SKU, by external id of the
            product.
    """

    rejected: dict[str, str] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    withheld: dict[str, dict[Claim, Withheld]] = field(default_factory=dict)
    without_item_sku: dict[str, set[str]] = field(default_factory=dict)

    def __contains__(self, external_id: object) -> bool:
        return external_id in self.rejected or external_id in self.waiting

    def claims(self, change: Change) -> list[Claim]:
        """The values that a change gives to variants, as far as it gets them."""
        lost = self.withheld.get(change.desired.external_id, {})
        return [claim for claim in claims(change) if claim not in lost]

    def given_up(self, change: Change) -> Iterator[Hold]:
        """What a product loses; a variant that does not get another value keeps its own."""
        own = change.desired.external_id
        lost = {(claim.key, claim.field) for claim in self.withheld.get(own, ())}
        return given_up(change, lost, self.without_item_sku.get(own, ()))

    def withhold(self, change: Change, claim: Claim, owner: str, owner_id: str) -> None:
        names = {variant.key: variant.name for variant in change.desired.variants}
        record = change.stored.record if isinstance(change, Update) else None
        before = record.withheld.get(claim.key, {}).get(claim.field) if record else None
        self.withheld.setdefault(change.desired.external_id, {})[claim] = Withheld(
            claim.key,
            names[claim.key],
            claim.field,
            claim.value,
            _stored_value(change, claim),
            owner,
            owner_id,
            is_new=before is None or before[0] != claim.value,
        )


def decide(
    changes: Iterable[Change],
    holders: Holders,
    *,
    is_ours: Callable[[str | None], bool],
    leaves: Callable[[str], bool] = lambda _external_id: False,
    freed: Collection[Hold] = frozenset(),
    is_final: bool = True,
) -> Decision:
    """Decide which variants get the values that they want; the first of two that want the same one gets it.

    A change that is rejected or waits frees no values. A new product is rejected if something outside the
    source has its value: with a mistyped source name, a whole catalogue would be created a second time.

    Args:
        changes: in the order in which they get what they want.
        holders: what has the values in the store.
        is_ours: whether an external id is one of the source.
        leaves: whether a product of the source will be deleted in this run.
        freed: what other products of this run have given up.
        is_final: no other product of the source will give up anything, and an inventory item that cannot get
            its new SKU gives up its old one all the same.
    """
    owners = holders.owners
    left = {change.desired.external_id: change for change in changes}
    decision = Decision()
    has_decided = True
    while has_decided:
        has_decided = False
        free = {hold for change in left.values() for hold in decision.given_up(change)}.union(freed)
        for own, change in left.items() if not is_final else ():
            wanted, known = decision.claims(change), decision.without_item_sku.setdefault(own, set())
            blocked = {claim.key for claim in wanted if _is_blocked(claim, change, holders, free)}
            has_decided |= not blocked <= known
            known |= blocked
        for own, change in left.items():
            for claim, owner in _kept(decision.claims(change), change, owners, free):
                has_decided = True
                ours = owner.external_id or "" if is_ours(owner.external_id) else ""
                if ours and (not is_final or leaves(ours)):
                    decision.waiting.add(own)
                elif isinstance(change, Create) and not ours:
                    decision.rejected.setdefault(own, _reason(claim, _taken(owner, change)))
                else:
                    decision.withhold(change, claim, _taken(owner, change), ours)
        for change, claim, first in [] if has_decided else list(_repeated(left.values(), decision, owners)):
            has_decided = True
            if is_final or first.external_id == change.desired.external_id:
                winner = f"{first.external_id} {first.title!r}"
                if first.external_id == change.desired.external_id:
                    winner = "another variant of this product"
                decision.withhold(change, claim, winner, first.external_id)
            else:
                decision.waiting.add(change.desired.external_id)
        left = {own: change for own, change in left.items() if own not in decision}
    decision.waiting -= decision.rejected.keys()
    return decision


def _kept(
    wanted: Iterable[Claim], change: Change, owners: Owners, free: Collection[Hold]
) -> Iterator[tuple[Claim, Owner]]:
    """The values that a change does not get, and what keeps them."""
    for claim in wanted:
        for owner in owners.get((claim.field, claim.value), ()):
            in_the_way = claim.makes_item or not owner.is_item
            if in_the_way and not _is_own(owner, change) and (claim.field, claim.value, owner.id) not in free:
                yield claim, owner
                break


def _is_blocked(claim: Claim, change: Change, holders: Holders, free: Collection[Hold]) -> bool:
    """Whether another inventory item has the SKU that one is renamed to."""
    if not claim.renames_item:
        return False
    items = [owner for owner in holders.owners.get((SKU, claim.value), ()) if owner.is_item]
    others = [
        owner for owner in items if (SKU, claim.value, owner.id) not in free and not _is_own(owner, change)
    ]
    return bool(others) or claim.value in holders.unused


def _is_own(owner: Owner, change: Change) -> bool:
    """Whether an owner is part of a copy of the product, or of a variant, that is deleted first."""
    if owner.external_id != change.desired.external_id:
        return False
    if isinstance(change, Create) or owner.product_id != change.stored.id:
        return True
    return bool({owner.id, owner.variant_id} & {each.replaces for each in change.variants if each.replaces})


def _repeated(
    changes: Collection[Change], decision: Decision, owners: Owners
) -> Iterator[tuple[Change, Claim, DesiredProduct]]:
    """The values that another variant gets, with the products that get them.

    The product that has a value already gets it, else the first one.
    """
    first: dict[Value, tuple[Change, Claim]] = {}
    for change in changes:
        for claim in decision.claims(change):
            value = claim.field, claim.value
            if any(owner.external_id == change.desired.external_id for owner in owners.get(value, ())):
                first.setdefault(value, (change, claim))
    for change in changes:
        for claim in decision.claims(change):
            winner, won = first.setdefault((claim.field, claim.value), (change, claim))
            if winner is not change or won != claim:
                yield change, claim, winner.desired


def _taken(owner: Owner, change: Change) -> str:
    """What has a value, for messages."""
    if owner.is_item and not owner.product_id:
        return f"the inventory item {owner.id}, which has {owner.reserved:g} reserved"
    if isinstance(change, Update) and owner.product_id == change.stored.id:
        return f"another variant of this product ({owner.id})"
    item = f"the inventory item {owner.id} of " if owner.is_item else ""
    external_id = f"{owner.external_id} " if owner.external_id else ""
    product_id = f" ({owner.product_id})" if owner.product_id else ""
    return f"{item}{external_id}{owner.title!r}{product_id}"


def _reason(claim: Claim, owner: str) -> str:
    return f"its {_NAMES[claim.field]} {claim.value!r} belongs to {owner}; change one of the two"


def _stored_value(change: Change, claim: Claim) -> str | None:
    """What a stored variant has instead of a value that it wants."""
    variants = change.variants if isinstance(change, Update) else ()
    stored = (each.stored for each in variants if each.desired.key == claim.key and each.stored)
    return next((getattr(each, claim.field) for each in stored), None)
