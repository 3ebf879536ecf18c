"""Looks for a failure of the package that is imported, which this repository without the bug does not have.

`python -m tests.world.mutants.judge SECONDS SEED FILE [NAME ...]` prints what it found in this time, that of
the processor: a busy machine finds the same. First it tries what the bug names: checks of the planner, rules
that histories then have often, then tests of pytest. The file of the bug decides whether other checks may
find it.
`... --again TRIAL` plays one trial, and exits with 1 if it fails.
"""

import logging
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.world.__main__ import parsed, text
from tests.world.history import OPEN, history_of, live
from tests.world.planner import announced, checks, items, order, records
from tests.world.planner.case import case
from tests.world.promises import RULES

ROOT = Path(__file__).resolve().parents[3]
_ALL = (*checks.CHECKS, *records.CHECKS, *items.CHECKS, *announced.CHECKS, *order.CHECKS)
CHECKS = {each.__name__: each for each in _ALL}
_PLANNED = ("core/", "app/")  # what the planner uses
_OFTEN = 100
"""The weight of a rule that a bug names, among others of 1 to 10."""
_AGAIN = "--again"


class Trial(Struct, frozen=True):
    """A case of a check, a history, or a test of pytest."""

    judge: str
    what: str

    def __str__(self) -> str:
        return f"{self.judge} {self.what}"

    def failure(self) -> str:
        """What does not hold, or nothing."""
        if self.judge == "world":
            return live(parsed(self.what)).broken
        if self.judge == "pytest":
            command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", self.what]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            return done.stdout.strip().splitlines()[-1] if done.returncode else ""
        try:
            CHECKS[self.judge](case(int(self.what)))
        except Exception as error:  # noqa: BLE001 - whatever a bug raises has found it
            return str(error)[:200] or type(error).__name__
        return ""

    def fails_without_the_bug(self) -> bool:
        command = [sys.executable, "-m", __spec__.name, _AGAIN, self.judge, self.what]
        return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode != 0


class Found(Struct, frozen=True):
    """What a judge found, after how many seconds; and what does not count."""

    trial: str
    failure: str
    seconds: float
    not_counted: list[str]


def trials(file: str, named: Sequence[str], seconds: float, seed: int) -> Iterator[Trial]:
    """All there is time for: a third of it for what is named, a third for other checks, and histories."""
    chosen = [each for each in named if each in CHECKS]
    often = [each for each in named if each in RULES]
    kinds = [*(_cases(each, seed) for each in chosen), *([_histories(seed, often)] if often else [])]
    yield from _in_turns(kinds, seconds / 3)
    yield from (Trial("pytest", each) for each in named if "::" in each)
    if file.startswith(_PLANNED):
        others = [each for each in CHECKS if each not in chosen]
        yield from _in_turns([_cases(each, seed) for each in others], 2 * seconds / 3)
    yield from _in_turns([_histories(seed, [])], seconds)


def _cases(check: str, seed: int) -> Iterator[Trial]:
    return (Trial(check, str(number)) for number in count(seed))


def _histories(seed: int, often: Sequence[str]) -> Iterator[Trial]:
    weights = dict.fromkeys(often, _OFTEN)
    numbers = (number for number in count(seed) if str(number) not in OPEN)
    return (Trial("world", text(history_of(number, weights))) for number in numbers)


def _in_turns(kinds: Sequence[Iterator[Trial]], until: float) -> Iterator[Trial]:
    """Trials of all kinds, with the same time for each: some play a case once, others kill each step."""
    spent = dict.fromkeys(kinds, 0.0)
    while kinds and used() < until:
        kind = min(spent, key=spent.__getitem__)
        start = used()
        yield next(kind)
        spent[kind] += used() - start


def used() -> float:
    """The time of the processor, also for tests of pytest."""
    return time.process_time() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def judged(file: str, named: Sequence[str], seconds: float, seed: int) -> Found:
    not_counted = list[str]()
    for trial in trials(file, named, seconds, seed):
        if failure := trial.failure():
            took = used()
            if not trial.fails_without_the_bug():
                return Found(str(trial), failure, took, not_counted)
            not_counted.append(f"{trial} fails without the bug, too: {failure}")
    return Found("", "", used(), not_counted)


def main() -> int:
    logging.disable()
    if sys.argv[1] == _AGAIN:
        return 1 if Trial(*sys.argv[2:]).failure() else 0
    seconds, seed, file, *named = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_CPU, (round(2 * float(seconds)) + 10,) * 2)  # a bug may loop
    print(msgspec.json.encode(judged(file, named, float(seconds), int(seed))).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
