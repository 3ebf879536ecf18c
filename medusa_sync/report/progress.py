"""How far a run has come, on a terminal; a run's `Observer`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from medusa_sync.core.result import Outcome, Result
from medusa_sync.report.output import Output, Pipe

if TYPE_CHECKING:
    from rich.progress import Progress

_BESIDE_THE_BAR = 30  # columns that label, numbers and time take


class Watch:
    """Watches in silence."""

    def fetched(self, seen: int, total: int | None) -> None:
        """So many of the source's products have been delivered."""

    def settled(self, outcome: Outcome) -> None:
        """A product has come to its end."""


class _Bars(Watch):
    def __init__(self, progress: Progress, *, dry_run: bool) -> None:
        self._progress = progress
        self._fetching = progress.add_task("fetching", total=None)
        self._settling = progress.add_task("comparing" if dry_run else "applying", total=None)

    def fetched(self, seen: int, total: int | None) -> None:
        self._progress.update(self._fetching, completed=seen, total=total)
        self._progress.update(self._settling, total=seen)

    def settled(self, outcome: Outcome) -> None:
        if outcome.result is not Result.REMOVED:  # it is none of those that were fetched
            self._progress.advance(self._settling)


@contextmanager
def progress_observer(output: Output, *, quiet: bool = False, dry_run: bool = False) -> Iterator[Watch]:
    """Show progress bars while the context lasts, and leave no trace of them.

    Args:
        output: of stderr; anything but a terminal is left alone.
        quiet: show nothing on a terminal either.
        dry_run: products are only compared.
    """
    if quiet or isinstance(output, Pipe):
        yield Watch()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=max(min(40, output.width - _BESIDE_THE_BAR), 5)),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=output,
        transient=True,
        redirect_stdout=False,  # stdout may be a file that the result goes to
    )
    with progress:
        yield _Bars(progress, dry_run=dry_run)
