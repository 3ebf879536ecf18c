"""Products that go through the steps of the applier together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from medusa_sync.core.change import Change
from medusa_sync.core.fields import SKU
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.stored import StoredItem


class Refusal(Struct, frozen=True):
    """What the store refused, and its reason."""

    changes: Sequence[Change]
    reason: str


class Batch(Struct):
    """Products without an outcome.

    Attributes:
        products: what the source wants.
        tries: how many times the result of a write was unknown.
        polls: how many times the store was still working on them.
        created: external ids of products that were sent to be created.
        absent: external ids of products that the look-up did not find; empty after the first attempt.
        items: inventory items that the store already has, by SKU; None if they were not looked up.
        planned: the changes of the current attempt.
        refusal: of a single product that is tried a second time.
        released: the unique values that one product takes from another are free.
    """

    products: list[DesiredProduct]
    tries: int = 0
    polls: int = 0
    created: set[str] = field(default_factory=set)
    absent: frozenset[str] = frozenset()
    items: dict[str, StoredItem] | None = None
    planned: list[Change] = field(default_factory=list)
    refusal: Refusal | None = None
    released: bool = False

    def drop(self, external_ids: Iterable[str]) -> None:
        gone = set(external_ids)
        self.products = [product for product in self.products if product.external_id not in gone]

    def split(self) -> list[Batch]:
        """The two halves of the batch, each with one more try."""
        half = len(self.products) // 2
        return [
            Batch(products, tries=max(self.tries - 1, 0), created=self.created, items=self.items)
            for products in (self.products[:half], self.products[half:])
        ]

    def item_for(self, product: DesiredProduct) -> StoredItem | None:
        """The inventory item that already has the SKU of a new product."""
        return (self.items or {}).get(str(product.fields[SKU]))
