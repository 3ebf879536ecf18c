"""Choices of the user that decide what a sync does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OnMissing(StrEnum):
    """What happens to orphans."""

    KEEP = "keep"
    DRAFT = "draft"
    DELETE = "delete"


class OnConflict(StrEnum):
    """Whose value wins a conflict."""

    SOURCE = "source"
    STORE = "store"


@dataclass(frozen=True)  # not a Struct: `--version` and `--help` do not import msgspec
class Share:
    """A limit: a number of products, or a percentage of all of them."""

    number: float
    is_percentage: bool

    def __str__(self) -> str:
        return f"{self.number:g}{'%' if self.is_percentage else ''}"

    def allows(self, count: int, total: int) -> bool:
        return count <= (self.number * total / 100 if self.is_percentage else self.number)
