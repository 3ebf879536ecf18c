"""A status that Medusa does not know makes a new product a draft, and the run says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.stage import ListSource, counts, sync, text, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

ROWS = [row | {"status": "publish"} for row in products(2)]


def test_a_new_product_is_a_draft_and_is_listed_like_a_conflict() -> None:
    store = FakeMedusa()
    dry = sync(ListSource(ROWS), store, dry_run=True)
    result = sync(ListSource(ROWS), store)
    assert (result.exit_code, counts(result)) == (0, {"created": 2})
    assert {product.status for product in store.products.values()} == {"draft"}
    for each in (dry, result):
        assert each.conflicts == 2
        line = "status: draft (kept; the store has no such status; source: publish; the store wins)"
        assert line in text(each)


@pytest.mark.parametrize("status", ["publish", {"name": "live"}, 7])
def test_the_status_of_a_stored_product_is_not_touched(status: Any) -> None:
    store = FakeMedusa()
    sync(ListSource(products(1)), store)
    changed = [row | {"status": status, "price": 1} for row in products(1)]
    result = sync(ListSource(changed), store)
    assert (counts(result), result.conflicts) == ({"updated": 1}, 0)
    assert {product.status for product in store.products.values()} == {"published"}
    store.requests.clear()
    assert (counts(sync(ListSource(changed), store)), writes(store)) == ({"unchanged": 1}, [])
