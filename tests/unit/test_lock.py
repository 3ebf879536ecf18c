"""One run at a time: who holds the lock is told, and what keeps it from being taken."""

import os
from pathlib import Path

import pytest

from medusa_sync.errors import LockedError, LockUnavailableError
from medusa_sync.lock import run_lock

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

    monkeypatch.setattr(Path, "write_text", full)
    with run_lock(*HERE, folder=tmp_path), pytest.raises(LockedError, match="by another process"):
        run_lock(*HERE, folder=tmp_path).__enter__()
