"""What comes every night after a first sync: other prices, other stock, both, and a tenth of everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks import edits
from benchmarks.results import ALL_PRICES, ALL_STOCK, CHANGES, PRICES_AND_STOCK, TENTH, Scenario
from benchmarks.scenarios import rounds
from benchmarks.shop import Shop

_PROFILE = "default"
_NAMES = {
    edits.PRICES: ALL_PRICES,
    edits.STOCK: ALL_STOCK,
    edits.BOTH: PRICES_AND_STOCK,
    edits.MIXED: TENTH,
}


def measured(shop: Shop, sizes: Sequence[int], runs: int) -> Iterator[Scenario]:
    """The command syncs an edit, and the cheapest way changes everything back."""
    for size in sizes:
        is_filled = False
        for edit, name in _NAMES.items():
            scenario, changed = Scenario(CHANGES, size, _PROFILE, name), edits.count(size, edit)
            counts = {"updated": changed, "unchanged": size - changed}
            with shop.servers(size, "--edit", edit) as servers:
                if not is_filled:
                    shop.fill(servers)
                    is_filled = True
                for _ in rounds(shop, scenario, runs):
                    shop.compare(
                        scenario,
                        servers,
                        {result: count for result, count in counts.items() if count},
                        "changed",
                        source=servers.edited,
                        before=shop.vacuum,
                    )
                yield scenario
                shop.check(servers)
