"""Products with variants when the store or the tool is killed in the middle of a write."""

from __future__ import annotations

import random
import signal
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from tests.e2e.command import medusa_sync, running
from tests.e2e.exact import assert_in_order, assert_no_duplicates_or_leftovers, assert_quiet
from tests.e2e.fault_proxy import FaultProxy
from tests.e2e.shirts import Row, assert_held, listed_prices
from tests.e2e.shop import Shop
from tests.e2e.test_kill import Killer
from tests.e2e.test_store_killed import SAYS_NEXT, kill_while_it_writes, settle
from tests.flow.shirts import COLOURS, SIZES, shirt, variant
from tests.harness.breakable import BreakableStore
from tests.harness.dummyjson import DummyJson, dummyjson
from tests.tiers import deep, sampled, times

SIZE = 6
WRITES_PER_RUN = 12
EXCEPT_FOR = ("product and variant", "price set and price")  # there are several variants and currencies
SALE = "--sale-prices"


@pytest.fixture
def source() -> Iterator[DummyJson]:
    with dummyjson([versioned(number, 0) for number in range(1, SIZE + 1)]) as server:
        yield server


@pytest.fixture
def fragile_shop(breakable: BreakableStore) -> Iterator[Shop]:
    with Shop(breakable.store) as shop:
        yield shop


def versioned(number: int, version: int) -> Row:
    """A shirt; each version changes every kind of field, and there is one more variant from the first on."""
    row = shirt(number, title=f"Shirt {number} v{version}")
    one, two, three, four, *_ = row["variants"]
    one |= {"price": 100 + version, "stock": 10 + version, "prices": {"eur": 90 + version}}
    two |= {"sku": f"SH{number}-v{version}", "compareAtPrice": 200 + version}
    three["options"] = {"Size": f"M{version}", "Colour": "Red"}
    if version % 2:
        three["sku"], four["sku"] = four["sku"], three["sku"]
        four["compareAtPrice"] = 300
    row["variants"].append(variant(number, "XXL", "Red", price=50 + version))
    return row


def says_next(number: int, version: int) -> Row:
    """What the source says after a kill of the run that wrote a version."""
    match SAYS_NEXT[number % len(SAYS_NEXT)]:
        case "something newer":
            return versioned(number, version + 1)
        case "the old value again":
            return versioned(number, version - 1)
    return versioned(number, version)


def without_new_variant(row: Row) -> Row:
    return {**row, "variants": row["variants"][: len(SIZES) * len(COLOURS)]}


def assert_shirts(shop: Shop, source: DummyJson, *, except_for: Collection[str] = EXCEPT_FOR) -> None:
    """The store has exactly what the source has, each once, also in its price list."""
    shop.store.wait_until_idle()
    assert_held(shop, source.products, sale_prices=True)
    assert_no_duplicates_or_leftovers(shop, except_for=except_for)
    variants = [each for row in source.products for each in row["variants"]]
    assert listed_prices(shop) == sorted(
        each["price"] for each in variants if each.get("compareAtPrice", 0) > each["price"]
    )


@pytest.mark.parametrize(
    "table",
    sampled(["product_option_value", "product_variant", "inventory_item", "price", "price_list"], "price"),
)
def test_an_update_that_was_killed_is_completed_even_if_the_source_changes_again(
    table: str, breakable: BreakableStore, source: DummyJson, fragile_shop: Shop
) -> None:
    source.products = [without_new_variant(versioned(number, 0)) for number in range(1, SIZE + 1)]
    assert medusa_sync("--source", source.url, store=breakable.store).exit_code == 0
    source.products = [versioned(number, 1) for number in range(1, SIZE + 1)]
    kill_while_it_writes(table, breakable, source, SALE)
    source.products = [says_next(number, 1) for number in range(1, SIZE + 1)]

    settle(breakable, source, SALE)

    assert_shirts(fragile_shop, source)
    assert_quiet(medusa_sync("--source", source.url, "--json", SALE, store=breakable.store), SIZE)


@deep
@pytest.mark.parametrize("table", ["product_variant_inventory_item", "inventory_level"])
def test_a_creation_that_was_killed_is_completed_even_if_the_source_changes_again(
    table: str, breakable: BreakableStore, source: DummyJson, fragile_shop: Shop
) -> None:
    source.products = [versioned(number, 1) for number in range(1, SIZE + 1)]
    kill_while_it_writes(table, breakable, source, SALE)
    source.products = [says_next(number, 1) for number in range(1, SIZE + 1)]

    settle(breakable, source, SALE)

    # An unlinked item, which has no level, stays if the source has given its SKU up.
    unlinked = ("variant and inventory item", "inventory item and level")
    assert_shirts(fragile_shop, source, except_for=(*EXCEPT_FOR, *unlinked))
    assert_quiet(medusa_sync("--source", source.url, "--json", SALE, store=breakable.store), SIZE)


def test_the_next_run_completes_updates_of_variants_that_were_killed(
    shop: Shop, proxy: FaultProxy, source: DummyJson, tmp_path: Path
) -> None:
    kills, dice = times(10, quick=4), random.Random(8)
    arguments = ("--source", source.url, "--json", SALE, "--batch-size", "4", "--lock-dir", str(tmp_path))
    assert medusa_sync(*arguments, store=shop.store).exit_code == 0
    version, killed = 1, 0
    for _ in range(kills):
        source.products = [
            versioned(number, max(version + dice.randint(-1, 1), 0)) for number in range(1, SIZE + 1)
        ]
        version += 1
        killer = Killer(dice)
        proxy.requests.clear()
        proxy.faults = {dice.randint(1, WRITES_PER_RUN): killer.moment()}
        with running(*arguments, store=proxy.store(shop.store)) as run:
            killer.aim_at(run)
            killed += run.finish().exit_code == -signal.SIGKILL
        shop.store.wait_until_idle()  # its writes must not overlap with the next run
    assert killed > kills / 2
    clean = medusa_sync(*arguments, store=shop.store)
    assert_in_order(clean, 0)
    assert clean.document["counts"]["conflicts"] == 0, clean.document["changes"]
    assert_shirts(shop, source)
    assert_quiet(medusa_sync(*arguments, store=shop.store), SIZE)
