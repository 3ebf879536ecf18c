"""The report in Markdown fits into a comment; what it says is in the snapshots of the reports."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.codes import Note
from medusa_sync.core.field_changes import FieldChange
from medusa_sync.core.outcome import Outcome
from medusa_sync.core.result import RunResult, Status
from medusa_sync.report.markdown import as_markdown
from tests.unit.results import DELETED, HELD, LACKING, LAMP, MUG, OVERRULED, SKIPPED, SPOON, STAMPS, run

LIMIT = 65_536
LONGEST = "{" * 9_000  # each is six characters of Markdown


def rows(report: str) -> list[str]:
    """The rows of the tables of products, the second of which is folded."""
    _, *tables = report.split("| --- | --- | --- | --- |\n")
    return [row for table in tables for row in table.partition("\n\n")[0].splitlines()]


def left_out(report: str) -> int:
    found = re.findall(r"^\.\.\. and (\d+) more; --json shows them all$", report, re.MULTILINE)
    return int(found[0]) if found else 0


@given(number=st.integers(0, 2_000), problems=st.integers(0, 500), length=st.integers(0, 300))
def test_it_fits_into_a_comment_and_counts_every_product(number: int, problems: int, length: int) -> None:
    mug = structs.replace(MUG, title="|" * length)
    report = as_markdown(run(*[mug] * number, problems=[LAMP] * problems, skipped=(SKIPPED,)))
    assert len(report) <= LIMIT
    assert len(rows(report)) + left_out(report) == number + problems + 1
    if left_out(report):
        assert len(report) > LIMIT - 3_000, "as many as fit are shown"


def longest(number: int) -> RunResult:
    changes = tuple(FieldChange(f"{LONGEST}{n}", LONGEST, LONGEST) for n in range(30))
    product: Outcome = structs.replace(OVERRULED, external_id=LONGEST, title=LONGEST, changes=changes)
    return run(
        *[product] * number,
        problems=[structs.replace(STAMPS, title=LONGEST, reason=LONGEST)] * number,
        job=LONGEST,
        source_url=LONGEST,
        store_url=LONGEST,
        error="\n".join([LONGEST] * 100),
        hint=LONGEST,
        notes=(Note("not_used", LONGEST),) * 100,
        status=Status.FAILED,
    )


@pytest.mark.parametrize("number", [1, 300])
def test_it_fits_if_everything_is_long_and_there_is_room_for_a_product(number: int) -> None:
    report = as_markdown(longest(number))
    assert len(report) <= LIMIT
    assert rows(report)
    assert len(rows(report)) + left_out(report) == 2 * number


def test_problems_and_what_needs_a_decision_are_first() -> None:
    made = [*[SPOON] * 1_000, DELETED, LACKING, HELD, OVERRULED]
    shown = rows(as_markdown(run(*made, problems=[LAMP])))
    titles = [re.findall("<code>(.*?)</code>", row)[1] for row in shown]
    first = [each.title for each in (LAMP, DELETED, LACKING, HELD, OVERRULED, SPOON)]
    assert titles[:6] == first


def test_a_run_without_products_has_no_table() -> None:
    assert "| --- | --- |" not in as_markdown(run())
