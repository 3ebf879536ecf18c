"""Runs of which more holds than of any run, with weights."""

import random
from dataclasses import replace
from typing import Any

from tests.world.merchant import ids_in
from tests.world.rules import rule
from tests.world.run_rules import some_changes, some_rules
from tests.world.runs import Broken
from tests.world.undo_rules import RULES
from tests.world.world import World

__all__ = ["RULES"]

_PASSING = (
    "500",
    "502 with HTML",
    "429",
    "lost before",
    "no connection",
    "lost after",
    "late",
    "undone",
    "cut off",
)
"""Faults after which a run goes on."""
_STOPPED = "written with other settings"


@rule(5)
async def one_fault_costs_nothing(world: World, dice: random.Random) -> None:
    """A run that may try again does everything, whatever one of its writes meets."""
    if world.passing:
        return
    before = world.run()
    await world.carry_out(before)  # nothing of an interrupted run is left
    some_changes(world, dice)
    run = world.run(some_rules(world, dice), max_retries=2)
    world.network.due = {dice.choice([1, 1, 2, 3, 4, 6]): dice.choice(_PASSING)}
    await world.carry_out(run)
    result = run.result
    if (
        before.is_clean
        and result is not None
        and result.exit_code
        and not world.needs_a_hand(result.problems)
    ):
        raise Broken("one fault cost something", (result.error, list(result.problems)))


@rule(4)
async def one_product_is_refused(world: World, dice: random.Random) -> None:
    """The store refuses some writes with one product: all others are written."""
    if world.passing:
        return
    before = world.run()
    await world.carry_out(before)  # nothing of an interrupted run is left
    stored = {each["external_id"]: each["id"] for each in world.shop.summaries()}
    keys = [each for each in world.oracle.known() if each in stored]
    if not (before.is_clean and keys):
        return
    some_changes(world, dice)
    for _ in range(dice.choice([0, 1])):
        world.source.change_everywhere()
    bad, left = dice.choice(keys), dice.choice([1, 2, 99])
    own = ids_in(str(world.shop.product(stored[bad])))

    def refuses(content: str) -> bool:
        nonlocal left
        is_created = f'"external_id":"{bad}"' in content  # others name it as the owner of a value
        left -= (is_met := is_created or not own.isdisjoint(ids_in(content)))
        return is_met and left >= 0

    world.network.refuses = refuses
    run = world.run(some_rules(world, dice))
    run.is_narrow = True
    await world.carry_out(run)
    problems = run.result.problems if run.result is not None else ()
    written = [each for each in problems if each.external_id in run.wanted]  # others are removed together
    wrong = [each for each in written if each.external_id != bad]
    if wrong and not world.needs_a_hand(wrong):
        raise Broken("one product is refused, and another one fails", wrong)


@rule(2)
async def settings_are_accepted(world: World, dice: random.Random) -> None:
    """A run with other settings is stopped, unless they are accepted: then later runs have them."""
    if world.passing or world.used != {(world.rules.sale_prices, world.copies)}:
        return
    world.rules = replace(world.rules, on_missing="keep")
    before = world.run()
    await world.carry_out(before)
    if not before.is_clean or not before.rows:
        return
    world.source.dice = dice
    for _ in range(dice.choice([0, 0, 2, 9])):
        world.source.drop()  # what is away keeps its settings
    world.source.publish()
    world.rules = replace(world.rules, sale_prices=not world.rules.sale_prices)
    begin = len(world.network.sent)
    forgotten = await world.calmly(world.run(accept_settings=False))
    if _STOPPED not in forgotten.error or any(each.is_write for each in world.network.sent[begin:]):
        raise Broken("other settings were not noticed", (forgotten.error, forgotten.counts))
    recorded, run = _settings(world), world.run(accept_settings=True)
    if dice.random() < 0.5:
        world.network.due = {
            dice.choice([1, 2, 3, 5]): dice.choice(["killed during", "killed before", "500"])
        }
    await world.carry_out(run)
    if _settings(world) == recorded and not run.is_clean:
        return  # nobody knows that they were accepted
    for _ in range(dice.randint(0, 3)):
        world.source.bring_back()
    world.source.publish()
    again = world.run(accept_settings=False)
    await world.carry_out(again)
    if again.result is not None and _STOPPED in again.result.error:
        raise Broken("accepted settings stopped a run", again.result.error)


def _settings(world: World) -> list[Any]:
    """The settings of all records, or those that were sent."""
    records = world.records().values()
    return [(each.get("pending") or {}).get("settings") or each.get("settings") for each in records]
