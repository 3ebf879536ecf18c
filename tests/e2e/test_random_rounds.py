"""After random edits on both sides, the store matches the rules: the soak test without faults."""

import random
from pathlib import Path

from tests.harness.breakable import BreakableStore
from tests.harness.dummyjson import dummyjson
from tests.harness.fault_proxy import FaultProxy
from tests.soak.loop import Soak
from tests.tiers import times
from tests.world.shop import Shop
from tests.world.source import Source

CALM = frozenset({"faults", "two machines"})


def test_the_store_matches_the_rules_after_every_round(
    breakable: BreakableStore, shop: Shop, proxy: FaultProxy, tmp_path: Path
) -> None:
    seed = 1
    with dummyjson([]) as server:
        source = Source(server, random.Random(seed), CALM)
        soak = Soak(breakable, shop, proxy, source, tmp_path, seed, CALM)
        # In the first turn nothing is stored that could be edited.
        while soak.summary.comparisons < times(10, quick=2) or not soak.edits:
            soak.turn()
