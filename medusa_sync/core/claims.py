"""The SKUs and barcodes that products want, have and give up; no two variants of a store share one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from medusa_sync.core.change import Change, Create, Update, new_variants
from medusa_sync.core.fields import SKU, STOCK, VARIANT_FIELDS
from medusa_sync.core.inventory import item_renames
from medusa_sync.core.stored_variant import OwningVariant, StoredItem

Value = tuple[str, str]
"""A unique field and its value."""

Hold = tuple[str, str, str]
"""A unique field, its value, and the id of the variant or inventory item that has it."""

_UNIQUE = tuple(name for name, field in VARIANT_FIELDS.items() if field.unique)


class Claim(Struct, frozen=True):
    """A unique value that a change gives to a variant.

    Attributes:
        key: of the variant.
        makes_item: the store creates an inventory item with this SKU.
        renames_item: an inventory item gets this SKU too; if another item has it, the variant gets it alone.
    """

    key: str
    field: str
    value: str
    makes_item: bool = False
    renames_item: bool = False


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


class Holders(Struct, frozen=True):
    """What a look-up of unique values has found.

    Attributes:
        owners: what has them.
        unused: inventory items without a variant, by SKU; new variants can have them.
    """

    owners: Owners = {}
    unused: Mapping[str, StoredItem] = {}


class Removed(Struct):
    """What a dry run has removed, although the store still shows it.

    Attributes:
        products: external ids.
        variants: ids.
    """

    products: set[str] = field(default_factory=set)
    variants: set[str] = field(default_factory=set)


def claims(change: Change) -> list[Claim]:
    """The unique values that a change gives to variants."""
    found = [
        Claim(
            variant.key, name, str(variant.fields[name]), makes_item=name == SKU and STOCK in variant.fields
        )
        for variant in new_variants(change)
        for name in _UNIQUE
        if name in variant.fields
    ]
    if isinstance(change, Update):
        renames = item_renames(change)
        found += [
            Claim(
                variant.desired.key,
                each.field,
                str(each.planned),
                renames_item=each.field == SKU and variant.desired.key in renames,
            )
            for variant in change.variants
            for each in variant.changes
            if each.field in _UNIQUE and each.planned is not None
        ]
    return found


def given_up(
    change: Change, kept: Collection[tuple[str, str]] = (), blocked: Collection[str] = ()
) -> Iterator[Hold]:
    """What variants and inventory items of a product lose by a change.

    Args:
        change: of a product.
        kept: keys of variants and their fields that do not change after all.
        blocked: keys of variants whose inventory items keep their SKUs.
    """
    if isinstance(change, Create):
        return
    for variant in change.variants:
        if variant.stored is None:
            continue
        for each in variant.changes:
            is_kept = (variant.desired.key, each.field) in kept
            if each.field in _UNIQUE and each.stored is not None and not is_kept:
                yield each.field, str(each.stored), variant.stored.id
    for key, rename in item_renames(change).items():
        if rename.sku is not None and (key, SKU) not in kept and key not in blocked:
            yield SKU, rename.sku, rename.item_id
    # A variant that the source dropped keeps its values, unless another variant of the product gets them.
    wanted = {(claim.field, claim.value) for claim in claims(change) if (claim.key, claim.field) not in kept}
    for stored in change.dropped.values():
        for name in _UNIQUE:
            value = getattr(stored, name)
            if (name, value) in wanted:
                yield name, value, stored.id
                if name == SKU and (item_id := stored.item_id) is not None:
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
