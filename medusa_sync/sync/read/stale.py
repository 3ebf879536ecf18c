"""Products that have to be written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.stored import StoredSummary, Unreadable


class Stale(Struct, frozen=True):
    """A product that the store does not have, or not as the source wants it.

    Attributes:
        desired: what the source wants.
        copies: what the look-up found; several if the store has it more than once.
    """

    desired: DesiredProduct
    copies: Sequence[StoredSummary | Unreadable]


def absent(products: Iterable[Stale]) -> frozenset[str]:
    """The external ids of the products that the look-up did not find."""
    return frozenset(each.desired.external_id for each in products if not each.copies)
