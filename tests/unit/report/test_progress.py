"""The progress of a run: bars on a terminal after a second, a line of the log every 30 seconds."""

import io
import logging
from typing import Any

import pytest
from rich.console import Console

from medusa_sync.report import progress
from medusa_sync.report.output import Pipe
from medusa_sync.report.progress import progress_observer
from tests.unit.results import DELETED, LAMP, MUG, RESPECTED


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


class Gone(io.StringIO):
    """A terminal that was closed."""

    def write(self, _text: str) -> int:
        raise OSError(5, "Input/output error")


def test_a_terminal_that_is_gone_ends_no_run(clock: Clock) -> None:
    console = terminal()
    with progress_observer(console) as observer:
        clock.now += 1
        console.file = Gone()
        observer.fetched(3000, 5000)
        observer.settled(MUG)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_bars_appear_after_a_second_and_are_erased_even_by_an_error(width: int, clock: Clock) -> None:
    console = terminal(width)

    def work() -> None:
        with progress_observer(console) as observer:
            observer.fetched(3000, 5000)
            for outcome in [MUG] * 499 + [DELETED]:  # which was not fetched
                observer.settled(outcome)
            clock.now += 0.9
            assert shown(console) == ""
            clock.now += 0.1
            observer.settled(MUG)
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


OF_5000 = "source 3,000 of 5,000, store {} of 5,000, 8.0/s, 9 min {} s left"
OF_UNKNOWN = "source 3,000 of 3,000, store {} of 3,000, 8.0/s"


@pytest.mark.parametrize("output", [Pipe(io.StringIO()), terminal()])
@pytest.mark.parametrize(
    ("how", "total", "lines"),
    [
        ({"in_log": True}, 5000, [OF_5000.format(240, 55), OF_5000.format(480, 25)]),
        ({"in_log": True}, None, [OF_UNKNOWN.format(240), OF_UNKNOWN.format(480)]),
        ({"quiet": True}, 5000, []),
    ],
)
def test_a_log_gets_at_most_one_line_every_30_seconds(
    output: Pipe | Console, how: Any, total: Any, lines: Any, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A pipe gets them without being asked."""
    asked = how if isinstance(output, Console) or "quiet" in how else {}
    with progress_observer(output, **asked) as observer:
        observer.fetched(3000, total)
        for _ in range(700):
            clock.now += 0.125
            observer.settled(MUG)
    assert (caplog.messages, shown(output)) == (lines, "")


@pytest.mark.parametrize("is_stored", [False, True])
def test_images_have_a_bar_of_their_own(clock: Clock, *, is_stored: bool) -> None:
    console = terminal()
    with progress_observer(console) as observer:
        observer.fetched(3, 3)
        if is_stored:
            observer.settled(MUG)
        clock.now += 1
        observer.copied(2, 1_400)
        lines = shown(console).replace("\r", "").splitlines()[-3 if is_stored else -2 :]
        assert [each.split()[0][-6:] for each in lines] == ["source", *["store"] * is_stored, "images"]
        assert "2/1400" in lines[-1]


def test_a_log_has_the_images_too(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    with progress_observer(Pipe(io.StringIO())) as observer:
        observer.fetched(3, 3)
        observer.copied(0, 1_400)
        clock.now += 31
        observer.copied(1_200, 1_400)
    assert caplog.messages == ["source 3 of 3, images 1,200 of 1,400"]
