"""Values are withheld or change hands while a run is killed or meets another one, or the merchant edits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from medusa_sync import Result, RunResult
from tests.flow.kills import killed_runs
from tests.flow.stage import ListSource, copies_of, counts, run_once, sync, writes
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

Row = dict[str, Any]
ROWS = products(5)
SKUS = [row["sku"] for row in ROWS]
OPTIONS: dict[str, Any] = {
    "on_missing": "delete",
    "max_removals": "100%",
    "batch_size": 2,
    "concurrency": 1,
}


def wanting(**skus: str) -> list[Row]:
    """Products 1 to 3 and what else is named, with other SKUs; an empty one drops the product."""
    named = {int(name[1:]): sku for name, sku in skus.items()}
    return [
        ROWS[number - 1] | {"sku": named.get(number, SKUS[number - 1])}
        for number in sorted({1, 2, 3, *named})
        if named.get(number) != ""
    ]


SCENES: dict[str, tuple[list[Row], int]] = {
    "two want the value of a third": (wanting(p2=SKUS[0], p4=SKUS[0]), 2),
    "a new one repeats a new one": (wanting(p4="SAME", p5="SAME"), 1),
    "a chain that ends at a removed one": (wanting(p1=SKUS[1], p2=SKUS[2], p3="", p4=SKUS[0]), 0),
    "a swap, and one that wants a part of it": (wanting(p1=SKUS[1], p2=SKUS[0], p4=SKUS[1]), 1),
}
"""What the source wants, and how many values are withheld in the end."""

scenes = pytest.mark.parametrize("scene", SCENES)


@pytest.fixture
def bulk() -> bool:
    """Whether the store accepts bulk calls; otherwise it refuses them with 403."""
    return True


@pytest.fixture
def synced(bulk: bool) -> FakeMedusa:  # noqa: FBT001 - a fixture
    """A store that has products 1 to 3."""
    store = FakeMedusa()
    store.offers_bulk = bulk
    assert sync(ListSource(ROWS[:3]), store).exit_code == 0
    return store


def run(rows: list[Row], store: FakeMedusa) -> RunResult:
    return sync(ListSource(rows), store, **OPTIONS)


def assert_converges(rows: list[Row], store: FakeMedusa, withheld: int, *, edited: bool = False) -> None:
    """After the next runs, each product is stored, with its own SKU or none of another, and all is quiet."""
    for _ in range(3):
        store.requests.clear()
        result = run(rows, store)
        assert (result.exit_code, result.seen) == (0, len(rows)), list(result.problems)
    assert counts(result) == {"unchanged": len(rows)}
    assert writes(store) == []
    stored = store.products
    assert stored.keys() == {f"dummyjson:{row['id']}" for row in rows}
    skus = {own: product.variants[0].sku for own, product in stored.items()}
    lacking = [row for row in rows if skus[f"dummyjson:{row['id']}"] != row["sku"]]
    if not edited:
        assert result.withheld == len(lacking) == withheld, skus
        assert all(row["sku"] in skus.values() for row in lacking), skus
    for row in rows:
        [item_id] = stored[f"dummyjson:{row['id']}"].variants[0].item_ids
        assert store.state.items[item_id].levels[0].stocked_quantity == row["stock"]


@scenes
@pytest.mark.parametrize(("killed", "bulk"), [("tool", True), ("both", True), ("both", False)])
def test_a_killed_run_is_completed(synced: FakeMedusa, scene: str, killed: str) -> None:
    rows, withheld = SCENES[scene]
    for hurt in killed_runs(synced, killed, lambda store: run(rows, store)):
        assert_converges(rows, hurt, withheld)


@pytest.mark.parametrize("then", ["two want the value of a third", "a chain that ends at a removed one"])
def test_a_killed_run_is_completed_if_the_source_changes_its_mind(synced: FakeMedusa, then: str) -> None:
    rows, _ = SCENES["a swap, and one that wants a part of it"]
    other, withheld = SCENES[then]
    for hurt in killed_runs(synced, "both", lambda store: run(rows, store)):
        assert_converges(other, hurt, withheld)


def at_each_request(store: FakeMedusa, act: Callable[[FakeMedusa, int], bool]) -> None:
    """Act on copies of a store, with the numbers of every third request, until there is no such request."""
    copy, number = copies_of(store), 1
    while act(copy(), number):
        number += 3
    assert number > 5, "too few requests"


@scenes
@pytest.mark.parametrize("bulk", [True, False])
def test_two_runs_at_once_store_everything(synced: FakeMedusa, scene: str) -> None:
    """The second one starts at any request of the first, and reads the source in another order."""
    rows, withheld = SCENES[scene]

    def act(store: FakeMedusa, number: int) -> bool:
        async def both() -> bool:
            reached = asyncio.Event()

            def before(_request: httpx.Request) -> None:
                if len(store.requests) >= number:
                    reached.set()

            async def later() -> RunResult:
                await reached.wait()
                return await run_once(ListSource(rows[::-1]), store, **OPTIONS)

            store.before = before
            second = asyncio.create_task(later())
            first = await run_once(ListSource(rows), store, **OPTIONS)
            if not reached.is_set():
                second.cancel()
                return False
            for result in (first, await second):
                assert result.seen == sum(result.counts.values()) - result.counts[Result.REMOVED]
                assert result.exit_code in {0, 5}
            return True

        is_hit = asyncio.run(both())
        store.before = None
        if is_hit:
            assert_converges(rows, store, withheld)
        return is_hit

    synced.requests.clear()
    at_each_request(synced, act)


@scenes
@pytest.mark.parametrize("sku", [SKUS[0], "MERCHANT"])
def test_an_edit_of_the_merchant_at_any_request_prevents_nothing_else(
    synced: FakeMedusa, scene: str, sku: str
) -> None:
    """The merchant edits product 2, whose SKU others want."""
    rows, withheld = SCENES[scene]

    def act(store: FakeMedusa, number: int) -> bool:
        hits: list[int] = []

        def after(_request: httpx.Request, _response: httpx.Response) -> None:
            if len(store.requests) == number and not hits:
                hits.append(number)
                own = store.products["dummyjson:2"].variants[0]
                if all(each.sku != sku for each in store.state.variants().values()):
                    own.sku = sku

        store.after = after
        result = run(rows, store)
        assert result.seen == len(rows)
        assert result.exit_code in {0, 5}
        store.after = None
        assert_converges(rows, store, withheld, edited=True)
        return bool(hits)

    synced.requests.clear()
    at_each_request(synced, act)
