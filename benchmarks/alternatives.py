"""Compares the command with the TypeScript job `sync-products` and with Medusa's CSV import."""

# The job is in `manendrajadeja/medusa_orientation`, the products are in `database/products.json` of
# `Ovi/DummyJSON`. Both are read from checkouts that the user provides. All ways write to one running store,
# in turn, after it was reset.

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import results
from benchmarks.arrived import kept, right, stored_products
from benchmarks.contenders import (
    JOB_FILE,
    PREPARING,
    SAME_FILE,
    WAITING_AGAIN,
    WAITING_FIRST,
    Command,
    Contender,
    CsvImport,
    Job,
    add_job,
    categories_of,
    logged_in,
)
from benchmarks.installed import install
from benchmarks.rows import Rendered
from tests.harness.dummyjson import dummyjson
from tests.harness.medusa import MEDUSA_VERSION, Store
from tests.harness.medusa_server import project
from tests.harness.postgres import TEST_DATABASE_PREFIX, running_postgres
from tests.harness.template import facts_of, template_database

_PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_BLOCK = re.compile(r"(?<=<!-- alternatives -->\n).*?(?=<!-- /alternatives -->)", re.DOTALL)
_BATCH_SIZE = ("--batch-size", "100")


@dataclass
class Measured:
    """The results of one way; every list has one number per round.

    Attributes:
        right: number of products that are stored, and that have the right price and so on.
        kept: number of products with the same ids after the second run, by kind of id.
        details: seconds, by what they were spent on.
    """

    title: str
    first_s: list[float] = field(default_factory=list)
    again_s: list[float] = field(default_factory=list)
    right: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    details: dict[str, list[float]] = field(default_factory=dict)


@dataclass
class Comparison:
    """The results as in the JSON file.

    Attributes:
        loads: load average of the machine at the start of each round, which includes the benchmark.
        medusa: its version.
        job: the commit of the checkout.
        products: their number in the source.
    """

    made_at: str
    machine: dict[str, str]
    loads: list[float]
    medusa: str
    job: str
    products: int
    ways: list[Measured]


