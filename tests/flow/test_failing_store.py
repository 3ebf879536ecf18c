"""Failed writes in a row: a few products that fail, or a store that fails."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from medusa_sync import Result
from tests.flow.stage import (
    BATCHES,
    SOURCE_NAME,
    ListSource,
    assert_exact,
    counts,
    is_creation,
    sent_in_bulk,
    sync,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

COUNT = 40


def poisoned(*, size: int, broken: int) -> tuple[FakeMedusa, ListSource]:
    """A store that fails every write with one of these products."""
    store, source = FakeMedusa(), ListSource(products(size))
    for row in source.rows[4 : 4 + broken]:
        row["description"] = "a poisoned text"
    store.before = lambda request: httpx.Response(500) if b"poisoned" in request.content else None
    return store, source


def test_a_product_that_the_merchant_has_deleted_says_nothing_about_the_store() -> None:
    """Each write of a stored product is answered as if the merchant had deleted it."""
    store, source = poisoned(size=COUNT, broken=9)
    sync(ListSource(source.rows[:1]), store)
    [stored] = store.products.values()
    fails = store.before
    assert fails is not None

    def before(request: httpx.Request) -> httpx.Response | None:
        if request.url.path == BATCHES and stored.id.encode() in request.content:
            message = {"type": "not_found", "message": "Products with id: x not found"}
            return httpx.Response(404, json=message)
        return fails(request)

    store.before = before
    result = sync(source, store, batch_size=5, max_retries=0)
    assert (result.exit_code, counts(result)) == (5, {"created": COUNT - 10, "failed": 9, "unchanged": 1})


FAILS: dict[str, Callable[[httpx.Request], bool]] = {
    "every write": lambda request: request.method == "POST",
    "every creation": is_creation,
    "every write with a product": lambda request: (
        is_creation(request) or (request.url.path == BATCHES and b'"id"' in request.content)
    ),
}


@pytest.mark.parametrize("what", FAILS)
@pytest.mark.parametrize("is_lost", [True, False], ids=["lost", "500"])
def test_a_run_ends_soon_if_the_store_fails(what: str, *, is_lost: bool) -> None:
    store, source = FakeMedusa(), ListSource(products(300))

    def before(request: httpx.Request) -> httpx.Response | None:
        if not FAILS[what](request):
            return None
        if is_lost:
            raise httpx.ReadTimeout("slow")
        return httpx.Response(500)

    store.before = before
    result = sync(source, store)
    assert (result.exit_code, result.counts[Result.CREATED]) == (4, 0)
    assert "fails every write" in result.error
    assert sum(result.counts.values()) == result.seen
    assert len(writes(store)) < 200
    store.before = None
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)


def test_a_store_that_fails_large_calls_gets_all_products_in_smaller_ones() -> None:
    store, source = FakeMedusa(), ListSource(products(600), page_size=600)
    failed: list[int] = []

    def fail(request: httpx.Request) -> httpx.Response | None:
        if len(sent_in_bulk(request, "create-products")) > 20:
            failed.append(len(store.requests))
            return httpx.Response(500)
        return None

    store.before = fail
    result = sync(source, store, batch_size="auto", max_retries=0)
    assert (result.exit_code, counts(result)) == (0, {"created": 600})
    assert len(failed) <= 20
    assert_exact(source.rows, store)


def renamed() -> tuple[FakeMedusa, ListSource]:
    """A store, and a source that passes SKUs on, so that inventory items are renamed twice."""
    store, source = FakeMedusa(), ListSource(products(3))
    assert sync(source, store).exit_code == 0
    skus = [row["sku"] for row in source.rows]
    source.rows = [{**row, "sku": sku} for row, sku in zip(source.rows, [*skus[1:], skus[0]], strict=True)]
    return store, source


@pytest.mark.parametrize("answer", [400, 500, 503])
def test_a_run_whose_rename_was_lost_ends_well_although_no_record_can_be_written(answer: int) -> None:
    """The next run repairs what arrives late. If the store is down by then, the run says so."""
    store, source = renamed()
    lost: list[httpx.Request] = []

    def hurt(request: httpx.Request) -> httpx.Response | None:
        if not lost and any(
            each["sku"] is None for each in sent_in_bulk(request, "update-inventory-items-workflow")
        ):
            lost.append(request)
            raise httpx.ReadTimeout("slow")
        bodies = json.loads(request.content).get("update", ()) if request.url.path == BATCHES else ()
        is_record = bool(bodies) and all(each.keys() == {"id", "metadata"} for each in bodies)
        return httpx.Response(answer) if lost and is_record else None

    store.before = hurt
    result = sync(source, store)
    assert result.exit_code in ({0, 4} if answer == 503 else {0})
    assert counts(result) == {"updated": 3}
    store.before = None
    store.handle(lost[0])
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)
    for number in (1, 2, 3):
        [own] = store.products[f"{SOURCE_NAME}:{number}"].variants
        assert [store.state.items[item_id].sku for item_id in own.item_ids] == [own.sku]
