"""The catalogue of the source and its random changes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.harness.catalogue import product as generated
from tests.harness.dummyjson import DummyJson

Product = dict[str, Any]

# Some Medusa queries split values at commas, and read `null` as no value.
_ODD_VALUES = {"red, blue", "red,blue", "null", "Null"}
_TAGS = [*(f"tag {letter}" for letter in "abcdefgh"), "red, blue", "null"]
_CATEGORIES = ["shelf-one", "shelf-two", "shelf-three", "shelf-four", "red,blue", "null"]
_WORDS = ["Amber", "Birch", "Copper", "Dawn", "Elm", "Fern", "Glass", "Hazel", "Iris", "Jade", "Null"]


class Source:
    """The products that the source has, and those that it may have again later.

    Args:
        server: for the source.
        dice: choose the changes.
        without: kinds of changes to leave out.
    """

    def __init__(self, server: DummyJson, dice: random.Random, without: frozenset[str]) -> None:
        self._server = server
        self._dice = dice
        self._new = {name: new for name, new in _NEW.items() if name not in without}
        self._hands_on = "handed on SKUs" not in without
        self._numbers = iter(range(1, 10**9))
        self._dropped: dict[int, Product] = {}
        self._earlier: list[tuple[int, dict[str, Any]]] = []
        self._swapped: list[list[int]] = []
        self._moved: set[int] = set()  # products whose SKU the store may not have yet
        self.products: dict[int, Product] = {}

    @property
    def url(self) -> str:
        return self._server.url

    def add(self, count: int) -> None:
        for number in _take(self._numbers, count):
            product = generated(number)
            product |= {name: new(self._dice, product) for name, new in _NEW.items() if name != "meta"}
            if number % 5 == 0:
                del product["sku"], product["meta"]
            self.products[number] = product
        self._publish()

    def change(self, count: int) -> None:
        """Make this number of changes."""
        kinds: dict[Callable[[], None], int] = {
            self._edit: 10,
            self._revert: 5,
            self._hand_on_skus: int(self._hands_on),
            self._drop: 1,
            self._bring_back: 1,
        }
        for kind in self._dice.choices(list(kinds), list(kinds.values()), k=count):
            kind()
        self._publish()

    def settle(self) -> None:
        """The store has everything."""
        self._moved.clear()

    def change_everywhere(self) -> None:
        """Change one field of every product."""
        name = self._dice.choice(["price", "stock", "title", "tags", "images"])
        for number in self.products:
            self._set(number, name)
        self._publish()

    def revert_everywhere(self) -> None:
        """Undo the last change of all products."""
        for _ in range(len(self.products)):
            self._revert()
        self._publish()

    def _edit(self) -> None:
        name = self._dice.choices(list(self._new), [_WEIGHTS.get(name, 1) for name in self._new])[0]
        self._set(self._dice.choice(list(self.products)), name)

    def _set(self, number: int, name: str) -> None:
        product = self.products[number]
        if name in product:
            self._earlier.append((number, {name: product[name]}))
            product[name] = _NEW[name](self._dice, product)

    def _revert(self) -> None:
        """Undo the last change of a product, except SKU and barcode, which another product may have now."""
        if self._earlier:
            number, was = self._earlier.pop()
            if number in self.products and not was.keys() & {"sku", "meta"}:
                self.products[number] |= was

    def _hand_on_skus(self) -> None:
        """Rotate SKUs and barcodes among two or three products; sometimes rotate them back."""
        if self._swapped and self._dice.random() < 0.3:
            ring = self._swapped.pop()[::-1]
        else:
            ring = self._dice.sample(list(self.products), self._dice.choice([2, 3]))
            self._swapped.append(ring)
        if all("sku" in self.products.get(number, {}) for number in ring):
            members = [self.products[number] for number in ring]
            keys = [(member["sku"], member["meta"]) for member in members]
            for member, (sku, meta) in zip(members, [*keys[1:], keys[0]], strict=True):
                member |= {"sku": sku, "meta": meta}
            self._moved |= set(ring)

    def _drop(self) -> None:
        """Drop a product; a draft keeps its SKU, so none that another product gets in the same run."""
        droppable = sorted(self.products.keys() - self._moved)
        if len(droppable) > 10:
            number = self._dice.choice(droppable)
            self._dropped[number] = self.products.pop(number)

    def _bring_back(self) -> None:
        if self._dropped:
            number = self._dice.choice(list(self._dropped))
            self.products[number] = self._dropped.pop(number)

    def _publish(self) -> None:
        self._server.products = list(self.products.values())


def leave_out_odd_values() -> None:
    """Use only values that every version of the tool can handle."""
    for values in (_TAGS, _CATEGORIES, _WORDS):
        values[:] = [value for value in values if value not in _ODD_VALUES]


def _take(numbers: Iterator[int], count: int) -> list[int]:
    return [next(numbers) for _ in range(count)]


def _title(dice: random.Random, _: Product) -> str:
    """A title from few words, so that products share titles."""
    return " ".join(dice.sample(_WORDS, dice.choice([1, 2, 2, 3])))


def _sku(dice: random.Random, product: Product) -> str:
    return f"SKU-{product['id']}-{dice.randrange(10**6)}"


def _images(dice: random.Random, product: Product) -> list[str]:
    return [f"https://i.example/{product['id']}/{n}.png" for n in dice.sample(range(8), dice.randint(1, 4))]


_NEW: dict[str, Callable[[random.Random, Product], Any]] = {
    "price": lambda dice, _: dice.randrange(100, 99999) / 100,
    "stock": lambda dice, _: dice.randrange(200),
    "title": _title,
    "description": lambda dice, _: f"Text of the source, {dice.randrange(10**6)}. " * dice.choice([1, 9]),
    "tags": lambda dice, _: dice.sample(_TAGS, dice.randint(1, 4)),
    "images": _images,
    "category": lambda dice, _: dice.choice(_CATEGORIES),
    "brand": lambda dice, _: f"Brand {dice.randrange(100)}",
    "rating": lambda dice, _: dice.randrange(100, 500) / 100,
    "weight": lambda dice, _: dice.randrange(1, 100),
    "thumbnail": lambda dice, product: f"https://i.example/{product['id']}/thumb{dice.randrange(9)}.png",
    "sku": _sku,
    "meta": lambda dice, product: {**product["meta"], "barcode": f"{dice.randrange(10**12):013d}"},
}
_WEIGHTS = {"price": 6, "stock": 4, "title": 3, "tags": 3, "images": 2}
