"""Every kind of fault at each of the first 17 writes of a first sync into a real store."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Finished, medusa_sync
from tests.e2e.exact import assert_exact, assert_in_order, assert_quiet, said_to_be_stored
from tests.e2e.fault_proxy import KINDS, fault_proxy
from tests.e2e.shop import Shop
from tests.harness.catalogue import products
from tests.harness.dummyjson import dummyjson
from tests.harness.medusa import Store
from tests.tiers import sampled

WRITES = 17  # a run without faults has 18
AT_ONCE = 3  # runs that share the faults: every third write of each has one
TURNS = 3
SIZE = 32
BATCH_SIZE = 4
READ_TIMEOUT_S = 3

NEEDS_A_TIME_OUT = {"response withheld", "request delivered late"}


def catalogue(number: int) -> list[dict[str, Any]]:
    """Products that share nothing with other catalogues, so that their sync creates categories and tags too.
    Some have no SKU and no barcode.
    """
    made = products(SIZE, seed=number)
    for product in made:
        aisle = product["id"] % 4
        product["id"] += 1000 * number
        product["title"] += f" No. {number}"
        product["category"] = f"aisle-{number}-{aisle}"
        product["tags"] = [f"tag {number} {aisle}", f"tag {number} {4 + product['id'] % 7}"]
        if product["id"] % 5 == 0:
            del product["sku"], product["meta"]
    return made


def sync(products: Sequence[dict[str, Any]], store: Store, *arguments: str) -> Finished:
    with dummyjson(products) as source:
        own = ("--source", source.url, "--batch-size", str(BATCH_SIZE), "--json")
        return medusa_sync(*own, *arguments, store=store)


@dataclass(frozen=True)
class Disturbed:
    """A first sync with faults."""

    products: list[dict[str, Any]]
    run: Finished
    struck: set[int]


@pytest.mark.parametrize("kind", sampled(KINDS, "response dropped"))
def test_the_next_run_repairs_a_fault_at_any_write(kind: str, shop: Shop, tmp_path: Path) -> None:
    arguments = ["--lock-dir", str(tmp_path)]
    if kind in NEEDS_A_TIME_OUT:
        arguments += ["--read-timeout", str(READ_TIMEOUT_S)]
    numbers = count(1)

    def disturb(writes: Sequence[int]) -> Disturbed:
        made = catalogue(next(numbers))
        with fault_proxy(shop.store.url) as proxy:
            proxy.faults = dict.fromkeys(writes, KINDS[kind])
            run = sync(made, proxy.store(shop.store), *arguments)
            return Disturbed(made, run, proxy.struck)

    done: list[Disturbed] = []
    missing = set(range(1, WRITES + 1))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # A run may end before it meets all faults, if they hit all attempts of one request.
        for _ in range(TURNS):
            shares = [sorted(missing)[first::AT_ONCE] for first in range(AT_ONCE)]
            done += pool.map(disturb, filter(None, shares))
            missing -= set().union(*(each.struck for each in done))
    assert missing == set()

    stored = shop.by_external_id()
    for each in done:
        assert_in_order(each.run, 0, 4, 5)
        assert each.run.document["source"]["seen"] == SIZE
        assert said_to_be_stored(each.run, each.products) <= stored.keys()

    everything = [product for each in done for product in each.products]
    clean = sync(everything, shop.store)
    assert_in_order(clean, 0)
    assert_exact(shop, everything)
    assert_quiet(sync(everything, shop.store), len(everything))
