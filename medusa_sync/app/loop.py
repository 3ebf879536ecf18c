"""Runs a job at each tick of a schedule."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from medusa_sync.errors import EXIT_SIGNAL
from medusa_sync.schedule import Schedule

logger = logging.getLogger(__name__)

_LONGEST_SLEEP_S = 60.0  # then read the clock again: it may have been set, or the machine suspended
_MOST_COUNTED = 1000  # skipped ticks

Wait = Callable[[float], signal.Signals | None]
"""Sleeps for some seconds; returns the signal that interrupted the sleep, or None."""


class Job(Protocol):
    """What the loop runs: `run` returns an exit code and never raises, `reload` may change the schedule."""

    schedule: Schedule

    def run(self) -> int: ...

    def reload(self) -> None: ...


def run_loop(
    job: Job,
    wait: Wait,
    *,
    run_now: bool = False,
    max_runs: int | None = None,
    names_each: bool = True,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Run the job at each tick, one run at a time. Ticks that pass during a run are skipped.

    With `run_now`, it starts with a run, before the first tick. The log names the first time that it waits
    for, and the others if it `names_each`.

    Returns:
        128 plus the number of the signal that ended the loop. Without a signal: the exit code of the last
        run that failed, or 0.
    """
    exit_code = 0
    runs = 0
    level = logging.INFO
    while max_runs is None or runs < max_runs:
        if run_now and runs == 0:
            due: datetime | signal.Signals = clock()
        else:
            due = _sleep_until_due(job, wait, clock, level)
            level = logging.INFO if names_each else logging.DEBUG
        if isinstance(due, signal.Signals):
            return EXIT_SIGNAL + due
        exit_code = job.run() or exit_code
        runs += 1
        if runs != max_runs:
            _warn_of_skipped_ticks(job.schedule, due, clock())
    return exit_code


def _sleep_until_due(
    job: Job, wait: Wait, clock: Callable[[], datetime], level: int
) -> datetime | signal.Signals:
    """Sleep until the next tick; return its time, or the signal that ended the sleep."""
    now, due = clock(), None
    while due is None or now < due:
        # Before the tick is looked up, only take a signal that has arrived in the meantime.
        number = wait(0 if due is None else min((due - now).total_seconds(), _LONGEST_SLEEP_S))
        before, now = now, clock()
        if number is signal.SIGHUP:
            job.reload()
        elif number is not None:
            return number
        if number is signal.SIGHUP or now < before:  # the clock was set back
            due = None
        elif due is None:
            due = _next(job.schedule, now, level)
    return due


def _next(schedule: Schedule, now: datetime, level: int) -> datetime:
    due = schedule.after(now)
    wait = timedelta(seconds=round((due.astimezone(UTC) - now).total_seconds()))
    at = due.isoformat(timespec="seconds")
    logger.log(level, "the next run is at %s, in %s", at, wait, extra={"event": "next_run"})
    return due.astimezone(UTC)  # Python ignores daylight saving in differences within a zone


def _warn_of_skipped_ticks(schedule: Schedule, due: datetime, now: datetime) -> None:
    """Log how many ticks passed after `due`, the tick of the run that just ended."""
    skipped = 0
    tick = schedule.after(due)
    while tick <= now and skipped < _MOST_COUNTED:
        skipped += 1
        tick = schedule.after(tick)
    if skipped:
        count = f"{skipped} or more" if skipped == _MOST_COUNTED else skipped
        times = "time" if skipped == 1 else "times"
        logger.warning(
            "%s scheduled %s passed during the run; skipped", count, times, extra={"event": "ticks_skipped"}
        )
