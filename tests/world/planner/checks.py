"""What must hold for each case of the planner."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, Final

from msgspec import structs

from medusa_sync.core.approval import approved, moved
from medusa_sync.core.fields import UNIQUE
from medusa_sync.core.kinds.stock import is_shared
from medusa_sync.core.outcome import Action
from medusa_sync.core.plan import plan_update
from medusa_sync.core.policy import ConflictPolicy, OnConflict
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.recorded import is_recorded
from medusa_sync.core.selection import PlanSettings, Selection
from tests.world.planner import undoing
from tests.world.planner.case import DEFAULTS, Case, World
from tests.world.planner.expected import ALWAYS, Sides, differences, held, merged, wanted
from tests.world.planner.shop import contents

_PLACEMENT: Final = ("sc_Web shop", "sp_default", "sloc_main")
_UNDO: Final = PlanSettings(ConflictPolicy(OnConflict.STORE))

Check = Callable[[Case], None]


def it_settles(case: Case) -> None:
    """Planned and applied until nothing is left, at most three times; the same again writes nothing."""
    world = World(case)
    world.settle(world.desired, world.how)


def each_field_is_merged(case: Case) -> None:
    """Each field ends as the table of the merge says, and nothing else is written."""
    world = World(structs.replace(case, killed=None))
    ours = world.ids
    if not world.settle(world.desired, world.how):
        return
    run, ids, found = world.run, world.ids, contents(world.shop)
    first, now = wanted(world.first, ours), wanted(world.desired, ids)
    present = {own for own, _ in world.edited}
    wants = {"", *(ids[each.key] for each in world.desired.variants if each.key in ids)}
    known = present | {*ours.values(), ""}  # also the variants that the merchant deleted
    expected = {key: value for key, value in now.items() if key[0] not in known and run.has("options")}
    for key in {**first, **now, **world.edited}:
        own, field = key
        if own in present and own in wants:
            sides = Sides(*(each.get(key) for each in (first, now, world.before, world.edited)))
            expected[key] = merged(field, sides, run)
        elif own in present:  # the merchant's, or dropped at the source
            value = world.edited.get(key)
            is_given = field in UNIQUE and any(now.get((each, field)) == value for each in wants)
            expected[key] = None if is_given and own in ours.values() else value
    if run.has("stock"):  # a variant that is not tracked any more loses its item
        lost = {
            own for own in wants if not now.get((own, "is tracked")) and (own, "is tracked") in world.edited
        }
        expected = {key: each for key, each in expected.items() if not (key[0] in lost and _is_level(key[1]))}
    kits = {own for own, field in world.edited if field == "kit"}
    for own, field in {**expected, **world.edited}:  # their items are the merchant's
        if own in kits and (_is_level(field) or field == "is tracked"):
            expected[own, field] = world.edited.get((own, field))
    wrong = differences(held(expected), found)
    assert not (left := {key: each for key, each in wrong.items() if _is_judged(*key, world)}), left


def _is_judged(own: str, field: str, world: World) -> bool:
    """Whether the table says what a field gets: names of options and shared items have rules of their own."""
    if field == "options" or (own and world.first.options != world.desired.options):
        return False
    if own and world.before.get(("", "options")) != world.edited.get(("", "options")):
        return False
    if not (_is_level(field) or field == "is tracked"):
        return True
    has_kits = any(each == "kit" for _, each in world.edited)
    return _sharing(world.first) == _sharing(world.desired) and not (has_kits and _sharing(world.desired))


def _sharing(desired: DesiredProduct) -> set[str]:
    return {each.key for each in desired.variants if is_shared(each.fields)}


def _is_level(field: str) -> bool:
    return field.startswith("stock ")


def a_killed_write_is_completed(case: Case) -> None:
    """Whatever a killed write has committed, the next run leaves what one that was not killed leaves."""
    whole = _without_edits(case)
    if not whole.settle(whole.desired, DEFAULTS):
        return
    expected = whole.by_key
    for commits in count():
        world = _without_edits(case)
        if not world.kill(world.desired, commits):
            return
        assert world.settle(world.desired, DEFAULTS), f"killed after {commits} commits, it cannot be written"
        wrong = differences(expected, world.by_key)
        assert not wrong, f"killed after {commits} commits: {wrong}"


def a_killed_write_is_taken_back(case: Case) -> None:
    """If the source is as before a write that was killed, nothing of that write is left."""
    for commits in count(1):
        world = _without_edits(case)
        expected = world.by_key
        if not world.kill(world.desired, commits):
            return
        if not world.settle(world.first, DEFAULTS):
            continue  # Medusa does not support the way back
        wrong = {
            key: each
            for key, each in differences(expected, world.by_key).items()
            if not _may_stay(key, world)
        }
        assert not wrong, f"killed after {commits} commits: {wrong}"


def _may_stay(key: tuple[str, str], world: World) -> bool:
    """What stays: added variants, the last channels, and levels at locations that are not named any more."""
    own, field = key
    is_added = own in {each.key for each in world.desired.variants} - {
        each.key for each in world.first.variants
    }
    named = wanted(world.first, {each.key: each.key for each in world.first.variants})
    return (
        is_added
        or (_is_level(field) and key not in named)
        or (field == "sales_channels" and not world.first.fields.get(field))
        or (field in ALWAYS and key not in named)
    )


def a_saved_plan_is_the_run(case: Case) -> None:
    """A plan may be written if nothing differs, also what a killed run has left of it."""
    world = World(structs.replace(case, killed=None))
    change = world.plan(world.desired, world.how)
    if change is None or is_recorded(change):
        return
    plan = approved(change, change.changes, Action.UPDATE, _PLACEMENT, change.stored.record)
    wanted_now = structs.replace(world.desired, approved=plan)
    assert not [*moved(wanted_now, change, _PLACEMENT, has_begun=False)]
    if not world.how.selection.is_all:
        return  # what a killed run has begun is completed with all fields, so it is not the plan
    for commits in count(1):
        killed = World(structs.replace(case, killed=None))
        is_whole = not killed.kill(killed.desired, commits, killed.how)
        rest = killed.plan(killed.desired, killed.how)
        if rest is None or is_whole:
            return
        found = [*moved(wanted_now, rest, _PLACEMENT, has_begun=True)]
        assert not found, f"killed after {commits} commits: {found}"


def an_undo_restores(case: Case) -> None:
    """An undo of a run restores what the store held, but for stock, which orders may have changed since."""
    world = World(structs.replace(case, killed=None))
    change = world.plan(world.desired, world.how)
    if change is None or is_recorded(change):
        return
    before, outcome = contents(world.shop), undoing.write(world.shop, change)
    record = world.shop.product.record
    wanted_back = undoing.undone(outcome)
    if wanted_back is None:
        assert not outcome.changes, outcome.changes
        return
    undo = undoing.plan(world.shop, wanted_back, _UNDO, deletes=True)
    assert not undo.blocked, undo.blocked
    for _ in world.shop.commits(undo):
        pass
    changed = differences(before, contents(world.shop))
    wrong = {key: each for key, each in changed.items() if not (_is_level(key[1]) or key[1] == "is tracked")}
    assert not wrong, wrong
    if not undo.removed:  # else they can come back
        assert world.shop.product.record == record, "what is undone does not look like edits of the merchant"
    again = undoing.plan(world.shop, wanted_back, _UNDO, deletes=True)
    assert not again.changes, again.changes


def removed_variants_come_back(case: Case) -> None:
    """Dropped variants are deleted, or cannot be bought; if the source has them again, they are as before."""
    for deletes in (True, False):
        world = _without_edits(case)
        if not world.settle(world.desired, DEFAULTS):
            return
        before = plan_update(world.desired, world.shop.read(), DEFAULTS)
        gone = {key: each.id for key, each in before.dropped.items()}
        change = plan_update(
            world.desired, world.shop.read(), DEFAULTS, removed_ids={*gone.values()}, deletes=deletes
        )
        if not gone or change.blocked:
            return
        for _ in world.shop.commits(change):
            pass
        left = {key: each for key, each in contents(world.shop).items() if key[0] in gone.values()}
        for_sale = {key: each for key, each in left.items() if deletes or _is_level(key[1])}
        assert not (deletes and for_sale), for_sale
        assert not any(for_sale.values()), for_sale
        if not world.settle(world.first, DEFAULTS):
            continue  # Medusa does not support the way back
        ids, found = world.ids, contents(world.shop)
        again = {ids[key] for key in gone}
        expected = {key: each for key, each in wanted(world.first, ids).items() if key[0] in again}
        wrong = differences(expected, {key: found[key] for key in expected.keys() & found.keys()})
        assert not wrong, wrong


def what_looks_up_to_date_is(case: Case) -> None:
    """A run does not read a product of which the record says that nothing is left: then nothing is."""
    world = World(structs.replace(case, merchant=[]))
    record, selection = world.shop.product.record, world.how.selection
    assert record is not None
    for desired in (world.first, world.desired):
        if world.is_passed_over(desired, selection):
            change = world.plan(desired, structs.replace(world.how, overwrite=False))
            assert change is not None
            assert not change.changes, change.changes


def a_narrow_run_hides_nothing(case: Case) -> None:
    """What a run has left out, because it syncs only some fields, the next run that syncs all writes."""
    narrow, whole = World(case), World(case)
    if narrow.how.selection.is_all or narrow.how.overwrite or not narrow.settle(narrow.desired, narrow.how):
        return
    everything = structs.replace(narrow.how, selection=DEFAULTS.selection)
    if not (narrow.settle(narrow.desired, everything) and whole.settle(whole.desired, everything)):
        return
    wrong = differences(whole.by_key, narrow.by_key)
    assert not wrong, wrong


def an_upgrade_sends_no_newer_field(case: Case) -> None:
    """A product of a version without some fields is quiet, and keeps them until the source changes them."""
    world = _without_edits(case)
    _downgrade(world)
    record, first = world.shop.product.record, world.first
    assert record is not None
    assert DEFAULTS.selection.is_up_to_date(record, first)
    change = world.plan(first, DEFAULTS)
    assert change is not None
    assert is_recorded(change)
    before = contents(world.shop)
    narrow = structs.replace(DEFAULTS, selection=Selection(frozenset({"price"})))
    if not (world.settle(world.desired, narrow) and world.settle(world.desired, DEFAULTS)):
        return
    known = {own for own, _ in before}
    found = {key: each for key, each in contents(world.shop).items() if key[0] in known}
    newer = {key for key in {**before, **found} if key[1] in ALWAYS and (key[0], "title") in found}
    wrong = {key: (before.get(key), found.get(key)) for key in newer if before.get(key) != found.get(key)}
    assert not wrong, wrong


def _downgrade(world: World) -> None:
    """The store and the record as a version left them that did not know all fields."""
    product, record = world.shop.product, world.shop.product.record
    assert record is not None

    def known(fields: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if name not in ALWAYS}

    entries = {key: structs.replace(each, fields=known(each.fields)) for key, each in record.variants.items()}
    earlier = structs.replace(record, fields=known(record.fields), variants=entries, knows=0)
    variants = tuple(structs.replace(each, allow_backorder=False) for each in product.variants)
    world.shop.product = structs.replace(product, status="published", record=earlier, variants=variants)


def _without_edits(case: Case) -> World:
    """The world of a case in which only the source changes anything."""
    return World(structs.replace(case, killed=None, merchant=[]))


CHECKS: Final[dict[Check, int]] = {
    it_settles: 10,
    each_field_is_merged: 5,
    a_killed_write_is_completed: 1,
    a_killed_write_is_taken_back: 1,
    a_saved_plan_is_the_run: 1,
    an_undo_restores: 1,
    removed_variants_come_back: 2,
    what_looks_up_to_date_is: 2,
    a_narrow_run_hides_nothing: 2,
    an_upgrade_sends_no_newer_field: 1,
}
"""Each check, and its share of the cases that a test plays: some play a case once, others kill each step."""
