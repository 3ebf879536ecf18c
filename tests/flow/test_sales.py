"""The sale prices of a source are in one price list of its own, each once, whatever happens."""

import asyncio
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.faults import KILLED, killed_runs, no, refuse, strike
from tests.flow.stage import (
    ListSource,
    assert_quiet,
    counts,
    is_write,
    run_once,
    sync,
    writes,
)
from tests.flow.test_undo import undo
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import ListPrice
from tests.harness.shirts import shirt, variant

COUNT = 4
SKUS = [row["sku"] for row in products(COUNT)]


def reduced(percent: int = 10, *, only: int = COUNT, **changes: Any) -> ListSource:
    """A source in which the first products cost less."""
    rows = [
        {**row, "price": 10, **changes, "discountPercentage": percent if row["id"] <= only else 0}
        for row in products(COUNT)
    ]
    return ListSource(rows, page_size=2, sale_prices=True)


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
    assert_quiet(source, store, **options)
    assert len(store.state.price_lists) <= 1
    return result


@pytest.mark.parametrize(
    ("changes", "price"),
    [
        ({"discountPercentage": 250}, 20),
        ({"discountPercentage": 100, "compareAtPrice": 0}, 20),
        ({"price": 0.01, "discountPercentage": 60}, 0.01),
        ({"compareAtPrice": "0.00"}, 20),
        ({"compareAtPrice": None, "discountPercentage": None}, 20),
        ({"price": 12.3423}, 12.3423),
        ({"price": 0, "compareAtPrice": "20.00"}, 20),
        ({"price": 0, "compareAtPrice": 0}, 0),
        ({"variants": [{"price": 0, "compareAtPrice": 20}]}, 20),
    ],
)
def test_a_sale_price_that_is_not_above_0_and_below_the_price_is_no_sale(
    changes: dict[str, Any], price: float
) -> None:
    store, row = FakeMedusa(), products(1)[0] | {"price": 20, "discountPercentage": 0}
    source = ListSource([row | changes], sale_prices=True)
    assert sync(source, store).exit_code == 0
    assert [each.amount for own in store.state.variants().values() for each in own.prices] == [price]
    assert store.state.list_prices == {}
    assert_quiet(source, store)


def test_the_list_is_created_with_the_first_sale_and_read_only_if_a_product_needs_it() -> None:
    store, source = FakeMedusa(), reduced(only=0)
    sold(store, source)
    source.rows = [row | {"price": 12} for row in source.rows]
    store.requests.clear()
    assert counts(sync(source, store)) == {"updated": COUNT}
    assert (store.state.price_lists, reads_of_lists(store)) == ({}, 0)
    sold(store, reduced(only=2))
    assert amounts(store) == dict.fromkeys(SKUS[:2], 9)
    before = {each.variant_id: key for key, each in prices(store).items()}
    store.requests.clear()
    assert counts(sync(reduced(20, only=2), store)) == {"updated": 2, "unchanged": 2}
    changed = reads_of_lists(store)
    sold(store, reduced(20, only=1))
    [key] = prices(store)
    assert (key in before.values(), amounts(store)) == (True, {SKUS[0]: 8}), "changed and removed in place"
    store.requests.clear()
    assert sync(reduced(20), store).exit_code == 0
    assert changed < reads_of_lists(store), "new ones are looked up at the end, too"


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
    for percent in (10, 20):
        assert sync(reduced(percent), store).exit_code == 0
    assert len(store.state.price_lists) == 3
    assert amounts(store) == dict.fromkeys(SKUS, 8) | {f"B-{n}": 5 for n in range(1, 5)}
    contents = Counter(each.price_list_id for each in prices(store).values())
    assert (contents[merchants], contents[theirs.id]) == (0, COUNT)


def test_other_prices_that_the_merchant_adds_to_the_list_stay() -> None:
    """Those for quantities, with rules, or in other currencies."""
    store = FakeMedusa()
    sold(store, reduced(only=2))
    [sale] = store.state.price_lists
    one, two, three, _ = store.state.variants().values()
    body = {"currency_code": "usd", "amount": 3}
    theirs = [
        {**body, "variant_id": one.id, "min_quantity": 10},
        {**body, "variant_id": two.id, "rules": {"region_id": "reg_1"}},
        *({**body, "variant_id": each.id, "currency_code": "eur"} for each in (one, two, three)),
    ]
    store.call("POST", f"/admin/price-lists/{sale}/prices/batch", {"create": theirs})
    before = prices(store).keys()
    sold(store, reduced(20, only=2))
    assert prices(store).keys() == before
    sync(reduced(only=0), store)
    left = [(each.variant_id, each.currency_code, each.amount) for each in prices(store).values()]
    assert left == [(each["variant_id"], each["currency_code"], 3) for each in theirs]


