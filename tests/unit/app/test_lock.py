"""The lock of a run: held once, shared by users, safe against planted files."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier

import pytest

from medusa_sync.app.lock import run_lock
from medusa_sync.core.ids import Shard
from medusa_sync.errors import LockedError, LockUnavailableError

STORE = "https://store.example.com"
WHO = rf"sync-products, process {os.getpid()} on "


@contextmanager
def held(
    folder: Path | None, *shards: str | None, url: str = STORE, source: str = "dummyjson"
) -> Iterator[None]:
    """Hold the locks of runs; None is a run without a shard."""
    with ExitStack() as stack:
        for shard in shards or (None,):
            parsed = None if shard is None else Shard(*map(int, shard.split("/")))
            stack.enter_context(run_lock("sync-products", url, source, shard=parsed, folder=folder))
        yield


def lock_file(folder: Path) -> Path:
    (path,) = folder.glob("*.lock")
    return path


SAME = [STORE, f"{STORE}/", STORE.title(), f"{STORE}:443", "https://STORE.example.com:443//"]
OTHER_URLS = ["http://another.example.com", "http://store.example.com", f"{STORE}:9000", f"{STORE}/two"]


@pytest.mark.parametrize("shard", [None, "1/4"])
def test_a_lock_is_that_of_a_store_and_a_source_whatever_the_job_is_called(
    shard: str | None, tmp_path: Path
) -> None:
    with held(tmp_path, shard):
        for url, source in [*((url, "dummyjson") for url in OTHER_URLS), (STORE, "toys")]:
            with held(tmp_path, "1/8", url=url, source=source):
                pass
        for spelling in SAME:
            with pytest.raises(LockedError, match=WHO.partition(",")[0]) as caught:
                run_lock("nightly", spelling, "dummyjson", folder=tmp_path).__enter__()
            assert caught.value.exit_code == 75
    with run_lock("nightly", STORE, "dummyjson", folder=tmp_path):
        pass


@pytest.mark.parametrize("content", ["{}", "[]", "[" * 4096, "\x00", '{"job": 1}', "x" * 10_000])
def test_content_of_the_lock_file_does_not_matter(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)  # the lock works without naming its holder
        with held(tmp_path):
            lock_file(tmp_path).write_text(content, encoding="utf-8")
            with pytest.raises(LockedError, match="its process is unknown"):
                held(tmp_path).__enter__()
    lock_file(tmp_path).write_text(content, encoding="utf-8")
    with held(tmp_path), pytest.raises(LockedError, match=f"process {os.getpid()} on "):
        held(tmp_path).__enter__()


# --- shards ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("running", "other", "named"),
    [
        (["2/8", "3/8"], "3/8", ", shard 3/8"),
        (["2/8"], None, ", shard 2/8"),
        ([None], "2/8", ""),
        (["1/4"], "1/8", ", shard 1/4"),
        (["1/1"], None, ", shard 1/1"),
        (["1/2"], "1/12", ", shard 1/2"),
        (["1/12"], "1/2", ", shard 1/12"),
    ],
)
def test_no_two_runs_sync_the_same_product(
    running: list[str | None], other: str | None, named: str, tmp_path: Path
) -> None:
    with held(tmp_path, *running):
        for _ in range(2):  # a refused run leaves nothing locked
            with pytest.raises(LockedError) as caught:
                held(tmp_path, other).__enter__()
            message = f"Another run is under way: sync-products{named}, process {os.getpid()} on "
            assert str(caught.value).startswith(message)
            counts = {str(shard).partition("/")[2] for shard in (*running, other)}
            is_of_another_count = len(counts) == 2 and "" not in counts
            assert ("the same N in --shard K/N" in caught.value.hint) is is_of_another_count
    with held(tmp_path, other):
        pass


def test_a_run_whose_shard_was_killed_is_not_named(tmp_path: Path) -> None:
    with held(tmp_path, "1/4"):
        copies = {path: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    for path, text in copies.items():  # as a killed run leaves them
        path.write_text(text, encoding="utf-8")
    with held(tmp_path, "2/8"), pytest.raises(LockedError, match="shard 2/8"):
        held(tmp_path).__enter__()


def test_shards_that_start_at_the_same_moment_do_not_refuse_each_other(tmp_path: Path) -> None:
    """Runs that are refused look for the one that is in their way, meanwhile."""
    ready, refused = Barrier(8), []

    def run(shard: str | None) -> bool:
        ready.wait()
        for _ in range(10):
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


@pytest.fixture(params=[0o777, 0o1777], ids=oct)
def shared(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder that every user can write to."""
    with TemporaryDirectory() as name:
        Path(name).chmod(request.param)
        yield Path(name)


@contextmanager
def acting_as(user: int) -> Iterator[None]:
    """Act as a user with a strict umask."""

    def become(user: int) -> None:
        os.seteuid(0)
        os.setegid(user)
        os.seteuid(user)

    before, mask = os.geteuid(), os.umask(0o077)
    become(user)
    try:
        yield
    finally:
        become(before)
        os.umask(mask)


@two_users
def test_users_with_any_umask_can_share_a_folder(shared: Path) -> None:
    for user, next_user in ((ONE, OTHER), (OTHER, ONE), (ONE, 0)):
        with acting_as(user), held(shared), acting_as(next_user), pytest.raises(LockedError, match=WHO):
            held(shared).__enter__()
    assert stat.S_IMODE(lock_file(shared).stat().st_mode) == 0o666


@two_users
def test_owner_fixes_the_mode_of_an_older_lock_file(shared: Path) -> None:
    with acting_as(ONE), held(shared):
        lock_file(shared).chmod(0o600)
    with acting_as(OTHER), pytest.raises(LockUnavailableError) as caught:
        held(shared).__enter__()
    assert str(caught.value) == f"The lock cannot be taken in {shared} (Permission denied)"
    lock_file(shared).chmod(0o644)
    with acting_as(OTHER), held(shared):
        pass  # read access is enough
    lock_file(shared).chmod(0o600)
    for user in (ONE, OTHER):
        with acting_as(user), held(shared):
            pass


PLANTED: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    "symbolic link": (lambda path, diary: path.symlink_to(diary), "is a symbolic link"),
    "broken link": (lambda path, diary: path.symlink_to(diary.parent / "nowhere"), "is a symbolic link"),
    "hard link": (lambda path, diary: path.hardlink_to(diary), "is not a regular file"),
    "folder": (lambda path, _diary: path.mkdir(), "Is a directory"),
    "pipe": (lambda path, _diary: os.mkfifo(path), "is not a regular file"),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_only_a_regular_file_is_used(kind: str, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    diary.write_text("dear diary", encoding="utf-8")
    diary.chmod(0o600)
    with held(tmp_path):
        path = lock_file(tmp_path)
    path.unlink()
    plant, reason = PLANTED[kind]
    plant(path, diary)
    with pytest.raises(LockUnavailableError, match=reason) as caught:
        held(tmp_path).__enter__()
    assert "--lock-dir" in caught.value.hint
    assert not (tmp_path / "nowhere").exists()
    assert diary.read_text(encoding="utf-8") == "dear diary"
    assert stat.S_IMODE(diary.stat().st_mode) == 0o600


def test_a_user_without_a_home_directory_needs_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container with another user id, `docker run --user 12345`."""

    def no_user(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", no_user)
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LockUnavailableError, match="no home directory") as caught, held(None):
        pass
    assert "--lock-dir" in caught.value.hint
    assert not [*tmp_path.iterdir()]
