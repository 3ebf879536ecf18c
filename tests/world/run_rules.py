"""Runs that can happen to a world, with weights."""

import asyncio
import random
from copy import deepcopy
from dataclasses import replace
from itertools import chain
from typing import Any

from medusa_sync import Result
from tests.harness.runs import save
from tests.world.faults import FAULTS, LIMITS
from tests.world.merging import Rules
from tests.world.narrow import CHOICES, finished, left_out
from tests.world.results import shown, written
from tests.world.rules import DAY, RULES, rule
from tests.world.runs import Broken, Run
from tests.world.shop import Json
from tests.world.stored import stored_in
from tests.world.world import World

__all__ = ["RULES"]

A_WHILE = 15
"""After so many seconds, a run does not wait any more for what an interrupted one may still be writing."""


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
    world.pictures.faulty = 0 if first % 3 else 0.3  # without dice, so that others fall as before


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


@rule(5)
async def narrow_run(world: World, dice: random.Random) -> None:
    """A run that leaves something out; without faults, all that it leaves out stays as it is."""
    kinds: list[dict[str, Any]] = [
        {"only": dice.choice(CHOICES)},
        {"only": dice.choice(CHOICES)},
        {"skip": dice.choice(CHOICES)},
        {"limit": dice.randint(1, 3)},
        {"no_create": True},
        {"no_update": True},
        {"on_deleted": "skip"},
    ]
    options = dice.choice(kinds)
    some_changes(world, dice)
    rules = some_rules(world, dice)
    if "limit" in options:
        rules = replace(rules, on_missing="keep")
    run = world.run(rules, **options)
    run.is_narrow = True
    world.note(f"    {options}")
    before = None
    if dice.random() < 0.3:
        some_faults(world, dice)
    else:
        before = finished(world.records(), stored_in(world.shop))
    await world.carry_out(run)
    if before is not None and (changed := left_out(options, before, stored_in(world.shop))):
        raise Broken("a narrow run wrote what it leaves out", (options, changed))


@rule(3)
async def only_some_products(world: World, dice: random.Random) -> None:
    """A run of chosen products leaves all others as they are."""
    some_changes(world, dice)
    run = world.run(some_rules(world, dice))
    if not run.rows:
        return
    chosen = {str(each["id"]) for each in dice.sample(run.rows, dice.randint(1, min(3, len(run.rows))))}
    run.options |= {"product": "\n".join(sorted(chosen)), "on_missing": "delete"}
    run.is_narrow, run.may_remove = True, False
    is_disturbed = dice.random() < 0.3
    if is_disturbed:
        some_faults(world, dice)
    before, edits = stored_in(world.shop), world.merchant.edits
    await world.carry_out(run)
    after = stored_in(world.shop)
    keys = before.keys() - {f"dummyjson:{each}" for each in chosen}
    other = [key for key in sorted(keys) if key not in after or after[key].untouched != before[key].untouched]
    if other and not is_disturbed and world.merchant.edits == edits:
        raise Broken("a run of chosen products changed others", other)


@rule(2)
async def source_is_cut_off(world: World, dice: random.Random) -> None:
    run = world.run(some_rules(world, dice))
    run.page_size, run.ends_after, run.is_narrow = 1, dice.randint(0, 2), True
    run.may_remove = run.ends_after >= len(run.rows)  # then all of it came before
    await world.carry_out(run)


@rule(3)
async def products_move_between_pages(world: World, dice: random.Random) -> None:
    """The first reading of the source misses a product, or has it twice."""
    some_changes(world, dice)
    run = world.run(replace(some_rules(world, dice), on_missing=dice.choice(["draft", "delete"])))
    if not run.rows:
        return
    run.page_size, run.is_narrow, run.first_rows = 1, True, list(run.rows)
    moved = run.first_rows.pop(dice.randrange(len(run.rows)))
    if dice.random() < 0.3:
        run.first_rows += [moved, moved]
    await world.carry_out(run)


@rule(3)
async def source_has_bad_rows(world: World, dice: random.Random) -> None:
    """An id that came before, a product that is malformed, or a row that could be any product."""
    some_changes(world, dice)
    run = world.run(some_rules(world, dice))
    if not run.rows:
        return
    run.is_narrow = True
    chosen = dice.randrange(len(run.rows))
    match dice.randrange(3):
        case 0:
            run.rows.append({**run.rows[chosen], "title": "Second with its id", "price": 77.77})
        case 1:
            run.rows[chosen] = {**run.rows[chosen], "title": None}
        case _:
            run.rows.append({**run.rows[chosen], "id": None})
    allowed = run.options["max_rejected"] = dice.choice(["0", "100%"])
    await world.carry_out(run)
    result = run.result
    if result is None or result.error:
        return
    if not result.counts.get(Result.REJECTED):
        raise Broken("a bad row is not rejected", result.counts)
    is_expected = all(each.result is Result.REJECTED for each in result.problems) and not result.held
    if (result.exit_code == 0) is not (is_expected and allowed != "0"):
        raise Broken("rejected products and the exit code", (allowed, result.exit_code, result.counts))
    stored = world.products() & run.wanted.keys()
    if result.store is None or result.store.owned != len(stored):
        raise Broken("products of this source in the store", (result.store, stored))


# --- plans and undoing ------------------------------------------------------------------------------------


@rule(3)
async def plan_is_saved(world: World, dice: random.Random) -> None:
    await _saved(world, dice)


async def _saved(world: World, dice: random.Random) -> Run | None:
    """A run that writes a new plan, with the result of the dry run; None if that failed."""
    await asyncio.sleep(A_WHILE)
    file = world.file("plan")
    run = world.run(some_rules(world, dice), dry_run=True, save_plan=file)
    result = await world.calmly(run)
    if result.error:
        return None
    save(result, world.store, file, **run.options)
    world.plans.append(replace(run, plan=file, options={}))
    return world.plans[-1]


