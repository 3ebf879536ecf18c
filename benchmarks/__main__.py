"""Measures, prints the tables and writes the results as JSON; exits with 1 if a target is missed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks import bulk, changes, distance, large, scaling, scenarios, startup, variants
from benchmarks.command import PROFILES
from benchmarks.installed import Installed, install
from benchmarks.results import BULK, CHANGES, DISTANCE, LARGE, STORE, VARIANTS, Results
from benchmarks.rows import Rendered, tables
from benchmarks.shop import Say, open_shop
from benchmarks.targets import targets

_WIDTH = 160  # without a terminal
_START, _CLIENT = "start", "client"
_ON_A_STORE = (STORE, CHANGES, BULK, DISTANCE, LARGE, VARIANTS)
_PARTS = (_START, _CLIENT, *_ON_A_STORE)


def main() -> None:
    chosen = _arguments()
    progress = Console(stderr=True)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    results = Results.begin()

    def say(text: str) -> None:
        progress.print(f"[dim]{escape(text)}[/]")

    say("installing the command")
    installed = install(chosen.json.parent / "bench-venv")
    for _ in _measure(chosen, installed, results, say):
        met = [{**asdict(target), "is_met": target.is_met} for target in targets(results)]
        results.save(chosen.json, met)  # keeps the results if the benchmark is interrupted
    for table in tables(results):
        _show(console, table)
    sys.exit(not all(target.is_met for target in targets(results)))


def _measure(chosen: argparse.Namespace, installed: Installed, results: Results, say: Say) -> Iterator[None]:
    """Add the results; yields after each one."""
    if _START in chosen.parts:
        results.start = startup.measured(installed, chosen.starts, say)
        yield
    if _CLIENT in chosen.parts:
        for client in scaling.measured(installed.command, chosen.client_sizes, chosen.client_runs, say):
            results.clients.append(client)
            yield
    if not set(chosen.parts) & set(_ON_A_STORE):
        return
    with open_shop(installed, chosen.warm_up, say) as shop:
        compared = {  # generators: nothing is measured before it is chosen
            STORE: scenarios.measured(shop, chosen.sizes, chosen.profiles, chosen.runs),
            CHANGES: changes.measured(shop, chosen.change_sizes, chosen.runs),
            BULK: bulk.measured(shop, chosen.runs),
            DISTANCE: distance.measured(shop, chosen.sizes, chosen.runs),
            LARGE: large.measured(shop, chosen.large_sizes, chosen.runs),
            VARIANTS: variants.measured(shop, chosen.variant_sizes, chosen.warm_up, chosen.runs),
        }
        for part, measured in compared.items():
            if part in chosen.parts:
                for scenario in measured:
                    results.scenarios.append(scenario)
                    yield


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)

    def sizes(flag: str, default: list[int], what: str) -> None:
        parser.add_argument(flag, type=int, nargs="+", default=default, metavar="N", help=what)

    parser.add_argument(
        "--parts", nargs="+", default=list(_PARTS), choices=_PARTS, help="what to measure (everything)"
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each scenario (5)")
    parser.add_argument(
        "--profiles", nargs="+", default=["default", "recommended"], choices=list(PROFILES), help="settings"
    )
    sizes("--sizes", [194, 5_000], "products, for the parts store and distance")
    sizes("--change-sizes", [1_500], "products of which the source changes all or a tenth (also 20000)")
    sizes("--large-sizes", [5_000, 20_000, 50_000, 100_000], "products; all but the fewest are copies")
    sizes("--variant-sizes", [1_000], "products with variants")
    sizes("--client-sizes", [194, 5_000, 20_000], "products")
    parser.add_argument("--client-runs", type=int, default=1, help="runs of the client alone (1)")
    parser.add_argument("--starts", type=int, default=15, help="runs of each process that only starts (15)")
    parser.add_argument(
        "--warm-up", type=int, default=2000, metavar="N", help="products synced before measuring (2000)"
    )
    parser.add_argument("--json", type=Path, default=Path("build/benchmark.json"), metavar="FILE")
    return parser.parse_args()


def _show(console: Console, rendered: Rendered) -> None:
    table = Table(*rendered.head, title=rendered.title, title_justify="left")
    for row in rendered.rows:
        table.add_row(*(escape(cell.replace("**", "")) for cell in row))
    console.print(table)


if __name__ == "__main__":
    main()
