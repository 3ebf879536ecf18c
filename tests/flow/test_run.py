"""Whole runs in memory: the outcome of every product, and the requests."""

import asyncio
import gc
import json
from collections.abc import AsyncGenerator, Sequence
from itertools import chain
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slugify import slugify

from medusa_sync import Outcome, Result, RunResult
from tests.flow.faults import run_elsewhere, strike, with_index
from tests.flow.merchant import create, edit
from tests.flow.stage import (
    BATCHES,
    SOURCE_NAME,
    ListSource,
    Signal,
    Watcher,
    assert_exact,
    assert_quiet,
    constant,
    counts,
    created_by,
    details_read,
    is_creation,
    run_once,
    sync,
    synced,
    without_codes,
    writes,
)
from tests.harness.catalogue import in_variants, products
from tests.harness.fake_medusa import FakeMedusa


def test_every_product_is_created_and_a_second_run_writes_nothing() -> None:
    store, source = FakeMedusa(), ListSource(products(100))
    first = sync(source, store)
    assert (first.exit_code, counts(first)) == (0, {"created": 100})
    assert_exact(source.rows, store)
    assert_quiet(source, store)
    [page] = store.requests
    assert dict(page.query) == {
        "fields": "id,external_id,metadata,status",
        "order": "id",
        "limit": "2000",
        "offset": "0",
    }


def test_only_the_mode_of_a_run_says_that_it_undoes_one_or_carries_out_a_plan() -> None:
    """Classes of other packages may have any attributes."""
    source = ListSource(products(2))
    vars(source).update(created={}, removals=[])
    assert counts(sync(source, FakeMedusa())) == {"created": 2}


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_handle_that_an_earlier_product_got_is_not_proposed_again(concurrency: int) -> None:
    """No creation is refused."""
    rows = [row | {"title": f"Product {row['id'] % 50}"} for row in products(150)]
    store, statuses = FakeMedusa(), set[int]()

    def after(request: httpx.Request, response: httpx.Response) -> None:
        if is_creation(request):
            statuses.add(response.status_code)

    store.after = after
    result = sync(ListSource(rows, page_size=1_000), store, concurrency=concurrency)
    assert (counts(result), statuses) == ({"created": 150}, {200})


@pytest.mark.parametrize("dry_run", [False, True])
def test_only_details_of_products_that_change_are_read(*, dry_run: bool) -> None:
    store, rows = synced(products(10)), products(40)
    for row in rows[:2]:
        row["price"] += 1
    result = sync(ListSource(rows), store, dry_run=dry_run)
    assert counts(result) == {"unchanged": 8, "updated": 2, "created": 30}
    assert {*chain(*details_read(store))} == {f"{SOURCE_NAME}:1", f"{SOURCE_NAME}:2"}


def test_only_tags_that_are_needed_are_created() -> None:
    store, source = FakeMedusa(), ListSource(products(2))
    for row, tag in zip(source.rows, ["first", "second"], strict=True):
        row["tags"] = [tag]
    create(store, "Mine", handle=slugify(source.rows[0]["title"]))
    assert counts(sync(source, store)) == {"created": 1, "rejected": 1}
    assert [tag.value for tag in store.state.tags.values()] == ["second"]
    edit(store, 2, tags=[])
    store.state.tags.clear()
    source.rows[1]["tags"] = ["second", "third"]
    assert counts(sync(source, store)) == {"updated": 1, "rejected": 1}
    assert [tag.value for tag in store.state.tags.values()] == ["third"], "the merchant removed the second"


