"""Values of options that a shell completes."""

from __future__ import annotations

from collections.abc import Iterable

from medusa_sync.core.policy import OnConflict


def field_names(typed: str) -> Iterable[str]:
    """Complete the last name of a list."""
    from medusa_sync.core.fields import NAMES

    before, comma, _ = typed.rpartition(",")
    return (f"{before}{comma}{name}" for name in NAMES if name not in before.split(","))


def sides(typed: str) -> Iterable[str]:
    """Complete the last part of a list of sides: `source`, `store`, `title=` or `title=store`."""
    from medusa_sync.core.fields import NAMES

    before, comma, last = typed.rpartition(",")
    name, equals, _ = last.partition("=")
    parts = (
        [f"{name}={side}" for side in OnConflict]
        if equals
        else [*OnConflict, *(f"{each}=" for each in NAMES)]
    )
    return (f"{before}{comma}{part}" for part in parts)


def time_zones(_typed: str) -> Iterable[str]:
    from zoneinfo import available_timezones

    return sorted(available_timezones())
