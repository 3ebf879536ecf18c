"""Measures a process from start to end."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launcher.py")
_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Taken:
    """The measurements of one process.

    Attributes:
        cpu_s: user and system time.
        peak_mb: the largest resident set, in millions of bytes.
        stdout: its output.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    stdout: str


def measure(command: Sequence[str | Path], env: Mapping[str, str]) -> Taken:
    """Run a command and wait for it, in a folder without a `.env`.

    Raises:
        RuntimeError: the command failed.
    """
    with tempfile.TemporaryDirectory(prefix="medusa-sync-bench-") as folder:
        output = Path(folder) / "stdout"
        launched = subprocess.run(
            [sys.executable, "-I", "-S", _LAUNCHER, output, *command],
            env=env,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        found = json.loads(launched.stdout)
        stdout = output.read_text(encoding="utf-8")
    if found["exit_code"] != 0:
        raise RuntimeError(f"{command} ended with {found['exit_code']}: {stdout[:2000]}")
    return Taken(found["wall_s"], found["cpu_s"], found["peak_mb"], stdout)


@contextmanager
def serving(module: str, *arguments: str) -> Iterator[list[str]]:
    """A server in a separate process, so that it shares only the machine with the client.

    Yields:
        the words on its first line of output.
    """
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            if process.stdout is None or not (words := process.stdout.readline().split()):
                raise RuntimeError(f"{module} did not start")
            yield words
        finally:
            process.terminate()
