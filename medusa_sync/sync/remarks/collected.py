"""What a run finds out for its result, besides the outcomes of products."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from medusa_sync.codes import Note
from medusa_sync.core.change import Change
from medusa_sync.core.fields import KINDS
from medusa_sync.core.kinds.base import Offered
from medusa_sync.core.kinds.stock import KeptItems, LeftOver
from medusa_sync.core.names import Names, StoreNames
from medusa_sync.core.newer import NewerFields
from medusa_sync.core.placement import Placement
from medusa_sync.sync.remarks.copied import Copied
from medusa_sync.sync.remarks.planned import PlannedLines


def _offered() -> list[Offered]:
    return [*filter(None, (each.offered() for each in KINDS))]


class Offer(Struct):
    """What customers should be able to buy: a summary of the products of a run, by kind of field."""

    parts: list[Offered] = field(default_factory=_offered)
    is_empty: bool = True

    def add(self, change: Change, placement: Placement) -> None:
        """Add a product as a change leaves it."""
        self.is_empty = False
        for part in self.parts:
            part.add(change, placement)

    def add_default(self, placement: Placement, currency: str) -> None:
        """Add what a new product would offer."""
        for part in self.parts:
            part.add_default(placement, currency)

    @property
    def sorts(self) -> list[Names]:
        """The names of the store that show what keeps customers from buying."""
        return [sort for part in self.parts for sort in part.sorts]

    def obstacles(self, names: StoreNames) -> Iterator[Note]:
        """What would keep customers from buying, and what to do about it, in one line each."""
        for part in self.parts:
            yield from part.obstacles(names)


class Remarks(Struct):
    """What is collected while products are planned and written.

    Attributes:
        offer: what the planned products offer to customers.
        kits: what is not written, because inventory items are the merchant's.
        left_over: what unused inventory items have elsewhere that variants get.
        drafts: how many new products the source does not show.
        copies: of images.
        planned: what a dry run would write, if that is saved.
        newer: fields that earlier versions did not sync, and that the store may have otherwise.
    """

    offer: Offer = field(default_factory=Offer)
    kits: KeptItems = field(default_factory=KeptItems)
    left_over: LeftOver = field(default_factory=LeftOver)
    newer: NewerFields = field(default_factory=NewerFields)
    drafts: int = 0
    planned: PlannedLines = field(default_factory=PlannedLines)
    copies: Copied = field(default_factory=Copied)
