"""Guards against a bad feed, and products that the merchant deleted, on a real store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.command import Finished, medusa_sync
from tests.e2e.shop import Shop, price, stock
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, dummyjson
from tests.tiers import sampled

SIZE = 20


@pytest.fixture
def source(shop: Shop) -> Iterator[DummyJson]:
    """A source that was synced once."""
    with dummyjson(products(SIZE)) as server:
        assert medusa_sync("--source", server.url, store=shop.store).exit_code == 0
        yield server


def sync(source: DummyJson, shop: Shop, *arguments: str) -> Finished:
    return medusa_sync("--source", source.url, *arguments, "--json", store=shop.store)


def writes(run: Finished) -> int:
    count: int = run.document["requests"]["store_writes"]
    return count


@pytest.mark.parametrize("damage", sampled(["sold out", "dropped"], "dropped"))
def test_too_many_changes_write_nothing_until_they_are_accepted(
    source: DummyJson, shop: Shop, damage: str
) -> None:
    before = shop.products()
    if damage == "sold out":
        for number in range(1, 13):
            source.edit(number, stock=0)
    else:
        source.products = source.products[12:]
    more = ["--on-missing", "delete", "--max-removals", "100%"] if damage == "dropped" else []
    field, counted = ("stock", "updated") if damage == "sold out" else ("delete", "removed")
    for dry_run in (["--dry-run", "--exit-code"], []):
        run = sync(source, shop, "--max-changes", "10%", *dry_run, *more)
        assert (run.exit_code, writes(run)) == (6, 0)
        assert "12 of 20 products would change; --max-changes is 10%. Nothing was written." in run.stderr
        assert f"{field}: 12 of 20 products" in run.stderr
        assert "dummyjson:1 " in run.stderr
        assert "--max-changes 12 (SYNC_PRODUCTS_MAX_CHANGES)" in run.stderr
        assert shop.products() == before
    run = sync(source, shop, "--max-changes", "12", *more)
    assert (run.exit_code, run.counts[counted]) == (0, 12)
    assert sync(source, shop, "--max-changes", "0", *more).exit_code == 0


def test_an_implausible_price_is_held_back_until_the_limit_is_lifted(source: DummyJson, shop: Shop) -> None:
    before = shop.by_external_id()["dummyjson:3"]
    was = price(before)
    assert was is not None
    source.edit(3, price=0, stock=77)
    for arguments in (["--dry-run"], []):
        run = sync(source, shop, "--max-price-change", "50%", *arguments)
        assert (run.exit_code, run.counts) == (5, {"updated": 1, "unchanged": SIZE - 1, "held": 1})
        [held] = run.document["held"]
        assert (held["external_id"], held["field"]) == ("dummyjson:3", "price")
        assert (held["stored"], held["desired"]) == (was, 0)
    after = shop.by_external_id()["dummyjson:3"]
    assert (price(after), set(stock(after).values())) == (was, {77})

    again = sync(source, shop, "--max-price-change", "50%")
    assert (again.exit_code, again.counts, writes(again)) == (5, {"unchanged": SIZE, "held": 1}, 0)

    lifted = sync(source, shop)
    assert (lifted.exit_code, lifted.counts) == (0, {"updated": 1, "unchanged": SIZE - 1})
    assert price(shop.by_external_id()["dummyjson:3"]) == 0


def test_a_product_that_the_merchant_deleted_is_skipped_and_one_that_was_pruned_is_created(
    source: DummyJson, shop: Shop
) -> None:
    fourth = source.products[3]
    source.remove(4)
    assert sync(source, shop, "--on-missing", "delete").counts == {"unchanged": SIZE - 1, "removed": 1}
    shop.delete(f"/admin/products/{shop.by_external_id()['dummyjson:5']['id']}")
    source.add(fourth)
    for arguments, created in ((["--dry-run"], SIZE - 2), ([], SIZE - 1)):
        run = sync(source, shop, "--on-deleted", "skip", *arguments)
        assert (run.exit_code, run.counts) == (0, {"created": 1, "unchanged": SIZE - 2, "skipped": 1})
        assert [each["external_id"] for each in run.document["skipped"]] == ["dummyjson:5"]
        assert len(shop.products()) == created
    listed = medusa_sync("--source", source.url, "--on-deleted", "skip", "--verbose", store=shop.store)
    assert "skip: skipped dummyjson:5" in listed.stdout
    assert sync(source, shop).counts == {"created": 1, "unchanged": SIZE - 1}
