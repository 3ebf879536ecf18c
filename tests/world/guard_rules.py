"""Runs with limits that can happen to a world, with weights."""

import random
from dataclasses import replace

from medusa_sync import PriceLimit, Result
from tests.world.narrow import finished
from tests.world.rules import rule
from tests.world.run_rules import some_changes, some_faults, some_rules
from tests.world.runs import GUARDED, Broken
from tests.world.store_rules import RULES
from tests.world.stored import stored_in
from tests.world.wanted import PRICES
from tests.world.world import World

__all__ = ["RULES"]

_STOPPED = "--max-changes is"


@rule(4)
async def prices_are_limited(world: World, dice: random.Random) -> None:
    """No price moves too far; what an interrupted write has begun, each run completes."""
    some_changes(world, dice)
    limit = PriceLimit(dice.choice([5, 30, 80]))
    run = world.run(some_rules(world, dice), max_price_change=str(limit))
    if dice.random() < 0.3:
        some_faults(world, dice)
    before = finished(world.records(), stored_in(world.shop))
    await world.carry_out(run)
    after = stored_in(world.shop)
    moved = [
        (key, name, variant.owned[name], new)
        for key, each in before.items()
        if key in after
        for own, variant in each.variants.items()
        if own in after[key].variants
        for name in (*PRICES.values(), "sale_price")
        if (new := after[key].variants[own].owned[name]) is not None
        and variant.owned[name] is not None
        and not limit.allows(variant.owned[name], new)
    ]
    if moved:
        raise Broken("a price moved too far", (str(limit), moved))
    if run.result is not None and run.result.held and run.result.exit_code == 0:
        raise Broken("held prices, and exit code 0", run.result.held)


@rule(3)
async def changes_are_limited(world: World, dice: random.Random) -> None:
    """A run that would change too much writes nothing; one that would remove too much removes nothing."""
    some_changes(world, dice)
    name, most = dice.choice(["max_changes", "max_removals"]), dice.randint(0, 2)
    rules = replace(some_rules(world, dice), on_missing=dice.choice(["draft", "delete"]))
    run = world.run(rules, **{name: most})
    begin = len(world.network.sent)
    await world.carry_out(run)
    result = run.result
    if result is None:
        return
    writes = [each for each in world.network.sent[begin:] if each.is_write]
    if _STOPPED in result.error and writes:  # too much that is missing only stops the removals
        raise Broken("a guarded run wrote something", writes[:3])
    if result.exit_code != GUARDED and result.counts.get(Result.REMOVED, 0) > most:
        raise Broken("more was removed than may be", result.counts)
