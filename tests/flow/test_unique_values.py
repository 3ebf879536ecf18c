"""Any products that want any SKUs: each value has one owner, and nobody goes without one for no reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from medusa_sync import Result
from tests.flow.plans import carried_out, reasons, withheld
from tests.flow.stage import ListSource, copies_of, counts, sync, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

ALL = "100%"
STORED, OTHERS = 5, 2
ROWS = products(STORED + OTHERS + 2)
"""The first ones are in the store, the next ones belong to another source there, the last ones are new."""
SKUS = [row["sku"] for row in ROWS[: STORED + OTHERS]]
POOL = [*SKUS, "FREE-1", "FREE-2"]
PLACES = [*range(STORED), *range(STORED + OTHERS, len(ROWS))]


@pytest.fixture(scope="module")
def fresh() -> Callable[[], FakeMedusa]:
    store = FakeMedusa()
    sync(ListSource(ROWS[STORED : STORED + OTHERS]), store)
    for product in store.products.values():
        product.external_id = str(product.external_id).replace("dummyjson", "other")
    sync(ListSource(ROWS[:STORED]), store)
    return copies_of(store)


def owners(store: FakeMedusa) -> dict[str, str]:
    """The external id of the product that has each SKU."""
    return {str(each.sku): own for own, product in store.products.items() for each in product.variants}


@given(
    wanted=st.dictionaries(st.sampled_from(PLACES), st.sampled_from(POOL)),
    options=st.fixed_dictionaries(
        {"batch_size": st.sampled_from([1, 2, 15]), "concurrency": st.sampled_from([1, 3])}
    ),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_product_has_its_sku_or_a_reason(
    fresh: Callable[[], FakeMedusa], wanted: dict[int, str], options: dict[str, Any]
) -> None:
    store = fresh()
    before = owners(store)
    rows = [ROWS[place] | {"sku": wanted.get(place, ROWS[place]["sku"])} for place in PLACES]
    source = ListSource(rows, page_size=3)
    result = carried_out(source, store, **options)
    after, without = owners(store), withheld(result)
    for row in rows:
        own, sku = f"dummyjson:{row['id']}", row["sku"]
        if own in reasons(result):
            assert before.get(sku, "").startswith("other:")
            assert (own not in before.values(), own not in store.products) == (True, True)
        elif own in without:
            assert without[own] == [("sku", sku)]
            assert after[sku] != own, "somebody else has it"
        else:
            assert after[sku] == own
    lacking = {own for own in without if own in before.values()}
    assert all(after.get(sku) == own for sku, own in before.items() if own in lacking), "it keeps its own"
    store.requests.clear()
    again = sync(source, store)
    assert again.withheld == result.withheld
    assert again.counts[Result.UNCHANGED] == len(rows) - len(reasons(result))
    assert writes(store) == [] or reasons(result)


@pytest.mark.parametrize("batch_size", [1, 15])
def test_a_product_that_stays_rejected_costs_no_write(
    fresh: Callable[[], FakeMedusa], batch_size: int
) -> None:
    store = fresh()
    source = ListSource([*ROWS[:STORED], ROWS[-1] | {"sku": SKUS[-1]}])
    assert reasons(sync(source, store, batch_size=batch_size)).keys() == {f"dummyjson:{ROWS[-1]['id']}"}
    store.requests.clear()
    assert counts(sync(source, store, batch_size=batch_size)) == {"unchanged": STORED, "rejected": 1}
    assert writes(store) == []


@pytest.mark.parametrize("how", ["delete", "draft", "keep"])
def test_values_of_products_that_the_source_no_longer_has_arrive_once_they_are_deleted(
    fresh: Callable[[], FakeMedusa], how: str
) -> None:
    """Two new products and a stored one want the SKUs of three that the source drops."""
    store, options = fresh(), {"on_missing": how, "max_removals": ALL}
    rows = [ROWS[0] | {"sku": SKUS[2]}, ROWS[1], ROWS[-2] | {"sku": SKUS[3]}, ROWS[-1] | {"sku": SKUS[4]}]
    source = ListSource(rows)
    first = sync(source, store, **options)
    assert first.exit_code == 0
    result = sync(source, store, **options)
    assert (result.exit_code, result.withheld) == (0, 0 if how == "delete" else 3)
    for row in rows:
        sku = owners(store).get(row["sku"])
        assert (sku == f"dummyjson:{row['id']}") == (how == "delete" or row is rows[1])
    store.requests.clear()
    assert sync(source, store, **options).exit_code == 0
    assert writes(store) == []


def test_the_value_of_a_removed_product_arrives_in_the_same_run(fresh: Callable[[], FakeMedusa]) -> None:
    store = fresh()
    source = ListSource([ROWS[0] | {"sku": SKUS[2]}, ROWS[1], ROWS[-1] | {"sku": SKUS[3]}])
    result = carried_out(source, store, on_missing="delete", max_removals=ALL)
    assert (result.exit_code, result.withheld) == (0, 0)


def test_a_dry_run_knows_which_items_keep_their_skus(fresh: Callable[[], FakeMedusa]) -> None:
    """The merchant renamed the variant of product 1, whose item has the SKU that product 2 wants."""
    store = fresh()
    product = store.products["dummyjson:1"]
    path = f"/admin/products/{product.id}/variants/{product.variants[0].id}"
    store.call("POST", path, {"sku": "MERCHANT"})
    rows = [ROWS[0], ROWS[1] | {"sku": SKUS[0]}, *ROWS[2:STORED], ROWS[-1] | {"sku": SKUS[1]}]
    carried_out(ListSource(rows), store, batch_size=1)
