"""What the log says about the result of a run."""

import logging
from typing import Any

import pytest
from msgspec import structs

from medusa_sync.core.result import Outcome, Result, RunResult, Status
from medusa_sync.report.log import OutcomeLog, log_result
from medusa_sync.report.progress import NoProgress
from tests.unit.results import HELD, LAMP, LEFT, MUG, OVERRULED, RESPECTED, SHIRT, SPOON, run


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str | None]]:
    """Level, event and product of each record."""
    caplog_records: list[Any] = caplog.records
    return [(each.levelname, each.event, getattr(each, "external_id", None)) for each in caplog_records]


def test_a_text_log_has_the_summary(caplog: pytest.LogCaptureFixture) -> None:
    log_result(run(SPOON, MUG, problems=[LAMP]), as_json=False, is_printed=True)
    assert logged(caplog) == [("INFO", "run_ended", None)]
    assert caplog.messages == ["partial: 1 created, 1 updated, 191 unchanged, 1 rejected in 9.5 s"]


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("is_printed", [False, True])
def test_only_a_text_log_leaves_out_what_is_on_stdout_in_one_line(
    caplog: pytest.LogCaptureFixture, *, as_json: bool, is_printed: bool
) -> None:
    log_result(run(), as_json=as_json, is_printed=is_printed)
    assert logged(caplog) == [("DEBUG" if is_printed and not as_json else "INFO", "run_ended", None)]
    assert caplog.messages == ["194 products up to date (9.5 s)"]


def test_a_json_log_names_products_with_problems_held_prices_and_conflicts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log_result(run(SPOON, OVERRULED, HELD, problems=[LAMP]), as_json=True, is_printed=True)
    assert logged(caplog) == [
        ("WARNING", "problem", "dummyjson:18"),
        ("WARNING", "held", "dummyjson:70"),
        ("WARNING", "held", "dummyjson:70"),
        ("WARNING", "conflict", "dummyjson:40"),
        ("INFO", "run_ended", None),
    ]
    assert caplog.messages[3] == (
        "conflict dummyjson:40 (Linen Apron): price: store 21, source 19.99; the source wins"
    )


def test_a_json_log_is_limited(caplog: pytest.LogCaptureFixture) -> None:
    log_result(run(*[RESPECTED] * 100, problems=[LAMP] * 100), as_json=True, is_printed=True)
    events = [event for _, event, _ in logged(caplog)]
    assert (events.count("problem"), events.count("conflict")) == (20, 20)


@pytest.mark.parametrize("as_json", [True, False])
def test_what_ended_a_run_comes_before_its_summary(
    caplog: pytest.LogCaptureFixture, *, as_json: bool
) -> None:
    result = run(
        not_completed=LEFT, status=Status.INTERRUPTED, exit_code=143, error="Interrupted", hint="Wait."
    )
    log_result(result, as_json=as_json, is_printed=True)
    ended, summary = caplog.records
    extra: dict[str, Any] = ended.__dict__
    assert (ended.getMessage(), extra["event"], extra["exit_code"], extra["hint"]) == (
        "Interrupted",
        "run_ended_early",
        143,
        "Wait.",
    )
    assert summary.getMessage() == "interrupted: 192 unchanged, 1 unconfirmed, 1 not attempted in 9.5 s"


def test_a_text_log_has_no_summary_of_a_run_that_saw_nothing(caplog: pytest.LogCaptureFixture) -> None:
    nothing: RunResult = structs.replace(
        run(status=Status.FAILED, exit_code=3, error="no response"), seen=0, counts={}
    )
    log_result(nothing, as_json=False, is_printed=True)
    assert caplog.messages == ["no response"]
    caplog.clear()
    log_result(nothing, as_json=True, is_printed=True)
    assert caplog.messages == ["no response", "failed: nothing done in 9.5 s"]


@pytest.mark.parametrize(("dry_run", "word"), [(False, "created"), (True, "to create")])
def test_the_outcome_of_each_product_that_is_not_unchanged_is_logged(
    caplog: pytest.LogCaptureFixture, word: str, *, dry_run: bool
) -> None:
    seen: list[Outcome] = []

    class Observer(NoProgress):
        def settled(self, outcome: Outcome) -> None:
            seen.append(outcome)

    observer = OutcomeLog(Observer(), dry_run=dry_run)
    outcomes = [MUG, LAMP, structs.replace(SHIRT, result=Result.UNCHANGED)]
    for outcome in outcomes:
        observer.settled(outcome)
    assert seen == outcomes
    assert caplog.messages == [
        f"dummyjson:6: {word}",
        "dummyjson:18: rejected: price: it is -1, below 0",
    ]
    assert [event for _, event, _ in logged(caplog)] == ["product", "product"]
