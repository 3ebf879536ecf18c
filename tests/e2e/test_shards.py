"""Shards at the same time on a real store."""

from __future__ import annotations

from contextlib import ExitStack

from tests.e2e.command import Finished, medusa_sync, running
from tests.e2e.exact import assert_exact, assert_in_order, assert_quiet
from tests.e2e.shop import Shop
from tests.harness.dummyjson import DummyJson
from tests.tiers import deep

SIZE = 60
SHARDS = [f"{number}/3" for number in range(1, 4)]


def at_once(source: DummyJson, shop: Shop, *arguments: str) -> list[Finished]:
    """Run all shards at the same time."""
    with ExitStack() as stack:
        flags = ["--source", source.url, "--json", *arguments]
        runs = [stack.enter_context(running(*flags, "--shard", shard, store=shop.store)) for shard in SHARDS]
        return [run.finish() for run in runs]


def total(runs: list[Finished], name: str) -> int:
    return sum(run.counts.get(name, 0) for run in runs)


@deep
def test_shards_at_the_same_time_are_the_whole_catalogue(source: DummyJson, shop: Shop) -> None:
    runs = at_once(source, shop)
    for run, shard in zip(runs, SHARDS, strict=True):
        assert_in_order(run, 0)
        assert run.document["shard"] == shard
    assert total(runs, "created") == SIZE
    assert_exact(shop, source.products)
    for run in at_once(source, shop):
        assert_quiet(run, run.document["source"]["seen"])
    assert_quiet(medusa_sync("--source", source.url, "--json", store=shop.store), SIZE)

    for number in range(1, 11):
        source.remove(number)
    runs = at_once(source, shop, "--on-missing", "delete", "--max-removals", "100%")
    assert [run.exit_code for run in runs] == [0, 0, 0]
    assert total(runs, "removed") == 10
    assert_exact(shop, source.products, may_be_unused=["product_tag"])

    for product in source.products:
        source.edit(product["id"], discountPercentage=10)
    assert [run.exit_code for run in at_once(source, shop, "--sale-prices")] == [0, 0, 0]
    prices = shop.sale_prices()
    assert len({price["list_id"] for price in prices}) == 1
    assert len({price["variant_id"] for price in prices}) == len(prices) == SIZE - 10
    for run in at_once(source, shop, "--sale-prices"):
        assert_quiet(run, run.document["source"]["seen"])
