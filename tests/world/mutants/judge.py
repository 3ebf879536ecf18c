"""Looks for a failure of the package that is imported: first of the planner, then in histories of the world.

`python -m tests.world.mutants.judge SECONDS SEED` prints the first failure and exits with 1. If there is none
in this time, it exits with 0.
"""

import logging
import sys
import time
from collections.abc import Iterator
from itertools import count

from tests.world.history import history_of, live
from tests.world.planner.case import case
from tests.world.planner.checks import CHECKS

_PLANNER = 0.3  # of the time


def failures(seconds: float, first_seed: int) -> Iterator[str]:
    """What fails, while there is time."""
    begin = time.monotonic()
    for seed in count(first_seed):
        for check in CHECKS:
            try:
                check(case(seed))
            except Exception as error:  # noqa: BLE001 - whatever a bug raises has found it
                yield f"planner: {check.__name__}, seed {seed}: {str(error)[:200]}"
        if time.monotonic() > begin + _PLANNER * seconds:
            break
    for seed in count(first_seed):
        ending = live(history_of(seed))
        if ending.broken:
            yield f"world: seed {seed}: {ending.broken}"
        if time.monotonic() > begin + seconds:
            break


def main() -> int:
    logging.disable()
    found = next(failures(float(sys.argv[1]), int(sys.argv[2])), "")
    print(found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
