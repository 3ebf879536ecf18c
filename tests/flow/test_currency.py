"""The currency of a source changes: new prices are added, and a killed run is completed in either."""

from __future__ import annotations

from typing import Any

import pytest

from medusa_sync import RunResult
from tests.flow.kills import KILLED, killed_runs
from tests.flow.stage import SOURCE_NAME, ListSource, copies_of, counts, sync, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa


def run(store: FakeMedusa, currency: str, *, more: int = 0, **options: Any) -> RunResult:
    rows = [row | {"price": row["price"] + more} for row in products(2)]
    return sync(ListSource(rows, currency=currency), store, currency=currency, **options)


def prices(store: FakeMedusa, number: int) -> dict[str, float]:
    [variant] = store.products[f"{SOURCE_NAME}:{number}"].variants
    return {price.currency_code: price.amount for price in variant.prices}


def synced() -> FakeMedusa:
    store = FakeMedusa()
    assert run(store, "usd").exit_code == 0
    return store


def test_a_new_currency_adds_prices_and_the_old_ones_stay() -> None:
    store = synced()
    result = run(store, "eur", more=1)
    assert (counts(result), result.conflicts) == ({"updated": 2}, 0)
    for row in products(2):
        assert prices(store, row["id"]) == {"usd": row["price"], "eur": row["price"] + 1}
    store.requests.clear()
    assert counts(run(store, "eur", more=1)) == {"unchanged": 2}
    assert writes(store) == []


@pytest.mark.parametrize("killed", KILLED)
def test_a_run_that_is_killed_while_the_currency_changes_is_completed_in_either(killed: str) -> None:
    for hurt in killed_runs(synced(), killed, lambda store: run(store, "eur", more=1)):
        copy = copies_of(hurt)
        for currency, more in (("eur", 2), ("usd", 0)):
            store = copy()
            result = run(store, currency, more=more)
            assert (result.exit_code, result.conflicts) == (0, 0)
            for row in products(2):
                assert prices(store, row["id"])[currency] == row["price"] + more
            store.requests.clear()
            assert counts(run(store, currency, more=more)) == {"unchanged": 2}
            assert writes(store) == []
