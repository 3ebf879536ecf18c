"""Edits of the merchant survive, before and during a run."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from tests.flow.edits import (
    EDITED,
    PAIRS,
    SIZE,
    Edit,
    IsDue,
    add_euros,
    add_image,
    add_metadata,
    add_tag,
    add_variant,
    at_the_first_write,
    change_title,
    edit_after_rows,
    edit_at,
    in_sync,
    price_edit,
)
from tests.flow.shirts import held, shirts
from tests.flow.stage import (
    BATCHES,
    ListSource,
    assert_quiet,
    counts,
    sync,
    synced,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa


def after_the_first_write(store: FakeMedusa, request: httpx.Request) -> bool:
    return request.method == "GET" and any(each.method == "POST" for each in store.requests)


def at_the_acknowledgement(_store: FakeMedusa, request: httpx.Request) -> bool:
    """A batch that writes only records."""
    bodies = json.loads(request.content).get("update", []) if request.url.path == BATCHES else []
    return bool(bodies) and all(body.keys() == {"id", "metadata"} for body in bodies)


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


MOMENTS: dict[str, tuple[Callable[[ListSource], None], IsDue]] = {
    "the batch before is written": (new_prices, at_the_first_write),
    "its new tag is created": (new_tags, at_the_first_write),
    "its SKU was freed": (new_skus, after_the_first_write),
    "another product is created": (new_products, at_the_first_write),
    "its record is acknowledged": (new_prices, at_the_acknowledgement),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("edit", [add_euros, add_variant, add_image, add_tag, change_title, add_metadata])
def test_an_edit_during_a_run_is_kept(edit: Edit, moment: str) -> None:
    store, source = in_sync()
    change, is_due = MOMENTS[moment]
    change(source)
    made = edit_at(store, edit, is_due)
    result = sync(source, store, **PAIRS)
    assert (result.exit_code, result.conflicts) == (0, 0)
    [is_kept] = made
    [ours] = [each for each in store.products[EDITED].variants if each.sku == source.rows[-1]["sku"]]
    assert source.rows[-1]["price"] in [price.amount for price in ours.prices]
    assert is_kept(store.products[EDITED])
    assert_quiet(source, store)
    assert is_kept(store.products[EDITED])


def test_edits_between_the_row_of_a_product_and_its_variants_are_kept() -> None:
    store, rows = synced(shirts(3)), shirts(3)
    first, second = (str(each.sku) for each in store.products["dummyjson:2"].variants[:2])

    def edit() -> None:
        euros = {"currency_code": "eur", "amount": 5}
        price_edit(store, 2, 0, {"currency_code": "usd", "amount": 22}, euros)
        price_edit(store, 2, 1, {"currency_code": "usd", "amount": 1})

    for row in rows:
        row["variants"][0]["price"] = 30
    edit_after_rows(store, edit)
    assert counts(sync(ListSource(rows), store)) == {"updated": 3}
    found = held(store, 2)
    assert (found[first]["price"], found[second]["price"]) == ({"usd": 30, "eur": 5}, {"usd": 1})
    assert_quiet(ListSource(rows), store)
