"""Measures the start-up of the command and of its libraries, and the CPU time of a quiet run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.command import environment
from benchmarks.installed import Installed
from benchmarks.process import measure, serving
from benchmarks.results import QUIET, Start
from benchmarks.scaling import synced

VERSION, HELP, TYPER, HTTPX = "--version", "--help", "import typer", "import httpx"
START = "import httpx, typer"
REQUEST = "one request"
_PRODUCTS = 194


def measured(installed: Installed, runs: int, say: Callable[[str], None]) -> Start:
    """Run all of them in turn, several times."""
    commands: dict[str, Sequence[str | Path]] = {
        "python": [installed.python, "-c", "pass"],
        TYPER: [installed.python, "-c", TYPER],
        HTTPX: [installed.python, "-c", HTTPX],
        START: [installed.python, "-c", START],
        VERSION: [installed.command, VERSION],
        HELP: [installed.command, HELP],
    }
    start = Start({name: [] for name in commands})
    env = environment()
    for number in range(runs + 1):
        say(f"start-up: run {number} of {runs}")
        for what, command in commands.items():
            wall_s = measure(command, env).wall_s
            if number > 0:  # the first round fills the disk cache
                start.seconds[what].append(wall_s)
    start.cpu_s = _quiet(installed, runs, say)
    return start


def starts_of(start: Start) -> float:
    """The CPU time of a quiet run beyond one bare request, as a multiple of that of the imports."""
    taken = {what: median(each) for what, each in start.cpu_s.items()}
    return (taken[QUIET] - (taken[REQUEST] - taken[HTTPX])) / taken[START]


def _quiet(installed: Installed, runs: int, say: Callable[[str], None]) -> dict[str, list[float]]:
    """The CPU time of quiet runs against a fake store, of one request to it, and of imports."""
    cpu_s: dict[str, list[float]] = {QUIET: [], REQUEST: [], HTTPX: [], START: []}
    with (
        tempfile.TemporaryDirectory(prefix="medusa-sync-bench-") as name,
        serving("benchmarks.fake_store") as (store,),
        serving("benchmarks.source", str(_PRODUCTS)) as (source, _),
    ):
        places = installed.command, source, store, Path(name)
        synced(*places, {"created": _PRODUCTS})
        codes = {REQUEST: f"import httpx; httpx.get('{store}/admin/products')", HTTPX: HTTPX, START: START}
        for number in range(runs + 1):
            say(f"quiet run against a fake store: run {number} of {runs}")
            taken = {QUIET: synced(*places, {"unchanged": _PRODUCTS}).taken}
            for what, code in codes.items():
                taken[what] = measure([installed.python, "-c", code], environment())
            if number > 0:  # the first round fills the disk cache
                for what, each in taken.items():
                    cpu_s[what].append(each.cpu_s)
    return cpu_s
