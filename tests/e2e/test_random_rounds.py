"""After random edits on both sides, the store matches the rules: the soak test without faults."""

from __future__ import annotations

import random
from pathlib import Path

from tests.e2e.fault_proxy import FaultProxy
from tests.harness.breakable import BreakableStore
from tests.harness.dummyjson import dummyjson
from tests.soak.loop import Soak
from tests.soak.source import Source
from tests.tiers import times

CALM = frozenset({"faults", "two machines"})


def test_the_store_matches_the_rules_after_every_round(
    breakable: BreakableStore, proxy: FaultProxy, tmp_path: Path
) -> None:
    seed, turns = 1, times(10, quick=1)
    with dummyjson([]) as server:
        soak = Soak(breakable, proxy, Source(server, random.Random(seed), CALM), tmp_path, seed, CALM)
        for _ in range(turns):
            soak.turn()
    assert soak.summary.comparisons == turns
    assert soak.edits > 0
