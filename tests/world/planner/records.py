"""What must hold because of records: who has changed what, and which variant is which."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count, islice
from random import Random
from typing import Final

from msgspec import structs

from medusa_sync.core.approval import moved_removal, removal
from medusa_sync.core.fields import SKU
from medusa_sync.core.outcome import Action
from medusa_sync.core.plan import plan_update
from medusa_sync.core.policy import ConflictPolicy, Delay, OnConflict, PriceLimit
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.record import Dropped, Record, claim
from medusa_sync.core.recorded import is_recorded
from medusa_sync.core.selection import PlanSettings
from tests.world.planner import merchant
from tests.world.planner.case import DEFAULTS, Case, World
from tests.world.planner.checks import Check
from tests.world.planner.expected import SETTING, differences, wanted
from tests.world.planner.shop import contents
from tests.world.planner.source import LOCATIONS

_OTHERS: Final = ("tags", "images", "categories", "sales_channels", "stock ", "is tracked", "option", "kit")
"""Beginnings of fields that are merged by other rows of the table than those of one value."""
_FORMER: Final = "stock sloc_main"
_MOVED: Final = {**LOCATIONS, "": "sloc_new"}
"""The stock locations after another default one was chosen."""


def only_the_merchant_causes_conflicts(case: Case) -> None:
    """Nothing that the source or a killed write did looks like an edit of the merchant."""
    world = World(structs.replace(case, merchant=[]))
    for desired in (world.desired, world.first):
        change = world.plan(desired, world.how)
        if change is None:
            return
        decided = {name for name in SETTING if world.first.fields.get(name) is None}  # by a setting
        conflicts = [each for each in change.conflicts if each.field not in decided]
        assert not conflicts, conflicts
        for _ in world.shop.commits(change):
            pass


def an_edit_after_a_kill_stays(case: Case) -> None:
    """What a killed write has added counts as applied: what the merchant makes of it since stays."""
    world = _without_edits(case)
    before, change = {**contents(world.shop)}, world.plan(world.desired, DEFAULTS)
    if change is None or is_recorded(change):
        return
    steps = sum(1 for _ in _without_edits(case).shop.commits(change))
    world.kill(world.desired, steps - 1)  # it is not acknowledged
    arrived = contents(world.shop)
    merchant.edit(world.shop, case.merchant)
    edited = contents(world.shop)
    if not world.settle(world.desired, DEFAULTS):
        return
    found, ours = contents(world.shop), {"", *world.ids.values()}
    added = wanted(world.desired, world.ids).keys() - before.keys()
    for own, field in differences(arrived, edited).keys() & added:
        value = edited.get((own, field))
        if own in ours and value is not None and not field.startswith(_OTHERS):
            assert found.get((own, field)) == value, (own, field, value, found.get((own, field)))


def ending_with(case: Case, *edits: str) -> Case:
    """A case in which the source has also changed this before the plan."""
    later = [*case.later, *((name, case.how + number) for number, name in enumerate(edits))]
    return structs.replace(case, killed=None, later=later)


def _without_edits(case: Case) -> World:
    return World(structs.replace(case, killed=None, merchant=[]))


def variants_are_recognized(case: Case) -> None:
    """Other ids at the source, a lost record or a repeated SKU do not make other variants of them."""
    world = _without_edits(case)
    if not world.settle(world.desired, DEFAULTS):
        return
    record, ids = world.shop.product.record, world.ids
    assert record is not None
    renumbered = {each.key: each.key and f"new {each.key}" for each in world.desired.variants}
    records: list[tuple[Record | None, Mapping[str, str]]] = [
        (_without_ids(record), {}),
        (record, renumbered),
    ]
    if all(each.dropped is None for each in record.variants.values()):  # else those are the merchant's now
        records.append((None, {}))
    for known, names in records:
        world.shop.product = structs.replace(world.shop.product, record=known)
        expected = {names.get(each.key, each.key): ids[each.key] for each in world.desired.variants}
        desired = _called(world.desired, names)
        for wants in (desired, _with_repeated_sku(desired)):
            change = plan_update(wants, world.shop.read(), DEFAULTS)
            found = {each.desired.key: each.stored and each.stored.id for each in change.variants}
            assert {key: found.get(key) for key in expected} == expected, (found, expected)
            assert wants is not desired or not change.changes, change.changes


def _with_repeated_sku(desired: DesiredProduct) -> DesiredProduct:
    """The same variants in another order, of which the first wants the SKU of another one."""
    *variants, first = desired.variants
    sku = next((each.fields[SKU] for each in variants if SKU in each.fields), None)
    return structs.replace(desired, variants=(first.changed({SKU: sku}) if sku else first, *variants))


def _called(desired: DesiredProduct, names: Mapping[str, str]) -> DesiredProduct:
    """A product whose variants have other keys."""
    variants = (structs.replace(each, key=names.get(each.key, each.key)) for each in desired.variants)
    return structs.replace(desired, variants=tuple(variants))


def _without_ids(record: Record) -> Record:
    variants = {key: structs.replace(each, id="") for key, each in record.variants.items()}
    return structs.replace(record, variants=variants)


def stock_follows_the_default_location(case: Case) -> None:
    """With another default location, stock is written there, and what we wrote to the former is emptied."""
    orders = [*case.merchant, ("order", case.how), ("order", case.how + 1)]
    case = structs.replace(ending_with(case, "variant stock"), merchant=orders)
    case = structs.replace(case, first=[*case.first, ("variant stock", case.how)])
    for commits in count():
        world = World(case)
        how = structs.replace(world.how, overwrite=False)
        desired = structs.replace(world.desired, locations=_MOVED)
        first = {each.key: each.fields.get("stock") for each in world.first.variants}
        is_killed = world.kill(desired, commits, how)
        if not (how.selection.has("stock") and world.settle(desired, how)):
            return
        found, ids = contents(world.shop), world.ids
        for each in desired.variants:
            own, applied, now = ids.get(each.key, ""), first.get(each.key), each.fields.get("stock")
            left = world.edited.get((own, _FORMER))
            is_kit = (own, "kit") in world.edited
            if not (isinstance(applied, int) and isinstance(now, int) and isinstance(left, int)) or is_kit:
                continue
            assert found.get((own, "stock sloc_new")) == now, (commits, own, now, found)
            ours = {applied, now} if commits else {applied}  # a note does not say where it was sent
            possible = {0 if left <= value else left for value in ours}
            assert found.get((own, _FORMER)) in possible, (commits, own, possible, found.get((own, _FORMER)))
        if not is_killed:
            return


def a_planned_removal_notices_writes(case: Case) -> None:
    """A plan removes a product only if no run has written it since the plan was made."""
    world = World(structs.replace(case, killed=None))
    planned = [removal(world.shop.read(), action) for action in (Action.DELETE, Action.DRAFT)]
    assert not [each for plan in planned for each in moved_removal(plan, world.shop.read())]
    record = world.shop.product.record
    world.settle(world.desired, world.how)
    for plan in planned:
        assert world.shop.product.record == record or [*moved_removal(plan, world.shop.read())], record


def held_prices_are_written_later(case: Case) -> None:
    """No price moves too far with a limit; without it, the next run writes what was held back."""
    case = ending_with(case, "paid", "paid")
    limited, whole = World(case), World(case)
    how = structs.replace(limited.how, overwrite=False)
    percent = Random(case.how).choice([0, 10, 30, 150])
    if not limited.settle(limited.desired, structs.replace(how, amount_limit=PriceLimit(percent))):
        return
    for (own, field), new in contents(limited.shop).items():
        kind, _, name = field.partition(" ")
        known = (field, f"price {(name, '', None, None)}") if kind == "sale" else (field,)  # a new sale price
        old = next((limited.edited[own, each] for each in known if (own, each) in limited.edited), new)
        if kind in {"price", "sale"} and new != old:
            assert isinstance(old, int | float)
            assert isinstance(new, int | float)
            assert new > 0, (own, field, old)
            assert abs(new - old) <= old * percent / 100, (own, field, old, new)
    if limited.settle(limited.desired, how) and whole.settle(whole.desired, how):
        wrong = differences(whole.by_key, limited.by_key)
        assert not wrong, wrong


def a_draft_is_published_again(case: Case) -> None:
    """What this tool has drafted, or was about to delete, is for sale when the source has it again."""
    world = _without_edits(case)
    record = world.shop.product.record
    assert record is not None
    for status, known in (("draft", {"drafted": True}), ("published", {"deleted": True})):
        noted = structs.replace(record, **known)
        world.shop.product = structs.replace(world.shop.product, record=noted, status=status)
        assert not world.how.selection.is_up_to_date(noted, world.first)
        if world.settle(world.first, world.how):
            says = world.first.fields.get("status") if status == "draft" or world.how.overwrite else None
            assert world.shop.product.status == (says or "published")
            assert world.shop.product.record == record, world.shop.product.record


def a_killed_removal_is_completed(case: Case) -> None:
    """Whatever was committed of a removal of variants, the next run leaves none of them for sale."""
    case = ending_with(case, "drop variant")
    for deletes in (True, False):
        for commits in count(1):
            world = _without_edits(case)
            if not world.settle(world.desired, DEFAULTS):
                return
            gone = remove(world, commits, deletes=deletes)
            if not gone:
                break
            remove(world, None, deletes=deletes)
            found = {key: each for key, each in contents(world.shop).items() if key[0] in gone}
            for_sale = {key: each for key, each in found.items() if deletes or key[1].startswith("stock ")}
            assert not any(for_sale.values()), (commits, for_sale)
            assert not remove(world, None, deletes=deletes), f"removed again after {commits} commits"
            back = _without_edits(case)
            back.settle(back.desired, DEFAULTS)
            remove(back, commits, deletes=deletes)
            if back.settle(back.first, DEFAULTS):
                left = {each.id for each in back.shop.product.variants}
                lost = [each.key for each in back.first.variants if back.ids.get(each.key) not in left]
                assert not lost, (commits, lost)


def remove(world: World, commits: int | None, *, deletes: bool) -> set[str]:
    """Remove dropped variants, but only so many commits; returns their ids, if there are so many commits."""
    states = (*Dropped,) if deletes else (Dropped.KEPT, Dropped.REMOVED)
    update = plan_update(world.desired, world.shop.read(), DEFAULTS)
    gone = {each.id for each in update.removable(states, Delay(), deletes=True).values()}
    change = plan_update(world.desired, world.shop.read(), DEFAULTS, removed_ids=gone, deletes=deletes)
    if change.blocked or is_recorded(change):
        return set()
    number = sum(1 for _ in islice(world.shop.commits(change), commits))
    return gone if commits is None or number == commits else set()


def an_adopted_product_gets_its_values(case: Case) -> None:
    """A product that is taken over gets what the source wants, also if the store wins conflicts."""
    world = World(structs.replace(case, killed=None))
    world.shop.product = structs.replace(world.shop.product, record=claim(1))
    if not world.settle(world.desired, PlanSettings(ConflictPolicy(OnConflict.STORE))):
        return
    found = contents(world.shop)
    for (own, field), value in wanted(world.desired, {}).items():
        if not field.startswith(_OTHERS):
            assert found.get((own, field)) == value, (field, value, found.get((own, field)))


CHECKS: Final[dict[Check, int]] = {
    only_the_merchant_causes_conflicts: 2,
    an_edit_after_a_kill_stays: 1,
    variants_are_recognized: 1,
    stock_follows_the_default_location: 1,
    a_planned_removal_notices_writes: 2,
    held_prices_are_written_later: 2,
    a_draft_is_published_again: 1,
    a_killed_removal_is_completed: 1,
    an_adopted_product_gets_its_values: 1,
}
"""As those of the merge."""
