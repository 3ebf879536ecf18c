"""Shards: several runs that share the products of a source."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest

from medusa_sync import Result, RunResult, Shard
from tests.flow.plans import withheld
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    assert_exact,
    counts,
    run_once,
    sync,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Collection

SIZE = 60
ANY = "100%"
NONE = 0

Row = dict[str, Any]
Rows = list[Row]


def shards(count: int) -> list[Shard]:
    return [Shard(number, count) for number in range(1, count + 1)]


def part_of(rows: Rows, shard: Shard) -> Rows:
    return [row for row in rows if f"{SOURCE_NAME}:{row['id']}" in shard]


def store_with(rows: Rows) -> FakeMedusa:
    store = FakeMedusa()
    assert sync(ListSource(copy.deepcopy(rows)), store).exit_code == 0
    store.requests.clear()
    return store


def at_once(source: ListSource, store: FakeMedusa, count: int, **changes: Any) -> list[RunResult]:
    async def runs() -> list[RunResult]:
        return await asyncio.gather(
            *(run_once(source, store, shard=shard, **changes) for shard in shards(count))
        )

    return asyncio.run(runs())


@pytest.mark.parametrize("count", [1, 3, 8])
def test_all_shards_together_are_the_whole_catalogue(count: int) -> None:
    store, rows = FakeMedusa(), products(SIZE)
    for shard in shards(count):
        own = part_of(rows, shard)
        plan = sync(ListSource(rows), store, shard=shard, dry_run=True)
        result = sync(ListSource(rows), store, shard=shard)
        assert counts(result) == counts(plan) == ({"created": len(own)} if own else {})
        assert (result.exit_code, result.seen, result.source_total) == (0, len(own), SIZE)
        assert result.store is not None
        assert result.store.owned == len(own)
    assert_exact(rows, store)
    store.requests.clear()
    for shard in shards(count):
        assert sync(ListSource(rows), store, shard=shard).counts[Result.UNCHANGED] == len(
            part_of(rows, shard)
        )
    assert writes(store) == []
    assert counts(sync(ListSource(rows), store)) == {"unchanged": SIZE}


def test_the_first_products_of_the_source_are_the_same_for_all_shards() -> None:
    store, rows = FakeMedusa(), products(SIZE)
    for shard in shards(3):
        result = sync(ListSource(rows), store, shard=shard, limit=20)
        assert result.seen == len(part_of(rows[:20], shard))
    assert_exact(rows[:20], store)


def test_products_are_changed_only_by_their_own_shard() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    for row in rows:
        row["price"] += 1
    for shard in shards(3):
        result = sync(ListSource(rows), store, shard=shard)
        assert counts(result) == {"updated": len(part_of(rows, shard))}
    assert_exact(rows, store)


def test_a_product_that_the_source_has_twice_is_rejected_by_one_shard() -> None:
    store, rows = FakeMedusa(), products(SIZE)
    results = [sync(ListSource([*rows, rows[0]]), store, shard=shard) for shard in shards(3)]
    assert [result.counts[Result.REJECTED] for result in results] == [
        int(bool(part_of(rows[:1], shard))) for shard in shards(3)
    ]
    assert sum(result.seen for result in results) == SIZE + 1
    assert_exact(rows, store)


# --- removal and guards ---------------------------------------------------------------------------------


class Silent(ListSource):
    """A source that does not answer for single products, so that it is read twice before a removal."""

    async def has(self, source_id: str) -> bool:
        del source_id
        return None  # type: ignore[return-value]  # as the protocol of sources allows


@pytest.mark.parametrize("source", [ListSource, Silent])
@pytest.mark.parametrize("how", ["delete", "draft"])
def test_a_shard_removes_only_its_own_products(how: str, source: type[ListSource]) -> None:
    rows = products(SIZE)
    store, left = store_with(rows), rows[10:]
    one, *others = shards(3)
    gone = part_of(rows[:10], one)
    assert gone
    assert len(gone) < 10
    result = sync(source(left), store, shard=one, on_missing=how, max_removals=ANY)
    assert result.exit_code == 0
    assert counts(result) == {"unchanged": len(part_of(left, one)), "removed": len(gone)}
    if how == "delete":
        assert store.products.keys() == {f"{SOURCE_NAME}:{row['id']}" for row in rows if row not in gone}
    for shard in others:
        assert sync(source(left), store, shard=shard, on_missing=how, max_removals=ANY).exit_code == 0
    published = {own for own, product in store.products.items() if product.status == "published"}
    assert published == {f"{SOURCE_NAME}:{row['id']}" for row in left}
    store.requests.clear()
    for shard in shards(3):
        assert sync(source(left), store, shard=shard, on_missing=how).exit_code == 0
    assert writes(store) == []


def test_the_guard_of_removals_counts_the_products_of_the_shard() -> None:
    rows = products(SIZE)
    store, [one, two] = store_with(rows), shards(2)
    own, missing = part_of(rows, one), part_of(rows, one)[:4]
    left = [row for row in rows if row not in missing]
    refused = sync(ListSource(left), store, shard=one, on_missing="delete")  # 4 of 60 are below 10 %
    assert (refused.exit_code, writes(store)) == (6, [])
    assert f"4 of {len(own)} products are missing at the source" in refused.error
    assert sync(ListSource(left), store, shard=two, on_missing="delete", max_removals=NONE).exit_code == 0
    allowed = sync(
        ListSource(left),
        store,
        shard=one,
        on_missing="delete",
        max_removals=4,
    )
    assert (allowed.exit_code, allowed.counts[Result.REMOVED]) == (0, 4)
    assert_exact(left, store)


def test_a_source_without_any_product_of_the_shard_removes_nothing() -> None:
    rows = products(SIZE)
    store, [one, two] = store_with(rows), shards(2)
    left = part_of(rows, two)
    changes: dict[str, Any] = {"on_missing": "delete", "max_removals": ANY}
    refused = sync(ListSource(left), store, shard=one, **changes)
    assert refused.exit_code == 6
    assert f"The source delivered none of its {len(part_of(rows, one))} products" in refused.error
    assert sync(ListSource(left), store, shard=two, **changes).exit_code == 0
    assert writes(store) == []


def test_a_row_without_an_id_prevents_removals_in_every_shard() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    left = [*rows[10:], {"title": "No id", "price": 1}]
    for shard in shards(3):
        result = sync(ListSource(left), store, shard=shard, on_missing="delete", max_removals=ANY)
        assert (result.exit_code, result.counts[Result.REJECTED]) == (5, 1)
        assert result.counts[Result.REMOVED] == 0
    assert writes(store) == []


def test_the_guard_of_changes_counts_the_products_of_the_shard() -> None:
    rows = products(SIZE)
    store, [one, two] = store_with(rows), shards(2)
    own = part_of(rows, one)
    for row in own[:4]:
        row["price"] += 1
    tenth = "10%"
    refused = sync(ListSource(rows), store, shard=one, max_changes=tenth)
    assert (refused.exit_code, writes(store)) == (6, [])
    assert f"4 of {len(own)} products would change" in refused.error
    assert sync(ListSource(rows), store, shard=two, max_changes=NONE).exit_code == 0
    assert sync(ListSource(rows), store, shard=one, max_changes=4).exit_code == 0
    assert_exact(rows, store)


# --- at the same moment ---------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [2, 15])
def test_eight_shards_at_once_store_everything_once(batch_size: int) -> None:
    store = FakeMedusa()
    rows = [{**row, "discountPercentage": 10} for row in products(SIZE)]
    source = ListSource(rows, sale_prices=True)
    results = at_once(source, store, 8, batch_size=batch_size)
    assert [result.exit_code for result in results] == [0] * 8
    assert sum(result.counts[Result.CREATED] for result in results) == SIZE
    products_held = store.products  # raises if one is stored twice
    assert len(products_held) == len(store.state.products) == SIZE
    for held in (store.state.tags, store.state.types, store.state.collections):
        names = [each.title if isinstance(each, Collection) else each.value for each in held.values()]
        assert len(names) == len(set(names))
    handles = [category.handle for category in store.state.categories.values()]
    assert len(handles) == len(set(handles))
    assert len(store.state.price_lists) == 1
    sales = [price.variant_id for price in store.state.list_prices.values() if not price.is_deleted]
    assert sorted(sales) == sorted(store.state.variants())
    skus = [item.sku for item in store.state.items.values() if not item.removed]
    assert sorted(map(str, skus)) == sorted(row["sku"] for row in rows)
    store.requests.clear()
    assert [counts(result) for result in at_once(source, store, 8)] == [
        {"unchanged": len(own)} if (own := part_of(rows, shard)) else {} for shard in shards(8)
    ]
    assert counts(sync(source, store)) == {"unchanged": SIZE}
    assert writes(store) == []


def test_eight_shards_at_once_change_and_remove() -> None:
    rows = products(SIZE)
    store, left = store_with(rows), rows[10:]
    for row in left:
        row["price"] += 1
    results = at_once(ListSource(left), store, 8, on_missing="delete", max_removals=ANY)
    assert [result.exit_code for result in results] == [0] * 8
    assert sum(result.counts[Result.REMOVED] for result in results) == 10
    assert sum(result.counts[Result.UPDATED] for result in results) == 50
    assert_exact(left, store)


def test_an_sku_that_products_of_two_shards_want_goes_to_one_of_them() -> None:
    store, rows = FakeMedusa(), products(SIZE)
    one, two = (part_of(rows, shard)[0] for shard in shards(2))
    two["sku"] = one["sku"]
    results = at_once(ListSource(rows), store, 2)
    assert [result.exit_code for result in results] == [0, 0]
    assert sum(result.withheld for result in results) == 1
    assert len(store.products) == SIZE
    store.requests.clear()
    for result in at_once(ListSource(rows), store, 2):
        assert (result.exit_code, withheld(result)) == (0, {})
        assert result.counts[Result.UNCHANGED] == result.seen
    assert writes(store) == []
    one["sku"] = "OTHER"
    for shard in shards(2) * 2:
        assert sync(ListSource(rows), store, shard=shard).exit_code == 0
    assert {variant.sku for product in store.products.values() for variant in product.variants} == {
        row["sku"] for row in rows
    }


def test_skus_that_products_of_two_shards_exchange_arrive_in_a_run_without_a_shard() -> None:
    rows = products(SIZE)
    store = store_with(rows)
    one, two = (part_of(rows, shard)[0] for shard in shards(2))
    one["sku"], two["sku"] = two["sku"], one["sku"]
    for shard in shards(2) * 2:
        result = sync(ListSource(rows), store, shard=shard)
        assert (result.exit_code, result.withheld) == (0, 1)
    result = sync(ListSource(rows), store)
    assert (result.exit_code, counts(result), result.withheld) == (
        0,
        {"updated": 2, "unchanged": SIZE - 2},
        0,
    )
    assert_exact(rows, store)
    store.requests.clear()
    for shard in shards(2):
        assert sync(ListSource(rows), store, shard=shard).withheld == 0
    assert writes(store) == []
