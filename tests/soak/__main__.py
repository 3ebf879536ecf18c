"""Random changes, edits and faults on a real store: `python -m tests.soak --minutes 60 --seed 7`."""

import argparse
import random
import sys
import time
from pathlib import Path

from tests.harness.breakable import breakable_store
from tests.harness.dummyjson import dummyjson
from tests.harness.fault_proxy import fault_proxy
from tests.harness.postgres import running_postgres
from tests.soak.loop import PARTS, Soak, clear
from tests.world.edits import KINDS
from tests.world.shop import Shop
from tests.world.source import Source


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (10)")
    seed = random.SystemRandom().randrange(10**6)
    parser.add_argument("--seed", type=int, default=seed, help="of the dice")
    parser.add_argument(
        "--without", metavar="PART", nargs="+", default=[], choices=[*PARTS, *KINDS], help="to leave out"
    )
    chosen = parser.parse_args()
    folder = Path("build", f"soak-{chosen.seed}").resolve()
    clear(folder)
    print(f"seed {chosen.seed}, {chosen.minutes:g} minutes, logs in {folder}", flush=True)
    begin = time.monotonic()
    with (
        running_postgres() as postgres,
        breakable_store(postgres) as store,
        Shop(store.store) as shop,
        dummyjson([]) as server,
        fault_proxy(store.store.url) as proxy,
    ):
        source = Source(server, random.Random(chosen.seed), frozenset(chosen.without))
        soak = Soak(store, shop, proxy, source, folder, chosen.seed, frozenset(chosen.without))
        try:
            soak.run(60 * chosen.minutes)
        except AssertionError as deviation:
            found: AssertionError | None = deviation
        else:
            found = None
    print(f"{soak.summary}, {soak.edits} edits of the merchant in {time.monotonic() - begin:.0f} s")
    for name, count in soak.faults_met.most_common():
        print(f"{count:6} {name}")
    if found:
        print(f"DEVIATION in round {soak.summary.rounds}, seed {chosen.seed}, logs in {folder}\n{found}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
