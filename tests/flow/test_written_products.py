"""What a result says was written is what `--on-change` posts: each product once, with its handle."""

from typing import Any

import httpx
import pytest

from medusa_sync import RunResult
from tests.flow.faults import strike
from tests.flow.stage import ListSource, document, is_write, sync, synced
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

ROWS = products(4)


def written(result: RunResult) -> list[tuple[Any, ...]]:
    found = [each for each in document(result)["changes"] if each["action"] != "keep"]
    return [(each["external_id"], each["id"], each["handle"], each["action"]) for each in found]


def stored(store: FakeMedusa, number: int, action: str) -> tuple[Any, ...]:
    product = store.products[f"dummyjson:{number}"]
    return f"dummyjson:{number}", product.id, product.handle, action


def test_created_updated_and_removed_products_have_their_handles() -> None:
    store = FakeMedusa()
    assert written(sync(ListSource(ROWS), store)) == [stored(store, each, "create") for each in (1, 2, 3, 4)]
    changed = [{**ROWS[0], "price": 5}, {**ROWS[1], "title": "New"}, ROWS[2]]
    result = sync(ListSource(changed), store, on_missing="draft", max_removals="1")
    actions = {1: "update", 2: "update", 4: "draft"}
    assert sorted(written(result)) == [stored(store, each, action) for each, action in actions.items()]


@pytest.mark.parametrize("field", ["price", "title"])
def test_a_product_is_named_once_after_a_lost_response_and_not_in_the_next_run(field: str) -> None:
    store = synced(ROWS)
    rows = [{**ROWS[0], field: 5 if field == "price" else "New"}, *ROWS[1:]]
    strike(store, "after", is_write, httpx.Response(500))
    assert written(sync(ListSource(rows), store)) == [stored(store, 1, "update")]
    assert written(sync(ListSource(rows), store)) == []
