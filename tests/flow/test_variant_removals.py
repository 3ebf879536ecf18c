"""Variants that the source no longer has: what removes them, what keeps them, and other runs meanwhile."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest

from tests.flow.faults import no, refuse, strike, sync_killed
from tests.flow.merchant import delete_variants, edit, left_over
from tests.flow.plans import carried_out
from tests.flow.shirts import held
from tests.flow.stage import (
    BATCHES,
    ListSource,
    assert_quiet,
    counts,
    record_of,
    sent_in_bulk,
    sync,
    synced,
    writes,
)
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.fake_medusa.state import Item
from tests.harness.shirts import shirt, shirts, variant
from tests.world.results import shown

Row = dict[str, Any]
DRAFT: Row = {"on_missing": "draft", "max_removals": "100%"}
DELETE = DRAFT | {"on_missing": "delete"}
BOTH = pytest.mark.parametrize("removal", [DRAFT, DELETE], ids=["draft", "delete"])


def without_first(row: Row) -> Row:
    return row | {"variants": row["variants"][1:]}


def left(store: FakeMedusa, number: int = 1) -> float:
    """The stock of the first variant; 0 if there is no such variant any more."""
    stock: float = held(store, number).get(f"SH{number}-S-R", {"stock": 0})["stock"]
    return stock


@pytest.mark.parametrize("removal", [{}, DRAFT])
@pytest.mark.parametrize("applied", ["SH1-S-R", None])
def test_a_sku_of_the_merchant_stays_with_a_variant_that_is_dropped_and_comes_back(
    applied: str | None, removal: Row
) -> None:
    """Its item does not get it."""
    row = shirt()
    row["variants"][0] = variant(1, "S", "Red", sku=applied)
    store = synced([row])
    own = next(each.id for each in store.products["dummyjson:1"].variants if each.sku == applied)
    edit(store, 1, f"/variants/{own}", sku="MERCHANT")
    less = {**row, "variants": [{**each, "stock": 7} for each in row["variants"][1:]]}
    for rows in ([less], [row]):
        assert sync(ListSource(rows), store, **removal).exit_code == 0
        edited = store.state.variants()[own]
        assert edited.sku == "MERCHANT"
        assert [store.state.items[each].sku for each in edited.item_ids] == [applied]


def test_a_product_whose_variants_the_merchant_has_deleted_is_synced() -> None:
    store, row = synced([shirt()]), shirt(title="New title")
    delete_variants(store, 1, *(each.id for each in store.products["dummyjson:1"].variants))
    assert counts(carried_out(ListSource([row]), store, **DELETE)) == {"updated": 1}
    assert (store.products["dummyjson:1"].title, held(store)) == ("New title", {})


@BOTH
def test_the_last_variant_of_a_product_is_drafted_but_not_deleted(removal: Row) -> None:
    """The merchant has deleted the others; a product without variants cannot be bought."""
    store, row = synced([shirt()]), shirt()
    delete_variants(store, 1, *(each.id for each in store.products["dummyjson:1"].variants[2:]))
    source = ListSource([row | {"variants": row["variants"][2:]}])
    carried_out(source, store, **removal)
    assert len(held(store)) == (1 if removal is DELETE else 2)
    assert sum(each["stock"] for each in held(store).values()) == (1 if removal is DELETE else 0)
    assert_quiet(source, store, **removal)


@BOTH
def test_kept_variants_are_removed_once_that_is_wanted_and_the_guard_allows_it(removal: Row) -> None:
    store, source = synced(shirts(2)), ListSource([without_first(shirt(1)), shirt(2)])
    sync(source, store)
    for _ in range(2):
        assert sync(source, store, **removal | {"max_removals": "0"}).exit_code == 6
    assert left(store) == 1
    result = carried_out(source, store, **removal)
    assert (result.exit_code, counts(result), left(store)) == (0, {"updated": 1, "unchanged": 1}, 0)
    deleted = [sent_in_bulk(each, "delete-product-variants") for each in writes(store)]
    assert len([*filter(None, deleted)]) == (removal is DELETE), "it is deleted once"
    assert_quiet(source, store, **removal)


def sharing() -> tuple[FakeMedusa, ListSource]:
    """Two shirts want the same SKU; the source drops a variant of the second one."""
    rows = shirts(2)
    for row in rows:
        row["variants"][1]["sku"] = "SHARED"
    return synced(rows), ListSource([rows[0] | {"title": "New title"}, without_first(rows[1])])


@BOTH
def test_variants_of_a_product_that_waits_for_a_shared_sku_are_removed(removal: Row) -> None:
    store, source = sharing()
    result = carried_out(source, store, **removal)
    assert (result.exit_code, counts(result), left(store, 2)) == (0, {"updated": 2}, 0)
    assert_quiet(source, store, **removal)


def test_the_guard_ignores_variants_of_products_that_are_not_updated() -> None:
    store, source = sharing()
    assert sync(source, store, no_update=True, on_missing="delete", max_removals="0").exit_code == 0


# --- another run, without a shared lock, writes the same products ----------------------------------------


def dropping() -> tuple[FakeMedusa, ListSource]:
    """A store with three shirts; the source drops a variant of the first two, and the third shirt."""
    return synced(shirts(3)), ListSource([without_first(shirt(1)), without_first(shirt(2))])


def removes_orphans(request: httpx.Request) -> bool:
    return request.url.path == BATCHES and (b'"delete"' in request.content or b'"draft"' in request.content)


def removes_variants(request: httpx.Request) -> bool:
    levels = request.url.path.endswith("/location-levels/batch")
    return levels or bool(sent_in_bulk(request, "delete-product-variants"))


def noted(store: FakeMedusa) -> None:
    record_of(store, 2)["pending"] = {"step": "update", "at": 1.0, "variants": {"2-S-Red": {"price": [31]}}}


def of_a_newer_version(store: FakeMedusa) -> None:
    record_of(store, 2)["version"] = 99


def brought_back(store: FakeMedusa) -> None:
    """What a run writes for a variant that the source has again."""
    found = record_of(store, 2)
    del found["variants"]["2-S-Red"][2:]
    found["source"] = "of another run"


@BOTH
@pytest.mark.parametrize(
    ("act", "when", "is_removed"),
    [
        (noted, removes_orphans, False),
        (noted, removes_variants, True),
        (brought_back, removes_orphans, False),
        (of_a_newer_version, removes_orphans, False),
    ],
)
def test_variants_are_kept_until_the_next_run_if_another_run_has_written_their_product(
    act: Callable[[FakeMedusa], None],
    when: Callable[[httpx.Request], bool],
    removal: Row,
    *,
    is_removed: bool,
) -> None:
    store, source = dropping()
    hit = strike(store, "before", when, lambda: act(store))
    result = sync(source, store, **removal)
    assert hit
    assert (left(store, 1), left(store, 2)) == (0, 0 if is_removed else 2)
    if act is of_a_newer_version:
        assert (result.exit_code, record_of(store, 2)["version"]) == (5, 99)
        return
    assert (result.exit_code, counts(result)["removed"]) == (0, 1)
    reported = [each.changes for each in result.changes if each.external_id == "dummyjson:2"]
    assert ("S / Red" in str(reported)) == is_removed
    assert sync(source, store, **removal).exit_code == 0
    assert (left(store, 1), left(store, 2), "pending" in record_of(store, 2)) == (0, 0, False)
    assert ("SH2-S-R" in held(store, 2)) == (removal is DRAFT)
    assert_quiet(source, store, **removal)


@BOTH
def test_a_variant_that_is_brought_back_while_it_is_removed_is_repaired(removal: Row) -> None:
    store, source = dropping()
    strike(store, "before", removes_variants, lambda: brought_back(store))
    sync(source, store, **removal)
    rows = [without_first(shirt(1)), shirt(2)]
    assert sync(ListSource(rows), store, **removal).exit_code == 0
    assert held(store, 2)["SH2-S-R"]["stock"] == 2


@pytest.mark.parametrize("location", ["", "Warehouse"])
def test_a_variant_whose_stock_is_set_to_0_late_gets_its_stock_back_with_the_source(location: str) -> None:
    """Another run has confirmed its product before that arrived; other variants name no location."""
    row = shirt()
    row["variants"][0]["stock"] = {location: 7} if location else 7
    store, late = synced([row]), list[httpx.Request]()

    def drafts(request: httpx.Request) -> bool:
        if is_late := removes_variants(request):
            late.append(request)
        return is_late

    dropped = ListSource([without_first(row)])
    sync_killed("before", drafts, dropped, store, **DRAFT)
    assert counts(sync(dropped, store)) == {"unchanged": 1}
    for each in late:
        store.call("POST", each.url.path, json.loads(each.content))
    assert left(store) == 0
    assert sync(ListSource([row]), store).exit_code == 0
    assert left(store) == 7


def test_removed_variants_are_reported_although_the_response_was_lost() -> None:
    store, source = dropping()
    deletes = partial(sent_in_bulk, workflow="delete-product-variants")
    strike(store, "after", deletes, httpx.ReadError("lost"))
    result = sync(source, store, **DELETE)
    assert (result.exit_code, counts(result)) == (0, {"updated": 2, "removed": 1})
    assert sum(change.field == "variant" for each in result.changes for change in each.changes) == 2


@pytest.mark.parametrize("offers_bulk", [True, False])
def test_a_variant_with_reserved_stock_is_kept_and_reported_once(*, offers_bulk: bool) -> None:
    """Also if the store fails later, so that all are removed once more."""
    store = synced(shirts(3))
    store.offers_bulk = offers_bulk
    store.reserve("SH1-S-R")
    deleted: list[httpx.Request] = []

    def is_hit(request: httpx.Request) -> bool:
        if b'"delete"' in request.content or sent_in_bulk(request, "delete-product-variants"):
            deleted.append(request)
        return bool(deleted) and request.url.path == BATCHES

    strike(store, "before", is_hit, httpx.Response(500))
    result = sync(ListSource([row | {"variants": row["variants"][2:]} for row in shirts(3)]), store, **DELETE)
    assert [len(store.products[f"dummyjson:{number}"].variants) for number in (1, 2, 3)] == [5, 4, 4]
    [problem] = result.problems
    assert "SH1-S-R" in problem.reason or "variant S / Red was not removed" in problem.reason
    assert "S / Blue" in str([each.changes for each in result.changes]), "which was deleted"


def had_other_items(store: FakeMedusa, number: int = 1) -> Item:
    """The first two variants had two other items before, of which one is deleted; returns the other one."""
    kept = left_over(store, "THEIRS", 40, item_id="iitem_theirs")
    gone = left_over(store, "GONE", item_id="iitem_gone")
    for each in store.products[f"dummyjson:{number}"].variants[:2]:
        for item in (kept, gone):
            each.link(item.id)
            each.unlink(item.id)
    store.call("DELETE", f"/admin/inventory-items/{gone.id}")
    return kept


def used(store: FakeMedusa, sku: str) -> list[str | None]:
    """The SKUs of the inventory items of a variant."""
    [own] = [each for each in store.state.variants().values() if each.sku == sku]
    return [store.state.items[each].sku for each in own.item_ids]


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("offers_bulk", [True, False])
def test_a_deletion_that_the_store_refuses_does_not_bring_earlier_items_back(
    *, offers_bulk: bool, is_late: bool
) -> None:
    """Perhaps stock is reserved right before it."""
    store = synced(shirts(3))
    store.offers_bulk = offers_bulk
    theirs = had_other_items(store)

    def deletes(request: httpx.Request) -> bool:
        deletes_one = request.method == "DELETE" and "variants" in request.url.path
        is_batch = b'"delete"' in request.content and b"inventory_item_id" not in request.content
        return bool(deletes_one or is_batch or sent_in_bulk(request, "delete-product-variants"))

    def reserve() -> None:
        store.reserve("SH1-S-R")

    if is_late:
        strike(store, "before", deletes, reserve)
    else:
        reserve()
    answers: set[int] = set()
    store.after = lambda _, answer: answers.add(answer.status_code)
    rows = [row | {"variants": row["variants"][2:]} for row in shirts(3)]
    result = sync(ListSource(rows), store, **DELETE)
    [problem] = result.problems
    assert "reservations" in problem.reason
    assert (400 in answers) is is_late, "what the store would refuse is not sent"
    assert [len(store.products[f"dummyjson:{number}"].variants) for number in (1, 2, 3)] == [5, 4, 4]
    assert used(store, "SH1-S-R") == ["SH1-S-R"]
    if not is_late:
        assert not theirs.removed, "the store deletes what a variant is linked to"
    rows[0]["title"] = "Polo"
    assert sync(ListSource(rows), store).exit_code == 0
    assert store.products["dummyjson:1"].title == "Polo"


def test_a_deletion_that_is_refused_and_then_fails_does_not_bring_earlier_items_back() -> None:
    store = synced([shirt()])
    had_other_items(store)

    def fail(request: httpx.Request) -> httpx.Response | None:
        if sent_in_bulk(request, "delete-product-variants"):
            store.reserve("SH1-S-R")  # since it was read
        return httpx.Response(500) if request.url.path.endswith("/variants/batch") else None

    store.before = fail
    row = shirt()
    result = sync(ListSource([row | {"variants": row["variants"][1:]}]), store, **DELETE, max_retries=0)
    assert counts(result) == {"failed": 1}
    assert used(store, "SH1-S-R") == ["SH1-S-R"]


@pytest.mark.parametrize(
    ("dropped", "failing"),
    [
        pytest.param(2, ["/variants/batch"] * 2, id="deleting each alone, which ends the attempt"),
        pytest.param(1, ["/inventory-items/batch"], id="unlinking"),
    ],
)
def test_earlier_items_do_not_come_back_if_a_refused_deletion_is_repeated(
    dropped: int, failing: list[str]
) -> None:
    store, row = synced([shirt()]), shirt()
    had_other_items(store)
    left, skus = [*failing], [each["sku"] for each in row["variants"][:dropped]]

    def fail(request: httpx.Request) -> httpx.Response | None:
        if sent_in_bulk(request, "delete-product-variants"):
            for sku in skus:
                store.reserve(sku)  # since it was read
        if left and request.url.path.endswith(left[0]):
            left.pop()
            return httpx.Response(500)
        return None

    store.before = fail
    result = sync(ListSource([row | {"variants": row["variants"][dropped:]}]), store, **DELETE)
    assert not left, "the store failed as it should"
    assert "reservations" in str([each.reason for each in result.problems])
    assert [used(store, sku) for sku in skus] == [[sku] for sku in skus]


def test_an_item_that_the_store_gave_back_is_not_deleted_with_the_variant() -> None:
    """The store deletes what a variant is linked to."""
    store, row = synced([shirt()]), shirt()
    theirs = left_over(store, "THEIRS", 40)
    store.products["dummyjson:1"].variants[1].link(theirs.id)
    store.products["dummyjson:1"].variants[1].unlink(theirs.id)
    calls = iter((lambda: store.reserve("SH1-S-R"), lambda: httpx.Response(502)))  # refused, and not answered

    def fail(request: httpx.Request) -> httpx.Response | None:
        is_deletion = sent_in_bulk(request, "delete-product-variants")
        return next(calls, lambda: None)() if is_deletion else None

    store.before = fail
    result = sync(ListSource([row | {"variants": row["variants"][2:]}]), store, **DELETE)
    assert "reservations" in str([each.reason for each in result.problems])
    assert len(store.products["dummyjson:1"].variants) == 5
    assert not theirs.removed


@pytest.mark.parametrize("are_all", [False, True])
def test_a_link_to_a_deleted_item_is_removed(*, are_all: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Before, such a product failed in every run."""
    store = synced([shirt()])
    had_other_items(store)
    own = store.products["dummyjson:1"].variants
    for each in own if are_all else own[:1]:
        each.item_ids = ["iitem_gone"] if are_all else ["iitem_gone", *each.item_ids]
    row = shirt(title="Polo")
    row["variants"][0]["stock"] = 9
    assert counts(sync(ListSource([row]), store)) == {"updated": 1}
    assert all("iitem_gone" not in each.item_ids for each in store.products["dummyjson:1"].variants)
    assert held(store)["SH1-S-R"]["stock"] == 9
    assert "were unlinked from" in caplog.text
    assert_quiet(ListSource([row]), store)


