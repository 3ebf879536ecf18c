"""Chooses which names of a table or an object are used, if several mean the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Named(NamedTuple, Generic[T]):
    """A name that a table or an object has.

    Attributes:
        of: the name, or its column.
        field: what it means; empty if nothing.
        rank: 0 for a name of the dialect; above that for what people call it too, the best first.
        repeats: the field may have several names.
    """

    of: T
    field: str
    rank: int
    repeats: bool = False


class Naming:
    """Chooses names for fields, some of which have one that is certain.

    The best name comes first. What people call a field too counts only if that has no better name; if it may
    have several, all that people call it count together.
    """

    def __init__(self, has_names: Iterable[str] = ()) -> None:
        self._has_names = {*has_names}

    def choose(self, found: Iterable[Named[T]]) -> Iterator[tuple[Named[T], bool]]:
        """The names from the best to the worst, and whether each counts."""
        for each in sorted(found, key=lambda each: each.rank):
            counts = bool(each.field) and not (each.rank and each.field in self._has_names)
            if counts and not (each.rank and each.repeats):
                self._has_names.add(each.field)
            yield each, counts
