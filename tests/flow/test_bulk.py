"""Many things are written in one call, and nothing else depends on it."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import Any

import httpx
import pytest

from tests.flow.shirts import assert_shirts, held, shirt, shirts, variant, wanted
from tests.flow.stage import (
    BATCHES,
    SOURCE_NAME,
    Killed,
    ListSource,
    assert_exact,
    counts,
    created_by,
    sent_in_bulk,
    sync,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

BULK = "/admin/workflows-executions/"
REFUSALS = {
    "a role": httpx.Response(403, json={"type": "forbidden", "message": "Forbidden"}),
    "a firewall": httpx.Response(403, html="<h1>Blocked</h1>"),
    "an old store": httpx.Response(404, html="<pre>Cannot POST</pre>"),
    "no such workflow": httpx.Response(
        404, json={"type": "not_found", "message": 'Workflow with id "x" not found.'}
    ),
    "a proxy": httpx.Response(405),
}


def without_bulk(store: FakeMedusa, response: httpx.Response) -> None:
    """Refuse all bulk calls."""
    store.before = lambda request: response if request.url.path.startswith(BULK) else None


def changed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each shirt gets a new price, a new SKU, other stock, a new variant, and loses a variant."""
    for row in rows:
        number, (first, second, *others, _) = row["id"], row["variants"]
        second = {**second, "sku": f"{second['sku']}-2", "stock": 0}
        new = variant(number, "XL", "Red")
        row["variants"] = [{**first, "price": first["price"] + 1}, second, *others, new]
        row["tags"] = [f"tag {number}"]
    return rows


def content(store: FakeMedusa) -> Any:
    """What the store holds, without ids."""
    shown = {key: held(store, int(key.removeprefix(f"{SOURCE_NAME}:"))) for key in store.products}
    items = {
        each.sku: [store.state.items[own].sku for own in each.item_ids]
        for each in store.state.variants().values()
    }
    terms = [
        sorted(each.value for each in store.state.tags.values()),
        sorted(each.handle for each in store.state.categories.values()),
        sorted(each.value for each in store.state.types.values()),
        sorted((each.handle, each.title) for each in store.state.collections.values()),
    ]
    return shown, items, terms


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_store_without_bulk_calls_gets_the_same(refusal: str, caplog: pytest.LogCaptureFixture) -> None:
    stores = [FakeMedusa(), FakeMedusa()]
    without_bulk(stores[1], REFUSALS[refusal])
    caplog.set_level(logging.INFO)
    for store in stores:
        rows = shirts(4)
        for row in rows:
            row |= {"type": "Shirt", "collection": "Summer", "categories": [["Clothes", f"No {row['id']}"]]}
        assert counts(sync(ListSource(rows), store)) == {"created": 4}
        rows = changed(rows)
        assert counts(sync(ListSource(rows), store)) == {"updated": 4}
        store.requests.clear()
        assert counts(sync(ListSource(rows), store)) == {"unchanged": 4}
        assert not writes(store)
    assert content(stores[0]) == content(stores[1])
    notes = [each for each in caplog.records if getattr(each, "event", "") == "bulk_unavailable"]
    assert len(notes) == 2, "one in each run that writes"


def test_variants_of_many_products_need_few_writes() -> None:
    """A new variant and a new price for each of 60 products; the option has the value already."""
    store, rows = FakeMedusa(), shirts(60)
    left = [{**row, "variants": row["variants"][:-1]} for row in rows]
    assert sync(ListSource(left), store).exit_code == 0
    for row in rows:
        row["variants"][0]["price"] += 1
    store.requests.clear()
    assert counts(sync(ListSource(rows), store, batch_size=100)) == {"updated": 60}
    assert_shirts(rows, store)
    assert len(writes(store)) <= 10


def test_a_first_sync_needs_few_writes_for_its_terms() -> None:
    store, rows = FakeMedusa(), products(150)
    for row in rows:
        row |= {"tags": [f"tag {row['id']}", f"tag {row['id'] + 1}"], "type": f"type {row['id'] % 20}"}
    assert sync(ListSource(rows, page_size=150), store, batch_size=100).exit_code == 0
    assert_exact(rows, store)
    calls = [request for request in writes(store) if request.path.startswith(BULK)]
    calls = [request for request in calls if not created_by(request)]
    assert len(calls) == 4, "tags, types, categories, inventory items"


