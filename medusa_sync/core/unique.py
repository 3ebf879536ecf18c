"""The SKUs and barcodes that products want and have: no two variants of a store share one.

A variant gets a value if nobody has it and no earlier product of the run wants it. Otherwise, the value is
withheld, and the variant keeps what it has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field, structs

from medusa_sync.core.change import Change
from medusa_sync.core.fields import BARCODE, EAN, SKU, UNIQUE, UPC, UniqueValue
from medusa_sync.core.inventory import StoredItem
from medusa_sync.core.product import DesiredProduct, Withheld, without_values
from medusa_sync.core.stored import StoredProduct, StoredVariant
from medusa_sync.core.value import Value

_NAMES = {SKU: "SKU", BARCODE: "barcode", EAN: "EAN", UPC: "UPC"}

Slot = tuple[str, str]
"""A unique field, and the id of a stored variant."""


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

    @property
    def slot(self) -> Slot:
        return self.field, self.stored_id


class Owner(Struct, frozen=True):
    """What has a unique value in the store: a variant, or an inventory item.

    Attributes:
        id: of the variant or the item; empty for a variant that a dry run has created.
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


class Owners(Struct, frozen=True):
    """What a look-up of unique values has found.

    Attributes:
        by_value: what has them.
        unused: inventory items without a variant, by SKU; new variants can have them.
    """

    by_value: Mapping[UniqueValue, Sequence[Owner]] = {}
    unused: Mapping[str, StoredItem] = {}


def owners_of(
    variants: Mapping[UniqueValue, Iterable[StoredVariant]], items: Collection[StoredItem]
) -> Owners:
    """What has unique values: variants, and inventory items."""
    owners: defaultdict[UniqueValue, list[Owner]] = defaultdict(list)
    for value, found in variants.items():
        owners[value] = [Owner(each.id, each.product, each.id) for each in found if each.product is not None]
    for item in items:
        same_sku = owners[SKU, str(item.sku)]
        same_sku += [Owner(item.id, each.product, each.id, item) for each in item.users if each.product]
        if not item.users and item.reserved_quantity:
            same_sku.append(Owner(item.id, None, item=item))
    return Owners(owners, {str(item.sku): item for item in items if item.is_free})


def claims(change: Change) -> list[Claim]:
    """The unique values that a change gives to variants."""
    items = {
        each.key
        for each in change.items
        if not each.is_shared and (each.is_new or each.is_renamed or each.is_tracked_again)
    }
    found = []
    for each in change.variants:
        variant, new_values = each.desired, each.new_values
        stored_id = each.stored.id if each.stored else ""
        for name in UNIQUE:
            if (value := new_values.get(name)) is not None:
                stored, with_item = getattr(each.stored, name, None), name == SKU and variant.key in items
                found.append(Claim(variant.key, variant.name, name, str(value), stored, stored_id, with_item))
    return found


class Decision(Struct):
    """Which changes are rejected, which wait, and which are written without some values.

    Attributes:
        rejected: reasons by external id.
        waiting: external ids of those whose values other products of the source have, and may give up.
        withheld: what variants do not get, by external id of the product.
    """

    rejected: dict[str, str] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    withheld: dict[str, list[Withheld]] = field(default_factory=dict)


def decide(
    changes: Iterable[Change],
    owners: Owners,
    *,
    is_ours: Callable[[str | None], bool],
    given_up: Collection[UniqueValue] = (),
    is_final: bool = True,
) -> Decision:
    """Decide which variants get the values that they want; the first of two that want the same one gets it.

    A new product is rejected if something outside the source has its value: with a mistyped source name, a
    whole catalogue would be created a second time.

    Args:
        changes: in the order in which they get what they want.
        owners: what has the values in the store.
        is_ours: whether an external id is one of the source.
        given_up: what products of this run give up; who gets it is decided at the end.
        is_final: no other product of the source will give up anything.
    """
    decision, given = Decision(), dict[UniqueValue, DesiredProduct]()
    for change in changes:
        external_id, gets = change.desired.external_id, set[UniqueValue]()
        for claim in claims(change):
            others = _others(claim, change, owners)
            ours = [each for each in others if is_ours(each.external_id)]
            first, taken = given.get(claim.unique), _in_the_way(claim, change, others)
            if claim.unique in gets:
                _withhold(decision, change, claim, "another variant of this product", external_id)
            elif not is_final and (first or ours or claim.unique in given_up):
                decision.waiting.add(external_id)
            elif first:
                winner = f"{first.external_id} {first.title!r}"
                _withhold(decision, change, claim, winner, first.external_id)
            elif taken:
                _refuse(decision, change, claim, taken[0], is_ours=taken[0] in ours)
            else:
                gets.add(claim.unique)
        if external_id not in decision.rejected and external_id not in decision.waiting:
            given |= dict.fromkeys(gets, change.desired)
    decision.waiting -= decision.rejected.keys()
    return decision


def _in_the_way(claim: Claim, change: Change, others: Iterable[Owner]) -> list[Owner]:
    """The owners because of which a variant does not get a value.

    An item is in the way of a variant that needs a new one; one that was created without its SKU stays
    without it.
    """
    needs_item = claim.is_new or (claim.stored is None and _was_withheld(change, claim))
    return [each for each in others if each.item is None or needs_item]


