"""Shards: several runs that share the products of a source, one after the other or at the same moment."""

import asyncio
from typing import Any

import pytest

from medusa_sync import Result, RunResult, Shard
from tests.flow.plans import carried_out
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    assert_exact,
    assert_quiet,
    counts,
    run_once,
    sync,
    synced,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirts
from tests.world.results import withheld

SIZE = 60
DELETE = {"on_missing": "delete", "max_removals": "100%"}

Rows = list[dict[str, Any]]


def shards(count: int) -> list[Shard]:
    return [Shard(number, count) for number in range(1, count + 1)]


def part_of(rows: Rows, shard: Shard) -> Rows:
    return [row for row in rows if f"{SOURCE_NAME}:{row['id']}" in shard]


def at_once(source: ListSource, store: FakeMedusa, count: int, **changes: Any) -> list[RunResult]:
    async def runs() -> list[RunResult]:
        return await asyncio.gather(
            *(run_once(source, store, shard=shard, **changes) for shard in shards(count))
        )

    return asyncio.run(runs())


def assert_all_quiet(source: ListSource, store: FakeMedusa, count: int, **changes: Any) -> None:
    store.requests.clear()
    for shard in shards(count):
        result = sync(source, store, shard=shard, **changes)
        assert (result.exit_code, result.counts[Result.UNCHANGED]) == (0, len(part_of(source.rows, shard)))
    assert writes(store) == []


@pytest.mark.parametrize("count", [1, 3])
def test_all_shards_together_are_the_whole_catalogue(count: int) -> None:
    """A product that the source has twice is rejected by one of them; a limit counts the source."""
    store, rows = FakeMedusa(), products(SIZE)
    for shard in shards(count):
        limited = sync(ListSource(rows), store, shard=shard, limit=20, dry_run=True)
        own, again = part_of(rows, shard), part_of(rows[:1], shard)
        assert limited.seen == len(part_of(rows[:20], shard))
        result = carried_out(ListSource([*rows, rows[0]]), store, shard=shard)
        expected = {"created": len(own), "rejected": len(again)}
        assert counts(result) == {name: number for name, number in expected.items() if number}
        assert (result.seen, result.source_total) == (len(own) + len(again), SIZE + 1)
        assert result.store is not None
        assert result.store.owned == len(own)
    assert_exact(rows, store)
    assert_all_quiet(ListSource(rows), store, count)
    for row in rows:
        row["price"] += 1
    for shard in shards(count):
        assert sync(ListSource(rows), store, shard=shard).counts[Result.UPDATED] == len(part_of(rows, shard))
    assert_exact(rows, store)
    assert counts(sync(ListSource(rows), store)) == {"unchanged": SIZE}


def test_guards_count_the_products_of_the_shard() -> None:
    rows = products(SIZE)
    store, [one, two] = synced(rows), shards(2)
    own = part_of(rows, one)
    left, changed = [row for row in rows if row not in own[:4]], [dict(row) for row in rows]
    for row in part_of(changed, one)[:4]:
        row["price"] += 1
    # 4 of 60 are below 10 %.
    removals = sync(ListSource(left), store, shard=one, on_missing="delete")
    changes = sync(ListSource(changed), store, shard=one, max_changes="10%")
    nothing = sync(ListSource(part_of(rows, two)), store, shard=one, **DELETE)
    assert [each.exit_code for each in (removals, changes, nothing)] == [6, 6, 6]
    assert f"4 of {len(own)} products are missing at the source" in removals.error
    assert f"4 of {len(own)} products would change" in changes.error
    assert f"The source delivered none of its {len(own)} products" in nothing.error
    assert writes(store) == []
    assert sync(ListSource(left), store, shard=two, on_missing="delete", max_removals=0).exit_code == 0
    assert sync(ListSource(changed), store, shard=two, max_changes=0).exit_code == 0
    assert sync(ListSource(changed), store, shard=one, max_changes=4).exit_code == 0
    allowed = sync(ListSource(left), store, shard=one, on_missing="delete", max_removals=4)
    assert (allowed.exit_code, allowed.counts[Result.REMOVED]) == (0, 4)
    assert_exact(left, store)


# --- at the same moment ---------------------------------------------------------------------------------


def test_an_sku_that_products_of_two_shards_want_goes_to_one_of_them() -> None:
    store, rows = FakeMedusa(), products(SIZE)
    one, two = (part_of(rows, shard)[0] for shard in shards(2))
    two["sku"] = one["sku"]
    results = at_once(ListSource(rows), store, 2)
    assert ([result.exit_code for result in results], sum(each.withheld for each in results)) == ([0, 0], 1)
    assert len(store.products) == SIZE
    assert not any(withheld(result) for result in at_once(ListSource(rows), store, 2))
    assert_all_quiet(ListSource(rows), store, 2)
    one["sku"] = "OTHER"
    for shard in shards(2) * 2:
        assert sync(ListSource(rows), store, shard=shard).exit_code == 0
    assert_exact(rows, store)


# --- and then all of it ---------------------------------------------------------------------------------


def test_skus_that_products_of_two_shards_exchange_are_exchanged_by_a_run_without_shards() -> None:
    """A sibling wants one of them, too; it does not keep the others from it."""
    one, two = (part_of(shirts(9), shard)[0] for shard in shards(2))
    first, second, sibling = one["variants"][0], two["variants"][0], two["variants"][1]
    store = synced([one, two])
    first["sku"], second["sku"] = second["sku"], first["sku"]
    sibling["sku"] = first["sku"]
    source = ListSource([one, two])
    assert [sync(source, store, shard=shard).withheld for shard in shards(2)] == [1, 2]
    result = carried_out(source, store)
    assert (counts(result), result.withheld) == ({"updated": 2}, 1)
    assert_quiet(source, store)
