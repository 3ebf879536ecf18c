"""Responses in which fields are missing or have another form."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.flow.stage import SOURCE_NAME, ListSource, assert_exact, counts, sync
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

Product = dict[str, Any]


def listing(
    change: Callable[[httpx.Request, Product], None],
) -> Callable[[httpx.Request, httpx.Response], Any]:
    """Change every product in lists that the store returns."""

    def respond(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if request.method != "GET" or request.url.path != "/admin/products":
            return None
        body = json.loads(response.content)
        for product in body["products"]:
            change(request, product)
        return httpx.Response(200, json=body)

    return respond


def hidden(path: str, external_id: str) -> Callable[[httpx.Request, httpx.Response], Any]:
    """Leave out a field of one product."""

    def remove(_request: httpx.Request, product: Product) -> None:
        if product.get("external_id") == external_id:
            _remove(product, path.split("."))

    return listing(remove)


def _remove(value: Any, path: list[str]) -> None:
    if isinstance(value, list):
        for member in value:
            _remove(member, path)
    elif path[1:]:
        _remove(value.get(path[0], {}), path[1:])
    else:
        value.pop(path[0], None)


def give_euro_price(store: FakeMedusa, external_id: str) -> None:
    product = store.products[external_id]
    (variant,) = product.variants
    (price,) = variant.prices
    prices = [
        {"id": price.id, "currency_code": "usd", "amount": price.amount},
        {"currency_code": "eur", "amount": 7},
    ]
    path = f"/admin/products/{product.id}/variants/{variant.id}"
    store.call("POST", path, {"prices": prices})


def prices_of(store: FakeMedusa, external_id: str) -> dict[str, float]:
    (variant,) = store.products[external_id].variants
    return {price.currency_code: price.amount for price in variant.prices}


@pytest.mark.parametrize(
    "field", ["variants.prices", "variants.prices.rules", "variants.sku", "tags", "description", "metadata"]
)
def test_a_product_with_a_missing_field_fails_alone_and_is_not_written(field: str) -> None:
    store, source = FakeMedusa(), ListSource(products(3))
    sync(source, store)
    give_euro_price(store, "dummyjson:2")
    for row in source.rows:
        row["price"] += 1
    before = prices_of(store, "dummyjson:2")
    store.after = hidden(field, "dummyjson:2")
    result = sync(source, store)
    assert (result.exit_code, counts(result)) == (5, {"updated": 2, "failed": 1})
    [problem] = result.problems
    assert problem.reason.endswith(f"the response lacks {field}")
    assert prices_of(store, "dummyjson:2") == before
    store.after = None
    assert counts(sync(source, store)) == {"updated": 1, "unchanged": 2}
    assert prices_of(store, "dummyjson:2") == {"usd": source.rows[1]["price"], "eur": 7}


def test_a_product_that_cannot_be_read_is_not_adopted() -> None:
    store, source = FakeMedusa(), ListSource(products(2))
    sync(source, store)
    for product in store.products.values():
        store.call("POST", f"/admin/products/{product.id}", {"external_id": "", "metadata": None})
    before = [(product.title, product.metadata) for product in store.state.products.values()]
    store.after = hidden("variants.prices", "")
    result = sync(source, store, adopt=True)
    assert counts(result) == {"failed": 2}
    assert [(product.title, product.metadata) for product in store.state.products.values()] == before


def test_a_product_that_cannot_be_read_is_not_drafted() -> None:
    store, rows = FakeMedusa(), products(40)
    sync(ListSource(rows), store)
    store.after = hidden("metadata", "dummyjson:1")
    result = sync(ListSource(rows[2:]), store, on_missing="draft")
    assert (result.exit_code, counts(result)) == (5, {"unchanged": 38, "removed": 1})
    [problem] = result.problems
    assert problem.reason == "not removed: the response lacks metadata"
    assert [store.products[f"dummyjson:{number}"].status for number in (1, 2)] == ["published", "draft"]


@pytest.mark.parametrize("on_conflict", ["source", "store"])
def test_the_prices_of_the_merchant_survive_with_the_index_engine(on_conflict: str) -> None:
    """Its filtered lists lack `variants.prices`, and its counts are estimates."""
    store, source = FakeMedusa(), ListSource(products(3))

    def respond(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        def leave_prices_out(request: httpx.Request, product: Product) -> None:
            if "variants.prices" in request.url.params["fields"] and "[]" in str(request.url):
                _remove(product, ["variants", "prices"])

        changed: httpx.Response | None = listing(leave_prices_out)(request, response)
        if changed is None:
            return None
        return httpx.Response(200, json={**json.loads(changed.content), "count": 1, "estimate_count": 1})

    store.after = respond
    sync(source, store)
    assert_exact(source.rows, store)
    give_euro_price(store, "dummyjson:1")
    source.rows[0]["price"] += 1
    result = sync(source, store, on_conflict=on_conflict)
    assert (counts(result), result.conflicts) == ({"updated": 1, "unchanged": 2}, 0)
    assert prices_of(store, "dummyjson:1") == {"usd": source.rows[0]["price"], "eur": 7}
    assert counts(sync(source, store)) == {"unchanged": 3}


def test_measurements_that_are_returned_as_text_are_read_as_numbers() -> None:
    """Medusa up to 2.14 returns measurements as text."""
    store, source = FakeMedusa(), ListSource(products(3))
    for row, weight in zip(source.rows, (0.1, 3, 1e6), strict=True):
        row["weight"] = weight

    def as_text(_request: httpx.Request, product: Product) -> None:
        for name in ("weight", "length", "height", "width"):
            if isinstance(product.get(name), int | float):
                product[name] = str(product[name])

    store.after = listing(as_text)
    sync(source, store)
    for row in source.rows:
        row["title"] += "!"
    source.rows[0]["weight"] = 0.2
    result = sync(source, store)
    assert (counts(result), result.conflicts) == ({"updated": 3}, 0)
    changed = {change.field for outcome in result.changes for change in outcome.changes}
    assert changed == {"title", "weight"}
    overwriting = sync(source, store, overwrite=True)
    assert counts(overwriting) == {"unchanged": 3}


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_product_with_a_record_of_a_newer_version_fails_alone(
    overwrite: bool,  # noqa: FBT001 - a parameter
) -> None:
    store, source = FakeMedusa(), ListSource(products(3))
    sync(source, store)
    metadata = store.products["dummyjson:2"].metadata
    assert metadata is not None
    metadata["medusa_sync"] = newer = {"version": 99, "fields": {}}
    source.rows[1]["price"] = 77
    result = sync(source, store, overwrite=overwrite)
    assert (result.exit_code, counts(result)) == (5, {"failed": 1, "unchanged": 2})
    [problem] = result.problems
    assert problem.reason.endswith("upgrade medusa-sync")
    assert (store.products["dummyjson:2"].metadata or {})["medusa_sync"] == newer


def test_a_product_that_the_index_does_not_list_yet_is_not_created_again() -> None:
    """A scan reads the database, a look-up the index, which lags behind it."""
    store, rows = FakeMedusa(), products(3)
    for row in rows:
        del row["sku"], row["meta"]
    sync(ListSource(rows), store)
    rows[0]["title"] = "Another title, and so another handle"

    def hide(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if request.method != "GET" or "external_id[]" not in request.url.params:
            return None
        document = json.loads(response.content)
        found = [each for each in document["products"] if each["external_id"] != f"{SOURCE_NAME}:1"]
        return httpx.Response(200, json={**document, "products": found, "estimate_count": 3})

    store.after = hide
    result = sync(ListSource(rows), store)
    assert (result.exit_code, counts(result)) == (5, {"unconfirmed": 1, "unchanged": 2})
    [problem] = result.problems
    assert "its index does not list it yet" in problem.reason
    store.after = None
    assert counts(sync(ListSource(rows), store)) == {"updated": 1, "unchanged": 2}
    assert store.products[f"{SOURCE_NAME}:1"].title == rows[0]["title"]


def test_a_product_that_another_run_creates_after_the_scan_is_stored_once() -> None:
    """With the index engine."""
    store, rows = FakeMedusa(), products(3)
    for row in rows:
        del row["sku"], row["meta"]
    scanned: list[httpx.Request] = []

    def lag(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if not scanned:
            scanned.append(request)
            store.after = None
            other = Thread(target=sync, args=(ListSource([rows[0] | {"title": "Another title"}]), store))
            other.start()
            other.join()
            store.after = lag
        if request.method != "GET" or "external_id[]" not in request.url.params:
            return None
        return httpx.Response(200, json={**json.loads(response.content), "estimate_count": 3})

    store.after = lag
    result = sync(ListSource(rows), store)
    assert (result.exit_code, counts(result)) == (0, {"updated": 1, "created": 2})
    assert len(store.state.products) == 3
    assert store.products[f"{SOURCE_NAME}:1"].title == rows[0]["title"]
    assert counts(sync(ListSource(rows), store)) == {"unchanged": 3}
