"""First sync, quiet run and 1 % changed on a real store, each next to the cheapest way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.results import CHANGED, FIRST, QUIET, STORE, Scenario
from benchmarks.shop import Servers, Shop


def measured(shop: Shop, sizes: Sequence[int], profiles: Sequence[str], runs: int) -> Iterator[Scenario]:
    """Yield each scenario when it is done; the later ones use the products of the first one."""
    for size in sizes:
        with shop.servers(size) as servers:
            for profile in profiles:
                yield first_sync(shop, servers, Scenario(STORE, size, profile, FIRST), runs)
                shop.check(servers)
                shop.fill(servers)  # the cheapest way writes no digests
                yield quiet_run(shop, servers, Scenario(STORE, size, profile, QUIET), runs)
                yield changed(shop, servers, Scenario(STORE, size, profile, CHANGED), runs)
                shop.check(servers)


def first_sync(shop: Shop, servers: Servers, scenario: Scenario, runs: int) -> Scenario:
    for _ in rounds(shop, scenario, runs):
        counts = {"created": servers.size}
        shop.compare(scenario, servers, counts, "first", before=shop.store.reset)
    return scenario


def quiet_run(shop: Shop, servers: Servers, scenario: Scenario, runs: int) -> Scenario:
    for _ in rounds(shop, scenario, runs):
        shop.compare(scenario, servers, {"unchanged": servers.size}, "quiet")
    return scenario


def changed(shop: Shop, servers: Servers, scenario: Scenario, runs: int) -> Scenario:
    """The command syncs the changes, and the cheapest way changes everything back."""
    counts = {"updated": servers.changed, "unchanged": servers.size - servers.changed}
    for _ in rounds(shop, scenario, runs):
        shop.compare(scenario, servers, counts, "changed", source=servers.edited)
    return scenario


def rounds(shop: Shop, scenario: Scenario, runs: int) -> Iterator[None]:
    for number in range(1, runs + 1):
        products = f"{scenario.size} products of {scenario.variants} variants"
        title = f"{scenario.part}: {products}, {scenario.profile} settings, {scenario.name}"
        shop.say(f"{title}: run {number} of {runs}")
        yield
