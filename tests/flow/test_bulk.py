"""Many things are written in one call, and nothing else depends on it."""

import json
import logging
from collections.abc import Callable
from itertools import product
from typing import Any

import httpx
import pytest

from tests.flow.faults import no, refuse, strike
from tests.flow.shirts import assert_shirts, held, wanted
from tests.flow.stage import (
    BATCHES,
    SOURCE_NAME,
    ListSource,
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
from tests.harness.shirts import shirts, variant
from tests.tiers import some

BULK = "/admin/workflows-executions/"
CREATE_ITEMS = "create-inventory-items-workflow"
MESSAGE = {"type": "not_found", "message": 'Workflow with id "x" not found.'}
REFUSALS = {
    "a role": httpx.Response(403, json={"type": "forbidden", "message": "Forbidden"}),
    "a firewall": httpx.Response(403, html="<h1>Blocked</h1>"),
    "an old store": httpx.Response(404, html="<pre>Cannot POST</pre>"),
    "no such workflow": httpx.Response(404, json=MESSAGE),
    "a proxy": httpx.Response(405),
}

Rows = list[dict[str, Any]]


def changed(rows: Rows) -> Rows:
    """Each shirt gets a new price, a new SKU, other stock, a new variant, and loses a variant."""
    for row in rows:
        number, (first, second, *others, _) = row["id"], row["variants"]
        second = {**second, "sku": f"{second['sku']}-2", "stock": 0}
        new = variant(number, "XL", "Red")
        row["variants"] = [{**first, "price": first["price"] + 1}, second, *others, new]
        row["tags"] = [f"tag {number}"]
    return rows


def content(store: FakeMedusa) -> Any:
    """What the store holds, without ids."""
    state = store.state
    shown = {key: held(store, int(key.removeprefix(f"{SOURCE_NAME}:"))) for key in store.products}
    items = {each.sku: [state.items[own].sku for own in each.item_ids] for each in state.variants().values()}
    tables = (state.tags, state.categories, state.types, state.collections)
    terms = [term for table in tables for term in table.values()]
    names = sorted(str(getattr(each, "value", None) or getattr(each, "handle", None)) for each in terms)
    return shown, items, names


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_store_without_bulk_calls_gets_the_same(refusal: str, caplog: pytest.LogCaptureFixture) -> None:
    stores = [FakeMedusa(), FakeMedusa()]
    stores[1].before = lambda request: REFUSALS[refusal] if request.url.path.startswith(BULK) else None
    caplog.set_level(logging.INFO)
    for store in stores:
        rows = shirts(4)
        for row in rows:
            row |= {"type": "Shirt", "collection": "Summer", "categories": [["Clothes", f"No {row['id']}"]]}
        assert counts(sync(ListSource(rows), store)) == {"created": 4}
        assert counts(sync(ListSource(changed(rows)), store)) == {"updated": 4}
        assert_quiet(ListSource(rows), store)
    assert content(stores[0]) == content(stores[1])
    notes = [each for each in caplog.records if getattr(each, "event", "") == "bulk_unavailable"]
    assert len(notes) == 2, "one in each run that writes"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        *product(["/admin/product-tags"], [{}, {"tag": 1}, {"tag": {}}, {"a": {"id": "b"}, "c": 1}]),
        *product([BATCHES], [{"created": None}, {"created": ["a"]}, {"created": [{"id": "b"}]}]),
        ("/admin/inventory-items/", {"inventory_item": "iitem_1"}),
    ],
)
def test_an_ordinary_route_that_answers_in_another_shape_loses_nothing(path: str, answer: Any) -> None:
    """What was written is not known, as after a lost response."""
    store, rows = FakeMedusa(), shirts(3)
    store.offers_bulk = False
    sync(ListSource(rows[:2]), store)
    rows[0]["variants"][0]["sku"] = "OTHER"
    for row in rows:
        row["tags"] = [f"tag {row['id']}"]
    odd = httpx.Response(200, json=answer)
    hit = strike(
        *(store, "after", lambda each: is_write(each) and each.url.path.startswith(path)), odd, once=False
    )
    result = sync(ListSource(rows), store, max_retries=1)
    assert hit
    assert (result.exit_code in {0, 5}, sum(result.counts.values())) == (True, 3), result.error
    store.after = None
    assert sync(ListSource(rows), store).exit_code == 0
    assert_shirts(rows, store)
    assert_quiet(ListSource(rows), store)
    assert len(store.state.tags) == 3


