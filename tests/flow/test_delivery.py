"""What a source delivers is accounted for, row by row, however odd its pages are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medusa_sync import Result, RunResult
from tests.flow.stage import (
    SOURCE_NAME,
    ListSource,
    Signal,
    Watcher,
    run_once,
    writes,
)
from tests.harness.catalogue import products
from tests.harness.fake_medusa import FakeMedusa

ROWS = products(10)


class PagesSource(ListSource):
    """Delivers exactly these pages, and remembers how many, and whether it was closed."""

    def __init__(self, *pages: Sequence[dict[str, Any]], **changes: Any) -> None:
        super().__init__([row for page in pages for row in page], **changes)
        self.delivered = 0
        self.is_closed = False
        self._pages = pages

    async def pages(self, limit: int | None) -> AsyncGenerator[Any, None]:
        assert limit is None
        try:
            for page in self._pages:
                self.delivered += 1
                await asyncio.sleep(0)
                yield self.page(page)
        finally:
            self.is_closed = True


def invalid(number: int) -> dict[str, Any]:
    return {**ROWS[number], "price": -1}


VALID = st.integers(0, 9).map(ROWS.__getitem__)
INVALID = st.integers(0, 9).map(invalid) | st.just({"title": "No id", "price": 1})


@given(st.lists(st.lists(VALID | INVALID, max_size=6), max_size=4), st.sampled_from([1, 2, 15]))
def test_every_row_has_one_outcome_and_each_valid_product_is_stored_once(
    pages: list[list[dict[str, Any]]], batch_size: int
) -> None:
    store, watcher = FakeMedusa(), Watcher()
    result = asyncio.run(run_once(PagesSource(*pages), store, batch_size=batch_size, watcher=watcher))
    rows = [row for page in pages for row in page]
    first = {row["id"]: row for row in reversed(rows) if "id" in row}
    stored = {number for number, row in first.items() if row["price"] >= 0}
    assert store.products.keys() == {f"{SOURCE_NAME}:{number}" for number in stored}
    assert len(rows) == result.seen == sum(result.counts.values()) == len(watcher.outcomes)
    assert result.counts[Result.CREATED] == len(stored)
    assert result.counts[Result.REJECTED] == len(rows) - len(stored)


def test_few_products_are_read_ahead_of_those_that_are_written() -> None:
    """A catalogue of any size takes the same memory."""
    rows = products(1_000)
    source = PagesSource(*(rows[start : start + 10] for start in range(0, 1_000, 10)))
    ahead = 0

    class Reader(Watcher):
        def settled(self, outcome: Any) -> None:
            nonlocal ahead
            super().settled(outcome)
            if source.delivered < 100:
                ahead = max(ahead, 10 * source.delivered - len(self.outcomes))

    store = FakeMedusa()
    asyncio.run(run_once(source, store, batch_size=20, watcher=Reader()))
    assert len(store.products) == 1_000
    assert ahead <= 500


@pytest.mark.parametrize("number", [2, 15])
def test_a_source_is_closed_when_the_run_ends_early(number: int) -> None:
    rows = products(150)
    source, store, stop = PagesSource(*([row] for row in rows)), FakeMedusa(), Signal()

    def interrupt(_request: object) -> None:
        if len(store.requests) == number:
            stop.interrupt()

    store.before = interrupt

    async def run() -> RunResult:
        result = await run_once(source, store, stop=stop, batch_size=5, concurrency=1)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    result = asyncio.run(run())
    assert (result.exit_code, source.is_closed) == (143, True)
    assert result.seen == sum(result.counts.values())
    assert writes(store) == [] or result.counts[Result.CREATED] == len(store.products)
