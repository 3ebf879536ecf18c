"""Schedules match Debian's cron: expected times written by hand, and from cronsim."""

from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import example, given
from hypothesis import strategies as st

from medusa_sync.schedule import Schedule
from tests.unit.zones import NEW_YORK, RIGA, ZONES

# From crontab(5); cronsim does not support names.
NAMES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

# expression, zone, moment, next due times; a time without a date is on the date before it
DUE: Final = [
    # steps; a time equal to the moment is not next
    ("* * * * *", "UTC", "2026-01-01 00:00Z", "2026-01-01 00:01Z, 00:02Z, 00:03Z"),
    ("*/2 * * * *", "UTC", "2026-01-01 00:01:30Z", "2026-01-01 00:02Z, 00:04Z"),
    ("*/2 * * * *", "UTC", "2026-01-01 00:02Z", "2026-01-01 00:04Z, 00:06Z"),
    ("5 * * * *", "UTC", "2026-01-01 00:04:59.999999Z", "2026-01-01 00:05Z, 01:05Z"),
    ("5 * * * *", "UTC", "2026-01-01 00:05:00.000001Z", "2026-01-01 01:05Z"),
    ("*/25 * * * *", "UTC", "2026-01-01 00:00Z", "2026-01-01 00:25Z, 00:50Z, 01:00Z"),
    # ranges, steps, lists
    ("10-20/5 * * * *", "UTC", "2026-01-01 00:12Z", "2026-01-01 00:15Z, 00:20Z, 01:10Z"),
    ("59,1,30-31 * * * *", "UTC", "2026-01-01 00:30Z", "2026-01-01 00:31Z, 00:59Z, 01:01Z"),
    ("0 9-17/4 * * *", "UTC", "2026-01-01 09:00Z", "2026-01-01 13:00Z, 17:00Z, 2026-01-02 09:00Z"),
    ("0 23,0 * * *", "UTC", "2026-12-31 12:00Z", "2026-12-31 23:00Z, 2027-01-01 00:00Z, 23:00Z"),
    ("59 23 31 12 *", "UTC", "2026-12-31 23:59Z", "2027-12-31 23:59Z"),
    ("  0\t12  * *   * \n", "UTC", "2026-01-01 00:00Z", "2026-01-01 12:00Z"),
    # month ends and leap days
    ("0 0 1 * *", "UTC", "2026-01-15 00:00Z", "2026-02-01 00:00Z, 2026-03-01 00:00Z"),
    ("0 0 31 * *", "UTC", "2026-01-31 00:00Z", "2026-03-31 00:00Z, 2026-05-31 00:00Z, 2026-07-31 00:00Z"),
    ("0 12 30 * *", "UTC", "2026-01-30 12:00Z", "2026-03-30 12:00Z, 2026-04-30 12:00Z"),
    ("0 0 29 * *", "UTC", "2026-01-29 00:00Z", "2026-03-29 00:00Z"),
    ("0 0 29 * *", "UTC", "2028-01-29 00:00Z", "2028-02-29 00:00Z"),
    ("0 0 29 2 *", "UTC", "2026-01-01 00:00Z", "2028-02-29 00:00Z, 2032-02-29 00:00Z"),
    ("0 0 29 2 *", "UTC", "2096-02-29 00:00Z", "2104-02-29 00:00Z"),  # 2100 is no leap year
    ("0 0 29 2 */7", "UTC", "2088-02-29 00:00Z", "2128-02-29 00:00Z"),  # and a Sunday
    # days of the week; 1 January 2026 is a Thursday
    ("0 0 * * 0", "UTC", "2026-01-01 00:00Z", "2026-01-04 00:00Z, 2026-01-11 00:00Z"),
    ("0 0 * * 7", "UTC", "2026-01-01 00:00Z", "2026-01-04 00:00Z, 2026-01-11 00:00Z"),
    ("0 0 * * sun", "UTC", "2026-01-01 00:00Z", "2026-01-04 00:00Z, 2026-01-11 00:00Z"),
    ("0 0 * * MON-fri", "UTC", "2026-01-02 00:00Z", "2026-01-05 00:00Z, 2026-01-06 00:00Z"),
    ("0 0 * * 5-7", "UTC", "2026-01-02 00:00Z", "2026-01-03 00:00Z, 2026-01-04 00:00Z, 2026-01-09 00:00Z"),
    # day of month or day of week; both if one of them starts with a star
    ("0 0 13 * 5", "UTC", "2026-01-01 00:00Z", "2026-01-02 00:00Z, 2026-01-09 00:00Z, 2026-01-13 00:00Z"),
    (
        "0 0 1,15 * mon",
        "UTC",
        "2026-06-08 00:00Z",
        "2026-06-15 00:00Z, 2026-06-22 00:00Z, 2026-06-29 00:00Z, 2026-07-01 00:00Z",
    ),
    ("0 0 */2 * mon", "UTC", "2026-06-01 00:00Z", "2026-06-15 00:00Z, 2026-06-29 00:00Z, 2026-07-13 00:00Z"),
    ("0 0 13 * */2", "UTC", "2026-01-01 00:00Z", "2026-01-13 00:00Z, 2026-06-13 00:00Z"),
    ("0 0 31 2 mon", "UTC", "2026-01-01 00:00Z", "2026-02-02 00:00Z, 2026-02-09 00:00Z"),
    # months
    ("0 0 1 jan,JUL *", "UTC", "2026-01-01 00:00Z", "2026-07-01 00:00Z, 2027-01-01 00:00Z"),
    (
        "0 0 1 nov-dec *",
        "UTC",
        "2026-01-01 00:00Z",
        "2026-11-01 00:00Z, 2026-12-01 00:00Z, 2027-11-01 00:00Z",
    ),
    ("0 0 1 */3 *", "UTC", "2026-01-01 00:00Z", "2026-04-01 00:00Z, 2026-07-01 00:00Z, 2026-10-01 00:00Z"),
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
    ("30 0 12 * * *", "UTC", "2026-01-01 12:00:30Z", "2026-01-02 12:00:30Z"),
    ("15,45 59 23 31 12 *", "UTC", "2026-12-31 23:59:20Z", "2026-12-31 23:59:45Z, 2027-12-31 23:59:15Z"),
    # the moment is in another zone
    ("0 3 * * *", RIGA, "2026-07-01 00:00Z", "2026-07-02 03:00+03"),
    ("0 3 * * *", NEW_YORK, "2026-07-01 06:59Z", "2026-07-01 03:00-04"),
    # Riga skips 03:00-04:00 on 29 March: a fixed time in it runs right after, once
    ("30 3 * * *", RIGA, "2026-03-28 12:00+02", "2026-03-29 04:00+03, 2026-03-30 03:30+03"),
    ("30 3 * * *", RIGA, "2026-03-29 04:00+03", "2026-03-30 03:30+03"),
    ("0,30 3 * * *", RIGA, "2026-03-28 12:00+02", "2026-03-29 04:00+03, 2026-03-30 03:00+03"),
    ("0 3,4 * * *", RIGA, "2026-03-28 12:00+02", "2026-03-29 04:00+03, 2026-03-30 03:00+03"),
    ("59 2 * * *", RIGA, "2026-03-28 12:00+02", "2026-03-29 02:59+02, 2026-03-30 02:59+03"),
    ("0 0-23/3 * * *", RIGA, "2026-03-29 00:00+02", "2026-03-29 04:00+03, 06:00+03"),
    # with a star in minute or hour, only real times count
    ("*/30 * * * *", RIGA, "2026-03-29 02:00+02", "2026-03-29 02:30+02, 04:00+03, 04:30+03"),
    ("30 * * * *", RIGA, "2026-03-29 02:30+02", "2026-03-29 04:30+03"),
    ("@hourly", RIGA, "2026-03-29 02:00+02", "2026-03-29 04:00+03"),
    ("0 */3 * * *", RIGA, "2026-03-29 00:00+02", "2026-03-29 06:00+03"),
    ("*/30 3 * * *", RIGA, "2026-03-28 03:30+02", "2026-03-30 03:00+03"),
    ("0 30 3 * * *", RIGA, "2026-03-28 12:00+02", "2026-03-30 03:30+03"),  # the same with seconds
    # Riga repeats 03:00-04:00 on 25 October: a fixed time in it runs only once
    ("30 3 * * *", RIGA, "2026-10-24 12:00+03", "2026-10-25 03:30+03, 2026-10-26 03:30+02"),
    ("30 3 * * *", RIGA, "2026-10-25 03:45+03", "2026-10-26 03:30+02"),
    ("30 3 * * *", RIGA, "2026-10-25 03:10+02", "2026-10-26 03:30+02"),
    ("0 3 * * *", RIGA, "2026-10-25 02:59+03", "2026-10-25 03:00+03, 2026-10-26 03:00+02"),
    ("30 3,4 * * *", RIGA, "2026-10-25 03:30+03", "2026-10-25 04:30+02"),
    ("@daily", RIGA, "2026-10-25 00:00+03", "2026-10-26 00:00+02"),
    # and a star runs twice
    ("*/30 * * * *", RIGA, "2026-10-25 03:00+03", "2026-10-25 03:30+03, 03:00+02, 03:30+02, 04:00+02"),
    ("30 * * * *", RIGA, "2026-10-25 02:30+03", "2026-10-25 03:30+03, 03:30+02, 04:30+02"),
    ("@hourly", RIGA, "2026-10-25 02:00+03", "2026-10-25 03:00+03, 03:00+02, 04:00+02"),
    ("*/30 3 * * *", RIGA, "2026-10-25 03:30+03", "2026-10-25 03:00+02, 03:30+02, 2026-10-26 03:00+02"),
    ("0 30 3 * * *", RIGA, "2026-10-25 00:00+03", "2026-10-25 03:30+03, 03:30+02"),
    # New York skips 02:00-03:00 on 8 March and repeats 01:00-02:00 on 1 November
    ("30 2 * * *", NEW_YORK, "2026-03-08 00:00-05", "2026-03-08 03:00-04, 2026-03-09 02:30-04"),
    ("0 2 * * sun", NEW_YORK, "2026-03-01 02:00-05", "2026-03-08 03:00-04, 2026-03-15 02:00-04"),
    ("15 2 8 3 *", NEW_YORK, "2026-01-01 00:00-05", "2026-03-08 03:00-04, 2027-03-08 02:15-05"),
    ("*/15 * * * *", NEW_YORK, "2026-03-08 01:45-05", "2026-03-08 03:00-04, 03:15-04"),
    ("30 1 * * *", NEW_YORK, "2026-11-01 00:00-04", "2026-11-01 01:30-04, 2026-11-02 01:30-05"),
    ("0 1 1 11 *", NEW_YORK, "2026-11-01 01:00-04", "2027-11-01 01:00-04"),
    ("*/30 * * * *", NEW_YORK, "2026-11-01 01:30-04", "2026-11-01 01:00-05, 01:30-05, 02:00-05"),
]

