"""Decides which variants are removed that the source dropped from products that it still has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct, structs

from medusa_sync.core.change import FieldChange, Update
from medusa_sync.core.fields import STOCK, VARIANT
from medusa_sync.core.policy import OnMissing, Share
from medusa_sync.core.record import Dropped, Record
from medusa_sync.core.result import Action, Outcome, Result
from medusa_sync.core.stored import StoredLevel, StoredProduct, StoredVariant
from medusa_sync.core.view import stock_level
from medusa_sync.sync.prune_guard import guard_error

REMOVABLE: Mapping[OnMissing, Collection[Dropped]] = {
    OnMissing.KEEP: (),
    OnMissing.DRAFT: (Dropped.KEPT, Dropped.REMOVED),
    OnMissing.DELETE: tuple(Dropped),
}
"""The states of dropped variants that are removed."""


class Removal(Struct, frozen=True):
    """The variants of a product to remove.

    Attributes:
        variants: by key.
        gone: keys of variants that the store does not have any more.
    """

    stored: StoredProduct
    record: Record
    variants: Mapping[str, StoredVariant]
    gone: tuple[str, ...] = ()

    def named(self, key: str) -> str:
        variant = self.variants[key]
        return variant.sku or variant.title or key


def removal_of(update: Update, on_missing: OnMissing) -> Removal | None:
    """The variants that a run removes after an update; None if there are none."""
    record = update.record or Record()
    variants = {
        key: variant
        for key, variant in update.dropped.items()
        if (record.variants[key].dropped or Dropped.KEPT) in REMOVABLE[on_missing]
    }
    return _without_last(Removal(update.stored, record, variants))


def removal_from(
    stored: StoredProduct, on_missing: OnMissing, keys: Collection[str] | None
) -> Removal | None:
    """The variants to remove from a stored product; None if there are none.

    Args:
        stored: the product.
        on_missing: what happens to variants that the source dropped.
        keys: of the variants that the source dropped; None for all that the record says.
    """
    record = stored.record or Record()
    by_id = {variant.id: variant for variant in stored.variants}
    ids = {
        key: entry.id
        for key, entry in record.variants.items()
        if entry.dropped in REMOVABLE[on_missing] and (keys is None or key in keys)
    }
    variants = {key: by_id[own] for key, own in ids.items() if own in by_id}
    return _without_last(Removal(stored, record, variants, tuple(ids.keys() - variants.keys())))


def _without_last(removal: Removal) -> Removal | None:
    """A removal that leaves a variant; None if nothing is left to be removed."""
    variants = dict(removal.variants)
    if variants and len(variants) == len(removal.stored.variants):
        variants.pop(next(iter(variants)))
    return structs.replace(removal, variants=variants) if variants or removal.gone else None


def check_removals(removals: Sequence[Removal], owned: int, allowed: Share) -> None:
    """Check that not too many variants are removed.

    Args:
        removals: all of the run.
        owned: the variants that the store had of this source before the run.
        allowed: the value of `--max-removals`.

    Raises:
        PruneGuardError: they are too many.
    """
    names = [
        f"{removal.stored.external_id} {removal.stored.title!r}: {removal.named(key)}"
        for removal in removals
        for key in removal.variants
    ]
    if not allowed.allows(len(names), owned):
        what = f"{len(names)} of {owned} variants are missing at the source; --max-removals is {allowed}."
        raise guard_error(what, names)


def removal_outcome(
    removal: Removal, keys: Collection[str], on_missing: OnMissing, location_id: str
) -> Outcome | None:
    """The outcome of a product that loses variants; None if nothing changes.

    Args:
        removal: from the product.
        keys: of the variants that are removed.
        on_missing: what happens to them.
        location_id: where the stock is that becomes 0 under `draft`.
    """
    changes = (_change(removal, key, on_missing, location_id) for key in keys)
    changed = tuple(change for change in changes if change is not None)
    stored = removal.stored
    if not changed:
        return None
    return Outcome(stored.external_id, stored.title, Result.UPDATED, changes=changed, action=Action.UPDATE)


def _change(removal: Removal, key: str, on_missing: OnMissing, location_id: str) -> FieldChange | None:
    """The change of a variant; None if it has no stock to set to 0."""
    name = removal.named(key)
    if on_missing == OnMissing.DELETE:
        return FieldChange(VARIANT, name, None, name, None, name)
    level = stocked_level(removal.variants[key], location_id)
    if level is None:
        return None
    return FieldChange(STOCK, level.stocked_quantity, 0, level.stocked_quantity, 0, name)


def stocked_level(variant: StoredVariant, location_id: str) -> StoredLevel | None:
    """The level of a variant at a location, if its stock is tracked and not 0."""
    level = stock_level(variant, location_id) if variant.manage_inventory else None
    return level if level and level.stocked_quantity else None
