"""What a store refuses together is divided until it is known what it refuses alone."""

import asyncio
from math import ceil, log2
from random import Random

import pytest

from medusa_sync.medusa.bisect import isolate
from tests.tiers import times


@pytest.mark.parametrize("refused_together", [False, True], ids=["alone", "pairs too"])
def test_each_thing_is_accepted_once_or_refused_alone(*, refused_together: bool) -> None:
    for seed in range(times(2000, quick=200)):
        dice = Random(seed)
        things = list(range(dice.randint(2, 15)))
        bad = {each for each in things if dice.random() < 0.3} or {dice.choice(things)}
        pair = set(dice.sample(things, 2)) if refused_together else {-1}
        accepted, alone = list[int](), list[int]()

        async def attempt(
            part: list[int], bad: set[int] = bad, pair: set[int] = pair, accepted: list[int] = accepted
        ) -> list[int]:
            if bad.intersection(part) or pair.issubset(part):
                return part
            accepted.extend(part)
            return []

        async def by_itself(thing: int, alone: list[int] = alone) -> None:
            alone.append(thing)

        asyncio.run(isolate(things, attempt, by_itself))
        assert sorted(accepted + alone) == things, seed
        assert bad <= set(alone), seed
        assert refused_together or bad == set(alone), seed


@pytest.mark.parametrize("number", [2, 15, 100])
def test_a_single_one_costs_few_attempts(number: int) -> None:
    for bad in range(number):
        parts = list[list[int]]()

        async def attempt(part: list[int], bad: int = bad, parts: list[list[int]] = parts) -> list[int]:
            parts.append(part)
            return part if bad in part else []

        async def by_itself(thing: int, bad: int = bad) -> None:
            assert thing == bad

        asyncio.run(isolate(list(range(number)), attempt, by_itself))
        assert len(parts) <= ceil(log2(number)) + 1, bad
