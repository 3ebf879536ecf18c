"""Attributes of the rows of products and variants."""

from __future__ import annotations

from collections.abc import Mapping
from math import copysign, floor
from struct import pack
from typing import TYPE_CHECKING

from medusa_sync.core.kinds.base import Kind
from medusa_sync.core.steps import Step

if TYPE_CHECKING:
    from medusa_sync.core.record import History
    from medusa_sync.core.stored import StoredProduct
    from medusa_sync.core.value import Value


class Plain(Kind):
    """An attribute."""


class Measure(Kind):
    """A number that the store keeps as a 32-bit float."""

    is_measure = True

    def same(self, stored: object, desired: object) -> bool:
        if isinstance(stored, int | float) and isinstance(desired, int | float):
            return pack("f", stored) == pack("f", desired)
        return stored == desired

    def as_sent(self, current: Value, wanted: Value, history: History, product: StoredProduct) -> Value:
        """What was sent, if the store holds it rounded to a whole number."""
        if not product.rounds_weights:
            return current
        ours = (history.applied, *history.pending)
        floats = [value for value in ours if isinstance(value, float)]
        # PostgreSQL rounds halves away from zero.
        rounded = [value for value in floats if copysign(floor(abs(value) + 0.5), value) == current]
        return wanted if wanted in rounded else (*rounded, current)[0]


class Flag(Kind):
    """True or false."""

    stays = True  # the store always has one of them

    def __init__(self, *, initial: bool) -> None:
        self.initial = initial

    def takes(self, value: Value) -> bool:
        return isinstance(value, bool)

    def same(self, stored: object, desired: object) -> bool:
        return self._or_initial(stored) == self._or_initial(desired)

    def is_of_store(self, value: Value, applied: Mapping[str, Value], name: str) -> bool:
        return value == self.initial

    def _or_initial(self, value: object) -> bool:
        return bool(self.initial if value is None else value)


class UniqueText(Kind):
    """A text that no two variants of a store can have."""

    steps = frozenset({Step.DECIDE, Step.EDIT_VARIANTS})


FLAG, PLAIN, MEASURE, UNIQUE_TEXT = Flag(initial=False), Plain(), Measure(), UniqueText()
