"""Time zones for tests."""

from typing import Final

RIGA: Final = "Europe/Riga"
NEW_YORK: Final = "America/New_York"

ZONES: Final = [
    "UTC",
    RIGA,
    NEW_YORK,
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Havana",
]
