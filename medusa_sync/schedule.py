"""When runs are due: a cron expression in a time zone."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Self

from cronsim import CronSim, CronSimError

_FIELDS = (
    ("second", "0-59"),
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day-of-month", "1-31"),
    ("month", "1-12 or jan-dec"),
    ("day-of-week", "0-7 (0 and 7 are Sunday) or sun-sat"),
)
_NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Due times as Debian's cron has them, also where daylight saving begins and ends.

    With seconds there are no rules for daylight saving: what the clock skips is not due, what it repeats is
    due twice.

    Attributes:
        expression: five fields, six with seconds first, or a name such as `@hourly`; single spaces.
        zone: whose clock the expression is about.
    """

    expression: str
    zone: tzinfo

    @classmethod
    def read(cls, expression: str, zone: tzinfo) -> Self:
        """A schedule from its text.

        Raises:
            ValueError: with each field that is wrong and what is expected there, or why it never comes due.
        """
        expression = " ".join(expression.split())
        if expression == "@reboot":
            raise ValueError("@reboot tells no time; expected a schedule, and --run-now to start with a run")
        if expression.startswith("@") and expression not in _NAMES:
            raise ValueError(f"unknown name {expression!r}; expected {', '.join(_NAMES)}")
        fields = _spelled_out(expression).split()
        if len(fields) not in {len(_FIELDS) - 1, len(_FIELDS)}:
            raise ValueError(
                "expected 5 fields (minute hour day-of-month month day-of-week), 6 with seconds first, "
                f"or a name such as @hourly; there are {len(fields)}"
            )
        if problems := _problems(fields):
            raise ValueError("; ".join(problems))
        # cronsim looks 50 years ahead; the rarest date, 29 February on a given weekday, comes within 40.
        if not _is_possible(fields):
            raise ValueError(f"{expression!r} never comes due; expected days that some month has")
        return cls(expression, zone)

    def after(self, moment: datetime) -> datetime:
        """The next due time, in the schedule's zone.

        Args:
            moment: aware, in any zone; what is due at this very moment is not meant.
        """
        # In an hour that comes twice cronsim starts from the first, and only UTC tells what is later then.
        start = moment.astimezone(UTC)
        coming = CronSim(_spelled_out(self.expression), moment.astimezone(self.zone))
        due = next(due for each in coming if (due := each.astimezone(UTC)) > start)
        return due.astimezone(self.zone)


def time_zone(name: str | None) -> tzinfo:
    """The time zone of an IANA name; without one the local zone, which is that of TZ when it is set.

    Raises:
        ValueError: there is no such zone, or what TZ or the system tells is none.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name is None:
        return _local_zone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:  # OSError: 'Europe', a folder
        raise ValueError(f"unknown time zone {name!r}; expected a name such as Europe/Riga") from error


def _local_zone() -> tzinfo:
    from tzlocal import reload_localzone

    try:
        with warnings.catch_warnings(action="ignore"):  # a container that tells no zone means UTC
            return reload_localzone()
    except Exception as error:  # TZ may name any file, and zoneinfo stumbles over its content in many ways
        told = os.environ.get("TZ", "")
        raise ValueError(f"no local time zone (TZ={told!r}); set TZ to a name such as Europe/Riga") from error


def _spelled_out(expression: str) -> str:
    return _NAMES.get(expression, expression)


def _problems(fields: list[str]) -> list[str]:
    """What is wrong with each field, read by itself."""
    problems = []
    for place, (name, values) in enumerate(_FIELDS[-len(fields) :]):
        alone = ["*"] * len(fields)
        alone[place] = fields[place]
        if not _is_possible(alone):
            expected = f"expected {values}, *, or lists, ranges and steps such as 1-5/2"
            problems.append(f"the {name} field {fields[place]!r}: {expected}")
    return problems


def _is_possible(fields: list[str]) -> bool:
    try:
        return next(CronSim(" ".join(fields), _ANY_TIME), None) is not None
    except (CronSimError, ValueError):  # ValueError: a number of more digits than Python reads
        return False
