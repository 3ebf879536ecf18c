"""The installed `medusa-sync` command, as cron would run it."""

import json
import os
import subprocess
import sys
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


def medusa_sync(
    *arguments: str, store: Store | None, directory: Path | None = None, **changes: str
) -> Finished:
    """Run `medusa-sync products` to its end.

    Args:
        arguments: of the command.
        store: whose address and API key are in the environment.
        directory: the working directory, where `.env` is looked for.
        changes: further variables of the environment.
    """
    done = subprocess.run(
        [COMMAND, "products", *arguments],
        env=environment(store, **changes),
        cwd=directory or Path(__file__).parent,
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT_S,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)
