"""Decides which products get the SKUs and barcodes that they want."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from msgspec import Struct, field

from medusa_sync.core.change import Change, Create, Update, Withheld
from medusa_sync.core.claims import Claim, Hold, Holders, Owner, UniqueValue, claims
from medusa_sync.core.fields import BARCODE, SKU, UNIQUE
from medusa_sync.core.inventory import item_renames
from medusa_sync.core.product import DesiredProduct

_NAMES = {SKU: "SKU", BARCODE: "barcode"}


class Decision(Struct):
    """Which changes are rejected, which wait, and which are written without some values.

    Attributes:
        rejected: reasons by external id.
        waiting: external ids of those whose values other products of the source may give up later.
        withheld: what variants do not get, by external id of the product.
    """

    rejected: dict[str, str] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    withheld: dict[str, dict[Claim, Withheld]] = field(default_factory=dict)

    def __contains__(self, external_id: object) -> bool:
        return external_id in self.rejected or external_id in self.waiting

    def claims(self, change: Change) -> list[Claim]:
        """The values that a change gives to variants, as far as it gets them."""
        lost = self.withheld.get(change.desired.external_id, {})
        return [claim for claim in claims(change) if claim not in lost]

    def given_up(self, change: Change) -> Iterator[Hold]:
        """What variants and inventory items lose; a variant that does not get another value keeps its own."""
        if isinstance(change, Create):
            return
        own = change.desired.external_id
        kept = {(claim.key, claim.field) for claim in self.withheld.get(own, ())}
        for variant in change.variants:
            for each in variant.changes if variant.stored else ():
                is_kept = (variant.desired.key, each.field) in kept
                if variant.stored and each.field in UNIQUE and each.stored is not None and not is_kept:
                    yield each.field, str(each.stored), variant.stored.id
        for key, rename in item_renames(change).items():
            if rename.sku is not None and (key, SKU) not in kept:
                yield SKU, rename.sku, rename.item_id
        # A variant that the source dropped keeps its values, unless another variant of the product gets them.
        wanted = {(claim.field, claim.value) for claim in self.claims(change)}
        for stored in change.dropped.values():
            for name in UNIQUE:
                value = getattr(stored, name)
                if (name, value) in wanted:
                    yield name, value, stored.id
                    if name == SKU and stored.item_id is not None:
                        yield name, value, stored.item_id

    def withhold(self, change: Change, claim: Claim, owner: str, owner_id: str) -> None:
        name = next(variant.name for variant in change.desired.variants if variant.key == claim.key)
        record, has = None, None
        if isinstance(change, Update):
            record = change.stored.record
            has = next((each.stored for each in change.variants if each.desired.key == claim.key), None)
        before = record.withheld.get(claim.key, {}).get(claim.field) if record else None
        self.withheld.setdefault(change.desired.external_id, {})[claim] = Withheld(
            claim.key,
            name,
            claim.field,
            claim.value,
            getattr(has, claim.field) if has else None,
            owner,
            owner_id,
            is_new=before is None or before[0] != claim.value,
        )


def decide(
    changes: Iterable[Change],
    holders: Holders,
    *,
    is_ours: Callable[[str | None], bool],
    may_give_up: Callable[[str], bool] = lambda _external_id: False,
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
        may_give_up: whether a product of the source waits, or will be deleted, in this run.
        freed: what other products of this run have given up.
        is_final: no other product of the source will give up anything, and an inventory item that cannot get
            its new SKU gives up its old one all the same.
    """
    left = {change.desired.external_id: change for change in changes}
    decision = Decision()
    has_decided = True
    while has_decided:
        has_decided = False
        free = {hold for change in left.values() for hold in decision.given_up(change)}.union(freed)
        lacking: list[tuple[Change, Claim, Owner, str]] = []
        for own, change in left.items():
            for claim, owner in _kept(decision.claims(change), change, holders, free):
                has_decided = True
                ours = owner.external_id or "" if is_ours(owner.external_id) else ""
                if ours and (not is_final or may_give_up(ours) or ours in decision.waiting):
                    decision.waiting.add(own)
                elif isinstance(change, Create) and not ours:
                    reason = f"{claim.value!r} belongs to {_name(owner, change)}; change one of the two"
                    decision.rejected.setdefault(own, f"its {_NAMES[claim.field]} {reason}")
                else:
                    lacking.append((change, claim, owner, ours))
            left_over = decision.claims(change)
            if not is_final and any(_is_blocked(claim, change, holders, free) for claim in left_over):
                has_decided = True
                decision.waiting.add(own)
        if decision.waiting.isdisjoint(left):  # else their owners may wait, too
            for change, claim, owner, ours in lacking:
                decision.withhold(change, claim, _name(owner, change), ours)
        for change, claim, first in [] if has_decided else list(_repeated(left.values(), decision, holders)):
            has_decided = True
            own, winner = change.desired.external_id, f"{first.external_id} {first.title!r}"
            if first.external_id == own:
                winner = "another variant of this product"
            if is_final or first.external_id == own:
                decision.withhold(change, claim, winner, first.external_id)
            else:
                decision.waiting.add(own)
        left = {own: change for own, change in left.items() if own not in decision}
    decision.waiting -= decision.rejected.keys()
    return decision


