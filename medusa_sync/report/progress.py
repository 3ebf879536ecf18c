"""Shows the progress of a run: bars on a terminal, or a line of the log from time to time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from medusa_sync.core.outcome import Outcome, Result
from medusa_sync.report import summary
from medusa_sync.report.output import Output, Pipe, lossy

if TYPE_CHECKING:
    from rich import progress
    from rich.console import Console

logger = logging.getLogger(__name__)

HIDDEN_S = 1.0  # a shorter run draws nothing
LOG_EVERY_S = 30.0
_NAMES = "source", "store", "images"
_SLOW = 10  # products per second; a rate below it has a decimal


class Progress:
    """Observes how far a run is, without showing it. With `--verbose`, each outcome is logged.

    Args:
        limit: of the products that are read.
        dry_run: whether outcomes are plans.
    """

    def __init__(self, limit: int | None = None, *, dry_run: bool = False) -> None:
        self._limit = limit
        self._dry_run = dry_run
        self._fetched = self._settled = 0
        self._total: int | None = None
        self._images = 0, 0

    def fetched(self, seen: int, total: int | None) -> None:
        self._fetched = seen
        self._total = total if total is None or self._limit is None else min(total, self._limit)
        self._show()

    def settled(self, outcome: Outcome) -> None:
        if outcome.result is not Result.UNCHANGED and logger.isEnabledFor(logging.DEBUG):
            id_, what = outcome.external_id, outcome.result.value
            label = summary.label(outcome.result, dry_run=self._dry_run)
            words = ": ".join(filter(None, (id_ or "(no id)", label, outcome.reason)))
            logger.debug("%s", words, extra={"event": "product", "external_id": id_, "outcome": what})
        if outcome.result is not Result.REMOVED:  # it was not fetched
            self._settled += 1
            self._show()

    def copied(self, done: int, total: int) -> None:
        self._images = done, total
        self._show()

    def _sides(self) -> Iterator[tuple[str, int, int]]:
        """Yield name, number and total of the source, of the store once a product is settled, of images."""
        total = max(self._fetched, self._total or 0)
        yield "source", self._fetched, total
        if self._settled:
            yield "store", self._settled, total
        if any(self._images):
            yield "images", *self._images

    def _show(self) -> None:
        pass


class _Log(Progress):
    """Logs the progress, with the rate since the last time, at most every `LOG_EVERY_S` seconds."""

    def __init__(self, limit: int | None, *, dry_run: bool) -> None:
        super().__init__(limit, dry_run=dry_run)
        self._last = monotonic(), 0

    def _show(self) -> None:
        (then, earlier), now = self._last, monotonic()
        if now < then + LOG_EVERY_S:
            return
        self._last = now, self._settled
        words = [f"{name} {number:,} of {total:,}" for name, number, total in self._sides()]
        images = [words.pop()] if any(self._images) else []  # the rate is that of products
        if rate := (self._settled - earlier) / (now - then):
            words.append(f"{rate:,.0f}/s" if rate >= _SLOW else f"{rate:.1f}/s")
            if self._total is not None:
                words.append(f"{summary.duration(round(max(self._total - self._settled, 0) / rate))} left")
        logger.info("%s", ", ".join([*words, *images]), extra={"event": "progress"})


class _Bars(Progress):
    """Bars on a terminal, drawn after `HIDDEN_S` seconds and erased by `close`."""

    def __init__(self, console: Console, limit: int | None, *, dry_run: bool) -> None:
        super().__init__(limit, dry_run=dry_run)
        self._console = console
        self._start = monotonic() + HIDDEN_S
        self._bars: progress.Progress | None = None

    def close(self) -> None:
        if self._bars is not None:
            with lossy(self._console):
                self._bars.stop()

    def _show(self) -> None:
        if self._bars is None and monotonic() < self._start:
            return
        bars = self._bars or _bars_on(self._console)
        for name, number, total in self._sides():
            bars.update(bars.task_ids[_NAMES.index(name)], completed=number, total=total, visible=True)
        if self._bars is None:
            self._bars = bars
            with lossy(self._console):
                bars.start()


def _bars_on(console: Console) -> progress.Progress:
    from rich import progress

    bars = progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=20),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        redirect_stdout=False,  # stdout may be a file for the result
        speed_estimate_period=10,
    )
    for name in _NAMES:
        bars.add_task(name, visible=False)
    return bars


@contextmanager
def progress_observer(
    err: Output,
    limit: int | None = None,
    *,
    quiet: bool = False,
    in_log: bool = False,
    dry_run: bool = False,
) -> Iterator[Progress]:
    """Show the progress on stderr in this context; `in_log` writes to the log even if it is a terminal."""
    if quiet:
        yield Progress(limit, dry_run=dry_run)
    elif in_log or isinstance(err, Pipe):
        yield _Log(limit, dry_run=dry_run)
    else:
        with closing(_Bars(err, limit, dry_run=dry_run)) as bars:
            yield bars