@pytest.mark.parametrize("policy", [{}, DRAFT])
@pytest.mark.parametrize("names", [("sku",), ("sku", "barcode")])
def test_what_a_dropped_variant_loses_to_another_one_is_reported_as_planned(
    names: tuple[str, ...], policy: Row
) -> None:
    store, row = synced(shirts(1)), without_first(shirt(1))
    row["variants"][0] |= {name: variant(1, "S", "Red")[name] for name in names}
    [outcome] = carried_out(ListSource([row]), store, **policy).changes
    lost = {(each.field, each.stored) for each in outcome.changes if each.name.endswith(" of S / Red")}
    assert lost - {("stock", 1)} == {(name, variant(1, "S", "Red")[name]) for name in names}


# --- several steps, of which one fails ------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("moment", ["before", "after"])
def test_variants_are_removed_although_the_call_that_frees_skus_was_lost(moment: Any, removal: Row) -> None:
    """S / Red is dropped, and the last two variants exchange their SKUs."""
    store, row = synced([shirt(1)]), without_first(shirt(1))
    one, two = row["variants"][-2:]
    one["sku"], two["sku"] = two["sku"], one["sku"]
    strike(store, moment, lambda request: b'"sku":null' in request.content, httpx.ReadError("lost"))
    result = sync(ListSource([row]), store, **removal)
    [outcome] = result.changes
    assert "S / Red" in str(outcome.changes)
    assert (result.exit_code, outcome.withheld, left(store)) == (0, (), 0)


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_product_keeps_a_variant_until_the_store_accepts_the_new_ones(attempts: int) -> None:
    new = [variant(1, size, "Red", id=size, sku=f"N-{size}", barcode=None) for size in ("XL", "XXL")]
    store, source = synced(shirts(2)), ListSource([shirt(1, variants=new), shirt(2)])
    planned = sync(source, store, dry_run=True, **DELETE)
    refusals = iter(range(2 * attempts))  # in bulk and alone

    def is_hit(request: httpx.Request) -> bool:
        adds = b'"N-XL"' in request.content and "variants" in request.url.path
        return adds and next(refusals, None) is not None

    refuse(store, is_hit, no())
    result = sync(source, store, **DELETE)
    assert store.products["dummyjson:1"].variants
    if attempts == 1:
        assert shown(result) == shown(planned)
    else:
        assert result.exit_code == 5


