"""Measures, prints the tables and writes the results as JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks import rows, scaling, scenarios, startup
from benchmarks.command import PROFILES
from benchmarks.installed import install
from benchmarks.results import Results
from benchmarks.targets import targets

_WIDTH = 120  # without a terminal
_PARTS = ("start", "client", "store")


def main() -> None:
    chosen = _arguments()
    progress = Console(stderr=True)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    results = Results.begin()

    def say(text: str) -> None:
        progress.print(f"[dim]{escape(text)}[/]")

    def save() -> None:
        met = [{**asdict(target), "is_met": target.is_met} for target in targets(results)]
        results.save(chosen.json, met)

    say("installing the command")
    installed = install(chosen.json.parent / "bench-venv")
    if "start" in chosen.parts:
        results.start = startup.measured(installed, chosen.starts, say)
    if "client" in chosen.parts:
        for client in scaling.measured(installed.command, chosen.client_sizes, chosen.client_runs, say):
            results.clients.append(client)
            save()
    if "store" in chosen.parts:
        for scenario in scenarios.measured(
            installed.command, chosen.sizes, chosen.profiles, chosen.runs, chosen.warm_up, say
        ):
            results.scenarios.append(scenario)
            save()  # keeps the results if the benchmark is interrupted
    save()
    _show(console, rows.RUN_HEAD, rows.run_rows(results))
    _show(console, rows.CLIENT_HEAD, rows.client_rows(results))
    _show(console, rows.START_HEAD, rows.start_rows(results))
    _show(console, rows.TARGET_HEAD, rows.target_rows(results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[194, 5000], metavar="N", help="products")
    parser.add_argument("--runs", type=int, default=5, help="runs of each scenario (5)")
    parser.add_argument(
        "--warm-up", type=int, default=2000, metavar="N", help="products synced before measuring (2000)"
    )
    parser.add_argument("--starts", type=int, default=15, help="runs of each process that only starts (15)")
    parser.add_argument("--profiles", nargs="+", default=list(PROFILES), choices=list(PROFILES))
    parser.add_argument(
        "--parts", nargs="+", default=list(_PARTS), choices=_PARTS, help="what to measure (everything)"
    )
    parser.add_argument(
        "--client-sizes",
        type=int,
        nargs="+",
        default=[194, 5_000, 50_000],
        metavar="N",
        help="products for measuring the client alone",
    )
    parser.add_argument("--client-runs", type=int, default=3, help="runs of the client alone (3)")
    parser.add_argument("--json", type=Path, default=Path("build/benchmark.json"), metavar="FILE")
    return parser.parse_args()


def _show(console: Console, head: Sequence[str], body: rows.Rows) -> None:
    if not body:
        return
    table = Table(*head)
    for row in body:
        table.add_row(*(escape(cell.replace("**", "")) for cell in row))
    console.print(table)


if __name__ == "__main__":
    main()
