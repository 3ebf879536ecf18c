"""One run at a time for each job, store and source on a machine."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_state_path

from medusa_sync.errors import LockedError, LockUnavailableError


@contextmanager
def run_lock(job: str, store_url: str, source_name: str, *, folder: Path | None = None) -> Iterator[None]:
    """Hold the lock of a run; the system frees it however the process ends.

    Args:
        job: name of the job.
        store_url: of the store.
        source_name: of the source.
        folder: where locks lie; the user's own state folder unless given.

    Raises:
        LockedError: another process holds it.
        LockUnavailableError: the folder cannot be written.
    """
    folder = folder or user_state_path("medusa-sync")
    # A digest: the name of a file must not depend on what a URL may hold.
    key = blake2b(f"{job}\n{store_url}\n{source_name}".encode(), digest_size=8).hexdigest()
    path = folder / f"{key}.lock"
    holder = path.with_suffix(".json")  # beside the lock, which every attempt to take it empties
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path, timeout=0)
        lock.acquire()
    except Timeout as error:
        raise LockedError(f"Another run is under way: {_told(holder)}. Nothing was done.") from error
    except OSError as error:
        raise LockUnavailableError(
            f"The lock cannot be taken in {folder} ({error.strerror})",
            hint="Name a folder that can be written with --lock-dir (SYNC_PRODUCTS_LOCK_DIR).",
        ) from error
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        word = {"job": job, "pid": os.getpid(), "host": socket.gethostname(), "since": since}
        with suppress(OSError):  # the lock is held; who holds it is only told
            holder.write_text(json.dumps(word), encoding="utf-8")
        yield
    finally:
        lock.release()


def _told(holder: Path) -> str:
    """Who holds the lock, as far as it is known."""
    try:
        word = json.loads(holder.read_text(encoding="utf-8"))
        return f"{word['job']}, process {word['pid']} on {word['host']}, since {word['since']}"
    except (OSError, ValueError, KeyError, TypeError):  # the holder has only just taken it
        return "by another process"