@pytest.mark.parametrize("before", [{}, {"only": "title"}])
def test_sale_prices_go_with_the_option_even_if_the_currency_changes_too(before: dict[str, str]) -> None:
    store, plain = FakeMedusa(), ListSource(reduced().rows, currency="eur")
    sold(store, reduced())
    one, key = next(iter(prices(store).values())), "price_of_the_merchant"
    store.state.list_prices[key] = ListPrice(
        key, "gbp", 7, price_list_id=one.price_list_id, variant_id=one.variant_id
    )
    sync(plain, store, currency="eur", dry_run=not before, **before)
    first, *_, last = plain.rows  # they exchange their SKUs, so they are written twice
    first["sku"], last["sku"] = last["sku"], first["sku"]
    result = sync(plain, store, currency="eur", batch_size=1, accept_settings=True)
    removed = "field='sale_price.usd', stored=9, planned=None"
    assert str([each.changes for each in result.changes]).count(removed) == COUNT
    assert list(prices(store)) == [key]
    assert_quiet(plain, store, currency="eur")


@pytest.mark.parametrize("winner", ["source", "store"])
def test_a_sale_price_that_the_merchant_edited_is_a_conflict_when_the_option_is_turned_off(
    winner: str,
) -> None:
    store, plain = FakeMedusa(), ListSource(reduced().rows)
    sold(store, reduced())
    next(iter(store.state.list_prices.values())).amount = 1.25
    result = sync(plain, store, on_conflict=winner, accept_settings=True)
    assert (result.exit_code, result.conflicts) == (0, 1)
    assert [each.amount for each in prices(store).values()] == ([1.25] if winner == "store" else [])
    assert sync(plain, store, on_conflict=winner).conflicts == 0


@pytest.mark.parametrize(("before", "now"), [(0, 10), (10, 20), (10, 0)], ids=["new", "changed", "ended"])
def test_a_product_that_is_written_twice_gets_its_sale_price_once(before: int, now: int) -> None:
    """Two products exchange their SKUs, so one of them is written without it first."""
    store, source = FakeMedusa(), reduced(now)
    sync(reduced(before), store)
    first, *_, last = source.rows
    first["sku"], last["sku"] = last["sku"], first["sku"]
    store.requests.clear()
    assert counts(sync(source, store, batch_size=1)) == {"updated": COUNT}
    sent = [json.loads(each.content) for each in writes(store) if each.path.endswith("/prices/batch")]
    assert sum(len(one) for each in sent for one in each.values()) == COUNT, sent
    assert len(amounts(store)) == (COUNT if now else 0)


# --- faults and other runs --------------------------------------------------------------------------------


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("what", ["price-lists", "prices/batch"])
def test_a_lost_response_leaves_no_price_twice(what: str, *, arrives: bool) -> None:
    store = FakeMedusa()
    assert sync(reduced(only=0), store).exit_code == 0

    def is_hit(request: httpx.Request) -> bool:
        return is_write(request) and request.url.path.endswith(what)

    lost = strike(store, "after" if arrives else "before", is_hit, httpx.ReadTimeout("slow"))
    result = sync(reduced(), store)
    assert lost
    assert result.seen == sum(result.counts.values()) == COUNT
    store.after = store.before = None
    sold(store, reduced())
    assert amounts(store) == dict.fromkeys(SKUS, 9)


def test_a_list_that_the_merchant_deletes_during_a_run_is_created_again() -> None:
    store = FakeMedusa()
    sold(store, reduced())
    [list_id] = store.state.price_lists

    def delete() -> None:
        store.call("DELETE", f"/admin/price-lists/{list_id}")

    strike(store, "before", lambda each: each.url.path.endswith("/prices/batch"), delete)
    assert sync(reduced(20), store).exit_code == 0
    assert amounts(store) == dict.fromkeys(SKUS, 8)


def test_sale_prices_that_the_store_refuses_do_not_undo_the_products() -> None:
    store = FakeMedusa()
    refuse(store, lambda request: request.url.path.endswith("/prices/batch"), no())
    result = sync(reduced(), store)
    assert (result.exit_code, len(store.products)) == (5, COUNT)
    assert all("No." in each.reason for each in result.problems)
    store.before = None
    sold(store, reduced())
    assert amounts(store) == dict.fromkeys(SKUS, 9)


