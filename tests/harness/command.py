"""Runs the installed `medusa-sync` command."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.harness.documents import read_document
from tests.harness.medusa import Store

COMMAND = Path(sys.executable).with_name("medusa-sync")
TIMEOUT_S = 120


@dataclass(frozen=True)
class Finished:
    """The result of a finished command."""

    exit_code: int
    stdout: str
    stderr: str

    @cached_property
    def document(self) -> dict[str, Any]:
        """The document of `--json`; nothing else is on stdout."""
        return read_document(self.stdout)

    @property
    def counts(self) -> dict[str, int]:
        """The counts of `--json` that are not zero."""
        return {name: count for name, count in self.document["counts"].items() if count}


def environment(store: Store | None, **changes: str) -> dict[str, str]:
    """The environment without settings of the user who runs the tests."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MEDUSA_", "SYNC_PRODUCTS_", "GITHUB_"))
    }
    if store is not None:
        clean |= {"MEDUSA_BACKEND_URL": store.url, "MEDUSA_API_KEY": store.api_key}
    return clean | changes


class Running:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def finish(self) -> Finished:
        """Wait for the command to end."""
        stdout, stderr = self._process.communicate(timeout=TIMEOUT_S)
        return Finished(self._process.returncode, stdout, stderr)


@contextmanager
def running(
    *arguments: str, store: Store | None, directory: Path | None = None, **changes: str
) -> Iterator[Running]:
    """Start `medusa-sync products` with a store and other variables; it is killed in the end."""
    with subprocess.Popen(
        [COMMAND, "products", *arguments],
        env=environment(store, **changes),
        cwd=directory or Path(__file__).parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            yield Running(process)
        finally:
            process.kill()


def ahead(folder: Path, seconds: int) -> dict[str, str]:
    """Variables of a command whose clock is so many seconds ahead; the file for it is in a folder."""
    text = f"import time\nnow = time.time\ntime.time = lambda: now() + {seconds}\n"
    (folder / "sitecustomize.py").write_text(text, encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


def medusa_sync(*arguments: str, store: Store | None, **changes: str) -> Finished:
    """Run `medusa-sync products` and wait for it."""
    with running(*arguments, store=store, directory=None, **changes) as run:
        return run.finish()
