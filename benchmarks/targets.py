"""The targets of the benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from benchmarks.results import CHANGED, FIRST, QUIET, Client, Results, Scenario
from benchmarks.startup import HTTPX, TYPER, VERSION

SMALL = 194
_FIRST_LIMITS: Mapping[str, float] = {"default": 1.15, "recommended": 1.10}
QUIET_LIMIT = 1.5


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


def floor_limit(scenario: Scenario, scenarios: list[Scenario]) -> float | None:
    """The limit as a multiple of the floor; None for a small catalogue, which is dominated by start-up."""
    if scenario.size <= SMALL:
        return None
    if scenario.name == FIRST:
        return _FIRST_LIMITS.get(scenario.profile)
    if scenario.name == QUIET:
        return QUIET_LIMIT
    quiet = _find(scenarios, scenario.size, scenario.profile, QUIET)
    if quiet is None or not scenario.writes_floor_s:
        return None
    return (QUIET_LIMIT * quiet.wall + median(scenario.writes_floor_s)) / scenario.floor


def targets(results: Results) -> list[Target]:
    """The targets for which there are measurements."""
    found = [*_times(results.scenarios), *_start(results), *_client(results.clients)]
    return sorted(found, key=lambda target: target.what)


def _times(scenarios: list[Scenario]) -> Iterator[Target]:
    for scenario in scenarios:
        title = f"{scenario.name}, {scenario.size:,} products, {scenario.profile} settings"
        limit = floor_limit(scenario, scenarios)
        if limit is None:
            continue
        if scenario.name == CHANGED:
            yield Target(
                f"{title}: wall (1.5 x the quiet run + floor of the writes)",
                scenario.wall,
                limit * scenario.floor,
                "{:.2f} s",
            )
        else:
            yield Target(f"{title}: wall / floor", scenario.ratio, limit, "{:.2f}")
        if scenario.name == FIRST:
            share = median(scenario.cpu_s) / scenario.wall * 100
            yield Target(f"{title}: client CPU / wall", share, 5, "{:.1f} %")


def _start(results: Results) -> Iterator[Target]:
    start = results.start
    if VERSION in start.seconds:
        yield Target("`--version` / `import typer`", start.ratio(VERSION, TYPER), 2, "{:.2f}")
        for quiet in results.scenarios:
            if quiet.size == SMALL and quiet.name == QUIET:
                title = f"quiet run, 194 products, {quiet.profile} settings / `import httpx`"
                yield Target(title, quiet.wall / median(start.seconds[HTTPX]), 3, "{:.2f}")


def _client(clients: list[Client]) -> Iterator[Target]:
    for name in (FIRST, QUIET):
        by_size = {client.size: client for client in clients if client.name == name}
        small, middle, large = (by_size.get(size) for size in (SMALL, 5_000, 50_000))
        if small:
            yield Target(f"{name}: peak memory, 194 products", median(small.peak_mb), 75, "{:.1f} MB")
        if small and large:
            more = median(large.peak_mb) - median(small.peak_mb)
            yield Target(f"{name}: additional memory for 50,000 products", more, 10, "{:.1f} MB")
        if middle and large:
            growth = large.cpu_ms_per_product / middle.cpu_ms_per_product
            yield Target(f"{name}: CPU per product, 50,000 / 5,000 products", growth, 1.2, "{:.2f}")


def _find(scenarios: list[Scenario], size: int, profile: str, name: str) -> Scenario | None:
    key = (size, profile, name)
    return next((each for each in scenarios if (each.size, each.profile, each.name) == key), None)
