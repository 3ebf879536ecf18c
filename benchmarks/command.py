"""Runs the installed command and measures it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.process import Taken, measure

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Profile:
    """How the command is run.

    Attributes:
        flags: on its command line.
        batch_size: of the cheapest way.
    """

    flags: Sequence[str]
    batch_size: int


PROFILES: Mapping[str, Profile] = {
    "default": Profile((), 50),
    "recommended": Profile(("--batch-size", "100", "--concurrency", "2"), 100),
    "concurrent": Profile(("--concurrency", "8"), 50),
}


@dataclass(frozen=True)
class Synced:
    """A run of the command: its measurements and its document."""

    taken: Taken
    document: dict[str, Any]

    @property
    def requests(self) -> int:
        counts = self.document["requests"]
        return int(counts["source"] + counts["store_reads"]) + self.writes

    @property
    def writes(self) -> int:
        return int(self.document["requests"]["store_writes"])


def sync(
    command: Path,
    flags: Sequence[str],
    *,
    source: str,
    store: str,
    credentials: Mapping[str, str],
    lock_dir: Path,
    expected: Counts,
) -> Synced:
    """Run `medusa-sync products --json`.

    Args:
        command: the installed command.
        flags: added to the command.
        source: the URL of the products.
        store: the URL of the store.
        credentials: environment variables.
        lock_dir: for all runs of a benchmark, instead of the user's folder.
        expected: the counts of outcomes that are not zero.

    Raises:
        RuntimeError: the counts differ, a request was retried, or a run with nothing to do has written.
    """
    own = {
        "MEDUSA_BACKEND_URL": store,
        "SYNC_PRODUCTS_SOURCE": source,
        "SYNC_PRODUCTS_LOCK_DIR": str(lock_dir),
    }
    taken = measure([command, "products", "--json", *flags], {**environment(), **own, **credentials})
    document = json.loads(taken.stdout)
    counts = {name: count for name, count in document["counts"].items() if count}
    requests = document["requests"]
    has_written = expected.keys() == {"unchanged"} and requests["store_writes"]
    if counts != expected or requests["retries"] or has_written:
        raise RuntimeError(f"expected {expected}, got {counts} with {requests}")
    return Synced(taken, document)


def environment() -> dict[str, str]:
    """The environment without settings of the user who runs the benchmark."""
    excluded = ("MEDUSA_", "SYNC_PRODUCTS_", "GITHUB_")
    return {name: value for name, value in os.environ.items() if not name.startswith(excluded)}
