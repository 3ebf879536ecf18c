"""Choices of the user that decide what a sync does."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class OnMissing(StrEnum):
    """What happens to products of this source that the source no longer has."""

    KEEP = "keep"
    DRAFT = "draft"
    DELETE = "delete"


class OnConflict(StrEnum):
    """Whose value counts when source and merchant have both changed a field."""

    SOURCE = "source"
    STORE = "store"


class Share(Struct, frozen=True):
    """A bound: a number of products, or a percentage of all of them."""

    number: float
    is_percentage: bool

    def __str__(self) -> str:
        return f"{self.number:g}{'%' if self.is_percentage else ''}"

    def allows(self, count: int, total: int) -> bool:
        return count <= (self.number * total / 100 if self.is_percentage else self.number)
