"""Products whose write is complete are acknowledged: many in a call, and nothing else depends on it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.flow.stage import (
    BATCHES,
    SOURCE_NAME,
    ListSource,
    assert_exact,
    assert_quiet,
    counts,
    sync,
    synced,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

COUNT = 7


def acknowledged_by(request: httpx.Request) -> list[str]:
    """The ids of the products whose record a request makes final, and which it does not change otherwise."""
    if request.method != "POST" or request.url.path != BATCHES:
        return []
    bodies = json.loads(request.content).get("update", ())
    if any(
        body.keys() != {"id", "metadata"} or "pending" in body["metadata"]["medusa_sync"] for body in bodies
    ):
        return []
    return [body["id"] for body in bodies]


def dearer(count: int = COUNT) -> tuple[FakeMedusa, ListSource]:
    """A store, and a source that has changed all prices since."""
    rows = products(count)
    return synced(rows), ListSource([row | {"price": row["price"] + 1} for row in rows])


def record(store: FakeMedusa, number: int) -> Any:
    return (store.products[f"{SOURCE_NAME}:{number}"].metadata or {})["medusa_sync"]


def pending(store: FakeMedusa, source: ListSource) -> list[int]:
    return [row["id"] for row in source.rows if "pending" in record(store, row["id"])]


def instead(store: FakeMedusa, answer: Callable[[list[str]], httpx.Response | None]) -> None:
    """Answer acknowledgements in this way."""
    store.before = lambda request: answer(ids) if (ids := acknowledged_by(request)) else None


def assert_completed(store: FakeMedusa, source: ListSource) -> None:
    """The next run changes nothing that a merchant sees, and the one after that writes nothing."""
    store.before = store.after = None
    result = sync(source, store)
    assert (result.exit_code, result.conflicts, list(result.changes)) == (0, 0, [])
    assert_exact(source.rows, store)
    assert_quiet(source, store)
    assert pending(store, source) == []


@pytest.mark.parametrize("concurrency", [1, 3])
def test_the_products_of_many_batches_are_acknowledged_in_one_call(concurrency: int) -> None:
    store, source = dearer(60)
    calls: list[int] = []
    instead(store, lambda ids: calls.append(len(ids)))
    assert counts(sync(source, store, batch_size=5, concurrency=concurrency)) == {"updated": 60}
    assert calls == [60]
    assert_completed(store, source)


@pytest.mark.parametrize(("culprit", "status"), [(1, 400), (4, 404), (COUNT, 413)])
def test_a_refused_acknowledgement_does_not_affect_other_products(
    culprit: int, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    store, source = dearer()
    refused = store.products[f"{SOURCE_NAME}:{culprit}"].id
    instead(store, lambda ids: httpx.Response(status) if refused in ids else None)
    result = sync(source, store)
    assert (result.exit_code, counts(result), pending(store, source)) == (0, {"updated": COUNT}, [culprit])
    assert f"{SOURCE_NAME}:{culprit} was not acknowledged" in caplog.text
    assert_completed(store, source)


@pytest.mark.parametrize("end", ["arrives", "is lost", "finds the store down"])
def test_a_lost_acknowledgement_is_only_a_warning(end: str, caplog: pytest.LogCaptureFixture) -> None:
    store, source = dearer()

    def lose(request: httpx.Request, *_: httpx.Response) -> httpx.Response | None:
        if not acknowledged_by(request):
            return None
        if end == "finds the store down":
            store.before = lambda _request: httpx.Response(503)
            return httpx.Response(503)
        raise httpx.ReadTimeout("slow")

    setattr(store, "after" if end == "arrives" else "before", lose)
    result = sync(source, store)
    assert counts(result) == {"updated": COUNT}
    if end != "finds the store down":
        assert (result.exit_code, f"{COUNT} products may not be acknowledged" in caplog.text) == (0, True)
    assert result.exit_code in {0, 4}
    assert_completed(store, source)


@pytest.mark.parametrize("kind", ["applied", "pending", "unreadable"])
def test_a_record_that_another_run_has_written_meanwhile_stays(kind: str) -> None:
    """Otherwise it would say that something is in the store which the other run has replaced."""
    store, source = dearer()
    others: Any = copy.deepcopy(record(store, 3))
    others["fields"]["title"] = "Another title"
    if kind == "pending":
        others["pending"] = {"step": "update", "at": 1_700_000_000}
    if kind == "unreadable":
        others = "gone"

    def replace(request: httpx.Request, _response: httpx.Response) -> None:
        if request.method == "POST" and b'"amount"' in request.content:
            store.after = None
            own = store.products[f"{SOURCE_NAME}:3"]
            own.metadata = {**(own.metadata or {}), "medusa_sync": others}

    store.after = replace
    assert counts(sync(source, store)) == {"updated": COUNT}
    assert record(store, 3) == others
    assert set(pending(store, source)) <= {3}


def test_an_acknowledgement_does_not_rely_on_an_index_that_lags_behind() -> None:
    """A look-up shows the records from before the run, and a scan the newest ones."""
    store, source = dearer()
    before = {product.id: copy.deepcopy(product.metadata) for product in store.products.values()}

    def lag(request: httpx.Request, response: httpx.Response) -> httpx.Response | None:
        if request.method != "GET" or "external_id[]" not in request.url.params:
            return None
        document = json.loads(response.content)
        for each in document["products"]:
            each["metadata"] = before[each["id"]]
        return httpx.Response(200, json={**document, "estimate_count": COUNT})

    store.after = lag
    assert counts(sync(source, store)) == {"updated": COUNT}
    assert pending(store, source) == []
    assert_completed(store, source)
