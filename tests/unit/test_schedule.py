"""Schedules match Debian's cron."""

from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.schedule import Schedule

RIGA: Final = "Europe/Riga"


# expression, zone, moment, next due times; a time without a date is on the date before it
DUE: Final = [
    ("*/2 * * * *", "UTC", "2026-01-01 00:01:30Z", "2026-01-01 00:02Z, 00:04Z"),
    ("*/2 * * * *", "UTC", "2026-01-01 00:02Z", "2026-01-01 00:04Z, 00:06Z"),  # not the moment itself
    ("  0\t12  * *   * \n", "UTC", "2026-01-01 00:00Z", "2026-01-01 12:00Z"),
    ("0 0 29 2 *", "UTC", "2096-02-29 00:00Z", "2104-02-29 00:00Z"),  # 2100 is no leap year
    # a day of the month or a day of the week; both if one of them starts with a star
    ("0 0 13 * 5", "UTC", "2026-01-01 00:00Z", "2026-01-02 00:00Z, 2026-01-09 00:00Z, 2026-01-13 00:00Z"),
    ("0 0 13 * */2", "UTC", "2026-01-01 00:00Z", "2026-01-13 00:00Z, 2026-06-13 00:00Z"),
    ("0 0 31 2 mon", "UTC", "2026-01-01 00:00Z", "2026-02-02 00:00Z, 2026-02-09 00:00Z"),
    # names
    ("@hourly", "UTC", "2026-01-01 00:00Z", "2026-01-01 01:00Z, 02:00Z"),
    ("@daily", "UTC", "2026-01-01 00:00Z", "2026-01-02 00:00Z, 2026-01-03 00:00Z"),
    ("@midnight", "UTC", "2026-01-01 12:00Z", "2026-01-02 00:00Z, 2026-01-03 00:00Z"),
    ("@weekly", "UTC", "2026-01-01 00:00Z", "2026-01-04 00:00Z, 2026-01-11 00:00Z"),
    ("@monthly", "UTC", "2026-01-01 00:00Z", "2026-02-01 00:00Z, 2026-03-01 00:00Z"),
    ("@yearly", "UTC", "2026-01-01 00:00Z", "2027-01-01 00:00Z, 2028-01-01 00:00Z"),
    (" @annually ", "UTC", "2026-06-01 00:00Z", "2027-01-01 00:00Z, 2028-01-01 00:00Z"),
    # seconds
    ("*/20 * * * * *", "UTC", "2026-01-01 00:00Z", "2026-01-01 00:00:20Z, 00:00:40Z, 00:01Z"),
    # the moment is in another zone
    ("0 3 * * *", RIGA, "2026-07-01 00:00Z", "2026-07-02 03:00+03"),
    # Riga skips 03:00-04:00 on 29 March: a fixed time in it runs right after, once
    ("30 3 * * *", RIGA, "2026-03-28 12:00+02", "2026-03-29 04:00+03, 2026-03-30 03:30+03"),
    ("*/30 * * * *", RIGA, "2026-03-29 02:00+02", "2026-03-29 02:30+02, 04:00+03, 04:30+03"),
    # Riga repeats 03:00-04:00 on 25 October: a fixed time in it runs only once, and a star twice
    ("30 3 * * *", RIGA, "2026-10-24 12:00+03", "2026-10-25 03:30+03, 2026-10-26 03:30+02"),
    ("30 3 * * *", RIGA, "2026-10-25 03:10+02", "2026-10-26 03:30+02"),
    ("*/30 * * * *", RIGA, "2026-10-25 03:00+03", "2026-10-25 03:30+03, 03:00+02, 03:30+02, 04:00+02"),
]

# expression -> part of the message
WRONG: Final = {
    "61 * * * *": "the minute field '61': expected 0-59",
    "0 0 32 * *": "the day-of-month field '32': expected 1-31",
    "0 0 * 13 *": "the month field '13': expected 1-12 or jan-dec",
    "0 0 * * 8": "the day-of-week field '8': expected 0-7 (0 and 7 are Sunday) or sun-sat",
    "*/ * * * *": "the minute field '*/'",
    "5-1 * * * *": "the minute field '5-1'",
    "² * * * *": "the minute field '²'",
    f"{'9' * 5000} * * * *": "the minute field '999",
    "x 99 * * *": "ranges and steps such as 1-5/2; the hour field '99': expected 0-23",
    "0 0 30 2 *": "'0 0 30 2 *' never matches",
    "": "expected 5 fields (minute hour day-of-month month day-of-week), 6 with seconds first, or a name",
    " \n ": "there are 0",
    "* * * * * * *": "there are 7",
    "@reboot": "--run-now",
    "@Daily": "unknown name '@Daily'; expected @hourly, @daily",  # Debian's names are lower-case
}


def due(schedule: Schedule, moment: datetime) -> Iterator[datetime]:
    while True:
        moment = schedule.after(moment)
        yield moment


def parsed(times: str) -> list[datetime]:
    moments: list[datetime] = []
    for time in times.split(", "):
        text = time if " " in time else f"{moments[-1]:%Y-%m-%d} {time}"
        moments.append(datetime.fromisoformat(text))
    return moments


def clock(moments: list[datetime]) -> list[str]:
    """Format moments with their offset; in Python, moments of a repeated hour are never equal."""
    return [moment.isoformat() for moment in moments]


def first(count: int, moments: Iterator[datetime]) -> list[datetime]:
    return [next(moments) for _ in range(count)]


@pytest.mark.parametrize(("expression", "zone", "moment", "times"), DUE)
def test_due_times_match_debian_cron(expression: str, zone: str, moment: str, times: str) -> None:
    expected = parsed(times)
    schedule = Schedule.read(expression, ZoneInfo(zone))
    assert clock(first(len(expected), due(schedule, datetime.fromisoformat(moment)))) == clock(expected)


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("expression", "message"), WRONG.items(), ids=range(len(WRONG)))
def test_invalid_expression_is_reported_with_what_is_expected(expression: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is checked below
        Schedule.read(expression, UTC)
    assert message in str(caught.value)


@given(
    st.text("*/-,#?@ 0123456789lwsunjafeb\0²", max_size=20)
    | st.lists(st.text("*/-,#lw0123", min_size=1, max_size=6), min_size=5, max_size=6).map(" ".join)
)
def test_every_text_is_a_schedule_or_a_value_error(expression: str) -> None:
    try:
        schedule = Schedule.read(expression, UTC)
    except ValueError:
        return
    assert schedule.after(datetime(2026, 1, 1, tzinfo=UTC)).tzinfo is UTC


def test_schedule_is_a_normalized_value() -> None:
    schedule = Schedule.read("  */2 *\t* * * ", UTC)
    assert schedule == Schedule.read("*/2 * * * *", UTC)
    assert schedule.expression == "*/2 * * * *"
    assert schedule.zone is UTC
    with pytest.raises(FrozenInstanceError):
        schedule.expression = "* * * * *"  # type: ignore[misc]
