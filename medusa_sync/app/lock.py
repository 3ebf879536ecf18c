"""Prevents concurrent runs of the same store and source on a machine, whatever their jobs are called.

Only the shards of one catalogue, with the same count, run at the same time.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from medusa_sync.app.state import CHOOSE_FOLDER, state_folder, state_key
from medusa_sync.core.ids import Shard
from medusa_sync.errors import LockedError, LockUnavailableError

_EVERYONE = 0o666  # the permissions of the folder decide who can use the lock
_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK  # do not follow a link or wait for a pipe
_PAUSE_S = 0.02
_ATTEMPTS = 3
_LATER = "Run again when it has finished."
_SAME_COUNT = "Shards that run at the same time need the same N in --shard K/N (SYNC_PRODUCTS_SHARD)."
_LONGEST_HOLDER = 4096  # bytes


@contextmanager
def run_lock(
    job: str, store_url: str, source_name: str, *, shard: Shard | None = None, folder: Path | None = None
) -> Iterator[None]:
    """Hold the lock in this context. The system releases it if the process is killed.

    The job is only for messages. All spellings of a URL are the same store. Users can share the folder; the
    default is the state folder of the user. A shard shares the lock with the other shards of the same count,
    and also has one of its own.

    Raises:
        LockedError: another process holds the lock.
        LockUnavailableError: the lock file cannot be created or opened, or is not a regular file.
    """
    folder, key = state_folder(folder), state_key(store_url, source_name)
    common = folder / f"{key}.lock"
    with ExitStack() as stack:
        if shard is None:
            try:
                file = stack.enter_context(_locked(common, fcntl.LOCK_EX))
            except LockedError:
                _check_free(folder.glob(f"{key}.*-of-*.lock"))  # a shard has its name in a file of its own
                raise
        else:
            stack.enter_context(_locked(common, fcntl.LOCK_SH))
            own = folder / f"{key}.{shard.number}-of-{shard.count}.lock"
            file = stack.enter_context(_locked(own, fcntl.LOCK_EX))
            # After its own lock is taken, so that of two shards at least one sees the other.
            shards = folder.glob(f"{key}.*-of-*.lock")
            others = (path for path in shards if not path.name.endswith(f"-of-{shard.count}.lock"))
            _check_free(others, hint=_SAME_COUNT)
        _write_holder(file, job, shard)
        try:
            yield
        finally:
            with suppress(OSError):
                os.ftruncate(file, 0)


@contextmanager
def _locked(path: Path, kind: int, *, hint: str = _LATER) -> Iterator[int]:
    """Lock a file (`LOCK_EX`, or `LOCK_SH` to share it), which is created if it does not exist."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _open(path)
    except OSError as error:
        is_link = os.path.islink(path)  # noqa: PTH114 - pathlib raises an error if the name is too long
        reason = f"{path.name} is a symbolic link" if is_link else error.strerror
        raise _unavailable(path, reason) from error
    try:
        _take(file, path, kind, hint)
        yield file
    finally:
        os.close(file)


def _check_free(paths: Iterable[Path], *, hint: str = _LATER) -> None:
    """Raise `LockedError` if a run holds one of these locks."""
    for path in paths:
        with _locked(path, fcntl.LOCK_SH, hint=hint):
            pass


def _open(path: Path) -> int:
    """Open the lock file, or create it."""
    # First without O_CREAT: in a sticky folder, Linux refuses it for a file of another user.
    try:
        return _open_existing(path)
    except FileNotFoundError:
        with suppress(FileExistsError):
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS, _EVERYONE)
    except PermissionError:
        pass
    time.sleep(_PAUSE_S)  # another user may just have created it, and sets its mode next
    return _open_existing(path)


def _open_existing(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | _FLAGS)
    except PermissionError:  # to lock, reading is enough
        return os.open(path, os.O_RDONLY | _FLAGS)


def _take(file: int, path: Path, kind: int, hint: str) -> None:
    state = os.fstat(file)
    # A second link could be an attempt to make us change a file of another user.
    if not stat.S_ISREG(state.st_mode) or state.st_nlink != 1:
        raise _unavailable(path, f"{path.name} is not a regular file")
    if state.st_uid == os.geteuid():
        with suppress(OSError):  # the file system has no modes
            os.fchmod(file, _EVERYONE)  # despite the umask
    for left in reversed(range(_ATTEMPTS)):
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:  # PermissionError: some network file systems
            if not left:
                message = f"Another run is under way: {_read_holder(file)}. Nothing was done."
                raise LockedError(message, hint=hint) from error
            time.sleep(_PAUSE_S)  # another run may only have checked whether it is free
        except OSError as error:
            raise _unavailable(path, error.strerror) from error
        else:
            return


def _unavailable(path: Path, reason: str | None) -> LockUnavailableError:
    return LockUnavailableError(
        f"The lock cannot be taken in {path.parent} ({reason})",
        hint=CHOOSE_FOLDER,
    )


def _write_holder(file: int, job: str, shard: Shard | None) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    name = job if shard is None else f"{job}, shard {shard}"
    holder = {"job": name, "pid": os.getpid(), "host": socket.gethostname(), "since": since}
    line = json.dumps(holder).encode() + b"\n"
    with suppress(OSError):  # the holder is only for messages
        os.pwrite(file, line, 0)
        os.ftruncate(file, len(line))


def _read_holder(file: int) -> str:
    """Describe the holder of the lock."""
    try:
        holder = json.loads(os.pread(file, _LONGEST_HOLDER, 0).partition(b"\n")[0])
        return f"{holder['job']}, process {holder['pid']} on {holder['host']}, since {holder['since']}"
    except (OSError, ValueError, LookupError, TypeError, RecursionError):  # not written yet
        return "its process is unknown"
