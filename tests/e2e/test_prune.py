"""Pruning: only orphans are removed, within the limits, and only on request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.command import Finished, medusa_sync
from tests.e2e.shop import Shop
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, dummyjson, with_fields

SIZE = 40


@pytest.fixture
def source(shop: Shop) -> Iterator[DummyJson]:
    """A source that was synced once."""
    with dummyjson(products(SIZE)) as server:
        assert medusa_sync("--source", server.url, store=shop.store).exit_code == 0
        yield server


def sync(source: DummyJson, shop: Shop, *arguments: str) -> Finished:
    return medusa_sync("--source", source.url, *arguments, "--json", store=shop.store)


def statuses(shop: Shop) -> dict[str, str]:
    return {product["external_id"]: product["status"] for product in shop.products()}


@pytest.mark.parametrize("how", ["draft", "delete"])
def test_only_the_orphan_is_removed(source: DummyJson, shop: Shop, how: str) -> None:
    mine = shop.post("/admin/products", {"title": "By hand", "options": [{"title": "A", "values": ["B"]}]})[
        "product"
    ]
    before = statuses(shop)
    source.remove(3)

    plan = sync(source, shop, "--on-missing", how, "--dry-run")
    assert (plan.exit_code, plan.counts) == (0, {"unchanged": SIZE - 1, "removed": 1})
    assert statuses(shop) == before

    run = sync(source, shop, "--on-missing", how)
    assert (run.exit_code, run.counts) == (0, {"unchanged": SIZE - 1, "removed": 1})
    assert run.document["changes"] == plan.document["changes"]
    assert [(c["external_id"], c["action"]) for c in run.document["changes"]] == [("dummyjson:3", how)]
    after = {**before, "dummyjson:3": "draft"}
    if how == "delete":
        del after["dummyjson:3"]
    assert statuses(shop) == after
    assert mine["id"] in {product["id"] for product in shop.products()}

    again = sync(source, shop, "--on-missing", how)
    assert (again.counts, again.document["requests"]["store_writes"]) == ({"unchanged": SIZE - 1}, 0)


def none_left(source: DummyJson) -> None:
    source.products = []


def ends_short(source: DummyJson) -> None:
    source.remove(3)
    source.intercept = lambda request: with_fields(source.normal_response(request), total=SIZE)


@pytest.mark.parametrize(
    ("damage", "exit_code"),
    [(none_left, 6), (ends_short, 3)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_damaged_source_removes_nothing(source: DummyJson, shop: Shop, damage: Any, exit_code: int) -> None:
    before = shop.products()
    damage(source)
    run = sync(source, shop, "--on-missing", "delete")
    assert run.exit_code == exit_code
    assert run.document["counts"]["removed"] == 0
    assert shop.products() == before
    if exit_code == 6:
        assert "Nothing was removed" in run.stderr
        assert "dummyjson:" in run.stderr
