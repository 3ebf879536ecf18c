"""Products whose write is complete are acknowledged: many in a call, and nothing else depends on it."""

import copy
from typing import Any

import httpx
import pytest

from tests.flow.faults import refuse, strike, with_index
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    acknowledged_by,
    assert_exact,
    assert_quiet,
    counts,
    record_of,
    sent_in_bulk,
    sync,
    synced,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

COUNT = 7


def dearer(count: int = COUNT) -> tuple[FakeMedusa, ListSource]:
    """A store, and a source that has changed all prices since."""
    rows = products(count)
    return synced(rows), ListSource([row | {"price": row["price"] + 1} for row in rows])


def pending(store: FakeMedusa, source: ListSource) -> list[int]:
    return [row["id"] for row in source.rows if "pending" in record_of(store, row["id"])]


def assert_completed(store: FakeMedusa, source: ListSource) -> None:
    """The next run changes nothing that a merchant sees, and the one after that writes nothing."""
    store.before = store.after = None
    result = sync(source, store)
    assert (result.exit_code, result.conflicts, list(result.changes)) == (0, 0, [])
    assert_exact(source.rows, store)
    assert_quiet(source, store)
    assert pending(store, source) == []


def test_a_changed_price_writes_only_the_price_and_the_record() -> None:
    store, source = dearer(1)
    assert counts(sync(source, store)) == {"updated": 1}
    note, write, acknowledgement = writes(store)
    for request in (note, acknowledgement):
        assert [each.keys() for each in request.json["update"]] == [{"id", "metadata"}]
        assert [each["metadata"].keys() for each in request.json["update"]] == [{"medusa_sync"}]
    assert [each.keys() for each in sent_in_bulk(write, "update-product-variants")] == [{"id", "prices"}]


@pytest.mark.parametrize("concurrency", [1, 3])
def test_the_products_of_many_batches_are_acknowledged_in_one_call(concurrency: int) -> None:
    store, source = dearer(60)
    assert counts(sync(source, store, batch_size=5, concurrency=concurrency)) == {"updated": 60}
    assert [len(ids) for request in store.requests if (ids := acknowledged_by(request))] == [60]
    assert_completed(store, source)


@pytest.mark.parametrize(("culprit", "status"), [(1, 400), (4, 404), (COUNT, 413)])
def test_a_refused_acknowledgement_does_not_affect_other_products(
    culprit: int, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    store, source = dearer()
    refused = store.products[f"{SOURCE_NAME}:{culprit}"].id
    refuse(store, lambda request: refused in acknowledged_by(request), httpx.Response(status))
    result = sync(source, store)
    assert (result.exit_code, counts(result), pending(store, source)) == (0, {"updated": COUNT}, [culprit])
    assert f"the record of {SOURCE_NAME}:{culprit} was not confirmed" in caplog.text
    assert_completed(store, source)


@pytest.mark.parametrize("end", ["arrives", "is lost", "finds the store down"])
def test_a_lost_acknowledgement_is_only_a_warning(end: str, caplog: pytest.LogCaptureFixture) -> None:
    store, source = dearer()
    error = httpx.ReadTimeout("slow")

    def go_down() -> httpx.Response:
        refuse(store, lambda _request: True, httpx.Response(503))
        return httpx.Response(503)

    if end == "finds the store down":
        strike(store, "before", acknowledged_by, go_down)
    else:
        strike(store, "after" if end == "arrives" else "before", acknowledged_by, error, once=False)
    result = sync(source, store)
    assert counts(result) == {"updated": COUNT}
    if end != "finds the store down":
        assert result.exit_code == 0
        assert f"the records of {COUNT} products may not be confirmed" in caplog.text
    assert result.exit_code in {0, 4}
    assert_completed(store, source)


@pytest.mark.parametrize("kind", ["applied", "pending", "unreadable"])
def test_a_record_that_another_run_has_written_meanwhile_stays(kind: str) -> None:
    """Otherwise it would say that something is in the store which the other run has replaced."""
    store, source = dearer()
    others: Any = copy.deepcopy(record_of(store, 3))
    others["fields"]["title"] = "Another title"
    if kind == "pending":
        others["pending"] = {"step": "update", "at": 1_700_000_000}
    if kind == "unreadable":
        others = "gone"
    metadata = {**(store.products[f"{SOURCE_NAME}:3"].metadata or {}), "medusa_sync": others}

    def replace() -> None:
        store.products[f"{SOURCE_NAME}:3"].metadata = metadata

    strike(store, "after", lambda request: b'"amount"' in request.content, replace)
    assert counts(sync(source, store)) == {"updated": COUNT}
    assert record_of(store, 3) == others
    assert set(pending(store, source)) <= {3}


def test_nothing_is_acknowledged_if_another_run_has_written_all_records_meanwhile() -> None:
    store, source = dearer()

    def replace() -> None:
        for product in store.products.values():
            product.metadata = None

    strike(store, "after", lambda request: b'"amount"' in request.content, replace)
    assert counts(sync(source, store)) == {"updated": COUNT}
    assert b'"amount"' in writes(store)[-1].content


def test_products_that_an_index_does_not_list_yet_are_confirmed() -> None:
    store, source = FakeMedusa(), ListSource(products(COUNT))
    with_index(store, lambda _found: [])
    assert counts(sync(source, store)) == {"created": COUNT}
    assert pending(store, source) == []


def test_an_acknowledgement_does_not_rely_on_an_index_that_lags_behind() -> None:
    """A look-up shows the records from before the run, and a scan the newest ones."""
    store, source = dearer()
    before = {product.id: copy.deepcopy(product.metadata) for product in store.products.values()}
    with_index(store, lambda found: [each | {"metadata": before[each["id"]]} for each in found])
    assert counts(sync(source, store)) == {"updated": COUNT}
    assert pending(store, source) == []
    assert_completed(store, source)