# expression -> part of the message
WRONG: Final = {
    "61 * * * *": "the minute field '61': expected 0-59",
    "60 * * * * *": "the second field '60': expected 0-59",
    "0 24 * * *": "the hour field '24': expected 0-23",
    "0 0 0 * *": "the day-of-month field '0': expected 1-31",
    "0 0 32 * *": "the day-of-month field '32': expected 1-31",
    "0 0 * 13 *": "the month field '13': expected 1-12 or jan-dec",
    "0 0 * januar *": "the month field 'januar': expected",
    "0 0 * * 8": "the day-of-week field '8': expected 0-7 (0 and 7 are Sunday) or sun-sat",
    "0 0 * * sat-sun": "the day-of-week field 'sat-sun'",
    "*/0 * * * *": "the minute field '*/0'",
    "*/ * * * *": "the minute field '*/'",
    "5-1 * * * *": "the minute field '5-1'",
    "1,, * * * *": "the minute field '1,,'",
    "-1 * * * *": "the minute field '-1'",
    "1.5 * * * *": "the minute field '1.5'",
    "? * * * *": "the minute field '?'",
    "² * * * *": "the minute field '²'",
    f"{'9' * 5000} * * * *": "the minute field '999",
    "x 99 * * *": "ranges and steps such as 1-5/2; the hour field '99': expected 0-23",
    "0 0 30 2 *": "'0 0 30 2 *' never matches",
    "0 0 31 4,6,9,11 *": "never matches",
    "0 0 30 2 */2": "never matches",
    "* * */20 * 1L": "never matches",
    "": "expected 5 fields (minute hour day-of-month month day-of-week), 6 with seconds first, or a name",
    " \n ": "there are 0",
    "* * * *": "there are 4",
    "* * * * * * *": "there are 7",
    "hourly": "there are 1",
    "@reboot": "--run-now",
    "@Daily": "unknown name '@Daily'; expected @hourly, @daily",  # Debian's names are lower-case
    "@every 5m": "unknown name '@every 5m'",
    "@daily *": "unknown name '@daily *'",
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


every_row = pytest.mark.parametrize(("expression", "zone", "moment", "times"), DUE)


@every_row
def test_due_times_match_debian_cron(expression: str, zone: str, moment: str, times: str) -> None:
    expected = parsed(times)
    schedule = Schedule.read(expression, ZoneInfo(zone))
    assert clock(first(len(expected), due(schedule, datetime.fromisoformat(moment)))) == clock(expected)


@every_row
def test_due_times_match_cronsim(expression: str, zone: str, moment: str, times: str) -> None:
    expected, start = parsed(times), datetime.fromisoformat(moment).astimezone(ZoneInfo(zone))
    coming = CronSim(NAMES.get(expression.strip(), expression), start)
    later = (time for time in coming if time.astimezone(UTC) > start.astimezone(UTC))
    assert clock(first(len(expected), later)) == clock(expected)


# --- properties -----------------------------------------------------------------------------------------

zones = st.sampled_from(ZONES).map(ZoneInfo)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=zones)  # noqa: DTZ001 - the zone is drawn


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda ends: f"{min(ends)}-{max(ends)}")
    step = st.integers(1, high).map(lambda every: f"*/{every}")
    return st.just("*") | step | st.lists(number.map(str) | span, min_size=1, max_size=3).map(",".join)


