"""What the source changes after the first sync, by the name of the scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

PRICES, STOCK, BOTH, MIXED = "prices", "stock", "both", "mixed"
_ONE_IN = 10  # products of the mixed changes


def _other_price(product: Json) -> Json:
    return {**product, "price": product["price"] + 1}


def _other_stock(product: Json) -> Json:
    return {**product, "stock": product["stock"] + 1}


def _other_price_and_stock(product: Json) -> Json:
    return _other_price(_other_stock(product))


def _other_title(product: Json) -> Json:
    return {**product, "title": f"{product['title']} II"}


def _other_text(product: Json) -> Json:
    return {**product, "description": f"{product['description']} It was improved."}


def _other_rating(product: Json) -> Json:
    return {**product, "rating": round(product["rating"] + 0.01, 2)}


_MIXED = (_other_price, _other_stock, _other_price_and_stock, _other_title, _other_text, _other_rating)


def _mixed(product: Json) -> Json:
    number = product["id"]
    return product if number % _ONE_IN else _MIXED[number // _ONE_IN % len(_MIXED)](product)


EDITS: Mapping[str, Callable[[Json], Json]] = {
    PRICES: _other_price,
    STOCK: _other_stock,
    BOTH: _other_price_and_stock,
    MIXED: _mixed,
}


def edited(products: Sequence[Json], name: str) -> list[Json]:
    """The products after an edit."""
    return [EDITS[name](product) for product in products]


def count(size: int, name: str) -> int:
    """How many of the products an edit changes."""
    return size // _ONE_IN if name == MIXED else size
