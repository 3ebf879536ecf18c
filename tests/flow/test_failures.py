"""One bad product fails alone; a store that fails, a signal or a time limit ends the run soon, in order."""

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from itertools import product
from typing import Any

import httpx
import pytest

from medusa_sync import Result, RunResult, Settings, Status, sync_products
from tests.flow import merchant
from tests.flow.faults import refuse, strike
from tests.flow.shirts import held, wanted
from tests.flow.stage import (
    BATCHES,
    SOURCE_NAME,
    ListSource,
    Signal,
    Watcher,
    assert_exact,
    counts,
    is_creation,
    is_write,
    run_once,
    sent_in_bulk,
    sync,
    synced,
    text,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa
from tests.harness.shirts import shirt, shirts, variant
from tests.harness.time_lapse import TimeLapse

REFUSED = httpx.Response(400, json={"type": "invalid_data", "message": "not acceptable"})


def own_titles(count: int) -> list[dict[str, Any]]:
    """Products with different titles, so that no handle is taken, and a tag of their own."""
    return [row | {"title": f"Product {row['id']}", "tags": [f"tag {row['id']}"]} for row in products(count)]


# --- one bad product ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("batch_size", "status", "max_retries"), [(1, 500, 2), (15, 400, 0), (15, 500, 0)])
def test_a_tag_or_handle_that_is_refused_fails_only_the_product_that_needs_it(
    batch_size: int, status: int, max_retries: int
) -> None:
    """A firewall refuses the look-up of a handle."""
    rows = own_titles(40)
    store = synced(rows[-1:])  # nothing is looked up in a store without products
    rows[5]["title"] = "Union Select"

    def before(request: httpx.Request) -> httpx.Response | None:
        if request.method == "GET":
            return httpx.Response(403, text="Forbidden") if "union-select" in str(request.url) else None
        values = [each["value"] for each in sent_in_bulk(request, "create-product-tags")]
        if request.url.path == "/admin/product-tags":
            values = [json.loads(request.content)["value"]]
        return httpx.Response(status) if "tag 3" in values else None

    store.before = before
    result = sync(ListSource(rows), store, batch_size=batch_size, max_retries=max_retries)
    assert counts(result) == {"created": 37, "failed": 2, "unchanged": 1}
    assert {problem.external_id for problem in result.problems} == {f"{SOURCE_NAME}:3", f"{SOURCE_NAME}:6"}


def test_a_batch_that_is_too_large_for_a_request_is_split() -> None:
    source = ListSource([row | {"description": "long " * 9_999} for row in products(45)])
    store = FakeMedusa()
    assert counts(sync(source, store, batch_size=45)) == {"created": 45}
    assert_exact(source.rows, store)


@pytest.mark.parametrize(("stored", "broken"), [(0, 19), (4, 3), (40, 19)])
def test_consecutive_failures_do_not_end_the_run_while_the_store_works(stored: int, broken: int) -> None:
    """They fail with a 500, at the start of the run or in the middle."""
    rows = products(40)
    store = synced(rows[:stored])
    culprits = rows[4 : 4 + broken]
    for row in culprits:
        row["description"] = "a poisoned text"
    refuse(store, lambda each: b"poisoned" in each.content, httpx.Response(500))
    result = sync(ListSource(rows), store, batch_size=5, max_retries=0)
    failed = {problem.external_id for problem in result.problems}
    assert (result.exit_code, failed) == (5, {f"dummyjson:{row['id']}" for row in culprits})
    new = [row for row in rows[stored:] if row not in culprits]
    assert result.counts[Result.CREATED] == len(new)


@pytest.mark.parametrize("answer", [REFUSED, httpx.Response(500), None], ids=["refused", "unknown", "none"])
def test_a_product_whose_variants_are_refused_has_a_reason_whatever_happens_to_its_neighbours(
    answer: httpx.Response | None,
) -> None:
    """Refused only at first, it is written, although an adopted neighbour starts the batch again."""
    store = synced([shirt(1), shirt(2), shirt(3)])
    own, refusals = store.products["dummyjson:1"].id, 0
    rows = [shirt(number) for number in (1, 2, 3 if answer is None else 4)]
    rows[2]["category"] = "brand-new"
    for row in rows[:2]:
        row["variants"].append(variant(row["id"], "XL", "Red", sku=f"SH{row['id']}-XL-R"))
    store.products["dummyjson:3"].metadata = store.products["dummyjson:3"].external_id = None

    def before(request: httpx.Request) -> httpx.Response | None:
        nonlocal refusals
        added = sent_in_bulk(request, "create-product-variants")
        is_ordinary = request.url.path == f"/admin/products/{own}/variants/batch"
        is_hit = any(each["product_id"] == own for each in added) or (
            is_ordinary and b'"create"' in request.content
        )
        if is_hit and (answer is not None or refusals < 3):  # together, half of them, alone
            refusals += 1
            return REFUSED
        return answer if is_creation(request) else None

    store.before = before
    result = sync(ListSource(rows), store, adopt=answer is None)
    assert refusals
    assert counts(result) == ({"updated": 3} if answer is None else {"updated": 1, "failed": 2})
    assert all(each.reason and each.result is not Result.UNCONFIRMED for each in result.problems)
    for row in rows[answer is not None : 2]:
        assert held(store, row["id"]) == wanted(row)


@pytest.mark.parametrize(
    ("before", "now", "path"),
    [
        (
            {"translations": {"de-DE": {"title": "Eins"}}},
            {"translations": {"de-DE": {"title": "Zwei"}}},
            "translations",
        ),
        ({"stock": 5}, {"stock": 6}, "levels"),
    ],
)
def test_what_follows_the_row_is_no_change_if_the_run_ends_before(
    before: dict[str, Any], now: dict[str, Any], path: str
) -> None:
    row = {
        "id": 1,
        "title": "Cup",
        "variants": [{"id": size, "price": 1, "options": {"Size": size}} for size in "SM"],
    }
    store = synced([row | before])
    refuse(store, lambda request: path in str(request.url) and is_write(request), httpx.Response(401))
    result = sync(ListSource([row | now | {"title": "Mug"}]), store)
    [outcome] = result.changes
    assert (outcome.result, [each.field for each in outcome.changes]) == (Result.FAILED, ["title"])


def test_a_product_that_cannot_be_planned_again_while_it_is_written_fails_alone() -> None:
    """The merchant gives an option of his own the title of ours after the row was written."""
    rows = shirts(40)
    store = synced(rows)
    fit = {"title": "Fit", "values": ["Slim"], "is_exclusive": True}
    merchant.edit(store, 3, "/options/batch", add=[fit])
    merchant.edit_variant(store, 3, options={"Size": "S", "Colour": "Red", "Fit": "Slim"})
    [option] = [each for each in store.products["dummyjson:3"].options if each.title == "Fit"]
    for row in rows:
        row["title"] += "!"
        row["variants"][0]["price"] += 1
    row_of_3 = store.products["dummyjson:3"].id.encode()
    strike(
        *(store, "after", lambda each: each.url.path == BATCHES and row_of_3 in each.content),
        lambda: store.call("POST", f"/admin/product-options/{option.id}", {"title": "Size"}) and None,
    )
    result = sync(ListSource(rows), store, batch_size=15)
    assert (result.exit_code, counts(result)) == (5, {"updated": 39, "failed": 1})
    [problem] = result.problems
    assert (problem.external_id, "two options 'Size'" in problem.reason) == ("dummyjson:3", True)
    [written] = [each for each in result.changes if each.external_id == "dummyjson:3"]
    assert [each.field for each in written.changes] == ["title"]
    store.after = None
    store.call("POST", f"/admin/product-options/{option.id}", {"title": "Fit"})
    result = sync(ListSource(rows), store)
    assert (counts(result), result.conflicts) == ({"updated": 1, "unchanged": 39}, 0)
    assert held(store, 3)["SH3-S-R"]["price"] == {"usd": rows[2]["variants"][0]["price"]}


# --- a store that fails -----------------------------------------------------------------------------------

FAILS: dict[str, Callable[[httpx.Request], bool]] = {
    "every write": is_write,
    "every creation": is_creation,
    "every write with a product": lambda request: (
        is_creation(request) or (request.url.path == BATCHES and b'"id"' in request.content)
    ),
}


@pytest.mark.parametrize(("what", "is_lost"), [*zip(FAILS, [True, False, True], strict=True)])
def test_a_run_ends_soon_if_the_store_fails(what: str, *, is_lost: bool) -> None:
    store, source = FakeMedusa(), ListSource(products(150))
    act = httpx.ReadTimeout("slow") if is_lost else httpx.Response(500)
    refuse(store, FAILS[what], act)
    result = sync(source, store)
    assert (result.exit_code, result.counts[Result.CREATED]) == (4, 0)
    assert "fails every write" in result.error
    assert sum(result.counts.values()) == result.seen
    assert len(writes(store)) < 300
    store.before = None
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)


