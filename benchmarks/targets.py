"""The targets of the benchmark: `python -m benchmarks.targets build/benchmark.json` prints which are met."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.results import (
    ADDED,
    ALL_PRICES,
    ALL_STOCK,
    BULK,
    CHANGES,
    DISTANCE,
    EXPORT,
    FIRST,
    LARGE,
    PRICES_AND_STOCK,
    QUIET,
    STORE,
    VARIANTS,
    Client,
    Results,
    Scenario,
)
from benchmarks.startup import TYPER, VERSION, starts_of

SMALL = 194
_MEMORY_SIZE = 50_000
_CLIENT_SIZE = 20_000
_FIRST_LIMIT = 1.2
_FIRST_REQUESTS = 50
_QUIET_LIMIT = 1.5
_QUIET_STARTS = 1.7
_QUIET_CPU_STARTS = 2.0
_VARIANTS_LIMIT = 1.2
_BULK_WRITES = {EXPORT: 40, ADDED: 10}
_ADDED_LIMIT_S = 3.0
_CHANGES_LIMIT = 1.5
_FAR_LIMITS_S = {194: 0.6, 5_000: 2.0}
_LARGE_LIMITS_S = {100_000: 15.0}


@dataclass(frozen=True)
class Target:
    """An upper limit for a number, which is shown in `format`."""

    what: str
    value: float
    limit: float
    format: str

    @property
    def is_met(self) -> bool:
        return self.value <= self.limit

    @property
    def shown_value(self) -> str:
        return self.format.format(self.value)

    @property
    def shown_limit(self) -> str:
        return self.format.format(self.limit)


def budget(scenario: Scenario) -> Target | None:
    """The target for the wall time of a scenario; None if it has none."""
    title = f"{scenario.name}, {scenario.size:,} products"
    is_small = scenario.size <= SMALL
    if scenario.part == DISTANCE and scenario.name == QUIET and scenario.size in _FAR_LIMITS_S:
        return _wall(f"{title}, 100 ms away", scenario, _FAR_LIMITS_S[scenario.size])
    if scenario.part == LARGE and scenario.size in _LARGE_LIMITS_S:
        return _wall(title, scenario, _LARGE_LIMITS_S[scenario.size])
    if scenario.part == VARIANTS and scenario.name == FIRST:
        what = f"{title} of {scenario.variants} variants: wall / cheapest way"
        return _ratio(what, scenario, _FIRST_LIMIT)
    if scenario.part == CHANGES and scenario.name in {ALL_PRICES, ALL_STOCK, PRICES_AND_STOCK}:
        return _ratio(f"{title}: wall / cheapest way", scenario, _CHANGES_LIMIT)
    if scenario.part == BULK and scenario.name == ADDED:
        return _wall(title, scenario, _ADDED_LIMIT_S)
    title = f"{title}, {scenario.profile} settings: wall / cheapest way"
    if scenario.part != STORE:
        return None
    if scenario.name == QUIET and is_small:
        # One bare request, and a multiple of the start.
        limits = zip(scenario.cheapest_with(_QUIET_STARTS), scenario.cheapest_with(1), strict=True)
        return _ratio(title, scenario, median(limit / one for limit, one in limits))
    if scenario.name == QUIET:
        return _ratio(title, scenario, _QUIET_LIMIT)
    if scenario.name == FIRST and scenario.profile in {"recommended", "default" if is_small else ""}:
        return _ratio(title, scenario, _FIRST_LIMIT)
    return None


def targets(results: Results) -> list[Target]:
    """The targets for which there are measurements."""
    walls = [target for each in results.scenarios if (target := budget(each)) is not None]
    return [
        *walls,
        *_requests(results.scenarios),
        *_large(results.scenarios),
        *_variants(results.scenarios),
        *_memory(results.clients),
        *_start(results),
    ]


def _ratio(what: str, scenario: Scenario, limit: float) -> Target:
    return Target(what, scenario.ratio, limit, "{:.2f}")


def _wall(what: str, scenario: Scenario, limit_s: float) -> Target:
    return Target(f"{what}: wall", scenario.wall, limit_s, "{:.2f} s")


def _requests(scenarios: list[Scenario]) -> Iterator[Target]:
    for each in scenarios:
        title = f"{each.name}, {each.size:,} products"
        if each.part == BULK and each.name in _BULK_WRITES:
            yield Target(f"{title}: writes", median(each.writes), _BULK_WRITES[each.name], "{:.0f}")
        elif (each.part, each.name, each.profile, each.size) == (STORE, FIRST, "default", SMALL):
            yield Target(f"{title}: requests", median(each.requests), _FIRST_REQUESTS, "{:.0f}")


def _large(scenarios: list[Scenario]) -> Iterator[Target]:
    by_size = {each.size: each for each in scenarios if each.part == LARGE}
    if len(by_size) < 2:
        return
    smallest, largest = by_size[min(by_size)], by_size[max(by_size)]
    title = f"quiet run: wall per product, {largest.size:,} / {smallest.size:,} products"
    yield Target(title, largest.ms_per_product / smallest.ms_per_product, 1, "{:.2f}")
    middle = by_size.get(_MEMORY_SIZE)
    if middle is None:
        return
    peak = median(middle.peak_mb)
    yield Target(f"quiet run: peak memory, {_MEMORY_SIZE:,} products", peak, 75, "{:.0f} MB")
    if largest.size > _MEMORY_SIZE:
        added = (median(largest.peak_mb) - peak) * 1e6 / (largest.size - _MEMORY_SIZE)
        yield Target(f"quiet run: memory per product beyond {_MEMORY_SIZE:,}", added, 150, "{:.0f} bytes")


def _variants(scenarios: list[Scenario]) -> Iterator[Target]:
    """Each quiet run with several variants, divided by the one with one variant right before it."""
    quiet = [each for each in scenarios if each.part == VARIANTS and each.name == QUIET]
    singles = {each.size: each for each in quiet if each.variants == 1}
    for several in quiet:
        if several.variants == 1 or several.size not in singles:
            continue
        single = singles[several.size]
        title = f"quiet run, {several.size:,} products: wall, {several.variants} variants / 1 variant"
        ratios = (wall / one for wall, one in zip(several.wall_s, single.wall_s, strict=True))
        yield Target(title, median(ratios), _VARIANTS_LIMIT, "{:.2f}")


def _memory(clients: list[Client]) -> Iterator[Target]:
    for client in clients:
        if client.size == _CLIENT_SIZE and client.name == FIRST:
            title = f"first sync: peak memory, {client.size:,} products, fake store"
            yield Target(title, median(client.peak_mb), 75, "{:.0f} MB")


def _start(results: Results) -> Iterator[Target]:
    if VERSION in results.start.seconds:
        yield Target("`--version` / `import typer`", results.start.ratio(VERSION, TYPER), 1.5, "{:.2f}")
    if results.start.cpu_s:
        title = f"quiet run, {SMALL} products: CPU beyond one request / `import httpx, typer`"
        yield Target(title, starts_of(results.start), _QUIET_CPU_STARTS, "{:.2f}")


def main() -> None:
    found = targets(Results.load([Path(name) for name in sys.argv[1:]]))
    for each in found:
        print("met   " if each.is_met else "MISSED", f"{each.what}: {each.shown_value} of {each.shown_limit}")
    sys.exit(not all(each.is_met for each in found))


if __name__ == "__main__":
    main()
