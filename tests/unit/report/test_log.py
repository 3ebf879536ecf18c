"""Log records on stderr, and what the log says about the result of a run."""

from __future__ import annotations

import io
import json
import logging
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from medusa_sync.core.result import Outcome, Status
from medusa_sync.report import log
from medusa_sync.report.log import OutcomeLog, log_result
from medusa_sync.report.output import Output, output_to
from medusa_sync.report.progress import NoProgress
from tests.unit.results import HELD, KEEPING, KNOWN, LAMP, MUG, RESPECTED, run

SECRET = 'sk_"quoted"'
NASTY = "title\x1b[31m\n::error::[bold]red[/bold] \u202e end"

logger = logging.getLogger("medusa_sync.test")


def written(console: Output) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def log_to(console: Output, *, level: int = logging.DEBUG, as_json: bool = False) -> None:
    log.log_to(
        console, job="nightly", level=level, as_json=as_json, redact=lambda text: text.replace(SECRET, "***")
    )


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=200, color_system=None)


def pipe() -> Output:
    return output_to(io.StringIO())


def test_a_line_has_time_level_job_run_and_message() -> None:
    console = pipe()
    log_to(console, level=logging.INFO)
    logger.debug("below the level")
    with log.run_id() as run_:
        logger.info("hello %s", "world")
        logger.error("%s", "the store is down", extra={"hint": "Start it."})
    logger.info("between")
    with log.run_id() as other:
        assert run_ != other
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    assert re.fullmatch(
        rf"{time} INFO nightly\[{run_}\]: hello world\n"
        rf"{time} ERROR nightly\[{run_}\]: the store is down. Start it.\n"
        rf"{time} INFO nightly: between\n",
        written(console),
    )


@pytest.mark.parametrize("as_json", [False, True])
def test_external_text_cannot_break_a_line(*, as_json: bool) -> None:
    console = pipe()
    log_to(console, as_json=as_json)
    logger.warning("bad: %s", NASTY)
    [line] = written(console).splitlines()
    assert "\x1b" not in line
    assert "\u202e" not in line


@pytest.mark.parametrize("as_json", [False, True])
def test_secrets_are_redacted_in_messages_tracebacks_and_hints(*, as_json: bool) -> None:
    console = pipe()
    log_to(console, as_json=as_json)
    try:
        int(SECRET)
    except ValueError:
        logger.exception("with %s", SECRET, extra={"hint": f"mind {SECRET}"})
    assert "quoted" not in written(console)
    assert written(console).count("***") >= 3


@pytest.mark.parametrize("output", [pipe, terminal])
def test_json_is_one_object_per_line_with_the_event_and_its_fields(output: Callable[[], Output]) -> None:
    console = output()
    log_to(console, as_json=True)
    request = {"method": "GET", "url": f"/x/{SECRET}", "status": 200}
    extra = {"event": "request", "request": request, "duration_ms": 12, "external_id": None}
    with log.run_id() as run_:
        logger.error("no store\nat all", extra={"hint": "look"})
    logger.debug("é", extra=extra)
    first, second = (json.loads(line) for line in written(console).splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("time"))
    common = {"job": "nightly", "logger": "medusa_sync.test"}
    assert first == common | {
        "level": "error",
        "event": "library",
        "run_id": run_,
        "run": run_,
        "message": "no store\nat all",
        "hint": "look",
    }
    del second["time"]
    assert second == common | extra | {
        "level": "debug",
        "run_id": None,
        "run": None,
        "message": "é",
        "request": {**request, "url": "/x/***"},
    }


def test_an_error_of_several_lines_stays_readable_and_looks_like_one_record() -> None:
    console = pipe()
    log_to(console)
    logger.error("%s", "too many\n  3: stock\x1b", extra={"hint": "Check the source."})
    first, *others = written(console).splitlines()
    assert first.endswith("ERROR nightly: too many")
    assert others == ["      3: stock\\x1b", "    Check the source."]


def test_a_terminal_gets_short_lines() -> None:
    console = terminal()
    log_to(console)
    with log.run_id():
        logger.info("at work")
        logger.warning("odd")
        logger.error("broken", extra={"hint": "Mend it."})
    lines = written(console).splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d at work", lines[0])
    assert lines[1:] == ["warning: odd", "error: broken", "  Mend it."]


@pytest.mark.parametrize("output", [pipe, terminal])
def test_a_traceback_is_below_its_message(output: Callable[[], Output]) -> None:
    console = output()
    log_to(console)
    try:
        1 / 0  # noqa: B018 - it raises
    except ZeroDivisionError:
        logger.debug("unexpected", exc_info=True)
    first, *others = written(console).splitlines()
    assert "unexpected" in first
    assert any("Traceback" in line for line in others)
    assert all(line.startswith("  ") for line in others)


# --- the result of a run (what it says is in the snapshots) ---------------------------------------------


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("is_printed", [False, True])
def test_only_a_text_log_leaves_out_what_is_on_stdout_in_one_line(
    caplog: pytest.LogCaptureFixture, *, as_json: bool, is_printed: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    log_result(run(), as_json=as_json, is_printed=is_printed)
    [record] = caplog.records
    assert record.levelname == ("DEBUG" if is_printed and not as_json else "INFO")
    assert record.getMessage() == "194 products up to date (9.5 s)"


def test_a_json_log_is_limited(caplog: pytest.LogCaptureFixture) -> None:
    changes = [*[RESPECTED] * 100, *[HELD] * 100, *[KNOWN] * 100, *[KEEPING] * 100]
    log_result(run(*changes, problems=[LAMP] * 100), as_json=True, is_printed=True)
    records: list[Any] = caplog.records
    assert Counter(each.event for each in records) == {
        "problem": 20,
        "held": 40,
        "withheld": 20,
        "conflict": 20,
    }


def test_a_text_log_has_no_summary_of_a_run_that_saw_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    nothing = run(status=Status.FAILED, exit_code=3, error="no response", seen=0, counts={})
    log_result(nothing, as_json=False, is_printed=True)
    assert caplog.messages == ["no response"]
    log_result(nothing, as_json=True, is_printed=True)
    assert caplog.messages[1:] == ["no response", "failed: nothing done in 9.5 s"]


@pytest.mark.parametrize(("dry_run", "word"), [(False, "created"), (True, "to create")])
def test_the_outcome_of_each_product_that_is_not_unchanged_is_logged(
    caplog: pytest.LogCaptureFixture, word: str, *, dry_run: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[Outcome] = []

    class Observer(NoProgress):
        def settled(self, outcome: Outcome) -> None:
            seen.append(outcome)

    observer = OutcomeLog(Observer(), dry_run=dry_run)
    outcomes = [MUG, LAMP, RESPECTED]
    for outcome in outcomes:
        observer.settled(outcome)
    assert seen == outcomes
    assert caplog.messages == [
        f"dummyjson:6: {word}",
        "dummyjson:18: rejected: price: it is -1, below 0",
    ]
