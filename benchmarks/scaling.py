"""Measures the client alone, by catalogue size, against a fake store."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx

from benchmarks.command import Counts, Synced, sync
from benchmarks.process import serving
from benchmarks.results import FIRST, QUIET, Client


def measured(command: Path, sizes: Sequence[int], runs: int, say: Callable[[str], None]) -> Iterator[Client]:
    """First syncs and quiet runs with the default settings, which send the most requests."""
    with (
        tempfile.TemporaryDirectory(prefix="medusa-sync-bench-") as name,
        serving("benchmarks.fake_store") as (store,),
    ):
        for size in sizes:
            with serving("benchmarks.source", str(size)) as (source, _):
                first, quiet = Client(size, FIRST), Client(size, QUIET)
                for number in range(1, runs + 1):
                    say(f"{size} products, fake store: run {number} of {runs}")
                    httpx.post(f"{store}/reset")
                    _add(first, synced(command, source, store, Path(name), {"created": size}))
                    _add(quiet, synced(command, source, store, Path(name), {"unchanged": size}))
                yield first
                yield quiet


def synced(command: Path, source: str, store: str, lock_dir: Path, counts: Counts) -> Synced:
    """Sync a source with a fake store."""
    return sync(
        command,
        [],
        source=source,
        store=store,
        credentials={"MEDUSA_API_KEY": "sk_fake"},
        lock_dir=lock_dir,
        expected=counts,
    )


def _add(client: Client, run: Synced) -> None:
    client.cpu_s.append(run.taken.cpu_s)
    client.peak_mb.append(run.taken.peak_mb)
