"""Removing variants while another run, without a shared lock, writes the same products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.flow.shirts import held, shirt, shirts
from tests.flow.stage import BATCHES, ListSource, counts, sent_in_bulk, sync
from tests.harness.fake_medusa import FakeMedusa

ALL = "100%"
NOTE = {"step": "update", "at": 1.0, "variants": {"2-S-Red": {"price": [30, 31]}}}
BOTH = pytest.mark.parametrize("on_missing", ["draft", "delete"])

Row = dict[str, Any]


def without_first(row: Row) -> Row:
    return row | {"variants": row["variants"][1:]}


def record(store: FakeMedusa, number: int) -> dict[str, Any]:
    metadata = store.products[f"dummyjson:{number}"].metadata
    assert metadata is not None
    found: dict[str, Any] = metadata["medusa_sync"]
    return found


def first_time(
    store: FakeMedusa, is_it: Callable[[httpx.Request], bool], act: Callable[[], None]
) -> list[httpx.Request]:
    """Act before the first request of a kind; returns a list that gets that request."""
    hit: list[httpx.Request] = []

    def before(request: httpx.Request) -> None:
        if not hit and is_it(request):
            hit.append(request)
            act()

    store.before = before
    return hit


def synced() -> tuple[FakeMedusa, ListSource]:
    """A store with three shirts; the source drops a variant of the first two, and the third shirt."""
    store, source = FakeMedusa(), ListSource(shirts(3))
    sync(source, store)
    source.rows = [without_first(shirt(1)), without_first(shirt(2))]
    return store, source


def removes_orphans(request: httpx.Request) -> bool:
    return request.url.path == BATCHES and (b'"delete"' in request.content or b'"draft"' in request.content)


def removes_variants(request: httpx.Request) -> bool:
    levels = request.url.path.endswith("/location-levels/batch")
    return levels or bool(sent_in_bulk(request, "delete-product-variants"))


@BOTH
@pytest.mark.parametrize("when", [removes_orphans, removes_variants])
def test_the_note_of_another_run_is_not_erased(
    when: Callable[[httpx.Request], bool], on_missing: str
) -> None:
    store, source = synced()
    hit = first_time(store, when, lambda: record(store, 2).update(pending=NOTE))
    result = sync(source, store, on_missing=on_missing, max_removals=ALL)
    assert hit
    assert (result.exit_code, counts(result)) == (0, {"updated": 2, "removed": 1})
    assert record(store, 2)["pending"] == NOTE
    gone = {number: held(store, number).get(f"SH{number}-S-R") for number in (1, 2)}
    for each in gone.values():
        assert each is None if on_missing == "delete" else each and each["stock"] == 0


@BOTH
def test_a_variant_that_another_run_has_brought_back_is_not_removed(on_missing: str) -> None:
    store, source = synced()
    hit = first_time(store, removes_orphans, lambda: bring_back(store))
    result = sync(source, store, on_missing=on_missing, max_removals=ALL)
    assert hit
    assert result.exit_code == 0
    assert held(store, 2)["SH2-S-R"]["stock"] == 2
    assert "SH2-S-R" not in str(
        [each.changes for each in result.changes if each.external_id == "dummyjson:2"]
    )


@BOTH
def test_a_variant_that_is_brought_back_while_it_is_removed_is_repaired_by_the_next_run(
    on_missing: str,
) -> None:
    store, source = synced()
    hit = first_time(store, removes_variants, lambda: bring_back(store))
    sync(source, store, on_missing=on_missing, max_removals=ALL)
    assert hit
    rows = [without_first(shirt(1)), shirt(2)]
    assert sync(ListSource(rows), store, on_missing=on_missing, max_removals=ALL).exit_code == 0
    assert held(store, 2)["SH2-S-R"]["stock"] == 2


def bring_back(store: FakeMedusa) -> None:
    """What a run writes for a variant that the source has again."""
    del record(store, 2)["variants"]["2-S-Red"][2:]


@BOTH
def test_a_product_that_a_newer_version_has_written_keeps_its_variants(on_missing: str) -> None:
    store, source = synced()
    hit = first_time(store, removes_orphans, lambda: record(store, 2).update(version=99))
    sync(source, store, on_missing=on_missing, max_removals=ALL)
    assert hit
    assert record(store, 2)["version"] == 99
    assert held(store, 2)["SH2-S-R"]["stock"] == 2


def test_removed_variants_are_reported_although_the_response_was_lost() -> None:
    store, source = synced()

    def lose(request: httpx.Request) -> None:
        if sent_in_bulk(request, "delete-product-variants"):
            store.before = None
            store.handle(request)
            raise httpx.ReadError("lost")

    store.before = lose
    result = sync(source, store, on_missing="delete", max_removals=ALL)
    assert (result.exit_code, counts(result)) == (0, {"updated": 2, "removed": 1})
    assert sum(change.field == "variant" for each in result.changes for change in each.changes) == 2


@pytest.mark.parametrize("offers_bulk", [True, False])
def test_a_variant_with_reserved_stock_is_kept_and_reported_once(
    *, offers_bulk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the store fails later, so that all are removed once more."""
    monkeypatch.setattr(FakeMedusa, "offers_bulk", offers_bulk)
    store, source = FakeMedusa(), ListSource(shirts(3))
    sync(source, store)
    source.rows = [row | {"variants": row["variants"][2:]} for row in shirts(3)]
    store.reserve("SH1-S-R")
    seen: list[str] = []

    def fail(request: httpx.Request) -> httpx.Response | None:
        if b'"delete"' in request.content or sent_in_bulk(request, "delete-product-variants"):
            seen.append("deleted")
        if seen and "failed" not in seen and request.url.path == BATCHES:
            seen.append("failed")
            return httpx.Response(500)
        return None

    store.before = fail
    result = sync(source, store, on_missing="delete", max_removals=ALL)
    assert [len(store.products[f"dummyjson:{number}"].variants) for number in (1, 2, 3)] == [5, 4, 4]
    [problem] = result.problems
    assert "SH1-S-R" in problem.reason or "S / Red" in problem.reason
