"""Removals, guards against a bad feed, and products that the merchant deleted, on a real store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.command import Finished, medusa_sync
from tests.e2e.shop import Shop
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, Request, Response, dummyjson

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


def statuses(shop: Shop) -> dict[str, str]:
    return {product["external_id"] or product["title"]: product["status"] for product in shop.products()}


@pytest.mark.parametrize("how", ["draft", "delete"])
def test_only_the_orphan_is_removed(source: DummyJson, shop: Shop, how: str) -> None:
    shop.create("By hand")
    before = statuses(shop)
    source.remove(3)

    plan = sync(source, shop, "--on-missing", how, "--dry-run")
    assert (plan.exit_code, plan.counts) == (0, {"unchanged": SIZE - 1, "removed": 1})
    assert statuses(shop) == before

    run = sync(source, shop, "--on-missing", how)
    assert (run.exit_code, run.counts) == (0, {"unchanged": SIZE - 1, "removed": 1})
    assert run.document["changes"] == plan.document["changes"]
    assert [(c["external_id"], c["action"]) for c in run.document["changes"]] == [("dummyjson:3", how)]
    assert before.keys() - statuses(shop).keys() == ({"dummyjson:3"} if how == "delete" else set())
    assert statuses(shop).items() - before.items() == ({("dummyjson:3", how)} if how == "draft" else set())

    again = sync(source, shop, "--on-missing", how)
    assert (again.counts, writes(again)) == ({"unchanged": SIZE - 1}, 0)


@pytest.mark.parametrize(("damage", "exit_code"), [("none left", 6), ("ends short", 3)])
def test_a_damaged_source_removes_nothing(source: DummyJson, shop: Shop, damage: str, exit_code: int) -> None:
    before = shop.products()
    if damage == "none left":
        source.products = []
    else:
        source.remove(3)

        def one_less(request: Request) -> Response | None:
            if "skip" not in request.query:
                return None
            rows = source.products[int(request.query["skip"]) :]
            return Response.json({"products": rows, "total": SIZE})

        source.intercept = one_less
    run = sync(source, shop, "--on-missing", "delete")
    assert run.exit_code == exit_code
    assert run.document["counts"]["removed"] == 0
    assert shop.products() == before
    assert exit_code == 3 or "Nothing was removed" in run.stderr