def test_answers_of_ordinary_routes_have_only_what_is_used() -> None:
    """One variant of a product with many would be answered with all of them."""
    store, [row] = FakeMedusa(), shirts(1)
    store.offers_bulk = False
    row["variants"] = [variant(1, f"Size {number}", "Red") for number in range(40)]
    sync(ListSource([row]), store)
    first, second, *others = row["variants"]
    new = variant(1, "New", "Red")  # in the place of another one, so that no other rank changes
    row["variants"] = [{**first, "price": 3, "sku": "NEW"}, second, new, *others[1:]]
    row["tags"] = ["New"]
    answers: list[int] = []
    store.after = lambda request, answer: answers.append(len(answer.content)) if is_write(request) else None
    assert counts(sync(ListSource([row]), store, on_missing="delete", max_removals="100%")) == {"updated": 1}
    row["variants"][1]["price"] = 3
    assert counts(sync(ListSource([row]), store)) == {"updated": 1}
    assert (len(answers) > 4, max(answers) < 1_000) == (True, True), answers
    store.after = None
    assert_quiet(ListSource([row]), store)


ATTACK = "UNION SELECT"  # a firewall takes it for one
TEXTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "description": lambda row: row.update(description=f"They meet at {ATTACK} street."),
    "tag": lambda row: row.update(tags=[ATTACK]),
    "variant": lambda row: row["variants"][0].update(title=ATTACK),
    "new variant": lambda row: row["variants"].append(variant(row["id"], "XL", "Red", title=ATTACK)),
}


