"""Other prices, stock and texts are noted first; then only these are read, and written."""

from copy import deepcopy
from itertools import chain
from typing import Any

import httpx
import pytest

from tests.flow.faults import strike
from tests.flow.merchant import delete_variants, edit, set_prices
from tests.flow.shirts import held
from tests.flow.stage import ListSource, assert_quiet, counts, details_read, record_of, sync, synced
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirts

ROWS = shirts(2)


def dearer(by: float = 1, **changes: Any) -> ListSource:
    rows = [row | changes for row in deepcopy(ROWS)]
    for variant in chain.from_iterable(row["variants"] for row in rows):
        variant["price"] += by
    return ListSource(rows)


def is_note(request: httpx.Request) -> bool:
    return request.url.path == "/admin/products/batch"


def fields_read(store: FakeMedusa) -> str:
    """What was read of the variants that change."""
    queries = [dict(each.query) for each in store.requests if each.method == "GET"]
    return ",".join(each["fields"] for each in queries if "variants.id" in each.get("fields", ""))


def test_only_what_changes_is_read_once_after_the_note() -> None:
    store = synced(ROWS)
    store.requests.clear()
    assert counts(sync(dearer(), store)) == {"updated": 2}
    assert len(details_read(store)) == 1
    paths = [(each.method, each.path) for each in store.requests]
    assert paths.index(("POST", "/admin/products/batch")) < len(paths) - 1
    assert "variants.price_set" in fields_read(store)
    assert "description" not in fields_read(store)
    assert "inventory" not in fields_read(store)
    assert_quiet(dearer(), store)


def test_a_change_of_the_row_is_read_before_it_is_written() -> None:
    store = synced(ROWS)
    store.requests.clear()
    assert counts(sync(dearer(description="Another"), store)) == {"updated": 2}
    assert "description" in fields_read(store)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_the_merchant_adds_around_the_note_stays(moment: Any) -> None:
    store = synced(ROWS)
    strike(store, moment, is_note, lambda: set_prices(store, 1, {"currency_code": "eur", "amount": 7}))
    sync(dearer(), store)
    price = next(iter(held(store, 1).values()))["price"]
    assert price == {"usd": dearer().rows[0]["variants"][0]["price"], "eur": 7}


def _conflicts(result: Any) -> list[Any]:
    return [each for outcome in result.changes for each in outcome.conflicts]


def test_a_product_that_lost_a_variant_is_read_as_a_whole() -> None:
    store = synced(ROWS)
    gone = store.products["dummyjson:1"].variants[0].id
    delete_variants(store, 1, gone)
    result = sync(dearer(), store)
    assert [each.field for each in _conflicts(result)] == ["variant"]
    assert_quiet(dearer(), store)


def test_a_record_that_somebody_else_has_written_meanwhile_decides() -> None:
    store = synced(ROWS)
    before = record_of(store, 1)

    def restore() -> None:
        edit(store, 1, metadata={"medusa_sync": before})

    strike(store, "after", is_note, restore)
    assert sync(dearer(), store).exit_code == 0
    assert_quiet(dearer(), store)
