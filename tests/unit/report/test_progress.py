"""The progress of a run: a line of a terminal after a second, a line of the log every 30 seconds."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable

import pytest
from rich.console import Console

from medusa_sync.core.result import Outcome, Result
from medusa_sync.report import progress
from medusa_sync.report.output import Pipe
from medusa_sync.report.progress import NoProgress, ProgressLine, progress_observer
from tests.unit.results import DELETED

ESC = "\x1b"
OUTCOME = Outcome("dummyjson:1", "Spoon", Result.CREATED)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Alarm:
    """A timer that the test fires."""

    latest: Alarm

    def __init__(self, seconds: float, fire: Callable[[], None]) -> None:
        self.seconds = seconds
        self.fire = fire
        self.state = "new"
        Alarm.latest = self

    def start(self) -> None:
        self.state = "started"

    def cancel(self) -> None:
        self.state = "cancelled"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "monotonic", clock)
    monkeypatch.setattr(progress, "Timer", Alarm)
    return clock


def terminal(width: int = 100) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def settle(observer: NoProgress, number: int) -> None:
    for _ in range(number):
        observer.settled(OUTCOME)


def drawn(line: ProgressLine, width: int = 100) -> str:
    console = terminal(width)
    console.print(line._render())
    return shown(console)


# --- a terminal -----------------------------------------------------------------------------------------


def test_nothing_is_drawn_in_the_first_second() -> None:
    console = terminal()
    with progress_observer(console) as observer:
        observer.fetched(30, 194)
        settle(observer, 7)
        assert (Alarm.latest.seconds, Alarm.latest.state) == (1.0, "started")
    assert shown(console) == ""
    assert Alarm.latest.state == "cancelled"
    Alarm.latest.fire()  # as if the run had ended at the same moment
    assert shown(console) == ""


def test_the_line_is_drawn_after_a_second_and_erased_at_the_end() -> None:
    console = terminal()
    with progress_observer(console) as observer:
        observer.fetched(30, 194)
        settle(observer, 7)
        Alarm.latest.fire()
        assert "source  30/194" in shown(console)
        assert "store   7/194" in shown(console)
    assert shown(console).endswith(f"{ESC}[2K")
    assert f"{ESC}[?25h" in shown(console)  # the cursor is visible again


def test_the_line_is_erased_if_a_run_is_interrupted() -> None:
    console = terminal()

    def interrupted() -> None:
        with progress_observer(console):
            Alarm.latest.fire()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert shown(console).endswith(f"{ESC}[2K")


def test_source_and_store_are_side_by_side_with_rate_and_remaining_time(clock: Clock) -> None:
    line = ProgressLine(terminal())
    line.fetched(3000, 5000)
    settle(line, 500)
    clock.now += 10
    (text,) = drawn(line).splitlines()
    assert text.split()[:2] == ["source", "3,000/5,000"]
    assert "store   500/5,000" in text
    assert text.rstrip().endswith("50/s  1 min 30 s left")


def test_the_rate_is_that_of_the_last_seconds(clock: Clock) -> None:
    """Unchanged products take no time; the estimate follows those that are written."""
    line = ProgressLine(terminal())
    line.fetched(5000, 5000)
    settle(line, 4000)
    clock.now += 1
    assert "4,000/s  0 s left" in drawn(line)
    for _ in range(30):
        clock.now += 1
        settle(line, 5)
        text = drawn(line)
    assert "5.0/s  2 min 50 s left" in text


def test_without_a_total_there_is_no_remaining_time(clock: Clock) -> None:
    line = ProgressLine(terminal())
    line.fetched(100, None)
    settle(line, 50)
    clock.now += 1
    assert "50/s" in drawn(line)
    assert "left" not in drawn(line)


def test_a_limit_is_the_total() -> None:
    line = ProgressLine(terminal(), limit=60)
    line.fetched(60, 194)
    assert "60/60" in drawn(line)


def test_removed_products_do_not_count() -> None:
    line = ProgressLine(terminal())
    line.fetched(30, 30)
    settle(line, 7)
    line.settled(DELETED)  # it was not fetched
    assert " 7/30" in drawn(line)


@pytest.mark.parametrize("width", [1, 10, 40, 60, 80, 200])
def test_the_line_is_one_line_at_any_width(width: int, clock: Clock) -> None:
    line = ProgressLine(terminal(width))
    line.fetched(3000, 5000)
    settle(line, 500)
    clock.now += 10
    text = drawn(line, width)
    assert text.count("\n") == 1
    assert len(text.rstrip("\n")) <= width
    assert ("━" in text) is (width >= 80)


# --- elsewhere ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_log", [False, True])
def test_a_log_gets_at_most_one_line_every_30_seconds(
    clock: Clock, caplog: pytest.LogCaptureFixture, *, in_log: bool
) -> None:
    caplog.set_level(logging.INFO)
    output = terminal() if in_log else Pipe(io.StringIO())
    with progress_observer(output, in_log=in_log) as observer:
        observer.fetched(3000, 5000)
        for _ in range(700):
            clock.now += 0.125
            observer.settled(OUTCOME)
    assert caplog.messages == [
        "source 3,000 of 5,000, store 240 of 5,000, 8.0/s, 9 min 55 s left",
        "source 3,000 of 5,000, store 480 of 5,000, 8.0/s, 9 min 25 s left",
    ]
    assert output.file.getvalue() == ""  # type: ignore[attr-defined]  # a StringIO


def test_a_short_run_logs_no_progress(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with progress_observer(Pipe(io.StringIO())) as observer:
        observer.fetched(194, 194)
        clock.now += 29
        settle(observer, 194)
    assert not caplog.records


@pytest.mark.parametrize("output", [Pipe(io.StringIO()), terminal()])
def test_a_quiet_run_shows_no_progress(
    output: Pipe | Console, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with progress_observer(output, quiet=True) as observer:
        clock.now += 100
        observer.fetched(30, 194)
        observer.settled(OUTCOME)
    assert not caplog.records
    assert output.file.getvalue() == ""  # type: ignore[attr-defined]  # a StringIO
