"""Choices of the user that decide what a sync does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import isclose


class OnMissing(StrEnum):
    """What happens to orphans."""

    KEEP = "keep"
    DRAFT = "draft"
    DELETE = "delete"


class OnDeleted(StrEnum):
    """What happens to a product of the source that the merchant deleted in the store."""

    RECREATE = "recreate"
    SKIP = "skip"


class OnConflict(StrEnum):
    """Whose value wins a conflict."""

    SOURCE = "source"
    STORE = "store"


ON_HAND, AVAILABLE = "on-hand", "available"  # what stock of the source counts


# The classes below are dataclasses, so that `--version` and `--help` do not import msgspec.


@dataclass(frozen=True)
class ConflictPolicy:
    """Whose value wins a conflict, field by field.

    Attributes:
        default: for the fields that are not named.
        sides: by the name that settings have for a field, such as `price`, `price.eur` or `variants`.
    """

    default: OnConflict = OnConflict.SOURCE
    sides: Mapping[str, OnConflict] = field(default_factory=dict)

    def __str__(self) -> str:
        return ",".join([self.default, *(f"{name}={side}" for name, side in sorted(self.sides.items()))])

    def side(self, names: Iterable[str]) -> OnConflict:
        """Return who wins for a field.

        Args:
            names: that settings can have for it, the most specific first.
        """
        return next((self.sides[name] for name in names if name in self.sides), self.default)


SOURCE_WINS = ConflictPolicy()


@dataclass(frozen=True)
class Share:
    """A limit: a number of products, or a percentage of all of them."""

    number: float
    is_percentage: bool

    def __str__(self) -> str:
        return f"{self.number:g}{'%' if self.is_percentage else ''}"

    def allows(self, count: int, total: int) -> bool:
        return count <= (self.number * total / 100 if self.is_percentage else self.number)


NONE_REJECTED = Share(0, is_percentage=False)


@dataclass(frozen=True)
class Delay:
    """How long something has to be missing before it is removed.

    Attributes:
        now: in seconds since 1970. It is the time of the store, which is one for all runs: a machine with a
            wrong clock would set marks that are over at once.
        seconds: 0 to remove it at once.
    """

    now: float = 0
    seconds: float = 0

    def at(self, now: float | None) -> Delay:
        """The same delay at another time; None for the same time."""
        return self if now is None else replace(self, now=now)

    def is_over(self, since: float) -> bool:
        """Whether what is missing since a time is removed; since 0 if it is not marked."""
        return not self.seconds or 0 < since <= self.now - self.seconds

    def is_pending(self, since: float) -> bool:
        """Whether it is marked, and removed later."""
        return bool(since) and not self.is_over(since)


@dataclass(frozen=True)
class PriceLimit:
    """How far a price may move in one run, in percent of what the store holds."""

    percent: float

    def __str__(self) -> str:
        return f"{self.percent:g}%"

    def allows(self, stored: float, planned: float) -> bool:
        """Whether a price may change like this; it may never become 0, and 0 has no percentage."""
        if not stored or not planned:
            return False
        moved = abs(planned - stored) / abs(stored) * 100
        return moved <= self.percent or isclose(moved, self.percent)
