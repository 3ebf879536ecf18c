"""The step summary and annotations for GitHub Actions, safe from external text."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from medusa_sync.core.change import Conflict, FieldChange, Withheld
from medusa_sync.core.policy import OnConflict
from medusa_sync.core.result import Outcome, Result, RunResult, Status
from medusa_sync.notify.github import append_step_summary, step_summary, workflow_commands
from medusa_sync.report.file import ReportError
from tests.unit.results import (
    HELD,
    KEEPING,
    KNOWN,
    LACKING,
    LAMP,
    LEFT,
    MUG,
    OVERRULED,
    ROW,
    SPOON,
    STAMPS,
    TINY,
    of_variants,
    run,
)

MARKUP = st.lists(
    st.sampled_from(
        ["|", "`", "<!--", "<img src=x>", "[a](b)", "@me", "#1", "::error::", "%0A", "\r\n", "\\"]
    )
    | TINY,
    max_size=4,
).map("".join)


def hostile(text: str) -> RunResult:
    """A run in which every text is external."""
    wild = f"x{text}"
    conflicted = structs.replace(
        OVERRULED,
        external_id=wild,
        title=wild,
        changes=(FieldChange(wild, f"{wild}1", f"{wild}2", f"{wild}3", f"{wild}4"),),
        conflicts=(Conflict(wild, f"{wild}5", f"{wild}6", OnConflict.STORE),),
        withheld=(Withheld(wild, wild, wild, f"{wild}7", f"{wild}8", wild),),
    )
    return run(
        conflicted,
        problems=[Outcome(wild, wild, Result.FAILED, wild), Outcome(wild, wild, Result.REJECTED, wild)],
        job=wild,
        source_url=wild,
        store_url=wild,
        notes=(wild,),
        status=Status.FAILED,
        error=wild.replace("\n", ""),  # line breaks in it are our own
        hint=wild,
    )


def read(summary: str) -> str:
    """The summary as GitHub shows it, without character references."""
    plain = re.sub(r"</?code>", "", summary)
    return re.sub(r"&#(\d+);", lambda match: chr(int(match[1])), plain)


# --- step summary ---------------------------------------------------------------------------------------


def test_the_summary_has_tables_of_counts_and_problems() -> None:
    summary = step_summary(run(SPOON, MUG, problems=[LAMP, ROW], notes=("Add a location.",)))
    assert read(summary) == (
        "### sync-products: partial\n"
        "\n"
        "https://dummyjson.com/products → http://localhost:9000\n"
        "\n"
        "| created | updated | unchanged | rejected |\n"
        "| ---: | ---: | ---: | ---: |\n"
        "| 1 | 1 | 190 | 2 |\n"
        "\n"
        "- seen: 194 of 194\n"
        "- in store: 200 products, 194 of this source\n"
        "- requests: 7 source, 12 store reads, 26 store writes, 1 retry\n"
        "- format: JSON pages\n"
        "- time: 9.5 s\n"
        "- status: partial (exit code 5)\n"
        "\n"
        "#### Problems\n"
        "\n"
        "| outcome | product | title | details |\n"
        "| --- | --- | --- | --- |\n"
        "| rejected | dummyjson:18 | فانوس نحاسي صغير | price: it is -1, below 0 |\n"
        "| rejected | (no id) |  | row 17 is not an object |\n"
        "\n"
        "**Note:** Add a location.\n"
        "\n"
    )
    assert "| <code>dummyjson&#58;18</code> |" in summary


def test_the_summary_of_a_dry_run_lists_the_planned_changes() -> None:
    summary = read(step_summary(run(SPOON, dry_run=True)))
    assert "**Dry run:** nothing was written.\n" in summary
    change = "price: 9.99 → 10.99 (changed in the source)"
    assert f"| to update | dummyjson:1 | Olive Wood Spoon | {change} |\n" in summary


def test_the_summary_has_the_error_that_ended_a_run() -> None:
    result = run(status=Status.FAILED, error="no response", hint="Wait.", store_url=None)
    assert "**Ended early:** no response<br>Wait.\n" in read(step_summary(result))
    assert "**Ended early:** no response\n" in read(step_summary(structs.replace(result, hint="")))
    assert "→" not in step_summary(result)


@example(text="|")
@example(text="`|` \\| <a href=//evil.example>[x](http://evil.example)</a> @octocat #1 :smile:")
@given(text=MARKUP)
def test_external_text_is_no_markdown_and_cannot_break_a_table(text: str) -> None:
    summary, harmless = step_summary(hostile(text)), step_summary(hostile("x"))
    assert [line.count("|") for line in summary.splitlines()] == [
        line.count("|") for line in harmless.splitlines()
    ]
    for written in re.findall("<code>(.*?)</code>", summary):
        assert not set(re.sub(r"&#\d+;", "", written)) & set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
    assert re.sub("<code>.*?</code>", "", summary) == re.sub("<code>.*?</code>", "", harmless)


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
    append_step_summary(run(SPOON), file)
    assert file.read_text(encoding="utf-8") == f"# Earlier\n{step_summary(run(SPOON))}"


def test_a_summary_that_cannot_be_written_is_an_error() -> None:
    with pytest.raises(ReportError, match="'/dev/full' was not written: No space left on device") as caught:
        append_step_summary(run(SPOON), Path("/dev/full"))
    assert "GITHUB_STEP_SUMMARY" in caught.value.hint


# --- annotations ----------------------------------------------------------------------------------------


def test_a_failed_product_is_an_error_and_other_problems_are_warnings() -> None:
    stamps = structs.replace(STAMPS, reason="100 % wrong, says\nthe store")
    assert list(workflow_commands(run(SPOON, problems=[LAMP, stamps, ROW, LEFT[0]]))) == [
        "::error title=failed dummyjson%3A31::Stamps: [bold] to [/italic]: 100 %25 wrong, says\\nthe store",
        "::warning title=rejected dummyjson%3A18::فانوس نحاسي صغير: price: it is -1, below 0",
        "::warning title=rejected (no id)::row 17 is not an object",
        "::warning title=unconfirmed dummyjson%3A50::Rug 50: not completed: no response",
    ]
    assert list(workflow_commands(run(SPOON, MUG))) == []


def test_the_error_that_ended_the_run_comes_first_and_keeps_its_lines() -> None:
    result = run(
        problems=[STAMPS],
        not_completed=LEFT,
        status=Status.FAILED,
        job="a,b:c%",
        error="no response\nfor 30 s",
        hint="Wait.",
    )
    first, *others = workflow_commands(result)
    assert first == "::error title=a%2Cb%3Ac%25%3A ended early::no response%0Afor 30 s%0AWait."
    assert len(others) == 1


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [(Status.INTERRUPTED, 143), (Status.PARTIAL, 5), (Status.LOCKED, 75)],
)
def test_a_signal_a_limit_or_a_lock_is_a_warning(status: Status, exit_code: int) -> None:
    result = run(status=status, exit_code=exit_code, error="stopped", hint="Wait.")
    assert list(workflow_commands(result)) == [
        "::warning title=sync-products%3A ended early::stopped%0AWait."
    ]


GUARD = run(
    status=Status.FAILED,
    exit_code=6,
    error="180 of 194 products would change\n  stock: 180 of 194 products",
    hint="Check the source.",
)


def test_a_guard_is_an_error_and_in_the_summary_with_all_its_lines() -> None:
    assert list(workflow_commands(GUARD)) == [
        (
            "::error title=sync-products%3A guard::180 of 194 products would change%0A"
            "  stock: 180 of 194 products%0ACheck the source."
        )
    ]
    assert (
        "**Guard:** 180 of 194 products would change<br>  stock: 180 of 194 products<br>Check the source.\n"
    ) in read(step_summary(GUARD))


def test_conflicts_and_held_prices_have_annotations() -> None:
    assert list(workflow_commands(run(SPOON, OVERRULED, HELD))) == [
        (
            "::warning title=held back dummyjson%3A70::Brass Kettle: "
            "price: 40 (kept; above --max-price-change; source: 0); "
            "price.eur of Large: 38 (kept; above --max-price-change; source: 3.8)"
        ),
        (
            "::notice title=conflict dummyjson%3A40::Linen Apron: "
            "price: 21 → 19.99 (changed on both sides; last applied: 20; the source wins)"
        ),
    ]


def test_conflicts_and_held_prices_are_in_the_summary_with_what_to_do() -> None:
    summary = read(step_summary(run(SPOON, OVERRULED, HELD)))
    assert "#### Conflicts\n" in summary
    assert (
        "\nThe source won. To keep the merchant's values, set --on-conflict store (or FIELD=store).\n"
        in summary
    )
    assert "#### Held back\n" in summary
    assert "price: 40 (kept; above --max-price-change; source: 0)" in summary
    assert "\nIf these prices are right, run once with a higher --max-price-change.\n" in summary


def test_newly_withheld_values_have_a_warning_and_are_in_the_summary() -> None:
    result = run(LACKING, KEEPING, KNOWN)
    assert list(workflow_commands(result)) == [
        (
            "::warning title=withheld dummyjson%3A71::Steel Kettle: sku of Large: nothing "
            "(source: BK-1, which belongs to dummyjson:70 'Brass Kettle' (prod_70)); "
            "barcode of Small: nothing (source: 4006381333931, "
            "which belongs to another variant of this product (Large))"
        ),
        (
            "::warning title=withheld dummyjson%3A72::Copper Kettle: "
            "sku: CK-1 (kept; source: BK-2, which belongs to 'Our Kettle' (prod_9))"
        ),
    ]
    summary = read(step_summary(result))
    assert "| created | updated | unchanged | withheld |\n" in summary
    assert "| 1 | 1 | 192 | 4 |\n" in summary
    assert "#### Withheld\n" in summary
    assert "sku: CK-1 (kept; source: BK-2, which belongs to 'Our Kettle' (prod_9))" in summary
    assert "Iron Kettle" not in summary


def test_a_product_with_many_changed_variants_has_a_short_annotation() -> None:
    (line,) = workflow_commands(run(of_variants(40, *range(40))))
    assert line.endswith("; 35 more")


@pytest.mark.parametrize("outcome", [LAMP, STAMPS])
@pytest.mark.parametrize(("number", "last"), [(10, ""), (11, "... and 2 more"), (300, "... and 291 more")])
def test_no_more_annotations_are_written_than_github_shows(outcome: Outcome, number: int, last: str) -> None:
    lines = list(workflow_commands(run(problems=[outcome] * number)))
    assert len(lines) == 10
    assert last in lines[-1]


@given(text=MARKUP)
def test_an_annotation_is_one_line_with_one_title(text: str) -> None:
    lines = list(workflow_commands(hostile(text)))
    assert [kind(line) for line in lines] == ["error", "error", "warning", "warning", "notice"]
    assert all(len(line.splitlines()) == 1 for line in lines)
    for line in lines:
        assert set(re.findall("%(..)?", line)) <= {"25", "0A", "3A", "2C"}
    assert properties(lines) == [["title"]] * 5


def kind(line: str) -> str:
    return line.removeprefix("::").partition(" ")[0]


def properties(lines: Sequence[str]) -> list[list[str]]:
    """The names of the properties, as the runner parses a command."""
    commands = [line[2 : line.index("::", 2)].partition(" ")[2] for line in lines]
    return [[part.partition("=")[0] for part in command.split(",")] for command in commands]
