"""After a fault at any request the next run completes the work, without duplicates."""

from __future__ import annotations

from contextlib import suppress

import httpx
import pytest

from tests.flow.faults import AFTER, BATCH, BEFORE, catalogue, fault_at
from tests.flow.stage import TOO_LARGE, Killed, assert_exact, is_creation, sync, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import some

pytestmark = pytest.mark.usefixtures("routes")


def first_sync_writes() -> int:
    store = FakeMedusa()
    sync(catalogue(), store, batch_size=BATCH)
    return len(writes(store))


WRITES = first_sync_writes()


@pytest.mark.parametrize("name", [*BEFORE, *AFTER])
def test_the_next_run_repairs_any_fault_at_any_write_of_a_first_sync(name: str) -> None:
    for number in some(range(1, WRITES + 1), 3):
        store, source = FakeMedusa(), catalogue()
        hit = fault_at(store, number, name)
        try:
            result = sync(source, store, batch_size=BATCH)
        except Killed:
            pass
        else:
            assert sum(result.counts.values()) == result.seen, (number, hit)
            assert result.exit_code in {0, 4, 5}
        assert hit, number
        store.before = store.after = None
        healed = sync(source, store, batch_size=BATCH)
        assert healed.exit_code == 0, (number, hit, list(healed.problems))
        assert_exact(source.rows, store)
        store.requests.clear()
        assert sync(source, store).exit_code == 0
        assert not writes(store), (number, hit)


def give_up_at(store: FakeMedusa, number: int) -> list[str]:
    """Make the client time out at one step of the store's work; returns the steps so far."""
    seen: list[str] = []

    def between(_request: httpx.Request, step: str) -> None:
        seen.append(step)
        if len(seen) == number:
            raise httpx.ReadTimeout("slow")

    store.between = between
    return seen


def first_sync_steps() -> int:
    store = FakeMedusa()
    steps = give_up_at(store, 0)
    sync(catalogue(), store, batch_size=BATCH)
    return len(steps)


STEPS = first_sync_steps()


@pytest.mark.parametrize("linger", [0, 1, 3, 8])
def test_the_next_run_repairs_writes_that_the_store_finished_after_a_timeout(linger: int) -> None:
    """The client reads the store again while it is still working, and sees incomplete products."""
    for number in some(range(1, STEPS + 1), 5):
        store, source = FakeMedusa(), catalogue()
        store.linger = linger
        give_up_at(store, number)
        result = sync(source, store, batch_size=BATCH)
        assert sum(result.counts.values()) == result.seen
        store.between = None
        store.catch_up()
        healed = sync(source, store, batch_size=BATCH)
        assert healed.exit_code == 0, (number, list(healed.problems))
        assert_exact(source.rows, store)


def test_products_that_a_killed_store_left_incomplete_are_created_again() -> None:
    """A Medusa that is killed in the middle of a batch keeps the committed steps."""
    for number in some(range(1, STEPS + 1), 5):
        store, source = FakeMedusa(), catalogue()
        store.linger = 1_000
        give_up_at(store, number)
        result = sync(source, store, batch_size=BATCH)
        assert sum(result.counts.values()) == result.seen
        store.between = None
        store.crash()
        for _ in range(2):  # a product may need the handle or SKU of an incomplete one
            healed = sync(source, store, batch_size=BATCH)
        assert healed.exit_code == 0, (number, list(healed.problems))
        assert_exact(source.rows, store)


def test_incomplete_products_are_repaired_when_the_next_run_has_other_batches() -> None:
    """A new first product shifts the batches, and a limit keeps that run from reaching the last ones."""
    for number in some(range(1, STEPS + 1, 3), 3):
        store, source = FakeMedusa(), catalogue()
        store.linger = 1_000
        give_up_at(store, number)
        sync(source, store, batch_size=BATCH)
        store.between = None
        store.crash()
        source.rows.insert(0, products(100)[-1])
        sync(source, store, batch_size=BATCH, limit=BATCH)
        for _ in range(2):
            healed = sync(source, store, batch_size=BATCH)
        assert healed.exit_code == 0, (number, list(healed.problems))
        assert_exact(source.rows, store)


@pytest.mark.parametrize("gone", range(BATCH))
def test_an_interrupted_batch_is_completed_if_the_source_drops_one_of_its_products(
    gone: int,
) -> None:
    for number in some(range(1, WRITES + 1), 3):
        store, source = FakeMedusa(), catalogue()
        fault_at(store, number, "killed after")
        with suppress(Killed):
            sync(source, store, batch_size=BATCH)
        store.before = store.after = None
        dropped = f"dummyjson:{source.rows.pop(gone)['id']}"
        assert sync(source, store, batch_size=BATCH).exit_code == 0
        for row in source.rows:
            assert store.level_of(row["sku"]) == row["stock"], number
        held = store.products.keys() - {dropped}  # it may or may not be stored
        assert held == {f"dummyjson:{row['id']}" for row in source.rows}, number


def test_a_product_without_a_price_is_not_taken_for_an_incomplete_one() -> None:
    """The merchant removed the price; a refused neighbour makes the run read the batch again."""
    store, source = FakeMedusa(), catalogue()
    sync(source, store, batch_size=BATCH)
    product = store.products["dummyjson:2"]
    path = f"/admin/products/{product.id}/variants/{product.variants[0].id}"
    store.call("POST", path, {"prices": []})
    source.rows[1]["title"] = "New title"
    source.rows[2]["description"] = TOO_LARGE

    result = sync(source, store, batch_size=BATCH)

    assert [problem.external_id for problem in result.problems] == ["dummyjson:3"]
    held = store.products["dummyjson:2"]
    assert (held.id, held.title, held.variants[0].prices) == (product.id, "New title", [])


def test_a_refused_batch_loses_no_price_of_the_merchant() -> None:
    store, source = FakeMedusa(), catalogue()
    sync(source, store, batch_size=BATCH)
    product = store.products["dummyjson:2"]
    [variant] = product.variants
    prices = [{"id": price.id, "currency_code": "usd", "amount": price.amount} for price in variant.prices]
    path = f"/admin/products/{product.id}/variants/{variant.id}"
    store.call("POST", path, {"prices": [*prices, {"currency_code": "eur", "amount": 5}]})
    source.rows[1]["price"] = 99
    large = {**source.rows[0], "id": 1_000, "title": "New here", "description": TOO_LARGE}
    source.rows.insert(2, large)  # in the same batch as the update

    result = sync(source, store, batch_size=BATCH)

    assert [problem.external_id for problem in result.problems] == ["dummyjson:1000"]
    held = store.products["dummyjson:2"].variants[0].prices
    assert sorted((price.currency_code, price.amount) for price in held) == [("eur", 5), ("usd", 99)]


def test_a_new_product_that_is_missing_in_the_response_is_looked_up() -> None:
    store, source = FakeMedusa(), catalogue()
    shortened: list[str] = []

    def shorten(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if shortened or not is_creation(request):
            return None
        body = response.json()
        if "created" not in body:  # a bulk call does not return what it created
            return None
        shortened.append(body["created"][0]["external_id"])
        return httpx.Response(200, json={**body, "created": body["created"][1:]})

    store.after = shorten
    assert sync(source, store, batch_size=BATCH).exit_code == 0
    assert bool(shortened) is not store.offers_bulk
    assert_exact(source.rows, store)