def main() -> None:
    chosen = _arguments()
    if chosen.page:
        raw = json.loads(chosen.json.read_text(encoding="utf-8"))
        _write_page(Comparison(**{**raw, "ways": [Measured(**way) for way in raw["ways"]]}))
        return
    products = json.loads(chosen.products.read_text(encoding="utf-8"))
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    comparison = _measure(chosen.job, products, chosen.rounds, chosen.json.parent)
    chosen.json.write_text(json.dumps(asdict(comparison), indent=1) + "\n", encoding="utf-8")
    rendered = _rendered(comparison)
    table = Table(*(title.replace("`", "") for title in rendered.head))
    for row in rendered.rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alternatives", description=__doc__)
    parser.add_argument(
        "--job",
        type=Path,
        metavar="CHECKOUT",
        help="folder with a checkout of manendrajadeja/medusa_orientation",
    )
    parser.add_argument(
        "--products", type=Path, metavar="FILE", help="database/products.json of a checkout of Ovi/DummyJSON"
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the first, which warms up (5)")
    parser.add_argument("--json", type=Path, default=Path("build/alternatives.json"), metavar="FILE")
    parser.add_argument(
        "--page", action="store_true", help="measure nothing: write the JSON file into docs/benchmarks.md"
    )
    chosen = parser.parse_args()
    if not chosen.page:
        if chosen.products is None or not chosen.products.is_file():
            parser.error("--products: the file with the products is needed")
        if chosen.job is None or not (chosen.job / JOB_FILE).is_file():
            parser.error(f"--job: a checkout with {JOB_FILE} is needed")
    return chosen


def _measure(checkout: Path, products: list[dict[str, Any]], rounds: int, folder: Path) -> Comparison:
    began, loads = results.Results.begin(), list[float]()
    command = install(folder / "bench-venv").command
    with (
        tempfile.TemporaryDirectory(prefix="medusa-sync-bench-") as locks,
        dummyjson(products, categories_of(products)) as source,
        _store(checkout, source.url) as store,
        logged_in(store) as client,
    ):
        contenders: list[Contender] = [
            Job(client, store.log),
            CsvImport(client, store, products),
            Command(command, (), store, source.url, Path(locks)),
            Command(command, _BATCH_SIZE, store, source.url, Path(locks)),
        ]
        ways = [Measured(contender.title, details=contender.details) for contender in contenders]
        for number in range(rounds + 1):
            loads.append(os.getloadavg()[0])
            for contender, way in zip(contenders, ways, strict=True):
                print(f"round {number} of {rounds}: {way.title}", file=sys.stderr, flush=True)
                store.reset()
                contender.prepare()
                first_s = contender.first()
                stored = stored_products(client)
                again_s = contender.again()
                if number == 0:  # the first round warms up the server
                    contender.details.clear()
                    continue
                way.first_s.append(first_s)
                way.again_s.append(again_s)
                way.right = right(products, stored, store.sales_channel_id)
                way.kept = kept(stored, stored_products(client))
    return Comparison(
        made_at=began.made_at,
        machine=began.machine,
        loads=loads[1:],
        medusa=MEDUSA_VERSION,
        job=_commit(checkout),
        products=len(products),
        ways=ways,
    )


@contextmanager
def _store(checkout: Path, source: str) -> Iterator[Store]:
    """A fresh store that also has the job."""
    with running_postgres() as postgres:
        template = template_database(postgres, MEDUSA_VERSION)
        name = f"{TEST_DATABASE_PREFIX}{secrets.token_hex(6)}"
        url = postgres.create_database(name, template)
        try:
            with project(MEDUSA_VERSION, url) as medusa:
                add_job(medusa.folder, checkout, source)
                with medusa.serve() as store_url:
                    facts = asdict(facts_of(url))
                    yield Store(**facts, url=store_url, database_url=url, log=medusa.log)
        finally:
            postgres.drop_database(name)


def _commit(checkout: Path) -> str:
    command: list[str | Path] = ["git", "-C", checkout, "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True).stdout.strip() or "unknown"


def _rendered(comparison: Comparison) -> Rendered:
    """The table, with a column for each way."""
    ways, machine = comparison.ways, comparison.machine
    rows = [
        ("first sync", *(_seconds(way.first_s) for way in ways)),
        ("nothing changed", *(_seconds(way.again_s) for way in ways)),
    ]
    for name in ways[0].right:
        title = f"stored, of {comparison.products}" if name == "stored" else f"right {name}"
        rows.append((title, *(str(way.right[name]) for way in ways)))
    for kind in ways[0].kept:
        rows += [(f"{kind} that keep their ids", *(str(way.kept[kind]) for way in ways))]
    where = f"{machine['cores']} cores of {machine['processor']}, Python {machine['python']}"
    title = (
        f"Medians of {len(ways[0].first_s)} rounds (fastest-slowest) on {where},\n"
        f"Medusa {comparison.medusa}, commit `{comparison.job}` of the job, {comparison.made_at[:10]}."
    )
    return Rendered(title, ("", *(way.title for way in ways)), rows)


def _seconds(measured: list[float]) -> str:
    return f"{median(measured):.2f} s ({min(measured):.2f}-{max(measured):.2f})"


def _write_page(comparison: Comparison) -> None:
    text, found = _BLOCK.subn(lambda _: _block(comparison), _PAGE.read_text(encoding="utf-8"))
    if found != 1:
        raise ValueError(f"{_PAGE}: expected one block `alternatives`, found {found}")
    _PAGE.write_text(text, encoding="utf-8")


def _block(comparison: Comparison) -> str:
    details = {what: median(seconds) for way in comparison.ways for what, seconds in way.details.items()}
    loads = ", ".join(f"{load:.1f}" for load in comparison.loads)
    return f"""
{_rendered(comparison).markdown()}
- The job waits before it sends a refused batch again: {details[WAITING_FIRST]:.1f} s of its first sync,
  {details[WAITING_AGAIN]:.1f} s of its second run.
- Creating the categories and tags for the CSV import takes {details[PREPARING]:.1f} s more, one request each.
- Importing the same CSV file a second time is refused after {details[SAME_FILE]:.1f} s.
- Load average at the start of the rounds, which keep one to two processes busy: {loads}.

"""


if __name__ == "__main__":
    main()
