"""Histories of new seeds until the time is over: `python -m tests.world --minutes 5 --seed 7`."""

import argparse
import logging
import random
import sys
import time
from collections import Counter

from tests.world.history import History, Step, history_of, live
from tests.world.shrink import shortest
from tests.world.states import RARE


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.world", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="how long (5)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9), help="the first")
    parser.add_argument("--count", type=int, help="so many histories instead")
    parser.add_argument("--show", metavar="HISTORY", help="let this one happen: a seed, or what was printed")
    chosen = parser.parse_args()
    logging.disable()
    return show(parsed(chosen.show)) if chosen.show else simulate(chosen.seed, chosen.minutes, chosen.count)


def simulate(seed: int, minutes: float, count: int | None) -> int:
    print(f"seed {seed}", flush=True)
    begin, number, failures, states = time.monotonic(), 0, 0, Counter[str]()
    while number < count if count is not None else time.monotonic() < begin + 60 * minutes:
        history = history_of(seed + number)
        ending = live(history)
        states += ending.states
        number += 1
        if ending.broken:
            failures += 1
            history, ending = shortest(history, ending)
            print(f"FAILED {ending.broken}\n  --show {text(history)}", flush=True)
    took = time.monotonic() - begin
    print(f"{number} histories in {took:.0f} s ({60 * number / took:.0f} a minute), {failures} failed")
    for name, times in sorted(states.items()):
        print(f"{times:8} {name}")
    missing = [name for name in RARE if not states[name]]
    for name in missing:
        print(f"NEVER {name}")
    return 1 if failures or (missing and count is None and minutes >= 5) else 0


def show(history: History) -> int:
    ending = live(history)
    print("\n".join(ending.log))
    print(ending.details or "nothing is wrong")
    return 1 if ending.broken else 0


def text(history: History) -> str:
    return f"{history.seed}/{','.join(map(str, history.steps))}"


def parsed(text: str) -> History:
    seed, _, steps = text.partition("/")
    if not steps:
        return history_of(int(seed))
    found = (each.partition(":") for each in steps.split(","))
    return History(int(seed), tuple(Step(name, int(dice)) for name, _, dice in found))


if __name__ == "__main__":
    sys.exit(main())
