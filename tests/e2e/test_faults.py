"""Every kind of fault at any of the first 17 writes of a first sync into a real store."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.harness.catalogue import products
from tests.harness.command import Finished, medusa_sync
from tests.harness.dummyjson import dummyjson
from tests.harness.fault_proxy import KINDS, FaultProxy
from tests.harness.medusa import Store
from tests.tiers import sampled, some
from tests.world.exact import assert_exact, assert_in_order, assert_quiet, said_to_be_stored
from tests.world.shop import Shop

WRITES = 17  # a run without faults has 18
SIZE = 32
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
        own = ("--source", source.url, "--batch-size", "4", "--json")
        return medusa_sync(*own, *arguments, store=store)


@pytest.mark.parametrize("kind", sampled(KINDS))
def test_the_next_run_repairs_a_fault_at_any_write(
    kind: str, shop: Shop, proxy: FaultProxy, tmp_path: Path
) -> None:
    time_out = ["--read-timeout", "3"] if kind in NEEDS_A_TIME_OUT else []
    everything: list[dict[str, Any]] = []
    missing = set(some(range(1, WRITES + 1), 4))
    for number in range(1, WRITES + 1):  # a run may end before it meets all of its faults
        made = catalogue(number)
        proxy.requests.clear()
        proxy.faults = dict.fromkeys(sorted(missing)[::2], KINDS[kind])  # the one after may be a retry
        run = sync(made, proxy.store(shop.store), "--lock-dir", str(tmp_path), *time_out)
        assert_in_order(run, 0, 4, 5)
        assert run.document["source"]["seen"] == SIZE
        assert said_to_be_stored(run, made) <= shop.by_external_id().keys()
        everything += made
        missing -= proxy.struck
        if not missing:
            break
    assert missing == set()

    clean = sync(everything, shop.store)
    assert_in_order(clean, 0)
    assert_exact(shop, everything)
    assert_quiet(sync(everything, shop.store), len(everything))
