"""The lock of a run: held once, shared by users, safe against planted files."""

import fcntl
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier, Timer

import pytest

from medusa_sync.app.lock import run_lock
from medusa_sync.core.ids import Shard
from medusa_sync.errors import LockedError, LockUnavailableError
from tests.tiers import sampled

RUN = ("sync-products", "https://store.example.com", "dummyjson")


def test_second_run_reports_the_holder(tmp_path: Path) -> None:
    with run_lock(*RUN, folder=tmp_path):
        with pytest.raises(LockedError, match=rf"sync-products, process {os.getpid()} on ") as caught:
            run_lock(*RUN, folder=tmp_path).__enter__()
        assert caught.value.exit_code == 75
    with run_lock(*RUN, folder=tmp_path):
        pass


@pytest.mark.parametrize("place", [1, 2])
def test_other_stores_and_sources_have_other_locks(place: int, tmp_path: Path) -> None:
    other = [*RUN]
    other[place] = "http://another.example.com"
    with run_lock(*RUN, folder=tmp_path), run_lock(*other, folder=tmp_path):
        pass


def test_another_job_of_the_same_store_and_source_has_the_same_lock(tmp_path: Path) -> None:
    with run_lock(*RUN, folder=tmp_path), pytest.raises(LockedError, match=r"sync-products, process "):
        run_lock("nightly", *RUN[1:], folder=tmp_path).__enter__()


@pytest.mark.parametrize(
    "spelling",
    [
        "https://store.example.com/",
        "https://Store.Example.COM",
        "https://store.example.com:443",
        "https://STORE.example.com:443//",
    ],
)
def test_all_spellings_of_a_store_have_the_same_lock(spelling: str, tmp_path: Path) -> None:
    with run_lock(*RUN, folder=tmp_path), pytest.raises(LockedError):
        run_lock(RUN[0], spelling, RUN[2], folder=tmp_path).__enter__()


@pytest.mark.parametrize(
    "other", ["http://store.example.com", "https://store.example.com:9000", "https://store.example.com/two"]
)
def test_another_port_or_path_is_another_store(other: str, tmp_path: Path) -> None:
    with run_lock(*RUN, folder=tmp_path), run_lock(RUN[0], other, RUN[2], folder=tmp_path):
        pass


def test_unusable_folder_is_an_invalid_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LockUnavailableError, match="cannot be taken in") as caught:
        run_lock(*RUN, folder=tmp_path / "file" / "locks").__enter__()
    assert caught.value.exit_code == 2
    assert "--lock-dir" in caught.value.hint


def test_lock_works_without_writing_the_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with run_lock(*RUN, folder=tmp_path), pytest.raises(LockedError, match="its process is unknown"):
        run_lock(*RUN, folder=tmp_path).__enter__()


@pytest.mark.parametrize("content", ["{}", "[]", "[" * 4096, "\x00", '{"job": 1}', "x" * 10_000])
def test_content_of_the_lock_file_does_not_matter(content: str, tmp_path: Path) -> None:
    with run_lock(*RUN, folder=tmp_path):
        lock_file(tmp_path).write_text(content, encoding="utf-8")
        with pytest.raises(LockedError, match="its process is unknown"):
            run_lock(*RUN, folder=tmp_path).__enter__()
    lock_file(tmp_path).write_text(content, encoding="utf-8")
    with run_lock(*RUN, folder=tmp_path), pytest.raises(LockedError, match=f"process {os.getpid()} on "):
        run_lock(*RUN, folder=tmp_path).__enter__()


# --- shards ---------------------------------------------------------------------------------------------


@contextmanager
def held(folder: Path, *shards: str | None) -> Iterator[None]:
    """Hold the locks of runs; None is a run without a shard."""
    with ExitStack() as stack:
        for shard in shards:
            stack.enter_context(run_lock(*RUN, shard=parsed(shard), folder=folder))
        yield


def parsed(shard: str | None) -> Shard | None:
    return None if shard is None else Shard(*map(int, shard.split("/")))


def test_shards_of_the_same_count_run_side_by_side(tmp_path: Path) -> None:
    with held(tmp_path, *(f"{number}/8" for number in range(1, 9))):
        pass
    with held(tmp_path, None):
        pass
    with held(tmp_path, "1/3", "2/3", "3/3"):
        pass


@pytest.mark.parametrize(
    ("running", "other", "named"),
    [
        (["2/8", "3/8"], "3/8", "sync-products, shard 3/8, process "),
        (["2/8"], None, "sync-products, shard 2/8, process "),
        ([None], "2/8", "sync-products, process "),
        (["1/4"], "1/8", "sync-products, shard 1/4, process "),
        (["7/8"], "1/4", "sync-products, shard 7/8, process "),
        (["1/1"], None, "sync-products, shard 1/1, process "),
        (["1/1"], "1/2", "sync-products, shard 1/1, process "),
        (["1/2"], "1/12", "sync-products, shard 1/2, process "),
        (["1/12"], "1/2", "sync-products, shard 1/12, process "),
    ],
)
def test_no_two_runs_sync_the_same_product(
    running: list[str | None], other: str | None, named: str, tmp_path: Path
) -> None:
    with held(tmp_path, *running):
        for _ in range(2):  # a refused run leaves nothing locked
            with pytest.raises(LockedError) as caught:
                run_lock(*RUN, shard=parsed(other), folder=tmp_path).__enter__()
            assert str(caught.value).startswith(f"Another run is under way: {named}{os.getpid()} on ")
    with held(tmp_path, other):
        pass


