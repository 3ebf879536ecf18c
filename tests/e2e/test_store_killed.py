"""A store that is killed during a write, which leaves products incomplete."""

import time
from collections.abc import Iterator

import pytest

from tests.e2e.goods import goods, said_next, without_last_variant
from tests.harness.breakable import BreakableStore
from tests.harness.command import medusa_sync, running
from tests.harness.dummyjson import DummyJson
from tests.tiers import sampled
from tests.world.exact import assert_exact, assert_quiet
from tests.world.shop import Shop

ROWS = goods(12, 6)
SETTLING_RUNS = 3
SALE = "--sale-prices"


@pytest.fixture
def fragile_shop(breakable: BreakableStore) -> Iterator[Shop]:
    with Shop(breakable.store) as shop:
        yield shop


def kill_while_it_writes(table: str, breakable: BreakableStore, source: DummyJson, *arguments: str) -> None:
    """Kill the store while it writes to a table; earlier steps are committed, this one is not."""
    sync = ("--source", source.url, "--json", "--batch-size", "100", "--max-retries", "0")
    with breakable.slowed(table), running(*sync, *arguments, store=breakable.store) as run:
        while not breakable.is_slow():
            assert not run.has_ended, run.finish()
            time.sleep(0.01)
        breakable.kill()
        assert run.finish().exit_code != 0
    breakable.start()


def settle(breakable: BreakableStore, source: DummyJson, *arguments: str) -> None:
    """Run until a run exits 0, and once more; without conflicts, because nobody edited the store."""
    flags = ("--source", source.url, "--json", *arguments)
    for _ in range(SETTLING_RUNS):
        run = medusa_sync(*flags, store=breakable.store)
        assert run.document["counts"]["conflicts"] == 0, run.document["changes"]
        if run.exit_code == 0:
            assert_quiet(medusa_sync(*flags, store=breakable.store), len(source.products))
            return
    pytest.fail(f"none of {SETTLING_RUNS} runs exited 0: {run.document['problems']}")


UPDATES = (
    *("price", "inventory_level", "product_option_value", "product_variant"),
    *("inventory_item", "price_list"),
)
CREATIONS = ("product_variant_inventory_item", "price", "inventory_level")
WRITES = [*(("update", table) for table in UPDATES), *(("creation", table) for table in CREATIONS)]


@pytest.mark.parametrize(("what", "table"), sampled(WRITES, ("update", "price")))
def test_a_killed_write_is_completed_even_if_the_source_changes_again(
    what: str, table: str, breakable: BreakableStore, source: DummyJson, fragile_shop: Shop
) -> None:
    options = (SALE, "--accept-settings", "--on-conflict", "store")
    if what == "update":
        # Without the option and a variant at first, so that the price list and a variant are new.
        source.products = [without_last_variant(row) for row in source.products]
        assert medusa_sync("--source", source.url, store=breakable.store).exit_code == 0
    source.products = goods(12, 6, version=1)
    kill_while_it_writes(table, breakable, source, *options)
    source.products = said_next(source.products, 1)

    settle(breakable, source, *options)

    # An item that is not linked yet is found again by its SKU, if the source still has one.
    left = ["product_tag"] if what == "update" else ["product_tag", "inventory_item"]
    assert_exact(fragile_shop, source.products, sale_prices=True, may_be_unused=left)