def test_a_run_stops_soon_after_the_store_becomes_unreachable() -> None:
    store, source = FakeMedusa(), ListSource(products(150))
    is_gone = httpx.ConnectError("refused")
    refuse(store, lambda _request: len(store.requests) > 25, is_gone)
    result = sync(source, store, batch_size=5)
    assert (result.exit_code, result.status, result.counts[Result.FAILED]) == (4, Status.FAILED, 0)
    assert len(store.requests) < 60
    assert sum(result.counts.values()) == result.seen
    assert result.counts[Result.CREATED] > 0


def test_a_store_that_fails_large_calls_gets_all_products_in_smaller_ones() -> None:
    rows, options = products(120), {"batch_size": 60, "max_retries": 0}
    store, source = FakeMedusa(), ListSource(rows, page_size=120)
    failed = refuse(store, lambda each: len(sent_in_bulk(each, "create-products")) > 20, httpx.Response(500))
    assert counts(sync(source, store, **options)) == {"created": 120}
    assert 0 < len(failed) <= 20
    for row in rows:
        row["title"] += "!"
    failed = refuse(store, lambda each: each.content.count(b'"id":"prod_') > 20, httpx.Response(500))
    assert counts(sync(source, store, **options)) == {"updated": 120}
    assert 0 < len(failed) <= 20


