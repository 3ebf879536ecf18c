"""SKUs and barcodes that move between products."""

from __future__ import annotations

from contextlib import suppress

import httpx
import pytest

from tests.flow.faults import AFTER, BEFORE, SIZE, catalogue, fault_at, in_sync
from tests.flow.plans import withheld
from tests.flow.shirts import assert_shirts, held, shirt, variant, wanted
from tests.flow.stage import BATCHES, Killed, ListSource, assert_exact, counts, sent_in_bulk, sync, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import sampled, some


def store_with_a_sku_that_moves() -> tuple[FakeMedusa, ListSource]:
    """A synced store, and a source that has since given the SKU of one product to a new one."""
    store, source = in_sync()
    source.rows = [*source.rows, {**products(SIZE + 1)[-1], "sku": source.rows[1]["sku"]}]
    source.rows[1] = {**source.rows[1], "sku": "RENAMED"}
    return store, source


def test_a_sku_moves_to_a_new_product() -> None:
    store, source = store_with_a_sku_that_moves()
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)
    item_skus = [item.sku for item in store.state.items.values()]
    assert sorted(map(str, item_skus)) == sorted(row["sku"] for row in source.rows)


@pytest.mark.parametrize("name", [*BEFORE, *AFTER])
def test_the_next_run_repairs_any_fault_while_a_sku_moves(name: str) -> None:
    store, source = store_with_a_sku_that_moves()
    sync(source, store)
    for number in some(range(1, len(writes(store)) + 1), 2):
        store, source = store_with_a_sku_that_moves()
        hit = fault_at(store, number, name)
        with suppress(Killed):
            sync(source, store)
        assert hit, number
        store.before = store.after = None
        healed = sync(source, store)
        assert healed.exit_code == 0, (number, hit, list(healed.problems))
        assert_exact(source.rows, store)


HANDOVERS: dict[str, list[int | None]] = {
    "swap": [1, 0],
    "rotation": [1, 2, 3, 4, 0],
    "chain": [1, 2, 3, None],
    "backward chain": [None, 0, 1, 2],
}


def hand_over(source: ListSource, givers: list[int | None]) -> None:
    """Give each of the first products the SKU and barcode of another one, or new ones."""
    before = list(source.rows)
    for place, giver in enumerate(givers):
        row = before[place]
        sku, barcode = f"NEW-{place}", f"NEW-CODE-{place}"
        if giver is not None:
            sku, barcode = before[giver]["sku"], before[giver]["meta"]["barcode"]
        source.rows[place] = {**row, "price": 1, "sku": sku, "meta": {**row["meta"], "barcode": barcode}}


@pytest.mark.parametrize("how", HANDOVERS)
def test_products_of_a_batch_exchange_skus_and_barcodes(how: str) -> None:
    store, source = in_sync()
    hand_over(source, HANDOVERS[how])
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)
    for row in source.rows:
        [variant] = store.products[f"dummyjson:{row['id']}"].variants
        assert variant.barcode == row["meta"]["barcode"]
    store.requests.clear()
    assert sync(source, store).exit_code == 0
    assert not writes(store)


@pytest.mark.parametrize("batch_size", [2, 3, 5])
@pytest.mark.parametrize("how", HANDOVERS)
def test_inventory_items_follow_skus_that_move_between_batches(how: str, batch_size: int) -> None:
    store, source = FakeMedusa(), catalogue()
    sync(source, store)
    hand_over(source, HANDOVERS[how])
    runs = 0
    while sync(source, store, batch_size=batch_size, concurrency=1).exit_code != 0 and runs < 4:
        runs += 1
    sync(source, store, batch_size=batch_size, concurrency=1)
    for row in source.rows:
        [variant] = store.products[f"dummyjson:{row['id']}"].variants
        [item_id] = variant.item_ids
        assert (variant.sku, store.state.items[item_id].sku) == (row["sku"], row["sku"])
    store.requests.clear()
    assert sync(source, store).exit_code == 0
    assert not writes(store)


def test_products_of_different_batches_exchange_skus_in_one_run() -> None:
    store, source = FakeMedusa(), catalogue()
    sync(source, store)
    hand_over(source, [4, 0, 1, 2, 3])
    result = sync(source, store, batch_size=2, concurrency=1)
    assert result.exit_code == 0, list(result.problems)
    assert_exact(source.rows, store)
    store.requests.clear()
    assert sync(source, store).exit_code == 0
    assert not writes(store)


def test_products_whose_sku_is_taken_for_good_keep_their_own() -> None:
    store, source = FakeMedusa(), catalogue()
    sync(source, store)
    for row in source.rows[:3]:
        row["sku"] = source.rows[5]["sku"]
    result = sync(source, store, batch_size=2)
    assert withheld(result).keys() == {"dummyjson:1", "dummyjson:2", "dummyjson:3"}
    assert result.exit_code == 0
    store.requests.clear()
    assert (sync(source, store).withheld, writes(store)) == (3, [])


