"""What Medusa can write in bulk: an export with many terms, and a new variant of many products."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.results import ADDED, ADDED_VALUE, BULK, EXPORT, Scenario
from benchmarks.scenarios import rounds
from benchmarks.shop import Shop

EXPORTED = 330  # products
GROWING = 60  # products
_PROFILE = "recommended"


def measured(shop: Shop, runs: int) -> Iterator[Scenario]:
    yield _export(shop, runs)
    # 3 sizes in 2 colours lack one variant; 6 sizes get a seventh, which is a new value of the option.
    yield _growth(shop, ADDED, 5, runs)
    yield _growth(shop, ADDED_VALUE, 6, runs)


def _export(shop: Shop, runs: int) -> Scenario:
    """The command reads the file, and the cheapest way the same products as JSON."""
    scenario = Scenario(BULK, EXPORTED, _PROFILE, EXPORT)
    with (
        tempfile.TemporaryDirectory(prefix="medusa-sync-bench-") as folder,
        shop.servers(EXPORTED, "--export", Path(folder) / "export.csv") as servers,
    ):
        counts = {"created": EXPORTED}
        for _ in rounds(shop, scenario, runs):
            shop.compare(scenario, servers, counts, "first", source=servers.edited, before=shop.store.reset)
        shop.check(replace(servers, plain=servers.edited))
    return scenario


def _growth(shop: Shop, name: str, variants: int, runs: int) -> Scenario:
    """Each of the products has another variant and a new price."""
    scenario = Scenario(BULK, GROWING, _PROFILE, name, variants=variants)
    with shop.servers(GROWING, "--added", variants=variants) as servers:
        grown = replace(servers, plain=servers.edited)
        for _ in rounds(shop, scenario, runs):
            counts = {"updated": GROWING}
            shop.compare(scenario, grown, counts, "changed", before=lambda: shop.fill(servers))
        shop.check(grown)
    return scenario
