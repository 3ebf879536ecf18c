"""The SKUs and barcodes that products want, have and give up: no two variants of a store share one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from medusa_sync.core.change import Change, Withheld
from medusa_sync.core.fields import BARCODE, SKU, STOCK, UNIQUE
from medusa_sync.core.inventory import StoredItem, item_renames
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.stored import StoredProduct, StoredVariant

_NAMES = {SKU: "SKU", BARCODE: "barcode"}

UniqueValue = tuple[str, str]
"""A unique field and its value."""

Hold = tuple[str, str, str]
"""A unique field, its value, and the id of the variant or inventory item that has it."""


class Claim(Struct, frozen=True):
    """A unique value that a change gives to a variant.

    Attributes:
        key: of the variant.
        variant: what reports call it.
        stored: what it has until now.
        stored_id: of the variant in the store; empty if it is created.
        with_item: an inventory item gets the SKU too: a new one, or that of a stored variant, which gets the
            value without it if another item has the SKU.
    """

    key: str
    variant: str
    field: str
    value: str
    stored: Value
    stored_id: str
    with_item: bool

    @property
    def is_new(self) -> bool:
        return not self.stored_id

    @property
    def unique(self) -> UniqueValue:
        return self.field, self.value


class Owner(Struct, frozen=True):
    """What has a unique value in the store: a variant, or an inventory item.

    Attributes:
        id: of the variant or the item; empty if this run has decided that the variant gets the value.
        product: of the variant that has the value, or uses the item; None for an item of which something is
            reserved.
        variant_id: of that variant; empty for a new one.
        item: in the way of other items only.
    """

    id: str
    product: StoredProduct | None
    variant_id: str = ""
    item: StoredItem | None = None

    @property
    def external_id(self) -> str | None:
        return self.product.external_id if self.product else None

    def is_for(self, claim: Claim) -> bool:
        """Whether a variant of its product can get the value; what was decided stays."""
        return bool(self.id) or self.variant_id == claim.stored_id


class Holders(Struct, frozen=True):
    """What a look-up of unique values has found.

    Attributes:
        owners: what has them.
        unused: inventory items without a variant, by SKU; new variants can have them.
    """

    owners: Mapping[UniqueValue, Sequence[Owner]] = {}
    unused: Mapping[str, StoredItem] = {}


def holders_of(variants: Mapping[str, Iterable[StoredVariant]], items: Collection[StoredItem]) -> Holders:
    """What has unique values: variants by field, and inventory items."""
    owners: defaultdict[UniqueValue, list[Owner]] = defaultdict(list)
    for name, found in variants.items():
        for each in found:
            if each.product is not None and (value := getattr(each, name)) is not None:
                owners[name, value].append(Owner(each.id, each.product, each.id))
    for item in items:
        own = owners[SKU, str(item.sku)]
        own += [Owner(item.id, each.product, each.id, item) for each in item.users if each.product]
        if not item.users and item.reserved_quantity:
            own.append(Owner(item.id, None, item=item))
    return Holders(owners, {str(item.sku): item for item in items if not item.use})


def claims(change: Change) -> list[Claim]:
    """The unique values that a change gives to variants."""
    renamed = item_renames(change)
    found = []
    for each in change.variants:
        own, planned = each.desired, each.planned
        has_item = STOCK in planned if each.is_new else own.key in renamed
        stored_id = each.stored.id if each.stored else ""
        for name in UNIQUE:
            if (value := planned.get(name)) is not None:
                stored, with_item = getattr(each.stored, name, None), name == SKU and has_item
                found.append(Claim(own.key, own.name, name, str(value), stored, stored_id, with_item))
    return found


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

    def claims(self, change: Change) -> list[Claim]:
        """The values that a change gives to variants, as far as it gets them."""
        lost = self.withheld.get(change.desired.external_id, {})
        return [claim for claim in claims(change) if claim not in lost]

    def given_up(self, change: Change) -> Iterator[Hold]:
        """What variants and inventory items lose; a variant that does not get another value keeps its own."""
        own = change.desired.external_id
        kept = {(claim.key, claim.field) for claim in self.withheld.get(own, ())}
        for variant in change.variants:
            for each in variant.changes if variant.stored else ():
                is_kept = (variant.desired.key, each.field) in kept
                if variant.stored and each.field in UNIQUE and each.stored is not None and not is_kept:
                    yield each.field, str(each.stored), variant.stored.id
        for stored in change.removed.values():
            yield from holds(stored)
        for key, rename in item_renames(change).items():
            if rename.sku is not None and (key, SKU) not in kept:
                yield SKU, rename.sku, rename.item_id
        # A variant that the source dropped keeps its values, unless another variant of the product gets them.
        wanted = {claim.unique for claim in self.claims(change)}
        for stored in change.dropped.values():
            yield from (hold for hold in holds(stored) if hold[:2] in wanted)

    def withhold(self, change: Change, claim: Claim, owner: str, owner_id: str) -> None:
        record = change.stored.record
        before = record.withheld.get(claim.key, {}).get(claim.field) if record else None
        is_new = before is None or before[0] != claim.value
        self.withheld.setdefault(change.desired.external_id, {})[claim] = Withheld(
            claim.key, claim.variant, claim.field, claim.value, claim.stored, owner, owner_id, is_new
        )


def holds(stored: StoredVariant) -> Iterator[Hold]:
    """The values that a stored variant has, also those of its inventory item."""
    for name in UNIQUE:
        if (value := getattr(stored, name)) is not None:
            yield name, value, stored.id
            if name == SKU and stored.item_id is not None:
                yield name, value, stored.item_id


def decide(
    changes: Iterable[Change],
    holders: Holders,
    *,
    is_ours: Callable[[str | None], bool],
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
        for own, change in left.items():
            for claim in decision.claims(change):
                others = _others(claim, change, holders, free)
                needs_item = claim.is_new and claim.with_item
                owner = next((each for each in others if each.item is None or needs_item), None)
                ours = (owner.external_id or "") if owner and is_ours(owner.external_id) else ""
                if owner is None:  # at most, another inventory item has the SKU that one is renamed to
                    is_taken = claim.with_item and not claim.is_new
                    is_taken &= bool(others) or claim.value in holders.unused
                    if is_final or not is_taken:
                        continue
                    decision.waiting.add(own)
                elif ours and not is_final:
                    decision.waiting.add(own)
                elif change.is_creation and not ours:
                    reason = f"{claim.value!r} belongs to {_name(owner, change)}; change one of the two"
                    decision.rejected.setdefault(own, f"its {_NAMES[claim.field]} {reason}")
                else:
                    decision.withhold(change, claim, _name(owner, change), ours)
                has_decided = True
        repeated = [] if has_decided else list(_repeated(left.values(), decision, holders))
        has_decided |= bool(repeated)
        for change, claim, first in repeated:
            own, winner = change.desired.external_id, f"{first.external_id} {first.title!r}"
            if first.external_id == own:
                winner = "another variant of this product"
            if is_final or first.external_id == own:
                decision.withhold(change, claim, winner, first.external_id)
            else:
                decision.waiting.add(own)
        lost = decision.rejected.keys() | decision.waiting
        left = {own: change for own, change in left.items() if own not in lost}
    decision.waiting -= decision.rejected.keys()
    return decision


def _others(claim: Claim, change: Change, holders: Holders, free: Collection[Hold]) -> list[Owner]:
    """What has a value and keeps it, without what is deleted before it is written."""
    found = []
    for owner in holders.owners.get(claim.unique, ()):
        is_own = owner.external_id == change.desired.external_id  # a copy of the product is deleted first
        if owner.product is not None and owner.product.id and owner.product.id == change.stored.id:
            is_own = owner.variant_id in {each.replaces for each in change.variants if each.replaces}
        if not is_own and (*claim.unique, owner.id) not in free:
            found.append(owner)
    return found


def _repeated(
    changes: Collection[Change], decision: Decision, holders: Holders
) -> Iterator[tuple[Change, Claim, DesiredProduct]]:
    """The values that another variant gets, with the products that get them.

    The product that has a value already gets it, else one that exchanges values with it, else the first one.
    """
    wanted = [(change, claim) for change in changes for claim in decision.claims(change)]
    first = {claim.unique: (change, claim) for change, claim in _exchanged(wanted, holders)}
    for change, claim in reversed(wanted):
        own = change.desired.external_id
        owners = holders.owners.get(claim.unique, ())
        if any(owner.external_id == own and owner.is_for(claim) for owner in owners):
            first[claim.unique] = change, claim
    for change, claim in wanted:
        winner, won = first.setdefault(claim.unique, (change, claim))
        if winner is not change or won != claim:
            yield change, claim, winner.desired


def _exchanged(wanted: Iterable[tuple[Change, Claim]], holders: Holders) -> list[tuple[Change, Claim]]:
    """The values that stored variants want from one another in a circle: each gives up its own."""
    wanting = {(claim.field, claim.stored_id): (change, claim) for change, claim in wanted if claim.stored_id}
    found, passed = [], set[tuple[str, str]]()
    for start in wanting:
        way, at = list[tuple[str, str]](), start
        while at in wanting and at not in passed:
            passed.add(at)
            way.append(at)
            _, claim = wanting[at]
            owners = holders.owners.get(claim.unique, ())
            at = claim.field, owners[0].variant_id if owners else ""
        if at in way:
            found += [wanting[each] for each in way[way.index(at) :]]
    return found


def _name(owner: Owner, change: Change) -> str:
    """What messages call an owner."""
    product = owner.product
    if product is None:
        reserved = owner.item.reserved_quantity if owner.item else 0
        return f"the inventory item {owner.id}, which has {reserved:g} reserved"
    if product.id and product.id == change.stored.id:
        return f"another variant of this product ({owner.id})"
    item = f"the inventory item {owner.id} of " if owner.item else ""
    external_id = f"{product.external_id} " if product.external_id else ""
    product_id = f" ({product.id})" if product.id else ""
    return f"{item}{external_id}{product.title!r}{product_id}"
