"""Another source in the same store: neither source changes what the other one has, with weights."""

import random
from copy import deepcopy

from tests.world.guard_rules import RULES
from tests.world.merging import Rules
from tests.world.results import missing
from tests.world.rules import rule
from tests.world.run_rules import some_faults
from tests.world.runs import Broken, Run
from tests.world.stored import stored_in
from tests.world.wanted import OTHER_SOURCE
from tests.world.world import World

__all__ = ["RULES"]

_NUMBERS = (61, 62, 64, 69)
"""Of its products: without variants, with some, at times without, without SKUs."""


@rule(3)
async def another_source_runs(world: World, dice: random.Random) -> None:
    """Its products are only its own; a calm run writes all of it, and a second one nothing."""
    source = world.other
    source.dice = dice
    if new := [each for each in _NUMBERS if each not in source.products]:
        source.add_numbers(dice.sample(new, min(len(new), 2)))
    take_back = source.borrow_a_code(world.source) if dice.random() < 0.3 else None
    for _ in range(dice.randint(0, 3)):
        dice.choice([lambda: source.change(2), source.change_rare_fields, source.drop, source.bring_back])()
    source.settle()
    run = _run(world, on_missing=dice.choice(["keep", "draft", "delete"]), max_retries=2)
    if is_calm := dice.random() < 0.6:
        world.network.calm()
    else:
        some_faults(world, dice)
    await _carry_out(world, run)
    if take_back is not None:  # so that the first source can have what it wants
        take_back()
        await _carry_out(world, run := _run(world))
    if is_calm and run.is_clean and not world.passing:
        await _is_done(world, run)


async def _is_done(world: World, run: Run) -> None:
    stored = stored_in(world.shop)
    assert run.result is not None
    if left := missing(run.result, stored, world.shop.source_of):
        raise Broken("the store does not have what was reported of another source", left)
    if lost := [key for each in run.rows if (key := f"{OTHER_SOURCE}:{each['id']}") not in stored]:
        raise Broken("a product of another source is not stored", lost)
    begin = len(world.network.sent)
    await _carry_out(world, again := _run(world))
    if writes := [each for each in world.network.sent[begin:] if each.is_write]:
        raise Broken("another source is not quiet", (again.result, writes[:3]))


def _run(world: World, on_missing: str = "keep", max_retries: int = 2) -> Run:
    options = {
        "source_name": OTHER_SOURCE,
        "batch_size": world.batch_size,
        "concurrency": world.concurrency,
        "max_retries": max_retries,
        "max_removals": "100%",
        "on_missing": on_missing,
    }
    is_available = world.rules.is_available
    rules = Rules(store_wins=False, on_missing=on_missing, sale_prices=True, is_available=is_available)
    rows = deepcopy(world.other_rows.products)
    return Run(options, rules, rows, {}, page_size=world.page_size, source_name=OTHER_SOURCE)


async def _carry_out(world: World, run: Run) -> None:
    before = stored_in(world.shop)
    world.network.forget()
    await run.execute(world.store, world.network.machine())
    await world.network.idle()
    world.network.calm()
    world.store.between, world.pictures.faulty = None, 0
    world.note(f"    exit {run.result.exit_code}, {run.result.error}" if run.result else "    killed")
    after = stored_in(world.shop)
    if changed := [key for key, each in before.items() if not _is_its_own(key) and after.get(key) != each]:
        raise Broken("another source changed a product", changed)
    world.products()
    kept = {key: each for key, each in world.oracle.theirs.items() if not _is_its_own(key)}
    world.oracle.theirs = kept | {key: each for key, each in after.items() if _is_its_own(key)}


def _is_its_own(key: str) -> bool:
    return key.startswith(f"{OTHER_SOURCE}:")