def test_long_lists_are_sent_in_parts_that_the_store_accepts() -> None:
    store, rows = FakeMedusa(), products(30)
    for row in rows:
        row["tags"] = [f"{row['id']} {number} {'x' * 180}" for number in range(30)]
    assert sync(ListSource(rows), store).exit_code == 0
    calls = [each for each in writes(store) if sent_in_bulk(each, "create-product-tags")]
    assert len(calls) > 1
    assert sum(len(sent_in_bulk(each, "create-product-tags")) for each in calls) == 900


@pytest.mark.parametrize("status", [400, 500])
def test_one_refused_variant_does_not_affect_other_products(status: int) -> None:
    """Its price is refused in every way of writing it."""
    store, rows = FakeMedusa(), shirts(15)
    assert sync(ListSource(rows), store).exit_code == 0
    refused = store.products[f"{SOURCE_NAME}:7"].variants[0].id

    def refuse(request: httpx.Request) -> httpx.Response | None:
        things = sent_in_bulk(request, "update-product-variants")
        is_refused = any(each["id"] == refused for each in things) or request.url.path.endswith(refused)
        return httpx.Response(status) if is_refused else None

    for row in rows:
        row["variants"][0]["price"] += 1
    store.requests.clear()
    store.before = refuse
    result = sync(ListSource(rows), store)
    assert counts(result) == {"updated": 14, "failed": 1}
    [problem] = result.problems
    assert (problem.external_id, str(status) in problem.reason) == (f"{SOURCE_NAME}:7", True)
    store.before = None
    assert sync(ListSource(rows), store).exit_code == 0
    assert_shirts(rows, store)


@pytest.mark.parametrize("is_carried_out", [True, False])
@pytest.mark.parametrize("has_finished", [True, False])
def test_an_operation_whose_end_is_unknown_is_done_once(*, has_finished: bool, is_carried_out: bool) -> None:
    """The response is lost, or says that the workflow has not finished."""
    store, rows = FakeMedusa(), shirts(3)
    for row in rows:
        row["tags"] = ["one", f"tag {row['id']}"]
    lost: set[str] = set()

    def lose(request: httpx.Request) -> httpx.Response | None:
        path = request.url.path
        if not path.startswith(BULK) or path in lost:
            return None
        lost.add(path)
        if is_carried_out:
            store.before = None
            store.handle(request)
            store.before = lose
        if has_finished:
            raise httpx.ReadTimeout("slow")
        acknowledgement = {"hasFinished": False, "hasFailed": False}
        return httpx.Response(200, json={"acknowledgement": acknowledgement})

    store.before = lose
    assert sync(ListSource(rows), store).exit_code == 0
    rows = changed(rows)
    assert sync(ListSource(rows), store).exit_code == 0
    assert len(lost) == 6, "tags, items, products, changed variants, new variants, renamed items"
    for row in rows:
        found = held(store, row["id"])
        assert {sku: found[sku] for sku in wanted(row)} == wanted(row)
    values = [tag.value for tag in store.state.tags.values()]
    assert len(values) == len(set(values))


def test_a_merchant_who_edits_while_products_are_written_keeps_the_edit() -> None:
    """Between the row of a product and its variants, the merchant adds a price and a variant."""
    store, rows = FakeMedusa(), shirts(3)
    assert sync(ListSource(rows), store).exit_code == 0
    product = store.products[f"{SOURCE_NAME}:2"]
    first, second = product.variants[:2]

    def edit(request: httpx.Request, _response: httpx.Response) -> None:
        if request.url.path != BATCHES:
            return
        store.after = None
        path = f"/admin/products/{product.id}"
        prices = [{"currency_code": "usd", "amount": 22}, {"currency_code": "eur", "amount": 5}]
        store.call("POST", f"{path}/variants/{first.id}", {"prices": prices})
        prices = [{"currency_code": "usd", "amount": 1}]
        store.call("POST", f"{path}/variants/{second.id}", {"prices": prices})
        [option] = [each for each in product.options if each.title == "Colour"]
        values = {"update": [{"product_option_id": option.id, "add": [{"value": "Green"}]}]}
        store.call("POST", f"{path}/options/batch", values)
        body = {"title": "Theirs", "options": {"Size": "S", "Colour": "Green"}, "prices": []}
        store.call("POST", f"{path}/variants/batch", {"create": [body]})

    for row in rows:
        row["variants"][0]["price"] = 30
    store.after = edit
    assert counts(sync(ListSource(rows), store)) == {"updated": 3}
    found = held(store, 2)
    assert found[first.sku or ""]["price"] == {"usd": 30, "eur": 5}
    assert found[second.sku or ""]["price"] == {"usd": 1}
    assert "Theirs" in found
    assert counts(sync(ListSource(rows), store)) == {"unchanged": 3}


