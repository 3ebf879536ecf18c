"""Edits of the merchant survive. If both sides changed a field, one wins, and the run says so once."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.faults import no, refuse, strike
from tests.flow.merchant import add_image, add_tag, add_variant, edit, edit_variant, set_prices
from tests.flow.plans import carried_out
from tests.flow.shirts import held
from tests.flow.stage import (
    BATCHES,
    ListSource,
    Signal,
    acknowledged_by,
    assert_items_follow,
    assert_quiet,
    is_write,
    run_once,
    sent_in_bulk,
    sync,
    synced,
    text,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Product
from tests.harness.shirts import shirt

SIZE = 4
EDITED = "dummyjson:4"  # in the second batch
PAIRS = {"batch_size": 2, "concurrency": 1}
IMAGE = "https://shop.example/mine.webp"


def in_sync() -> tuple[FakeMedusa, ListSource]:
    return synced(products(SIZE)), ListSource(products(SIZE))


# --- edits ----------------------------------------------------------------------------------------------


def amounts(product: Product) -> dict[str | None, list[tuple[str, float]]]:
    return {
        each.sku: [(price.currency_code, price.amount) for price in each.prices] for each in product.variants
    }


def change_price(store: FakeMedusa, product: Product) -> None:
    set_prices(store, product, amount=7_777)


def change_title(store: FakeMedusa, product: Product) -> None:
    edit(store, product, title="Mine")


def add_two(store: FakeMedusa, product: Product) -> None:
    prices = [{"currency_code": "usd", "amount": 20}]
    add_variant(store, product, {"Default": "Two"}, title="Two", sku="THEIRS", prices=prices)


Edit = Callable[[FakeMedusa, Product], None]
EDITS: dict[str, tuple[Edit, Callable[[FakeMedusa, Product], bool]]] = {
    "a price in euros": (
        lambda store, own: set_prices(store, own, {"currency_code": "eur", "amount": 5}),
        lambda _, own: any(("eur", 5) in each for each in amounts(own).values()),
    ),
    "a variant": (add_two, lambda _, own: amounts(own)["THEIRS"] == [("usd", 20)]),
    "an image": (lambda store, own: add_image(store, own, IMAGE), lambda _, own: own.images[-1].url == IMAGE),
    "a tag": (
        lambda store, own: add_tag(store, own, "mine"),
        lambda store, own: "mine" in {store.state.tags[each].value for each in own.tag_ids},
    ),
    "the title": (change_title, lambda _, own: own.title == "Mine"),
    "metadata": (
        lambda store, own: edit(store, own, metadata={"mine": "yes"}),
        lambda _, own: (own.metadata or {}).get("mine") == "yes",
    ),
}
"""Each edit, and whether the store has it."""


def edit_at(store: FakeMedusa, made: Edit, is_due: Callable[[httpx.Request], object]) -> list[Any]:
    """Edit a product when the first such request arrives; returns a list that gets the request."""
    return strike(store, "before", is_due, lambda: made(store, store.products[EDITED]))


def writes_rows(request: httpx.Request) -> bool:
    return request.url.path == BATCHES


# --- during a run ---------------------------------------------------------------------------------------


def new_prices(source: ListSource) -> None:
    source.rows = [{**row, "price": row["price"] + 1} for row in source.rows]


def new_tags(source: ListSource) -> None:
    source.rows[3] = {**source.rows[3], "tags": ["brand new"]}


def new_skus(source: ListSource) -> None:
    """Swap the SKUs of the last two products, so that they must be freed first."""
    one, two = source.rows[2:]
    source.rows[2:] = [{**one, "sku": two["sku"]}, {**two, "sku": one["sku"]}]


def new_products(source: ListSource) -> None:
    new_prices(source)
    source.rows = [*products(SIZE + 1)[SIZE:], *source.rows]


MOMENTS: dict[str, tuple[Callable[[ListSource], None], Callable[[FakeMedusa, httpx.Request], object]]] = {
    "the batch before is written": (new_prices, lambda _, request: is_write(request)),
    "its new tag is created": (new_tags, lambda _, request: is_write(request)),
    "its SKU was freed": (new_skus, lambda store, request: not is_write(request) and writes(store)),
    "another product is created": (new_products, lambda _, request: is_write(request)),
    "its record is acknowledged": (new_prices, lambda _, request: acknowledged_by(request)),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("what", EDITS)
def test_an_edit_during_a_run_is_kept(what: str, moment: str) -> None:
    store, source = in_sync()
    change, is_due = MOMENTS[moment]
    made, is_kept = EDITS[what]
    change(source)
    edited = edit_at(store, made, partial(is_due, store))
    result = sync(source, store, **PAIRS)
    assert (result.exit_code, result.conflicts, len(edited)) == (0, 0, 1)
    row = source.rows[-1]
    assert ("usd", row["price"]) in amounts(store.products[EDITED])[row["sku"]]
    assert is_kept(store, store.products[EDITED])
    assert_quiet(source, store)
    assert is_kept(store, store.products[EDITED])


# --- conflicts ------------------------------------------------------------------------------------------


def conflicts(result: RunResult) -> list[tuple[str, Any, Any, str]]:
    """Field, value of the store, value of the source, and the winner."""
    found = [each for change in result.changes for each in change.conflicts]
    return [(each.field, each.stored, each.desired, each.kept) for each in found]


@pytest.mark.parametrize("on_conflict", ["source", "store"])
@pytest.mark.parametrize("field", ["price", "title"])
def test_an_edit_during_a_run_conflicts_with_a_source_change_of_the_same_field(
    field: str, on_conflict: str
) -> None:
    store, source = in_sync()
    source.rows = [{**row, "price": row["price"] + 1, "title": f"New {row['id']}"} for row in source.rows]
    edit_at(store, change_price if field == "price" else change_title, is_write)
    result = sync(source, store, batch_size=1, concurrency=1, on_conflict=on_conflict)
    theirs, ours = (7_777 if field == "price" else "Mine"), source.rows[3][field]
    assert conflicts(result) == [(field, theirs, ours, on_conflict)]
    edited = store.products[EDITED]
    found = {"price": edited.variants[0].prices[0].amount, "title": edited.title}
    assert found[field] == (ours if on_conflict == "source" else theirs)
    assert_quiet(source, store)


@pytest.mark.parametrize(
    ("options", "left", "fields"),
    [
        ({}, 30, {"title", "price"}),
        ({"on_conflict": "store"}, 25, {"title"}),
        ({"max_price_change": "50%"}, 500, {"title"}),
    ],
    ids=["the source wins", "the store wins", "held back"],
)
def test_the_report_says_what_a_price_became_that_was_edited_while_it_was_written(
    options: dict[str, str], left: int, fields: set[str]
) -> None:
    store, row = synced([shirt()]), shirt(title="Other")
    row["variants"][0]["price"] = 30
    theirs = 500 if "max_price_change" in options else 25
    strike(store, "after", writes_rows, lambda: set_prices(store, 1, amount=theirs))
    result = sync(ListSource([row]), store, **options)
    assert held(store)["SH1-S-R"]["price"] == {"usd": left}
    [outcome] = result.changes
    assert {change.field for change in outcome.changes} == fields
    assert result.conflicts == ("max_price_change" not in options)


@pytest.mark.parametrize("kept", [{"title"}, {"price"}], ids=sorted)
def test_each_field_has_its_own_winner_and_each_conflict_is_reported_once(kept: set[str]) -> None:
    store, source = in_sync()
    change_title(store, store.products[EDITED])
    change_price(store, store.products[EDITED])
    assert_quiet(source, store)
    source.rows[3] |= {"title": "New", "price": 5}
    sides = ",".join(["source", *(f"{name}=store" for name in kept)])
    result = sync(source, store, on_conflict=sides)
    assert sorted((field, side) for field, _, _, side in conflicts(result)) == [
        (name, "store" if name in kept else "source") for name in ("price", "title")
    ]
    found = store.products[EDITED]
    assert found.title == ("Mine" if "title" in kept else "New")
    assert found.variants[0].prices[0].amount == (7_777 if "price" in kept else 5)
    assert_quiet(source, store)


@pytest.mark.parametrize("ends_at", range(1, 9))
def test_a_conflict_that_the_source_won_is_reported_although_no_response_arrives(ends_at: int) -> None:
    store, source = in_sync()
    change_title(store, store.products[EDITED])
    source.rows[3]["title"] = "New"
    stop = Signal()

    def lose(_request: httpx.Request, _response: httpx.Response) -> None:
        if len(store.requests) >= ends_at:
            stop.run_out()
            raise httpx.ReadTimeout("slow")

    store.after = lose
    first = asyncio.run(run_once(source, store, stop=stop))
    store.after = None
    assert first.seen == sum(first.counts.values())
    second = sync(source, store)
    assert store.products[EDITED].title == "New"
    reported = [*conflicts(first), *conflicts(second)]
    assert ("title", "Mine", "New", "source") in reported
    assert first.conflicts + second.conflicts == len(reported)


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_conflict_of_a_product_that_fails_after_it_was_written_is_reported(*, is_lost: bool) -> None:
    """Its stock is refused, or the store goes down after a write whose response is lost."""
    store, source = in_sync()
    change_title(store, store.products[EDITED])
    source.rows[3] |= {"title": "New", "stock": 77, "price": 1}

    def hurt(request: httpx.Request) -> httpx.Response | None:
        if is_lost and sent_in_bulk(request, "update-product-variants"):
            store.before = None
            store.handle(request)
            refuse(store, lambda _request: True, httpx.ReadError("down"))
            raise httpx.ReadError("lost")
        if is_lost or "location-levels" not in request.url.path:
            return None
        return no()

    store.before = hurt
    result = sync(source, store)
    assert (result.conflicts, len(result.changes), store.products[EDITED].title) == (1, 1, "New")
    unsure = "title: Mine (may be overwritten; changed on both sides; source: New; the source wins)"
    assert (unsure if is_lost else "title: Mine -> New (changed on both sides") in text(result)
    assert result.exit_code == (4 if is_lost else 5)


def test_a_conflict_of_a_product_that_the_store_refuses_is_not_decided() -> None:
    store, source = in_sync()
    change_title(store, store.products[EDITED])
    source.rows[3]["title"] = "New"
    refuse(store, is_write, no())
    result = sync(source, store)
    assert (result.exit_code, result.conflicts, store.products[EDITED].title) == (5, 0, "Mine")


def test_an_sku_that_only_the_merchant_gave_a_variant_follows_the_source_once_it_has_one() -> None:
    row = {key: value for key, value in products(1)[0].items() if key != "sku"}
    store, source = synced([row]), ListSource([row | {"sku": "OURS"}])
    edit_variant(store, 1, sku="MINE")
    result = carried_out(source, store)
    assert (result.exit_code, result.conflicts) == (0, 1)
    assert [each.sku for each in store.products["dummyjson:1"].variants] == ["OURS"]
    assert_items_follow(store)
    assert_quiet(source, store)
