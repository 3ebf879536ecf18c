"""The report file of a run: its format, and that it is written completely or not at all."""

import errno
import json
import os
import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from msgspec import structs

from medusa_sync.core.ids import Shard
from medusa_sync.report.file import ReportError, check_report_path, write_report
from medusa_sync.report.json import as_json
from tests.unit.results import LAMP, SPOON, run


@pytest.mark.parametrize(
    ("name", "start"),
    [
        *((name, '{\n  "version": 1,\n') for name in ("report.json", "REPORT.JSON")),
        ("report.csv", "\ufeffexternal_id,"),  # by the byte order mark, Excel knows that it is UTF-8
        ("plan.md", "<!-- medusa-sync sync-products "),
        *((name, "<!doctype html>") for name in ("a.b.HTML", ".html")),
    ],
)
def test_the_ending_decides_the_format_and_the_umask_the_mode(name: str, start: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("old report", encoding="utf-8")
    before = os.umask(0o027)
    try:
        write_report(run(SPOON, problems=[LAMP]), path)
    finally:
        os.umask(before)
    text = path.read_text(encoding="utf-8")
    assert text.startswith(start)
    if start.startswith("{"):
        assert text == as_json(run(SPOON, problems=[LAMP]), pretty=True) + "\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path], "no temporary file is left"


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_keeps_the_old_report_and_leaves_no_other_file(
    failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "report.json"
    report.write_text("old report", encoding="utf-8")

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(Path, "replace", fail)
    expected = ReportError if isinstance(failure, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as caught:
        write_report(run(SPOON), report)
    assert [file.read_text(encoding="utf-8") for file in tmp_path.iterdir()] == ["old report"]
    if isinstance(caught.value, ReportError):
        assert str(caught.value) == f"The report {str(report)!r} was not written: No space left on device."
        assert "--report" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("folder.json", "is not a file"),
        ("device.json", "is not a file"),
        ("none/report.json", "does not exist; create it first"),
        ("file.csv/report.json", "does not exist; create it first"),
        ("locked/report.json", "is not writable"),
    ],
)
def test_a_wrong_path_is_found_before_the_run_and_refused_after_it(
    name: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "locked").mkdir()
    (tmp_path / "file.csv").touch()
    (tmp_path / "device.json").symlink_to("/dev/null")
    # Root may write anywhere.
    monkeypatch.setattr(os, "access", lambda path, _mode: "locked" not in str(path))
    found = check_report_path(tmp_path / name)
    assert found is not None
    assert problem in found
    with pytest.raises(ReportError) as caught:
        write_report(run(SPOON), tmp_path / name)
    assert found in str(caught.value)
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_a_symbolic_link_is_followed_and_one_to_itself_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    link, loop = tmp_path / "latest.json", tmp_path / "loop.json"
    link.symlink_to(tmp_path / "reports" / "today")
    loop.symlink_to(loop)
    for path in (link, loop):
        write_report(run(SPOON), path)
        assert path.read_text(encoding="utf-8").startswith("{")
    assert (link.is_symlink(), loop.is_symlink()) == (True, False)


def test_each_run_has_a_file_of_its_own_by_its_start_in_utc(tmp_path: Path) -> None:
    begun = datetime(2026, 11, 29, 23, 50, tzinfo=timezone(timedelta(hours=2)))
    for minutes in (0, 2):
        started_at = begun + timedelta(minutes=minutes)
        write_report(structs.replace(run(SPOON), started_at=started_at), tmp_path / "{started_at}.json")
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["2026-11-29T21-50-00Z.json", "2026-11-29T21-52-00Z.json"]


def test_two_runs_that_begin_in_one_second_do_not_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "{started_at}.json"
    for problems in ([], [LAMP], [LAMP, SPOON]):
        write_report(run(SPOON, problems=problems), path)
    found = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    start = "2026-01-02T03-04-05Z"
    assert found.keys() == {f"{start}.json", f"{start}_2.json", f"{start}_3.json"}
    assert [len(json.loads(found[name])["problems"]) for name in sorted(found)] == [0, 1, 2]


def test_a_report_that_fails_leaves_no_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ReportError):
        write_report(run(SPOON), tmp_path / "{started_at}.json")
    assert [*tmp_path.iterdir()] == []


def test_each_shard_has_a_file_of_its_own_which_the_next_run_replaces(tmp_path: Path) -> None:
    for shard in (Shard(1, 2), Shard(2, 2), Shard(2, 2), None):
        write_report(structs.replace(run(SPOON), shard=shard), tmp_path / "run-{shard}.json")
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["run-1-of-1.json", "run-1-of-2.json", "run-2-of-2.json"]
