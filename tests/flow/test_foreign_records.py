"""A record that does not fit the store: the product is matched by what it has, and the record is repaired."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from tests.flow.shirts import assert_shirts, shirt, shirts, variant
from tests.flow.stage import ListSource, counts, sync, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa


def record_of(store: FakeMedusa, external_id: str) -> dict[str, Any]:
    metadata = store.products[external_id].metadata
    assert metadata is not None
    return deepcopy(metadata["medusa_sync"])


def overwrite(store: FakeMedusa, external_id: str, record: dict[str, Any]) -> None:
    """Write a record, as a request does that is delivered late."""
    product = store.products[external_id]
    store.call(
        "POST", "/admin/products/batch", {"update": [{"id": product.id, "metadata": {"medusa_sync": record}}]}
    )


def assert_repaired(store: FakeMedusa, source: ListSource) -> None:
    """A changed product is synced, nothing is doubled, and the run after that is quiet."""
    ids = {variant.id for product in store.products.values() for variant in product.variants}
    for row in source.rows:
        row["title"] += " (new)"
    result = sync(source, store)
    assert (result.exit_code, counts(result)) == (0, {"updated": len(source.rows)}), list(result.problems)
    assert {variant.id for product in store.products.values() for variant in product.variants} == ids
    store.requests.clear()
    assert counts(sync(source, store)) == {"unchanged": len(source.rows)}
    assert not writes(store)


def test_records_with_the_ids_of_another_store_are_repaired() -> None:
    """An export of the catalogue was imported into a new store, with its metadata."""
    store, source = FakeMedusa(), ListSource(shirts(3))
    sync(source, store)
    for number in (1, 2, 3):
        record = json.dumps(record_of(store, f"dummyjson:{number}"))
        overwrite(
            store,
            f"dummyjson:{number}",
            json.loads(record.replace("variant_", "variant_X").replace("opt_", "opt_X")),
        )
    assert_repaired(store, source)
    assert_shirts(source.rows, store)


def test_records_without_variants_are_repaired() -> None:
    store, source = FakeMedusa(), ListSource(shirts(3))
    sync(source, store)
    for number in (1, 2, 3):
        overwrite(store, f"dummyjson:{number}", {**record_of(store, f"dummyjson:{number}"), "variants": {}})
    assert_repaired(store, source)
    assert_shirts(source.rows, store)


def test_a_product_without_a_record_is_synced() -> None:
    store, source = FakeMedusa(), ListSource([*shirts(1), *products(2)[1:]])
    sync(source, store)
    for product in store.products.values():
        product.metadata = None
    assert_repaired(store, source)


@pytest.mark.parametrize("added", ["with its SKU", "without an SKU"])
def test_an_acknowledgement_that_arrives_after_the_next_run_is_repaired(added: str) -> None:
    """It does not know the variant that the next run has added."""
    store, source = FakeMedusa(), ListSource([shirt(1)])
    sync(source, store)
    late = record_of(store, "dummyjson:1")
    sku = {} if added == "with its SKU" else {"sku": None, "barcode": None, "stock": None}
    source.rows[0]["variants"].append(variant(1, "XL", "Red", **sku))
    assert sync(source, store).exit_code == 0
    overwrite(store, "dummyjson:1", late)
    assert_repaired(store, source)
    assert_shirts(source.rows, store)


def test_a_variant_that_the_merchant_has_created_with_the_values_of_a_new_one_is_taken_over() -> None:
    """Medusa does not store both; the values that differ are conflicts, which are reported."""
    store, source = FakeMedusa(), ListSource([shirt(1)])
    sync(source, store)
    product = store.products["dummyjson:1"]
    body = {"title": "Theirs", "options": {"Size": "XXL", "Colour": "Red"}, "prices": []}
    option = next(each for each in product.options if each.title == "Size")
    values = {"update": [{"product_option_id": option.id, "add": [{"value": "XXL"}]}]}
    store.call("POST", f"/admin/products/{product.id}/options/batch", values)
    store.call("POST", f"/admin/products/{product.id}/variants/batch", {"create": [body]})
    source.rows[0]["variants"].append(variant(1, "XXL", "Red"))
    result = sync(source, store)
    assert (result.exit_code, counts(result)) == (0, {"updated": 1})
    assert {each.field for outcome in result.changes for each in outcome.conflicts} == {"title"}
    assert_shirts(source.rows, store)
