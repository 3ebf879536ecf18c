"""What must hold for changes that are noted before the store is read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from random import Random
from typing import Final

from msgspec import structs

from medusa_sync.core.announced import Announced, announce
from medusa_sync.core.fields import kind_of
from medusa_sync.core.plan import plan_update
from medusa_sync.core.recorded import note
from medusa_sync.core.selection import ALL, PlanSettings
from medusa_sync.core.stored import StoredProduct
from medusa_sync.medusa.decode import details_of, tree_of
from tests.world.planner import source
from tests.world.planner.case import DEFAULTS, Case, World
from tests.world.planner.checks import Check
from tests.world.planner.expected import differences
from tests.world.planner.shop import contents


def a_note_before_the_read_changes_nothing(case: Case) -> None:
    """The store ends as if everything about the product had been read before anything was written."""
    case = _of_what_arrives_late(case)
    whole, noted = World(case), World(case)
    how = structs.replace(whole.how, selection=ALL)  # an interrupted write is completed with all fields
    announced = _announce(noted, how)
    if announced is None or not whole.settle(whole.desired, how):
        return
    for _ in _commits(noted, how, announced):
        pass
    assert noted.settle(noted.desired, how)
    assert not (wrong := differences(contents(whole.shop), contents(noted.shop))), wrong
    assert noted.shop.product.record == whole.shop.product.record


def a_killed_write_that_was_noted_first_is_completed(case: Case) -> None:
    """Whatever it has committed, the next run leaves what one that was not killed leaves."""
    case = _of_what_arrives_late(case)
    whole = World(case)
    if _announce(whole, DEFAULTS) is None or not whole.settle(whole.desired, DEFAULTS):
        return
    for commits in count(1):
        world = World(case)
        announced = _announce(world, DEFAULTS)
        assert announced is not None
        if sum(1 for _ in islice(_commits(world, DEFAULTS, announced), commits)) < commits:
            return
        assert world.settle(world.desired, DEFAULTS), f"killed after {commits} commits, it cannot be written"
        wrong = differences(contents(whole.shop), contents(world.shop))
        assert not wrong, f"killed after {commits} commits: {wrong}"


def _of_what_arrives_late(case: Case) -> Case:
    """The case, in which the source then changes only what can be noted first."""
    changed = {
        name: source.EDITS[name] for name in ("amount", "paid", "product stock", "variant stock", "texts")
    }
    draw = Random(case.how)
    return structs.replace(case, killed=None, later=source.drawn(draw, changed, draw.randint(1, 3)))


def _announce(world: World, how: PlanSettings) -> Announced | None:
    """What a run foresees, unless it passes the product over."""
    product = world.shop.product
    if product.record is None or world.is_passed_over(world.desired, how.selection):
        return None
    summary = StoredProduct(product.id, product.external_id, product.record)
    return announce(world.desired, summary, how)


def _commits(world: World, how: PlanSettings, announced: Announced) -> Iterator[str]:
    """Write the note, then read only what changes, and plan and write that if it is enough."""
    product = world.shop.product
    world.shop.product = structs.replace(product, record=note(announced, now=1))
    yield "row"
    stored = _read(world.shop.read(), announced)
    change = plan_update(announced.desired, stored, structs.replace(how, selection=announced.selection))
    if announced.foresees(change):
        yield from world.shop.commits(change, is_noted=True)


def _read(product: StoredProduct, announced: Announced) -> StoredProduct:
    """The product as far as it is read."""
    tree = {**tree_of(details_of(frozenset(map(kind_of, announced.foreseen))).fields)}  # which is kept
    of_variants = {*tree.pop("variants"), "sale_prices", "has_price_set", "shows_prices"}
    if "price_set" in of_variants or "prices" in of_variants:
        of_variants |= {"prices"}
    return structs.replace(
        StoredProduct(product.id, product.external_id, product.record),
        **{name: getattr(product, name) for name in tree if name not in {"id", "external_id", "metadata"}},
        variants=tuple(
            type(each)(**{name: getattr(each, name) for name in of_variants if hasattr(each, name)})
            for each in product.variants
        ),
    )


CHECKS: Final[dict[Check, int]] = {
    a_note_before_the_read_changes_nothing: 2,
    a_killed_write_that_was_noted_first_is_completed: 1,
}
"""Each check, and its share of the cases that a test plays."""