def _refuse(decision: Decision, change: Change, claim: Claim, owner: Owner, *, is_ours: bool) -> None:
    """Withhold a value that has an owner; a new product is rejected if that is outside the source."""
    if change.is_creation and not is_ours:
        reason = f"{claim.value!r} belongs to {_name(owner, change)}; {_advice(owner, change)}"
        decision.rejected.setdefault(change.desired.external_id, f"its {_NAMES[claim.field]} {reason}")
    else:
        owner_id = owner.external_id if is_ours else ""
        _withhold(decision, change, claim, _name(owner, change), owner_id or "")


def _advice(owner: Owner, change: Change) -> str:
    """What to do about a value that belongs to something outside the source."""
    other, _, source_id = (owner.external_id or "").partition(":")
    if source_id != change.desired.source_id:
        return "change one of the two"
    return (
        f"is this the same source? It was synced as {other!r}: set --source-name (SYNC_PRODUCTS_SOURCE_NAME)"
    )


def _withhold(decision: Decision, change: Change, claim: Claim, owner: str, owner_id: str) -> None:
    is_new = not _was_withheld(change, claim)
    decision.withheld.setdefault(change.desired.external_id, []).append(
        Withheld(claim.key, claim.variant, claim.field, claim.value, claim.stored, owner, owner_id, is_new)
    )


def _was_withheld(change: Change, claim: Claim) -> bool:
    record = change.stored.record
    before = record.withheld.get(claim.key, {}).get(claim.field) if record else None
    return before is not None and before[0] == claim.value


def to_clear(changes: Collection[Change], owners: Owners, wanted: Collection[UniqueValue]) -> set[Slot]:
    """The unique fields to clear before anything else is written, because others want what they have.

    A variant keeps its value if it cannot get another one. The fields of variants that are deleted are
    included.

    Args:
        changes: of products that wait for values of one another.
        owners: what has the values that they want.
        wanted: what new products want.
    """
    claimed = [(claim, change) for change in changes for claim in claims(change)]
    wanting = {claim.slot: (claim, change) for claim, change in claimed if not claim.is_new}
    wants = {value: {""} for value in wanted}  # external ids
    for claim, change in claimed:
        wants.setdefault(claim.unique, set()).add(change.desired.external_id)
    found = {slot for change in changes for slot in _given_up(change, wants)}

    def is_kept(slot: Slot) -> bool:
        claim, change = wanting[slot]
        others = (owner for owner in _others(claim, change, owners) if owner.item is None)
        return any((claim.field, owner.variant_id) not in found for owner in others)

    while kept := {slot for slot in found if slot in wanting and is_kept(slot)}:
        found -= kept
    return found


def _given_up(change: Change, wants: Mapping[UniqueValue, Collection[str]]) -> Iterator[Slot]:
    """The unique fields of a product that lose what others want.

    Args:
        change: of the product.
        wants: the external ids of the products that want a value.
    """
    for variant in change.variants:
        if variant.stored:
            lost = {each.field for each in variant.changes if (each.field, each.stored) in wants}
            yield from ((name, variant.stored.id) for name in UNIQUE if name in lost)
    # An interrupted run may have taken an SKU from the variant alone:
    lacking = {
        each.desired.key: each.stored.id for each in change.variants if each.stored and not each.stored.sku
    }
    for item in change.items:
        if item.is_renamed and item.key in lacking and (SKU, item.stored_sku) in wants:
            yield SKU, lacking[item.key]
    for stored in change.removed.values():  # it is deleted before its product gets its values
        for name in UNIQUE:
            if {*wants.get((name, getattr(stored, name) or ""), ())} - {change.desired.external_id}:
                yield name, stored.id


def postponed(change: Change, clearing: Collection[Slot]) -> tuple[list[Withheld], set[str]]:
    """What variants do not get before some fields are cleared, and the keys of the new ones among them."""
    wanted = claims(change)
    withheld = [
        Withheld(
            *(claim.key, claim.variant, claim.field, claim.value),
            stored=None if claim.slot in clearing else claim.stored,
        )
        for claim in wanted
    ]
    return withheld, {claim.key for claim in wanted if claim.is_new}


def keeping(change: Change, stored: StoredProduct) -> DesiredProduct:
    """What a change wants of a product that was read again since values of its variants were withheld.

    They keep what they have by now: another run may have written it.
    """
    if not change.desired.withheld:
        return change.desired
    now = {each.id: each for each in stored.variants}
    read = {
        each.desired.key: each.stored for each in change.variants if each.stored and each.stored.id in now
    }

    def kept(value: Withheld) -> Withheld:
        before = read.get(value.key)
        if before is None or value.stored != getattr(before, value.field):  # it is cleared
            return value
        return structs.replace(value, stored=getattr(now[before.id], value.field))

    return without_values(change.desired, [*map(kept, change.desired.withheld)])


def _others(claim: Claim, change: Change, owners: Owners) -> list[Owner]:
    """What has a value in the way of a variant, without what is deleted before it is written."""
    gone = {each.id for each in change.removed.values()} | {each.replaces for each in change.variants}
    found = []
    for owner in owners.by_value.get(claim.unique, ()):
        is_own = owner.external_id == change.desired.external_id  # a copy of the product is deleted first
        if owner.product is not None and owner.product.id and owner.product.id == change.stored.id:
            is_own = owner.variant_id in {*gone, claim.stored_id}
        if not is_own and (owner.item is None or claim.with_item):
            found.append(owner)
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
