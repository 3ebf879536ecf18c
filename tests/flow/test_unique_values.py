"""SKUs and barcodes that several products want: one gets each, the others are stored without it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import httpx
import pytest

from tests.flow.faults import no, refuse, strike
from tests.flow.merchant import edit_variant
from tests.flow.plans import carried_out, owners, reasons
from tests.flow.stage import (
    ListSource,
    copies_of,
    counts,
    is_creation,
    is_write,
    sent_in_bulk,
    sync,
    synced,
    text,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.tiers import sampled
from tests.world.results import withheld

ROWS = products(8)
OTHERS = (7, 8)
"""The numbers of products that belong to another source in every store of these tests."""
DELETE = {"on_missing": "delete", "max_removals": "100%"}
BATCHES: list[dict[str, Any]] = [{"batch_size": 1}, {"batch_size": 2, "concurrency": 1}, {"batch_size": 15}]

Row = dict[str, Any]
Wants = dict[int, int | str]
"""What products want, in the order of the source: the value of the product with that number, or another."""


def own(*numbers: int) -> Wants:
    return {number: number for number in numbers}


def value(name: str, wanted: int | str) -> str:
    if isinstance(wanted, str):
        return wanted
    row = ROWS[wanted - 1]
    return str(row["sku"] if name == "sku" else row["meta"]["barcode"])


def rows_of(name: str, wants: Wants) -> list[Row]:
    rows = []
    for number, wanted in wants.items():
        row, code = ROWS[number - 1], value(name, wanted)
        rows.append(row | ({"sku": code} if name == "sku" else {"meta": {"barcode": code}}))
    return rows


def held(name: str, store: FakeMedusa) -> dict[str, str | None]:
    return {key: getattr(each.variants[0], name) for key, each in store.products.items()}


@pytest.fixture(scope="module")
def fresh() -> Callable[[], FakeMedusa]:
    """Makes stores that have products of another source."""
    store = FakeMedusa()
    sync(ListSource([ROWS[number - 1] for number in OTHERS]), store)
    for each in store.products.values():
        each.external_id = str(each.external_id).replace("dummyjson", "other")
    return copies_of(store)


@dataclass
class Case:
    """What the source wanted before, what it wants now, who does not get it, and who loses what it had."""

    before: Wants
    now: Wants
    lacking: set[int] = field(default_factory=set)
    losing: set[int] = field(default_factory=set)
    rejected: set[int] = field(default_factory=set)
    options: dict[str, str] = field(default_factory=dict)


CASES = {
    "two new ones": Case({}, {1: 1, 2: "X", 3: "X"}, {3}),
    "a new one before its owner": Case({1: 1, 2: "X"}, {3: "X", 2: "X", 1: 1}, {3}),
    "two stored ones": Case(own(1, 2, 3), {1: 1, 2: "X", 3: "X"}, {3}),
    "several that want one of a third": Case(own(1, 2, 3, 4), {1: 4, 2: 4, 3: 4, 4: 4}, {1, 2, 3}),
    "given to one before": Case(own(1, 2, 3), {1: 1, 4: 2, 2: "N", 3: 3}),
    "given to one after": Case(own(1, 2, 3), {1: 1, 2: "N", 4: 2, 3: 3}),
    "given up, and two want it": Case(own(1, 2, 3), {1: 3, 2: 2, 3: "N", 4: 3}, {4}),
    "swap": Case(own(1, 2, 3), {1: 2, 2: 1, 3: 3}),
    "rotation": Case(own(1, 2, 3, 4), {1: 2, 2: 3, 3: 4, 4: 1}),
    "chain": Case(own(1, 2, 3, 4), {1: 2, 2: 3, 3: 4, 4: "N"}),
    "backward chain": Case(own(1, 2, 3, 4), {1: "N", 2: 1, 3: 2, 4: 3}),
    "chain that ends at another source": Case(own(1, 2, 3), {1: 2, 2: 3, 3: 7}, {1, 2, 3}),
    "new ones of another source": Case(own(1), {1: 1, 7: 7, 2: 2, 8: 8}, rejected={7, 8}),
    "of one that is gone": Case(own(1, 2), {1: 1, 3: 2}, {3}),
    "of one that is drafted": Case(own(1, 2), {1: 1, 3: 2}, {3}, options=DELETE | {"on_missing": "draft"}),
    "of one that is deleted, to a new one": Case(own(1, 2), {1: 1, 3: 2}, options=DELETE),
    "of one that is deleted, to a stored one": Case(own(1, 2, 3), {1: 1, 3: 2}, options=DELETE),
    "chain that ends at one that is deleted": Case(own(1, 2, 3, 4), {5: 1, 1: 2, 2: 3, 3: 4}, options=DELETE),
    "backward chain that ends at one that is deleted": Case(
        own(1, 2, 3, 4), {3: 4, 2: 3, 1: 2, 5: 1}, options=DELETE
    ),
    "withheld, and given up": Case({1: 1, 2: 1, 3: 3}, {1: "N", 2: 1, 3: 3}),
    "withheld, and given up later in the source": Case({1: 1, 2: 1, 3: 3}, {3: 3, 2: 1, 1: "N"}),
    "swap, and one before wants a value of it": Case(own(1, 2, 3), {3: 1, 1: 2, 2: 1}, {2}, {2}),
    "swap, and one after wants a value of it": Case(own(1, 2, 3), {1: 2, 2: 1, 3: 1}, {3}),
    "rotation, and one before wants a value of it": Case(own(1, 2, 3, 4), {4: 1, 1: 3, 2: 1, 3: 2}, {2}, {2}),
    "rotation, and one after wants a value of it": Case(own(1, 2, 3, 4), {1: 3, 2: 1, 3: 2, 4: 1}, {4}),
    "withheld, and its owner is deleted": Case({1: 1, 2: 1, 3: 3}, {2: 1, 3: 3}, options=DELETE),
    "withheld, and no longer wanted": Case({1: 1, 2: 1}, {1: 1, 2: "OWN"}),
    "withheld for good": Case({1: 1, 2: 1}, {1: 1, 2: 1}, {2}),
}


WAYS = list(product(CASES, range(len(BATCHES)), ["sku", "barcode"]))


@pytest.mark.parametrize(("what", "batches", "name"), sampled(WAYS, *WAYS[::5]))
def test_who_gets_a_value_that_several_want(
    fresh: Callable[[], FakeMedusa], what: str, batches: int, name: str
) -> None:
    store, case, options = fresh(), CASES[what], BATCHES[batches]
    sync(ListSource(rows_of(name, case.before)), store)
    before = held(name, store)
    source = ListSource(rows_of(name, case.now), page_size=3)
    result = carried_out(source, store, **options, **case.options)
    after = held(name, store)
    assert (result.exit_code, result.withheld) == (5 if case.rejected else 0, len(case.lacking))
    assert reasons(result).keys() == {f"dummyjson:{number}" for number in case.rejected}
    for number, wanted in case.now.items():
        key = f"dummyjson:{number}"
        if number in case.lacking:
            assert after[key] == (None if number in case.losing else before.get(key))
        elif number not in case.rejected:
            assert after[key] == value(name, wanted)
    for each in store.state.variants().values():
        assert [store.state.items[item_id].sku for item_id in each.item_ids] == [each.sku]
    store.requests.clear()
    again = sync(source, store, **options, **case.options)
    assert (again.withheld, withheld(again), writes(store)) == (len(case.lacking), {}, [])
    if not case.rejected and case.before.keys() <= case.now.keys():  # else orphans are looked up
        assert len(store.requests) <= 1 + bool(case.lacking), "the scan, and the owners of withheld values"


def test_the_first_product_gets_a_value_although_the_store_is_slower_with_it() -> None:
    """The other one is in another batch, and would be written before."""

    class Slow(FakeMedusa):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if b'"X"' in request.content and self.products["dummyjson:1"].id.encode() in request.content:
                for _ in range(1_000):  # turns of others
                    await asyncio.sleep(0)
            return await super().handle_async_request(request)

    store, rows = Slow(), rows_of("sku", own(1, 2, 3, 4))
    sync(ListSource(rows), store)
    rows = [row | {"title": "New"} for row in rows]
    rows[0]["sku"] = rows[3]["sku"] = "X"
    assert sync(ListSource(rows), store, batch_size=1).exit_code == 0
    wants = own(1, 2, 3, 4) | {1: "X"}
    assert held("sku", store) == {f"dummyjson:{key}": value("sku", each) for key, each in wants.items()}


def test_a_rejection_names_the_product_that_has_the_value(fresh: Callable[[], FakeMedusa]) -> None:
    store = fresh()
    owner, code = store.products["other:7"], ROWS[6]["sku"]
    result = carried_out(ListSource([ROWS[6]]), store)
    reason = f"its SKU {code!r} belongs to other:7 {owner.title!r} ({owner.id}); "
    advice = (
        "is this the same source? It was synced as 'other': set --source-name (SYNC_PRODUCTS_SOURCE_NAME)"
    )
    assert reasons(result) == {"dummyjson:7": reason + advice}
    store.requests.clear()
    assert counts(sync(ListSource([ROWS[6]]), store)) == {"rejected": 1}
    assert writes(store) == []


def test_if_the_first_of_two_products_is_rejected_the_second_one_gets_the_sku(
    fresh: Callable[[], FakeMedusa],
) -> None:
    store = fresh()
    [first] = rows_of("barcode", {1: 7})
    source = ListSource([first | {"sku": "SAME"}, ROWS[1], ROWS[2] | {"sku": "SAME"}])
    assert list(reasons(carried_out(source, store, batch_size=1))) == ["dummyjson:1"]
    assert held("sku", store)["dummyjson:3"] == "SAME"


@pytest.mark.parametrize("size", [1, 15])
def test_a_handle_that_another_product_has_is_withheld_unless_that_is_of_something_else(
    fresh: Callable[[], FakeMedusa], size: int
) -> None:
    store = fresh()
    owner, stored = store.products["other:7"], ROWS[4]
    sync(ListSource([stored | {"handle": "old"}]), store)
    names = [str(owner.handle).capitalize(), "own", "Own", "own", "old"]
    rows = [row | {"handle": name} for row, name in zip([*ROWS[:4], ROWS[5]], names, strict=True)]
    source = ListSource([*rows, stored])
    result = carried_out(source, store, batch_size=size)
    assert counts(result) == {"created": 4, "rejected": 1, "unchanged": 1}
    assert reasons(result) == {
        "dummyjson:1": f"its handle {owner.handle!r} belongs to other:7 {owner.title!r} ({owner.id}); "
        "change one of the two"
    }
    assert [store.products[f"dummyjson:{each}"].handle for each in (2, 3, 4, 6)] == [
        "own",
        "own-3",
        "own-4",
        "old-6",
    ]
    assert withheld(result) == {
        f"dummyjson:{number}": [("handle", value)] for number, value in ((3, "own"), (4, "own"), (6, "old"))
    }
    first, other = f"dummyjson:2 {ROWS[1]['title']!r}", f"dummyjson:5 {stored['title']!r}"
    assert {each.partition(" (prod_")[0] for each in owners(result)} == {first, other}
    assert f"handle: own ({first} has it; this one has own-3)" in text(result)
    again = sync(source, store, batch_size=size)
    assert (counts(again), again.withheld, len(again.problems)) == ({"unchanged": 5, "rejected": 1}, 0, 1)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_handle_stays_withheld_if_the_response_is_lost(
    fresh: Callable[[], FakeMedusa], moment: Any
) -> None:
    store, rows = fresh(), [row | {"handle": "own"} for row in ROWS[:2]]
    strike(
        store, moment, lambda each: is_creation(each) and b"own-2" in each.content, httpx.ReadError("reset")
    )
    result = sync(ListSource(rows), store)
    assert (counts(result), result.exit_code) == ({"created": 2}, 0)
    assert withheld(result) == {"dummyjson:2": [("handle", "own")]}
    assert [store.products[f"dummyjson:{each}"].handle for each in (1, 2)] == ["own", "own-2"]


def test_a_product_whose_sku_stays_withheld_is_not_read() -> None:
    rows = products(3)
    rows[1]["sku"] = rows[0]["sku"]
    store = synced(rows)
    store.requests.clear()
    assert counts(sync(ListSource(rows), store)) == {"unchanged": 3}
    paths = [request.path for request in store.requests]
    assert paths == ["/admin/products", "/admin/product-variants"], "the scan, and who has the SKU"


def test_owners_are_looked_up_once_for_200_products(fresh: Callable[[], FakeMedusa]) -> None:
    store, source = fresh(), ListSource(products(208)[8:], page_size=200)
    sync(source, store, dry_run=True)
    paths = [request.path for request in store.requests]
    # The lists of SKUs and barcodes, and of inventory items, are read at the same time.
    assert (paths.count("/admin/product-variants"), paths.count("/admin/inventory-items")) == (2, 1)
    sync(source, store)
    store.requests.clear()
    sync(source, store, dry_run=True)
    assert all(request.path != "/admin/product-variants" for request in store.requests)


@pytest.mark.parametrize(("title", "handle"), [("Null", None), ("NULL", "null"), ("Nil", None)])
def test_a_product_titled_null_does_not_read_the_whole_store(
    fresh: Callable[[], FakeMedusa], title: str, handle: str | None
) -> None:
    store = fresh()
    next(iter(store.state.products.values())).handle = "null"
    new = [row | {"title": title} | ({"handle": handle} if handle else {}) for row in ROWS[:2]]
    assert counts(carried_out(ListSource(new), store)) == {"created": 2}
    lists = [dict(each.query) for each in store.requests if each.path == "/admin/products"]
    unfiltered = [
        query for query in lists if query and query.keys() <= {"fields", "order", "limit", "offset"}
    ]
    assert all(query["limit"] in {"1", "2000"} for query in unfiltered), (
        "the count, and the scan of every run"
    )


def test_an_sku_that_another_product_gets_before_it_is_sent_is_not_reported_as_changed() -> None:
    rows = products(2)
    store = synced(rows)
    rows[0] |= {"sku": "NEW", "price": 99}

    def take_it() -> None:
        edit_variant(store, 2, sku="NEW")

    strike(store, "before", lambda request: sent_in_bulk(request, "update-product-variants"), take_it)
    result = sync(ListSource(rows), store)
    assert (counts(result), result.withheld) == ({"updated": 1, "unchanged": 1}, 1)
    assert [each.field for outcome in result.changes for each in outcome.changes] == ["price"]


def test_an_exchange_is_reported_in_full_although_the_store_refuses_a_neighbour() -> None:
    store, rows = synced(products(3)), products(3)
    one, two = (row["sku"] for row in rows[:2])
    rows[0]["sku"], rows[1]["sku"], rows[2]["title"] = two, one, "Refused"
    refuse(store, lambda request: is_write(request) and b'"Refused"' in request.content, no())
    result = sync(ListSource(rows), store)
    assert counts(result) == {"updated": 2, "failed": 1}
    changes = [each for outcome in result.changes for each in outcome.changes]
    assert {(each.stored, each.planned, each.desired) for each in changes} == {
        (one, two, two),
        (two, one, one),
    }
