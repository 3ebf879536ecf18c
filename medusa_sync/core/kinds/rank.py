"""The place of a variant among those of its product, by which a shop can show them in order."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import structs

from medusa_sync.core.kinds.base import Kind, Left, Sides, is_number
from medusa_sync.core.kinds.options import VARIANTS

if TYPE_CHECKING:
    from medusa_sync.core.product import DesiredProduct
    from medusa_sync.core.record import History, Record
    from medusa_sync.core.value import Value

RANK = "variant_rank"


class Rank(Kind):
    """A number. Only the order of all of a product means something, so they are sent together."""

    is_shown = False
    stays = True
    initial = 0

    def setting_names(self, name: str) -> tuple[str, ...]:
        return RANK, VARIANTS

    def takes(self, value: Value) -> bool:
        return is_number(value)

    def moved(self, name: str, wanted: Value, history: History, sides: Sides) -> tuple[History, Left | None]:
        """That of the store is ours if the order is another now; else, the merchant's stays."""
        if sides.is_reordered and sides.variant is not None:
            return structs.replace(history, applied=sides.variant.variant_rank, base=None), None
        return structs.replace(history, applied=wanted, base=wanted), None


def is_reordered(desired: DesiredProduct, record: Record) -> bool:
    """Whether the source has added a variant, or moved one among the others; also if that is under way.

    A variant that was dropped, or that an undo has deleted, is added again.
    """
    if (record.pending and record.pending.new) or any(
        RANK in each for each in record.pending_values.values()
    ):
        return True
    ranked = [(each.fields.get(RANK), each.key) for each in desired.variants]  # an undo may mix them
    keys = [key for _, key in sorted((rank, key) for rank, key in ranked if isinstance(rank, int))]
    entries = [record.variants[key] for key in keys if key in record.variants]
    known = [rank for each in entries if isinstance(rank := each.fields.get(RANK), int)]
    is_added = len(entries) < len(keys) or any(each.dropped for each in entries)
    return is_added or any(first >= second for first, second in pairwise(known))
