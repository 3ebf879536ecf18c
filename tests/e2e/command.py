"""The installed `medusa-sync` command, as cron would run it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.medusa import Store

COMMAND = Path(sys.executable).with_name("medusa-sync")
TIMEOUT_S = 120


@dataclass(frozen=True)
class Finished:
    """What a run of the command left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The document of `--json`; nothing else is on stdout."""
        document: dict[str, Any] = json.loads(self.stdout)
        return document

    @property
    def counts(self) -> dict[str, int]:
        """Those counts of `--json` that are not zero."""
        return {name: count for name, count in self.document["counts"].items() if count}


def environment(store: Store | None, **changes: str) -> dict[str, str]:
    """No setting of the person who runs the tests gets in."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MEDUSA_", "SYNC_PRODUCTS_", "GITHUB_"))
    }
    if store is not None:
        clean |= {"MEDUSA_BACKEND_URL": store.url, "MEDUSA_API_KEY": store.api_key}
    return clean | changes


class Running:
    """A run that is under way.

    Args:
        process: of the command.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def finish(self) -> Finished:
        """Wait for its end."""
        stdout, stderr = self._process.communicate(timeout=TIMEOUT_S)
        return Finished(self._process.returncode, stdout, stderr)


@contextmanager
def running(
    *arguments: str, store: Store | None, directory: Path | None = None, **changes: str
) -> Iterator[Running]:
    """Start `medusa-sync products`; what is still running at the end is killed.

    Args:
        arguments: of the command.
        store: whose address and API key are in the environment.
        directory: the working directory, where `.env` is looked for.
        changes: further variables of the environment.
    """
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


def medusa_sync(
    *arguments: str, store: Store | None, directory: Path | None = None, **changes: str
) -> Finished:
    """Run `medusa-sync products` to its end; the arguments are those of `running`."""
    with running(*arguments, store=store, directory=directory, **changes) as run:
        return run.finish()
