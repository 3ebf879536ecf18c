"""Products that go through the steps of the applier together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from msgspec import Struct, field

from medusa_sync.core.change import Change, Create
from medusa_sync.core.product import DesiredProduct
from medusa_sync.core.stored import StoredItem
from medusa_sync.sync.inventory import Values

T = TypeVar("T")


def halves(products: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    """Bisect products that the store refused together."""
    middle = len(products) // 2
    return products[:middle], products[middle:]


def parts(products: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Products in parts of a size; the last one may have fewer."""
    return (products[start : start + size] for start in range(0, len(products), size))


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
        checked: external ids of products of which it is known that others have not got what they want.
        lacks_values: variants do not get some unique values, because something else has them.
        is_last: all other products have been written.
        only_frees: unique values that other products get; the products are written by later batches. None for
            a batch that writes them.
        apart: of products that left the batch, because the store refused a part of them.
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
    checked: set[str] = field(default_factory=set)
    lacks_values: bool = False
    is_last: bool = False
    only_frees: Values | None = None
    apart: list[Batch] = field(default_factory=list)

    def drop(self, external_ids: Iterable[str]) -> None:
        gone = set(external_ids)
        self.products = [product for product in self.products if product.external_id not in gone]

    def set_apart(self, products: Sequence[DesiredProduct]) -> None:
        """Give each product of which the store refused a part a batch of its own."""
        self.drop(product.external_id for product in products)
        self.apart += [Batch([product], items=self.items, is_last=self.is_last) for product in products]

    def alone(self, create: Create) -> Batch:
        """A batch for a product that the store refused to create."""
        return Batch(
            [create.desired],
            tries=self.tries,
            created=self.created,
            items=self.items,
            planned=[create],
            checked=self.checked,
            lacks_values=self.lacks_values,
            is_last=self.is_last,
        )

    def split(self) -> list[Batch]:
        """The two halves of the batch, each with one more try."""
        return [
            Batch(
                list(products),
                tries=max(self.tries - 1, 0),
                created=self.created,
                items=self.items,
                checked=self.checked,
                lacks_values=self.lacks_values,
                is_last=self.is_last,
                only_frees=self.only_frees,
            )
            for products in halves(self.products)
        ]

    @property
    def unused_items(self) -> dict[str, StoredItem]:
        """The inventory items that new variants can have, by SKU."""
        return {sku: item for sku, item in (self.items or {}).items() if not item.use}