def test_a_run_sends_no_more_requests_than_it_needs() -> None:
    """Each run that writes reads where new products go (2).

    One that creates reads their shipping profile, and what customers need to buy (2). Before the
    acknowledgement, each reads the records.
    """
    rows = [row | {"title": f"Product {row['id']}"} for row in products(200)]
    store, source = FakeMedusa(), ListSource(rows, page_size=200)

    def requests() -> tuple[int, int]:
        counted = sync(source, store, batch_size=100).requests
        return counted.store_reads, counted.store_writes

    # Reads: a page of the store, tags, categories. An empty store has no handles and SKUs to look up.
    # Writes: tags, categories, inventory items, three bodies of less than 100 kB for each batch.
    assert requests() == (3 + 2 + 3 + 1, 3 + 2 * 3 + 1)
    assert requests() == (1, 0)
    source.rows = [row | {"price": 12.5, "stock": 7} if row["id"] in {50, 150} else row for row in rows]
    # Reads: a page, a look-up, details after the rows were written.
    # Writes: the rows with their notes, the variants, their levels.
    assert requests() == (3 + 2 + 1, 3 + 1)


def noted(store: FakeMedusa) -> list[int]:
    """How many products the notes are about that a run has written, by request."""
    bodies = [json.loads(each.content)["update"] for each in writes(store) if each.path == BATCHES]
    records = [[each["metadata"]["medusa_sync"] for each in products] for products in bodies]
    return [len(found) for found in records if "pending" in found[0]]


def test_prices_are_noted_in_full_groups_whatever_the_size_of_a_look_up() -> None:
    rows = products(450)
    store, source = synced(rows), ListSource([row | {"price": 12.5} for row in rows])
    store.requests.clear()
    assert counts(sync(source, store, batch_size=50)) == {"updated": 450}
    assert noted(store) == [400, 50]
    assert_quiet(source, store)


def test_many_variants_divide_groups_of_products_that_are_noted() -> None:
    """The details of a group are in one response."""
    rows = [in_variants(row, 2) for row in products(7)]
    store, source = synced(rows), ListSource(rows)
    source.rows = [row | {"variants": [each | {"price": 12.5} for each in row["variants"]]} for row in rows]
    store.requests.clear()
    with constant("MOST_VARIANTS", 4):
        assert counts(sync(source, store)) == {"updated": 7}
    assert noted(store) == [2, 2, 2, 1]
    assert_quiet(source, store)


def test_no_request_creates_more_products_than_the_batch_size() -> None:
    store = FakeMedusa()
    sync(ListSource(products(20)), store, batch_size=7)
    assert max(map(len, map(created_by, writes(store)))) == 7


def test_calls_that_create_products_are_filled_across_batches() -> None:
    """Otherwise each batch of five would end with a call that creates one product."""
    store = FakeMedusa()
    sync(ListSource(products(1)), store)
    size = max(len(request.content) for request in writes(store) if created_by(request))
    store, source = FakeMedusa(), ListSource(products(10))
    with constant("BODY_BYTES", round(4.7 * size)):
        sync(source, store, batch_size=5)
    assert [len(created) for each in writes(store) if (created := created_by(each))] == [4, 4, 2]
    assert_exact(source.rows, store)


@pytest.mark.parametrize("dry_run", [False, True])
def test_the_placement_is_checked_before_anything_is_written_and_only_then(*, dry_run: bool) -> None:
    store, source = FakeMedusa(), ListSource(products(40))
    result = sync(source, store, sales_channel="Nowhere", dry_run=dry_run)
    assert (result.exit_code, counts(result), writes(store)) == (2, {"not_attempted": 40}, [])
    assert "no sales channel 'Nowhere'" in result.error
    sync(source, store)
    assert_quiet(source, store, sales_channel="Nowhere")


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_store_without_a_shipping_profile_is_updated_but_nothing_is_created(*, dry_run: bool) -> None:
    """Only new products get one; a dry run checks it in any case."""
    store, source = FakeMedusa(), ListSource(products(3))
    sync(source, store)
    store.state.shipping_profiles.clear()
    source.rows = [row | {"title": f"New {row['title']}"} for row in products(3)]
    assert sync(source, store, dry_run=True).error == "The store has no shipping profile"
    if not dry_run:
        assert counts(sync(source, store)) == {"updated": 3}
    source.rows = [row | {"title": f"Newest {row['title']}"} for row in products(4)]
    store.requests.clear()
    result = sync(source, store, dry_run=dry_run)
    assert (result.error, writes(store)) == ("The store has no shipping profile", [])