# --- a signal or the time limit, even if the store hangs ---------------------------------------------------

LIMIT_S = 5
GRACE_S = 10  # for requests in progress
LOG_IN = "/auth/user/emailpass"


class HangingMedusa(FakeMedusa):
    """A store that executes some requests but does not respond to them."""

    hangs: Callable[[httpx.Request], bool] = staticmethod(lambda _request: False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if self.hangs(request):
            await asyncio.Event().wait()
        return response


HANGS: dict[str, Callable[[httpx.Request], bool]] = {
    "creation": is_creation,
    "write": lambda request: request.method == "POST" and request.url.path != LOG_IN,
    "read": lambda request: request.method == "GET",
    "log-in": lambda request: request.url.path == LOG_IN,
}


@pytest.mark.parametrize(
    ("kind", "is_signal"), [*product(HANGS, (True, False)), ("GET: 429", True), ("POST: 429", False)]
)
def test_a_signal_or_the_time_limit_ends_a_run_that_hangs(kind: str, *, is_signal: bool) -> None:
    store, source, stop = HangingMedusa(), ListSource(products(60)), Signal()
    busy = httpx.Response(429, headers={"retry-after": "3600"})
    if kind in HANGS:
        store.hangs = HANGS[kind]
    else:
        store.before = lambda request: busy if request.method == kind.partition(":")[0] else None

    async def run() -> RunResult:
        if is_signal:
            asyncio.get_running_loop().call_later(LIMIT_S, stop.interrupt)
        login: dict[str, Any] = {"email": store.email, "password": store.password}
        limit = None if is_signal else LIMIT_S
        result = await run_once(source, store, stop=stop, batch_size=5, max_duration=limit, **login)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    with pytest.MonkeyPatch.context() as patch, asyncio.Runner(loop_factory=TimeLapse) as runner:
        patch.setattr(Signal, "sleep", real_sleep)
        result = runner.run(run())
        assert LIMIT_S <= round(runner.get_loop().time(), 3) <= LIMIT_S + GRACE_S
    status = (143, Status.INTERRUPTED) if is_signal else (5, Status.PARTIAL)
    assert (result.exit_code, result.status) == status
    assert sum(result.counts.values()) == result.seen
    store.hangs, store.before = HangingMedusa.hangs, None
    assert sync(source, store).exit_code == 0
    assert_exact(source.rows, store)


async def real_sleep(stop: Signal, seconds: float) -> bool:
    """Pauses are real here."""
    ended = asyncio.Event()
    stop.on_set(ended.set)
    try:
        await asyncio.wait_for(ended.wait(), seconds)
    except TimeoutError:
        return True
    return False


@pytest.mark.usefixtures("short_grace")
@pytest.mark.parametrize(("end", "exit_code"), [(Signal.interrupt, 143), (Signal.run_out, 5)])
def test_sent_products_are_unconfirmed_and_the_rest_not_attempted(
    end: Callable[[Signal], None], exit_code: int
) -> None:
    store, stop = HangingMedusa(), Signal()

    def hangs(request: httpx.Request) -> bool:
        if is_creation(request):
            end(stop)
        return is_creation(request)

    store.hangs = hangs
    result = asyncio.run(run_once(ListSource(products(60)), store, stop=stop, batch_size=5, concurrency=1))
    assert (result.exit_code, counts(result)) == (exit_code, {"unconfirmed": 5, "not_attempted": 55})
    unconfirmed = [each for each in result.not_completed if each.result is Result.UNCONFIRMED]
    assert {each.external_id for each in unconfirmed} == store.products.keys()
    assert "\nunconfirmed: 5\nnot attempted: 55\nseen: 60 of 60\n" in text(result)
    assert "failed" not in text(result)


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_product_that_was_written_in_part_and_then_refused_is_unconfirmed(*, is_lost: bool) -> None:
    """The run is stopped after the SKUs were cleared that two products exchange, or a response was lost."""
    rows = products(2)
    store, stop = synced(rows), Signal()
    swapped = [
        {**row, "title": "New", "price": 1} | ({} if is_lost else {"sku": other["sku"]})
        for row, other in zip(rows, rows[::-1], strict=True)
    ]
    sent: list[httpx.Request] = []

    def before(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != BATCHES or not sent:
            return None
        stop.interrupt()
        return REFUSED

    def after(request: httpx.Request, _response: httpx.Response) -> None:
        if request.url.path == BATCHES if is_lost else b'"sku":null' in request.content:
            sent.append(request)
        if is_lost and sent:
            store.after = None
            raise httpx.ReadTimeout("slow")

    store.before, store.after = before, after
    result = asyncio.run(run_once(ListSource(swapped), store, stop=stop))
    assert {each.title for each in store.products.values()} == {"New"}
    assert (result.exit_code, counts(result)) == (143, {"unconfirmed": 2})
    store.before = store.after = None
    assert sync(ListSource(swapped), store).exit_code == 0
    assert_exact(swapped, store)


@pytest.mark.parametrize("number", [9, 12, 16])
def test_requests_in_flight_at_an_interruption_are_finished_and_counted(number: int) -> None:
    store, source, watcher, stop = FakeMedusa(), ListSource(products(150)), Watcher(), Signal()
    store.between = lambda *_: stop.interrupt() if len(store.requests) == number else None
    result = asyncio.run(run_once(source, store, watcher=watcher, stop=stop))
    assert (result.exit_code, result.status) == (143, Status.INTERRUPTED)
    created = {outcome.external_id for outcome in watcher.outcomes if outcome.result is Result.CREATED}
    assert created == store.products.keys(), "a request in flight was cut off or not counted"
    assert sum(result.counts.values()) == result.seen


TLS_ALERT = b"\x15\x03\x01\x00\x02\x02\x46"
HALF = b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n[1,"
PLAIN = "; the server may expect https:// at this port"


@pytest.mark.parametrize(
    ("scheme", "sent", "words"),
    [
        ("http", b"", f"the connection was dropped{PLAIN}"),
        ("http", b"HTTP", f"without sending a response{PLAIN}"),
        ("http", TLS_ALERT, PLAIN),
        ("http", HALF, "the connection was dropped"),
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "the server may expect http:// at this port"),
    ],
)
def test_a_dropped_connection_is_described(scheme: str, sent: bytes, words: str) -> None:
    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(10_000)
            connection.sendall(sent)
            if sent in {b"", HALF}:  # close without the usual farewell
                time.sleep(0.1)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        url = f"{scheme}://127.0.0.1:{server.getsockname()[1]}/products"
        result = sync_products(Settings(source=url, dry_run=True, max_retries=0))
        thread.join()
    assert result.exit_code == 3
    assert words in result.error
    assert (PLAIN in result.error) is (PLAIN in words)
