"""Whole runs in memory: the outcome of every product, and the requests."""

from __future__ import annotations

import asyncio
from math import log2
from threading import Thread
from typing import Any

import httpx
import pytest
from slugify import slugify

from medusa_sync import Result, Status
from tests.flow.stage import (
    BATCHES,
    SOURCE_NAME,
    ListSource,
    Signal,
    Watcher,
    assert_exact,
    counts,
    created_by,
    details_read,
    is_creation,
    run_once,
    sync,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import deep


def test_every_product_is_created_and_a_second_run_writes_nothing() -> None:
    store, source = FakeMedusa(), ListSource(products(100))
    first = sync(source, store)
    assert (first.exit_code, counts(first)) == (0, {"created": 100})
    assert_exact(source.rows, store)
    store.requests.clear()
    second = sync(source, store)
    assert (second.exit_code, counts(second)) == (0, {"unchanged": 100})
    assert writes(store) == []


@deep
def test_a_run_without_changes_sends_one_request_for_each_two_thousand_products_of_the_store() -> None:
    store, source = FakeMedusa(), ListSource(products(450))
    sync(source, store, batch_size=100)
    store.requests.clear()
    assert counts(sync(source, store)) == {"unchanged": 450}
    [page] = store.requests
    assert dict(page.query) == {
        "fields": "id,external_id,metadata",
        "order": "id",
        "limit": "2000",
        "offset": "0",
    }


THEIRS = {"title": "Theirs", "options": [{"title": "Size", "values": ["S"]}]}


def test_a_first_sync_finds_categories_tags_and_handles_with_one_request_for_many_products() -> None:
    rows = [row | {"title": f"Product {row['id'] // 2}"} for row in products(200)]
    store, source = FakeMedusa(), ListSource(rows)
    store.call("POST", "/admin/products/batch", {"create": [THEIRS]})
    store.requests.clear()
    assert sync(source, store).exit_code == 0
    paths = [request.path for request in store.requests if request.method == "GET"]
    assert paths.count("/admin/product-tags") == paths.count("/admin/product-categories") == 1
    asked = [
        request
        for request in store.requests
        if request.path == "/admin/products" and any(key.startswith("handle") for key, _ in request.query)
    ]
    assert len(asked) == 1


@pytest.mark.parametrize("dry_run", [False, True])
def test_only_details_of_products_that_the_store_has_are_read(*, dry_run: bool) -> None:
    store, source = FakeMedusa(), ListSource(products(40))
    assert counts(sync(ListSource(products(10)), store)) == {"created": 10}
    assert details_read(store) == []
    for row in source.rows[:2]:
        row["price"] += 1
    assert counts(sync(source, store, dry_run=dry_run)) == {"unchanged": 8, "updated": 2, "created": 30}
    assert details_read(store)[0] == {f"{SOURCE_NAME}:1", f"{SOURCE_NAME}:2"}
    assert not any(details_read(store)[1:]), "what is written is read again by its id"


@pytest.mark.parametrize("status", [400, 503])
def test_after_a_failed_attempt_all_details_are_read(status: int) -> None:
    store, source = FakeMedusa(), ListSource(products(4))

    def fail(request: httpx.Request, _response: httpx.Response) -> httpx.Response | None:
        if not is_creation(request):
            return None
        store.after = None
        return httpx.Response(status)

    store.after = fail
    result = sync(source, store)
    assert result.exit_code == 0, list(result.problems)
    read = details_read(store)
    assert set().union(*read) == {f"{SOURCE_NAME}:{row['id']}" for row in source.rows}
    assert_exact(source.rows, store)


def test_handle_and_status_of_the_source_are_for_new_products_only() -> None:
    store, source = FakeMedusa(), ListSource(products(2))
    source.rows[0] |= {"handle": "morning-coffee", "status": "draft"}
    assert counts(sync(source, store)) == {"created": 2}
    first, second = (store.products[f"{SOURCE_NAME}:{row['id']}"] for row in source.rows)
    assert (first.handle, first.status, second.status) == ("morning-coffee", "draft", "published")
    source.rows[0] |= {"handle": "evening-coffee", "status": "published"}
    assert counts(sync(source, store)) == {"unchanged": 2}


def test_only_tags_that_are_needed_are_created() -> None:
    store, source = FakeMedusa(), ListSource(products(2))
    for row, tag in zip(source.rows, ["first", "second"], strict=True):
        row["tags"] = [tag]
    body = {
        "title": "Mine",
        "handle": slugify(source.rows[0]["title"]),
        "options": [{"title": "A", "values": ["a"]}],
    }
    store.call("POST", BATCHES, {"create": [body]})
    assert counts(sync(source, store)) == {"created": 1, "rejected": 1}
    assert [tag.value for tag in store.state.tags.values()] == ["second"]
    stored = store.products[f"{SOURCE_NAME}:{source.rows[1]['id']}"]
    store.call("POST", BATCHES, {"update": [{"id": stored.id, "tags": []}]})
    store.state.tags.clear()
    source.rows[1]["price"] = 1234
    assert counts(sync(source, store)) == {"updated": 1, "rejected": 1}
    assert store.state.tags == {}, "the merchant removed it"


@deep
def test_one_new_product_does_not_cause_a_scan_of_the_store() -> None:
    store, source = FakeMedusa(), ListSource(products(1200))
    sync(source, store, batch_size=200)
    source.rows = products(1201)
    store.requests.clear()
    assert counts(sync(source, store)) == {"unchanged": 1200, "created": 1}
    asked = [value for request in store.requests for key, value in request.query if key == "external_id"]
    assert asked == [], "the scan showed that all products have an external id"
    assert not any(
        key == "offset" and value != "0" for request in store.requests for key, value in request.query
    )


@pytest.mark.parametrize("size", [1, 7, 15, 30])
def test_no_request_creates_more_products_than_the_batch_size(size: int) -> None:
    store = FakeMedusa()
    sync(ListSource(products(100)), store, batch_size=size)
    assert max(map(len, map(created_by, writes(store)))) in {size, min(size, 30)}, (
        "bodies have at most 100 kB"
    )


@pytest.mark.parametrize("dry_run", [False, True])
def test_nothing_is_written_if_the_placement_is_wrong(*, dry_run: bool) -> None:
    store = FakeMedusa()
    result = sync(ListSource(products(40)), store, sales_channel="Nowhere", dry_run=dry_run)
    assert (result.exit_code, counts(result)) == (2, {"not_attempted": 40})
    assert "no sales channel 'Nowhere'" in result.error
    assert writes(store) == []


def test_the_placement_is_not_checked_if_nothing_has_to_be_written() -> None:
    store, source = FakeMedusa(), ListSource(products(40))
    sync(source, store)
    assert counts(sync(source, store, sales_channel="Nowhere")) == {"unchanged": 40}


def test_wrong_credentials_end_the_run_before_a_product_is_seen() -> None:
    result = sync(ListSource(products(5)), FakeMedusa(), api_key="sk_wrong")
    assert (result.exit_code, result.seen) == (4, 0)
    assert "sk_wrong" not in result.error


def test_a_token_that_expires_during_a_run_is_renewed() -> None:
    store, source = FakeMedusa(), ListSource(products(60))

    def expire(_request: httpx.Request, _response: httpx.Response) -> httpx.Response | None:
        if len(store.requests) >= 14:
            store.expire_tokens()
            store.after = None
        return None

    store.after = expire
    result = sync(source, store, email=store.email, password=store.password)
    assert (result.exit_code, counts(result)) == (0, {"created": 60})
    log_ins = [request for request in store.requests if request.path == "/auth/user/emailpass"]
    assert len(log_ins) == 2
    assert_exact(source.rows, store)


# --- one bad product ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [15, 64])
@pytest.mark.parametrize("status", [400, 404, 413, 500])
def test_a_refused_product_fails_alone(size: int, status: int) -> None:
    store, source = FakeMedusa(), ListSource(products(size))
    culprit = source.rows[size // 3]

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if is_creation(request) and culprit["sku"].encode() in request.content:
            return httpx.Response(status, json={"type": "invalid_data", "message": "not acceptable"})
        return None

    store.before = refuse
    result = sync(source, store, batch_size=size, max_retries=0)
    assert (result.exit_code, counts(result)) == (5, {"created": size - 1, "failed": 1})
    [problem] = result.problems
    assert problem.external_id == f"dummyjson:{culprit['id']}"
    assert "not acceptable" in problem.reason
    assert_exact([row for row in source.rows if row is not culprit], store)
    assert len(list(filter(created_by, writes(store)))) <= 2 * log2(size) + 6


def test_a_batch_that_is_too_large_for_a_request_is_split() -> None:
    store, source = FakeMedusa(), ListSource(products(60))
    for row in source.rows:
        row["description"] = "long " * 9_999
    result = sync(source, store, batch_size=60)
    assert (result.exit_code, counts(result)) == (0, {"created": 60})
    assert_exact(source.rows, store)


@pytest.mark.parametrize("stored", [0, 4, 40])
@pytest.mark.parametrize("broken", [3, 9])
def test_consecutive_failures_do_not_end_the_run_while_the_store_works(stored: int, broken: int) -> None:
    """They fail with a 500, at the start of the run or in the middle."""
    store, source = FakeMedusa(), ListSource(products(40))
    sync(ListSource(source.rows[:stored]), store)
    culprits = source.rows[4 : 4 + broken]
    for row in culprits:
        row["description"] = "a poisoned text"
    store.before = lambda request: (
        httpx.Response(500) if request.method == "POST" and b"poisoned" in request.content else None
    )
    result = sync(source, store, batch_size=5, max_retries=0)
    failed = {problem.external_id for problem in result.problems}
    assert failed == {f"dummyjson:{row['id']}" for row in culprits}
    assert (result.exit_code, result.counts[Result.FAILED]) == (5, broken)
    assert result.counts[Result.CREATED] == (40 - stored if stored > 4 else 40 - stored - broken)
    kept = source.rows if stored == 40 else [row for row in source.rows if row not in culprits]
    assert store.products.keys() == {f"dummyjson:{row['id']}" for row in kept}


# --- a store or a source that fails -----------------------------------------------------------------


def test_a_run_stops_soon_after_the_store_becomes_unreachable() -> None:
    store, source = FakeMedusa(), ListSource(products(300))

    def gone(_request: httpx.Request) -> httpx.Response | None:
        if len(store.requests) > 50:
            raise httpx.ConnectError("refused")
        return None

    store.before = gone
    result = sync(source, store, batch_size=5)
    assert (result.exit_code, result.status) == (4, Status.FAILED)
    assert len(store.requests) < 100
    assert sum(result.counts.values()) == result.seen
    assert result.counts[Result.CREATED] > 0
    assert result.counts[Result.FAILED] == 0
    store.before = None
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)


def test_a_run_stops_soon_if_the_store_fails_every_write() -> None:
    store = FakeMedusa()
    store.before = lambda request: httpx.Response(500) if request.method == "POST" else None
    result = sync(ListSource(products(300)), store)
    assert result.exit_code == 4
    assert len(writes(store)) < 200
    assert sum(result.counts.values()) == result.seen


@pytest.mark.parametrize("pages", [1, 3, 4, 5])
@pytest.mark.parametrize("dry_run", [False, True])
def test_products_delivered_before_the_source_fails_are_synced(
    pages: int,
    dry_run: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    store, source = FakeMedusa(), ListSource(products(300), page_size=50, ends_after=pages)
    result = sync(source, store, dry_run=dry_run)
    assert (result.exit_code, result.error) == (3, "the source failed")
    assert (result.seen, counts(result)) == (50 * pages, {"created": 50 * pages})
    assert_exact([] if dry_run else source.rows[: 50 * pages], store)


def test_a_product_that_waited_for_its_batch_is_looked_up_again() -> None:
    """Another run may have stored it meanwhile."""
    store, source = FakeMedusa(), ListSource(products(450))
    sync(ListSource(products(450)[1:]), store, batch_size=100)

    class OtherMachine(Watcher):
        def fetched(self, seen: int, total: int | None) -> None:
            if seen == total:
                other = Thread(target=sync, args=(ListSource(products(1)), store))
                other.start()
                other.join()

    result = sync(source, store, batch_size=100, watcher=OtherMachine())
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 450})
    assert_exact(source.rows, store)