def edit_after_rows(store: FakeMedusa, amount: int) -> None:
    """The merchant changes the price of a variant right after the rows were written."""
    product = store.products[f"{SOURCE_NAME}:1"]

    def edit(request: httpx.Request, _response: httpx.Response) -> None:
        if request.url.path == BATCHES:
            store.after = None
            path = f"/admin/products/{product.id}/variants/{product.variants[0].id}"
            store.call("POST", path, {"prices": [{"currency_code": "usd", "amount": amount}]})

    store.after = edit


def test_a_conflict_that_begins_while_products_are_written_is_reported() -> None:
    store, row = FakeMedusa(), shirt()
    assert sync(ListSource([row]), store).exit_code == 0
    row["variants"][0]["price"] = 30
    edit_after_rows(store, 25)
    result = sync(ListSource([row]), store)
    assert (counts(result), result.conflicts) == ({"updated": 1}, 1)
    assert held(store)[row["variants"][0]["sku"]]["price"] == {"usd": 30}


def test_such_a_conflict_is_reported_if_the_store_goes_down_after_the_write() -> None:
    store, row = FakeMedusa(), shirt()
    sync(ListSource([row]), store)
    row["variants"][0]["price"] = 30
    edit_after_rows(store, 25)

    def down(_request: httpx.Request) -> None:
        raise httpx.ReadError("down")

    def lose(request: httpx.Request) -> None:
        if sent_in_bulk(request, "update-product-variants"):
            store.before = None
            store.handle(request)
            store.before = down
            raise httpx.ReadError("lost")

    store.before = lose
    assert sync(ListSource([row]), store).conflicts == 1


@pytest.mark.parametrize(
    "plan",
    [
        {"on_conflict": "store"},
        {"max_price_change": "50%"},
    ],
    ids=["the store wins", "held back"],
)
def test_a_price_that_is_not_written_after_all_is_not_reported_as_changed(plan: dict[str, str]) -> None:
    store, row = FakeMedusa(), shirt()
    sync(ListSource([row]), store)
    row["title"], row["variants"][0]["price"] = "Other", 25
    edit_after_rows(store, 500)
    result = sync(ListSource([row]), store, **plan)
    assert held(store)[row["variants"][0]["sku"]]["price"] == {"usd": 500}
    [outcome] = result.changes
    assert [change.field for change in outcome.changes] == ["title"]


@pytest.mark.parametrize(("status", "most"), [(400, 14), (500, 28)])
def test_a_product_whose_variants_are_all_refused_costs_few_requests(status: int, most: int) -> None:
    store, rows = FakeMedusa(), shirts(15)
    sync(ListSource(rows), store)
    for row in rows:
        for each in row["variants"]:
            each["price"] += 1
    ids = [each.id for each in store.products[f"{SOURCE_NAME}:7"].variants]

    def refuse(request: httpx.Request) -> httpx.Response | None:
        sent = f"{request.url.path} {request.content.decode()}"
        is_refused = request.method == "POST" and '"prices"' in sent and any(own in sent for own in ids)
        return httpx.Response(status, json={"type": "invalid_data", "message": "No."}) if is_refused else None

    store.before = refuse
    store.requests.clear()
    assert counts(sync(ListSource(rows), store)) == {"updated": 14, "failed": 1}
    assert len(writes(store)) <= 4 + most


@pytest.mark.parametrize("behind_s", [0, 60])
@pytest.mark.parametrize("error", [Killed(), httpx.ReadError("reset")], ids=["killed", "lost"])
def test_new_variants_are_known_again_although_the_clock_of_the_client_is_behind(
    error: BaseException, behind_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, row = FakeMedusa(), shirt()
    last = row["variants"].pop()
    sync(ListSource([row]), store)
    now = store.state.ids.moment / 1000 + 30 - behind_s
    monkeypatch.setattr(time, "time", lambda: now)
    row["variants"].append(last)

    def fail(request: httpx.Request) -> None:
        if sent_in_bulk(request, "create-product-variants"):
            store.before = None
            store.handle(request)
            raise error

    store.before = fail
    with suppress(Killed):
        sync(ListSource([row]), store)
    store.before = None
    assert sync(ListSource([row]), store).exit_code == 0
    assert_shirts([row], store)
