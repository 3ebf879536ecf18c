"""Time limits and signals end a run even if the store or the network hangs."""

from __future__ import annotations

import signal
import time
from threading import Event

from tests.e2e.command import running
from tests.e2e.exact import assert_completed, assert_in_order
from tests.e2e.fault_proxy import Exchange, FaultProxy, withhold_response
from tests.e2e.shop import Shop
from tests.harness.dummyjson import DummyJson
from tests.tiers import deep

SIZE = 60
GRACE_S = 10
SLACK_S = 10  # for starting and ending a process on a busy machine


@deep
def test_a_signal_ends_a_run_whose_writes_hang(source: DummyJson, shop: Shop, proxy: FaultProxy) -> None:
    arrived = Event()

    async def hang(exchange: Exchange) -> None:
        arrived.set()
        await withhold_response(exchange)

    proxy.choose = lambda request: hang if request.is_write else None
    arguments = ("--source", source.url, "--json", "--read-timeout", "30")
    with running(*arguments, store=proxy.store(shop.store)) as run:
        assert arrived.wait(60)
        sent = time.monotonic()
        run.send(signal.SIGTERM)
        ended = run.finish()
    assert time.monotonic() - sent < GRACE_S + SLACK_S
    assert_in_order(ended, 143)
    assert_completed(source, shop)
