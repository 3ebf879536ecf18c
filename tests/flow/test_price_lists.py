"""The sale prices of a source are in one price list of its own, each once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.stage import ListSource, counts, run_once, sync, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import ListPrice

COUNT = 4


def reduced(percent: int = 10, *, only: int = COUNT, **changes: Any) -> ListSource:
    """A source in which the first products cost less."""
    rows = [
        {**row, "price": 10, **changes, "discountPercentage": percent if row["id"] <= only else 0}
        for row in products(COUNT)
    ]
    return ListSource(rows, sale_prices=True)


def prices(store: FakeMedusa) -> dict[str, ListPrice]:
    return {key: each for key, each in store.state.list_prices.items() if not each.is_deleted}


def amounts(store: FakeMedusa) -> dict[str, float]:
    """Sale prices by SKU; each variant has at most one."""
    found = prices(store).values()
    assert max(Counter(each.variant_id for each in found).values(), default=1) == 1
    skus = {variant.id: str(variant.sku) for variant in store.state.variants().values()}
    return {skus[each.variant_id]: each.amount for each in found}


def reads_of_lists(store: FakeMedusa) -> int:
    return sum("price-lists" in each.path and each.method == "GET" for each in store.requests)


def sold(store: FakeMedusa, source: ListSource, **options: Any) -> RunResult:
    """A run that has to succeed, after which the next one writes nothing."""
    result = sync(source, store, **options)
    assert (result.exit_code, result.conflicts) == (0, 0), list(result.problems)
    store.requests.clear()
    assert counts(sync(source, store, **options)) == {"unchanged": COUNT}
    assert writes(store) == []
    return result


def test_the_list_is_created_with_the_first_sale_and_read_only_if_there_is_one() -> None:
    store, source = FakeMedusa(), reduced(only=0)
    sold(store, source)
    source.rows = [row | {"price": 12} for row in source.rows]
    store.requests.clear()
    assert counts(sync(source, store)) == {"updated": COUNT}
    assert (store.state.price_lists, reads_of_lists(store)) == ({}, 0)
    sold(store, reduced(only=2))
    assert len(store.state.price_lists) == 1
    assert amounts(store) == {row["sku"]: 9 for row in products(2)}


def test_a_sale_price_is_changed_and_removed_in_place() -> None:
    store = FakeMedusa()
    sold(store, reduced(only=2))
    before = {each.variant_id: key for key, each in prices(store).items()}
    sold(store, reduced(20, only=1))
    [key] = prices(store)
    assert (key in before.values(), amounts(store)) == (True, {products(1)[0]["sku"]: 8})


def test_lists_of_other_sources_and_of_the_merchant_are_not_touched() -> None:
    store = FakeMedusa()
    body = {"title": "Summer", "description": "Summer sale", "type": "sale", "status": "active", "prices": []}
    merchants = store.call("POST", "/admin/price-lists", body)["price_list"]["id"]
    other = [{**row, "id": row["id"] + 100, "sku": f"B-{row['id']}", "meta": {}} for row in reduced(50).rows]
    assert sync(ListSource(other, sale_prices=True), store).exit_code == 0
    for product in store.products.values():
        product.external_id = str(product.external_id).replace("dummyjson", "other")
    [theirs] = [each for key, each in store.state.price_lists.items() if key != merchants]
    theirs.title, theirs.description = (
        text.replace("dummyjson", "other") for text in (theirs.title, theirs.description)
    )
    sold(store, reduced())
    sold(store, reduced(20))
    assert len(store.state.price_lists) == 3
    assert amounts(store) == {
        **{row["sku"]: 8 for row in products(COUNT)},
        **{f"B-{n}": 5 for n in range(1, 5)},
    }
    contents = Counter(each.price_list_id for each in prices(store).values())
    assert (contents[merchants], contents[theirs.id]) == (0, COUNT)


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("what", ["price-lists", "prices/batch"])
def test_a_lost_response_leaves_no_price_twice(what: str, *, arrives: bool) -> None:
    store = FakeMedusa()
    assert sync(reduced(only=0), store).exit_code == 0
    lost: list[str] = []

    def lose(request: httpx.Request, *_: httpx.Response) -> None:
        if not lost and request.method == "POST" and request.url.path.endswith(what):
            lost.append(request.url.path)
            raise httpx.ReadTimeout("slow")

    setattr(store, "after" if arrives else "before", lose)
    result = sync(reduced(), store)
    assert lost
    assert result.seen == sum(result.counts.values()) == COUNT
    store.after = store.before = None
    sold(store, reduced())
    assert amounts(store) == {row["sku"]: 9 for row in products(COUNT)}
    assert len(store.state.price_lists) == 1


def test_sale_prices_that_the_store_refuses_do_not_undo_the_products() -> None:
    store = FakeMedusa()
    store.before = lambda request: (
        httpx.Response(400, json={"type": "invalid_data", "message": "No."})
        if request.url.path.endswith("/prices/batch")
        else None
    )
    result = sync(reduced(), store)
    assert (result.exit_code, len(store.products)) == (5, COUNT)
    assert all("No." in each.reason for each in result.problems)
    store.before = None
    sold(store, reduced())
    assert amounts(store) == {row["sku"]: 9 for row in products(COUNT)}


def test_a_price_that_two_runs_have_created_is_stored_once_after_the_next_change() -> None:
    store = FakeMedusa()
    sold(store, reduced())
    known = next(iter(prices(store).values()))
    twin = ListPrice(
        "price_zz", known.currency_code, 9, price_list_id=known.price_list_id, variant_id=known.variant_id
    )
    store.state.list_prices["price_zz"] = twin
    sold(store, reduced(20))
    assert set(amounts(store).values()) == {8}


@pytest.mark.parametrize("before", [0, 1])
def test_two_runs_at_once_leave_one_list_and_each_price_once(before: int) -> None:
    store = FakeMedusa()
    assert sync(reduced(only=before), store).exit_code == 0

    async def both() -> list[RunResult]:
        return await asyncio.gather(*(run_once(reduced(), store, batch_size=size) for size in (1, 3)))

    for result in asyncio.run(both()):
        assert result.seen == sum(result.counts.values()) == COUNT
    sold(store, reduced())
    assert amounts(store) == {row["sku"]: 9 for row in products(COUNT)}
    assert len(store.state.price_lists) == 1


def test_without_new_sale_prices_the_list_is_not_read_again_at_the_end() -> None:
    store = FakeMedusa()
    sold(store, reduced())
    store.requests.clear()
    assert counts(sync(reduced(20), store)) == {"updated": COUNT}
    changed = reads_of_lists(store)
    store = FakeMedusa()
    sold(store, reduced(only=2))
    store.requests.clear()
    assert counts(sync(reduced(), store)) == {"updated": 2, "unchanged": 2}
    assert changed < reads_of_lists(store)
