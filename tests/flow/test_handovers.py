"""SKUs that move between many products or variants, and the inventory items that follow them."""

import httpx
import pytest

from tests.flow.faults import no, refuse
from tests.flow.plans import carried_out
from tests.flow.shirts import assert_shirts
from tests.flow.stage import (
    BATCHES,
    ListSource,
    assert_exact,
    assert_quiet,
    counts,
    is_write,
    sent_in_bulk,
    sync,
    synced,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirt, variant
from tests.world.results import withheld

RENAMES = "update-inventory-items-workflow"


def exchanged(size: int, by: int = 17) -> tuple[FakeMedusa, ListSource]:
    """A store, and a source in which each product has the SKU of another one."""
    rows = products(size)
    moved = [{**row, "sku": rows[(place + by) % size]["sku"]} for place, row in enumerate(rows)]
    return synced(rows, batch_size=100), ListSource(moved)


@pytest.mark.parametrize("batch_size", [7, 15])
def test_many_products_exchange_skus_in_batches_and_with_small_requests(batch_size: int) -> None:
    store, source = exchanged(60)
    refuse(store, lambda request: len(request.content) > 17_000, no(413))
    assert counts(sync(source, store, batch_size=batch_size, concurrency=2)) == {"updated": 60}
    assert_exact(source.rows, store)
    sizes = [len(sent_in_bulk(request, "update-product-variants")) for request in writes(store)]
    assert max(sizes) == batch_size, "also in the last pass"
    assert_quiet(source, store)


@pytest.mark.parametrize("fault", ["400", "500", "lost"])
def test_one_product_that_cannot_be_written_does_not_stop_an_exchange(fault: str) -> None:
    store, source = exchanged(40)
    culprit = store.products["dummyjson:5"].variants[0].id

    def is_hit(request: httpx.Request) -> bool:
        sent = f"{request.url.path} {request.content.decode()}"
        return is_write(request) and culprit in sent and request.url.path != BATCHES

    refuse(store, is_hit, httpx.ReadTimeout("slow") if fault == "lost" else no(int(fault)))
    result = sync(source, store)
    assert all(each.reason for each in result.problems)
    if fault != "lost":  # then the others do not learn in time that it keeps its SKU
        assert {each.external_id for each in result.problems} == {"dummyjson:5"}
        assert (list(withheld(result)), counts(result)["updated"]) == (["dummyjson:28"], 39)
        [lost] = [each.changes for each in result.changes if each.external_id == "dummyjson:28"]
        assert [(each.field, each.planned) for each in lost] == [("sku", None)]
    store.before = None
    for _ in range(2):
        assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)


def test_a_new_variant_gets_its_sku_although_an_item_has_kept_it_in_an_interrupted_run() -> None:
    """The variants lost their SKUs first, but not their items."""
    row = shirt(1)
    first, second, *others = row["variants"]
    new = {**variant(1, "XL", "Red"), "sku": first["sku"], "barcode": "991"}
    moved = [{**first, "sku": second["sku"]}, {**second, "sku": "NEW"}, *others, new]
    store, source = synced([row]), ListSource([row | {"variants": moved}])
    refuse(store, lambda request: bool(sent_in_bulk(request, RENAMES)), no(429))
    assert counts(sync(source, store)) == {"unconfirmed": 1}
    assert not any(each.sku for each in store.products["dummyjson:1"].variants[:2])
    store.before = None
    result = sync(source, store)
    assert (counts(result), withheld(result)) == ({"updated": 1}, {})
    assert_shirts(source.rows, store)
    assert_quiet(source, store)


# --- variants that want values of others ------------------------------------------------------------------


@pytest.mark.parametrize("is_first", [True, False])
def test_a_stored_variant_stays_the_same_if_another_one_repeats_its_sku(*, is_first: bool) -> None:
    """Without ids, the SKU was the key of the stored one."""
    row = shirt(1)
    for each in row["variants"]:
        del each["id"]
    store, source = synced([row]), ListSource([row])
    before = {tuple(each.options.values()): each.id for each in store.products["dummyjson:1"].variants}
    twin = variant(1, "XL", "Red", sku="SH1-S-R", barcode=None, id=None)
    row["variants"].insert(0 if is_first else len(row["variants"]), twin)
    result = sync(source, store)
    after = {tuple(each.options.values()): each.id for each in store.products["dummyjson:1"].variants}
    assert (result.exit_code, result.withheld, after | before == after) == (0, 1, True)
    store.requests.clear()
    assert (sync(source, store).withheld, writes(store)) == (1, [])
    for each in row["variants"]:
        each["price"] += 1
    [outcome] = carried_out(source, store).changes
    assert len({each.variant for each in outcome.changes}) == len(row["variants"])