# --- interruptions and limits ---------------------------------------------------------------------


def stop_at(store: FakeMedusa, number: int, stop: Any) -> None:
    """Call `stop` while the request with this number is in progress."""

    def between(_request: httpx.Request, _step: str) -> None:
        if len(store.requests) >= number:
            store.between = None
            stop()

    store.between = between


@pytest.mark.parametrize("number", [9, 12, 20, 25])
def test_requests_in_flight_at_an_interruption_are_finished_and_counted(number: int) -> None:
    store, source, watcher, stop = FakeMedusa(), ListSource(products(200)), Watcher(), Signal()
    stop_at(store, number, stop.interrupt)

    result = asyncio.run(run_once(source, store, watcher=watcher, stop=stop))

    assert (result.exit_code, result.status) == (143, Status.INTERRUPTED)
    created = {outcome.external_id for outcome in watcher.outcomes if outcome.result is Result.CREATED}
    assert created == store.products.keys(), "a request in flight was cut off or not counted"
    assert sum(result.counts.values()) == result.seen
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)


def test_a_run_over_its_time_limit_ends_in_order() -> None:
    store, source = FakeMedusa(), ListSource(products(2_000))
    result = sync(source, store, max_duration=0.1)
    assert (result.exit_code, result.status) == (5, Status.PARTIAL)
    assert "0.1 s" in result.error
    assert sum(result.counts.values()) == result.seen
    assert len(store.products) == result.counts[Result.CREATED]
