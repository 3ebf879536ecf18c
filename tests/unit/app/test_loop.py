"""The loop with a simulated clock."""

import logging
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from medusa_sync.app.loop import run_loop
from medusa_sync.schedule import Schedule

START = datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC)
EVERY_TWO_MINUTES = Schedule.read("*/2 * * * *", UTC)


@dataclass
class Stage:
    """A clock that moves only during sleeps and runs; signals and jumps are at seconds after the start."""

    schedule: Schedule = EVERY_TWO_MINUTES
    now: datetime = START
    lasts: Sequence[float] = (1,)  # seconds of each run; the last value repeats, as of the exit codes
    codes: Sequence[int] = (0,)
    signals: list[tuple[float, signal.Signals]] = field(default_factory=list)
    jumps: list[tuple[float, float]] = field(default_factory=list)
    reloaded: Callable[["Stage"], None] = lambda _: None
    elapsed: float = 0
    runs: int = 0
    starts: list[datetime] = field(default_factory=list)

    def run(self) -> int:
        self.starts.append(self.now)
        self.runs += 1
        self._pass(self.lasts[min(self.runs, len(self.lasts)) - 1])
        return self.codes[min(self.runs, len(self.codes)) - 1]

    def reload(self) -> None:
        self.reloaded(self)

    def wait(self, seconds: float) -> signal.Signals | None:
        assert 0 <= seconds <= 60
        if self.signals and self.signals[0][0] <= self.elapsed + seconds:
            moment, number = self.signals.pop(0)
            self._pass(max(moment - self.elapsed, 0))
            return number
        self._pass(seconds)
        return None

    def loop(self, *, max_runs: int | None = 3, run_now: bool = False, names_each: bool = True) -> int:
        return run_loop(
            *(self, self.wait),
            run_now=run_now,
            max_runs=max_runs,
            names_each=names_each,
            clock=lambda: self.now,
        )

    def _pass(self, seconds: float) -> None:
        self.elapsed += seconds
        self.now += timedelta(seconds=seconds)
        while self.jumps and self.jumps[0][0] <= self.elapsed:
            self.now += timedelta(seconds=self.jumps.pop(0)[1])

    @property
    def times(self) -> list[str]:
        return [moment.strftime("%H:%M:%S") for moment in self.starts]


@pytest.fixture(autouse=True)
def _info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_run_now_runs_before_the_first_tick_and_counts() -> None:
    stage = Stage()
    assert stage.loop(run_now=True, max_runs=3) == 0
    assert stage.times == ["12:00:30", "12:02:00", "12:04:00"]


def test_next_run_is_logged_in_the_zone_of_the_schedule(caplog: pytest.LogCaptureFixture) -> None:
    Stage(Schedule.read("0 16 * * *", ZoneInfo("Europe/Riga"))).loop(max_runs=1)
    assert caplog.messages == ["the next run is at 2026-05-04T16:00:00+03:00, in 0:59:30"]


@pytest.mark.parametrize(
    ("expression", "lasts", "runs", "second", "warned"),
    [
        ("*/2 * * * *", 250, 2, "12:08:00", ["2 scheduled times passed during the run; skipped"]),
        ("*/2 * * * *", 120, 2, "12:06:00", ["1 scheduled time passed during the run; skipped"]),
        ("*/2 * * * *", 119, 2, "12:04:00", []),
        ("*/2 * * * *", 250, 1, None, []),  # nothing follows
        (
            "* * * * * *",
            10 * 86400,
            2,
            "12:00:32",
            ["1000 or more scheduled times passed during the run; skipped"],
        ),
    ],
)
def test_skipped_ticks_are_logged_once(
    expression: str, lasts: float, runs: int, second: Any, warned: Any, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage(Schedule.read(expression, UTC), lasts=(lasts, 1))
    stage.loop(max_runs=runs)
    assert stage.times[1:] == ([second] if second else [])
    warnings = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert warnings == warned


@pytest.mark.parametrize(("codes", "code"), [((0, 0, 0), 0), ((4, 0, 0), 4), ((5, 4, 0), 4), ((0, 0, 3), 3)])
def test_failed_run_does_not_end_the_loop_but_sets_its_exit_code(codes: tuple[int, ...], code: int) -> None:
    stage = Stage(codes=codes)
    assert stage.loop(max_runs=3) == code
    assert stage.runs == 3


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("moment", [0, 10, 89.9, 90])
def test_signal_ends_the_sleep_and_the_loop(number: signal.Signals, code: int, moment: float) -> None:
    stage = Stage(signals=[(moment, number)])
    assert stage.loop() == code
    assert (stage.runs, stage.elapsed) == (0, moment)


@pytest.mark.parametrize("before", [[], [(91, signal.SIGHUP)]])
def test_signal_during_a_run_ends_the_loop_after_it_without_a_next_run(
    caplog: pytest.LogCaptureFixture, before: list[tuple[float, signal.Signals]]
) -> None:
    stage = Stage(lasts=(5,), codes=(143,), signals=[*before, (92, signal.SIGTERM)])
    assert stage.loop(max_runs=None) == 143
    assert (stage.runs, stage.elapsed) == (1, 95)
    assert caplog.messages == ["the next run is at 2026-05-04T12:02:00+00:00, in 0:01:30"]


def hourly(stage: Stage) -> None:
    stage.schedule = Schedule.read("@hourly", UTC)


RIGA = Schedule.read("*/30 * * * *", ZoneInfo("Europe/Riga"))
BEFORE_THE_CHANGE = datetime(2026, 3, 29, 0, 29, tzinfo=UTC)  # at 01:00 UTC, 03:00 in Riga is 04:00


@pytest.mark.parametrize(
    ("stage", "times"),
    [
        (Stage(signals=[(100, signal.SIGHUP)], reloaded=hourly), ["12:02:00", "13:00:00"]),
        (Stage(signals=[(moment, signal.SIGHUP) for moment in (1, 89, 150)]), ["12:02:00", "12:04:00"]),
        (Stage(jumps=[(30, -3600)]), ["11:02:00", "11:04:00"]),
        (Stage(jumps=[(30, 3600)]), ["13:01:30", "13:02:00"]),
        (Stage(RIGA, now=BEFORE_THE_CHANGE), ["00:30:00", "01:00:00", "01:30:00", "02:00:00"]),
    ],
    ids=["reloaded", "not changed", "clock set back", "suspended", "daylight saving"],
)
def test_neither_signals_nor_the_clock_shift_runs(stage: Stage, times: list[str]) -> None:
    stage.loop(max_runs=len(times))
    assert stage.times == times


@pytest.mark.parametrize(("names_each", "number"), [(True, 3), (False, 1)])
def test_a_terminal_names_only_the_first_time(
    caplog: pytest.LogCaptureFixture, number: int, *, names_each: bool
) -> None:
    caplog.set_level(logging.INFO)
    Stage().loop(names_each=names_each)
    assert caplog.text.count("the next run is at") == number
