"""Cron schedules."""

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
    """A cron expression in a time zone; follows Debian's cron, also when daylight saving starts and ends.

    Expressions with seconds have no rules for daylight saving: a time that the clock skips is not due, and a
    time that it repeats is due twice.

    Attributes:
        expression: five fields, six with seconds first, or a name such as `@hourly`; single spaces.
        zone: the time zone of the expression.
    """

    expression: str
    zone: tzinfo

    @classmethod
    def read(cls, expression: str, zone: tzinfo) -> Self:
        """Parse an expression.

        Raises:
            ValueError: names every invalid field and what is expected, or says that no date matches.
        """
        expression = " ".join(expression.split())
        if expression == "@reboot":
            raise ValueError("@reboot is not a time; use a schedule with --run-now")
        if expression.startswith("@") and expression not in _NAMES:
            raise ValueError(f"unknown name {expression!r}; expected {', '.join(_NAMES)}")
        fields = _NAMES.get(expression, expression).split()
        if len(fields) not in {len(_FIELDS) - 1, len(_FIELDS)}:
            raise ValueError(
                "expected 5 fields (minute hour day-of-month month day-of-week), 6 with seconds first, "
                f"or a name such as @hourly; it has {len(fields)}"
            )
        if problems := _problems(fields):
            raise ValueError("; ".join(problems))
        # cronsim searches 50 years; the rarest date, 29 February on a given weekday, occurs every 40 years.
        if not _is_possible(fields):
            raise ValueError(f"{expression!r} never matches; expected a day that exists in the month")
        return cls(expression, zone)

    def after(self, moment: datetime) -> datetime:
        """Return the next due time after a moment (in any zone), in the zone of the schedule."""
        # In an hour that the clock repeats, cronsim starts from the first one: compare in UTC.
        start = moment.astimezone(UTC)
        coming = CronSim(_NAMES.get(self.expression, self.expression), moment.astimezone(self.zone))
        due = next(due for each in coming if (due := each.astimezone(UTC)) > start)
        return due.astimezone(self.zone)


def time_zone(name: str | None) -> tzinfo:
    """Return the time zone of an IANA name; without a name that of TZ or of the system.

    Raises:
        ValueError: the time zone does not exist.
    """
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name is None:
        return _local_zone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:  # OSError: a folder such as 'Europe'
        raise ValueError(f"unknown time zone {name!r}; expected a name such as Europe/Riga") from error


def _local_zone() -> tzinfo:
    from tzlocal import reload_localzone

    try:
        with warnings.catch_warnings(action="ignore"):  # a container without a zone: UTC
            return reload_localzone()
    except Exception as error:  # TZ can name any file, and zoneinfo fails on it in many ways
        name = os.environ.get("TZ", "")
        raise ValueError(f"no local time zone (TZ={name!r}); set TZ to a name such as Europe/Riga") from error


def _problems(fields: list[str]) -> list[str]:
    """Check each field on its own."""
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
    except (CronSimError, ValueError):  # ValueError: a number with too many digits for Python
        return False
