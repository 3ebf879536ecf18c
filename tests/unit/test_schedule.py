"""Schedules match Debian's cron, in the named or the local time zone."""

import struct
import warnings
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync.schedule import Schedule, time_zone

RIGA = "Europe/Riga"

# Expression, zone, moment, next due times; a time without a date is on the date before it. What an expression
# means is a matter of the library: here are names, and moments of the clock.
DUE = [
    ("  */2\t* *   * * \n", "UTC", "2026-01-01 00:01:30Z", "2026-01-01 00:02Z, 00:04Z"),
    ("*/2 * * * *", "UTC", "2026-01-01 00:02Z", "2026-01-01 00:04Z, 00:06Z"),  # not the moment itself
    ("*/20 * * * * *", "UTC", "2026-01-01 00:00Z", "2026-01-01 00:00:20Z, 00:00:40Z, 00:01Z"),
    ("0 0 29 2 *", "UTC", "2096-02-29 00:00Z", "2104-02-29 00:00Z"),  # 2100 is no leap year
    ("@hourly", "UTC", "2026-01-01 00:00Z", "2026-01-01 01:00Z"),
    *((name, "UTC", "2026-01-01 12:00Z", "2026-01-02 00:00Z") for name in ("@daily", "@midnight")),
    ("@weekly", "UTC", "2026-01-01 00:00Z", "2026-01-04 00:00Z"),
    ("@monthly", "UTC", "2026-01-01 00:00Z", "2026-02-01 00:00Z"),
    *((name, "UTC", "2026-06-01 00:00Z", "2027-01-01 00:00Z") for name in ("@yearly", " @annually ")),
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
WRONG = {
    "61 * * * *": "the minute field '61': expected 0-59",
    "0 0 32 * *": "the day-of-month field '32': expected 1-31",
    "0 0 * * 8": "the day-of-week field '8': expected 0-7 (0 and 7 are Sunday) or sun-sat",
    f"{'9' * 5000} * * * *": "the minute field '999",
    "x 99 * * *": "ranges and steps such as 1-5/2; the hour field '99': expected 0-23",
    "0 0 30 2 *": "'0 0 30 2 *' never matches",
    "": "expected 5 fields (minute hour day-of-month month day-of-week), 6 with seconds first, or a name",
    "* * * * * * *": "it has 7",
    "@reboot": "--run-now",
    "@Daily": "unknown name '@Daily'; expected @hourly, @daily",  # Debian's names are lower-case
}
HOSTILE = ["", "Mars/Phobos", "../../etc/passwd", "a\0b", "\ud800", "Europe", "x/" * 5000]


@pytest.mark.parametrize(("expression", "zone", "moment", "times"), DUE)
def test_due_times_match_debian_cron(expression: str, zone: str, moment: str, times: str) -> None:
    schedule = Schedule.read(expression, ZoneInfo(zone))
    found, day = datetime.fromisoformat(moment), ""
    for time in times.split(", "):
        found = schedule.after(found)
        day = time.partition(" ")[0] if " " in time else day
        # In Python, moments of a repeated hour are never equal.
        expected = datetime.fromisoformat(time if " " in time else f"{day} {time}")
        assert found.isoformat() == expected.isoformat()


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


# --- zones ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_unknown_zone_is_reported(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"unknown time zone .* expected a name such as Europe/Riga"):
        time_zone(name)
    monkeypatch.setenv("TZ", name if name.isprintable() and name else ":")
    with pytest.raises(ValueError, match=r"TZ=.* set TZ to a name such as Europe/Riga"):
        time_zone(None)


def test_tz_sets_the_local_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("America/New_York", RIGA, f":{RIGA}"):
        monkeypatch.setenv("TZ", name)
        assert time_zone(None) == ZoneInfo(name.removeprefix(":"))


@pytest.mark.parametrize("content", [b"", b"hello", b"TZif2", b"TZif2" + struct.pack(">15x6l", *[9] * 6)])
def test_invalid_tz_file_is_reported(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "zone"
    file.write_bytes(content)
    for path in (file, tmp_path):
        monkeypatch.setenv("TZ", str(path))
        with pytest.raises(ValueError, match=f"TZ='{path}'"):
            time_zone(None)


def test_system_without_a_zone_means_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    def reload_localzone() -> tzinfo:
        warnings.warn("Can not find any timezone configuration, defaulting to UTC.", stacklevel=1)
        return UTC

    monkeypatch.setattr("tzlocal.reload_localzone", reload_localzone)
    assert time_zone(None) is UTC
