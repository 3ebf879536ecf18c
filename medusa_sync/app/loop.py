"""The loop: one run at each tick of a schedule, one at a time, until a signal or a number of runs ends it."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from medusa_sync.errors import EXIT_SIGNAL
from medusa_sync.schedule import Schedule

logger = logging.getLogger(__name__)

_LONGEST_SLEEP_S = 60.0  # then the clock is read again: it may be set, and a machine may have been asleep
_MOST_COUNTED = 1000  # ticks that passed

Wait = Callable[[float], signal.Signals | None]
"""Sleeps so many seconds; returns the signal that cut it short."""


class Job(Protocol):
    """What is run again and again."""

    @property
    def schedule(self) -> Schedule:
        """When; may change whenever `reload` is called."""
        ...

    def run(self) -> int:
        """Run once, whatever happens; returns the exit code."""
        ...

    def reload(self) -> None:
        """Read the settings again."""
        ...


def _now() -> datetime:
    return datetime.now(UTC)


def run_loop(
    job: Job,
    wait: Wait,
    *,
    run_now: bool = False,
    max_runs: int | None = None,
    clock: Callable[[], datetime] = _now,
) -> int:
    """Run at each tick. Ticks that pass during a run are skipped: nothing queues up.

    Args:
        job: what is run.
        wait: sleeps.
        run_now: run once before the first tick.
        max_runs: end after so many runs.
        clock: the time, aware.

    Returns:
        128 plus the number of the signal that ended the loop. Else 0 if all runs ended with 0, or the exit
        code of the last one that did not.
    """
    exit_code = 0
    runs = 0
    while max_runs is None or runs < max_runs:
        due = clock() if run_now and runs == 0 else _sleep_until_due(job, wait, clock)
        if isinstance(due, signal.Signals):
            return EXIT_SIGNAL + due
        exit_code = job.run() or exit_code
        runs += 1
        if runs != max_runs:
            _tell_skipped(job.schedule, due, clock())
    return exit_code


def _sleep_until_due(job: Job, wait: Wait, clock: Callable[[], datetime]) -> datetime | signal.Signals:
    """Sleep until the next tick; returns the tick, or the signal that ended the sleep."""
    now = clock()
    due = _next(job.schedule, now)
    while now < due:
        number = wait(min((due - now).total_seconds(), _LONGEST_SLEEP_S))
        before, now = now, clock()
        if number is signal.SIGHUP:
            job.reload()
        elif number is not None:
            return number
        if number is signal.SIGHUP or now < before:  # the clock was set back: a tick lies nearer now
            due = _next(job.schedule, now)
    return due


def _next(schedule: Schedule, now: datetime) -> datetime:
    due = schedule.after(now)
    wait = timedelta(seconds=round((due.astimezone(UTC) - now).total_seconds()))
    logger.info("the next run is at %s, in %s", due.isoformat(timespec="seconds"), wait)
    return due.astimezone(UTC)  # two times of one zone would be subtracted as if it had no daylight saving


def _tell_skipped(schedule: Schedule, due: datetime, now: datetime) -> None:
    """Say once how many ticks have passed since the one that a run was for."""
    skipped = 0
    tick = schedule.after(due)
    while tick <= now and skipped < _MOST_COUNTED:
        skipped += 1
        tick = schedule.after(tick)
    if skipped:
        count = f"{skipped} or more" if skipped == _MOST_COUNTED else skipped
        ticks = "tick" if skipped == 1 else "ticks"
        logger.warning("%s %s passed during the run and will not be made up for", count, ticks)
