"""Shows the progress of a run on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from medusa_sync.core.result import Outcome, Result
from medusa_sync.report.output import Output, Pipe

if TYPE_CHECKING:
    from rich.progress import Progress

_BESIDE_THE_BAR = 30  # columns of label, numbers and time


class NoProgress:
    """An observer of a run that shows nothing."""

    def fetched(self, seen: int, total: int | None) -> None:
        pass

    def settled(self, outcome: Outcome) -> None:
        pass


class _Bars(NoProgress):
    def __init__(self, progress: Progress, *, dry_run: bool) -> None:
        self._progress = progress
        self._fetching = progress.add_task("fetching", total=None)
        self._settling = progress.add_task("comparing" if dry_run else "applying", total=None)

    def fetched(self, seen: int, total: int | None) -> None:
        self._progress.update(self._fetching, completed=seen, total=total)
        self._progress.update(self._settling, total=seen)

    def settled(self, outcome: Outcome) -> None:
        if outcome.result is not Result.REMOVED:  # it was not fetched
            self._progress.advance(self._settling)


@contextmanager
def progress_observer(output: Output, *, quiet: bool = False, dry_run: bool = False) -> Iterator[NoProgress]:
    """Show progress bars in this context, and erase them at its end.

    Args:
        output: stderr; a pipe gets nothing.
        quiet: show nothing on a terminal either.
        dry_run: products are only compared.
    """
    if quiet or isinstance(output, Pipe):
        yield NoProgress()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=max(min(40, output.width - _BESIDE_THE_BAR), 5)),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=output,
        transient=True,
        redirect_stdout=False,  # stdout may be a file for the result
    )
    with progress:
        yield _Bars(progress, dry_run=dry_run)
