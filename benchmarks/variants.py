"""Products with variants: first sync, quiet run and 1 % changed; one product with a large record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.results import CHANGED, FIRST, QUIET, VARIANTS, Scenario
from benchmarks.scenarios import changed, first_sync, quiet_run, rounds
from benchmarks.shop import Servers, Shop

SEVERAL = 6
MANY = 2_000  # of a single product
_PROFILE = "recommended"


def measured(shop: Shop, sizes: Sequence[int], warm_up: int, runs: int) -> Iterator[Scenario]:
    for size in sizes:
        with shop.servers(size, variants=SEVERAL) as servers:
            yield first_sync(shop, servers, _scenario(servers, FIRST), runs)
            shop.check(servers)
            shop.fill(servers)  # the cheapest way writes no digests
            yield from _quiet_runs(shop, servers, warm_up, runs)
            yield changed(shop, servers, _scenario(servers, CHANGED), runs)
            shop.check(servers)
    with shop.servers(1, variants=MANY) as servers:
        shop.say(f"creating a product of {MANY} variants")
        shop.fill(servers)
        shop.check(servers)
        scenario = quiet_run(shop, servers, _scenario(servers, QUIET), runs)
        scenario.record_bytes = shop.largest_record()
        yield scenario


def _quiet_runs(shop: Shop, servers: Servers, warm_up: int, runs: int) -> Iterator[Scenario]:
    """Products with several variants and products with one, in turn, each kind in a store of its own."""
    several = _scenario(servers, QUIET)
    several.record_bytes = shop.largest_record()
    with shop.beside() as other, other.servers(servers.size) as single_servers:
        other.warm_up(warm_up)
        other.fill(single_servers)
        single = _scenario(single_servers, QUIET)
        single.record_bytes = other.largest_record()
        for _ in rounds(shop, several, runs):
            other.compare(single, single_servers, {"unchanged": servers.size}, "quiet")
            shop.compare(several, servers, {"unchanged": servers.size}, "quiet")
    yield single
    yield several


def _scenario(servers: Servers, name: str) -> Scenario:
    return Scenario(VARIANTS, servers.size, _PROFILE, name, variants=servers.variants)
