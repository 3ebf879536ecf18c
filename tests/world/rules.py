"""What can happen to a world, with weights."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.harness.runs import save
from tests.world.expected import Rules
from tests.world.faults import FAULTS, LIMITS
from tests.world.results import shown, written
from tests.world.runs import Broken, Run
from tests.world.store import EVENTS, make_kit
from tests.world.stored import stored_in
from tests.world.world import NUMBERS, World

Happen = Callable[[World, random.Random], Awaitable[None]]
RULES: dict[str, "Rule"] = {}
DAY = 86_400
A_WHILE = 15
"""After so many seconds, a run does not wait any more for what an interrupted one may still be writing."""


@dataclass(frozen=True)
class Rule:
    """Something that happens, and how often."""

    happen: Happen
    weight: int


def rule(weight: int) -> Callable[[Happen], Happen]:
    def register(happen: Happen) -> Happen:
        RULES[happen.__name__] = Rule(happen, weight)
        return happen

    return register


# --- the source -------------------------------------------------------------------------------------------


@rule(3)
async def source_gets_products(world: World, dice: random.Random) -> None:
    new = [each for each in NUMBERS if each not in world.known_numbers]
    if new:
        chosen = dice.sample(new, min(len(new), dice.choice([1, 1, 2, 3])))
        world.source.dice = dice
        world.source.add_numbers(chosen)
        world.known_numbers.update(chosen)


@rule(8)
async def source_changes_products(world: World, dice: random.Random) -> None:
    if world.source.products:
        world.source.dice = dice
        world.source.change(dice.choice([1, 2, 5]))


@rule(8)
async def source_changes_variants(world: World, dice: random.Random) -> None:
    world.source.dice = dice
    for _ in range(dice.randint(1, 4)):
        world.source.change_variants()
    world.source.publish()


@rule(5)
async def source_hands_on_skus(world: World, dice: random.Random) -> None:
    world.source.dice = dice
    world.source.hand_on_skus()
    world.source.publish()


@rule(2)
async def source_drops_a_product(world: World, dice: random.Random) -> None:
    world.source.dice = dice
    world.source.drop()
    world.source.publish()


@rule(3)
async def source_brings_a_product_back(world: World, dice: random.Random) -> None:
    world.source.dice = dice
    world.source.bring_back()
    world.source.publish()


@rule(1)
async def source_changes_everywhere(world: World, dice: random.Random) -> None:
    world.source.dice = dice
    world.source.change_everywhere()


@rule(1)
async def source_goes_back(world: World, dice: random.Random) -> None:
    world.source.dice = dice
    world.source.revert_everywhere()


# --- the merchant -----------------------------------------------------------------------------------------


@rule(10)
async def merchant_edits(world: World, dice: random.Random) -> None:
    world.merchant.dice = dice
    for _ in range(dice.choice([1, 1, 3])):
        world.note(f"    {world.merchant.edit(world.wanted())}")


@rule(4)
async def merchant_changes_the_store(world: World, dice: random.Random) -> None:
    """Something about the store as a whole, until everything is settled again."""
    what, undo = dice.choice(EVENTS)(world.store, dice)
    world.note(f"    {what}")
    world.passing.append(undo)


@rule(2)
async def merchant_makes_a_kit(world: World, dice: random.Random) -> None:
    own = make_kit(world.store, world.shop, dice)
    if own:
        world.oracle.theirs[own] = stored_in(world.shop)[own]
        state = world.store.state
        [parts] = [each.item_ids for each in state.products[own].variants]
        users = {each.id for each in state.variants().values() if {*parts} & {*each.item_ids}}
        world.oracle.use_in_a_kit(users, {state.items[each].sku for each in parts})
        world.passing.append(lambda: world.merchant_deletes_own(own))
        world.note(f"    {own}")


# --- runs -------------------------------------------------------------------------------------------------


def some_rules(world: World, dice: random.Random) -> Rules:
    """Rules of one run."""
    on_missing = dice.choice(["keep", "keep", "draft", "delete"])
    return replace(world.rules, store_wins=dice.random() < 0.4, on_missing=on_missing)


def some_changes(world: World, dice: random.Random) -> None:
    """Mostly, the source has changed something, so that a run has something to do."""
    world.source.dice = dice
    for _ in range(dice.choice([0, 1, 2, 4])):
        world.source.change(1)
        world.source.change_variants()
    world.source.publish()


_FAULTS = [each for each in FAULTS if each not in LIMITS]


def some_faults(world: World, dice: random.Random) -> None:
    """Choose what the next writes, or requests, meet."""
    network = world.network
    network.of_reads = dice.random() < 0.2
    first = dice.choice([1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 12, 20])
    for number in (first, *dice.sample(range(1, 9), dice.choice([0, 0, 1, 3]))):
        network.due[number] = dice.choice(_FAULTS)


def some_edits(world: World, dice: random.Random, runs: list[Run]) -> None:
    """The merchant edits while these runs write."""
    during = [(each.wanted, each.rules) for each in runs]

    def edit() -> None:
        world.merchant.dice = dice
        world.note(f"    meanwhile: {world.merchant.edit(world.wanted(), during)}")

    world.network.during = {dice.randint(1, 6): edit for _ in range(dice.choice([0, 0, 1, 3]))}


@rule(8)
async def calm_run(world: World, dice: random.Random) -> None:
    """A run without faults does what a dry run has shown."""
    rules, plan = some_rules(world, dice), None
    if dice.random() < 0.4:
        await asyncio.sleep(A_WHILE)
        plan = await world.calmly(world.run(rules, dry_run=True))
    run = world.run(rules)
    await world.carry_out(run)
    if plan is not None and not world.passing and run.result is not None and shown(plan) != shown(run.result):
        raise Broken("a dry run is not the run", (shown(plan), shown(run.result)))


@rule(10)
async def disturbed_run(world: World, dice: random.Random) -> None:
    some_changes(world, dice)
    run = world.run(some_rules(world, dice))
    some_faults(world, dice)
    some_edits(world, dice, [run])
    await world.carry_out(run)


@rule(4)
async def two_runs_at_once(world: World, dice: random.Random) -> None:
    """As on two machines without a common lock."""
    some_changes(world, dice)
    rules = some_rules(world, dice)
    runs = [world.run(rules), world.run(rules, batch_size=dice.choice([1, 2, 15]))]
    if dice.random() < 0.5:
        some_faults(world, dice)
    some_edits(world, dice, runs)
    await world.carry_out(*runs)


@rule(3)
async def shards(world: World, dice: random.Random) -> None:
    some_changes(world, dice)
    rules, count = some_rules(world, dice), dice.choice([2, 3])
    runs = [world.run(rules, shard=f"{number}/{count}") for number in range(1, count + 1)]
    for each in runs:
        each.is_narrow = True
    await world.carry_out(*runs)


_FIELDS = ("price", "stock", "title", "price,stock", "tags", "images", "metadata", "variants", "translation")


@rule(4)
async def narrow_run(world: World, dice: random.Random) -> None:
    """A run that leaves something out."""
    kinds: list[dict[str, Any]] = [
        {"only": dice.choice(_FIELDS)},
        {"skip": dice.choice(_FIELDS)},
        {"limit": dice.randint(1, 3)},
        {"no_create": True},
        {"no_update": True},
        {"on_deleted": "skip"},
    ]
    options = dice.choice(kinds)
    rules = some_rules(world, dice)
    if "limit" in options:
        rules = replace(rules, on_missing="keep")
    run = world.run(rules, **options)
    run.is_narrow = True
    world.note(f"    {options}")
    if dice.random() < 0.3:
        some_faults(world, dice)
    await world.carry_out(run)


@rule(2)
async def source_is_cut_off(world: World, dice: random.Random) -> None:
    run = world.run(some_rules(world, dice))
    run.page_size, run.ends_after, run.is_narrow = 1, dice.randint(0, 2), True
    await world.carry_out(run)


# --- plans and undoing ------------------------------------------------------------------------------------


@rule(3)
async def plan_is_saved(world: World, dice: random.Random) -> None:
    await asyncio.sleep(A_WHILE)
    file = world.file("plan")
    run = world.run(some_rules(world, dice), dry_run=True, save_plan=file)
    result = await world.calmly(run)
    if not result.error:
        save(result, world.store, file, **run.options)
        world.plans.append(replace(run, plan=file, options={}))


@rule(3)
async def planned_run(world: World, dice: random.Random) -> None:
    """A plan that is written at once is what it says."""
    await RULES["plan_is_saved"].happen(world, dice)
    if not world.plans or (chosen := world.plans[-1]).result is None:
        return
    run = replace(chosen, options={"batch_size": world.batch_size}, result=None)
    await world.carry_out(run)
    planned = chosen.result
    if not world.passing and (run.result is None or written(run.result) != written(planned)):
        raise Broken("a plan is not the run", (written(planned), run.result and written(run.result)))


@rule(3)
async def plan_is_applied(world: World, dice: random.Random) -> None:
    """A plan that was saved some time ago is written, by one or two machines."""
    if not world.plans:
        return
    chosen = dice.choice(world.plans)
    options = {"max_retries": world.retries, "batch_size": world.batch_size}
    runs = [replace(chosen, options=options, result=None) for _ in range(dice.choice([1, 1, 2]))]
    if dice.random() < 0.3:
        some_faults(world, dice)
    await world.carry_out(*runs)


@rule(6)
async def run_is_undone(world: World, dice: random.Random) -> None:
    """An earlier run is taken back, which may be an undo, too."""
    if not world.documents:
        return
    done = dice.choice(world.documents[-3:])
    on_missing = dice.choice(["keep", "draft", "delete"])
    run = world.run(world.rules, undo=done.file, on_missing=on_missing)
    run.rules = replace(run.rules, on_missing=on_missing if on_missing == "delete" else "draft")
    run.undoes = done.before
    world.states["an undo of an undo"] += done.is_undo
    world.note(f"    {done.file.name}, {on_missing}")
    if dice.random() < 0.3:
        some_faults(world, dice)
    await world.carry_out(run)


# --- time, and the rest -----------------------------------------------------------------------------------


@rule(3)
async def time_passes(_world: World, dice: random.Random) -> None:
    await asyncio.sleep(dice.choice([60, 3_600, 4 * DAY, 10 * DAY]))


@rule(1)
async def clock_jumps(world: World, dice: random.Random) -> None:
    world.clock.error = dice.choice([0, -400 * DAY, -3_600, 3_600, 20 * DAY])


@rule(5)
async def late_removal(world: World, dice: random.Random) -> None:
    """A run removes what has been missing for a week."""
    rules = replace(some_rules(world, dice), on_missing=dice.choice(["draft", "delete"]))
    run = world.run(rules, remove_after=7 * DAY)
    run.is_narrow = True
    if dice.random() < 0.2:
        some_faults(world, dice)
    await world.carry_out(run)


@rule(2)
async def merchant_is_overruled(world: World, dice: random.Random) -> None:
    run = world.run(replace(some_rules(world, dice), overwrites=True))
    await world.carry_out(run)


@rule(2)
async def settings_change(world: World, dice: random.Random) -> None:
    world.rules = replace(world.rules, sale_prices=dice.random() < 0.5)


@rule(5)
async def settle(world: World, dice: random.Random) -> None:
    world.rules = replace(some_rules(world, dice), sale_prices=world.rules.sale_prices)
    await world.settle()
