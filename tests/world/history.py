"""Histories: what happens to a world, step by step, so that each can be repeated, and shortened."""

import asyncio
import random
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.harness.time_lapse import TimeLapse
from tests.world.backends import Backend, InMemory
from tests.world.clock import simulated
from tests.world.network import Sent
from tests.world.promises import RULES
from tests.world.runs import Broken
from tests.world.stored import Stored, stored_in
from tests.world.world import World

LENGTHS = (6, 12, 25)
FAILED, OPEN = (
    dict(line.split(maxsplit=1) for line in Path(__file__).with_name(name).read_text().splitlines())
    for name in ("failed.txt", "open.txt")
)
"""Histories, or seeds of them, that failed once, and that still fail: what they found."""


@dataclass(frozen=True)
class Step:
    """A rule, and the seed of its dice, which do not depend on other steps."""

    rule: str
    seed: int

    def __str__(self) -> str:
        return f"{self.rule}:{self.seed}"


@dataclass(frozen=True)
class History:
    """The steps of a seed, or some of them."""

    seed: int
    steps: tuple[Step, ...]


@dataclass
class Ending:
    """How a history ended: what does not hold, if anything, and everything that was sent."""

    broken: str = ""  # the kind of it
    details: str = ""
    log: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    sent: list[Sent] = field(default_factory=list)
    stored: Callable[[], Mapping[str, Stored]] = dict  # what the store has now


def history_of(seed: int, others: Mapping[str, int] = {}) -> History:
    """The history of a seed; with other weights of rules, it is another one."""
    dice = random.Random(seed)
    names, weights = list(RULES), [others.get(name, each.weight) for name, each in RULES.items()]
    chosen = ["source_gets_products", "settle", *dice.choices(names, weights, k=dice.choice(LENGTHS))]
    return History(seed, tuple(Step(name, dice.randrange(10**6)) for name in [*chosen, "settle"]))


def live(history: History, store: Backend | None = None) -> Ending:
    """Let a history happen in a new world, with a store in memory or another empty one."""
    ending = Ending()
    with (
        TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=TimeLapse) as runner,
        simulated(runner.get_loop()) as (clock, ids),
    ):
        runner.get_loop().set_exception_handler(lambda *_: None)  # tasks of killed runs
        world = World(history.seed, Path(folder), clock, InMemory() if store is None else store)
        ending.stored = lambda: stored_in(world.shop)
        ending.log, ending.states, ending.sent = world.log, world.states, world.network.sent
        try:
            runner.run(_happen(world, ids, history.steps))
        except Broken as broken:
            ending.broken, ending.details = broken.what, str(broken)
        except Exception as error:  # noqa: BLE001 - any other is a finding, too
            ending.broken = f"{type(error).__name__}: {str(error)[:80]}"
            ending.details = traceback.format_exc()
    return ending


async def _happen(world: World, ids: random.Random, steps: Sequence[Step]) -> None:
    for number, step in enumerate(steps, 1):
        world.note(f"{number:3} {step}")
        dice = random.Random(step.seed)
        for each in (world.network.dice, world.store.dice, ids):
            each.seed(dice.random())
        random.seed(dice.random())  # of pauses between attempts
        await RULES[step.rule].happen(world, dice)
        world.end_step()
