"""Shows the progress of a run: in one line of a terminal, or as a line of the log from time to time."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from time import monotonic
from typing import TYPE_CHECKING

from medusa_sync.core.result import Outcome, Result
from medusa_sync.report.output import Output, Pipe

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

logger = logging.getLogger(__name__)

HIDDEN_S = 1.0  # a shorter run draws nothing
LOG_EVERY_S = 30.0

_WINDOW_S = 10.0
_REDRAWS = 4  # per second
_WIDEST_BAR = 20
_NARROWEST_BAR = 5
_MINUTE, _HOUR = 60, 3600  # seconds
_SLOW = 10  # products per second; a rate below it has a decimal


class NoProgress:
    """An observer of a run that shows nothing."""

    def fetched(self, seen: int, total: int | None) -> None:
        pass

    def settled(self, outcome: Outcome) -> None:
        pass


class Progress(NoProgress):
    """How far source and store are, how fast, and how much time is left.

    Args:
        limit: of the products that are read.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._fetched = 0
        self._settled = 0
        self._total: int | None = None
        self._samples = deque([(monotonic(), 0)])

    def fetched(self, seen: int, total: int | None) -> None:
        self._fetched = seen
        self._total = total if total is None or self._limit is None else min(total, self._limit)

    def settled(self, outcome: Outcome) -> None:
        if outcome.result is not Result.REMOVED:  # it was not fetched
            self._settled += 1

    def sides(self) -> Iterator[tuple[str, int, int]]:
        """Yield name, number and total of the source, and of the store once a product is settled."""
        total = max(self._fetched, self._total or 0)
        yield "source", self._fetched, total
        if self._settled:
            yield "store", self._settled, total

    def pace(self) -> list[str]:
        """The rate of the last seconds and the remaining time, as far as they are known."""
        now, settled = monotonic(), self._settled
        self._samples.append((now, settled))
        while len(self._samples) > 2 and self._samples[1][0] <= now - _WINDOW_S:  # noqa: PLR2004 - first, last
            self._samples.popleft()
        begin, earlier = self._samples[0]
        if settled <= earlier or now <= begin:
            return []
        rate = (settled - earlier) / (now - begin)
        shown = f"{rate:,.0f}/s" if rate >= _SLOW else f"{rate:.1f}/s"
        return [shown] if self._total is None else [shown, _left((self._total - settled) / rate)]


class ProgressLog(Progress):
    """Logs the progress at most every `LOG_EVERY_S` seconds."""

    def __init__(self, limit: int | None = None) -> None:
        super().__init__(limit)
        self._logged = monotonic()

    def fetched(self, seen: int, total: int | None) -> None:
        super().fetched(seen, total)
        self._log()

    def settled(self, outcome: Outcome) -> None:
        super().settled(outcome)
        self._log()

    def _log(self) -> None:
        if monotonic() < self._logged + LOG_EVERY_S:
            return
        self._logged = monotonic()
        words = [f"{name} {number:,} of {total:,}" for name, number, total in self.sides()]
        logger.info("%s", ", ".join([*words, *self.pace()]), extra={"event": "progress"})


class ProgressLine(Progress):
    """A line of a terminal, drawn by `show` and erased by `close`."""

    def __init__(self, console: Console, limit: int | None = None) -> None:
        super().__init__(limit)
        self._console = console
        self._lock = Lock()
        self._live: Live | None = None
        self._closed = False

    def show(self) -> None:
        from rich.live import Live

        with self._lock:
            if not self._closed:
                self._live = Live(
                    get_renderable=self._render,
                    console=self._console,
                    transient=True,
                    refresh_per_second=_REDRAWS,
                    redirect_stdout=False,  # stdout may be a file for the result
                )
                self._live.start(refresh=True)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._live is not None:
                self._live.stop()

    def _render(self) -> RenderableType:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        sides = [
            (f"{name} {number:>{len(f'{total:,}')},}/{total:,}", number, total)
            for name, number, total in self.sides()
        ]
        pace = self.pace()
        texts = [*(text for text, _, _ in sides), *pace]
        room = self._console.width - sum(len(text) + 2 for text in texts)
        width = min(room // len(sides) - 2, _WIDEST_BAR)
        if room < 0:
            pace = []
        line = Table.grid(padding=(0, 2, 0, 0))
        cells: list[RenderableType] = []
        for text, number, total in sides:
            cells.append(Text(text, no_wrap=True))
            if width >= _NARROWEST_BAR:
                cells.append(ProgressBar(total=total or 1, completed=number, width=width))
        line.add_row(*cells, *(Text(text, style="dim", no_wrap=True) for text in pace))
        return line


@contextmanager
def progress_observer(
    output: Output, *, quiet: bool = False, in_log: bool = False, limit: int | None = None
) -> Iterator[NoProgress]:
    """Show the progress in this context.

    Args:
        output: stderr.
        quiet: show nothing.
        in_log: write to the log even if there is a terminal.
        limit: of the products that are read.
    """
    if quiet:
        yield NoProgress()
    elif in_log or isinstance(output, Pipe):
        yield ProgressLog(limit)
    else:
        line = ProgressLine(output, limit)
        timer = Timer(HIDDEN_S, line.show)
        timer.daemon = True
        timer.start()
        try:
            yield line
        finally:
            timer.cancel()
            line.close()


def _left(seconds: float) -> str:
    whole = max(round(seconds), 0)
    if whole < _MINUTE:
        return f"{whole} s left"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s left"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min left"
