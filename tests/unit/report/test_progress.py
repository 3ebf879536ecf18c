"""The progress of a run: bars on a terminal after a second, a line of the log every 30 seconds."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable

import pytest
from rich.console import Console

from medusa_sync.core.result import Outcome, Result
from medusa_sync.report import progress
from medusa_sync.report.output import Pipe
from medusa_sync.report.progress import NoProgress, progress_observer
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


def drawn(width: int, limit: int | None, follow: Callable[[NoProgress], None]) -> str:
    """What the bars show first, after what an observer has seen."""
    console = terminal(width)
    with progress_observer(console, limit=limit) as observer:
        follow(observer)
        Alarm.latest.fire()
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


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_the_bars_are_erased_at_the_end(error: type[BaseException] | None) -> None:
    console = terminal()

    def follow() -> None:
        with progress_observer(console) as observer:
            observer.fetched(30, 194)
            Alarm.latest.fire()
            settle(observer, 7)
            assert "source" in shown(console)
            if error:
                raise error

    if error:
        with pytest.raises(error):
            follow()
    else:
        follow()
    assert shown(console).endswith(f"{ESC}[2K")
    assert f"{ESC}[?25h" in shown(console)  # the cursor is visible again


@pytest.mark.parametrize("width", [40, 80, 200])
def test_source_and_store_have_a_bar_each(width: int) -> None:
    def follow(observer: NoProgress) -> None:
        observer.fetched(3000, 5000)
        settle(observer, 500)
        observer.settled(DELETED)  # it was not fetched

    source, store = drawn(width, None, follow).replace("\r", "").splitlines()[-2:]
    assert "3000/5000" in source
    assert "500/5000" in store


def test_a_limit_is_the_total_and_a_source_may_not_say_how_many_it_has() -> None:
    assert "60/60" in drawn(80, 60, lambda observer: observer.fetched(60, 194))
    assert "60/60" in drawn(80, None, lambda observer: observer.fetched(60, None))


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


def test_the_log_has_no_remaining_time_without_a_total(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with progress_observer(Pipe(io.StringIO())) as observer:
        observer.fetched(1000, None)
        clock.now += 29
        settle(observer, 899)
        clock.now += 1
        settle(observer, 1)
    assert caplog.messages == ["source 1,000 of 1,000, store 900 of 1,000, 30/s"]


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
