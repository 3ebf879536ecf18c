"""The report file of a run: its format, and that it is written completely or not at all."""

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from medusa_sync.report.file import ReportError, check_report_path, write_report
from medusa_sync.report.json import as_json
from tests.unit.results import LAMP, SPOON, run

# --- formats --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["report.json", "REPORT.JSON"])
def test_json_is_the_indented_document(name: str, tmp_path: Path) -> None:
    result = run(SPOON, problems=[LAMP])
    write_report(result, tmp_path / name)
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert json.loads(text) == json.loads(as_json(result))
    assert text.startswith('{\n  "version": 1,\n')
    assert text.endswith("}\n")


def test_html_is_a_page(tmp_path: Path) -> None:
    write_report(run(SPOON), tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


# --- the file -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["report.json", "report.csv", "report.html"])
def test_the_umask_applies_and_no_temporary_file_is_left(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("old report", encoding="utf-8")
    before = os.umask(0o027)
    try:
        write_report(run(SPOON), tmp_path / name)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o640
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_symbolic_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    link = tmp_path / "latest.json"
    link.symlink_to(tmp_path / "reports" / "today")
    write_report(run(SPOON), link)
    assert link.is_symlink()
    assert (tmp_path / "reports" / "today").read_text(encoding="utf-8").startswith("{")


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


# --- wrong paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["report.json", "report.csv", "report.html", "a.b.HTML"])
def test_a_valid_path_is_accepted(name: str, tmp_path: Path) -> None:
    assert check_report_path(tmp_path / name) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("report.pdf", "must end in one of .json, .csv, .html"),
        ("report", "must end in one of"),
        (".html", "must end in one of"),
        ("folder.json", "is not a file"),
        ("none/report.json", "does not exist; create it first"),
        ("file.csv/report.json", "does not exist; create it first"),
    ],
)
def test_a_wrong_path_is_found_before_the_run_and_refused_after_it(
    name: str, problem: str, tmp_path: Path
) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "file.csv").touch()
    found = check_report_path(tmp_path / name)
    assert found is not None
    assert problem in found
    with pytest.raises(ReportError) as caught:
        write_report(run(SPOON), tmp_path / name)
    assert found in str(caught.value)
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    link = tmp_path / "report.json"
    link.symlink_to("/dev/null")
    assert "is not a file" in str(check_report_path(link))


def test_a_folder_without_write_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    assert "is not writable" in str(check_report_path(tmp_path / "report.json"))


def test_jinja_is_imported_only_for_html(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from medusa_sync.report import file;"
        "from medusa_sync.notify import github;"
        "from tests.unit.results import run; file.write_report(run(), Path(sys.argv[1]));"
        "sys.exit('jinja2' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "report.csv")], check=True)