@pytest.mark.parametrize("batch_size", sampled([2, 15], 2))
@pytest.mark.parametrize("name", [*BEFORE, *AFTER])
def test_later_runs_repair_any_fault_while_skus_are_exchanged(name: str, batch_size: int) -> None:
    options = {"on_conflict": "store"}  # a value that is freed in between is not an edit of the merchant
    store, source = in_sync()
    hand_over(source, HANDOVERS["rotation"])
    store.requests.clear()
    sync(source, store, **options, batch_size=batch_size, concurrency=1)
    for number in some(range(1, len(writes(store)) + 1), 2):
        store, source = in_sync()
        hand_over(source, HANDOVERS["rotation"])
        hit = fault_at(store, number, name)
        with suppress(Killed):
            sync(source, store, **options, batch_size=batch_size, concurrency=1)
        store.before = store.after = None
        for _ in range(2):  # a handover that was split takes two runs
            healed = sync(source, store, **options)
        assert healed.exit_code == 0, (number, hit, list(healed.problems))
        assert_exact(source.rows, store)


@pytest.mark.parametrize("renamed_to", ["MINE", None])
def test_a_sku_moves_even_if_the_merchant_renamed_the_variant(
    renamed_to: str | None,
) -> None:
    store, source = FakeMedusa(), catalogue()
    sync(source, store)
    product = store.products["dummyjson:2"]
    path = f"/admin/products/{product.id}/variants/{product.variants[0].id}"
    store.call("POST", path, {"sku": renamed_to})
    source.rows.append({**products(SIZE + 1)[-1], "sku": source.rows[1]["sku"]})
    source.rows[1] = {**source.rows[1], "sku": "RENAMED"}
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)


def test_an_item_whose_new_sku_is_taken_does_not_block_its_product() -> None:
    store, source = FakeMedusa(), catalogue()
    sync(source, store)
    left_over = store.products["dummyjson:5"]
    path = f"/admin/products/{left_over.id}/variants/{left_over.variants[0].id}"
    store.call("POST", path, {"sku": "ELSEWHERE"})  # its item keeps the SKU
    taken = source.rows[4]["sku"]
    source.rows[1] = {**source.rows[1], "sku": taken, "title": "New title"}
    source.rows[4] = {**source.rows[4], "sku": "ELSEWHERE"}
    for _ in range(2):
        result = sync(source, store)
    assert (result.exit_code, store.products["dummyjson:2"].title) == (0, "New title")
    assert store.products["dummyjson:2"].variants[0].sku == taken


@pytest.mark.parametrize("lost", [True, False])
def test_an_item_gets_its_sku_after_another_batch_freed_it(lost: bool) -> None:  # noqa: FBT001 - a parameter
    """The rename is tried again at the end of the run, or in the next run if its result is unknown."""
    store, source = in_sync()
    holder = store.products["dummyjson:5"]
    path = f"/admin/products/{holder.id}/variants/{holder.variants[0].id}"
    store.call("POST", path, {"sku": "ELSEWHERE"})  # its item keeps the SKU
    source.rows[1] = {**source.rows[1], "sku": source.rows[4]["sku"]}
    source.rows[4] = {**source.rows[4], "sku": "NEW"}
    renames: list[int] = []
    wanted = source.rows[1]["sku"]

    def lose(request: httpx.Request, response: httpx.Response) -> None:
        if any(each["sku"] == wanted for each in sent_in_bulk(request, "update-inventory-items-workflow")):
            renames.append(response.status_code)
            if lost and renames.count(200) == 1:
                raise httpx.ReadTimeout("slow")

    store.after = lose
    assert sync(source, store, batch_size=1, concurrency=1).exit_code == 0
    assert set(renames) == {200}, "sent after the other batch freed the SKU"
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)
    for each in store.state.variants().values():
        assert [store.state.items[item_id].sku for item_id in each.item_ids] == [each.sku]


def test_an_item_that_keeps_a_sku_of_a_sibling_does_not_keep_its_product_pending() -> None:
    """The merchant's SKU stays, and so does that of its item, which a sibling should get."""
    store, source = FakeMedusa(), ListSource([shirt()])
    sync(source, store)
    product = store.products["dummyjson:1"]
    edited = next(each for each in product.variants if each.sku == "SH1-S-R")
    store.call("POST", f"/admin/products/{product.id}/variants/{edited.id}", {"sku": "MERCHANT"})
    row = shirt()
    row["variants"][0]["sku"], row["variants"][1]["sku"] = "NEW", "SH1-S-R"
    source.rows = [row]
    assert sync(source, store, on_conflict="store").exit_code == 0
    assert held(store).keys() == {*wanted(row), "MERCHANT"} - {"NEW"}
    store.requests.clear()
    assert sync(source, store, on_conflict="store").exit_code == 0
    assert writes(store) == []


