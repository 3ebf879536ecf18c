"""The progress of a run: bars on a terminal after a second, a line of the log every 30 seconds."""

import io
import logging

import pytest
from rich.console import Console

from medusa_sync.core.result import Outcome, Result
from medusa_sync.report import progress
from medusa_sync.report.output import Pipe
from medusa_sync.report.progress import Progress, progress_observer
from tests.unit.results import DELETED, LAMP, MUG, RESPECTED

OUTCOME = Outcome("dummyjson:1", "Spoon", Result.CREATED)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "monotonic", clock)
    caplog.set_level(logging.INFO)
    return clock


def terminal(width: int = 100) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)


def shown(output: Console | Pipe) -> str:
    assert isinstance(output.file, io.StringIO)
    return output.file.getvalue()


def settle(observer: Progress, number: int) -> None:
    for _ in range(number):
        observer.settled(OUTCOME)


# --- a terminal -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [40, 80, 200])
def test_bars_appear_after_a_second_and_are_erased_even_by_an_error(width: int, clock: Clock) -> None:
    console = terminal(width)

    def work() -> None:
        with progress_observer(console) as observer:
            observer.fetched(3000, 5000)
            settle(observer, 499)
            observer.settled(DELETED)  # it was not fetched
            clock.now += 0.9
            settle(observer, 0)
            assert shown(console) == ""
            clock.now += 0.1
            settle(observer, 1)
            source, store = shown(console).replace("\r", "").splitlines()[-2:]
            assert "3000/5000" in source
            assert "500/5000" in store
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert shown(console).endswith("\x1b[2K")
    assert "\x1b[?25h" in shown(console), "the cursor is visible again"


@pytest.mark.parametrize(("limit", "total"), [(60, 194), (None, None)])
def test_a_limit_is_the_total_and_a_source_may_not_say_how_many_it_has(
    limit: int | None, total: int | None, clock: Clock
) -> None:
    console = terminal()
    with progress_observer(console, limit=limit) as observer:
        clock.now += 1
        observer.fetched(60, total)
        assert "60/60" in shown(console)


# --- the log --------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("output", [Pipe(io.StringIO()), terminal()])
@pytest.mark.parametrize(
    ("how", "total", "lines"),
    [
        (
            {"in_log": True},
            5000,
            [
                "source 3,000 of 5,000, store 240 of 5,000, 8.0/s, 9 min 55 s left",
                "source 3,000 of 5,000, store 480 of 5,000, 8.0/s, 9 min 25 s left",
            ],
        ),
        ({"in_log": True}, None, [f"source 3,000 of 3,000, store {n} of 3,000, 8.0/s" for n in (240, 480)]),
        ({"quiet": True}, 5000, []),
    ],
)
def test_a_log_gets_at_most_one_line_every_30_seconds(
    output: Pipe | Console,
    how: dict[str, bool],
    total: int | None,
    lines: list[str],
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A pipe gets them without being asked."""
    asked = how if isinstance(output, Console) or "quiet" in how else {}
    with progress_observer(output, **asked) as observer:
        observer.fetched(3000, total)
        for _ in range(700):
            clock.now += 0.125
            observer.settled(OUTCOME)
    assert (caplog.messages, shown(output)) == (lines, "")
