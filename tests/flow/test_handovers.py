"""SKUs that move between many products or variants, and the inventory items that follow them."""

import httpx
import pytest

from tests.flow.faults import no, refuse, strike
from tests.flow.merchant import edit_variant
from tests.flow.plans import carried_out
from tests.flow.shirts import assert_shirts
from tests.flow.stage import (
    BATCHES,
    ListSource,
    acknowledged_by,
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
from tests.harness.shirts import shirt, shirts, variant
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


@pytest.mark.parametrize("batch_size", [1, 2, 15])
def test_new_variants_get_the_skus_that_products_of_other_batches_give_up(batch_size: int) -> None:
    rows = shirts(6)
    store, moved = synced(rows), []
    for number, row in enumerate(rows):
        given = rows[(number + 1) % 6]["variants"][0]["sku"]
        renamed = {**row["variants"][0], "sku": f"NEW-{number}"}
        added = {**variant(number + 1, "XL", "Red"), "sku": given, "barcode": f"99{number}"}
        moved.append(row | {"variants": [renamed, *row["variants"][1:], added]})
    new = {**shirt(7), "variants": [{**shirt(7)["variants"][0], "sku": rows[2]["variants"][1]["sku"]}]}
    moved[2]["variants"][1] = {**moved[2]["variants"][1], "sku": "NEW-7"}
    source = ListSource([new, *moved])
    assert sync(source, store, batch_size=batch_size).exit_code == 0
    assert_shirts(source.rows, store)


@pytest.mark.parametrize("lost", [True, False])
def test_an_item_gets_its_sku_after_another_batch_freed_it(*, lost: bool) -> None:
    """The rename is tried again at the end of the run, or in the next run if its result is unknown."""
    rows = products(5)
    store, moved = synced(rows), rows[4]["sku"]
    edit_variant(store, 5, sku="ELSEWHERE")
    rows[1]["sku"], rows[4]["sku"] = moved, "NEW"
    renames: list[int] = []

    def lose(request: httpx.Request, response: httpx.Response) -> None:
        if any(each["sku"] == moved for each in sent_in_bulk(request, RENAMES)):
            renames.append(response.status_code)
            if lost and renames.count(200) == 1:
                raise httpx.ReadTimeout("slow")

    store.after = lose
    assert sync(ListSource(rows), store, batch_size=1, concurrency=1).exit_code == 0
    assert set(renames) == {200}, "sent after the other batch freed the SKU"
    assert sync(ListSource(rows), store).exit_code == 0
    assert_exact(rows, store)


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


@pytest.mark.parametrize("answer", [400, 500, 503])
def test_a_rename_that_is_delivered_after_a_run_that_wrote_no_record_is_undone_by_the_next_one(
    answer: int,
) -> None:
    """If the store is down after the rename was lost, the run says so."""
    store, source = exchanged(3, by=1)  # a ring: each item loses its SKU before it gets the next one
    lost: list[httpx.Request] = []
    written = False

    def hurt(request: httpx.Request) -> httpx.Response | None:
        nonlocal written
        if not lost and any(each["sku"] is None for each in sent_in_bulk(request, RENAMES)):
            lost.append(request)
            raise httpx.ReadTimeout("no response")
        written |= bool(lost and sent_in_bulk(request, "update-product-variants"))
        return httpx.Response(answer) if written and acknowledged_by(request) else None

    store.before = hurt
    result = sync(source, store)
    assert result.exit_code in ({0, 4} if answer == 503 else {0})
    assert counts(result) == {"updated": 3}
    store.before = None
    store.handle(lost[0])
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)


def test_values_that_a_failing_store_freed_without_keeping_the_note_are_no_edit_of_the_merchant() -> None:
    one, two = products(2)
    store = synced([one, two])
    swapped = [{**one, "sku": two["sku"]}, {**two, "sku": one["sku"]}]

    def fail() -> httpx.Response:
        for product in store.products.values():
            product.variants[0].sku = None
        return httpx.Response(500)

    strike(store, "before", lambda request: b'"sku":null' in request.content, fail)
    result = sync(ListSource(swapped), store, on_conflict="store")
    assert (counts(result), result.conflicts) == ({"updated": 2}, 0)
    assert_exact(swapped, store)


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
