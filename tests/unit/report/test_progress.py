"""The progress of a run: bars on a terminal after a second, a line of the log every 30 seconds."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from rich.console import Console

from medusa_sync.core.result import Outcome, Result
from medusa_sync.report import progress
from medusa_sync.report.output import Pipe
from medusa_sync.report.progress import Progress, progress_observer
from tests.unit.results import DELETED, LAMP, MUG, RESPECTED

ESC = "\x1b"
OUTCOME = Outcome("dummyjson:1", "Spoon", Result.CREATED)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "monotonic", clock)
    return clock


@pytest.fixture(autouse=True)
def _info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def terminal(width: int = 100) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)


def shown(output: Console | Pipe) -> str:
    assert isinstance(output.file, io.StringIO)
    return output.file.getvalue()


def settle(observer: Progress, number: int) -> None:
    for _ in range(number):
        observer.settled(OUTCOME)


# --- a terminal -----------------------------------------------------------------------------------------


def test_a_run_of_less_than_a_second_draws_nothing(clock: Clock) -> None:
    console = terminal()
    with progress_observer(console) as observer:
        clock.now += 0.9
        observer.fetched(30, 194)
        settle(observer, 7)
    assert shown(console) == ""


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_source_and_store_have_bars_that_are_erased_at_the_end(
    width: int, error: type[BaseException] | None, clock: Clock
) -> None:
    console = terminal(width)

    def drawn() -> Iterator[str]:
        with progress_observer(console) as observer:
            observer.fetched(3000, 5000)
            settle(observer, 499)
            observer.settled(DELETED)  # it was not fetched
            clock.now += 1
            settle(observer, 1)
            yield shown(console)
            if error:
                raise error

    runs = drawn()
    source, store = next(runs).replace("\r", "").splitlines()[-2:]
    assert "3000/5000" in source
    assert "500/5000" in store
    with pytest.raises(error or StopIteration):
        next(runs)
    assert shown(console).endswith(f"{ESC}[2K")
    assert f"{ESC}[?25h" in shown(console)  # the cursor is visible again


@pytest.mark.parametrize(("limit", "total"), [(60, 194), (None, None)])
def test_a_limit_is_the_total_and_a_source_may_not_say_how_many_it_has(
    limit: int | None, total: int | None, clock: Clock
) -> None:
    console = terminal()
    with progress_observer(console, limit=limit) as observer:
        clock.now += 1
        observer.fetched(60, total)
        assert "60/60" in shown(console)


@pytest.mark.parametrize(("dry_run", "word"), [(False, "created"), (True, "to create")])
@pytest.mark.parametrize("quiet", [False, True])
def test_a_verbose_log_has_the_outcome_of_each_product_that_is_not_unchanged(
    word: str, caplog: pytest.LogCaptureFixture, *, dry_run: bool, quiet: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    with progress_observer(terminal(), dry_run=dry_run, quiet=quiet) as observer:
        for outcome in (MUG, LAMP, RESPECTED):
            observer.settled(outcome)
    assert caplog.messages == [f"dummyjson:6: {word}", "dummyjson:18: rejected: price: it is -1, below 0"]


# --- elsewhere ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_log", [False, True])
def test_a_log_gets_at_most_one_line_every_30_seconds(
    clock: Clock, caplog: pytest.LogCaptureFixture, *, in_log: bool
) -> None:
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
    assert shown(output) == ""


def test_the_log_has_no_remaining_time_without_a_total(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with progress_observer(Pipe(io.StringIO())) as observer:
        observer.fetched(1000, None)
        clock.now += 29
        settle(observer, 899)
        assert not caplog.records
        clock.now += 1
        settle(observer, 1)
    assert caplog.messages == ["source 1,000 of 1,000, store 900 of 1,000, 30/s"]


@pytest.mark.parametrize("output", [Pipe(io.StringIO()), terminal()])
def test_a_quiet_run_shows_no_progress(
    output: Pipe | Console, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with progress_observer(output, quiet=True) as observer:
        clock.now += 100
        observer.fetched(30, 194)
        settle(observer, 1)
    assert not caplog.records
    assert shown(output) == ""
