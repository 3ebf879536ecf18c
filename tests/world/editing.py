"""One edit of a merchant: what it does to the store, and what the oracle learns of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.world.shop import Json, Shop
from tests.world.wanted import OTHER_PRICES

if TYPE_CHECKING:
    from tests.world.expected import Expected
    from tests.world.merchant import Merchant


class NothingToEditError(Exception):
    """The product does not have what this kind of edit changes."""


@dataclass(frozen=True)
class Kind:
    """A kind of edit: how it is made and described, and how often it happens."""

    make: Callable[[Editing], Any]
    weight: int
    of_delivered: bool = False  # only of products that the source has
    identifies: bool = False  # variants or the default option cannot be recognized after it by their SKUs
    of_metadata: bool = False  # Medusa loses one of two concurrent writes of metadata, maybe of our record


@dataclass(frozen=True)
class Editing:
    """The edit of one product, which the oracle gets too."""

    merchant: Merchant
    key: str
    product: Json

    @property
    def shop(self) -> Shop:
        return self.merchant.shop

    @property
    def dice(self) -> random.Random:
        return self.merchant.dice

    @property
    def expected(self) -> Expected:
        return self.merchant.oracle.products[self.key]

    def number(self) -> int:
        return self.dice.randrange(10**6)

    def amount(self) -> float:
        return self.dice.randrange(100, 99999) / 100

    def set(self, name: str, value: Any, **body: Any) -> Any:
        """Set a field of the product."""
        self.shop.edit(self.product, **(body or {name: value}))
        self.merchant.oracle.edit(self.key, name, value)
        return value

    def set_unowned(self, name: str, **body: Any) -> Any:
        """Set a field that no source owns."""
        self.shop.edit(self.product, **body)
        self.merchant.look(self.key, name)
        return body

    def ours(self) -> tuple[str, Json]:
        """One of the variants of the source that are certainly stored, with its key."""
        stored = {each["id"]: each for each in self.product["variants"]}
        known = [
            (name, stored[each.store_id])
            for name, each in self.expected.variants.items()
            if each.store_id in stored and not (each.is_gone or each.may_be_gone)
        ]
        if not known:
            raise NothingToEditError
        return self.dice.choice(known)

    def with_item(self) -> tuple[str, Json]:
        """One whose item is not, or no longer, that of others, too."""
        name, variant = self.ours()
        own = [each["inventory_item_id"] for each in variant["inventory_items"]]
        links = [link for each in self.product["variants"] for link in each["inventory_items"]]
        is_alone = len(own) == 1 == sum(1 for each in links if each["inventory_item_id"] == own[0])
        if not (is_alone and self.expected.variants[name].has_own_stock):
            raise NothingToEditError
        return name, variant

    def set_of_variant(self, field: str, value: Any) -> Any:
        name, variant = self.ours()
        self.shop.edit_variant(self.product, variant, **{field: value})
        self.merchant.oracle.edit(self.key, field, value, variant=name)
        return f"{name} {value}"

    def set_price(self, field: str) -> Any:
        """Set a price of one of our variants, or add it."""
        name, variant = self.ours()
        if field == "price" and all(each["field"] != field for each in variant.get("prices", ())):
            raise NothingToEditError
        amount = self.amount()
        self.shop.set_price(self.product, variant, amount, field)
        self.merchant.oracle.edit(self.key, field, amount, variant=name)
        ids = (f"id of {each}" for each in OTHER_PRICES)
        self.merchant.look(self.key, "other prices", "ids of prices", *ids, variant=name)
        return f"{name} {field} {amount}"

    def options(self) -> list[tuple[int, Json]]:
        """The options of the source, with their places."""
        places = {own: number for number, own in self.expected.options.items()}
        found = [(places[each["id"]], each) for each in self.product["options"] if each["id"] in places]
        if not found:
            raise NothingToEditError
        return found


KINDS: dict[str, Kind] = {}


def kind(weight: int, **properties: bool) -> Callable[[Callable[[Editing], Any]], Callable[[Editing], Any]]:
    def register(make: Callable[[Editing], Any]) -> Callable[[Editing], Any]:
        KINDS[make.__name__] = Kind(make, weight, **properties)
        return make

    return register
