"""Log records on stderr."""

from __future__ import annotations

import io
import json
import logging
import re
from typing import Any

import pytest
from rich.console import Console

from medusa_sync.report import log
from medusa_sync.report.output import Output, output_to

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
    log_to(console)
    with log.run_id() as run:
        logger.info("hello %s", "world")
    assert re.fullmatch(
        rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO nightly\[{run}\]: hello world\n", written(console)
    )


def test_each_run_has_its_own_id_and_other_records_have_none() -> None:
    console = pipe()
    log_to(console)
    logger.info("between")
    assert " INFO nightly: between\n" in written(console)
    with log.run_id() as one, log.run_id() as other:
        assert one != other


@pytest.mark.parametrize("as_json", [False, True])
def test_external_text_cannot_break_a_line(as_json: bool) -> None:  # noqa: FBT001 - a parameter
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


def test_json_is_one_object_per_line() -> None:
    console = pipe()
    log_to(console, as_json=True)
    with log.run_id() as run:
        logger.error("no store\nat all", extra={"hint": "look"})
    logger.debug("é")
    first, second = (json.loads(line) for line in written(console).splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("time"))
    expected: dict[str, Any] = {
        "level": "error",
        "event": "library",
        "job": "nightly",
        "run_id": run,
        "run": run,
        "logger": "medusa_sync.test",
        "message": "no store\nat all",
        "hint": "look",
    }
    assert first == expected
    assert (second["run_id"], second["message"]) == (None, "é")
    assert "hint" not in second


def test_json_has_the_event_and_its_fields_without_secrets() -> None:
    console = pipe()
    log_to(console, as_json=True)
    request = {"method": "GET", "url": f"/x/{SECRET}", "status": 200}
    extra = {"event": "request", "request": request, "duration_ms": 12, "external_id": None}
    logger.info("hello", extra=extra)
    entry = json.loads(written(console))
    assert {name: entry[name] for name in extra} == {**extra, "request": {**request, "url": "/x/***"}}
    assert entry.keys().isdisjoint({"outcome", "exit_code"})


def test_json_on_a_terminal_is_json_too() -> None:
    console = terminal()
    log_to(console, as_json=True)
    logger.info("hello")
    assert json.loads(written(console))["message"] == "hello"


def test_a_hint_follows_its_message_in_the_same_line() -> None:
    console = pipe()
    log_to(console)
    logger.error("%s", "the store is down", extra={"hint": "Start it."})
    assert written(console).endswith("ERROR nightly: the store is down. Start it.\n")


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


def test_a_traceback_is_below_its_message() -> None:
    for console in (pipe(), terminal()):
        log_to(console)
        try:
            1 / 0  # noqa: B018 - it raises
        except ZeroDivisionError:
            logger.debug("unexpected", exc_info=True)
        first, *others = written(console).splitlines()
        assert "unexpected" in first
        assert any("Traceback" in line for line in others)
        assert all(line.startswith("  ") for line in others)


def test_records_below_the_level_are_dropped() -> None:
    console = pipe()
    log_to(console, level=logging.WARNING)
    logger.info("not this")
    assert written(console) == ""
