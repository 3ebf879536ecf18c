"""The SKUs and barcodes that products want, have and give up; no two variants of a store share one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct, structs

from medusa_sync.core.change import Change, Update, Withheld
from medusa_sync.core.fields import SKU, STOCK, UNIQUE
from medusa_sync.core.inventory import item_renames
from medusa_sync.core.product import DesiredProduct, Value
from medusa_sync.core.stored_variant import OwningProduct, OwningVariant, StoredItem

UniqueValue = tuple[str, str]
"""A unique field and its value."""

Hold = tuple[str, str, str]
"""A unique field, its value, and the id of the variant or inventory item that has it."""


class Claim(Struct, frozen=True):
    """A unique value that a change gives to a variant.

    Attributes:
        key: of the variant.
        is_new: the variant is created.
        with_item: an inventory item gets the SKU too: a new one, or that of a stored variant, which gets the
            value without it if another item has the SKU.
    """

    key: str
    field: str
    value: str
    is_new: bool
    with_item: bool


class Owner(Struct, frozen=True):
    """What has a unique value in the store: a variant, or an inventory item.

    Attributes:
        variant: what has the value, or uses the item; None for an item of which something is reserved.
        item: in the way of other items only.
    """

    variant: OwningVariant | None
    item: StoredItem | None = None

    @property
    def id(self) -> str:
        return self.item.id if self.item else self.variant.id if self.variant else ""

    @property
    def product(self) -> OwningProduct | None:
        return self.variant.product if self.variant else None

    @property
    def external_id(self) -> str | None:
        return self.product.external_id if self.product else None

    def is_one_of(self, variants: Collection[str]) -> bool:
        """Whether it is, or belongs to, a variant with one of these ids."""
        return self.variant is not None and self.variant.id in variants


class Holders(Struct, frozen=True):
    """What a look-up of unique values has found.

    Attributes:
        owners: what has them.
        unused: inventory items without a variant, by SKU; new variants can have them.
    """

    owners: Mapping[UniqueValue, Sequence[Owner]] = {}
    unused: Mapping[str, StoredItem] = {}


def holders_of(variants: Mapping[str, Iterable[OwningVariant]], items: Collection[StoredItem]) -> Holders:
    """What has unique values: variants by field, and inventory items."""
    owners: defaultdict[UniqueValue, list[Owner]] = defaultdict(list)
    for name, found in variants.items():
        for each in found:
            if each.product is not None and (value := getattr(each, name)) is not None:
                owners[name, value].append(Owner(each))
    for item in items:
        owners[SKU, str(item.sku)] += [Owner(each, item) for each in item.users if each.product is not None]
        if not item.users and item.reserved_quantity:
            owners[SKU, str(item.sku)].append(Owner(None, item))
    return Holders(owners, {str(item.sku): item for item in items if not item.use})


def claims(change: Change) -> list[Claim]:
    """The unique values that a change gives to variants."""
    found = [
        Claim(each.key, name, str(fields[name]), is_new=True, with_item=name == SKU and STOCK in fields)
        for each in change.new_variants
        for fields in [each.fields]
        for name in UNIQUE
        if name in fields
    ]
    if isinstance(change, Update):
        renamed = item_renames(change)
        found += [
            Claim(key, name, str(one.planned), is_new=False, with_item=name == SKU and key in renamed)
            for each in change.variants
            for key in [each.desired.key]
            for name in UNIQUE
            if (one := each.change_of(name)) is not None and one.planned is not None
        ]
    return found


def to_clear(
    update: Update, gives_up: Iterable[Hold], taken: Collection[UniqueValue]
) -> dict[str, dict[str, Value]]:
    """The fields to clear before other variants get their values, with what they get later, by key.

    The store refuses a value that another variant has, even if the same call takes it away there. `taken` are
    the values that other variants get before these have their new ones.
    """
    dropped = {stored.id: key for key, stored in update.dropped.items()}  # they get no other values
    stored = {each.stored.id: each.desired for each in update.variants if each.stored is not None}
    found: dict[str, dict[str, Value]] = {}
    for name, value, own in sorted(gives_up):
        if own in dropped:
            found.setdefault(dropped[own], {})[name] = None
        elif own in stored and (name, value) in taken:
            found.setdefault(stored[own].key, {})[name] = stored[own].fields.get(name)
    return found


def without(desired: DesiredProduct, withheld: Iterable[Withheld]) -> DesiredProduct:
    """What is written instead of a product whose variants do not get some values, but keep what they have."""
    kept: dict[str, dict[str, Value]] = {}
    for each in withheld:
        kept.setdefault(each.key, {})[each.field] = each.stored
    variants = (each.changed(kept[each.key]) if each.key in kept else each for each in desired.variants)
    return structs.replace(desired, variants=tuple(variants))
