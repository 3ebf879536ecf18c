"""What can happen to a world, with weights: to the source, the store and the time."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from tests.world.store import EVENTS, make_kit, until_settled
from tests.world.stored import stored_in
from tests.world.world import NUMBERS, World

Happen = Callable[[World, random.Random], Awaitable[None]]
RULES: dict[str, "Rule"] = {}
DAY = 86_400


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


@rule(3)
async def source_changes_rare_fields(world: World, dice: random.Random) -> None:
    world.source.dice = dice
    for _ in range(dice.randint(1, 4)):
        world.source.change_rare_fields()


@rule(5)
async def source_hands_on_skus(world: World, dice: random.Random) -> None:
    world.source.dice = dice
    for _ in range(dice.choice([1, 1, 2, 4])):
        world.source.hand_on_skus()
    world.source.publish()


@rule(3)
async def source_repeats_codes(world: World, dice: random.Random) -> None:
    """Variants of several products want the same SKU or barcode."""
    world.source.dice = dice
    for _ in range(dice.choice([1, 1, 2])):
        world.source.repeat_a_code()
    world.source.publish()


@rule(2)
async def source_drops_a_product(world: World, dice: random.Random) -> None:
    world.source.dice = dice
    world.source.drop()
    world.source.publish()


@rule(2)
async def source_says_that_a_product_is_deleted(world: World, dice: random.Random) -> None:
    """It goes on saying so until the product is back."""
    world.source.dice = dice
    world.source.say_deleted()
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
    until_settled(world, dice, EVENTS)


@rule(2)
async def merchant_makes_a_kit(world: World, dice: random.Random) -> None:
    own, item = make_kit(world.shop, dice)
    if own:
        stored = stored_in(world.shop)
        world.oracle.theirs[own] = stored[own]
        for key, product in stored.items():
            variants = product.variants.values()
            if users := {each.id for each in variants if item["id"] in each.others["ids of items"]}:
                world.oracle.use_in_a_kit(key, users, {item["sku"]})
        world.passing.insert(0, lambda: world.merchant_deletes_own(own))  # after stock is released
        world.note(f"    {own}")


# --- time, and the rest -----------------------------------------------------------------------------------


@rule(3)
async def time_passes(_world: World, dice: random.Random) -> None:
    await asyncio.sleep(dice.choice([60, 3_600, 4 * DAY, 10 * DAY]))


@rule(1)
async def clock_jumps(world: World, dice: random.Random) -> None:
    world.clock.error = dice.choice([0, -400 * DAY, -3_600, 3_600, 20 * DAY])


@rule(2)
async def settings_change(world: World, dice: random.Random) -> None:
    world.rules = replace(world.rules, sale_prices=dice.random() < 0.5)
    world.copies = world.can_copy and dice.random() < 0.7
