"""Histories of a whole world hold, are repeatable, and are shortened if they do not hold."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.tiers import deep
from tests.world.__main__ import parsed, simulate, text
from tests.world.history import FAILED, OPEN, Ending, History, Step, history_of, live
from tests.world.shrink import shortest

GROUPS, IN_GROUP = 8, 12

PRINT_REQUESTS = """
import sys
from tests.world.history import history_of, live
for seed in map(int, sys.argv[1:]):
    ending = live(history_of(seed))
    print(ending.broken, *ending.sent, *ending.log, sep="\\n")
"""


@pytest.mark.parametrize("group", range(GROUPS))
def test_histories_hold(group: int) -> None:
    for seed in range(group * IN_GROUP, (group + 1) * IN_GROUP):
        if str(seed) in OPEN:
            continue
        ending = live(history_of(seed))
        assert not ending.broken, (seed, ending.details)


def test_what_is_open_still_fails() -> None:
    """What is mended leaves the list."""
    assert [each for each in OPEN if not live(parsed(each)).broken] == []


@pytest.mark.parametrize("history", FAILED, ids=lambda history: history.partition("/")[0])
def test_what_failed_once_holds(history: str) -> None:
    ending = live(parsed(history))
    assert not ending.broken, (FAILED[history], ending.details)


@deep
def test_new_histories_hold() -> None:
    assert simulate(int.from_bytes(os.urandom(4)), minutes=20, count=None) == 0


def test_the_same_seed_sends_the_same_requests() -> None:
    """Also in another process, where sets have another order."""
    seeds = [str(seed) for seed in range(10_000, 10_012)]
    outputs = [
        subprocess.run(
            [sys.executable, "-c", PRINT_REQUESTS, *seeds],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": number},
        ).stdout
        for number in "12"
    ]
    assert len(outputs[0].splitlines()) > 500
    assert outputs[0] == outputs[1]


def test_a_history_is_shortened_to_the_steps_that_break_it() -> None:
    history = history_of(1)
    [one, two] = history.steps[2], history.steps[7]

    def happen(shorter: History) -> Ending:
        return Ending("broken" if {one, two} <= {*shorter.steps} else "")

    assert shortest(history, happen(history), happen)[0].steps == (one, two)


def test_what_is_printed_of_a_history_can_be_repeated() -> None:
    history = history_of(3)
    assert parsed(text(history)) == history == parsed("3")
    assert parsed(text(replace(history, steps=(Step("settle", 5),)))).steps == (Step("settle", 5),)
