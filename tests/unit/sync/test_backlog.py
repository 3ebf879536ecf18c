"""The stale products of a run on disk: none is lost, and none of them is open meanwhile."""

from collections.abc import AsyncIterator
from itertools import islice

import pytest

from medusa_sync.core.result import Outcome, Result
from medusa_sync.core.stored import StoredSummary
from medusa_sync.sync.backlog import Backlog
from medusa_sync.sync.ledger import Ledger
from medusa_sync.sync.read.compare import Stale
from tests.unit.builders import desired_product

pytestmark = pytest.mark.anyio


def parts(*sizes: int) -> list[list[Stale]]:
    """Parts of these sizes; the store has every product with an even number."""
    products = iter(desired_product(number) for number in range(1, sum(sizes) + 1))
    return [
        [
            Stale(
                each, [StoredSummary("prod", each.external_id, None)] if int(each.source_id) % 2 == 0 else ()
            )
            for each in islice(products, size)
        ]
        for size in sizes
    ]


async def filled(ledger: Ledger, stale: list[list[Stale]]) -> Backlog:
    async def delivered() -> AsyncIterator[list[Stale]]:
        for part in stale:
            for each in part:
                ledger.open(each.desired.external_id, each.desired.title)
                ledger.found([each.desired.external_id] if each.copies else [])
            yield part

    backlog = Backlog(ledger)
    await backlog.fill(delivered())
    return backlog


async def test_products_come_back_in_the_same_order_and_count_as_before() -> None:
    ledger, stale = Ledger(lambda _: None), parts(3, 2)
    backlog = await filled(ledger, stale)
    assert backlog.stored == 2
    with pytest.raises(KeyError):
        ledger.begin(stale[0][0].desired.external_id)
    plan = Ledger(lambda _: None)
    assert [part async for part in backlog.opened_in(plan)] == stale
    plan.begin(stale[0][0].desired.external_id)
    taken = []
    async for part in backlog.take():
        taken.append(part)
        for each in part:
            ledger.settle(Outcome.of(each.desired, Result.UPDATED))
    backlog.open_rest()
    ledger.close("")
    assert (taken, ledger.seen, ledger.kept, ledger.not_completed) == (stale, 5, 2, [])


@pytest.mark.parametrize("taken", range(3))
async def test_products_that_are_not_taken_get_an_outcome_too(taken: int) -> None:
    ledger, stale = Ledger(lambda _: None), parts(2, 2)
    backlog = await filled(ledger, stale)
    parts_left = backlog.take()
    for _ in range(taken):
        for each in await anext(parts_left):
            ledger.settle(Outcome.of(each.desired, Result.UPDATED))
    await parts_left.aclose()
    backlog.open_rest()
    ledger.close("stopped")
    assert ledger.counts[Result.NOT_ATTEMPTED] == 4 - 2 * taken
    assert ledger.counts.total() == ledger.seen == 4
