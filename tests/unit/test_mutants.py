"""The list of bugs on purpose, and what puts them into a copy of the package."""

from collections import Counter
from pathlib import Path

import pytest

import medusa_sync
from tests.world.mutants.__main__ import Bug, bugs

PACKAGE = Path(medusa_sync.__file__).parent


def test_each_bug_changes_one_place_of_the_package() -> None:
    found = {f"{bug.file}: {bug.old}": (PACKAGE / bug.file).read_text().count(bug.old) for bug in bugs()}

    assert {place: count for place, count in found.items() if count != 1} == {}
    assert [bug.says for bug in bugs() if bug.new == bug.old] == []


def test_each_bug_leaves_python_that_can_be_compiled() -> None:
    for bug in bugs():
        source = (PACKAGE / bug.file).read_text().replace(bug.old, bug.new)
        compile(source, bug.file, "exec")


def test_the_list_has_each_bug_once_and_enough_of_them() -> None:
    counts = Counter((bug.file, bug.old, bug.new) for bug in bugs())

    assert [place for place, count in counts.items() if count > 1] == []
    assert len(counts) >= 60
    assert {bug.file.partition("/")[0] for bug in bugs()} >= {"core", "sync", "medusa"}


@pytest.mark.parametrize("text", ["a = 1\n", "a = 2\nb = 2\n"], ids=["none", "two"])
def test_a_bug_whose_text_is_not_there_once_is_an_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "part.py"
    file.write_text(text)

    with pytest.raises(ValueError, match=r"part\.py has \d times: = 2"):
        Bug(file="part.py", old="= 2", new="= 3", says="").apply(tmp_path)

    assert file.read_text() == text


def test_a_bug_changes_the_copy(tmp_path: Path) -> None:
    file = tmp_path / "part.py"
    file.write_text("a = 1\nb = 2\n")

    Bug(file="part.py", old="= 2", new="= 3", says="").apply(tmp_path)

    assert file.read_text() == "a = 1\nb = 3\n"