@pytest.mark.parametrize("number", [1, 30])
@pytest.mark.parametrize("is_stored", [False, True])
@pytest.mark.parametrize("text", TEXTS)
def test_a_product_that_a_firewall_refuses_costs_its_neighbours_nothing(
    text: str, number: int, *, is_stored: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """It is no sign of a store without bulk calls."""
    caplog.set_level(logging.INFO)
    store, rows = synced(shirts(30) if is_stored else []), shirts(30)
    for row in rows:
        row["subtitle"] = "New"
    TEXTS[text](rows[number - 1])
    refuse(store, lambda each: ATTACK.encode() in each.content, REFUSALS["a firewall"])
    result = sync(ListSource(rows), store)
    assert counts(result) == {"updated" if is_stored else "created": 29, "failed": 1}, list(result.problems)
    [problem] = result.problems
    assert (problem.external_id, "403, in HTML" in problem.reason) == (f"{SOURCE_NAME}:{number}", True)
    assert "bulk_unavailable" not in {getattr(each, "event", "") for each in caplog.records}
    others = [row for row in rows if row["id"] != number]
    for row in others:
        assert held(store, row["id"]) == wanted(row)
    store.before = None
    assert counts(sync(ListSource(rows), store)) == {
        "updated" if is_stored else "created": 1,
        "unchanged": 29,
    }
    assert_shirts(rows, store)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_product_that_is_refused_without_bulk_calls_costs_its_neighbours_nothing(refusal: str) -> None:
    """The bulk route is not offered any more once the inventory items exist."""
    store, rows = FakeMedusa(), shirts(20)
    TEXTS["description"](rows[0])

    def before(request: httpx.Request) -> httpx.Response | None:
        is_bulk = request.url.path.startswith(BULK) and not sent_in_bulk(request, CREATE_ITEMS)
        return REFUSALS[refusal] if is_bulk or ATTACK.encode() in request.content else None

    store.before = before
    assert counts(sync(ListSource(rows), store)) == {"created": 19, "failed": 1}
    store.before = None
    assert counts(sync(ListSource(rows), store)) == {"created": 1, "unchanged": 19}
    assert_shirts(rows, store)


# --- how many calls ---------------------------------------------------------------------------------------


def test_variants_of_many_products_need_few_writes() -> None:
    """A new variant and a new price for each of 60 products; the option has the value already."""
    rows = shirts(60)
    store = synced([{**row, "variants": row["variants"][:-1]} for row in rows])
    for row in rows:
        row["variants"][0]["price"] += 1
    assert counts(sync(ListSource(rows), store, batch_size=100)) == {"updated": 60}
    assert_shirts(rows, store)
    assert len(writes(store)) <= 10


@pytest.mark.parametrize(("status", "most"), [(400, 16), (500, 23)])
@pytest.mark.parametrize("is_stored", [False, True])
def test_one_refused_product_of_15_costs_few_requests(status: int, most: int, *, is_stored: bool) -> None:
    answer = {"type": "invalid_data" if status == 400 else "unknown_error", "message": "not acceptable"}

    def requests(culprit: int | None) -> int:
        rows = products(15)
        store = synced(rows if is_stored else [])
        rows = [row | {"title": f"{row['title']} (new)"} for row in rows]
        title = b"none" if culprit is None else json.dumps(rows[culprit]["title"]).encode()
        refusal = httpx.Response(status, json=answer)
        refuse(store, lambda each: "product" in each.url.path and title in each.content, refusal)
        expected = {"updated" if is_stored else "created": 15 if culprit is None else 14}
        assert counts(sync(ListSource(rows), store)) == expected | ({} if culprit is None else {"failed": 1})
        return len(store.requests)

    least = requests(None)
    more = [requests(culprit) - least for culprit in some(range(15), 3)]
    assert max(more) <= most, more


@pytest.mark.parametrize(("status", "most"), [(400, 14), (500, 28)])
@pytest.mark.parametrize("is_one", [True, False], ids=["one variant", "all variants"])
def test_refused_variants_fail_only_their_product_and_cost_few_requests(
    status: int, most: int, *, is_one: bool
) -> None:
    store, rows = synced(shirts(15)), shirts(15)
    for row in rows:
        for each in row["variants"]:
            each["price"] += 1
    ids = [each.id for each in store.products[f"{SOURCE_NAME}:7"].variants][: 1 if is_one else None]

    def is_refused(request: httpx.Request) -> bool:
        sent = f"{request.url.path} {request.content.decode()}"
        return is_write(request) and '"prices"' in sent and any(own in sent for own in ids)

    refuse(store, is_refused, no(status))
    result = sync(ListSource(rows), store)
    assert counts(result) == {"updated": 14, "failed": 1}
    [problem] = result.problems
    assert problem.external_id == f"{SOURCE_NAME}:7"
    assert len(writes(store)) <= 4 + most
    store.before = None
    assert sync(ListSource(rows), store).exit_code == 0
    assert_shirts(rows, store)


# --- calls whose end is unknown ---------------------------------------------------------------------------


def created_and_changed(rows: list[dict[str, Any]], store: FakeMedusa) -> list[dict[str, Any]]:
    """Sync products, and what the source then changes of them; returns that, which the store has."""
    assert sync(ListSource(rows), store).exit_code == 0
    rows = changed(rows)
    assert sync(ListSource(rows), store).exit_code == 0
    for row in rows:
        assert held(store, row["id"]).items() >= wanted(row).items()
    return rows


@pytest.mark.parametrize("is_carried_out", [True, False])
@pytest.mark.parametrize("has_finished", [True, False])
def test_an_operation_whose_end_is_unknown_is_done_once(*, has_finished: bool, is_carried_out: bool) -> None:
    """The response is lost, or says that the workflow has not finished: the store may still work on it."""
    store, rows = FakeMedusa(), shirts(3)
    for row in rows:
        row["tags"] = ["one", f"tag {row['id']}"]
    lost: dict[str, int] = {}  # how many requests had been sent, by path

    def lose(request: httpx.Request) -> httpx.Response | None:
        path = request.url.path
        if not path.startswith(BULK) or path in lost:
            return None
        if is_carried_out:
            store.before = None
            store.handle(request)
            store.before = lose
        lost[path] = len(store.requests)
        if has_finished:
            raise httpx.ReadTimeout("slow")
        return httpx.Response(200, json={"acknowledgement": {"hasFinished": False, "hasFailed": False}})

    store.before = lose
    rows = created_and_changed(rows, store)
    assert len(lost) == 6, "tags, items, products, changed variants, new variants, renamed items"
    assert {store.requests[each].method for each in lost.values()} == {"GET"}, "it is read, not sent again"
    values = [tag.value for tag in store.state.tags.values()]
    assert len(values) == len(set(values))


def test_what_a_workflow_that_failed_was_to_write_is_written_another_way() -> None:
    """The response says so, with status 200."""
    store, rows = FakeMedusa(), shirts(3)
    failed: set[str] = set()

    def fail(request: httpx.Request) -> httpx.Response | None:
        path = request.url.path
        if not path.startswith(BULK) or path in failed:
            return None
        failed.add(path)
        return httpx.Response(200, json={"acknowledgement": {"hasFinished": True, "hasFailed": True}})

    store.before = fail
    rows = created_and_changed(rows, store)
    assert len(failed) == 6, "tags, items, products, changed variants, new variants, renamed items"
