"""Stores that leave fields out, estimate counts, round weights, or hold records of a newer version."""

import json
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.faults import no, refuse, with_index
from tests.flow.merchant import edit, set_prices
from tests.flow.stage import ListSource, assert_exact, assert_quiet, counts, sync, synced
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirt

After = Callable[[httpx.Request, httpx.Response], httpx.Response | None]
Product = dict[str, Any]


def listing(change: Callable[[Product], None]) -> After:
    """Change every product in lists that the store returns."""

    def respond(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if request.method != "GET" or request.url.path != "/admin/products":
            return None
        body = json.loads(response.content)
        for product in body["products"]:
            change(product)
        return httpx.Response(200, json=body)

    return respond


def remove(value: Any, path: list[str]) -> None:
    if isinstance(value, list):
        for member in value:
            remove(member, path)
    elif path[1:]:
        remove(value.get(path[0], {}), path[1:])
    else:
        value.pop(path[0], None)


def hidden(path: str, external_id: str) -> After:
    """Leave out a field of one product."""

    def change(product: Product) -> None:
        if product.get("external_id") == external_id:
            remove(product, path.split("."))

    return listing(change)


def give_euro_price(store: FakeMedusa, number: int) -> None:
    set_prices(store, number, {"currency_code": "eur", "amount": 7})


def prices_of(store: FakeMedusa, external_id: str) -> dict[str, float]:
    [variant] = store.products[external_id].variants
    return {price.currency_code: price.amount for price in variant.prices}


# --- missing fields -------------------------------------------------------------------------------------


OF_PRICES = ("variants.prices", "variants.prices.rules", "metadata")
OF_ALL = (*OF_PRICES, "variants.sku", "tags", "description", "variants.inventory_items.inventory")


@pytest.mark.parametrize(
    ("also", "field"),
    [*((None, each) for each in OF_PRICES), *(("Another text", each) for each in OF_ALL)],
)
def test_a_product_with_a_missing_field_fails_alone_and_is_not_written(also: str | None, field: str) -> None:
    """If only prices change, nothing else is read."""
    store, source = synced(products(3)), ListSource(products(3))
    give_euro_price(store, 2)
    for row in source.rows:
        row |= {"price": row["price"] + 1, "description": also or row["description"]}
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


def test_an_item_is_not_taken_for_a_deleted_one_if_a_role_hides_items() -> None:
    store, source = synced(products(1)), ListSource([row | {"title": "New"} for row in products(1)])
    store.after = hidden("variants.inventory_items.inventory", "dummyjson:1")
    refuse(store, lambda request: request.url.path == "/admin/inventory-items", no(403))
    result = sync(source, store)
    [problem] = result.problems
    assert problem.reason.endswith("the response lacks variants.inventory_items.inventory")


def test_a_product_that_cannot_be_read_is_neither_adopted_nor_drafted() -> None:
    rows = products(40)
    store = synced(rows)
    store.after = hidden("metadata", "dummyjson:1")
    result = sync(ListSource(rows[2:]), store, on_missing="draft")
    assert (result.exit_code, counts(result)) == (5, {"unchanged": 38, "removed": 1})
    assert [problem.reason for problem in result.problems] == ["not removed: the response lacks metadata"]
    assert [store.products[f"dummyjson:{number}"].status for number in (1, 2)] == ["published", "draft"]
    for product in store.products.values():
        edit(store, product, external_id="", metadata=None)
    before = [(product.title, product.metadata) for product in store.state.products.values()]
    store.after = hidden("variants.prices", "")
    assert counts(sync(ListSource(rows[:2]), store, adopt=True)) == {"failed": 2}
    assert [(product.title, product.metadata) for product in store.state.products.values()] == before


@pytest.mark.parametrize("on_conflict", ["source", "store"])
def test_the_prices_of_the_merchant_survive_with_the_index_engine(on_conflict: str) -> None:
    """Its filtered lists lack `variants.prices`, and its counts are estimates."""
    store, source = FakeMedusa(), ListSource(products(3))

    def without_prices(found: list[Product]) -> list[Product]:
        for product in found if "variants.prices" in store.requests[-1].url.params["fields"] else ():
            remove(product, ["variants", "prices"])
        return found

    with_index(store, without_prices)
    sync(source, store)
    assert_exact(source.rows, store)
    give_euro_price(store, 1)
    source.rows[0]["price"] += 1
    result = sync(source, store, on_conflict=on_conflict)
    assert (counts(result), result.conflicts) == ({"updated": 1, "unchanged": 2}, 0)
    assert prices_of(store, "dummyjson:1") == {"usd": source.rows[0]["price"], "eur": 7}
    assert_quiet(source, store)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_product_with_a_record_of_a_newer_version_fails_alone(*, overwrite: bool) -> None:
    store, rows = synced(products(3)), products(3)
    newer = {"version": 99, "fields": {}}
    store.products["dummyjson:2"].metadata = {"medusa_sync": newer}
    rows[1]["price"] = 77
    result = sync(ListSource(rows), store, overwrite=overwrite)
    assert (result.exit_code, counts(result)) == (5, {"failed": 1, "unchanged": 2})
    assert [problem.reason.endswith("upgrade medusa-sync") for problem in result.problems] == [True]
    assert store.products["dummyjson:2"].metadata == {"medusa_sync": newer}


# --- measurements ---------------------------------------------------------------------------------------

MEASURES = ("weight", "length", "height", "width")
BETTER = {"title": "Better shirt"}


def as_an_old_store_shows_it(product: Product) -> None:
    """Whole weights of variants, measurements of products as text, and options without `is_exclusive`."""
    product.update({name: str(product[name]) for name in MEASURES if product.get(name) is not None})
    for option in product.get("options", []):
        option.pop("is_exclusive", None)
    for variant in product.get("variants", []):
        if variant.get("weight") is not None:
            variant["weight"] = int(Decimal(str(variant["weight"])).quantize(Decimal(1), ROUND_HALF_UP))


def weighing(weight: float, **changes: Any) -> ListSource:
    row = shirt(**changes)
    variants = [each | {"weight": weight} for each in row["variants"]]
    return ListSource([row | {"weight": weight, "variants": variants}])


def old_store(weight: float) -> FakeMedusa:
    store = FakeMedusa()
    store.after = listing(as_an_old_store_shows_it)
    assert sync(weighing(weight), store).exit_code == 0
    return store


def changed(result: RunResult) -> set[str]:
    return {change.field for outcome in result.changes for change in outcome.changes}


@pytest.mark.parametrize("weight", [0.4, 2.5, 2.499999, 123456.789])
def test_a_rounded_weight_is_no_edit_of_the_merchant(weight: float) -> None:
    store = old_store(weight)
    assert_quiet(weighing(weight), store)
    result = sync(weighing(weight, **BETTER), store, on_conflict="store")
    assert (counts(result), result.conflicts, changed(result)) == ({"updated": 1}, 0, {"title"})
    assert_quiet(weighing(weight, **BETTER), store, overwrite=True)
