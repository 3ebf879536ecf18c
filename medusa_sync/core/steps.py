"""The steps of writing a product."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final


class Step(Enum):
    """What is done to write a product, in this order; each step gets only products that need it."""

    DECIDE = auto()  # who gets SKUs and barcodes
    TERMS = auto()  # find and create them
    LINK_ITEMS = auto()  # of variants that are tracked again, and unlink deleted ones
    ROW = auto()
    SHARE_ITEMS = auto()  # among variants that begin or cease to share the stock of their product
    DELETE_VARIANTS = auto()
    OPTIONS = auto()  # and values that are added to them
    PLAN_AGAIN = auto()
    EDIT_VARIANTS = auto()  # but for their option values
    RENAME_ITEMS = auto()
    OPTION_VALUES = auto()
    ADD_VARIANTS = auto()
    CLEAN_OPTIONS = auto()  # remove values that no variant has
    READ_VARIANTS = auto()  # the ids of new ones, and of their inventory items
    LEVELS = auto()
    SALE_PRICES = auto()
    TEXTS = auto()  # in other locales


PLANNED_AGAIN: Final = frozenset(
    {Step.SHARE_ITEMS, Step.DELETE_VARIANTS, Step.OPTIONS, Step.EDIT_VARIANTS, Step.OPTION_VALUES}
)
"""The steps after which a product is read and planned again, because the next one replaces lists."""

ONCE_NOTED: Final = frozenset({Step.ROW, *(each for each in Step if each.value >= Step.PLAN_AGAIN.value)})
"""The steps that a product may still need which is planned once its row is written."""