def _kept(
    wanted: Iterable[Claim], change: Change, holders: Holders, free: Collection[Hold]
) -> Iterator[tuple[Claim, Owner]]:
    """The values that a change does not get, and what keeps them."""
    for claim in wanted:
        in_the_way = (
            owner
            for owner in _others(claim, change, holders, free)
            if owner.item is None or (claim.is_new and claim.with_item)
        )
        if (owner := next(in_the_way, None)) is not None:
            yield claim, owner


def _is_blocked(claim: Claim, change: Change, holders: Holders, free: Collection[Hold]) -> bool:
    """Whether another inventory item has the SKU that one is renamed to."""
    if claim.is_new or not claim.with_item:
        return False
    is_taken = any(owner.item is not None for owner in _others(claim, change, holders, free))
    return is_taken or claim.value in holders.unused


def _others(claim: Claim, change: Change, holders: Holders, free: Collection[Hold]) -> Iterator[Owner]:
    """What has a value and keeps it, without what is deleted before it is written."""
    for owner in holders.owners.get((claim.field, claim.value), ()):
        if not _is_own(owner, change) and (claim.field, claim.value, owner.id) not in free:
            yield owner


def _is_own(owner: Owner, change: Change) -> bool:
    """Whether an owner is part of a copy of the product, or of a variant, that is deleted first."""
    if owner.external_id != change.desired.external_id:
        return False
    if isinstance(change, Create) or owner.product is None or owner.product.id != change.stored.id:
        return True
    return owner.is_one_of({each.replaces for each in change.variants if each.replaces})


def _repeated(
    changes: Collection[Change], decision: Decision, holders: Holders
) -> Iterator[tuple[Change, Claim, DesiredProduct]]:
    """The values that another variant gets, with the products that get them.

    The product that has a value already gets it, else the first one.
    """
    first: dict[UniqueValue, tuple[Change, Claim]] = {}
    for change in changes:
        for claim in decision.claims(change):
            value = claim.field, claim.value
            own = change.desired.external_id
            if any(owner.external_id == own for owner in holders.owners.get(value, ())):
                first.setdefault(value, (change, claim))
    for change in changes:
        for claim in decision.claims(change):
            winner, won = first.setdefault((claim.field, claim.value), (change, claim))
            if winner is not change or won != claim:
                yield change, claim, winner.desired


def _name(owner: Owner, change: Change) -> str:
    """What messages call an owner."""
    product = owner.product
    if product is None:
        reserved = owner.item.reserved_quantity if owner.item else 0
        return f"the inventory item {owner.id}, which has {reserved:g} reserved"
    if isinstance(change, Update) and product.id == change.stored.id:
        return f"another variant of this product ({owner.id})"
    item = f"the inventory item {owner.id} of " if owner.item else ""
    external_id = f"{product.external_id} " if product.external_id else ""
    product_id = f" ({product.id})" if product.id else ""
    return f"{item}{external_id}{product.title!r}{product_id}"
