"""A cache for what is slow to create: installed packages and migrated databases."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock


def cache_folder() -> Path:
    """`MEDUSA_SYNC_TEST_CACHE`, or the default of the platform.

    For root it is not in the home folder: PostgreSQL refuses to run as root and must read the cache.
    """
    chosen = os.environ.get("MEDUSA_SYNC_TEST_CACHE")
    if chosen:
        folder = Path(chosen)
    elif os.geteuid() == 0:
        folder = Path("/var/cache/medusa-sync")
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "medusa-sync-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` of the cache, filled by `make` once for all processes on this machine.

    It gets its name when `make` is done, so an interrupted one is repeated. Each attempt uses a new folder,
    because programs of the last attempt may still be running.
    """
    finished = cache_folder() / name
    if finished.exists():
        return finished
    with FileLock(f"{finished}.lock"):
        if not finished.exists():
            prefix = f"{name}.unfinished-"
            for left_over in finished.parent.glob(f"{prefix}*"):
                shutil.rmtree(left_over, ignore_errors=True)
            unfinished = Path(tempfile.mkdtemp(prefix=prefix, dir=finished.parent))
            make(unfinished)
            unfinished.rename(finished)
    return finished