def test_a_price_or_list_that_two_runs_have_created_is_stored_once_after_the_next_change() -> None:
    """A dry run, and a run without a change, leave them."""
    store = FakeMedusa()
    sold(store, reduced())
    one = next(iter(prices(store).values()))
    twin = ListPrice(
        "price_zz", one.currency_code, 9, price_list_id=one.price_list_id, variant_id=one.variant_id
    )
    store.state.list_prices["price_zz"] = twin
    [known] = store.state.price_lists.values()
    body = {"title": known.title, "description": known.description, "type": "sale", "status": "active"}
    store.call("POST", "/admin/price-lists", {**body, "prices": []})
    assert_quiet(reduced(), store)
    sync(reduced(20), store, dry_run=True)
    assert writes(store) == []
    sold(store, reduced(20))
    assert list(store.state.price_lists) == [known.id]
    assert amounts(store) == dict.fromkeys(SKUS, 8)


def removes_prices(request: httpx.Request) -> bool:
    is_price = request.method == "POST" and request.url.path.endswith("/prices/batch")
    return is_price and bool(json.loads(request.content)["delete"])


def two_runs(store: FakeMedusa, *groups_at_once: int) -> list[RunResult]:
    async def runs() -> list[RunResult]:
        return await asyncio.gather(
            *(run_once(reduced(), store, batch_size=1, concurrency=each) for each in groups_at_once)
        )

    return asyncio.run(runs())


@pytest.mark.parametrize(("before", "lost"), [(0, 0), (1, 0), (0, 1), (0, 2)])
def test_two_runs_at_once_leave_one_list_and_each_price_once(
    before: int, lost: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Also if the store loses its database while both remove what the other one created too."""
    store = FakeMedusa()
    assert sync(reduced(only=before), store).exit_code == 0
    refused: list[httpx.Request] = []

    def lose(request: httpx.Request) -> httpx.Response | None:
        if removes_prices(request) and len(refused) < 2 * lost:
            refused.append(request)
            return httpx.Response(500)
        return None

    store.before = lose
    for result in two_runs(store, 1, 3):
        assert result.seen == sum(result.counts.values()) == COUNT
    assert ("some sale prices may be stored twice" in caplog.text) == (lost == 2)
    sold(store, reduced())
    assert amounts(store) == dict.fromkeys(SKUS, 9)


def test_a_sale_price_whose_creation_is_delivered_late_is_stored_once_after_overwrite() -> None:
    store = FakeMedusa()

    def between(request: httpx.Request, _step: str) -> None:
        if request.url.path.endswith("/prices/batch"):
            store.between = None
            raise httpx.ReadTimeout("slow")

    store.between, store.linger = between, 1_000
    assert sync(reduced(), store).exit_code == 0
    store.catch_up()
    assert sync(reduced(), store, overwrite=True).exit_code == 0
    assert amounts(store) == dict.fromkeys(SKUS, 9)
    sold(store, reduced())


@pytest.mark.parametrize("killed", KILLED)
def test_a_deleted_variant_comes_back_with_its_sale_price_after_a_kill(killed: str, tmp_path: Path) -> None:
    variants = [*shirt()["variants"], variant(1, "XL", "Red", compareAtPrice=50)]
    less, more = (ListSource([shirt(variants=each)], sale_prices=True) for each in (variants[:-1], variants))
    store = FakeMedusa()
    sync(less, store)
    undo(store, sync(more, store), tmp_path, on_missing="delete", max_removals="100%")
    assert not prices(store)
    for hurt in killed_runs(store, killed, partial(sync, more)):
        sold(hurt, more)
        assert amounts(hurt) == {"SH1-XL-R": 21}


def test_a_sale_price_goes_although_the_record_of_its_product_was_lost() -> None:
    store = FakeMedusa()
    sold(store, reduced())
    store.products["dummyjson:1"].metadata = None
    assert sync(reduced(0), store).exit_code == 0
    assert prices(store) == {}


def test_an_undone_adoption_leaves_the_sale_price_that_the_product_had(tmp_path: Path) -> None:
    """The response to the claim is lost, so that what was read before it is what the run has changed."""
    store = FakeMedusa()
    sold(store, reduced())
    product = store.products["dummyjson:1"]
    product.external_id = product.metadata = None
    before = amounts(store)
    lost = strike(store, "after", is_write, httpx.ReadTimeout("slow"))
    result = sync(reduced(), store, adopt=True)
    assert lost
    assert counts(result) == {"updated": 1, "unchanged": COUNT - 1}
    assert "sale_price" not in {change.field for each in result.changes for change in each.changes}
    assert undo(store, result, tmp_path).exit_code == 0
    assert amounts(store) == before
