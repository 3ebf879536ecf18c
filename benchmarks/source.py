"""The catalogue and the same with one product in a hundred changed, each at an address of its own.

`python -m benchmarks.source 5000` prints both addresses. Requests are not limited: a source that makes its
clients wait would hide what they cost.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from typing import Any

from tests.harness import catalogue
from tests.harness.dummyjson import dummyjson

_ONE_IN = 100


def changed(products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Price and stock are what changes at a shop every day."""
    return [
        {**product, "price": product["price"] + 1, "stock": product["stock"] + 1}
        if is_changed(product["id"])
        else product
        for product in products
    ]


def is_changed(number: int) -> bool:
    return number % _ONE_IN == _ONE_IN // 2


def main() -> None:
    products = catalogue.products(int(sys.argv[1]))
    with suppress(KeyboardInterrupt), dummyjson(products) as plain, dummyjson(changed(products)) as edited:
        print(plain.url, edited.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