def test_a_product_that_is_deleted_after_the_look_up_is_created_in_its_profile_and_channels() -> None:
    store = FakeMedusa()
    channel = store.call("POST", "/admin/sales-channels", {"name": "Web"})["sales_channel"]["id"]
    source = ListSource([row | {"salesChannels": ["Web"]} for row in products(2)])
    sync(source, store)
    source.rows = [row | {"title": f"New {row['title']}"} for row in source.rows]

    def delete(request: httpx.Request) -> None:
        if "variants.price_set" in request.url.params.get("fields", ""):
            store.before = None
            del store.state.products[store.products["dummyjson:1"].id]

    store.before = delete
    assert counts(sync(source, store)) == {"created": 1, "updated": 1}
    created = store.products["dummyjson:1"]
    assert (created.shipping_profile_id, created.sales_channel_ids) == (store.shipping_profile_id, [channel])
    assert_quiet(source, store)


@pytest.mark.parametrize(("pages", "dry_run"), [(1, False), (4, False), (4, True)])
def test_products_delivered_before_the_source_fails_are_synced(pages: int, *, dry_run: bool) -> None:
    store, source = FakeMedusa(), ListSource(products(150), page_size=30, ends_after=pages)
    result = sync(source, store, dry_run=dry_run)
    assert (result.exit_code, result.error) == (3, "the source failed")
    assert (result.seen, counts(result)) == (30 * pages, {"created": 30 * pages})
    assert_exact([] if dry_run else source.rows[: 30 * pages], store)


# --- what another run stores meanwhile, and what an index does not list yet --------------------------------


def test_a_product_that_waited_for_its_batch_is_looked_up_again() -> None:
    """Another run may have stored it meanwhile."""
    store, source = synced(products(150)[1:]), ListSource(products(150))

    class OtherMachine(Watcher):
        def fetched(self, seen: int, total: int | None) -> None:
            if seen == total:
                run_elsewhere(ListSource(products(1)), store)

    assert counts(sync(source, store, batch_size=100, watcher=OtherMachine())) == {"unchanged": 150}
    assert_exact(source.rows, store)


def test_a_product_that_the_index_does_not_list_yet_is_not_created_again() -> None:
    """Also if it is on a page that was not read; only a complete scan shows it."""
    rows = without_codes(60)
    store = synced(rows)
    own = str(max(store.products.values(), key=lambda product: product.id).external_id)
    [row] = [row for row in rows if f"{SOURCE_NAME}:{row['id']}" == own]
    row["title"] = "Another title, and so another handle"
    with_index(store, lambda found: [each for each in found if each["external_id"] != own])

    def assert_unconfirmed(result: RunResult, **others: int) -> None:
        assert (result.exit_code, counts(result)) == (5, {"unconfirmed": 1, **others})
        [problem] = result.problems
        assert (problem.external_id, "its index does not list it yet" in problem.reason) == (own, True)

    with constant("PAGE_SIZE", 10):
        result = sync(ListSource([row]), store)
    assert_unconfirmed(result)
    assert result.store is not None
    assert result.store.owned == 1
    assert_unconfirmed(sync(ListSource(rows), store), unchanged=59)
    store.after = None
    assert counts(sync(ListSource(rows), store)) == {"updated": 1, "unchanged": 59}


def test_a_product_that_another_run_creates_after_the_scan_is_stored_once() -> None:
    """With the index engine."""
    store, rows = FakeMedusa(), without_codes(3)

    def other_run() -> None:
        store.before = None
        run_elsewhere(ListSource([rows[0] | {"title": "Another title"}]), store)

    strike(store, "before", lambda _request: len(store.requests) == 2, other_run)
    with_index(store)
    assert counts(sync(ListSource(rows), store)) == {"updated": 1, "created": 2}
    assert len(store.state.products) == 3
    assert_quiet(ListSource(rows), store)


# --- what a source delivers, however odd its pages are ---------------------------------------------------

ROWS = products(10)


