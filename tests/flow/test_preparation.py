"""Categories, tags and handles are prepared for many products, and one of them does not affect the others."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from medusa_sync import Result
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    counts,
    created_by,
    is_creation,
    run_once,
    scan_pages,
    sent_in_bulk,
    sync,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa


def rows_with_own_tags(count: int) -> list[dict[str, Any]]:
    """Products with different titles, so that no handle is taken, and a tag of their own."""
    return [row | {"title": f"Product {row['id']}", "tags": [f"tag {row['id']}"]} for row in products(count)]


def refuse_tag(store: FakeMedusa, value: str, status: int) -> None:
    def before(request: httpx.Request) -> httpx.Response | None:
        values = [each["value"] for each in sent_in_bulk(request, "create-product-tags")]
        if request.method == "POST" and request.url.path == "/admin/product-tags":
            values = [json.loads(request.content)["value"]]
        return httpx.Response(status) if value in values else None

    store.before = before


@pytest.mark.parametrize("max_retries", [0, 2])
@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("batch_size", [1, 15])
def test_a_tag_that_cannot_be_created_fails_only_the_product_that_needs_it(
    batch_size: int, status: int, max_retries: int
) -> None:
    store, source = FakeMedusa(), ListSource(rows_with_own_tags(40))
    refuse_tag(store, "tag 3", status)
    result = sync(source, store, batch_size=batch_size, max_retries=max_retries)
    assert counts(result) == {"created": 39, "failed": 1}
    assert [problem.external_id for problem in result.problems] == [f"{SOURCE_NAME}:3"]


def test_a_handle_that_a_firewall_refuses_fails_only_its_product() -> None:
    store, source = FakeMedusa(), ListSource(rows_with_own_tags(40))
    sync(ListSource(source.rows[-1:]), store)  # nothing is looked up in a store without products
    source.rows[5]["title"] = "Union Select"

    def before(request: httpx.Request) -> httpx.Response | None:
        is_attack = request.method == "GET" and "union-select" in str(request.url)
        return httpx.Response(403, text="<h1>Forbidden</h1>") if is_attack else None

    store.before = before
    result = sync(source, store)
    assert counts(result) == {"created": 38, "failed": 1, "unchanged": 1}
    assert [problem.external_id for problem in result.problems] == [f"{SOURCE_NAME}:6"]


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_handle_that_an_earlier_product_got_is_not_proposed_again(concurrency: int) -> None:
    rows = [row | {"title": f"Product {row['id'] % 200}"} for row in products(600)]
    store, statuses = FakeMedusa(), []

    def after(request: httpx.Request, response: httpx.Response) -> None:
        if is_creation(request):
            statuses.append(response.status_code)

    store.after = after
    source = ListSource(rows, page_size=1_000)
    assert counts(sync(source, store, batch_size=15, concurrency=concurrency)) == {"created": 600}
    assert set(statuses) == {200}


def test_the_size_of_batches_grows_if_it_is_not_fixed() -> None:
    store, source = FakeMedusa(), ListSource(rows_with_own_tags(500), page_size=500)
    assert counts(sync(source, store, batch_size="auto")) == {"created": 500}
    sizes = [len(created) for request in store.requests if (created := created_by(request))]
    assert sizes[0] == 15
    assert max(sizes) > 15


@pytest.mark.usefixtures("short_grace")
def test_no_task_is_left_if_the_run_ends_while_a_tag_is_created() -> None:
    class SlowTag(FakeMedusa):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if sent_in_bulk(request, "create-product-tags"):
                await asyncio.sleep(60)
            if "price_set" in str(request.url) and f"{SOURCE_NAME}:30" in request.url.params.get_list(
                "external_id[]"
            ):  # the batch that needs the tag ends, and with it the run
                await asyncio.sleep(0.2)
                return httpx.Response(302, headers={"location": "elsewhere"}, request=request)
            return await super().handle_async_request(request)

    rows, store = rows_with_own_tags(30), SlowTag()
    sync(ListSource([rows[-1] | {"tags": []}]), store)  # only details of products that the store has are read

    async def run() -> None:
        result = await run_once(ListSource(rows), store, batch_size=15)
        assert result.exit_code == 4
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


def test_a_hidden_product_of_a_page_that_was_not_read_is_not_created_again() -> None:
    """The index does not list a product yet; only a complete scan shows it."""
    store, rows = FakeMedusa(), rows_with_own_tags(60)
    for row in rows:
        del row["sku"], row["meta"]
    sync(ListSource(rows), store)
    last = max(store.products.values(), key=lambda product: product.id)
    [row] = [row for row in rows if f"{SOURCE_NAME}:{row['id']}" == last.external_id]
    row["title"] = "Another title, and so another handle"

    def hide(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if request.method != "GET" or "external_id[]" not in request.url.params:
            return None
        document = json.loads(response.content)
        found = [each for each in document["products"] if each["external_id"] != last.external_id]
        return httpx.Response(200, json={**document, "products": found, "estimate_count": len(found)})

    store.after = hide
    with scan_pages(10):
        result = sync(ListSource([row]), store)
    assert (result.exit_code, result.counts[Result.UNCONFIRMED]) == (5, 1)
    assert result.store is not None
    assert result.store.owned == 1
