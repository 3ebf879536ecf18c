"""A store that is killed during a write, which leaves products incomplete."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.command import Finished, medusa_sync, running
from tests.e2e.exact import assert_exact, assert_quiet
from tests.e2e.shop import Shop, price, stock
from tests.harness.breakable import BreakableStore
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, dummyjson
from tests.tiers import deep, sampled

SIZE = 12
KILLS = 3
SETTLING_RUNS = 3
SAYS_NEXT = ("the same", "something newer", "the old value again")


@pytest.fixture
def fragile_shop(breakable: BreakableStore) -> Iterator[Shop]:
    with Shop(breakable.store) as shop:
        yield shop


def kill_while_it_writes(
    table: str, breakable: BreakableStore, source: DummyJson, *arguments: str
) -> Finished:
    """Kill the store while it writes to a table; earlier steps are committed, this one is not."""
    sync = ("--source", source.url, "--json", "--batch-size", "100", "--max-retries", "0")
    with breakable.slowed(table), running(*sync, *arguments, store=breakable.store) as run:
        while not breakable.is_slow():
            assert not run.has_ended, run.finish()
            time.sleep(0.01)
        breakable.kill()
        finished = run.finish()
    breakable.start()
    assert finished.exit_code != 0
    return finished


def settle(breakable: BreakableStore, source: DummyJson, *arguments: str) -> None:
    """Run until a run exits 0; there must be no conflicts, because nobody edited the store."""
    for _ in range(SETTLING_RUNS):
        run = medusa_sync("--source", source.url, "--json", *arguments, store=breakable.store)
        assert run.document["counts"]["conflicts"] == 0, run.document["changes"]
        if run.exit_code == 0:
            return
    pytest.fail(f"none of {SETTLING_RUNS} runs exited 0: {run.document['problems']}")


@pytest.mark.parametrize("on_conflict", sampled(["source", "store"], "store"))
@pytest.mark.parametrize(
    ("name", "table"), sampled([("price", "price"), ("stock", "inventory_level")], ("price", "price"))
)
def test_a_killed_update_is_completed_even_if_the_source_changes_again(
    name: str, table: str, on_conflict: str, breakable: BreakableStore, source: DummyJson, fragile_shop: Shop
) -> None:
    assert medusa_sync("--source", source.url, store=breakable.store).exit_code == 0
    before = source.products
    for product in before:
        source.edit(product["id"], **{name: product[name] + 1000})
    kill_while_it_writes(table, breakable, source, "--on-conflict", on_conflict)
    for product in before:
        match SAYS_NEXT[product["id"] % len(SAYS_NEXT)]:
            case "something newer":
                source.edit(product["id"], **{name: product[name] + 2000})
            case "the old value again":
                source.edit(product["id"], **{name: product[name]})

    settle(breakable, source, "--on-conflict", on_conflict)

    stored = fragile_shop.by_external_id()
    held = {
        key: price(each) if name == "price" else sum(stock(each).values()) for key, each in stored.items()
    }
    assert held == {f"dummyjson:{product['id']}": product[name] for product in source.products}
    assert_quiet(medusa_sync("--source", source.url, "--json", store=breakable.store), SIZE)


@deep
@pytest.mark.parametrize("table", ["product_sales_channel", "product_shipping_profile"])
def test_a_killed_adoption_is_completed_with_channel_and_profile(
    table: str, breakable: BreakableStore, source: DummyJson, fragile_shop: Shop
) -> None:
    for product in source.products:
        fragile_shop.post("/admin/products", _made_by_hand(product))
    kill_while_it_writes(table, breakable, source, "--adopt")

    settle(breakable, source, "--adopt")

    stored = fragile_shop.by_external_id()
    assert len(stored) == len(fragile_shop.products()) == SIZE
    for each in stored.values():
        assert [channel["id"] for channel in each["sales_channels"]] == [breakable.store.sales_channel_id]
        assert (each["shipping_profile"] or {}).get("id") == breakable.store.shipping_profile_id
    assert_quiet(medusa_sync("--source", source.url, "--json", store=breakable.store), SIZE)


def _made_by_hand(product: dict[str, Any]) -> dict[str, Any]:
    variant = {"title": "One", "sku": product["sku"], "options": {"Kind": "One"}, "prices": []}
    options = [{"title": "Kind", "values": ["One"]}]
    return {"title": f"By hand {product['id']}", "options": options, "variants": [variant]}


@pytest.mark.parametrize(
    "table",
    sampled(["product_variant_inventory_item", "price", "inventory_level"], "inventory_level"),
)
def test_a_killed_creation_is_completed(
    table: str, breakable: BreakableStore, source: DummyJson, fragile_shop: Shop
) -> None:
    kill_while_it_writes(table, breakable, source)

    settle(breakable, source)

    assert_exact(fragile_shop, source.products)
    assert_quiet(medusa_sync("--source", source.url, "--json", store=breakable.store), SIZE)


@deep
def test_creations_and_updates_are_completed_after_kills_at_random_moments(
    breakable: BreakableStore, fragile_shop: Shop
) -> None:
    dice = random.Random(5)
    catalogue = products(20 * (KILLS + 1))
    with dummyjson(catalogue[:20]) as source:
        arguments = ("--source", source.url, "--json", "--batch-size", "50", "--max-retries", "0")
        for turn in range(KILLS):
            assert medusa_sync(*arguments, store=breakable.store).exit_code == 0
            for product in source.products:
                source.edit(product["id"], price=dice.randrange(10**6) / 100, stock=dice.randrange(100))
            for product in catalogue[20 * (turn + 1) : 20 * (turn + 2)]:
                source.add(product)
            with running(*arguments, store=breakable.store) as run:
                time.sleep(dice.uniform(0.8, 3))
                breakable.kill()
                run.finish()
            breakable.start()
            settle(breakable, source)
            assert_exact(fragile_shop, source.products)