class PagesSource(ListSource):
    """Delivers exactly these pages, and remembers how many, and whether it was closed."""

    def __init__(self, *pages: Sequence[dict[str, Any]], **changes: Any) -> None:
        super().__init__([row for page in pages for row in page], **changes)
        self.delivered = 0
        self.is_closed = False
        self._pages = pages

    async def pages(self, limit: int | None) -> AsyncGenerator[Any, None]:
        assert limit is None
        try:
            for page in self._pages:
                self.delivered += 1
                await asyncio.sleep(0)
                yield self.page(page)
        finally:
            self.is_closed = True


def invalid(number: int) -> dict[str, Any]:
    return {**ROWS[number], "price": -1}


VALID = st.integers(0, 9).map(ROWS.__getitem__)
INVALID = st.integers(0, 9).map(invalid) | st.just({"title": "No id", "price": 1})


@given(st.lists(st.lists(VALID | INVALID, max_size=6), max_size=4), st.sampled_from([1, 2, 15]))
def test_every_row_has_one_outcome_and_each_valid_product_is_stored_once(
    pages: list[list[dict[str, Any]]], batch_size: int
) -> None:
    store, watcher = FakeMedusa(), Watcher()
    result = asyncio.run(run_once(PagesSource(*pages), store, batch_size=batch_size, watcher=watcher))
    rows = [row for page in pages for row in page]
    first = {row["id"]: row for row in reversed(rows) if "id" in row}
    stored = {number for number, row in first.items() if row["price"] >= 0}
    assert store.products.keys() == {f"{SOURCE_NAME}:{number}" for number in stored}
    assert len(rows) == result.seen == sum(result.counts.values()) == len(watcher.outcomes)
    assert result.counts[Result.CREATED] == len(stored)
    assert result.counts[Result.REJECTED] == len(rows) - len(stored)


def test_few_products_are_read_ahead_of_those_that_are_written() -> None:
    """A catalogue of any size takes the same memory."""
    rows = products(600)
    source = PagesSource(*(rows[start : start + 10] for start in range(0, 600, 10)))
    ahead = 0

    class Reader(Watcher):
        def settled(self, outcome: Any) -> None:
            nonlocal ahead
            super().settled(outcome)
            if source.delivered < 60:
                ahead = max(ahead, 10 * source.delivered - len(self.outcomes))

    store = FakeMedusa()
    asyncio.run(run_once(source, store, batch_size=20, watcher=Reader()))
    assert len(store.products) == 600
    assert ahead <= 500


@pytest.mark.parametrize(("has_bulk", "dry_run"), [(True, True), (True, False), (False, False)])
def test_few_products_are_in_memory(*, has_bulk: bool, dry_run: bool) -> None:
    def in_memory() -> int:
        gc.collect()
        return sum(type(each).__name__ == "DesiredProduct" for each in gc.get_objects())

    source, store = ListSource(products(800)), FakeMedusa()
    before, kept = in_memory(), 0  # those of other tests

    class Reader(Watcher):
        def settled(self, outcome: Outcome) -> None:
            nonlocal kept
            super().settled(outcome)
            if len(self.outcomes) == 700:
                kept = in_memory() - before

    store.offers_bulk = has_bulk
    result = asyncio.run(run_once(source, store, watcher=Reader(), dry_run=dry_run, batch_size=20))
    assert result.counts[Result.CREATED] == 800
    assert 0 < kept <= 500


@pytest.mark.parametrize("number", [2, 15])
def test_a_source_is_closed_when_the_run_ends_early(number: int) -> None:
    rows = products(150)
    source, store, stop = PagesSource(*([row] for row in rows)), FakeMedusa(), Signal()

    def interrupt(_request: object) -> None:
        if len(store.requests) == number:
            stop.interrupt()

    store.before = interrupt

    async def run() -> RunResult:
        result = await run_once(source, store, stop=stop, batch_size=5, concurrency=1)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    result = asyncio.run(run())
    assert (result.exit_code, source.is_closed) == (143, True)
    assert result.seen == sum(result.counts.values())
    assert writes(store) == [] or result.counts[Result.CREATED] == len(store.products)