@rule(3)
async def planned_run(world: World, dice: random.Random) -> None:
    """A plan that is written at once is what it says, and so is a dry run of it."""
    chosen = await _saved(world, dice)
    if chosen is None or (planned := chosen.result) is None:
        return
    options = {"batch_size": world.batch_size}
    dry, run = (replace(chosen, options=options | more, result=None) for more in ({"dry_run": True}, {}))
    if dice.random() < 0.5:
        await world.calmly(dry)
    await world.carry_out(run)
    if world.passing:
        return
    if run.result is None or written(run.result) != written(planned):
        raise Broken("a plan is not the run", (written(planned), run.result and written(run.result)))
    if dry.result is not None and written(dry.result) != written(planned):
        raise Broken("a dry run of a plan is not the plan", (written(planned), written(dry.result)))


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


@rule(2)
async def plan_is_overtaken(world: World, dice: random.Random) -> None:
    """The merchant edits what a plan would change before it is written."""
    some_changes(world, dice)
    chosen = await _saved(world, dice)
    for _ in range(dice.randint(1, 5)):
        await RULES["merchant_edits"].happen(world, dice)
    if chosen is not None:
        await world.carry_out(replace(chosen, options={"max_retries": world.retries}, result=None))


@rule(4)
async def skus_move_in_a_cycle(world: World, dice: random.Random) -> None:
    """Each product is in a batch of its own, so that none of them can be written first."""
    world.source.dice = dice
    for _ in range(dice.choice([1, 2, 3])):
        world.source.hand_on_skus()
    world.source.publish()
    run = world.run(some_rules(world, dice), batch_size=1)
    if dice.random() < 0.4:
        some_faults(world, dice)
    await world.carry_out(run)


@rule(5)
async def late_removal(world: World, dice: random.Random) -> None:
    """Runs remove what has been missing for a week: one that comes a week later, all that the first saw."""
    rules = replace(some_rules(world, dice), on_missing=dice.choice(["draft", "delete"]))
    run = world.run(rules, remove_after=7 * DAY)
    run.is_narrow = True
    is_disturbed = dice.random() < 0.2  # so that a mark may not have arrived, with a warning
    if is_disturbed:
        some_faults(world, dice)
    await world.carry_out(run)
    if run.is_clean and not is_disturbed and dice.random() < 0.5:
        await asyncio.sleep(8 * DAY)
        await world.carry_out(world.run(rules, remove_after=7 * DAY))


@rule(2)
async def stock_is_shared_or_split_after_a_kill(world: World, dice: random.Random) -> None:
    """The source changes which variants share their stock before a run is killed, and again after it."""
    world.source.dice = dice
    if not world.source.share_stock():
        return
    run = world.run(some_rules(world, dice))
    world.network.due = {dice.randint(1, 6): dice.choice(["killed during", "both killed", "killed before"])}
    await world.carry_out(run)
    if dice.random() < 0.8:
        world.source.share_stock()
    await world.carry_out(world.run(some_rules(world, dice)))


@rule(2)
async def metadata_is_sent_back(world: World, dice: random.Random) -> None:
    """The admin sends the metadata that it read before a run, with the record of then.

    Not if the run changed which variants there are: a record that names others says that the merchant deleted
    some, or gave them other option values, which can need a hand to settle.
    """
    keys = world.oracle.known()
    if not keys:
        return
    key = dice.choice(keys)
    before = deepcopy(world.oracle.products[key])
    product = world.shop.product(before.store_id or "")
    if "pending" in ((product["metadata"] or {}).get("medusa_sync") or {"pending": ""}):
        return  # Medusa refuses its nulls in lists
    some_changes(world, dice)
    await world.carry_out(world.run(some_rules(world, dice)))
    if key in world.oracle.known() and _shape(world.shop.product(product["id"])) == _shape(product):
        world.shop.edit(product, metadata=product["metadata"])
        world.oracle.record_came_back(key, before)


def _shape(product: Json) -> dict[str, set[str]]:
    """The option values of each variant, by its id."""
    return {each["id"]: {value["value"] for value in each["options"]} for each in product["variants"]}


@rule(2)
async def merchant_is_overruled(world: World, dice: random.Random) -> None:
    run = world.run(replace(some_rules(world, dice), overwrites=True))
    await world.carry_out(run)


@rule(2)
async def images_change_at_their_urls(world: World, dice: random.Random) -> None:
    """A run that asks for all images again copies those that have changed, as a dry run says."""
    if not world.copies:
        return
    urls = sorted({*chain.from_iterable(each.get("images", ()) for each in world.source.products.values())})
    world.pictures.versions.update(dice.sample(urls, dice.randint(0, min(4, len(urls)))))
    rules = replace(some_rules(world, dice), overwrites=True)
    run, plan = world.run(rules, only="images"), None
    run.is_narrow = True
    if dice.random() < 0.4:
        some_faults(world, dice)
    else:
        await asyncio.sleep(A_WHILE)
        plan = await world.calmly(world.run(rules, only="images", dry_run=True))
    await world.carry_out(run)
    if plan is None or world.passing or not run.is_clean or run.result is None:
        return
    if old := world.outdated():
        raise Broken("an image that has changed is not copied again", old)
    if shown(plan) != shown(run.result):
        raise Broken("a dry run is not the run", (shown(plan), shown(run.result)))


@rule(5)
async def settle(world: World, dice: random.Random) -> None:
    world.rules = replace(some_rules(world, dice), sale_prices=world.rules.sale_prices)
    await world.settle()
