"""Where a user's locks and kept runs are."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import httpx

from medusa_sync.errors import LockUnavailableError
from medusa_sync.settings.options import Settings

CHOOSE_FOLDER = "Set --lock-dir (SYNC_PRODUCTS_LOCK_DIR) to a writable folder."

_OWNERS = 0o700


def state_folder(chosen: str | Path | None) -> Path:
    """The folder of locks and kept runs: the one that was chosen, or that of the user.

    Raises:
        LockUnavailableError: none was chosen, and the user has no home directory, as in some containers.
    """
    if chosen is not None:
        return Path(chosen)
    from platformdirs import user_state_path  # a run with --lock-dir does not need it

    with suppress(RuntimeError):
        if (folder := user_state_path("medusa-sync")).is_absolute():
            return folder
    raise LockUnavailableError(
        "The lock cannot be taken: this user has no home directory", hint=CHOOSE_FOLDER
    )


def own_folder(path: Path, *, create: bool = False) -> None:
    """Check, or create, a folder in which only the user can have put files.

    Raises:
        OSError: it does not exist, cannot be created, or is not the user's own.
    """
    if create:
        path.mkdir(_OWNERS, parents=True, exist_ok=True)
    state = path.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid():
        raise PermissionError(0, "it is not a folder of this user")


def state_key(store_url: str, source_name: str) -> str:
    """The start of the names of files about a store and a source; all spellings of a URL are one store."""
    store = str(httpx.URL(store_url.rstrip("/")))  # the host in lower case, without the default port
    # A digest, because a URL may contain characters that a file name cannot.
    return blake2b(f"{store}\n{source_name}".encode(), digest_size=8).hexdigest()


def runs_folder(settings: Settings) -> Path:
    """The folder of what is kept of the runs of a store and a source.

    Raises:
        LockUnavailableError: the user has no folder.
    """
    key = state_key(settings.medusa_url, settings.source_name)
    return state_folder(settings.lock_dir) / f"{key}.runs"
