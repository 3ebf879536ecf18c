"""One run at a time for each job, store and source on a machine."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from platformdirs import user_state_path

from medusa_sync.errors import LockedError, LockUnavailableError

_EVERYONE = 0o666  # the folder decides who may use the lock
_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK  # neither follow a link nor wait for a pipe
_PAUSE_S = 0.02
_LONGEST_HOLDER = 4096  # bytes
_HINT = "Name another folder with --lock-dir (SYNC_PRODUCTS_LOCK_DIR), one that can be written."


@contextmanager
def run_lock(job: str, store_url: str, source_name: str, *, folder: Path | None = None) -> Iterator[None]:
    """Hold the lock of a run; the system releases it however the process ends.

    Args:
        job: name of the job.
        store_url: of the store.
        source_name: of the source.
        folder: of the lock files; several users may share it. The user's own state folder unless given.

    Raises:
        LockedError: another process holds it.
        LockUnavailableError: the lock file cannot be created or opened, or is not an ordinary file.
    """
    folder = folder or user_state_path("medusa-sync")
    # A digest: the name of a file must not depend on what a URL may hold.
    key = blake2b(f"{job}\n{store_url}\n{source_name}".encode(), digest_size=8).hexdigest()
    path = folder / f"{key}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = _open(path)
    except OSError as error:
        reason = f"{path.name} is a symbolic link" if path.is_symlink() else error.strerror
        raise LockUnavailableError(f"The lock cannot be taken in {folder} ({reason})", hint=_HINT) from error
    try:
        _take(file, path)
        try:
            _write_holder(file, job)
            yield
        finally:
            _clear_holder(file)
    finally:
        os.close(file)


def _open(path: Path) -> int:
    """Open the lock file; create it if it is missing, so that every user of the folder can open it."""
    # Not with O_CREAT at once: in a sticky folder Linux refuses that for the file of another user.
    try:
        return _open_existing(path)
    except FileNotFoundError:
        with suppress(FileExistsError):
            return _create(path)
    except PermissionError:
        pass
    time.sleep(_PAUSE_S)  # another user has just created it and is about to set its mode
    return _open_existing(path)


def _create(path: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS, _EVERYONE)
    _open_to_everyone(file)  # the umask may have taken something away
    return file


def _open_existing(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | _FLAGS)
    except PermissionError:  # of another user, by an older version; a lock needs no more than reading
        return os.open(path, os.O_RDONLY | _FLAGS)


def _open_to_everyone(file: int) -> None:
    with suppress(OSError):  # a file system without modes
        os.fchmod(file, _EVERYONE)


def _take(file: int, path: Path) -> None:
    state = os.fstat(file)
    # A second name would mean that the file is somebody's, put here for us to change.
    if not stat.S_ISREG(state.st_mode) or state.st_nlink != 1:
        raise LockUnavailableError(
            f"The lock cannot be taken in {path.parent} ({path.name} is not an ordinary file)", hint=_HINT
        )
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:  # the latter from some network file systems
        raise LockedError(f"Another run is under way: {_read_holder(file)}. Nothing was done.") from error
    except OSError as error:
        raise LockUnavailableError(
            f"The lock cannot be taken in {path.parent} ({error.strerror})", hint=_HINT
        ) from error
    if state.st_uid == os.geteuid() and stat.S_IMODE(state.st_mode) != _EVERYONE:
        _open_to_everyone(file)  # an older version created it


# --- who holds it ---------------------------------------------------------------------------------------


def _write_holder(file: int, job: str) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    holder = {"job": job, "pid": os.getpid(), "host": socket.gethostname(), "since": since}
    line = json.dumps(holder).encode() + b"\n"
    with suppress(OSError):  # the lock is held; who holds it is only shown
        os.pwrite(file, line, 0)
        os.ftruncate(file, len(line))


def _clear_holder(file: int) -> None:
    with suppress(OSError):
        os.ftruncate(file, 0)


def _read_holder(file: int) -> str:
    """Who holds the lock, as far as it is known."""
    try:
        holder = json.loads(os.pread(file, _LONGEST_HOLDER, 0).partition(b"\n")[0])
        return f"{holder['job']}, process {holder['pid']} on {holder['host']}, since {holder['since']}"
    except (OSError, ValueError, LookupError, TypeError, RecursionError):  # the holder has only just taken it
        return "by another process"
