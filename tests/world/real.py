"""Histories on a real store: `python -m tests.world.real --minutes 60`, or `--compare 100` with memory."""

import argparse
import logging
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tests.harness.breakable import BreakableStore, breakable_store
from tests.harness.postgres import running_postgres
from tests.world.__main__ import text
from tests.world.backends import Real
from tests.world.exact import doubled
from tests.world.history import OPEN, Ending, History, history_of, live
from tests.world.stored import Stored, StoredVariant

ONLY_IN_MEMORY = frozenset(f"fault: {each}" for each in ("undone", "undone and lost"))
"""States of histories in which a call fails at a step that a real store does not fail at."""
KILLS = frozenset(f"fault: {each}" for each in ("store killed", "both killed"))
"""States of histories that depend on the moment in which the store was killed."""
_ID = re.compile(r"\b[a-z]+_[0-9A-Z]{26}\b")
_SHOWN = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.world.real", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (10)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9), help="the first")
    parser.add_argument("--compare", metavar="COUNT", type=int, help="so many histories, with one in memory")
    chosen = parser.parse_args()
    logging.disable()
    print(f"seed {chosen.seed}", flush=True)
    with running_postgres() as postgres, breakable_store(postgres) as server:
        if chosen.compare:
            return compare(server, chosen.seed, chosen.compare)
        return soak(server, chosen.seed, 60 * chosen.minutes)


def soak(server: BreakableStore, seed: int, seconds: float) -> int:
    """Play new histories until the time is over."""
    begin, number, failures, states = time.monotonic(), 0, 0, Counter[str]()
    while time.monotonic() < begin + seconds:
        history = history_of(seed + number)
        ending, _ = play(server, history)
        number, failures, states = number + 1, failures + bool(ending.broken), states + ending.states
        if ending.broken:
            print(f"FAILED {ending.broken}\n  {text(history)}\n{ending.details}", flush=True)
            print("\n".join(ending.log), flush=True)
    print(f"{number} histories in {time.monotonic() - begin:.0f} s, {failures} failed")
    for name, times in sorted(states.items()):
        print(f"{times:8} {name}")
    return 1 if failures else 0


def play(server: BreakableStore, history: History) -> tuple[Ending, dict[str, Any]]:
    """Let a history happen to the real store, after it was made empty; returns what it has then, too."""
    server.reset()
    with Real(server) as store:
        ending = live(history, store)
        server.store.wait_until_idle()
        left = {} if ending.broken else alike(ending.stored())
    if not ending.broken and (twice := doubled(server.store.database_url)):
        ending.broken, ending.details = "stored more than once", "\n".join(twice)
    return ending, left


def compare(server: BreakableStore, seed: int, count: int) -> int:
    """Play histories on both stores, and compare what they have at the end."""
    begin, failures, others, played = time.monotonic(), 0, Counter[str](), 0
    while played < count:
        history, seed = history_of(seed), seed + 1
        expected = live(history)
        if expected.broken or str(history.seed) in OPEN or expected.states.keys() & (ONLY_IN_MEMORY | KILLS):
            others["histories left out"] += 1
            continue
        before = alike(expected.stored())
        (ending, after), played = play(server, history), played + 1
        if told(ending) != told(expected):
            others["histories that went another way"] += 1
        differences = [] if ending.broken else [*different(before, after)]
        if ending.broken or differences:
            failures += 1
            print(
                f"FAILED {ending.broken or 'the stores differ'}\n  --show {text(history)}\n{ending.details}"
            )
            print("\n".join(differences[:_SHOWN]), flush=True)
    print(f"{played} histories in {time.monotonic() - begin:.0f} s, {failures} failed, {dict(others)}")
    return 1 if failures else 0


def told(ending: Ending) -> list[str]:
    """What happened, without ids."""
    return [_ID.sub("<id>", each) for each in ending.log]


def alike(stored: Mapping[str, Stored]) -> dict[str, Any]:
    """What two stores have to agree on: all but ids."""
    return {
        key if each.owned.get("external_id") or ":" in key else each.owned["title"]: {
            "status": each.status,
            **each.owned,
            **{name: each.others[name] for name in ("handle", "own metadata")},
            "channels": len(each.others["sales channels"]),
            "values": sorted((each.options[own], sorted(values)) for own, values in each.values.items()),
            "variants": sorted((_variant(each, own) for own in each.variants.values()), key=str),
        }
        for key, each in stored.items()
    }


def _variant(product: Stored, variant: StoredVariant) -> dict[str, Any]:
    return {
        **variant.owned,
        "values": sorted((product.options.get(own, ""), value) for own, value in variant.values.items()),
        "is managed": variant.is_managed,
        "items": sorted(variant.items, key=str),
        "other prices": [_ID.sub("<id>", str(each)) for each in variant.others["other prices"]],
        "levels elsewhere": sorted(variant.others["levels elsewhere"].values()),
    }


def different(one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[str]:
    """The fields that differ."""
    for key in sorted(one.keys() | two.keys()):
        if key not in one or key not in two:
            yield f"{key} is only in {'memory' if key in one else 'the real store'}"
            continue
        for name, value in one[key].items():
            if value != two[key][name]:
                yield f"{key} {name}: {value!r} in memory, {two[key][name]!r} in the real store"


if __name__ == "__main__":
    sys.exit(main())
