"""Serves a catalogue, and the same catalogue with 1 % of the products changed, at two URLs."""

# `python -m benchmarks.source 5000` prints both URLs. `python -m benchmarks.source 100000 --originals 5000`
# repeats the first 5,000 products under new ids. With `--added`, each product of the second catalogue has
# another variant and a new price. With `--edit NAME`, the second one has an edit of `benchmarks.edits`
# instead. With `--export FILE`, the second one is a file in the format of Shopify.
# There is no rate limit: waiting would hide the cost of the client.

from __future__ import annotations

import argparse
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.edits import EDITS, edited
from benchmarks.shopify import exported, write_export
from tests.harness import catalogue
from tests.harness.dummyjson import dummyjson

_ONE_IN = 100


def repeated(products: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """The products, followed by copies of them that differ only in the id."""
    return [{**products[(number - 1) % len(products)], "id": number} for number in range(1, count + 1)]


def changed(products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Change price and stock, which change most often in a shop; of one variant, if there are several."""
    return [_changed(product) if is_changed(product["id"]) else product for product in products]


def _changed(product: dict[str, Any]) -> dict[str, Any]:
    if "variants" in product:
        first, *others = product["variants"]
        return {**product, "variants": [_changed(first), *others]}
    return {**product, "price": product["price"] + 1, "stock": product["stock"] + 1}


def _repriced(product: dict[str, Any]) -> dict[str, Any]:
    first, *others = product["variants"]
    return {**product, "variants": [{**first, "price": first["price"] + 1}, *others]}


def is_changed(number: int) -> bool:
    return number % _ONE_IN == _ONE_IN // 2


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.source", description=__doc__)
    parser.add_argument("count", type=int, help="number of products")
    parser.add_argument("--originals", type=int, help="number of different products (all)")
    parser.add_argument("--variants", type=int, default=1, help="of each product (1)")
    parser.add_argument("--added", action="store_true")
    parser.add_argument("--edit", choices=list(EDITS))
    parser.add_argument("--export", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    products = repeated(catalogue.products(chosen.originals or chosen.count), chosen.count)
    if chosen.variants > 1:
        products = [catalogue.in_variants(product, chosen.variants + chosen.added) for product in products]
    edited_products = changed(products)
    if chosen.edit:
        edited_products = edited(products, chosen.edit)
    if chosen.added:
        edited_products = list(map(_repriced, products))
        products = [{**product, "variants": product["variants"][:-1]} for product in products]
    if chosen.export:
        products = [exported(number) for number in range(1, chosen.count + 1)]
        write_export(chosen.export, products)
    with suppress(KeyboardInterrupt), dummyjson(products) as plain, dummyjson(edited_products) as other:
        print(plain.url, chosen.export or other.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
