"""The report file of a run: its formats, and that it is there whole or not at all."""

import csv
import errno
import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.change import FieldChange
from medusa_sync.core.result import RunResult, Status
from medusa_sync.report.files import ReportError, check_report_path, write_report
from medusa_sync.report.json import as_json
from medusa_sync.report.text import visible
from tests.unit.results import (
    BOWL,
    DELETED,
    DRAFTED,
    LAMP,
    LEFT,
    MUG,
    OVERRULED,
    PRICE,
    RESPECTED,
    ROW,
    SPOON,
    STAMPS,
    TINY,
    run,
)

COLUMNS = ["external_id", "title", "outcome", "action", "field", "from", "to", "reason"]
FORMULAS = tuple("=+-@\t\r＝＋－＠")  # noqa: RUF001 - wide on purpose


def rows(result: RunResult, folder: Path) -> list[list[str]]:
    write_report(result, folder / "report.csv")
    text = (folder / "report.csv").read_bytes().decode()
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


# --- formats --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["report.json", "REPORT.JSON"])
def test_json_is_the_document_of_the_contract(name: str, tmp_path: Path) -> None:
    result = run(SPOON, problems=[LAMP])
    write_report(result, tmp_path / name)
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert json.loads(text) == json.loads(as_json(result))
    assert text.startswith('{\n  "version": 1,\n')
    assert text.endswith("}\n")


def test_html_is_a_page(tmp_path: Path) -> None:
    write_report(run(SPOON), tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_csv_has_a_line_for_each_changed_field_or_product(tmp_path: Path) -> None:
    tags = FieldChange("tags", ("a",), ("a", "b, c"))
    spoon = structs.replace(SPOON, changes=(PRICE, tags, FieldChange("weight", None, 4)))
    result = run(
        spoon,
        MUG,
        BOWL,
        OVERRULED,
        RESPECTED,
        DRAFTED,
        DELETED,
        problems=[LAMP, ROW],
        not_completed=LEFT[:1],
        status=Status.FAILED,
        error="no answer",
    )
    source = "changed on both sides; the source counts, the store had 21"
    store = "changed on both sides; the store counts, the source has Clay Teapot"
    assert rows(result, tmp_path) == [
        COLUMNS,
        ["", "", "failed", "", "", "", "", "no answer"],
        ["dummyjson:18", "فانوس نحاسي صغير", "rejected", "", "", "", "", "price: it is -1, below 0"],
        ["", "", "rejected", "", "", "", "", "row 17 is no object"],
        ["dummyjson:50", "Rug 50", "unconfirmed", "", "", "", "", "not completed: no answer"],
        ["dummyjson:1", "Olive Wood Spoon", "updated", "update", "price", "9.99", "10.99", ""],
        ["dummyjson:1", "Olive Wood Spoon", "updated", "update", "tags", '["a"]', '["a", "b, c"]', ""],
        ["dummyjson:1", "Olive Wood Spoon", "updated", "update", "weight", "", "4", ""],
        ["dummyjson:6", "Café Crème Mug", "created", "create", "", "", "", ""],
        ["dummyjson:7", "Stoneware Bowl", "updated", "adopt", "price", "4999", "49.99", ""],
        ["dummyjson:40", "Linen Apron", "updated", "update", "price", "21", "19.99", source],
        ["dummyjson:41", "Clay Teapot", "unchanged", "keep", "title", "Our Teapot", "Our Teapot", store],
        ["dummyjson:90", "Felt Slippers", "removed", "draft", "status", "published", "draft", ""],
        ["dummyjson:91", "Wicker Basket", "removed", "delete", "", "", "", ""],
    ]


@given(text=st.one_of(TINY, st.builds(str.__add__, st.sampled_from(FORMULAS), TINY)))
def test_csv_parses_back_and_calculates_nothing(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    spoon = structs.replace(SPOON, title=text, changes=(FieldChange("brand", text, f"{text}!"),))
    shown = visible(text)
    kept = f"'{shown}" if shown.startswith(FORMULAS) else shown
    written = rows(
        run(spoon, problems=[structs.replace(STAMPS, reason=text)]), tmp_path_factory.mktemp("csv")
    )
    assert [len(row) for row in written] == [len(COLUMNS)] * 3
    assert written[1][-1] == kept
    assert written[2][1] == written[2][5] == kept
    assert not any(cell.startswith(FORMULAS) for row in written for cell in row)


# --- the file -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["report.json", "report.csv", "report.html"])
def test_a_report_is_a_new_file_like_any_other(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("of yesterday", encoding="utf-8")
    before = os.umask(0o027)
    try:
        write_report(run(SPOON), tmp_path / name)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o640
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    link = tmp_path / "latest.json"
    link.symlink_to(tmp_path / "reports" / "today")
    write_report(run(SPOON), link)
    assert link.is_symlink()
    assert (tmp_path / "reports" / "today").read_text(encoding="utf-8").startswith("{")


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_what_fails_leaves_the_old_report_and_nothing_else(
    failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "report.json"
    report.write_text("of yesterday", encoding="utf-8")

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(Path, "replace", fail)
    expected = ReportError if isinstance(failure, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as caught:
        write_report(run(SPOON), report)
    assert [file.read_text(encoding="utf-8") for file in tmp_path.iterdir()] == ["of yesterday"]
    if isinstance(caught.value, ReportError):
        assert str(caught.value) == f"The report {str(report)!r} was not written: No space left on device."
        assert "--report" in caught.value.hint


# --- wrong paths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["report.json", "report.csv", "report.html", "a.b.HTML"])
def test_a_right_path_is_no_problem(name: str, tmp_path: Path) -> None:
    assert check_report_path(tmp_path / name) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("report.pdf", "ends in none of .json, .csv, .html, which choose the format"),
        ("report", "ends in none of"),
        (".html", "ends in none of"),
        ("folder.json", "is not a file"),
        ("none/report.json", "there is no folder"),
        ("file.csv/report.json", "there is no folder"),
    ],
)
def test_a_wrong_path_is_told_before_and_refused_after(name: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "file.csv").touch()
    told = check_report_path(tmp_path / name)
    assert told is not None
    assert problem in told
    with pytest.raises(ReportError) as caught:
        write_report(run(SPOON), tmp_path / name)
    assert told in str(caught.value)
    assert caught.value.exit_code == 2
    assert caught.value.hint


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    link = tmp_path / "report.json"
    link.symlink_to("/dev/null")
    assert "is not a file" in str(check_report_path(link))


def test_a_folder_that_may_not_be_written_to_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    assert "no file can be made in the folder" in str(check_report_path(tmp_path / "report.json"))


def test_jinja_is_loaded_for_html_alone(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from medusa_sync.report import files;"
        "from medusa_sync.notify import github;"
        "from tests.unit.results import run; files.write_report(run(), Path(sys.argv[1]));"
        "sys.exit('jinja2' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "report.csv")], check=True)
