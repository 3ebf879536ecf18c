"""Measures the start-up of the command and of its libraries."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.command import Counts, environment, sync
from benchmarks.installed import Installed
from benchmarks.process import measure, serving
from benchmarks.results import Start

VERSION, HELP, TYPER, HTTPX = "--version", "--help", "import typer", "import httpx"
START = "import httpx, typer"
QUIET_STUB = "quiet run, 194 products, stub store"


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
    start = Start({name: [] for name in (*commands, QUIET_STUB)})
    env = environment()
    with (
        tempfile.TemporaryDirectory(prefix="medusa-sync-bench-") as name,
        serving("benchmarks.stub") as (store,),
        serving("benchmarks.source", "194") as (source, _),
    ):

        def run(counts: Counts) -> float:
            return sync(
                installed.command,
                [],
                source=source,
                store=store,
                credentials={"MEDUSA_API_KEY": "sk_stub"},
                lock_dir=Path(name),
                expected=counts,
            ).taken.wall_s

        run({"created": 194})
        for number in range(runs + 1):
            say(f"start-up: run {number} of {runs}")
            taken = {what: measure(command, env).wall_s for what, command in commands.items()}
            taken[QUIET_STUB] = run({"unchanged": 194})
            if number > 0:  # the first round fills the disk cache
                for what, seconds in taken.items():
                    start.seconds[what].append(seconds)
    return start