def test_shards_of_another_count_are_said_to_need_the_same(tmp_path: Path) -> None:
    with held(tmp_path, "1/4"), pytest.raises(LockedError) as caught:
        run_lock(*RUN, shard=Shard(1, 8), folder=tmp_path).__enter__()
    assert "the same N in --shard K/N" in caught.value.hint


def test_a_run_whose_shard_was_killed_is_not_named(tmp_path: Path) -> None:
    with held(tmp_path, "1/4"):
        copies = {path: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    for path, text in copies.items():  # as a killed run leaves them
        path.write_text(text, encoding="utf-8")
    with held(tmp_path, "2/8"), pytest.raises(LockedError, match="shard 2/8"):
        run_lock(*RUN, folder=tmp_path).__enter__()


def test_shards_of_other_stores_and_sources_have_other_locks(tmp_path: Path) -> None:
    with held(tmp_path, "1/4"), run_lock(*RUN[:2], "toys", shard=Shard(1, 8), folder=tmp_path):
        pass


def test_a_run_that_only_checks_whether_a_shard_runs_does_not_stop_it(tmp_path: Path) -> None:
    with held(tmp_path, "1/4"):
        path = next(tmp_path.glob("*.1-of-4.lock"))
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        timer = Timer(0.01, fcntl.flock, (file, fcntl.LOCK_UN))
        timer.start()
        with held(tmp_path, "1/4"):
            timer.join()


def test_shards_that_start_at_the_same_moment_do_not_refuse_each_other(tmp_path: Path) -> None:
    """Runs that are refused look for the one that is in their way, meanwhile."""
    ready, refused = Barrier(8), []

    def run(shard: str | None) -> bool:
        ready.wait()
        for _ in range(20):
            try:
                with held(tmp_path, shard):
                    time.sleep(0.001)
            except LockedError as error:
                if shard is not None:
                    refused.append((shard, str(error)))
        return True

    with held(tmp_path, "8/8"), ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, [*(f"{number}/8" for number in range(2, 8)), None, None]))
    assert refused == []


# --- a folder that several users share ------------------------------------------------------------------

ONE, OTHER = 65534, 65533
two_users = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as two users")
SCRIPT = """
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


@pytest.fixture(params=sampled(["0o777", "0o1777"], "0o1777"))
def shared(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder that every user can write to."""
    with TemporaryDirectory() as name:
        Path(name).chmod(int(request.param, 8))
        yield Path(name)


def lock_file(folder: Path) -> Path:
    (path,) = folder.glob("*.lock")
    return path


@contextmanager
def run_as(user: int, folder: Path, *, mask: str = "077") -> Iterator[tuple[str, int]]:
    """Start a process that tries to take the lock as a user; yield its output and its id."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, folder, str(user), mask, *RUN],
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
def test_users_with_any_umask_can_share_a_folder(shared: Path) -> None:
    for user, next_user in ((ONE, OTHER), (OTHER, ONE), (ONE, 0)):
        with run_as(user, shared) as (output, process_id):
            assert output == "holds the lock"
            with run_as(next_user, shared) as (denied, _):
                assert denied.startswith(
                    f"LockedError: Another run is under way: sync-products, process {process_id} "
                )
    assert stat.S_IMODE(lock_file(shared).stat().st_mode) == 0o666


@two_users
def test_lock_of_a_killed_run_is_free_for_other_users(shared: Path) -> None:
    with run_as(ONE, shared) as (_, process_id):
        os.kill(process_id, 9)
    with run_as(OTHER, shared) as (output, process_id):
        assert output == "holds the lock"
        with run_as(ONE, shared) as (denied, _):
            assert f"process {process_id} on" in denied


@two_users
def test_owner_fixes_the_mode_of_an_older_lock_file(shared: Path) -> None:
    with run_as(ONE, shared):
        pass
    lock_file(shared).chmod(0o600)
    with run_as(OTHER, shared) as (output, _):
        assert output == f"LockUnavailableError: The lock cannot be taken in {shared} (Permission denied)"
    lock_file(shared).chmod(0o644)
    with run_as(OTHER, shared) as (output, _):
        assert output == "holds the lock", "read access is enough"
    lock_file(shared).chmod(0o600)
    with run_as(ONE, shared) as (output, _):
        assert output == "holds the lock"
    with run_as(OTHER, shared) as (output, _):
        assert output == "holds the lock"


def plant(folder: Path, kind: str, target: Path) -> None:
    """Replace the lock file with something else."""
    with run_lock(*RUN, folder=folder):
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
        ("hard link", "is not a regular file"),
        ("folder", "Is a directory"),
        ("pipe", "is not a regular file"),
    ],
)
def test_only_a_regular_file_is_used(kind: str, reason: str, tmp_path: Path) -> None:
    target = tmp_path / "diary"
    target.write_text("dear diary", encoding="utf-8")
    target.chmod(0o600)
    plant(tmp_path, kind, target)
    with pytest.raises(LockUnavailableError, match=reason) as caught:
        run_lock(*RUN, folder=tmp_path).__enter__()
    assert "--lock-dir" in caught.value.hint
    assert target.read_text(encoding="utf-8") == "dear diary"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_broken_link_creates_nothing(tmp_path: Path) -> None:
    plant(tmp_path, "symbolic link", tmp_path / "nowhere")
    with pytest.raises(LockUnavailableError, match="is a symbolic link"):
        run_lock(*RUN, folder=tmp_path).__enter__()
    assert not (tmp_path / "nowhere").exists()
