"""One run at a time: what a second run is told, who can take the lock, and what keeps it from being taken."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from medusa_sync.app.lock import run_lock
from medusa_sync.errors import LockedError, LockUnavailableError

HERE = ("sync-products", "https://store.example.com", "dummyjson")


def test_a_second_run_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    with run_lock(*HERE, folder=tmp_path):
        with pytest.raises(LockedError, match=rf"sync-products, process {os.getpid()} on ") as caught:
            run_lock(*HERE, folder=tmp_path).__enter__()
        assert caught.value.exit_code == 75
    with run_lock(*HERE, folder=tmp_path):
        pass


@pytest.mark.parametrize("place", range(3))
def test_another_job_store_or_source_has_a_lock_of_its_own(place: int, tmp_path: Path) -> None:
    other = [*HERE]
    other[place] = "another"
    with run_lock(*HERE, folder=tmp_path), run_lock(*other, folder=tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_a_wrong_setting_and_no_other_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LockUnavailableError, match="cannot be taken in") as caught:
        run_lock(*HERE, folder=tmp_path / "file" / "locks").__enter__()
    assert caught.value.exit_code == 2
    assert "--lock-dir" in caught.value.hint


def test_a_run_does_not_need_to_say_that_it_holds_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with run_lock(*HERE, folder=tmp_path), pytest.raises(LockedError, match="by another process"):
        run_lock(*HERE, folder=tmp_path).__enter__()


@pytest.mark.parametrize("content", ["{}", "[]", "[" * 4096, "\x00", '{"job": 1}', "x" * 10_000])
def test_a_lock_file_with_other_content_is_a_lock_all_the_same(content: str, tmp_path: Path) -> None:
    with run_lock(*HERE, folder=tmp_path):
        lock_file(tmp_path).write_text(content, encoding="utf-8")
        with pytest.raises(LockedError, match="by another process"):
            run_lock(*HERE, folder=tmp_path).__enter__()
    lock_file(tmp_path).write_text(content, encoding="utf-8")
    with run_lock(*HERE, folder=tmp_path), pytest.raises(LockedError, match=f"process {os.getpid()} on "):
        run_lock(*HERE, folder=tmp_path).__enter__()


# --- a folder that several users share ------------------------------------------------------------------

ONE, OTHER = 65534, 65533
two_users = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as two users")
RUN_AS = """
import os, sys
from pathlib import Path
from medusa_sync.errors import MedusaSyncError
from medusa_sync.app.lock import run_lock

folder, user, mask, *names = sys.argv[1:]
os.umask(int(mask, 8))
os.setgroups([])
os.setgid(int(user))
os.setuid(int(user))
try:
    with run_lock(*names, folder=Path(folder)):
        print("holds the lock", flush=True)
        sys.stdin.read()
except MedusaSyncError as error:
    print(f"{type(error).__name__}: {error}", flush=True)
"""


@pytest.fixture(params=["0o777", "0o1777"], ids=["plain", "sticky"])
def shared(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder that every user may write to."""
    with TemporaryDirectory() as name:
        Path(name).chmod(int(request.param, 8))
        yield Path(name)


def lock_file(folder: Path) -> Path:
    (path,) = folder.glob("*.lock")
    return path


@contextmanager
def run_as(user: int, folder: Path, *, mask: str = "077") -> Iterator[tuple[str, int]]:
    """A process of a user that tries to hold the lock meanwhile: what it says, and its id."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN_AS, folder, str(user), mask, *HERE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        cwd=Path(__file__).parents[2],
    )
    assert process.stdin
    assert process.stdout
    with process:
        yield process.stdout.readline().strip(), process.pid
        with suppress(BrokenPipeError):
            process.stdin.close()


@two_users
def test_users_of_a_folder_take_turns_whatever_their_umask_is(shared: Path) -> None:
    for user, next_user in ((ONE, OTHER), (OTHER, ONE), (ONE, 0)):
        with run_as(user, shared) as (said, process_id):
            assert said == "holds the lock"
            with run_as(next_user, shared) as (refused, _):
                assert refused.startswith(
                    f"LockedError: Another run is under way: sync-products, process {process_id} "
                )
    assert stat.S_IMODE(lock_file(shared).stat().st_mode) == 0o666


@two_users
def test_the_next_user_can_take_the_lock_of_a_run_that_was_killed(shared: Path) -> None:
    with run_as(ONE, shared) as (_, process_id):
        os.kill(process_id, 9)
    with run_as(OTHER, shared) as (said, process_id):
        assert said == "holds the lock"
        with run_as(ONE, shared) as (refused, _):
            assert f"process {process_id} on" in refused


@two_users
def test_a_lock_file_of_an_older_version_is_opened_to_everyone_by_its_owner(shared: Path) -> None:
    with run_as(ONE, shared):
        pass
    lock_file(shared).chmod(0o600)
    with run_as(OTHER, shared) as (said, _):
        assert said == f"LockUnavailableError: The lock cannot be taken in {shared} (Permission denied)"
    lock_file(shared).chmod(0o644)
    with run_as(OTHER, shared) as (said, _):
        assert said == "holds the lock", "to read it is enough"
    lock_file(shared).chmod(0o600)
    with run_as(ONE, shared) as (said, _):
        assert said == "holds the lock"
    with run_as(OTHER, shared) as (said, _):
        assert said == "holds the lock"


def planted(folder: Path, kind: str, target: Path) -> None:
    """Put something else in the place of the lock file."""
    with run_lock(*HERE, folder=folder):
        path = lock_file(folder)
    path.unlink()
    match kind:
        case "symbolic link":
            path.symlink_to(target)
        case "hard link":
            path.hardlink_to(target)
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("symbolic link", "is a symbolic link"),
        ("hard link", "is not an ordinary file"),
        ("folder", "Is a directory"),
        ("pipe", "is not an ordinary file"),
    ],
)
def test_nothing_but_an_ordinary_file_is_opened(kind: str, reason: str, tmp_path: Path) -> None:
    target = tmp_path / "diary"
    target.write_text("dear diary", encoding="utf-8")
    target.chmod(0o600)
    planted(tmp_path, kind, target)
    with pytest.raises(LockUnavailableError, match=reason) as caught:
        run_lock(*HERE, folder=tmp_path).__enter__()
    assert "--lock-dir" in caught.value.hint
    assert target.read_text(encoding="utf-8") == "dear diary"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_link_to_nowhere_creates_nothing(tmp_path: Path) -> None:
    planted(tmp_path, "symbolic link", tmp_path / "nowhere")
    with pytest.raises(LockUnavailableError, match="is a symbolic link"):
        run_lock(*HERE, folder=tmp_path).__enter__()
    assert not (tmp_path / "nowhere").exists()
