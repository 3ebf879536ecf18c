"""Two runs at once without a common lock: each product is stored once, even if their sources differ."""

import asyncio
import copy
import time
from dataclasses import replace
from functools import partial
from typing import Any

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.faults import Killed, kill_at_step, no, refuse, run_elsewhere, strike, sync_killed
from tests.flow.shirts import assert_shirts
from tests.flow.stage import (
    BATCHES,
    SOURCE_NAME,
    ListSource,
    assert_quiet,
    constant,
    copies_of,
    counts,
    created_by,
    is_creation,
    is_write,
    run_once,
    sent_in_bulk,
    sync,
    synced,
    without_codes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Image, Product
from tests.harness.shirts import shirt, shirts, variant

SIZE = 6
"""After so many seconds, a write of a killed run cannot arrive any more."""

Rows = list[dict[str, Any]]


def assert_stored_once(store: FakeMedusa, rows: Rows) -> None:
    held = store.products  # raises if one is stored twice
    assert {key: product.title for key, product in held.items()} == {
        f"{SOURCE_NAME}:{row['id']}": row["title"] for row in rows
    }
    for row in rows:
        [variant] = held[f"{SOURCE_NAME}:{row['id']}"].variants
        assert [price.amount for price in variant.prices] == [row["price"]]
        [item_id] = variant.item_ids
        assert [level.stocked_quantity for level in store.state.items[item_id].levels] == [row["stock"]]


class Meeting(FakeMedusa):
    """A store that creates products only when two runs, with a batch at a time, want to create some."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = 0
        self._both = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if is_creation(request) and not self._both.is_set():
            self.waiting += 1
            if self.waiting == 2:
                self._both.set()
            await self._both.wait()
        return await super().handle_async_request(request)


@pytest.mark.parametrize(
    ("titles", "batch_size", "has_sku"),
    [("A", 2, False), ("B", SIZE, False), ("B", 2, True), ("A", SIZE, True)],
)
def test_two_runs_that_both_found_the_products_absent_store_each_once(
    titles: str, batch_size: int, *, has_sku: bool
) -> None:
    store, sources = Meeting(), [without_codes(SIZE, "A"), without_codes(SIZE, titles)]
    for row in [row for rows in sources for row in rows if has_sku]:
        row["sku"] = f"SKU-{row['id']}"

    async def both() -> list[RunResult]:
        runs = [run_once(ListSource(rows), store, batch_size=batch_size, concurrency=1) for rows in sources]
        return await asyncio.gather(*runs)

    for result in asyncio.run(both()):
        assert result.seen == sum(result.counts.values()) == SIZE
        assert result.exit_code == 0, list(result.problems)
    assert (store.waiting, len(store.products)) == (2, SIZE)
    newer = ListSource(without_codes(SIZE, "C"))
    assert sync(newer, store).exit_code == 0
    assert_stored_once(store, newer.rows)


@pytest.mark.parametrize("is_killed", [False, True], ids=["responds", "killed"])
def test_images_that_two_runs_add_at_once_are_stored_once(*, is_killed: bool) -> None:
    """Medusa replaces the images that it read, so an image that another request adds in between stays."""
    rows = products(SIZE)
    store, key = synced(rows), f"{SOURCE_NAME}:1"
    rows[0]["images"] = [*rows[0]["images"], "https://example.com/new.png"]

    def other_run_adds_it_too(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if request.url.path != BATCHES or b"new.png" not in request.content:
            return None
        store.after = None
        images = store.products[key].images
        images.append(Image(f"{images[-1].id}_duplicate", images[-1].url))
        if is_killed:
            raise Killed
        document = response.json()
        document["updated"][0]["images"].append({"id": images[-1].id, "url": images[-1].url})
        return httpx.Response(200, json=document)

    store.after = other_run_adds_it_too
    if is_killed:
        with pytest.raises(Killed):
            sync(ListSource(rows), store)
    assert sync(ListSource(rows), store).exit_code == 0
    assert [image.url for image in store.products[key].images] == rows[0]["images"]
    assert not any(image.id.endswith("_duplicate") for image in store.products[key].images)
    assert_quiet(ListSource(rows), store)


def test_new_products_that_wait_behind_refused_updates_are_created() -> None:
    """Another run has created some products of a batch, and the store refuses to update these together."""
    rows, store = products(SIZE), FakeMedusa()
    theirs = ListSource([{**row, "title": "Theirs", "sku": f"T-{row['id']}"} for row in rows[:2]])
    creates_items = partial(sent_in_bulk, workflow="create-inventory-items-workflow")
    strike(store, "after", creates_items, lambda: run_elsewhere(theirs, store))

    def refused(request: httpx.Request) -> bool:
        titles = [f'"{row["title"]}"'.encode() for row in rows[:2]]
        return request.url.path == BATCHES and all(each in request.content for each in titles)

    hit = refuse(store, refused, no())
    result = sync(ListSource(rows), store)
    assert (hit != [], result.exit_code, result.seen) == (True, 0, SIZE)
    assert_stored_once(store, rows)


@pytest.mark.parametrize("linger", [8, 20])
def test_a_variant_that_another_run_is_creating_is_not_deleted_after_a_refusal(linger: int) -> None:
    """A variant has no prices until its creation is complete. The refusal has another cause."""
    store, source = synced(shirts(2)), ListSource(shirts(2))
    source.rows[0]["variants"].append(variant(1, "XXL", "Blue"))

    def give_up(request: httpx.Request, step: str) -> None:
        if sent_in_bulk(request, "create-product-variants") and step == "items":
            store.between = None
            raise Killed

    store.between, store.linger = give_up, linger
    with pytest.raises(Killed):
        sync(source, store)
    created = [each.id for each in store.products["dummyjson:1"].variants]
    source.rows[1]["title"] = "New"

    strike(store, "before", is_write, no())
    with constant("SETTLE_S", 10):
        result, again = sync(source, store), sync(source, store)
    assert (result.conflicts, again.conflicts, again.exit_code) == (0, 0, 0)
    assert_shirts(source.rows, store)
    assert [each.id for each in store.products["dummyjson:1"].variants] == created


def test_a_run_does_not_wait_for_what_it_has_noted_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """It frees unique values first, with a note, before it writes prices that a killed run has noted."""
    store, row = synced([shirt(1)]), shirt(1)
    one, two, *_ = row["variants"]
    one["price"] += 5
    changes_variants = partial(sent_in_bulk, workflow="update-product-variants")
    sync_killed("before", changes_variants, ListSource([row]), store)
    one["sku"], two["sku"] = two["sku"], one["sku"]
    now = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: now)
    with constant("SETTLE_S", 10):
        assert counts(sync(ListSource([row]), store)) == {"updated": 1}
    assert_shirts([row], store)


def as_written_elsewhere(store: FakeMedusa, row: dict[str, Any]) -> Product:
    """The product as another run writes and confirms it in a copy of the store."""
    elsewhere = copies_of(store)()
    sync(ListSource([row]), elsewhere)
    return elsewhere.products["dummyjson:1"]


def test_skus_that_a_run_has_cleared_again_are_written_although_another_run_has_confirmed_them() -> None:
    """Both exchange two SKUs; the other run sets and confirms them while this one clears and notes them."""
    store, row = synced([shirt(1)]), shirt(1)
    one, two, *_ = row["variants"]
    one["sku"], two["sku"] = two["sku"], one["sku"]
    confirmed = as_written_elsewhere(store, row).metadata

    def notes_new_skus(request: httpx.Request) -> bool:
        return request.url.path == BATCHES and b'[null,"SH' in request.content

    def confirm_theirs() -> None:
        store.products["dummyjson:1"].metadata = confirmed

    hit = strike(store, "after", notes_new_skus, confirm_theirs)
    assert (counts(sync(ListSource([row]), store)), len(hit)) == ({"updated": 1}, 1)
    assert_shirts([row], store)
    assert_quiet(ListSource([row]), store)


def test_a_call_that_the_store_undoes_is_sent_again_although_another_run_has_confirmed_the_same() -> None:
    store, row = synced([shirt(1)]), shirt(1)
    row["variants"][0] |= {"sku": "NEW", "price": 99}
    confirmed = as_written_elsewhere(store, row).metadata

    def confirm_theirs() -> None:
        store.products["dummyjson:1"].metadata = confirmed
        raise httpx.ReadTimeout("slow")

    strike(store, "before", partial(sent_in_bulk, workflow="update-product-variants"), confirm_theirs)
    result = sync(ListSource([row]), store)
    assert (counts(result), result.conflicts) == ({"updated": 1}, 0)
    assert_shirts([row], store)
    assert_quiet(ListSource([row]), store)


def test_the_variant_of_a_product_that_has_only_one_keeps_a_title_if_two_runs_write_it_at_once() -> None:
    small = {"title": "S", "options": {"Size": "S"}, "sku": "MUG", "price": 5}
    store = synced([{"id": 1, "title": "Mug", "options": ["Size"], "variants": [small]}])
    row = {"id": 1, "title": "Mug", "sku": "MUG", "price": 5}
    theirs = as_written_elsewhere(store, row)

    def write_theirs() -> None:
        mine = store.products["dummyjson:1"]
        mine.metadata, mine.options, mine.variants = theirs.metadata, theirs.options, theirs.variants
        raise httpx.ReadTimeout("slow")

    strike(store, "before", partial(sent_in_bulk, workflow="update-product-variants"), write_theirs)
    assert counts(sync(ListSource([row]), store)) == {"updated": 1}
    [stored] = store.products["dummyjson:1"].variants
    assert (stored.title, stored.options) == ("Default", {"Default": "Default"})
    assert_quiet(ListSource([row]), store)


@pytest.mark.parametrize("their_id", ["variant_0", "variant_Z"], ids=["older", "younger"])
def test_a_variant_that_two_runs_add_at_the_same_moment_is_stored_once(their_id: str) -> None:
    """Medusa does not refuse the second one then; it has no SKU, which would be unique."""
    store, row = synced([shirt(1)]), shirt(1)
    row["variants"].append(variant(1, "XXL", "Blue", sku=None, barcode=None, stock=None))

    def add_theirs() -> None:
        added = store.products["dummyjson:1"].variants
        added.append(replace(added[-1], id=their_id))

    strike(store, "after", lambda each: sent_in_bulk(each, "create-product-variants"), add_theirs)
    result = sync(ListSource([row]), store)
    variants = store.products["dummyjson:1"].variants
    copies = [each.id for each in variants if each.options == variants[-1].options]
    if their_id == "variant_0":
        assert copies == [their_id]
    else:  # theirs is removed by the other run
        assert len(copies) == 2
        variants[:] = [each for each in variants if each.id != their_id]
    assert result.exit_code == 0
    sync(ListSource([row]), store)
    assert_shirts([row], store)


@pytest.mark.parametrize("batch_size", [1, 15])
def test_items_that_another_run_has_used_for_its_products_are_not_given_to_others(batch_size: int) -> None:
    """The other run has the products before they exchanged their SKUs, and creates only the first one."""
    rows = products(2)
    store, theirs = FakeMedusa(), ListSource(copy.deepcopy(rows[:1]))
    rows[0]["sku"], rows[1]["sku"] = rows[1]["sku"], rows[0]["sku"]

    creates_items = partial(sent_in_bulk, workflow="create-inventory-items-workflow")
    strike(store, "after", creates_items, lambda: run_elsewhere(theirs, store))
    sync(ListSource(rows), store, batch_size=batch_size, concurrency=1)
    assert sync(ListSource(rows), store).exit_code == 0
    assert_stored_once(store, rows)
    assert_quiet(ListSource(rows), store)


@pytest.mark.usefixtures("routes")
def test_an_incomplete_product_that_cannot_be_deleted_is_not_created_a_second_time() -> None:
    """After it was read, something else gives it another handle, and writes over its record."""
    store, rows = FakeMedusa(), without_codes(3)
    kill_at_step(store, "variants")
    assert sync(ListSource(rows), store).exit_code != 0
    store.between = None
    [product] = [each for each in store.state.products.values() if each.external_id == "dummyjson:2"]
    created = list[str]()

    def before(request: httpx.Request) -> None:
        created.extend(each["external_id"] for each in created_by(request))
        query = dict(request.url.params.multi_items())
        if query.get("id[]") and query["fields"].startswith("id,external_id,metadata"):
            product.handle, product.metadata = "theirs", {"medusa_sync": "theirs"}

    store.before = before
    result = sync(ListSource(rows), store)
    assert (counts(result), result.exit_code) == ({"created": 2, "failed": 1}, 5)
    assert [each.external_id for each in result.problems] == ["dummyjson:2"]
    assert set(created) == {"dummyjson:1", "dummyjson:3"}
    assert store.products["dummyjson:2"] is product  # raises if it is stored twice


@pytest.mark.parametrize("is_of_new_product", [True, False])
def test_an_item_whose_stock_another_run_is_still_writing_is_not_taken(*, is_of_new_product: bool) -> None:
    """The other run would fail to write it, and the store would undo its call, and with it the item."""
    source = ListSource([shirt(1)])
    store = FakeMedusa() if is_of_new_product else synced([shirt(1)])
    source.rows[0]["variants"].append(variant(1, "XXL", "Blue"))

    def between(request: httpx.Request, step: str) -> None:
        if sent_in_bulk(request, "create-inventory-items-workflow") and step == "items":
            store.between = None
            run_elsewhere(source, store)

    store.between = between
    with constant("SETTLE_S", 10):
        sync(source, store)
    sync(source, store)
    assert_shirts(source.rows, store)
    assert_quiet(source, store)
