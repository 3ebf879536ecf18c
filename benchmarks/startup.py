"""Measures the start-up of the command and of its libraries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.command import environment
from benchmarks.installed import Installed
from benchmarks.process import measure
from benchmarks.results import Start

VERSION, HELP, TYPER, HTTPX = "--version", "--help", "import typer", "import httpx"
START = "import httpx, typer"


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
    return start
