"""Whether customers see a product follows the source, if it says so."""

from typing import Any

import pytest

from tests.flow.stage import ListSource, assert_quiet, constant, counts, record_of, sync, synced, writes
from tests.harness.fake_medusa import FakeMedusa

CUP: dict[str, Any] = {"id": 1, "title": "Cup", "price": 3}


def source(status: str | None = None, **fields: Any) -> ListSource:
    return ListSource([{**CUP, **({"status": status} if status else {}), **fields}])


def status(store: FakeMedusa) -> str:
    [product] = store.products.values()
    return product.status


def anything(result: Any) -> list[tuple[str, Any, Any]]:
    return [(each.field, each.stored, each.planned) for outcome in result.changes for each in outcome.changes]


LIMIT = {"max_removals": "100%"}


def test_a_change_at_the_source_hides_and_shows_a_product() -> None:
    store = synced(source("published").rows)
    assert_quiet(source("published"), store)
    for before, after in (("published", "draft"), ("draft", "published")):
        plan = sync(source(after), store, dry_run=True, **LIMIT)
        assert (anything(plan), status(store)) == ([("status", before, after)], before)
        assert anything(sync(source(after), store, **LIMIT)) == [("status", before, after)]
        assert status(store) == after
        assert_quiet(source(after), store)


@pytest.mark.parametrize("last", ["draft", "published"])
def test_a_source_that_stops_saying_a_status_leaves_the_last_one(last: str) -> None:
    store = synced(source(last).rows)
    assert counts(sync(source(price=4), store)) == {"updated": 1}
    assert status(store) == last
    assert anything(sync(source(price=5), store, dry_run=True)) == [("price", 4, 5)]
    assert_quiet(source(price=4), store)


def test_active_is_published_and_a_new_product_gets_the_status_of_the_settings() -> None:
    store = synced(source("active").rows, status="draft")
    assert status(store) == "draft"
    assert_quiet(source("active"), store)
    sync(source("archived"), store)
    sync(source("active"), store)
    assert status(store) == "published"


# --- the guard --------------------------------------------------------------------------------------------


def many(hidden: int, **fields: Any) -> ListSource:
    statuses = ["draft"] * hidden + ["published"] * (20 - hidden)
    rows = [{"id": n, "title": f"Cup {n}", "price": 3, "status": own} for n, own in enumerate(statuses)]
    return ListSource([row | fields for row in rows])


@pytest.mark.parametrize("dry_run", [True, False])
def test_too_many_are_not_hidden_and_all_else_is_written(*, dry_run: bool) -> None:
    store = synced(many(0).rows)
    result = sync(many(3, price=4), store, dry_run=dry_run)
    assert (result.exit_code, counts(result)) == (6, {"updated": 20})
    assert "3 of 20 products would be hidden" in result.error
    assert {each.status for each in store.products.values()} == {"published"}
    amounts = {each.amount for variant in store.state.variants().values() for each in variant.prices}
    assert amounts == {3 if dry_run else 4}
    assert sync(many(3, price=4), store).exit_code == 6
    assert sync(many(3, price=4), store, max_removals="3").exit_code == 0
    assert sum(each.status == "draft" for each in store.products.values()) == 3
    assert_quiet(many(3, price=4), store)


@pytest.mark.parametrize("delivered", [20, 3])
def test_few_are_hidden(delivered: int) -> None:
    """Of those that the store has, also if the source has only some, so that few pages are read."""
    store = synced(many(0).rows)
    with constant("PAGE_SIZE", 2):
        assert sync(ListSource(many(2).rows[:delivered]), store).exit_code == 0
    assert sum(each.status == "draft" for each in store.products.values()) == 2


# --- an upgrade, and the first sync -----------------------------------------------------------------------


def test_an_upgrade_hides_and_shows_nothing() -> None:
    store = synced(source().rows)
    record = record_of(store, 1)
    del record["knows"], record["source"]
    result = sync(source("draft"), store)
    assert (writes(store), status(store)) == ([], "published")
    [note] = [each for each in result.notes if each.name == "newer_fields"]
    assert "--overwrite --only status" in note
    assert [each.name for each in assert_quiet(source("published"), store).notes] == []
    sync(source("draft"), store, overwrite=True, only="status", **LIMIT)
    assert status(store) == "draft"
    sync(source("published"), store)
    assert status(store) == "published"


def test_a_first_sync_says_how_many_are_drafts() -> None:
    result = sync(many(3), FakeMedusa())
    assert "3 of 20 new products are drafts, because the source says so." in map(str, result.notes)


def test_a_first_sync_says_nothing_of_products_without_a_status() -> None:
    assert [each.name for each in sync(source(), FakeMedusa(), status="draft").notes] == []
