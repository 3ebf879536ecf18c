"""A killed run is completed by the next one: values that change hands, currencies, records, late requests."""

from __future__ import annotations

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.kills import KILLED, killed_runs, sync_killed
from tests.flow.shirts import add_own_variant, held, shirt, variant, wanted
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    assert_quiet,
    copies_of,
    counts,
    is_creation,
    sync,
    synced,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

both_routes = pytest.mark.usefixtures("routes")


@pytest.mark.parametrize("killed", KILLED)
def test_a_run_that_is_killed_while_the_currency_changes_is_completed_in_either(killed: str) -> None:
    def run(store: FakeMedusa, currency: str, more: int) -> RunResult:
        rows = [row | {"price": row["price"] + more} for row in products(2)]
        return sync(ListSource(rows, currency=currency), store, currency=currency)

    for hurt in killed_runs(synced(products(2)), killed, lambda store: run(store, "eur", 1)):
        copy = copies_of(hurt)
        for currency, more in (("eur", 2), ("usd", 0)):
            store = copy()
            result = run(store, currency, more)
            assert (result.exit_code, result.conflicts) == (0, 0)
            for row in products(2):
                [own] = store.products[f"{SOURCE_NAME}:{row['id']}"].variants
                amounts = {price.currency_code: price.amount for price in own.prices}
                assert amounts[currency] == row["price"] + more
            assert counts(run(store, currency, more)) == {"unchanged": 2}


@both_routes
def test_a_creation_that_is_complete_is_acknowledged_by_the_next_run() -> None:
    """No request of it can arrive late, so the run after that has nothing to do, however soon it begins."""
    store, source = FakeMedusa(), ListSource(products(3))
    sync_killed("after", is_creation, source, store)
    assert sync(source, store).exit_code == 0
    records = [product.metadata["medusa_sync"] for product in store.products.values() if product.metadata]
    assert [record.get("pending") for record in records] == [None, None, None]


def test_a_variant_that_a_killed_run_created_is_the_same_after_the_merchant_changed_all_of_it() -> None:
    """Because the note names it before it is written."""
    new, row, edited = variant(1, "XL", "Red"), shirt(1), 0
    row["variants"].append(new)
    source = ListSource([row])
    for hurt in killed_runs(synced([shirt(1)]), "tool", lambda store: sync(source, store)):
        [product] = hurt.products.values()
        created = [each.id for each in product.variants if each.sku == new["sku"]]
        for own in created:
            edited += 1
            edit = {"sku": "THEIRS", "barcode": None, "options": {"Size": "XL", "Colour": "Blue"}}
            hurt.call("POST", f"/admin/products/{product.id}/variants/{own}", edit)
        result = sync(source, hurt)
        assert (result.exit_code, result.conflicts) == (0, 0), list(result.problems)
        assert len(hurt.state.variants()) == len(row["variants"])
        for own in created:
            same = hurt.state.variants()[own]
            assert (same.sku, same.options["Colour"]) == ("THEIRS", "Blue")
        assert_quiet(source, hurt)
    assert edited


@both_routes
def test_an_option_that_is_created_twice_is_removed() -> None:
    """The response to its creation was lost, and the store finishes that only after later requests."""
    doubled = False
    for linger in range(1, 10):
        store, rows = synced([shirt()]), [shirt(), shirt()]
        add_own_variant(store)
        own = held(store)["Theirs"]

        def between(request: httpx.Request, _step: str, store: FakeMedusa = store) -> None:
            if request.url.path.endswith("/options/batch"):
                store.between = None
                raise httpx.ReadTimeout("slow")

        store.between, store.linger = between, linger
        for version, row in enumerate(rows, 1):
            row["options"] = ["Size", "Colour", "Fit"]
            for each in row["variants"]:
                each["options"]["Fit"] = f"fit {version}"
        sync(ListSource(rows[:1]), store)
        store.catch_up()
        options = store.products["dummyjson:1"].options
        doubled |= [option.title for option in options].count("Fit") == 2
        result = sync(ListSource(rows[1:]), store)
        assert (result.exit_code, result.conflicts) == (0, 0), list(result.problems)
        assert held(store) == {**wanted(rows[1]), "Theirs": own}
        assert [option.title for option in store.products["dummyjson:1"].options] == ["Size", "Colour", "Fit"]
    assert doubled
