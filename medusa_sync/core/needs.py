"""The steps that a change needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from medusa_sync.core.fields import KINDS, VARIANT_FIELDS, kind_of
from medusa_sync.core.kinds.stock import tracks
from medusa_sync.core.steps import PLANNED_AGAIN, Step

if TYPE_CHECKING:
    from medusa_sync.core.change import Change, VariantChange


def steps_of(change: Change) -> frozenset[Step]:
    """The steps that it takes to write a product; one that is created goes only through some of them."""
    steps = {*_of_fields(change), *_of_product(change), *_of_items(change)}
    steps.update(*(kind.steps_besides(change) for kind in KINDS))
    return frozenset(steps if steps.isdisjoint(PLANNED_AGAIN) else steps | {Step.PLAN_AGAIN})


def _of_fields(change: Change) -> Iterator[Step]:
    names = {name for each in change.variants for name in each.new_values}
    for kind in {VARIANT_FIELDS[name].kind for name in names}:
        yield from kind.steps
    for each in change.own_changes:
        yield from kind_of(each.field).own_steps


def _of_product(change: Change) -> Iterator[Step]:
    if change.placed:
        yield Step.TERMS
    if change.is_creation or change.placed or change.has_changes or change.copies.resent:
        yield Step.ROW
    if change.copies.resent_variants:
        yield from (Step.ROW, Step.EDIT_VARIANTS)
    if any(each.is_new for each in change.variants):
        yield from (Step.ADD_VARIANTS, Step.READ_VARIANTS)
    if change.removed or any(each.replaces for each in change.variants):
        yield Step.DELETE_VARIANTS


def _of_items(change: Change) -> Iterator[Step]:
    levels = [each for each in change.items if each.levels]
    if levels:
        yield Step.LEVELS
    if any(each.item_id is None for each in levels):
        yield Step.READ_VARIANTS
    if any(each.is_swapped for each in change.items):
        yield Step.SHARE_ITEMS
    if any(each.is_renamed for each in change.items):
        yield Step.RENAME_ITEMS
    is_linked = any(each.is_tracked_again for each in change.items)
    if is_linked or any(each.deleted_items for each in change.stored.variants):
        yield Step.LINK_ITEMS
    if any(map(_is_tracked_otherwise, change.variants)):
        yield Step.EDIT_VARIANTS


def _is_tracked_otherwise(variant: VariantChange) -> bool:
    """Whether a stored variant begins or ceases to be tracked."""
    is_tracked, stored = tracks(variant.new_values), variant.stored
    return stored is not None and is_tracked is not None and stored.manage_inventory != is_tracked