@pytest.mark.parametrize("is_new", [False, True])
def test_a_variant_that_cannot_be_deleted_keeps_its_sku(*, is_new: bool) -> None:
    row = shirt(2)
    values = {name: variant(1, "S", "Red")[name] for name in ("sku", "barcode")}
    if is_new:
        row["variants"].append(variant(2, "XL", "Red") | values)
    else:
        row["variants"][1] |= values
    store = synced(shirts(2))
    store.reserve("SH1-S-R")
    before = held(store)["SH1-S-R"]
    result = sync(ListSource([without_first(shirt(1)), row]), store, batch_size=1, **DELETE)
    assert held(store).get("SH1-S-R") == before
    [problem] = result.problems
    assert problem.external_id == "dummyjson:1"
    assert "reservations" in problem.reason


def test_a_refused_product_does_not_cost_another_one_a_freed_sku() -> None:
    store, row = synced(shirts(3)), shirt(1)
    row["variants"][1] |= {name: variant(3, "S", "Red")[name] for name in ("sku", "barcode")}
    culprit = store.products["dummyjson:2"].id
    refuse(store, lambda each: each.url.path == BATCHES and culprit in each.content.decode(), no())
    result = sync(ListSource([row, *map(without_first, shirts(3)[1:])]), store, **DELETE)
    assert [each.external_id for each in result.changes if each.withheld] == []
