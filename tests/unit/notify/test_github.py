"""The step summary and annotations for GitHub Actions; what they say is in the snapshots of the reports."""

from pathlib import Path

import pytest
from msgspec import structs

from medusa_sync.core.field_changes import FieldChange
from medusa_sync.core.outcome import Outcome
from medusa_sync.notify.github import append_step_summary, step_summary, workflow_commands
from medusa_sync.report.file import ReportError
from tests.unit.results import LAMP, OVERRULED, SPOON, STAMPS, of_variants, run


def test_the_summary_is_small_enough_for_github() -> None:
    long = structs.replace(
        OVERRULED,
        title="|" * 500,
        changes=tuple(FieldChange(f"{'|' * 50}{n}", "|" * 9_000, "!" * 9_000) for n in range(30)),
    )
    problems = [structs.replace(STAMPS, title="|" * 500, reason="|" * 9_000)] * 300
    summary = step_summary(run(*[long] * 300, problems=problems))
    assert len(summary.encode()) < 500_000
    assert "<br>26 more |" in summary  # of 30 changes and a conflict
    assert "... and 280 more with problems" in summary


def test_the_summary_is_appended_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("# Earlier\n", encoding="utf-8")
    append_step_summary(run(SPOON, dry_run=True), file)
    assert file.read_text(encoding="utf-8") == f"# Earlier\n{step_summary(run(SPOON, dry_run=True))}"
    assert "; nothing was written**\n" in file.read_text(encoding="utf-8")


def test_a_summary_that_cannot_be_written_is_an_error() -> None:
    with pytest.raises(ReportError, match="'/dev/full' was not written: No space left on device") as caught:
        append_step_summary(run(SPOON), Path("/dev/full"))
    assert "GITHUB_STEP_SUMMARY" in caught.value.hint


@pytest.mark.parametrize("outcome", [LAMP, STAMPS])
@pytest.mark.parametrize(("number", "last"), [(10, ""), (11, "... and 2 more"), (300, "... and 291 more")])
def test_no_more_annotations_are_written_than_github_shows(outcome: Outcome, number: int, last: str) -> None:
    lines = list(workflow_commands(run(problems=[outcome] * number)))
    assert len(lines) == 10
    assert last in lines[-1]
    (line,) = workflow_commands(run(of_variants(40, *range(40))))
    assert line.endswith("; 35 more")
