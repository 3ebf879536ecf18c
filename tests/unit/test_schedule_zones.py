"""Time zones by name, and the zone of the machine."""

import struct
import warnings
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from medusa_sync.schedule import time_zone

RIGA: Final = "Europe/Riga"
NEW_YORK: Final = "America/New_York"

HOSTILE: Final = [
    "",
    "Mars/Phobos",
    "../../etc/passwd",
    "a\0b",
    "\ud800",
    "Europe",
    "x/" * 5000,
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_unknown_zone_is_reported(name: str) -> None:
    with pytest.raises(ValueError, match=r"unknown time zone .* expected a name such as Europe/Riga"):
        time_zone(name)


@pytest.mark.parametrize("tz", [RIGA, f":{RIGA}"])
def test_tz_sets_the_local_zone(tz: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (NEW_YORK, tz):
        monkeypatch.setenv("TZ", name)
        assert time_zone(None) == ZoneInfo(name.removeprefix(":"))


@pytest.mark.parametrize("tz", [*(name for name in HOSTILE if name and name.isprintable()), ":"])
def test_invalid_tz_is_reported(tz: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", tz)
    with pytest.raises(ValueError, match=r"TZ=.* set TZ to a name such as Europe/Riga"):
        time_zone(None)


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
