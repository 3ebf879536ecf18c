"""Quiet runs, and the first sync of a small catalogue, with a long way to the source and the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.results import DISTANCE, FIRST, QUIET, Scenario
from benchmarks.scenarios import first_sync, quiet_run
from benchmarks.shop import Shop
from benchmarks.targets import SMALL

ROUND_TRIP_MS = 100


def measured(shop: Shop, sizes: Sequence[int], runs: int) -> Iterator[Scenario]:
    for size in sizes:
        with shop.servers(size) as near, shop.far(near, ROUND_TRIP_MS) as far:
            if size <= SMALL:
                yield first_sync(shop, far, Scenario(DISTANCE, size, "default", FIRST), runs)
                shop.check(near)
                shop.vacuum()
            else:
                shop.fill(near)
            yield quiet_run(shop, far, Scenario(DISTANCE, size, "default", QUIET), runs)
