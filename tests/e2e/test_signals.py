"""Signals end a run on a real store: in order, after the grace period, or at once."""

import signal
import time

import pytest

from tests.e2e.goods import goods
from tests.harness.command import running
from tests.harness.dummyjson import DummyJson
from tests.harness.fault_proxy import Fault, FaultProxy, Hold, WireRequest
from tests.tiers import sampled
from tests.world.exact import assert_completed, assert_in_order, said_to_be_stored
from tests.world.shop import Shop

ROWS = goods(100, 0)
BATCH_SIZE = 15
FLAGS = ("--json", "--batch-size", str(BATCH_SIZE))
BEFORE_THE_FIRST_BATCH = 3  # writes: all tags, all categories, the inventory items
GRACE_S = 10
SLACK_S = 10  # for starting and ending a process on a busy machine
AT_ONCE_S = 5  # half of the grace period
TERM, INT = (signal.SIGTERM, 143), (signal.SIGINT, 130)


@pytest.mark.parametrize(("number", "exit_code"), sampled([TERM, INT], TERM))
def test_after_a_signal_requests_in_flight_finish_and_the_counts_are_printed(
    number: signal.Signals, exit_code: int, source: DummyJson, shop: Shop, proxy: FaultProxy
) -> None:
    hold = Hold()
    creations: list[WireRequest] = []

    def second_creation(request: WireRequest) -> Fault | None:
        if "create-products" in request.path:
            creations.append(request)
        return hold if creations[1:] == [request] else None

    proxy.choose = second_creation
    with running("--source", source.url, *FLAGS, store=proxy.store(shop.store)) as run:
        hold.wait_until_arrived()
        run.send(number)
        hold.release()
        ended = run.finish()

    assert_in_order(ended, exit_code)
    assert ended.document["status"] == "interrupted"
    assert 0 < ended.counts["created"] <= 6 * BATCH_SIZE  # one group finished and two in flight
    stored = shop.by_external_id()
    assert stored.keys() == said_to_be_stored(ended, source.products)
    assert not any("pending" in product["metadata"]["medusa_sync"] for product in stored.values())
    assert_completed(source, shop)


@pytest.mark.parametrize(
    ("number", "exit_code", "is_repeated", "within_s"),
    sampled(
        [(*TERM, True, AT_ONCE_S), (*INT, True, AT_ONCE_S), (*TERM, False, GRACE_S + SLACK_S)],
        (*TERM, True, AT_ONCE_S),
    ),
)
def test_a_run_whose_write_hangs_ends_after_the_grace_period_or_at_a_second_signal(
    number: signal.Signals,
    exit_code: int,
    *,
    is_repeated: bool,
    within_s: float,
    source: DummyJson,
    shop: Shop,
    proxy: FaultProxy,
) -> None:
    hold = Hold()
    proxy.faults = {BEFORE_THE_FIRST_BATCH + 4: hold}
    with running("--source", source.url, *FLAGS, store=proxy.store(shop.store)) as run:
        hold.wait_until_arrived()
        run.send(number)
        if is_repeated:
            time.sleep(1)  # two signals at the same moment count as one
            assert not run.has_ended
            run.send(number)
        sent = time.monotonic()
        ended = run.finish()
        assert time.monotonic() - sent < within_s
        hold.release()

    assert_in_order(ended, exit_code)
    assert_completed(source, shop)
