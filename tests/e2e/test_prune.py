"""Pruning: only orphans are removed, within the limits, and only on request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command import Finished, medusa_sync
from tests.e2e.shop import Shop
from tests.harness.catalogue import products
from tests.harness.dummyjson import DummyJson, Request, Response, dummyjson, with_fields

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


def test_by_default_orphans_stay(source: DummyJson, shop: Shop) -> None:
    before = shop.products()
    source.remove(3)
    run = sync(source, shop)
    assert (run.exit_code, run.counts) == (0, {"unchanged": SIZE - 1})
    assert shop.products() == before


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


def test_a_product_that_comes_back_is_published_only_if_this_tool_drafted_it(
    source: DummyJson, shop: Shop
) -> None:
    third, fourth = source.products[2:4]
    shop.post(f"/admin/products/{shop.by_external_id()['dummyjson:4']['id']}", {"status": "draft"})
    source.remove(3)
    source.remove(4)
    run = sync(source, shop, "--on-missing", "draft")
    assert run.counts == {"unchanged": SIZE - 2, "removed": 1}, "one was already a draft"

    source.add(third)
    source.add(fourth)
    back = sync(source, shop, "--on-missing", "draft")
    assert (back.exit_code, back.counts) == (0, {"updated": 1, "unchanged": SIZE - 1})
    assert back.document["changes"][0]["fields"] == {"status": {"from": "draft", "to": "published"}}
    assert (statuses(shop)["dummyjson:3"], statuses(shop)["dummyjson:4"]) == ("published", "draft")
    assert sync(source, shop).document["requests"]["store_writes"] == 0


def none_left(source: DummyJson) -> None:
    source.products = []


def half_gone(source: DummyJson) -> None:
    source.products = source.products[: SIZE // 2]


def ends_short(source: DummyJson) -> None:
    source.remove(3)
    source.intercept = lambda request: with_fields(source.normal_response(request), total=SIZE)


@pytest.mark.parametrize(
    ("damage", "exit_code"),
    [(none_left, 6), (half_gone, 6), (ends_short, 3)],
    ids=lambda value: getattr(value, "__name__", value),
)
@pytest.mark.parametrize("how", ["draft", "delete"])
def test_a_damaged_source_removes_nothing(
    source: DummyJson, shop: Shop, damage: Any, exit_code: int, how: str
) -> None:
    before = shop.products()
    damage(source)
    run = sync(source, shop, "--on-missing", how)
    assert run.exit_code == exit_code
    assert run.document["counts"]["removed"] == 0
    assert shop.products() == before
    if exit_code == 6:
        assert "Nothing was removed" in run.stderr
        assert "dummyjson:" in run.stderr


def test_a_higher_limit_allows_removing_half_of_the_catalogue(source: DummyJson, shop: Shop) -> None:
    half_gone(source)
    run = sync(source, shop, "--on-missing", "delete", "--max-removals", "50%")
    assert (run.exit_code, run.document["counts"]["removed"]) == (0, SIZE // 2)
    assert len(shop.products()) == SIZE // 2


def test_a_product_that_paging_skipped_is_looked_up_and_stays(source: DummyJson, shop: Shop) -> None:
    before = shop.products()

    def skip_one(request: Request) -> Response | None:
        if request.path != "/products":
            return None
        rows = [product for product in source.products if product["id"] != 7]
        return Response.json({"products": rows, "total": len(rows), "skip": 0, "limit": len(rows)})

    source.intercept = skip_one
    run = sync(source, shop, "--on-missing", "delete")
    assert (run.exit_code, run.counts) == (0, {"unchanged": SIZE - 1})
    assert shop.products() == before


def test_a_limited_run_removes_nothing(source: DummyJson, shop: Shop) -> None:
    before = shop.products()
    run = sync(source, shop, "--on-missing", "delete", "--limit", "39")
    assert (run.exit_code, run.counts) == (0, {"unchanged": 39})
    assert shop.products() == before


def test_a_rejected_product_is_not_an_orphan(source: DummyJson, shop: Shop) -> None:
    source.edit(5, title="")
    run = sync(source, shop, "--on-missing", "delete")
    assert (run.exit_code, run.counts) == (5, {"unchanged": SIZE - 1, "rejected": 1})
    assert len(shop.products()) == SIZE


def test_an_orphan_with_reserved_stock_fails_and_the_others_are_removed(
    source: DummyJson, shop: Shop
) -> None:
    variant = shop.by_external_id()["dummyjson:3"]["variants"][0]
    shop.post(
        "/admin/reservations",
        {
            "inventory_item_id": variant["inventory_items"][0]["inventory_item_id"],
            "location_id": shop.store.location_id,
            "quantity": 1,
        },
    )
    for number in (2, 3, 4):
        source.remove(number)
    run = sync(source, shop, "--on-missing", "delete")
    assert (run.exit_code, run.counts) == (5, {"unchanged": SIZE - 3, "removed": 2})
    [problem] = run.document["problems"]
    assert (problem["external_id"], problem["outcome"]) == ("dummyjson:3", "failed")
    assert problem["reason"].startswith("not removed: ")
    assert "dummyjson:3" in statuses(shop)


def test_a_file_is_a_complete_source(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps({"products": products(20)}), encoding="utf-8")
    arguments = ("--source", str(path), "--on-missing", "delete", "--json")
    assert medusa_sync(*arguments, store=shop.store).counts == {"created": 20}
    path.write_text(json.dumps({"products": products(19)}), encoding="utf-8")
    assert medusa_sync(*arguments, store=shop.store).counts == {"unchanged": 19, "removed": 1}
