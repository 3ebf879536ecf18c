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

from medusa_sync.core.result import Status
from medusa_sync.report import log
from medusa_sync.report.log import log_result
from medusa_sync.report.output import Output, output_to
from tests.unit.results import HELD, KEEPING, KNOWN, LAMP, RESPECTED, run

SECRET = 'sk_"quoted"'
NASTY = "title\x1b[31m\n::error::[bold]red[/bold] \u202e end"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"

logger = logging.getLogger("medusa_sync.test")


def pipe() -> Output:
    return output_to(io.StringIO())


def terminal() -> Output:
    return Console(file=io.StringIO(), force_terminal=True, width=200, color_system=None)


def logged(
    act: Callable[[], object],
    output: Output | None = None,
    level: int = logging.DEBUG,
    *,
    as_json: bool = False,
) -> list[str]:
    """The lines of the log after an action; its secret is hidden."""

    def redact(text: str) -> str:
        return text.replace(SECRET, "***")

    console = output or pipe()
    log.log_to(console, job="nightly", level=level, as_json=as_json, redact=redact)
    act()
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def divide() -> None:
    try:
        1 / 0  # noqa: B018 - it raises
    except ZeroDivisionError:
        logger.debug("unexpected with %s", SECRET, exc_info=True, extra={"hint": f"mind {SECRET}"})


def test_a_line_has_time_level_job_run_and_message() -> None:
    def act() -> None:
        logger.debug("below the level")
        with log.run_id() as run_:
            logger.info("run %s", run_)
            logger.error("%s", "the store is down", extra={"hint": "Start it."})
        logger.info("between")
        with log.run_id() as other:
            assert run_ != other

    assert re.fullmatch(
        rf"{TIME}Z INFO nightly\[(\w+)\]: run \1\n"
        rf"{TIME}Z ERROR nightly\[\1\]: the store is down. Start it.\n"
        rf"{TIME}Z INFO nightly: between",
        "\n".join(logged(act, level=logging.INFO)),
    )


@pytest.mark.parametrize("as_json", [False, True])
def test_external_text_cannot_break_a_line(*, as_json: bool) -> None:
    [line] = logged(lambda: logger.warning("bad: %s", NASTY), as_json=as_json)
    assert not {"\x1b", "\u202e"} & set(line)


def test_json_is_one_object_per_line_with_the_event_and_its_fields() -> None:
    request = {"method": "GET", "url": f"/x/{SECRET}", "status": 200}
    extra = {"event": "request", "request": request, "duration_ms": 12, "external_id": None}

    def act() -> None:
        with log.run_id() as run_:
            logger.error("no store\nat %s", run_, extra={"hint": "look"})
        logger.debug("é", extra=extra)

    first, second = map(json.loads, logged(act, terminal(), as_json=True))
    assert re.fullmatch(rf"{TIME}\.\d{{3}}Z", first.pop("time"))
    run_ = first["run_id"]
    common = {"job": "nightly", "logger": "medusa_sync.test"}
    message = {"level": "error", "event": "library", "message": f"no store\nat {run_}", "hint": "look"}
    assert first == common | message | {"run_id": run_, "run": run_}
    del second["time"]
    message = {"level": "debug", "message": "é"}
    rest = {"run_id": None, "run": None, "request": {**request, "url": "/x/***"}}
    assert second == common | extra | message | rest


@pytest.mark.parametrize("output", [pipe, terminal])
def test_a_warning_has_its_code_in_each_format(output: Callable[[], Output]) -> None:
    def act() -> None:
        logger.warning("unencrypted", extra={"event": "unencrypted"})
        logger.warning("of a library")

    lines = logged(act, output())
    assert [line.rpartition(": ")[2] for line in lines] == ["unencrypted [W502]", "of a library"]
    first, second = map(json.loads, logged(act, output(), as_json=True))
    assert (first["code"], first["message"], "code" in second) == ("W502", "unencrypted", False)


def test_an_error_of_several_lines_stays_readable_and_looks_like_one_record() -> None:
    hint = {"hint": "Check the source."}
    first, *others = logged(lambda: logger.error("%s", "too many\n  3: stock\x1b", extra=hint))
    assert first.endswith("ERROR nightly: too many")
    assert others == ["      3: stock\\x1b", "    Check the source."]


@pytest.mark.parametrize("message", ["down", "down.", "down?"])
def test_a_hint_is_a_sentence_of_its_own(message: str) -> None:
    [line] = logged(lambda: logger.error("%s", message, extra={"hint": "Start it."}))
    assert line.endswith(f"{message.removesuffix('.')}{'' if message.endswith('?') else '.'} Start it.")


def test_a_terminal_gets_short_lines() -> None:
    def act() -> None:
        with log.run_id():
            logger.info("at work")
            logger.warning("odd")
            logger.error("broken", extra={"hint": "Mend it."})

    first, *others = logged(act, terminal())
    assert re.fullmatch(r"\d\d:\d\d:\d\d at work", first)
    assert others == ["warning: odd", "error: broken", "  Mend it."]


@pytest.mark.parametrize("output", [pipe, terminal])
def test_a_traceback_is_below_its_message(output: Callable[[], Output]) -> None:
    first, *others = logged(divide, output())
    assert "unexpected" in first
    assert any("Traceback" in line for line in others)
    assert all(line.startswith("  ") for line in others)


# --- the result of a run (what it says is in the snapshots) ---------------------------------------------


def test_a_json_log_is_limited(caplog: pytest.LogCaptureFixture) -> None:
    changes = [*[RESPECTED] * 100, *[HELD] * 100, *[KNOWN] * 100, *[KEEPING] * 100]
    log_result(run(*changes, problems=[LAMP] * 100), as_json=True, is_printed=True)
    records: list[Any] = caplog.records
    found = Counter(each.event for each in records)
    assert found == {"problem": 20, "held": 40, "withheld": 20, "conflict": 20}


def test_a_text_log_has_no_summary_of_a_run_that_saw_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    nothing = run(status=Status.FAILED, exit_code=3, error="no response", seen=0, counts={})
    log_result(nothing, as_json=False, is_printed=True)
    assert caplog.messages == ["no response"]
    log_result(nothing, as_json=True, is_printed=True)
    assert caplog.messages[1:] == ["no response", "failed: nothing done in 9.5 s"]