def test_values_that_a_failing_store_freed_without_keeping_the_note_are_no_edit_of_the_merchant() -> None:
    one, two = products(2)
    store = FakeMedusa()
    assert counts(sync(ListSource([one, two]), store)) == {"created": 2}
    swapped = [{**one, "sku": two["sku"]}, {**two, "sku": one["sku"]}]

    def fail(request: httpx.Request) -> httpx.Response | None:
        if b'"sku":null' not in request.content:
            return None
        store.before = None
        for product in store.products.values():
            product.variants[0].sku = None
        return httpx.Response(500)

    store.before = fail
    result = sync(ListSource(swapped), store, on_conflict="store")
    assert (counts(result), result.conflicts) == ({"updated": 2}, 0)
    assert [store.products[f"dummyjson:{n}"].variants[0].sku for n in (1, 2)] == [two["sku"], one["sku"]]


def exchanged(size: int, by: int) -> tuple[FakeMedusa, ListSource]:
    """A store, and a source in which each product has the SKU of another one."""
    rows = products(size)
    store = FakeMedusa()
    assert sync(ListSource(rows), store, batch_size=100).exit_code == 0
    store.requests.clear()
    moved = [{**row, "sku": rows[(place + by) % size]["sku"]} for place, row in enumerate(rows)]
    return store, ListSource(moved)


@pytest.mark.parametrize("concurrency", [1, 2])
def test_many_products_exchange_skus_although_the_store_accepts_only_small_requests(concurrency: int) -> None:
    store, source = exchanged(60, by=17)

    def refuse(request: httpx.Request) -> httpx.Response | None:
        is_large = request.method == "POST" and len(request.content) > 15_000
        return httpx.Response(413, json={"message": "request entity too large"}) if is_large else None

    store.before = refuse
    result = sync(source, store, batch_size=15, concurrency=concurrency)
    assert (result.exit_code, counts(result)) == (0, {"updated": 60}), list(result.problems)
    assert_exact(source.rows, store)
    store.requests.clear()
    assert sync(source, store).exit_code == 0
    assert not writes(store)


@pytest.mark.parametrize("batch_size", [1, 7, 15])
def test_the_last_pass_keeps_to_the_batch_size(batch_size: int) -> None:
    store, source = exchanged(40, by=17)
    result = sync(source, store, batch_size=batch_size)
    assert (result.exit_code, counts(result)) == (0, {"updated": 40}), list(result.problems)
    assert_exact(source.rows, store)
    sizes = [len(sent_in_bulk(request, "update-product-variants")) for request in writes(store)]
    assert max(sizes) == batch_size


@pytest.mark.parametrize("fault", ["400", "500", "lost"])
def test_one_product_that_cannot_be_written_does_not_stop_an_exchange(fault: str) -> None:
    store, source = exchanged(40, by=17)
    culprit = store.products["dummyjson:5"].variants[0].id

    def hurt(request: httpx.Request) -> httpx.Response | None:
        sent = f"{request.url.path} {request.content.decode()}"
        if request.method != "POST" or culprit not in sent or request.url.path == BATCHES:
            return None
        if fault == "lost":
            raise httpx.ReadTimeout("slow")
        return httpx.Response(int(fault), json={"type": "invalid_data", "message": "No."})

    store.before = hurt
    result = sync(source, store, batch_size=15)
    assert all(each.reason for each in result.problems)
    if fault != "lost":  # then the others do not learn in time that it keeps its SKU
        wants_its_sku = "dummyjson:28"
        assert {each.external_id for each in result.problems} == {"dummyjson:5"}
        assert withheld(result).keys() == {wants_its_sku}
        assert counts(result)["updated"] == 39
    store.before = None
    for _ in range(2):
        healed = sync(source, store, batch_size=15)
    assert healed.exit_code == 0
    assert_exact(source.rows, store)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 15])
def test_new_variants_get_the_skus_that_products_of_other_batches_give_up(batch_size: int) -> None:
    rows = [shirt(number) for number in range(1, 7)]
    store = FakeMedusa()
    sync(ListSource(rows), store)
    moved = []
    for number, row in enumerate(rows):
        given = rows[(number + 1) % 6]["variants"][0]["sku"]
        renamed = {**row["variants"][0], "sku": f"NEW-{number}"}
        added = {**variant(number + 1, "XL", "Red"), "sku": given, "barcode": f"99{number}"}
        moved.append(row | {"variants": [renamed, *row["variants"][1:], added]})
    new = {**shirt(7), "variants": [{**shirt(7)["variants"][0], "sku": rows[2]["variants"][1]["sku"]}]}
    moved[2]["variants"][1] = {**moved[2]["variants"][1], "sku": "NEW-7"}
    source = ListSource([new, *moved])
    result = sync(source, store, batch_size=batch_size)
    assert result.exit_code == 0, list(result.problems)
    assert_shirts(source.rows, store)
    for each in store.state.variants().values():
        assert [store.state.items[item_id].sku for item_id in each.item_ids] == [each.sku]
