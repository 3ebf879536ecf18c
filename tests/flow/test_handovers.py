"""SKUs that move between many products or variants, and the inventory items that follow them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest

from tests.flow.faults import no, refuse, strike
from tests.flow.merchant import edit, edit_variant
from tests.flow.plans import carried_out, owners
from tests.flow.shirts import assert_shirts, held, wanted
from tests.flow.stage import (
    BATCHES,
    ListSource,
    acknowledged_by,
    assert_exact,
    assert_items_follow,
    assert_quiet,
    counts,
    is_write,
    record_of,
    sent_in_bulk,
    sync,
    synced,
    without_codes,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirt, shirts, variant
from tests.world.results import withheld

RENAMES = "update-inventory-items-workflow"
Row = dict[str, Any]


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


def test_an_item_that_keeps_a_sku_of_a_sibling_does_not_keep_its_product_pending() -> None:
    """The merchant's SKU stays, and so does that of its item, which a sibling should get."""
    store, row = synced([shirt()]), shirt()
    edit_variant(store, 1, "SH1-S-R", sku="MERCHANT")
    row["variants"][0]["sku"], row["variants"][1]["sku"] = "NEW", "SH1-S-R"
    source = ListSource([row])
    assert sync(source, store, on_conflict="store").exit_code == 0
    assert held(store).keys() == {*wanted(row), "MERCHANT"} - {"NEW"}
    assert_quiet(source, store, on_conflict="store")


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


def moved_within(rows: list[Row]) -> None:
    """The SKU of a dropped variant goes to its sibling, and the second product wants it, too."""
    moved = rows[0]["variants"].pop(0)
    rows[0]["variants"][0]["sku"] = moved["sku"]
    rows[1]["variants"] = [rows[1]["variants"][0] | {"sku": moved["sku"]}]


def moved_within_the_second(rows: list[Row]) -> None:
    moved_within(rows)
    rows.reverse()


def new_one(sku: str, rows: list[Row]) -> None:
    rows[0]["variants"].append(variant(1, "XL", "Red", sku=sku, barcode=None))


@pytest.mark.parametrize(
    ("change", "lacking", "owner"),
    [
        (moved_within, {"dummyjson:2": [("sku", "SH1-S-R")]}, "dummyjson:1 "),
        (moved_within_the_second, {"dummyjson:1": [("sku", "SH1-S-R")]}, "dummyjson:2 "),
        (partial(new_one, "SH2-S-R"), {"dummyjson:1": [("sku", "SH2-S-R")]}, "dummyjson:2 "),
        (partial(new_one, "SH1-S-R"), {"dummyjson:1": [("sku", "SH1-S-R")]}, "another variant"),
    ],
)
def test_a_variant_whose_sku_has_an_owner_is_stored_without_it(
    change: Callable[[list[Row]], None], lacking: dict[str, list[tuple[str, str]]], owner: str
) -> None:
    store, rows = synced(shirts(2)), shirts(2)
    change(rows)
    result = carried_out(ListSource(rows), store)
    assert (result.exit_code, withheld(result)) == (0, lacking)
    assert all(each.startswith(owner) for each in owners(result))
    store.requests.clear()
    assert (sync(ListSource(rows), store).withheld, writes(store)) == (1, [])


def test_variants_of_a_product_with_the_same_barcode_are_stored_without_it() -> None:
    row = shirt(1)
    for each in row["variants"][1:]:
        each["barcode"] = row["variants"][0]["barcode"]
    store, source = FakeMedusa(), ListSource([row])
    result = carried_out(source, store)
    assert (result.exit_code, result.withheld) == (0, 5)
    barcodes = [each.barcode for each in store.products["dummyjson:1"].variants]
    assert sorted(barcodes, key=str) == sorted([row["variants"][0]["barcode"], *[None] * 5], key=str)
    store.requests.clear()
    assert (sync(source, store).withheld, writes(store)) == (5, [])


def test_a_variant_of_the_merchant_in_the_same_product_keeps_its_sku() -> None:
    store, row = synced([shirt()]), shirt(title="Better shirt")
    edited = next(each for each in store.products["dummyjson:1"].variants if each.sku == "SH1-S-R")
    edit_variant(store, 1, "SH1-S-R", sku="MERCHANT")
    row["variants"][1]["sku"] = "MERCHANT"
    result = carried_out(ListSource([row]), store)
    assert (result.exit_code, withheld(result)) == (0, {"dummyjson:1": [("sku", "MERCHANT")]})
    assert owners(result) == {f"another variant of this product ({edited.id})"}
    assert store.products["dummyjson:1"].title == "Better shirt"
    assert store.state.variants()[edited.id].sku == "MERCHANT"


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


def test_a_product_that_only_gives_up_its_sku_is_not_pending_after_the_run() -> None:
    rows = without_codes(2)
    store = synced([rows[0] | {"sku": "SKU"}, rows[1]])
    source = ListSource([rows[0], rows[1] | {"sku": "SKU"}])
    carried_out(source, store)
    assert [record_of(store, number).get("pending") for number in (1, 2)] == [None, None]
    assert_quiet(source, store)


def test_products_whose_records_are_lost_exchange_skus() -> None:
    one, two = products(2)
    store = synced([one, two])
    rows = [one | {"sku": two["sku"], "price": 7}, two | {"sku": one["sku"], "price": 8}]
    for number in (1, 2):
        edit(store, number, metadata={"medusa_sync": ""})
    carried_out(ListSource(rows), store)
    assert_exact(rows, store)
    assert_quiet(ListSource(rows), store)


@pytest.mark.parametrize("left", [{}, {"sku": "NEW", "stock": 4}], ids=["no stock", "another SKU"])
def test_a_variant_that_is_stocked_from_now_on_gets_the_sku_of_a_stocked_one(left: dict[str, Any]) -> None:
    row = shirt(1)
    one, two = row["variants"][:2]
    del two["stock"], two["sku"]
    store = synced([row])
    two |= {"sku": one.pop("sku"), "stock": one.pop("stock")}
    one |= left
    carried_out(ListSource([row]), store)
    assert_shirts([row], store)
    assert_quiet(ListSource([row]), store)


def test_the_first_of_two_variants_gets_a_sku_that_the_second_one_exchanges() -> None:
    one, two = shirts(2)
    del one["variants"][0]["sku"]
    store = synced([one, two])
    mine, theirs = one["variants"][1]["sku"], two["variants"][0]["sku"]
    one["variants"][0]["sku"] = one["variants"][1]["sku"] = theirs
    two["variants"][0]["sku"] = mine
    source = ListSource([one, two])
    assert carried_out(source, store).withheld == 1
    skus = {each.title: each.sku for each in store.products["dummyjson:1"].variants}
    assert (skus["S / Red"], skus["S / Blue"]) == (theirs, None)
    assert held(store, 2).keys() == wanted(two).keys()
    assert_items_follow(store)
