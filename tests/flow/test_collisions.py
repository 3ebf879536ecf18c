"""What the store would refuse is found by a dry run, and a real run treats it in the same way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.plans import carried_out, owners, reasons, withheld
from tests.flow.shirts import shirt, variant
from tests.flow.stage import ListSource, counts, sync
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

TAKEN = [(1, 1), (2, 2), (3, 5)]  # numbers of products, and the places of those whose SKU they want
BATCHES = [{"batch_size": 1}, {"batch_size": 2, "concurrency": 1}, {"batch_size": 15}]


def of_another_source(rows: list[dict[str, Any]], name: str = "other") -> FakeMedusa:
    """A store that has these products under the name of another source."""
    store = FakeMedusa()
    sync(ListSource(rows), store)
    for product in store.products.values():
        product.external_id = str(product.external_id).replace("dummyjson", name)
    return store


def barcode_of(store: FakeMedusa, external_id: str) -> str | None:
    [own] = store.products[external_id].variants
    return own.barcode


def with_barcode(row: dict[str, Any], barcode: str) -> dict[str, Any]:
    return {**row, "meta": {**row["meta"], "barcode": barcode}}


def assert_quiet(source: ListSource, store: FakeMedusa, *, withheld: int) -> None:
    """The next run writes nothing, and reads no more than any quiet run."""
    store.requests.clear()
    result = sync(source, store)
    assert (result.exit_code, result.withheld, list(result.changes)) == (0, withheld, [])
    assert counts(result) == {"unchanged": len(source.rows)}
    assert [request.method for request in store.requests] == ["GET"]


@pytest.mark.parametrize("options", BATCHES)
def test_products_whose_skus_belong_to_another_source_are_rejected(options: dict[str, Any]) -> None:
    rows = products(6)
    store = of_another_source(rows[:4])
    result = carried_out(ListSource(rows), store, **options)
    assert counts(result) == {"rejected": 4, "created": 2}
    owner = store.products["other:1"]
    [problem] = [each for each in result.problems if each.external_id == "dummyjson:1"]
    assert problem.reason == (
        f"its SKU {rows[0]['sku']!r} belongs to other:1 {owner.title!r} ({owner.id}); change one of the two"
    )


@pytest.mark.parametrize("options", BATCHES)
def test_a_barcode_of_the_merchant_is_not_taken(options: dict[str, Any]) -> None:
    rows = products(3)
    store, source = FakeMedusa(), ListSource(rows[:2])
    sync(source, store)
    taken = rows[0]["meta"]["barcode"]
    for others, row in ((rows[:1], rows[1]), (rows[:2], rows[2])):
        source.rows = [*others, with_barcode(row, taken)]
        result = carried_out(source, store, **options)
        assert withheld(result) == {f"dummyjson:{row['id']}": [("barcode", taken)]}
        [owner] = owners(result)
        assert "dummyjson:1" in owner
    assert barcode_of(store, "dummyjson:1") == taken


def test_a_variant_of_the_merchant_in_the_same_product_keeps_its_sku() -> None:
    store, source = FakeMedusa(), ListSource([shirt(1), shirt(2)])
    sync(source, store)
    product = store.products["dummyjson:1"]
    added = next(each for each in product.variants if each.sku == "SH1-S-R")
    store.call("POST", f"/admin/products/{product.id}/variants/{added.id}", {"sku": "MERCHANT"})
    row = shirt(1, title="Better shirt")
    row["variants"][1]["sku"] = "MERCHANT"
    source.rows = [row, shirt(2)]
    result = carried_out(source, store)
    assert (result.exit_code, counts(result)) == (0, {"updated": 1, "unchanged": 1})
    assert withheld(result) == {"dummyjson:1": [("sku", "MERCHANT")]}
    assert owners(result) == {f"another variant of this product ({added.id})"}
    assert store.products["dummyjson:1"].title == "Better shirt"
    assert {each.id: each.sku for each in store.products["dummyjson:1"].variants}[added.id] == "MERCHANT"


def test_a_new_variant_is_added_without_an_sku_that_another_product_has() -> None:
    store, source = FakeMedusa(), ListSource([shirt(1), shirt(2)])
    sync(source, store)
    row = shirt(1, title="Better shirt")
    row["variants"].append(variant(1, "XL", "Red", sku="SH2-S-R"))
    source.rows = [row, shirt(2)]
    result = carried_out(source, store)
    assert (result.exit_code, withheld(result)) == (0, {"dummyjson:1": [("sku", "SH2-S-R")]})
    assert store.products["dummyjson:1"].title == "Better shirt"
    assert [each.sku for each in store.products["dummyjson:1"].variants][-1] is None
    assert_quiet(source, store, withheld=1)


@pytest.mark.parametrize("options", BATCHES)
@pytest.mark.parametrize("stored", [0, 2, 4])
def test_of_two_products_with_the_same_sku_the_first_one_gets_it(
    stored: int, options: dict[str, Any]
) -> None:
    rows = products(30)
    store, source = FakeMedusa(), ListSource(rows)
    sync(ListSource(rows[:stored]), store)
    rows[3], rows[20] = rows[3] | {"sku": "SAME"}, rows[20] | {"sku": "SAME"}
    result = carried_out(source, store, **options)
    assert (result.exit_code, withheld(result)) == (0, {"dummyjson:21": [("sku", "SAME")]})
    assert all(owner.startswith("dummyjson:4 ") for owner in owners(result))
    assert [each.sku for each in store.products["dummyjson:4"].variants] == ["SAME"]
    assert [each.sku for each in store.products["dummyjson:21"].variants] == [None]
    assert_quiet(source, store, withheld=1)


@pytest.mark.parametrize("options", BATCHES)
def test_if_the_first_of_two_products_is_rejected_the_second_one_gets_the_sku(
    options: dict[str, Any],
) -> None:
    rows = products(6)
    store = of_another_source([rows[5]])
    taken = with_barcode(rows[0], rows[5]["meta"]["barcode"])
    source = ListSource([taken | {"sku": "SAME"}, rows[1], rows[2] | {"sku": "SAME"}])
    result = carried_out(source, store, **options)
    assert list(reasons(result)) == ["dummyjson:1"]
    [own] = store.products["dummyjson:3"].variants
    assert own.sku == "SAME"


@pytest.mark.parametrize("options", BATCHES)
@pytest.mark.parametrize("receiver", ["before", "after"])
def test_a_new_product_gets_the_sku_that_another_one_gives_up(receiver: str, options: dict[str, Any]) -> None:
    rows = products(4)
    store, source = FakeMedusa(), ListSource(rows[:3])
    sync(source, store)
    new, giver = rows[3] | {"sku": rows[1]["sku"]}, rows[1] | {"sku": "NEW"}
    both = [new, giver] if receiver == "before" else [giver, new]
    source.rows = [rows[0], *both, rows[2]]
    assert carried_out(source, store, **options).exit_code == 0
    [own] = store.products["dummyjson:4"].variants
    assert own.sku == rows[1]["sku"]


@pytest.mark.parametrize("options", BATCHES)
def test_of_two_products_the_first_one_gets_what_a_third_one_gives_up(options: dict[str, Any]) -> None:
    rows = products(4)
    store, source = FakeMedusa(), ListSource(rows[:3])
    sync(source, store)
    given = rows[2]["sku"]
    source.rows = [rows[0] | {"sku": given}, rows[1], rows[2] | {"sku": "NEW"}, rows[3] | {"sku": given}]
    result = carried_out(source, store, **options)
    assert withheld(result) == {"dummyjson:4": [("sku", given)]}
    assert all(owner.startswith("dummyjson:1 ") for owner in owners(result))
    assert_quiet(source, store, withheld=1)


@pytest.mark.parametrize("options", BATCHES)
def test_who_cannot_get_an_sku_does_not_give_up_its_own(options: dict[str, Any]) -> None:
    """1 wants the SKU of 2, which wants that of 3, which wants one of another source."""
    rows = products(6)
    store = of_another_source([rows[5]])
    sync(ListSource(rows[:3]), store)
    before = {key: product.variants[0].sku for key, product in store.products.items()}
    skus = [row["sku"] for row in rows]
    source = ListSource(
        [
            rows[0] | {"sku": skus[1]},
            rows[1] | {"sku": skus[2]},
            rows[2] | {"sku": rows[5]["sku"]},
        ]
    )
    result = carried_out(source, store, **options)
    assert (result.exit_code, counts(result)) == (0, {"unchanged": 3})
    assert withheld(result) == {f"dummyjson:{number}": [("sku", skus[place])] for number, place in TAKEN}
    assert {key: product.variants[0].sku for key, product in store.products.items()} == before
    assert_quiet(source, store, withheld=3)


@pytest.mark.parametrize("options", BATCHES)
def test_a_product_that_the_source_no_longer_has_keeps_its_sku(options: dict[str, Any]) -> None:
    rows = products(3)
    store, source = FakeMedusa(), ListSource(rows[:2])
    sync(source, store)
    source.rows = [rows[0], rows[2] | {"sku": rows[1]["sku"]}]
    result = carried_out(source, store, **options)
    assert withheld(result) == {"dummyjson:3": [("sku", rows[1]["sku"])]}
    [owner] = owners(result)
    assert owner.startswith("dummyjson:2 ")


@pytest.mark.parametrize("options", BATCHES)
def test_a_handle_of_the_source_that_is_taken_is_rejected(options: dict[str, Any]) -> None:
    rows = products(4)
    store = of_another_source([rows[3] | {"handle": "taken"}])
    source = ListSource(
        [rows[0] | {"handle": "Taken"}, rows[1] | {"handle": "own"}, rows[2] | {"handle": "own"}]
    )
    result = carried_out(source, store, **options)
    owner = store.products["other:4"]
    assert reasons(result).keys() == {"dummyjson:1", "dummyjson:3"}
    assert reasons(result)["dummyjson:1"] == (
        f"its handle 'taken' belongs to other:4 {owner.title!r} ({owner.id}); change one of the two"
    )
    assert "its handle 'own' belongs to dummyjson:2" in reasons(result)["dummyjson:3"]
    assert store.products["dummyjson:2"].handle == "own"


def test_a_product_that_is_too_large_for_a_request_is_rejected() -> None:
    rows = products(3)
    store, source = FakeMedusa(), ListSource(rows)
    rows[1] = rows[1] | {"metadata": {f"text {number}": "x" * 50_000 for number in range(41)}}
    result = carried_out(source, store)
    assert counts(result) == {"created": 2, "rejected": 1}
    assert "more than the store accepts" in reasons(result)["dummyjson:2"]


def test_a_dry_run_looks_up_owners_once_for_200_products() -> None:
    store, source = of_another_source(products(201)[200:]), ListSource(products(200), page_size=200)
    store.requests.clear()
    sync(source, store, dry_run=True)
    paths = [request.path for request in store.requests]
    # The lists of SKUs and barcodes, and of inventory items, are read at the same time.
    assert (paths.count("/admin/product-variants"), paths.count("/admin/inventory-items")) == (2, 1)
    sync(source, store)
    store.requests.clear()
    sync(source, store, dry_run=True)
    assert all(request.path != "/admin/product-variants" for request in store.requests)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_product_that_moves_its_sku_to_another_of_its_variants_keeps_it(*, is_first: bool) -> None:
    store = FakeMedusa()
    sync(ListSource([shirt(1)]), store)
    one, two = shirt(1), shirt(2)
    moved = one["variants"].pop(0)
    one["variants"][0]["sku"] = moved["sku"]
    two["variants"] = [{**two["variants"][0], "sku": moved["sku"]}]
    source = ListSource([one, two] if is_first else [two, one])
    result = carried_out(source, store)
    assert withheld(result) == {"dummyjson:2": [("sku", moved["sku"])]}
    assert all(owner.startswith("dummyjson:1 ") for owner in owners(result))


@pytest.mark.parametrize("handle", [None, "null"])
@pytest.mark.parametrize("title", ["Null", "NULL", "Nil"])
def test_a_product_titled_null_does_not_read_the_whole_store(title: str, handle: str | None) -> None:
    rows = products(30)
    store = of_another_source(rows[:20])
    next(iter(store.state.products.values())).handle = "null"
    new = [row | {"title": title, **({"handle": handle} if handle else {})} for row in rows[20:22]]
    result = carried_out(ListSource(new), store)
    assert (result.exit_code, counts(result)) == (0, {"created": 2})
    unfiltered = [
        request
        for request in store.requests
        if request.path == "/admin/products"
        and request.method == "GET"
        and {key for key, _ in request.query} <= {"fields", "order", "limit", "offset"}
        and dict(request.query)["limit"] not in {"1", "2000"}  # the count, and the scan of every run
    ]
    assert unfiltered == []
    handles = {product.handle for own, product in store.products.items() if own.startswith("dummyjson:")}
    assert len(handles - {"null"}) == 2
