"""After a fault at any request the next run completes the work, without duplicates."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from itertools import product
from typing import Any

import httpx
import pytest

from tests.flow.faults import FAULTS, Killed, fault_at, no, refuse
from tests.flow.merchant import edit_variant, set_prices
from tests.flow.stage import (
    ListSource,
    assert_exact,
    assert_items_follow,
    assert_quiet,
    constant,
    copies_of,
    counts,
    is_creation,
    sent_in_bulk,
    sync,
    synced,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirts
from tests.tiers import sampled, some

pytestmark = pytest.mark.usefixtures("routes")

BATCH = 4
SIZE = 12


def catalogue(size: int = SIZE) -> list[dict[str, Any]]:
    """A catalogue with few tags and nested categories, so that a sync has few writes of each kind."""
    rows = products(size)
    for row in rows:
        row["tags"] = [f"tag {row['id'] % 3}", "all"]
        row["categories"] = [["Shop", "Sale"] if row["id"] % 2 else ["Garden", "Sale"]]
        del row["category"]
    return rows


def with_skus_exchanged() -> list[dict[str, Any]]:
    """Five products pass their SKUs and barcodes on in a ring, and a new one gets the SKU of a sixth."""
    rows = catalogue(SIZE + 1)
    for place, giver in enumerate([1, 2, 3, 4, 0]):
        rows[place] |= {name: catalogue()[giver][name] for name in ("sku", "meta")} | {"price": 1}
    rows[-1]["sku"], rows[6]["sku"] = rows[6]["sku"], "RENAMED"
    return rows


@cache
def copy_of_synced() -> Callable[[], FakeMedusa]:
    return copies_of(synced(catalogue(), batch_size=BATCH))


def in_sync() -> FakeMedusa:
    return copy_of_synced()()


SCENES: dict[str, tuple[Callable[[], FakeMedusa], Callable[[], list[dict[str, Any]]]]] = {
    "first sync": (FakeMedusa, catalogue),
    "exchange": (in_sync, with_skus_exchanged),
}


@cache
def writes_of(scene: str) -> int:
    start, rows = SCENES[scene]
    store = start()
    sync(ListSource(rows()), store, batch_size=BATCH)
    return len(writes(store))


WAYS = list(product(FAULTS, SCENES))


@pytest.mark.parametrize(("name", "scene"), sampled(WAYS, *WAYS[::4], *WAYS[3::4]))
def test_the_next_run_repairs_any_fault_at_any_write(name: str, scene: str) -> None:
    """A value that is freed in between is not an edit of the merchant."""
    start, rows = SCENES[scene]
    for number in some(range(1, writes_of(scene) + 1), 2):
        store, source = start(), ListSource(rows())
        hit = fault_at(store, number, name)
        with suppress(Killed):
            result = sync(source, store, batch_size=BATCH, on_conflict="store")
            assert sum(result.counts.values()) == result.seen, (number, hit)
            assert result.exit_code in {0, 4, 5}
            if scene == "first sync" and result.exit_code == 0:
                assert counts(result) == {"created": SIZE}
        assert hit, number
        store.before = store.after = None
        for _ in range(1 if scene == "first sync" else 2):  # a handover that was split takes two runs
            healed = sync(source, store, batch_size=BATCH, on_conflict="store")
        assert healed.exit_code == 0, (number, hit, list(healed.problems))
        assert_exact(source.rows, store)
        if scene == "first sync":  # an item that was refused its SKU in an exchange goes without it
            assert_items_follow(store)
            assert len(store.state.live_items()) == SIZE
            assert_quiet(source, store)


def give_up_at(store: FakeMedusa, number: int) -> list[str]:
    """Make the client time out at one step of the store's work; returns the steps so far."""
    seen: list[str] = []

    def between(_request: httpx.Request, step: str) -> None:
        seen.append(step)
        if len(seen) == number:
            raise httpx.ReadTimeout("slow")

    store.between = between
    return seen


@cache
def steps_of_a_first_sync() -> int:
    store = FakeMedusa()
    steps = give_up_at(store, 0)
    sync(ListSource(catalogue()), store, batch_size=BATCH)
    return len(steps)


@pytest.mark.parametrize("linger", [1, 4])
def test_the_next_run_repairs_writes_that_the_store_finished_after_a_timeout(linger: int) -> None:
    """The client reads the store again while it is still working, and sees incomplete products."""
    for number in some(range(1, steps_of_a_first_sync() + 1), 5):
        store, source = FakeMedusa(), ListSource(catalogue())
        store.linger = linger
        give_up_at(store, number)
        result = sync(source, store, batch_size=BATCH)
        assert sum(result.counts.values()) == result.seen
        store.between = None
        store.catch_up()
        assert sync(source, store, batch_size=BATCH).exit_code == 0, number
        assert_exact(source.rows, store)


@pytest.mark.parametrize("has_price", [False, True])
def test_a_refused_batch_loses_no_price_of_the_merchant(*, has_price: bool) -> None:
    """A product whose price the merchant removed is not taken for an incomplete one either."""
    rows = catalogue()
    store = synced(rows, batch_size=BATCH)
    product = store.products["dummyjson:2"]
    if has_price:
        set_prices(store, 2, {"currency_code": "eur", "amount": 5})
    else:
        edit_variant(store, 2, prices=[])
    rows[1] |= {"title": "New title"} | ({"price": 99} if has_price else {})
    refused = rows[0] | {"id": 1_000, "sku": "REFUSED", "title": "Refused", "meta": {}}
    rows.insert(2, refused)  # in the same batch as the update
    refuse(store, lambda each: is_creation(each) and b"REFUSED" in each.content, no())
    result = sync(ListSource(rows), store, batch_size=BATCH)
    assert [problem.external_id for problem in result.problems] == ["dummyjson:1000"]
    after = store.products["dummyjson:2"]
    assert (after.id, after.title) == (product.id, "New title")
    amounts = {price.currency_code: price.amount for price in after.variants[0].prices}
    assert amounts == ({"usd": 99, "eur": 5} if has_price else {})


def test_a_new_product_that_is_missing_in_the_response_is_looked_up() -> None:
    store, source = FakeMedusa(), ListSource(catalogue())
    shortened: list[str] = []

    def shorten(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        body = response.json() if is_creation(request) and not shortened else {}
        if "created" not in body:  # a bulk call does not return what it created
            return None
        shortened.append(body["created"][0]["external_id"])
        return httpx.Response(200, json={**body, "created": body["created"][1:]})

    store.after = shorten
    assert sync(source, store, batch_size=BATCH).exit_code == 0
    assert bool(shortened) is not store.offers_bulk
    assert_exact(source.rows, store)


@pytest.mark.parametrize("at_once", [1, 200])  # acknowledgements in one call
def test_a_product_that_is_deleted_while_it_is_written_is_created_again(at_once: int) -> None:
    rows = shirts(2)
    store = synced(rows)
    for row in rows:
        for each in row["variants"][:2]:
            each["price"] += 1
    hit: list[object] = []

    def after(request: httpx.Request, _response: httpx.Response) -> None:
        if request.url.path == "/admin/products/batch" and not hit:
            hit.append(store.call("DELETE", f"/admin/products/{store.products['dummyjson:1'].id}"))
        elif len(hit) == 1 and sent_in_bulk(request, "update-product-variants"):
            hit.append(request)
            raise httpx.RemoteProtocolError("closed")

    store.after = after
    with constant("AT_ONCE", at_once):
        result = sync(ListSource(rows), store)
    assert (counts(result), result.exit_code) == ({"created": 1, "updated": 1}, 0)
    store.after = None
    assert_quiet(ListSource(rows), store)
