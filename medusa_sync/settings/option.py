"""What an option is: how a setting is spelled, read, described and completed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from medusa_sync.core.policy import OnConflict
from medusa_sync.redact import MASK
from medusa_sync.settings import parsers
from medusa_sync.settings.secrets import without_secrets

Group = Literal["Source", "Store", "What is written", "Guards", "Speed", "Schedule", "Output"]
GROUPS: tuple[Group, ...] = get_args(Group)
"""The panels of the help, in their order."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """How a setting is spelled, read and described.

    Attributes:
        name: of the attribute of `Settings`; the flag and the variable are derived from it.
        read: parses the text; raises ValueError.
        metavar: what the value is; words in lower case are values, all others stand for values.
        own_variable: the variable, if it is not the name with the prefix `SYNC_PRODUCTS_`.
        is_common: `--help` shows it; all others are shown only by `--help-all`.
        is_secret: it has no flag, because the process list shows flags.
        is_private: anyone who knows the value can use it, so no output shows it.
        needs: the option without which its flag has no effect; empty for none.
        is_command: it says what to do instead of a run, so it has no variable.
        more: what the table of the documentation adds to the help.
        complete: returns values that may begin with a text, for shells; default: those of the metavar.
    """

    name: str
    help: str
    read: Callable[[str], Any]
    group: Group
    default: str | None = None
    metavar: str = ""
    own_variable: str = ""
    is_common: bool = False
    is_secret: bool = False
    is_private: bool = False
    needs: str = ""
    is_command: bool = False
    more: str = ""
    complete: Callable[[str], Iterable[str]] | None = None

    @property
    def flag(self) -> str:
        return "" if self.is_secret else f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        rule = "" if self.is_command else f"SYNC_PRODUCTS_{self.name.upper()}"
        return self.own_variable or rule

    @property
    def spelling(self) -> str:
        return f"{self.flag} ({self.variable})" if self.flag and self.variable else self.flag or self.variable

    @property
    def is_switch(self) -> bool:
        return self.read is parsers.switch

    @property
    def repeats(self) -> bool:
        """Whether its flag can be given several times."""
        return self.read is parsers.ids

    @property
    def shown_default(self) -> str:
        """What the help adds about the default; empty if there is none to show."""
        return "" if self.default in {None, "false"} else f" Default: {self.default}."

    @property
    def opposite(self) -> str:
        """The flag that turns a switch off; empty if there is none."""
        if not self.is_switch or self.is_command:
            return ""
        name = self.flag.removeprefix("--")
        return f"--{name.removeprefix('no-')}" if name.startswith("no-") else f"--no-{name}"

    def completions(self, typed: str) -> list[str]:
        """Return the values that begin with a text; none if it may be a path, which the shell completes."""
        words = self.metavar.split("|")
        values = [word for word in words if word.islower() and "FILE" not in words]
        candidates = self.complete(typed) if self.complete else values
        return [value for value in candidates if value.startswith(typed)]

    def text(self, value: object) -> str:
        """A value as its flag takes it."""
        if isinstance(value, bool):
            return str(value).lower()
        return ",".join(sorted(value)) if isinstance(value, frozenset) else str(value)

    def masked(self, text: str) -> str:
        """A value as it is written, without the secrets that it has."""
        return MASK if self.is_secret or self.is_private else without_secrets(text)


def complete_fields(typed: str) -> Iterable[str]:
    """Complete the last name of a list."""
    from medusa_sync.core.fields import NAMES

    before, comma, _ = typed.rpartition(",")
    return (f"{before}{comma}{name}" for name in NAMES if name not in before.split(","))


def complete_sides(typed: str) -> Iterable[str]:
    """Complete the last part of a list of sides: `source`, `store`, `title=` or `title=store`."""
    from medusa_sync.core.fields import NAMES

    before, comma, last = typed.rpartition(",")
    name, equals, _ = last.partition("=")
    sides = [f"{name}={side}" for side in OnConflict]
    parts = sides if equals else [*OnConflict, *(f"{each}=" for each in NAMES)]
    return (f"{before}{comma}{part}" for part in parts)


def complete_time_zones(_typed: str) -> Iterable[str]:
    from zoneinfo import available_timezones

    return sorted(available_timezones())