clocks = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7)).map(" ".join)
expressions = clocks | st.tuples(field(0, 59), clocks).map(" ".join) | st.sampled_from(list(NAMES))


@given(expressions, zones, moments)
def test_due_times_only_increase(expression: str, zone: tzinfo, moment: datetime) -> None:
    upcoming = first(5, due(Schedule.read(expression, zone), moment))
    assert all(time.tzinfo is zone for time in upcoming)
    utc = [time.astimezone(UTC) for time in [moment, *upcoming]]
    assert all(earlier < later for earlier, later in pairwise(utc))


CHANGES: Final = {
    RIGA: ["2026-03-29 00:00Z", "2026-10-25 00:00Z"],
    NEW_YORK: ["2026-03-08 06:00Z", "2026-11-01 05:00Z"],
}
changes = st.sampled_from([(zone, change) for zone, days in CHANGES.items() for change in days])
times = st.sets(st.integers(0, 59), min_size=1, max_size=4)
hours = st.sets(st.integers(0, 6), min_size=1)


def starts(
    minutes: set[int] | None, hours: set[int] | None, zone: tzinfo, since: datetime
) -> Iterator[datetime]:
    """Yield due times minute by minute according to cron(8); None is a star."""
    now = since
    before = now.astimezone(zone).replace(tzinfo=None)
    while True:
        now += timedelta(minutes=1)
        here = now.astimezone(zone).replace(tzinfo=None, fold=0)
        if minutes is None or hours is None:
            shown = [here]
        else:  # only minutes that the clock shows for the first time
            shown = [
                before + timedelta(minutes=each + 1)
                for each in range((here - before) // timedelta(minutes=1))
            ]
        before = max(before, here)
        if any(
            (minutes is None or each.minute in minutes) and (hours is None or each.hour in hours)
            for each in shown
        ):
            yield now


@given(changes, st.integers(-120, 180), st.none() | times, st.none() | hours)
@example((RIGA, "2026-03-29 00:00Z"), 0, {30}, {3})
@example((RIGA, "2026-10-25 00:00Z"), 0, {30}, {3})
def test_due_times_around_a_clock_change_match_a_model_of_cron(
    change: tuple[str, str], offset: int, minutes: set[int] | None, hours: set[int] | None
) -> None:
    zone = ZoneInfo(change[0])
    since = datetime.fromisoformat(change[1]).astimezone(UTC) - timedelta(hours=8)
    moment = since + timedelta(hours=8, minutes=offset)
    listed = ["*" if each is None else ",".join(map(str, sorted(each))) for each in (minutes, hours)]
    schedule = Schedule.read(" ".join([*listed, "* * *"]), zone)
    expected = (time for time in starts(minutes, hours, zone, since) if time > moment)
    assert [time.astimezone(UTC) for time in first(8, due(schedule, moment))] == first(8, expected)


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
