"""Every kind of fault at every one of the first thirty writes of a first sync into a real store."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import fault_proxy as faults
from tests.e2e.command import Finished, medusa_sync
from tests.e2e.exact import assert_exact, assert_in_order, assert_quiet, said_to_be_stored
from tests.e2e.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.e2e.shop import Shop
from tests.harness.catalogue import products
from tests.harness.dummyjson import dummyjson
from tests.harness.medusa import Store

WRITES = 30
APART = 3  # writes between two faults of a run, so that so many runs have a fault at every write
SIZE = 32
BATCH_SIZE = 4
READ_TIMEOUT_S = 3

KINDS: dict[str, Fault] = {
    "request dropped": faults.drop_request,
    "request reset": faults.reset_request,
    "answer dropped": faults.drop_answer,
    "answer reset": faults.reset_answer,
    "answer truncated": faults.truncate_answer,
    "answer withheld": faults.withhold_answer,
    "request delivered late": faults.deliver_late,
    "delay": faults.delay(0.3),
    "429": faults.answer_instead(429),
    "429 with Retry-After": faults.answer_instead(429, Retry_After="1"),
    "500": faults.answer_instead(500),
    "502": faults.answer_instead(502),
    "503": faults.answer_instead(503),
    "413": faults.answer_instead(413),
    "500 after the commit": faults.answer_after_commit(500),
    "502 after the commit": faults.answer_after_commit(502),
}
NEEDS_A_TIME_OUT = {"answer withheld", "request delivered late"}


def catalogue(number: int) -> list[dict[str, Any]]:
    """Products that share nothing with another catalogue's, so that their sync is a first one: it creates
    categories and tags as well. Some have no SKU and no barcode to be known by.
    """
    made = products(SIZE, seed=number)
    for product in made:
        aisle = product["id"] % 4
        product["id"] += 1000 * number
        product["title"] += f" No. {number}"
        product["category"] = f"aisle-{number}-{aisle}"
        product["tags"] = [f"tag {number} {aisle}", f"tag {number} {4 + product['id'] % 7 % 4}"]
        if product["id"] % 5 == 0:
            del product["sku"], product["meta"]
    return made


def sync(products: Sequence[dict[str, Any]], store: Store, *arguments: str) -> Finished:
    with dummyjson(products) as source:
        own = ("--source", source.url, "--batch-size", str(BATCH_SIZE), "--json")
        return medusa_sync(*own, *arguments, store=store)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_at_any_write_leaves_a_store_that_the_next_run_makes_exact(
    kind: str, shop: Shop, tmp_path: Path
) -> None:
    catalogues = [catalogue(number) for number in range(1, APART + 1)]
    arguments = ["--lock-dir", str(tmp_path)]
    if kind in NEEDS_A_TIME_OUT:
        arguments += ["--read-timeout", str(READ_TIMEOUT_S)]
    with ExitStack() as stack:
        proxies = [stack.enter_context(fault_proxy(shop.store.url)) for _ in catalogues]

        def disturbed(proxy: FaultProxy, first: int) -> Finished:
            proxy.faults = dict.fromkeys(range(first, WRITES + 1, APART), KINDS[kind])
            return sync(catalogues[first - 1], proxy.store(shop.store), *arguments)

        with ThreadPoolExecutor(APART) as pool:
            runs = list(pool.map(disturbed, proxies, range(1, APART + 1)))

    assert set().union(*(proxy.struck for proxy in proxies)) == set(range(1, WRITES + 1))
    stored = shop.by_external_id()
    for run, part in zip(runs, catalogues, strict=True):
        assert_in_order(run, 0, 4, 5)
        assert run.document["source"]["seen"] == SIZE
        assert said_to_be_stored(run, part) <= stored.keys()

    everything = [product for part in catalogues for product in part]
    clean = sync(everything, shop.store)
    assert (clean.exit_code, clean.document["counts"]["failed"]) == (0, 0), clean.stderr
    assert_exact(shop, everything)
    assert_quiet(sync(everything, shop.store), len(everything))
