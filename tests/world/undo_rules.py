"""Undoing runs, with weights."""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from medusa_sync import RunResult
from tests.world.edits import MERCHANT_SKU
from tests.world.rules import rule
from tests.world.run_rules import some_changes, some_faults, some_rules
from tests.world.runs import GUARDED, Broken, Done, Run
from tests.world.second_source import RULES
from tests.world.stored import GONE_REGION, stored_in
from tests.world.variants import shares_stock
from tests.world.wanted import REGION_PRICE
from tests.world.world import World

__all__ = ["RULES"]


@rule(6)
async def run_is_undone(world: World, dice: random.Random) -> None:
    """An earlier run is taken back, which may be an undo, too."""
    if not world.documents:
        return
    done = dice.choice(world.documents[-3:])
    on_missing = dice.choice(["keep", "draft", "delete"])
    if dice.random() < 0.3:
        some_faults(world, dice)
    await undo(world, done, on_missing)


async def undo(world: World, done: Done, on_missing: str, **options: Any) -> Run:
    run = _undo_of(world, done, on_missing, **options)
    world.states["an undo of an undo"] += done.is_undo
    world.note(f"    {done.file.name}, {on_missing}")
    await world.carry_out(run)
    return run


def _undo_of(world: World, done: Done, on_missing: str, **options: Any) -> Run:
    chosen = {"lock_dir": world.folder, "undo": done.file, "on_missing": on_missing} | options
    run = world.run(world.rules, **chosen)
    run.rules = replace(run.rules, on_missing=on_missing if on_missing == "delete" else "draft")
    run.undoes = done
    return run


@rule(2)
async def run_is_undone_at_once(world: World, dice: random.Random) -> None:
    """All that a run has changed is as before it, but for what the merchant has edited since."""
    await RULES["settle"].happen(world, dice)
    stages = [_shown(world)]
    some_changes(world, dice)
    run = world.run(replace(some_rules(world, dice), on_missing="draft"))
    known = len(world.documents)
    await world.carry_out(run)
    if not run.is_complete or len(world.documents) == known:
        return  # an option that is dropped may leave two variants with equal values
    stages.append(_shown(world))
    for _ in range(dice.choice([0, 0, 1, 3])):
        await RULES["merchant_edits"].happen(world, dice)
    stages.append(_shown(world))
    undone = await undo(world, world.documents[-1], on_missing="delete", undo="last")
    if not undone.is_clean:
        return  # it said what it cannot restore, such as a price in a region that the merchant has removed
    if wrong := [*_not_restored([*stages, _shown(world)], _lost(undone))]:
        raise Broken("an undo does not restore the store", wrong)


@rule(3)
async def runs_are_undone_newest_first(world: World, dice: random.Random) -> None:
    """What a later run has written over is never called an edit; `last` undoes one run after the other."""
    await RULES["settle"].happen(world, dice)
    stages, known = [_shown(world)], len(world.documents)
    for _ in range(dice.choice([2, 2, 3])):
        some_changes(world, dice)
        run = world.run(replace(some_rules(world, dice), on_missing="keep"))
        await world.carry_out(run)
        if not run.is_complete:
            return
    done = world.documents[known:]
    stages.append(_shown(world))
    if len(done) > 1:
        early = await world.calmly(_undo_of(world, done[0], "draft", dry_run=True))
        world.states["an undo over a later run"] += early.exit_code == GUARDED
        if called := _edits(early):
            raise Broken("what a later run has written is called an edit", called)
    lost = set[str | None]()
    for each in reversed(done):
        undone = await undo(world, each, on_missing="delete", undo="last")
        if not undone.is_clean:
            return
        lost |= _lost(undone)
    stages += [stages[-1], _shown(world)]
    if wrong := [*_not_restored(stages, lost)]:
        raise Broken("undoing one run after the other does not restore the store", wrong)


def _edits(result: RunResult) -> list[tuple[str | None, str, str]]:
    """The fields of which an undo says that they were edited."""
    return [
        (outcome.external_id, each.variant, each.field)
        for outcome in result.changes
        for each in outcome.conflicts
        if each.reason.startswith("edited since")
    ]


def _lost(undone: Run) -> set[str | None]:
    """The products of which something cannot be restored, as an undo says."""
    assert undone.result is not None
    return {
        outcome.external_id
        for outcome in undone.result.changes
        if any("cannot" in each.reason for each in outcome.conflicts)
    }


def _shown(world: World) -> dict[str, dict[str, Any]]:
    """What an undo restores of all products but those whose variants share their stock.

    Values of options that no variant has go with a run.
    """
    shown = {
        key: each.restorable | {"options": sorted(each.options.values())}
        for key, each in stored_in(world.shop).items()
        if key in world.oracle.products and not shares_stock(int(key.rpartition(":")[2]))
    }
    for variant in (own for each in shown.values() for own in each["variants"].values()):
        _show_price_of_gone_region(variant)
    return shown


def _show_price_of_gone_region(variant: dict[str, Any]) -> None:
    """As one of the region that was made since with the same name: an undo restores it there."""
    prices = variant["other prices"]
    gone = {field: amount for field, amount in prices if GONE_REGION.search(field)}
    variant["other prices"] = [each for each in prices if each[0] not in gone]
    for amount in gone.values():
        if variant["owned"][REGION_PRICE] is None:
            variant["owned"][REGION_PRICE] = amount


def _not_restored(stages: Sequence[Mapping[str, Any]], lost: Collection[str | None]) -> Iterator[str]:
    """What is neither as before the run nor as the merchant left it, but for `lost` products."""
    before, after, edited, now = stages
    for key, product in ((key, each) for key, each in now.items() if key not in lost):
        was, become, left = (each.get(key) for each in (before, after, edited))
        if become == left:
            if product != _with_items_in_step(was, product):
                yield f"{key}: {product}, and before the run: {was}"
            continue
        for part in ("owned", "others"):
            for name, value in product[part].items():
                values = [each and each[part].get(name) for each in (was, become, left)]
                expected = values[0] if values[1] == values[2] else values[2]
                if was and left and not isinstance(value, tuple | list | dict) and value != expected:
                    yield f"{key} {name}: {value!r}, after {values}"


def _with_items_in_step(was: dict[str, Any] | None, now: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was before the run; an item that had another SKU than its variant may be in step with it by now.

    The merchant had given the variant an SKU, or had used the item in a kit that is gone, or an interrupted
    run had cleared it. The run gave both the SKU of the source; its document has only what the variant had.
    """
    if was is None:
        return None
    variants = {key: each | {} for key, each in was["variants"].items()}
    ours = [[None], *([each["owned"]["sku"]] for each in variants.values())]
    for key, each in variants.items():
        sku = each["owned"]["sku"]
        is_apart = sku is None or sku.startswith(MERCHANT_SKU) or each["skus of items"] in ours
        if is_apart and now["variants"].get(key, each)["skus of items"] == [sku]:
            each["skus of items"] = [sku]
    return was | {"variants": variants}
