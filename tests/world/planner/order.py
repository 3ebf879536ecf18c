"""The order of variants: that of the source, or that of the merchant until the source changes its own."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Final

from msgspec import structs

from medusa_sync.core.kinds.images import IMAGES
from tests.world.merging import merged
from tests.world.planner.case import DEFAULTS, Case, World
from tests.world.planner.checks import Check


def variants_are_in_the_order_of_the_source(case: Case) -> None:
    """Also after a write that was killed."""
    world = World(structs.replace(case, merchant=[]))
    if world.settle(world.desired, DEFAULTS):
        _check_order(world)


def the_merchants_order_stays_until_the_source_changes_its_own(case: Case) -> None:
    later = [("drop variant", case.how)] if case.how % 2 else case.later  # few cases only drop variants
    world, draw = World(structs.replace(case, killed=None, merchant=[], later=later)), Random(case.how)
    theirs = {each.id: draw.randint(0, 9) for each in world.shop.product.variants}
    for own, rank in theirs.items():
        world.shop.change(own, variant_rank=rank)
    first, now = ([each.key for each in desired.variants] for desired in (world.first, world.desired))
    if not now[1:] or not world.settle(world.desired, DEFAULTS):
        return
    if [key for key in first if key in now] != now:
        _check_order(world)
    elif world.first.options == world.desired.options:
        left = {each.id: each.variant_rank for each in world.shop.product.variants}
        assert left == {own: theirs[own] for own in left}, (left, theirs)


def images_are_moved_once_the_source_moves_its_own(case: Case) -> None:
    """Those of the merchant stay in their places."""
    moves = [("set", case.how + number) for number in range(4)]
    world = World(structs.replace(case, killed=None, first=[*case.first, *moves], later=moves[::-1]))
    images, draw = [*world.shop.product.images], Random(case.how)
    draw.shuffle(images)
    world.shop.product = structs.replace(world.shop.product, images=tuple(images))
    first, now = (each.fields.get(IMAGES) or () for each in (world.first, world.desired))
    stored = tuple(each.url for each in images)
    if world.settle(world.desired, DEFAULTS):
        expected = merged(IMAGES, (first, stored), now, store_wins=False)[1]
        left = tuple(each.url for each in world.shop.product.images)
        assert left == expected, (first, stored, now, left)


def _check_order(world: World) -> None:
    stored = {each.id: each.variant_rank or 0 for each in world.shop.product.variants}
    ids = [world.ids.get(each.key) for each in world.desired.variants]
    ranks = [stored[own] for own in ids if own in stored]
    assert all(one < two for one, two in pairwise(ranks)), ranks


CHECKS: Final[dict[Check, int]] = {
    variants_are_in_the_order_of_the_source: 2,
    the_merchants_order_stays_until_the_source_changes_its_own: 2,
    images_are_moved_once_the_source_moves_its_own: 2,
}
"""As those of the merge."""
