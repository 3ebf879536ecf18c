"""Looks for a failure of the package that is imported: first of the planner, then in histories of the world.

`python -m tests.world.mutants.judge FILE SECONDS SEED` prints after how many seconds it found what, and exits
with 1; with 0 if it finds nothing in this time, that of the processor: a busy machine finds the same.
The file of the bug decides whether the planner may find it.
"""

import logging
import resource
import sys
import time
from collections.abc import Iterator
from itertools import count

from tests.world.history import OPEN, history_of, live
from tests.world.planner import checks, items, records
from tests.world.planner.case import case

_PLANNER = 0.5  # of the time
_PLANNED = ("core/", "app/")  # what the planner uses


def failures(file: str, seconds: float, first_seed: int) -> Iterator[str]:
    """What fails, while there is time."""
    begin = time.process_time()
    known = {**checks.CHECKS, **records.CHECKS, **items.CHECKS}
    seeds, spent = dict.fromkeys(known, first_seed), dict.fromkeys(known, 0.0)
    while file.startswith(_PLANNED) and sum(spent.values()) < _PLANNER * seconds:
        check = min(known, key=spent.__getitem__)  # some play a case once, others kill each of its steps
        start, seed = time.process_time(), seeds[check]
        try:
            check(case(seed))
        except Exception as error:  # noqa: BLE001 - whatever a bug raises has found it
            yield f"planner: {check.__name__}, seed {seed}: {str(error)[:200]}"
        seeds[check] += 1
        spent[check] += time.process_time() - start
    for seed in (each for each in count(first_seed) if str(each) not in OPEN):
        ending = live(history_of(seed))
        if ending.broken:
            yield f"world: seed {seed}: {ending.broken}"
        if time.process_time() > begin + seconds:
            break


def main() -> int:
    file, seconds, seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    logging.disable()
    resource.setrlimit(resource.RLIMIT_CPU, (round(2 * seconds) + 10,) * 2)  # a bug may loop
    found = next(failures(file, seconds, seed), "")
    print(f"{time.process_time():.1f}\n{found}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
